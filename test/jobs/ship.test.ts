import { describe, expect, it } from "vitest";
import type { JournalObject } from "../../src/facts/journal.ts";
import type { Housekeeping } from "../../src/jobs/job.ts";
import { ship } from "../../src/jobs/ship.ts";
import type { World } from "../../src/world.ts";
import { answered } from "../support/expect.ts";
import { GENERATION, IndexClient } from "../support/index-client.ts";
import { lost, rebuilt } from "../support/rebuilding.ts";
import { useServer } from "../support/server.ts";
import { Sweeping } from "../support/sweeping.ts";
import { upload } from "../support/uploads.ts";

const server = useServer({ vars: { INLINE_BYTES: "1024" } });

/** Names of a bucket's journal, without what they begin with. */
async function journalOf(id: string): Promise<number[]> {
  const names = await server.order<string[]>({ do: "blobs", prefix: `journal/${id}/` });
  return names.map((name) => Number(name.slice(`journal/${id}/`.length)));
}

describe("a commit", () => {
  it("has its bucket's alarm ring within 30 s, which tells it and rings no more", async () => {
    const on = await Sweeping.of(server);
    const before = Date.now();
    await on.put("k", "small");
    const rings = (await on.rings()) ?? 0;
    expect(rings).toBeGreaterThanOrEqual(before + 30_000);
    expect(rings).toBeLessThanOrEqual(Date.now() + 30_000);
    await on.put("l", "small too");
    expect(await on.rings()).toBe(rings);
    await on.ring();
    expect(await journalOf(on.id)).toEqual([1]);
    expect(await on.rings()).toBe(null);
    await on.ring();
    expect(await journalOf(on.id)).toEqual([1]);
  });

  it("that completes an upload is told within a second or two: its blobs do not say what they are", async () => {
    const on = await Sweeping.of(server);
    await upload(server.client, on.path("k"), ["one part"]);
    await expect.poll(() => journalOf(on.id), { timeout: 20_000 }).toEqual([1]);
    await lost(server, on.name);
    expect(await rebuilt(server, on.name)).toMatchObject({ objects: 1, restored: 0 });
    expect(await on.text("k")).toBe("one part");
  });

  it("is told when the platform rings the alarm, with nobody asking", async () => {
    const on = await Sweeping.of(server);
    await on.later(300 - 30_000);
    await on.put("k", "small");
    await expect.poll(() => journalOf(on.id), { timeout: 20_000 }).toEqual([1]);
  });

  it("of which nobody armed the alarm is told when the object wakes", async () => {
    const on = await Sweeping.of(server);
    await on.put("k", "small");
    await on.call("forget");
    expect(await on.rings()).toBe(null);
    await server.order({ do: "restart", index: on.id });
    await on.text("k");
    await expect.poll(() => journalOf(on.id), { timeout: 20_000 }).toEqual([1]);
  });
});

describe("an object of the journal", () => {
  for (const how of ["before", "after"] as const) {
    it(`whose writing fails ${how} it happened is written by the next round, and nothing is lost`, async () => {
      const on = await Sweeping.of(server);
      await on.put("k", "small");
      await on.ring({ store: "r2", call: "put", how });
      expect(await on.rings()).toBeGreaterThan(Date.now());
      await on.put("l", "small too");
      await on.ring();
      // What was written unheard stays, and is told once more behind it.
      expect(await journalOf(on.id)).toEqual(how === "before" ? [1] : [1, 2]);
      await lost(server, on.name);
      expect(await rebuilt(server, on.name)).toMatchObject({ stage: "done", objects: 2, complete: true });
      expect([await on.text("k"), await on.text("l")]).toEqual(["small", "small too"]);
    });
  }

  it("is written under a name that is taken by nobody, though the object forgot how far it came", async () => {
    const on = await Sweeping.of(server);
    await on.put("k", "one");
    const [state] = await on.sql<{ state: string }>("select state from journal");
    await on.ring();
    await on.sql(`update journal set state = '${state?.state}'`);
    await server.order({ do: "restart", index: on.id });
    await on.put("k", "two");
    await on.ring();
    expect(await journalOf(on.id)).toEqual([1, 2]);
    await lost(server, on.name);
    await rebuilt(server, on.name);
    expect(await on.text("k")).toBe("two");
  });
});

describe("an index that is older than journals", () => {
  it("begins one with a checkpoint as soon as somebody calls it", async () => {
    const on = await Sweeping.of(server);
    await on.put("k", "small");
    await on.sql("delete from journal");
    await on.call("forget");
    await server.order({ do: "restart", index: on.id });
    await on.put("l", "small too");
    await on.sweep();
    const numbers = await journalOf(on.id);
    expect(numbers.length).toBeGreaterThan(1);
    await lost(server, on.name);
    expect(await rebuilt(server, on.name)).toMatchObject({ objects: 2, complete: true });
    expect([await on.text("k"), await on.text("l")]).toEqual(["small", "small too"]);
    // Its next checkpoint makes all of that superfluous, once somebody has looked at it.
    await on.sweep();
    expect(await journalOf(on.id)).toEqual(expect.arrayContaining(numbers));
    const looks = JSON.stringify({ bucket: on.name, deep: false, repair: true });
    answered(await server.client.post("/_portico/admin/fsck/step", looks), 200);
    await on.sweep();
    expect(Math.min(...(await journalOf(on.id)))).toBeGreaterThan(Math.max(...numbers));
  });

  it("learns its id from whoever opens it, or by the name it is called by", async () => {
    const index = await new IndexClient(server).open();
    await index.put("operation", "k", "");
    expect(await index.sql("select json_extract(state, '$.bucket') as bucket from journal")).toEqual([
      { bucket: index.id },
    ]);
    expect((await index.knowing(GENERATION).read("k")).version).toBeDefined();
  });
});

describe("the job that ships a journal", () => {
  /** A journal of so many objects, and what R2 was asked for. */
  function ground(count: number, more: (n: number) => boolean) {
    const written: string[] = [];
    let n = 0;
    const journal: Housekeeping["journal"] = {
      draw(): JournalObject | undefined {
        return n === count ? undefined : { name: `o${n}`, header: "h", text: "t", more: more(n) };
      },
      written() {
        n += 1;
      },
      spent: () => undefined,
      cleared: () => undefined,
    };
    const blobs = {
      async put(name: string) {
        written.push(name);
        return {};
      },
    };
    const world = { blobs, now: () => 7 } as unknown as World;
    return { written, step: () => ship.step(world, { journal } as Housekeeping, "") };
  }

  it("writes on while there is certainly more, and goes on at once after a bounded number", async () => {
    const { written, step } = ground(20, () => true);
    expect(await step()).toEqual({ due: 7, cursor: "" });
    expect(written.length).toBe(16);
    expect(await step()).toBeUndefined();
    expect(written.length).toBe(20);
  });

  it("leaves what came while it wrote to the next round, so that busy buckets are told in few objects", async () => {
    const { written, step } = ground(1_000, () => false);
    expect(await step()).toBeUndefined();
    expect(written).toEqual(["o0"]);
  });
});
