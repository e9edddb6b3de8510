import { describe, expect, it } from "vitest";
import { commitPut, commitRemove } from "../../src/index/commit.ts";
import { commitMark } from "../../src/index/mark.ts";
import { openBucket, openIndex } from "../../src/index/open.ts";
import { readVersion } from "../../src/index/read.ts";
import { commitRename } from "../../src/index/rename.ts";
import type { Index } from "../../src/index/tables.ts";
import { sqliteStorage } from "../support/sqlite-storage.ts";

const who = () => ({ generation: 0, operationId: crypto.randomUUID() });

function put(index: Index, key: string, etag: string, more = ""): void {
  const description = { headers: {}, metadata: { more } };
  const draft = { key, etag, size: 0, owner: "o", description };
  commitPut(index, who(), { draft, body: { kind: "empty" }, versioning: "enabled" });
}

const read = (index: Index, key: string) => readVersion(index, { key, want: "none" });

/** An index whose statements are counted. */
function counted(): { index: Index; statements: () => number } {
  const index = openIndex(sqliteStorage().storage, () => 1_000);
  openBucket(index);
  let count = 0;
  const { exec } = index.sql;
  index.sql.exec = (...args: Parameters<typeof exec>) => {
    count += 1;
    return exec(...args);
  };
  return { index, statements: () => count };
}

describe("a version that was read lately", () => {
  it("is read again without a statement", () => {
    const { index, statements } = counted();
    put(index, "k", "one");
    const first = read(index, "k");
    const before = statements();
    expect(read(index, "k")).toEqual(first);
    expect(statements()).toBe(before);
  });

  it("is forgotten by whatever changes it", () => {
    const { index } = counted();
    const changes: [string, () => unknown, unknown][] = [
      ["a put", () => put(index, "k", "two"), { version: { etag: "two" } }],
      [
        "tags",
        () => commitMark(index, who(), { key: "k", tags: [["a", "b"]] }),
        { version: { tags: [["a", "b"]] } },
      ],
      [
        "a delete marker",
        () =>
          commitRemove(index, who(), {
            entries: [{ key: "k" }],
            versioning: "enabled",
            owner: "o",
            bypass: false,
          }),
        { missing: "key" },
      ],
    ];
    put(index, "k", "one");
    for (const [what, change, expected] of changes) {
      read(index, "k");
      change();
      expect(read(index, "k"), what).toMatchObject(expected as object);
    }
  });

  it("is forgotten under both keys of a rename", () => {
    const { index } = counted();
    for (const key of ["from", "to"]) put(index, key, key);
    for (const key of ["from", "to"]) read(index, key);
    commitRename(index, who(), { from: "from", to: "to", sourceConditions: {}, conditions: {} });
    expect(read(index, "from")).toEqual({ missing: "key" });
    expect(read(index, "to")).toMatchObject({ version: { etag: "from", key: "to" } });
  });

  it("makes way for others where many are large", () => {
    const { index, statements } = counted();
    // 2 MB each as texts are kept: of 16 MB, the last seven have room.
    for (let i = 0; i < 40; i++) {
      put(index, `k${i}`, "e", "x".repeat(1024 * 1024));
      read(index, `k${i}`);
    }
    const asked = (key: string) => {
      const before = statements();
      expect(read(index, key)).toMatchObject({ version: { key } });
      return statements() - before;
    };
    expect(asked("k39")).toBe(0);
    expect(asked("k33")).toBe(0);
    expect(asked("k32")).toBe(1);
    expect(asked("k0")).toBe(1);
  });
});
