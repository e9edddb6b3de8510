// A Durable Object's storage over Node's own SQLite, as far as the index uses it: for what no test can fill for real.

import { DatabaseSync } from "node:sqlite";

export interface FakeStorage {
  storage: DurableObjectStorage;
  /** What the storage says of its size from now on, in bytes. */
  grow(bytes: number): void;
  /** Every time that the alarm was set to, in order; null: it was silenced. */
  alarms: (number | null)[];
}

/** An empty storage in memory. */
export function sqliteStorage(): FakeStorage {
  const database = new DatabaseSync(":memory:");
  let databaseSize = 0;
  const alarms: (number | null)[] = [];
  const exec = (text: string, ...bindings: (string | number | null | ArrayBuffer)[]) => {
    const values = bindings.map((value) => (value instanceof ArrayBuffer ? new Uint8Array(value) : value));
    const rows = database.prepare(text).all(...values);
    return {
      toArray: () => rows,
      raw: () => rows.map((row) => Object.values(row)),
      rowsRead: 0,
      rowsWritten: 0,
      [Symbol.iterator]: () => rows[Symbol.iterator](),
    };
  };
  let depth = 0;
  const transactionSync = <T>(act: () => T): T => {
    const name = `level_${depth++}`;
    database.exec(`savepoint ${name}`);
    try {
      return act();
    } catch (error) {
      database.exec(`rollback to ${name}`);
      throw error;
    } finally {
      database.exec(`release ${name}`);
      depth -= 1;
    }
  };
  const sql = {
    exec,
    get databaseSize() {
      return databaseSize;
    },
  };
  return {
    // The members that the index calls.
    storage: {
      sql,
      transactionSync,
      setAlarm: async (at: number) => void alarms.push(at),
      deleteAlarm: async () => void alarms.push(null),
    } as unknown as DurableObjectStorage,
    alarms,
    grow(bytes) {
      databaseSize = bytes;
    },
  };
}
