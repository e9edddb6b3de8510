// An index over Node's SQLite, with what tests do in it spelled shortly.

import { commitPut, commitRemove } from "../../src/index/commit.ts";
import { openBucket, openIndex } from "../../src/index/open.ts";
import type { NewBody, PutAnswer, PutRequest } from "../../src/index/protocol.ts";
import { commitRename } from "../../src/index/rename.ts";
import type { Index, SqlValue } from "../../src/index/tables.ts";
import { sqliteStorage } from "./sqlite-storage.ts";

/** The time by an index's clock, in ms, which a test moves. */
export interface Clock {
  now: number;
}

export class SmallIndex {
  readonly index: Index;
  readonly alarms: (number | null)[];
  readonly clock: Clock;
  #operations = 0;

  constructor(now = 1_000_000) {
    const { storage, alarms } = sqliteStorage();
    this.clock = { now };
    this.alarms = alarms;
    this.index = openIndex(storage, () => this.clock.now);
    openBucket(this.index);
  }

  put(key: string, body: NewBody, more: Partial<PutRequest> = {}): PutAnswer {
    const description = { headers: {}, metadata: {} };
    const draft = { key, etag: "e", size: 3, owner: "someone", description };
    return commitPut(this.index, this.#who(), { draft, body, versioning: "off", ...more });
  }

  /** Puts a blob of this name. */
  blob(key: string, blob: string, versioning: PutRequest["versioning"] = "off"): PutAnswer {
    return this.put(key, { kind: "blob", blob }, { versioning });
  }

  /** Copies the current version of a key; nothing if there is none. */
  copy(from: string, to: string, versioning: PutRequest["versioning"] = "off"): void {
    const [row] = this.rows<{ sequence: number }>("select sequence from current where key = ?", from);
    if (row !== undefined) this.put(to, { kind: "share", key: from, sequence: row.sequence }, { versioning });
  }

  rename(from: string, to: string): void {
    commitRename(this.index, this.#who(), { from, to, sourceConditions: {}, conditions: {} });
  }

  remove(key: string, versioning: PutRequest["versioning"] = "off", versionId?: string): void {
    const request = { entries: [{ key, versionId }], versioning, owner: "someone", bypass: false };
    commitRemove(this.index, this.#who(), request);
  }

  rows<Row>(text: string, ...bindings: SqlValue[]): Row[] {
    return this.index.sql.exec(text, ...bindings).toArray() as Row[];
  }

  litter(): string[] {
    return this.rows<{ name: string }>("select name from litter order by name").map(({ name }) => name);
  }

  #who() {
    this.#operations += 1;
    return { generation: 0, operationId: `operation-${this.#operations}` };
  }
}
