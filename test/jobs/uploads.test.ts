import { describe, expect, it } from "vitest";
import { sweepUploads } from "../../src/jobs/uploads.ts";
import type { World } from "../../src/world.ts";
import { answered, refused } from "../support/expect.ts";
import { useServer } from "../support/server.ts";
import { DAY_MS, HOUR_MS, Sweeping } from "../support/sweeping.ts";
import { begin, complete, MIN_PART, type Part, part } from "../support/uploads.ts";

const server = useServer();

const rowsOf = (id: string) =>
  server.order<{ uploads: number; parts: number }[]>({
    do: "d1",
    text: `select (select count(*) from upload where bucket = ?1) as uploads,
      (select count(*) from part where upload in (select id from upload where bucket = ?1)) as parts`,
    bindings: [id],
  });

/** The fault that leaves an ended upload's rows in the directory. */
const UNCLEARED = { store: "d1", call: "delete from upload", how: "before", lapse: 60_000 } as const;

/** An upload of two parts and a replaced one. */
async function uploaded(on: Sweeping, key: string): Promise<{ id: string; parts: Part[] }> {
  const { client } = server;
  const id = await begin(client, on.path(key));
  await part(client, on.path(key), id, 1, "replaced");
  const parts = [
    await part(client, on.path(key), id, 1, new Uint8Array(MIN_PART).fill(66)),
    await part(client, on.path(key), id, 2, "tail"),
  ];
  return { id, parts };
}

describe("an upload's rows", () => {
  it("go if its index has committed it, and its object keeps its parts", async () => {
    const on = await Sweeping.of(server);
    const { id, parts } = await uploaded(on, "k");
    const failing = server.client.failing(UNCLEARED);
    answered(await complete(failing, on.path("k"), id, parts), 200);
    expect(await rowsOf(on.id)).toEqual([{ uploads: 1, parts: 3 }]);
    await on.tend();
    await on.sweep();
    expect(await rowsOf(on.id)).toEqual([{ uploads: 0, parts: 0 }]);
    const { named, litter, orphans } = await on.holdings();
    expect([named.length, litter.length, orphans]).toEqual([2, 1, []]);
    await on.later(DAY_MS + 2 * HOUR_MS);
    await on.sweep();
    expect((await on.text("k")).length).toBe(MIN_PART + 4);
    expect((await on.blobs()).length).toBe(2);
  });

  it("go if its index has forbidden it, and all its parts are litter", async () => {
    const on = await Sweeping.of(server);
    const { id } = await uploaded(on, "k");
    const failing = server.client.failing(UNCLEARED);
    refused(await failing.delete(`${on.path("k")}?uploadId=${id}`), 503, "SlowDown");
    await on.tend();
    await on.sweep();
    expect(await rowsOf(on.id)).toEqual([{ uploads: 0, parts: 0 }]);
    const { litter, orphans } = await on.holdings();
    expect([litter.length, orphans]).toEqual([3, []]);
  });

  it("stay while nobody has ended it, however long that takes, and its parts with them", async () => {
    const on = await Sweeping.of(server);
    const { id, parts } = await uploaded(on, "k");
    await on.later(60 * DAY_MS);
    await on.tend();
    await on.sweep();
    expect(await rowsOf(on.id)).toEqual([{ uploads: 1, parts: 3 }]);
    expect((await on.blobs()).length).toBe(3);
    answered(await complete(server.client, on.path("k"), id, parts), 200);
    expect((await on.text("k")).length).toBe(MIN_PART + 4);
  });

  it("go the next time if the directory failed in between", async () => {
    for (const fault of [
      { store: "d1", call: "select blob from part", how: "before" },
      { store: "d1", call: "delete from upload", how: "before" },
      { store: "d1", call: "delete from upload", how: "after" },
    ] as const) {
      const on = await Sweeping.of(server);
      const { id } = await uploaded(on, "k");
      await server.client.failing(UNCLEARED).delete(`${on.path("k")}?uploadId=${id}`);
      await on.tend();
      await on.ring({ ...fault, times: 99, lapse: 60_000 });
      await on.later(HOUR_MS);
      await on.sweep();
      expect(await rowsOf(on.id)).toEqual([{ uploads: 0, parts: 0 }]);
      expect((await on.holdings()).litter.length).toBe(3);
    }
  });
});

describe("how an upload ended", () => {
  const ended = (on: Sweeping) => on.sql<{ upload: string }>("select upload from ended");

  it("is remembered for a week, so that completing it again is answered the same", async () => {
    const on = await Sweeping.of(server);
    const { id, parts } = await uploaded(on, "k");
    const first = answered(await complete(server.client, on.path("k"), id, parts), 200).text;
    await on.later(6 * DAY_MS);
    await on.tend();
    await on.sweep();
    expect(answered(await complete(server.client, on.path("k"), id, parts), 200).text).toBe(first);
    await on.later(8 * DAY_MS);
    await on.tend();
    await on.sweep();
    expect(await ended(on)).toEqual([]);
    refused(await complete(server.client, on.path("k"), id, parts), 404, "NoSuchUpload");
    expect((await on.text("k")).length).toBe(MIN_PART + 4);
  });

  it("is remembered for longer while the directory still has its rows", async () => {
    const forgotten: unknown[] = [];
    const ended = ["up-1", "up-2"].map((upload) => ({ upload, key: "k" }));
    const house = {
      endedAmong: () => [],
      discard: () => {},
      longEnded: () => ({ ended, next: undefined }),
      forgetEnded: (gone: unknown) => void forgotten.push(gone),
    };
    const database = { rows: async () => [{ id: "up-2" }] } as unknown as World["database"];
    const cursor = JSON.stringify({ bucket: "b", ended: "" });
    expect(await sweepUploads({ database }, house, cursor, true)).toEqual({ cleared: [], next: undefined });
    expect(forgotten).toEqual([]);
    await sweepUploads({ database }, house, cursor, false);
    expect(forgotten).toEqual([[{ upload: "up-1", key: "k" }]]);
  });
});
