import { describe, expect, it } from "vitest";
import { commitPut, commitRemove } from "../../src/index/commit.ts";
import { makeGroup } from "../../src/index/group.ts";
import { admit, openBucket, openIndex } from "../../src/index/open.ts";
import type { Index } from "../../src/index/tables.ts";
import { loadTail } from "../../src/index/tail.ts";
import { Journaled, tablesOf } from "../support/journaled.ts";
import { sqliteStorage } from "../support/sqlite-storage.ts";

function freshIndex(): Index {
  const index = openIndex(sqliteStorage().storage, () => 1_000);
  openBucket(index);
  return index;
}

function put(index: Index, key: string, operationId: string = crypto.randomUUID(), ifNoneMatch?: string) {
  const draft = { key, etag: "e", size: 3, owner: "someone", description: { headers: {}, metadata: {} } };
  const conditions = ifNoneMatch === undefined ? {} : { ifNoneMatch };
  return commitPut(
    index,
    { generation: 0, operationId },
    { draft, body: { kind: "empty" }, versioning: "off", conditions },
  );
}

const keysOf = (index: Index) =>
  index.sql
    .exec<{ key: string }>("select key from current order by key")
    .toArray()
    .map(({ key }) => key);

const segmentsOf = (index: Index) => index.sql.exec<{ records: string }>("select * from tail").toArray();

describe("commits that arrive together", () => {
  it("are each made and answered, and leave one write of the tail", async () => {
    const index = freshIndex();
    const commit = makeGroup(index);
    await commit(() => put(index, "before"));
    index.sql.exec("create table writes (segment integer)");
    index.sql.exec(
      "create trigger seen after update on tail begin insert into writes values (new.segment); end",
    );
    const answers = await Promise.all(["a", "b", "c"].map((key) => commit(() => put(index, key))));
    expect(answers.map((answer) => "committed" in answer && answer.committed.sequence)).toEqual([2, 3, 4]);
    expect(keysOf(index)).toEqual(["a", "b", "before", "c"]);
    const [segment, ...others] = segmentsOf(index);
    expect(others).toEqual([]);
    expect(segment?.records.trim().split("\n")).toHaveLength(4);
    expect(index.sql.exec("select * from writes").toArray()).toHaveLength(1);
  });

  it("see each other: of two that want a key for themselves, one gets it", async () => {
    const index = freshIndex();
    const commit = makeGroup(index);
    const answers = await Promise.all(
      [1, 2].map(() => commit(() => put(index, "k", crypto.randomUUID(), "*"))),
    );
    expect(answers).toMatchObject([{ committed: { sequence: 1 } }, { refused: "failed" }]);
  });

  it("are one, if they are the same one sent twice", async () => {
    const index = freshIndex();
    const commit = makeGroup(index);
    const [first, second] = await Promise.all([1, 2].map(() => commit(() => put(index, "k", "the-same"))));
    expect(second).toEqual(first);
    expect(index.tail.sequence).toBe(1);
  });

  it("do not fail with one of them", async () => {
    const index = freshIndex();
    const commit = makeGroup(index);
    const broken = commit(() => {
      index.transaction(() => {
        index.sql.exec("delete from current");
        throw new Error("broken");
      });
    });
    const [a, b, c] = await Promise.allSettled([
      commit(() => put(index, "a")),
      broken,
      commit(() => put(index, "c")),
    ]);
    expect([a.status, b.status, c.status]).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(keysOf(index)).toEqual(["a", "c"]);
  });

  it("all fail if their records cannot be written, and then memory is what the tables say", async () => {
    const index = freshIndex();
    const commit = makeGroup(index);
    await commit(() => put(index, "before"));
    index.sql.exec("create trigger no before update on tail begin select raise(abort, 'no room'); end");
    const all = ["a", "b"].map((key) =>
      commit(() => {
        admit(index, { generation: 7 });
        return put(index, key, `put-${key}`);
      }),
    );
    expect((await Promise.allSettled(all)).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(keysOf(index)).toEqual(["before"]);
    expect(index.tail).toEqual(loadTail(index.sql, 1_000));
    expect(index.sql.exec("select phase, generation from state").toArray()).toEqual([
      { phase: "open", generation: 0 },
    ]);
    expect(index.state).toEqual({ phase: "open", generation: 0, rebuilt: false });
    index.sql.exec("drop trigger no");
    expect(await commit(() => put(index, "a", "put-a"))).toMatchObject({ committed: { sequence: 2 } });
    expect(keysOf(index)).toEqual(["a", "before"]);
  });

  it("are written to as many rows as SQLite takes their records in; each is repeated and told whole", async () => {
    const journaled = new Journaled();
    const { index } = journaled;
    const commit = makeGroup(index);
    const removals = Array.from({ length: 4 }, (_, n) => {
      // Each quotation mark takes two characters in a record.
      const entries = Array.from({ length: 1000 }, (_, i) => ({ key: `${n}-${i}`.padEnd(1024, '"') }));
      return { operationId: `operation ${n}`, entries };
    });
    const remove = ({ operationId, entries }: (typeof removals)[number]) =>
      commitRemove(
        index,
        { generation: 0, operationId },
        { entries, versioning: "enabled", owner: "someone", bypass: false },
      );
    const answers = await Promise.all(removals.map((removal) => commit(() => remove(removal))));
    const sizes = index.sql.exec<{ size: number }>("select length(records) as size from tail").toArray();
    expect(Math.max(...sizes.map(({ size }) => size))).toBeLessThan(1_000_000);
    index.tail = loadTail(index.sql, journaled.now, index.journal?.told);
    expect(removals.map(remove)).toEqual(answers);
    expect(index.tail.sequence).toBe(4000);
    journaled.ship();
    expect(tablesOf(journaled.rebuilt(500))).toEqual(tablesOf(index));
  });

  it("are remembered by their answers, however much they touched: others can still be repeated", () => {
    const index = freshIndex();
    const first = put(index, "k", "first");
    const entries = Array.from({ length: 1000 }, (_, i) => ({ key: `${i}`.padEnd(1024, '"') }));
    const removal = { entries, versioning: "enabled", owner: "someone", bypass: false } as const;
    for (let i = 0; i < 6; i++) commitRemove(index, { generation: 0, operationId: `removal ${i}` }, removal);
    expect(index.tail.characters).toBeGreaterThan(8 * 1024 * 1024);
    expect(put(index, "k", "first")).toEqual(first);
    expect(index.tail.sequence).toBe(6001);
  });
});
