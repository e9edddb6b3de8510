// One bucket's index as its functions hold it: its tables, what is kept in memory of them, the clock, and how to ask.

import type { JournalState } from "./journal-state.ts";
import type { Rows } from "./protocol.ts";

/** An answer that may be asked for again; `characters` is the size of its record. */
export interface Receipt {
  at: number;
  answer: unknown;
  characters: number;
}

/** What is remembered of the tail. `segments`: each one's number, the time of its last record, its size. */
export interface Tail {
  segments: { segment: number; last: number; characters: number }[];
  characters: number;
  sequence: number;
  objects: number;
  bytes: number;
  receipts: Map<string, Receipt>;
  /** Size of the records behind `receipts`. */
  receiptCharacters: number;
  /** Segments from this one on are kept for the journal; Infinity: there is none yet. */
  keptFrom: number;
  /** Size of the records that the journal does not tell yet. */
  untold: number;
  /** Records of the group of commits under way, if one is. */
  unwritten: string[] | undefined;
}

export type Phase = "new" | "open" | "closed";

/** The object's alarm, all times in ms since 1970. */
export interface Alarm {
  /** When it rings, as the storage knows it. */
  set: number | undefined;
  /** The earliest time that anybody wants it to ring; during a round, that anybody has wanted since it began. */
  wanted: number | undefined;
  ring(at: number): void;
  silence(): void;
}

/** `rebuilt`: the index was made anew and not looked over since, so that nothing may be removed. */
export interface State {
  phase: Phase;
  generation: number;
  rebuilt: boolean;
}

/** What memory says of the tables is true again when a transaction has returned, or failed. */
export interface Index {
  sql: SqlStorage;
  transaction<T>(act: () => T): T;
  now(): number;
  state: State;
  tail: Tail;
  /** Absent until the bucket's id is known. */
  journal: JournalState | undefined;
  alarm: Alarm;
  rows: Rows;
  /** Blobs that searches are looking for, each until some row is seen to name it. */
  searches: Set<Set<string>>;
  /** How large the index was when it was last looked at, and how many versions were made since it woke. */
  size: { bytes: number; versions: number };
}

/** A row of `current` or `older`. */
export type VersionRow = {
  key: string;
  sequence: number;
  nonce: string;
  marker: number;
  size: number;
  etag: string;
  modified: number;
  owner: string;
  body: string;
  pages: string | null;
  description: string;
  tags: string | null;
  lock: string | null;
  grants: string | null;
  data: ArrayBuffer | null;
};

export type SqlValue = string | number | null | ArrayBuffer;

/** Runs one statement to its end and gives its rows. */
export function query<Row extends Record<string, SqlStorageValue>>(
  index: Index,
  statement: string,
  ...bindings: SqlValue[]
): Row[] {
  const cursor = index.sql.exec<Row>(statement, ...bindings);
  const rows = cursor.toArray();
  index.rows.read += cursor.rowsRead;
  index.rows.written += cursor.rowsWritten;
  return rows;
}

/** The same, each row as a list of its values in the order asked for: less than half the time where rows are many. */
export function queryValues<Row extends SqlStorageValue[]>(
  index: Index,
  statement: string,
  ...bindings: SqlValue[]
): Row[] {
  const cursor = index.sql.exec(statement, ...bindings);
  const rows = [...cursor.raw<Row>()];
  index.rows.read += cursor.rowsRead;
  index.rows.written += cursor.rowsWritten;
  return rows;
}
