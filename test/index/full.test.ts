import { describe, expect, it } from "vitest";
import { commitPut, commitRemove } from "../../src/index/commit.ts";
import { openBucket, openIndex } from "../../src/index/open.ts";
import type { NewBody, PutAnswer } from "../../src/index/protocol.ts";
import type { Index } from "../../src/index/tables.ts";
import { sqliteStorage } from "../support/sqlite-storage.ts";

/** An index that is as large as it is said to be. */
function indexOf(bytes: number): Index {
  const { storage, grow } = sqliteStorage();
  const index = openIndex(storage, () => 1_000);
  openBucket(index);
  grow(bytes);
  return index;
}

const who = () => ({ generation: 0, operationId: crypto.randomUUID() });

function put(index: Index, key: string, body: NewBody): PutAnswer {
  const description = { headers: {}, metadata: {} };
  const draft = { key, etag: "e", size: 3, owner: "someone", description };
  return commitPut(index, who(), { draft, body, versioning: "off" });
}

const DATA: NewBody = { kind: "data", data: new Uint8Array([1, 2, 3]).buffer };
const BLOB: NewBody = { kind: "blob", blob: "bucket/blob" };

const remove = (index: Index, key: string) =>
  commitRemove(index, who(), { entries: [{ key }], versioning: "off", owner: "someone", bypass: false });

describe("an index", () => {
  it("keeps small objects' bytes itself while there is room", () => {
    expect(put(indexOf(7.9e9), "k", DATA)).toHaveProperty("committed");
  });

  it("from 8 GB on takes new objects only if R2 keeps their bytes, whatever their size", () => {
    const index = indexOf(8.1e9);
    expect(put(index, "k", DATA)).toEqual({ refused: "blobs only" });
    expect(put(index, "k", BLOB)).toHaveProperty("committed");
  });

  it("from 9.5 GB on takes nothing new, and what it refuses is litter", () => {
    const index = indexOf(9.6e9);
    for (const body of [DATA, BLOB, { kind: "empty" } as const]) {
      expect(put(index, "k", body)).toEqual({ refused: "full" });
    }
    expect(index.sql.exec("select name from litter").toArray()).toMatchObject([{ name: "bucket/blob" }]);
  });

  it("that is full still deletes", () => {
    const { storage, grow } = sqliteStorage();
    const index = openIndex(storage, () => 1_000);
    openBucket(index);
    expect(put(index, "k", DATA)).toHaveProperty("committed");
    grow(9.6e9);
    expect(remove(index, "k")).toEqual({ removed: [{}] });
    expect(index.sql.exec("select key from current").toArray()).toEqual([]);
  });
});
