import { describe, expect, it } from "vitest";
import { inBatches } from "../support/cost.ts";
import { IndexClient } from "../support/index-client.ts";
import { useServer } from "../support/server.ts";

const server = useServer();
const fresh = () => new IndexClient(server).open();

async function counters(index: IndexClient): Promise<unknown> {
  const [row] = await index.sql("select objects, bytes from tail order by segment desc limit 1");
  return row;
}

describe("a commit that is sent twice", () => {
  it("is answered alike and made once", async () => {
    const index = await fresh();
    const first = await index.put("op", "k", "blob-1");
    expect(first.committed?.etag).toBe("blob-1");
    expect(await index.put("op", "k", "blob-1")).toEqual(first);
    expect(await counters(index)).toEqual({ objects: 1, bytes: 6 });
    expect(await index.litter()).toEqual([]);
  });

  it("does not undo what was committed in between", async () => {
    const index = await fresh();
    const first = await index.put("op-1", "k", "blob-1");
    await index.put("op-2", "k", "blob-two");
    expect(await index.put("op-1", "k", "blob-1")).toEqual(first);
    expect((await index.read("k")).version?.etag).toBe("blob-two");
    expect(await counters(index)).toEqual({ objects: 1, bytes: 8 });
    expect(await index.litter()).toEqual(["blob-1"]);
  });

  it("that deletes spares what was put in between", async () => {
    const index = await fresh();
    await index.put("op-1", "k", "blob-1");
    const first = await index.remove("op-2", "k");
    await index.put("op-3", "k", "blob-3");
    expect(await index.remove("op-2", "k")).toEqual(first);
    expect((await index.read("k")).version?.etag).toBe("blob-3");
    expect(await counters(index)).toEqual({ objects: 1, bytes: 6 });
  });

  it("and was refused is refused again, although its condition would hold by now", async () => {
    const index = await fresh();
    const conditions = { ifNoneMatch: "*" };
    await index.put("op-1", "k", "blob-1");
    const first = await index.put("op-2", "k", "blob-2", { conditions });
    expect(first).toEqual({ refused: "failed" });
    await index.remove("op-3", "k");
    expect(await index.put("op-2", "k", "blob-2", { conditions })).toEqual(first);
    expect((await index.read("k")).missing).toBe("key");
    expect(await index.litter()).toEqual(["blob-1", "blob-2"]);
  });

  it("and did not fail its own condition the first time does not fail it the second time", async () => {
    const index = await fresh();
    const conditions = { ifNoneMatch: "*" };
    const first = await index.put("op", "k", "blob-1", { conditions });
    expect(await index.put("op", "k", "blob-1", { conditions })).toEqual(first);
    expect(await index.litter()).toEqual([]);
  });

  it("is recognised by its blob, should its operation be forgotten", async () => {
    const index = await fresh();
    const first = await index.put("op-1", "k", "blob-1");
    expect(await index.put("op-2", "k", "blob-1")).toEqual(first);
    expect(await index.litter()).toEqual([]);
    expect(await counters(index)).toEqual({ objects: 1, bytes: 6 });
  });

  it("forbids an upload once", async () => {
    const index = await fresh();
    const first = await index.forbid("op", "upload", ["part-1"]);
    expect(first.outcome).toBe("forbidden");
    expect(await index.forbid("op", "upload", ["part-1"])).toEqual(first);
    expect(await index.litter()).toEqual(["part-1"]);
  });
});

describe("an index that was restarted", () => {
  it("still knows its objects, counters, litter and generation", async () => {
    const index = await fresh();
    await index.put("op-1", "k", "blob-1");
    await index.put("op-2", "k", "blob-two");
    await index.put("op-3", "l", "");
    await index.restart();
    expect((await index.read("k")).version?.etag).toBe("blob-two");
    expect(await index.litter()).toEqual(["blob-1"]);
    const { committed } = await index.put("op-4", "m", "blob-4");
    expect(committed?.sequence).toBe(4);
    expect(await counters(index)).toEqual({ objects: 3, bytes: 14 });
    expect((await index.knowing(1).read("k")).moved).toBe("stale");
  });

  it("still repeats the answers that it gave before", async () => {
    const index = await fresh();
    const first = await index.put("op-1", "k", "blob-1");
    const refused = await index.put("op-2", "k", "blob-2", { conditions: { ifNoneMatch: "*" } });
    const removed = await index.remove("op-3", "k");
    await index.restart();
    expect(await index.put("op-1", "k", "blob-1")).toEqual(first);
    expect(await index.put("op-2", "k", "blob-2")).toEqual(refused);
    expect(await index.remove("op-3", "k")).toEqual(removed);
    expect((await index.read("k")).missing).toBe("key");
  });

  it("repeats every one of many answers, and orders what comes after them", async () => {
    const index = await fresh();
    const ids = Array.from({ length: 150 }, (_, n) => `op-${n}`);
    const given = new Map<string, unknown>();
    await inBatches(ids.map((id) => async () => given.set(id, await index.put(id, `k-${id}`, `blob-${id}`))));
    const before = await counters(index);
    await index.restart();
    await inBatches(
      ids.map((id) => async () => expect(await index.put(id, `k-${id}`, "other")).toEqual(given.get(id))),
    );
    expect(await counters(index)).toEqual(before);
    expect((await index.put("last", "k", "blob")).committed?.sequence).toBe(ids.length + 1);
  });
});
