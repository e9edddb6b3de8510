import { describe, expect, it } from "vitest";
import { sweepLitter } from "../../src/jobs/litter.ts";
import { answered } from "../support/expect.ts";
import { IndexClient } from "../support/index-client.ts";
import { useServer } from "../support/server.ts";
import { DAY_MS, HOUR_MS, Sweeping } from "../support/sweeping.ts";
import { MIN_PART, upload } from "../support/uploads.ts";

const server = useServer();

describe("litter", () => {
  it("stays for a day, and then goes by itself, from R2 and from the index", async () => {
    const on = await Sweeping.of(server);
    await on.put("k", "one");
    const planned = () => on.sql("select due from job where name = 'litter'") as Promise<{ due: number }[]>;
    expect(await planned()).toEqual([]);
    const before = Date.now();
    await on.put("k", "two");
    await on.put("gone", "three");
    await on.remove("gone");
    await on.later(DAY_MS - 2 * HOUR_MS);
    await on.sweep();
    expect((await on.blobs()).length).toBe(3);
    const [{ due } = { due: 0 }] = await planned();
    expect(due).toBeGreaterThanOrEqual(before + DAY_MS);
    expect(due).toBeLessThanOrEqual(Date.now() + DAY_MS);
    await on.later(DAY_MS + HOUR_MS);
    await on.sweep();
    const { named, litter, orphans } = await on.holdings();
    expect([named.length, litter, orphans]).toEqual([1, [], []]);
    expect(await on.blobs()).toEqual(named);
    expect(await on.text("k")).toBe("two");
    expect(await planned()).toEqual([]);
  });

  it("is swept when the platform rings the alarm, with nobody asking", async () => {
    const on = await Sweeping.of(server);
    await on.later(300 - DAY_MS);
    await on.put("k", "one");
    await on.put("k", "two");
    const { litter } = await on.holdings();
    expect(litter.length).toBe(1);
    await on.later(1_000);
    await expect.poll(async () => (await on.blobs()).length, { timeout: 20_000 }).toBe(1);
    await expect.poll(async () => (await on.holdings()).litter, { timeout: 20_000 }).toEqual([]);
    expect(await on.text("k")).toBe("two");
  });

  it("stays in an index that was made anew, whose orphans stay too, until somebody has looked at it", async () => {
    const on = await Sweeping.of(server);
    await on.put("k", "one");
    await on.put("k", "two");
    await on.orphan();
    await on.sql("insert into frozen values (1)");
    await server.order({ do: "restart", index: on.id });
    await on.later(3 * DAY_MS);
    await on.tend();
    await on.sweep();
    const { litter, orphans } = await on.holdings();
    expect([litter.length, orphans.length]).toEqual([1, 1]);
  });

  it("that is younger than other litter waits for its own time", async () => {
    const on = await Sweeping.of(server);
    await on.put("k", "one");
    await on.put("k", "two");
    await on.later(10 * HOUR_MS);
    await on.put("k", "three");
    await on.later(DAY_MS + HOUR_MS);
    await on.sweep();
    const { litter } = await on.holdings();
    expect(litter.length).toBe(1);
    const wait = ((await on.rings()) ?? 0) - Date.now();
    expect(Math.round(wait / HOUR_MS)).toBe(34);
    await on.later(34 * HOUR_MS + HOUR_MS);
    await on.sweep();
    expect((await on.holdings()).litter).toEqual([]);
    expect(await on.text("k")).toBe("three");
  });

  it("that is a long body goes with all its parts, and a body that a copy still names stays", async () => {
    const on = await Sweeping.of(server);
    const parts = [new Uint8Array(MIN_PART).fill(65), "tail"];
    for (const key of ["long", "kept"]) answered(await upload(server.client, on.path(key), parts), 200);
    await on.copy("kept", "copy");
    await on.remove("long");
    await on.remove("kept");
    await on.later(DAY_MS + HOUR_MS);
    await on.sweep();
    expect((await on.blobs()).length).toBe(2);
    expect((await on.text("copy")).length).toBe(MIN_PART + 4);
    expect((await on.sql("select body from extents")).length).toBe(1);
  });

  it("goes in steps, however much there is: thousands of blobs, and bodies of thousands of parts", async () => {
    const index = await new IndexClient(server).open();
    const extents = Array.from({ length: 3_000 }, (_, i) => ({ number: i + 1, blob: `part-${i}`, size: 1 }));
    for (const key of ["a", "b"]) {
      await index.put(`put-${key}`, key, "etag", { body: { kind: "extents", name: `list-${key}`, extents } });
      await index.remove(`remove-${key}`, key);
    }
    const names = Array.from({ length: 2_500 }, (_, i) => `blob-${String(i).padStart(5, "0")}`);
    await index.call("discard", { blobs: names });
    const trace: number[] = [];
    await server.order({ do: "clock", index: index.id, offset: DAY_MS + HOUR_MS });
    for (let rounds = 0; rounds < 10 && (await index.litter()).length > 0; rounds++) {
      await index.call("ring");
      trace.push((await index.litter()).length);
    }
    expect(trace.at(-1)).toBe(0);
    expect(await index.sql("select * from extents")).toEqual([]);
  });

  it("is asked of R2 a thousand names a call at the most, and only what is told when it is a rehearsal", async () => {
    const calls: (readonly string[])[] = [];
    const blobs = Array.from({ length: 2_024 }, (_, i) => ({ blob: `b${i}` }));
    const forgotten: unknown[] = [];
    const house = {
      oldLitter: () => ({
        blobs,
        spent: { names: ["body"], pages: [] },
        next: undefined,
        oldest: undefined,
      }),
      forgetLitter: (spent: unknown) => void forgotten.push(spent),
    };
    const r2 = { delete: async (keys: string[]) => void calls.push(keys) } as unknown as R2Bucket;
    expect((await sweepLitter({ blobs: r2 }, house, "", true)).blobs).toEqual(blobs);
    expect([calls, forgotten]).toEqual([[], []]);
    await sweepLitter({ blobs: r2 }, house, "", false);
    expect(calls.map(({ length }) => length)).toEqual([1000, 1000, 24]);
    expect(forgotten).toEqual([{ names: ["body"], pages: [] }]);
  });
});

describe("a sweep that is interrupted", () => {
  for (const how of ["before", "after"] as const) {
    it(`${how} R2 has deleted is done the next time`, async () => {
      const on = await Sweeping.of(server);
      await on.put("k", "one");
      await on.put("k", "two");
      await on.later(DAY_MS + HOUR_MS);
      await on.ring({ store: "r2", call: "delete", how });
      expect((await on.sql("select * from litter")).length).toBe(1);
      expect((await on.blobs()).length).toBe(how === "before" ? 2 : 1);
      const rings = ((await on.rings()) ?? 0) - Date.now() - DAY_MS - HOUR_MS;
      expect(rings).toBeLessThanOrEqual(60_000);
      await on.later(DAY_MS + 2 * HOUR_MS);
      await on.sweep();
      expect(await on.sql("select * from litter")).toEqual([]);
      expect((await on.blobs()).length).toBe(1);
      expect(await on.text("k")).toBe("two");
    });
  }

  it("by the object's end is followed by another one", async () => {
    const on = await Sweeping.of(server);
    await on.put("k", "one");
    await on.put("k", "two");
    await on.later(DAY_MS + HOUR_MS);
    const name = crypto.randomUUID();
    const ringing = on.ring({ store: "r2", call: "delete", how: "hold", name }).catch(() => "broken off");
    await server.order({ do: "held", name });
    await server.order({ do: "restart", index: on.id });
    await server.order({ do: "release", name });
    expect(await ringing).toBe("broken off");
    expect((await on.sql("select * from litter")).length).toBe(1);
    expect(await on.rings()).not.toBe(null);
    await on.sweep();
    expect(await on.sql("select * from litter")).toEqual([]);
    expect(await on.text("k")).toBe("two");
  });
});

describe("a blob that was on its way for a day", () => {
  const born = (hours: number) => {
    const birth = (Date.now() - hours * HOUR_MS).toString(36).padStart(9, "0");
    return `bucket/${birth}-${crypto.randomUUID()}`;
  };

  it("is not named any more: it may have been swept", async () => {
    const index = await new IndexClient(server).open();
    const old = born(25);
    expect(await index.put("op-1", "k", old)).toEqual({ refused: "discarded" });
    expect(await index.litter()).toEqual([old]);
    expect((await index.put("op-2", "k", born(23))).committed).toBeDefined();
    const extents = [1, 2].map((number) => ({ number, blob: born(25), size: 3 }));
    const body = { kind: "extents", name: born(23), extents };
    expect(await index.put("op-3", "l", "etag", { body })).toEqual({ refused: "discarded" });
  });

  it("is named if it is a part of an upload, which may take as long as it will", async () => {
    const index = await new IndexClient(server).open();
    const body = { kind: "extents", name: "upload", extents: [{ number: 1, blob: born(24 * 30), size: 3 }] };
    const more = { body, upload: { id: "upload", unchosen: [] } };
    expect((await index.put("op-1", "k", "etag", more)).committed).toBeDefined();
  });

  it("and whose commit stood although its answer was lost is told so still", async () => {
    const index = await new IndexClient(server).open();
    const blob = born(23);
    const first = await index.put("op-1", "k", blob);
    await server.order({ do: "clock", index: index.id, offset: 2 * HOUR_MS });
    expect(await index.put("op-2", "k", blob)).toEqual(first);
  });
});
