import { afterEach, describe, expect, it, vi } from "vitest";
import { blobName } from "../../src/facts/blob-name.ts";
import { type Cursor, searchOrphans } from "../../src/jobs/orphans.ts";
import type { World } from "../../src/world.ts";
import { answered } from "../support/expect.ts";
import { isolates, useServer } from "../support/server.ts";
import { DAY_MS, HOUR_MS, Sweeping } from "../support/sweeping.ts";
import { begin, complete, MIN_PART, part, upload } from "../support/uploads.ts";

const server = useServer();

afterEach(() => vi.unstubAllGlobals());

/** When what is put now is old enough to be taken for an orphan. */
const OLD_MS = DAY_MS + 2 * HOUR_MS;

/** Searches the bucket as it is at that time, in ms from now. */
async function searched(on: Sweeping, ms: number): Promise<void> {
  await on.later(ms);
  await on.tend();
  await on.sweep();
}

describe("a search", () => {
  it("begins anew if its index has ended and woken meanwhile, and cannot be asked any more", async () => {
    vi.stubGlobal("scheduler", { wait: async () => {} });
    const key = blobName("bucket", 0);
    const objects = [{ key, size: 1, uploaded: new Date(0) }];
    const blobs = { list: async () => ({ objects, truncated: false }) };
    const world = { now: () => 3 * DAY_MS, blobs } as unknown as World;
    let isAsleep = false;
    let begun = 0;
    const look = () => {
      if (isAsleep) throw new Error("another object's");
      return false;
    };
    const house = {
      owner: {},
      search: () => {
        begun += 1;
        return { look, unnamed: () => [], spare: () => {}, litter: () => 0, drop: () => {} };
      },
    };
    const start: Cursor = { bucket: "bucket", after: "" };
    let { next = start } = await searchOrphans(world, house, start, false);
    ({ next = start } = await searchOrphans(world, house, next, false));
    expect(begun).toBe(1);
    isAsleep = true;
    await expect(searchOrphans(world, house, next, false)).rejects.toThrow("another object's");
    isAsleep = false;
    await searchOrphans(world, house, next, false);
    expect(begun).toBe(2);
    vi.unstubAllGlobals();
  });
});

describe("an orphan", () => {
  it("becomes litter when it is a day old, and is gone a day later", async () => {
    const on = await Sweeping.of(server);
    await on.orphan();
    await on.put("k", "bytes");
    const { orphans, named } = await on.holdings();
    expect(orphans.length).toBe(1);
    await searched(on, HOUR_MS);
    expect((await on.holdings()).orphans).toEqual(orphans);
    await searched(on, OLD_MS + DAY_MS);
    expect(await on.holdings()).toMatchObject({ orphans: [], litter: orphans, named });
    await on.later(OLD_MS + 2 * DAY_MS + HOUR_MS);
    await on.sweep();
    expect(await on.blobs()).toEqual(named);
    expect(await on.text("k")).toBe("bytes");
  });

  it("is nothing that anything names: no version, copy, renamed object, part of a body or of an upload", async () => {
    const on = await Sweeping.of(server);
    const { client } = server;
    await on.put("renamed", "renamed bytes");
    answered(
      await client.put(`${on.path("new-name")}?renameObject`, "", { "x-amz-rename-source": "renamed" }),
      200,
    );
    await on.put("source", "copied bytes");
    await on.copy("source", "copy");
    await on.remove("source");
    await server.version(on.name);
    await on.put("k", "one");
    await on.put("k", "two");
    await on.put("hidden", "three");
    await on.remove("hidden");
    answered(await upload(client, on.path("long"), [new Uint8Array(MIN_PART).fill(65), "tail"]), 200);
    const id = await begin(client, on.path("up"));
    const parts = [await part(client, on.path("up"), id, 1, "a part")];
    const before = (await on.blobs()).toSorted();
    await searched(on, 60 * DAY_MS);
    const { litter, orphans } = await on.holdings();
    expect([litter, orphans]).toEqual([[], []]);
    expect((await on.blobs()).toSorted()).toEqual(before);
    answered(await complete(client, on.path("up"), id, parts), 200);
    const texts = await Promise.all(["new-name", "copy", "k", "up"].map((key) => on.text(key)));
    expect(texts).toEqual(["renamed bytes", "copied bytes", "two", "a part"]);
  });

  it("was a part whose upload ended without it", async () => {
    const on = await Sweeping.of(server);
    const id = await begin(server.client, on.path("up"));
    await part(server.client, on.path("up"), id, 1, "a part");
    await server.order({ do: "d1", text: "delete from upload where id = ?", bindings: [id] });
    await searched(on, OLD_MS);
    const { litter, orphans } = await on.holdings();
    expect([litter.length, orphans]).toEqual([1, []]);
  });
});

describe("a search", () => {
  it("is made once a day, of what is new since the last one; once a week if nothing was committed", async () => {
    const on = await Sweeping.of(server);
    await on.put("k", "one");
    await searched(on, OLD_MS);
    const next = async () => Math.round((((await on.rings()) ?? 0) - Date.now()) / HOUR_MS);
    expect(await next()).toBe(26 + 24);
    await on.later(OLD_MS + DAY_MS + HOUR_MS);
    await on.sweep();
    expect(await next()).toBe(26 + 25 + 7 * 24);
    const [plan] = await on.sql<{ cursor: string }>("select cursor from job where name = 'orphans'");
    const { after } = JSON.parse(plan?.cursor ?? "{}") as { after: string };
    const birth = Number.parseInt(after.split("/")[1] ?? "", 36);
    // A day before what was old enough this time.
    expect(Math.round((birth - Date.now()) / HOUR_MS)).toBe(26 + 25 - 25 - 24);
    expect(after.startsWith(`${on.id}/`)).toBe(true);
  });

  it("that meets a copy, a deletion and a completed upload before it judges takes none of their bytes", async () => {
    const on = await Sweeping.of(server);
    const { client } = server;
    await on.orphan();
    await on.put("source", "copied bytes");
    const id = await begin(client, on.path("up"));
    const parts = [await part(client, on.path("up"), id, 1, "a part")];
    await on.later(OLD_MS);
    await on.tend();
    const name = crypto.randomUUID();
    const ringing = on.ring({ store: "d1", call: "select part.blob", how: "hold", name });
    await server.order({ do: "held", name });
    await on.copy("source", "copy");
    await on.remove("source");
    answered(await complete(client, on.path("up"), id, parts), 200);
    await server.order({ do: "release", name });
    await ringing;
    const { litter, orphans } = await on.holdings();
    expect([litter.length, orphans]).toEqual([1, []]);
    await on.later(OLD_MS + DAY_MS + HOUR_MS);
    await on.sweep();
    expect([await on.text("copy"), await on.text("up")]).toEqual(["copied bytes", "a part"]);
  });

  it("begins anew when its object ends, and finds what it was looking for", async () => {
    const on = await Sweeping.of(server);
    await on.orphan();
    await on.later(OLD_MS);
    await on.tend();
    const name = crypto.randomUUID();
    const fault = { store: "d1", call: "select part.blob", how: "hold", name } as const;
    const ringing = on.ring(fault).catch(() => "broken off");
    await server.order({ do: "held", name });
    await server.order({ do: "restart", index: on.id });
    await server.order({ do: "release", name });
    await ringing;
    await on.sweep();
    expect((await on.holdings()).orphans).toEqual([]);
  });

  for (const fault of [
    { store: "r2", call: "list", how: "before" },
    { store: "r2", call: "list", how: "after" },
    { store: "d1", call: "select part.blob", how: "before", times: 99, lapse: 60_000 },
    { store: "d1", call: "select part.blob", how: "after", times: 99, lapse: 60_000 },
  ] as const) {
    it(`is made again when ${fault.store} fails ${fault.how} the answer, and calls nothing an orphan meanwhile`, async () => {
      const on = await Sweeping.of(server);
      const { client } = server;
      await on.orphan();
      const id = await begin(client, on.path("up"));
      await part(client, on.path("up"), id, 1, "a part");
      await on.later(OLD_MS);
      await on.tend();
      await on.ring(fault);
      expect((await on.holdings()).litter).toEqual([]);
      await on.later(OLD_MS + HOUR_MS);
      await on.sweep();
      const { litter, orphans } = await on.holdings();
      expect([litter.length, orphans]).toEqual([1, []]);
    });
  }

  it("goes through more blobs than R2 lists at a time", async () => {
    const on = await Sweeping.of(server);
    await on.put("k", "bytes");
    const birth = (Date.now() - 40 * DAY_MS).toString(36).padStart(9, "0");
    for (let strewn = 0; strewn < 1_200; strewn += 100) {
      const blobs = Array.from({ length: 100 }, (_, i) => `${on.id}/${birth}-${strewn + i}`);
      await server.order({ do: "strew", blobs });
    }
    await searched(on, OLD_MS);
    const [row] = await on.sql<{ count: number }>("select count(*) as count from litter");
    expect(row?.count).toBe(1_200);
    expect(await on.text("k")).toBe("bytes");
  });
});

describe("a search of many steps", () => {
  const BUCKET = "bucket";
  const blob = `${BUCKET}/${(1_000).toString(36).padStart(9, "0")}-old`;
  const NOW = 100 * DAY_MS;

  /** An index in memory whose searches see all rows after so many looks; counts what is begun and dropped. */
  function house(looks: number) {
    const told = { begun: 0, dropped: 0, litter: 0, lists: 0 };
    const search = () => {
      told.begun += 1;
      let left = looks;
      return {
        look: () => {
          if (left < 0) throw new Error("looked on behind the end");
          left -= 1;
          return left <= 0;
        },
        unnamed: () => [blob],
        spare: () => {},
        litter: () => {
          told.litter += 1;
          return 1;
        },
        drop: () => {
          told.dropped += 1;
        },
      };
    };
    const blobs = {
      list: async () => {
        told.lists += 1;
        return { objects: [{ key: blob, size: 1, uploaded: new Date(1_000) }], truncated: false };
      },
    };
    const world = { now: () => NOW, blobs, database: { rows: async () => [] } };
    return { told, search, owner: {}, world: world as unknown as World };
  }

  it("goes on in the memory of the index that it began in", async () => {
    vi.stubGlobal("scheduler", { wait: async () => {} });
    const { told, world, ...on } = house(100);
    let next: Cursor | undefined = { bucket: BUCKET, after: "" };
    let steps = 0;
    for (; next !== undefined; steps++) ({ next } = await searchOrphans(world, on, next, false));
    expect([steps, told]).toEqual([3, { begun: 1, dropped: 1, litter: 1, lists: 1 }]);
  });

  it("begins anew in any other, which has not heard of the commits since", async () => {
    vi.stubGlobal("scheduler", { wait: async () => {} });
    const [first, second] = [house(100), house(100)];
    const { next } = await searchOrphans(first.world, first, { bucket: BUCKET, after: "" }, false);
    let after = next;
    while (after !== undefined) ({ next: after } = await searchOrphans(second.world, second, after, false));
    expect(first.told).toEqual({ begun: 1, dropped: 0, litter: 0, lists: 1 });
    expect(second.told).toEqual({ begun: 1, dropped: 1, litter: 1, lists: 1 });
  });

  it("is dropped if it fails, or if nobody goes on with it", async () => {
    vi.stubGlobal("scheduler", { wait: async () => {} });
    const broken = house(-1);
    const beginning = { bucket: BUCKET, after: "" };
    await expect(searchOrphans(broken.world, broken, beginning, false)).rejects.toThrow("behind the end");
    expect(broken.told).toMatchObject({ begun: 1, dropped: 1 });
    const left = house(100);
    await searchOrphans(left.world, left, beginning, false);
    const later = { ...left.world, now: () => NOW + HOUR_MS };
    await searchOrphans(later, left, beginning, false);
    expect(left.told).toMatchObject({ begun: 2, dropped: 1 });
  });
});

describe("a deleted bucket", () => {
  it("whose deletion was interrupted is finished by its alarm", async () => {
    const { a } = isolates(server);
    const on = await Sweeping.of(server);
    const id = await begin(server.client, on.path("up"));
    await part(server.client, on.path("up"), id, 1, "a part");
    const fault = { store: "d1", call: "delete from bucket", how: "before", lapse: 60_000 } as const;
    answered(await a.failing(fault).delete(`/${on.name}`), 503);
    const wait = ((await on.rings()) ?? 0) - Date.now();
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(60_000);
    await on.later(2 * 60_000);
    await on.sweep();
    await expect(server.idOf(on.name)).rejects.toThrow("there is no bucket");
    expect((await on.holdings()).litter.length).toBe(1);
  });

  it("is gone with all its bytes when they are old: what was litter, and what came too late", async () => {
    const on = await Sweeping.of(server);
    await on.put("k", "bytes");
    await on.remove("k");
    await on.orphan();
    await on.sweep();
    expect(await server.order({ do: "blobs", prefix: `journal/${on.id}/` })).not.toEqual([]);
    answered(await server.client.delete(`/${on.name}`), 204);
    await on.sweep();
    await on.later(OLD_MS - HOUR_MS);
    await on.sweep();
    expect((await on.blobs()).length).toBe(1);
    for (const hours of [27, 28, 29, 54, 55]) {
      await on.later(hours * HOUR_MS);
      await on.sweep();
    }
    expect(await on.blobs()).toEqual([]);
    expect(await server.order({ do: "blobs", prefix: `journal/${on.id}/` })).toEqual([]);
    for (const table of ["litter", "tail", "ended", "job"]) {
      expect(await on.sql(`select * from ${table}`)).toEqual([]);
    }
    expect(await on.sql("select phase from state")).toEqual([{ phase: "closed" }]);
    expect(await on.rings()).toBe(null);
    // Bytes that were on their way for longer than anybody waits for them.
    const birth = (Date.now() - 40 * DAY_MS).toString(36).padStart(9, "0");
    await server.order({ do: "strew", blobs: [`${on.id}/${birth}-late`] });
    await server.order({ do: "tour", offset: 60 * HOUR_MS });
    for (const hours of [60, 85, 86, 87]) {
      await on.later(hours * HOUR_MS);
      await on.sweep();
    }
    expect(await on.blobs()).toEqual([]);
    expect(await on.rings()).toBe(null);
  });
});
