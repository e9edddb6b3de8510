import { describe, expect, it } from "vitest";
import { audit, type Holdings } from "../support/audit.ts";
import { answered, refused } from "../support/expect.ts";
import { IndexClient } from "../support/index-client.ts";
import { useServer } from "../support/server.ts";
import { begin, complete, MIN_PART, part, upload } from "../support/uploads.ts";

const server = useServer();

interface Ground {
  put(key: string, body: string): Promise<void>;
  copy(from: string, to: string, headers?: Record<string, string>): Promise<void>;
  remove(key: string): Promise<void>;
  text(key: string): Promise<string>;
  holdings(): Promise<Holdings>;
  path(key: string): string;
}

/** A new bucket, and what the tests do in it. */
async function ground(): Promise<Ground> {
  const { client } = server;
  const bucket = await server.bucket();
  const id = await server.idOf(bucket);
  const path = (key: string) => `/${bucket}/${key}`;
  return {
    path,
    put: async (key, body) => void answered(await client.put(path(key), body), 200),
    copy: async (from, to, headers = {}) =>
      void answered(await client.put(path(to), "", { "x-amz-copy-source": path(from), ...headers }), 200),
    remove: async (key) => void answered(await client.delete(path(key)), 204),
    text: async (key) => answered(await client.get(path(key)), 200).text,
    async holdings() {
      const holdings = await audit(server, id);
      expect(holdings.orphans).toEqual([]);
      return holdings;
    },
  };
}

/** How many blobs are named, and how many are litter. */
async function counts({ holdings }: Ground): Promise<[named: number, litter: number]> {
  const { named, litter } = await holdings();
  return [named.length, litter.length];
}

describe("litter", () => {
  it("is what was replaced, and what was deleted", async () => {
    const { put, remove, ...rest } = await ground();
    const on = { put, remove, ...rest };
    await put("k", "one");
    const { named: first } = await on.holdings();
    await put("k", "two");
    const { named: second, litter } = await on.holdings();
    expect(litter).toEqual(first);
    await remove("k");
    const { named, litter: both } = await on.holdings();
    expect([named, both.toSorted()]).toEqual([[], [...first, ...second].toSorted()]);
    await remove("k");
    expect(await counts(on)).toEqual([0, 2]);
  });

  it("is not made of empty objects", async () => {
    const on = await ground();
    await on.put("k", "");
    await on.copy("k", "l");
    await on.put("k", "");
    await on.remove("k");
    await on.remove("l");
    expect(await counts(on)).toEqual([0, 0]);
  });

  it("takes a body in only when the last of its copies is gone", async () => {
    const on = await ground();
    await on.put("a", "shared");
    await on.copy("a", "b");
    await on.copy("b", "c");
    await on.remove("a");
    expect(await counts(on)).toEqual([1, 0]);
    expect([await on.text("b"), await on.text("c")]).toEqual(["shared", "shared"]);
    await on.copy("c", "a");
    await on.put("b", "other");
    expect(await counts(on)).toEqual([2, 0]);
    await on.remove("c");
    expect(await on.text("a")).toBe("shared");
    await on.remove("a");
    expect(await counts(on)).toEqual([1, 1]);
    expect(await on.text("b")).toBe("other");
  });

  it("spares an object that is copied to itself", async () => {
    const on = await ground();
    await on.put("k", "bytes");
    for (const colour of ["red", "green", "blue"]) {
      await on.copy("k", "k", { "x-amz-metadata-directive": "REPLACE", "x-amz-meta-colour": colour });
    }
    expect(await counts(on)).toEqual([1, 0]);
    expect(await on.text("k")).toBe("bytes");
    await on.copy("k", "l");
    await on.copy("k", "k", { "x-amz-metadata-directive": "REPLACE" });
    await on.remove("k");
    expect(await on.text("l")).toBe("bytes");
    await on.remove("l");
    expect(await counts(on)).toEqual([0, 1]);
  });

  it("spares a copy that replaced its own source's twin", async () => {
    const on = await ground();
    await on.put("a", "bytes");
    await on.copy("a", "b");
    await on.copy("b", "a");
    await on.copy("a", "b");
    expect(await counts(on)).toEqual([1, 0]);
    await on.remove("a");
    expect(await on.text("b")).toBe("bytes");
    await on.remove("b");
    expect(await counts(on)).toEqual([0, 1]);
  });

  it("takes in a long body with all of its parts, when its last copy is gone", async () => {
    const on = await ground();
    const parts = [new Uint8Array(MIN_PART).fill(65), "tail"];
    answered(await upload(server.client, on.path("k"), parts), 200);
    await on.copy("k", "l");
    await on.remove("k");
    expect(await counts(on)).toEqual([2, 0]);
    expect((await on.text("l")).length).toBe(MIN_PART + 4);
    await on.put("l", "short");
    expect(await counts(on)).toEqual([1, 2]);
  });

  it("takes in what a refused commit had brought along", async () => {
    const on = await ground();
    await on.put("k", "kept");
    const { client } = server;
    const bytes = "too late";
    refused(await client.put(on.path("k"), bytes, { "if-none-match": "*" }), 412, "PreconditionFailed");
    refused(await client.put(on.path("k"), bytes, { "if-match": '"0"' }), 412, "PreconditionFailed");
    refused(await client.put(on.path("none"), bytes, { "if-match": "*" }), 404, "NoSuchKey");
    expect(await counts(on)).toEqual([1, 3]);
    expect(await on.text("k")).toBe("kept");
  });

  it("leaves a refused upload its parts, so that it may be completed after all", async () => {
    const on = await ground();
    await on.put("k", "in the way");
    const { client } = server;
    const id = await begin(client, on.path("k"));
    const parts = [await part(client, on.path("k"), id, 1, "bytes")];
    const refusal = await complete(client, on.path("k"), id, parts, { "if-none-match": "*" });
    refused(refusal, 412, "PreconditionFailed");
    expect(await on.holdings()).toMatchObject({ litter: [], parts: [expect.any(String)] });
    await on.remove("k");
    answered(await complete(client, on.path("k"), id, parts, { "if-none-match": "*" }), 200);
    expect(await on.text("k")).toBe("bytes");
    expect(await counts(on)).toEqual([1, 1]);
  });

  it("is never named again", async () => {
    const index = await new IndexClient(server).open();
    await index.put("op-1", "k", "blob-1");
    await index.remove("op-2", "k");
    expect(await index.put("op-3", "k", "blob-1")).toEqual({ refused: "discarded" });
    expect((await index.read("k")).missing).toBe("key");
    expect(await index.litter()).toEqual(["blob-1"]);
  });

  it("takes in all extents of a refused commit that is no upload's, but not those of one that stands", async () => {
    const index = await new IndexClient(server).open();
    const extents = [1, 2].map((number) => ({ number, blob: `extent-${number}`, size: 3 }));
    const body = { kind: "extents", name: "list", extents };
    const { committed } = await index.put("op-1", "k", "etag", { body });
    expect(await index.put("op-2", "k", "etag", { body })).toEqual({ committed });
    expect(await index.litter()).toEqual([]);
    const late = {
      ...body,
      name: "late",
      extents: extents.map(({ blob, ...rest }) => ({ ...rest, blob: `late-${blob}` })),
    };
    const conditions = { ifNoneMatch: "*" };
    expect(await index.put("op-3", "k", "late", { body: late, conditions })).toEqual({ refused: "failed" });
    expect(await index.litter()).toEqual(["late-extent-1", "late-extent-2"]);
    expect(await index.put("op-4", "k", "late", { body: late })).toEqual({ refused: "discarded" });
  });

  it("that was a list of extents is never named again", async () => {
    const index = await new IndexClient(server).open();
    const body = { kind: "extents", name: "list", extents: [{ number: 1, blob: "extent", size: 3 }] };
    await index.put("op-1", "k", "etag", { body });
    await index.remove("op-2", "k");
    expect(await index.put("op-3", "k", "etag", { body })).toEqual({ refused: "discarded" });
    expect((await index.read("k")).missing).toBe("key");
  });

  it("spares the parts that a committed upload uses, whoever gives them away", async () => {
    const index = await new IndexClient(server).open();
    const extents = [
      { number: 1, blob: "used-1", size: 3 },
      { number: 300, blob: "used-2", size: 3 },
    ];
    const more = { body: { kind: "extents", name: "up", extents }, upload: { id: "up", unchosen: ["left"] } };
    expect((await index.put("op", "k", "etag", more)).committed?.etag).toBe("etag");
    await index.call("discard", { upload: "up", blobs: ["used-1", "late", "used-2"] });
    expect(await index.litter()).toEqual(["late", "left"]);
  });
});

describe("after any course of events", () => {
  /** A small generator of numbers that look random and are the same every time. */
  function dice(seed: number): (sides: number) => number {
    let state = seed;
    return (sides) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * sides);
    };
  }

  for (const seed of [1, 2, 3]) {
    it(`every key has its own bytes, and what nobody has is litter (course ${seed})`, async () => {
      const on = await ground();
      const roll = dice(seed);
      const keys = ["a", "b", "c", "d"];
      const model = new Map<string, string>();
      const key = () => keys[roll(keys.length)] ?? "a";
      const present = () => [...model.keys()][roll(model.size)];
      for (let step = 1; step <= 60; step++) {
        const [from, to] = [present(), key()];
        const act = roll(10);
        if (act < 3) {
          const body = roll(8) === 0 ? "" : `${step}`;
          await on.put(to, body);
          model.set(to, body);
        } else if (act < 4) {
          answered(await upload(server.client, on.path(to), [`part ${step}`]), 200);
          model.set(to, `part ${step}`);
        } else if (act < 8 && from !== undefined) {
          await on.copy(from, to, { "x-amz-metadata-directive": "REPLACE" });
          model.set(to, model.get(from) ?? "");
        } else {
          await on.remove(to);
          model.delete(to);
        }
        if (step % 20 === 0) await on.holdings();
      }
      for (const [name, body] of model) expect(await on.text(name)).toBe(body);
      for (const name of keys) await on.remove(name);
      expect((await on.holdings()).named).toEqual([]);
    });
  }
});
