import { describe, expect, it } from "vitest";
import { GENERATION, IndexClient } from "../support/index-client.ts";
import { useServer } from "../support/server.ts";

const server = useServer();
const fresh = () => new IndexClient(server).open();

type Ask = (index: IndexClient) => ReturnType<IndexClient["read"]>;

/** Everything that an index is asked on behalf of somebody who remembers a bucket. */
const ASKED: [name: string, ask: Ask][] = [
  ["read", (index) => index.read("k")],
  ["list", (index) => index.list()],
  ["put", (index) => index.put(crypto.randomUUID(), "k", "new-blob")],
  ["remove", (index) => index.remove(crypto.randomUUID(), "k")],
  ["forbid", (index) => index.forbid(crypto.randomUUID(), "upload", ["part"])],
  ["outcome", (index) => index.outcome("upload")],
];

/** Everything it holds, to see that nothing changed. */
async function contents(index: IndexClient): Promise<unknown> {
  return Promise.all(
    ["current", "litter", "ended", "tail"].map((table) => index.sql(`select * from ${table}`)),
  );
}

describe("an index that was never opened", () => {
  for (const [name, ask] of ASKED) {
    it(`says to ${name} that it is lost, and does nothing`, async () => {
      const index = new IndexClient(server);
      expect(await ask(index)).toEqual({ moved: "lost" });
      expect(await contents(index)).toEqual([[], [], [], []]);
    });
  }

  it("cannot be closed: what it held is not known", async () => {
    const index = new IndexClient(server);
    expect(await index.close()).toEqual({ moved: "lost" });
    await index.open();
    expect((await index.put("op", "k", "blob")).committed?.etag).toBe("blob");
  });
});

describe("a closed index", () => {
  for (const [name, ask] of ASKED) {
    it(`says so to ${name}, and does nothing`, async () => {
      const index = await fresh();
      await index.close();
      expect(await ask(index)).toEqual({ moved: "closed" });
      expect(await contents(index)).toEqual([[], [], [], []]);
    });
  }

  it("says closed even to somebody with newer settings, and after a restart", async () => {
    const index = await fresh();
    await index.close();
    await index.restart();
    expect(await index.knowing(GENERATION + 9).put("op", "k", "blob")).toEqual({ moved: "closed" });
  });

  it("stays closed when it is opened or closed again", async () => {
    const index = await fresh();
    expect(await index.close()).toEqual({ closed: true });
    expect(await index.close()).toEqual({ closed: true });
    await index.open();
    expect(await index.read("k")).toEqual({ moved: "closed" });
  });

  it("finishes its bucket's deletion, though a worker older than that never said which bucket", async () => {
    const index = await fresh();
    await index.close();
    const [job] = await index.sql<{ name: string; cursor: string }>("select name, cursor from job");
    expect(job?.name).toBe("closing");
    expect(JSON.parse(job?.cursor ?? "")).toMatchObject({ bucket: index.id });
  });

  it("takes litter all the same", async () => {
    const index = await fresh();
    await index.close();
    await index.call("discard", { blobs: ["part-1", "part-2"] });
    await index.call("discard", { blobs: ["part-2"] });
    expect(await index.litter()).toEqual(["part-1", "part-2"]);
  });
});

describe("closing", () => {
  it("is refused while there is an object, though it be empty", async () => {
    const index = await fresh();
    await index.put("op-1", "k", "");
    expect(await index.close()).toEqual({ closed: false });
    expect((await index.read("k")).version?.size).toBe(0);
    await index.remove("op-2", "k");
    expect(await index.close()).toEqual({ closed: true });
  });
});

describe("opening", () => {
  it("again changes nothing", async () => {
    const index = await fresh();
    await index.put("op", "k", "blob");
    await index.open();
    expect((await index.read("k")).version?.etag).toBe("blob");
    expect((await index.knowing(GENERATION - 1).read("k")).moved).toBe("stale");
  });
});

describe("the generation of a bucket's settings", () => {
  for (const [name, ask] of ASKED) {
    it(`is adopted from a newer ${name}, which then makes an older one stale`, async () => {
      const index = await fresh();
      expect((await ask(index)).moved).toBeUndefined();
      const before = await contents(index);
      expect(await ask(index.knowing(GENERATION - 1))).toEqual({ moved: "stale" });
      expect(await contents(index)).toEqual(before);
      expect((await index.knowing(GENERATION + 1).list()).moved).toBeUndefined();
      expect(await ask(index)).toEqual({ moved: "stale" });
    });
  }

  it("is nothing to what was done already: whoever repeats it is told so again, and it is not done twice", async () => {
    const index = await fresh();
    const { committed } = await index.put("op", "k", "blob");
    await index.put("other", "k", "newer");
    await index.call("adopt", GENERATION + 1);
    const before = await contents(index);
    expect(await index.put("op", "k", "blob")).toEqual({ committed });
    await index.restart();
    expect(await index.put("op", "k", "blob")).toEqual({ committed });
    expect(await contents(index)).toEqual(before);
    expect(await index.put("fresh", "k", "blob")).toEqual({ moved: "stale" });
  });

  it("that the index is told of counts from then on", async () => {
    const index = await fresh();
    await index.read("k");
    await index.call("adopt", GENERATION + 1);
    expect(await index.read("k")).toEqual({ moved: "stale" });
    expect((await index.knowing(GENERATION + 1).read("k")).missing).toBe("key");
  });

  it("never goes back", async () => {
    const index = await fresh();
    await index.call("adopt", GENERATION + 1);
    await index.call("adopt", GENERATION);
    expect(await index.read("k")).toEqual({ moved: "stale" });
    await index.restart();
    expect(await index.read("k")).toEqual({ moved: "stale" });
  });

  it("is not adopted by an index that is not open", async () => {
    const index = new IndexClient(server);
    await index.call("adopt", GENERATION + 1);
    expect(await index.read("k")).toEqual({ moved: "lost" });
    await index.open();
    expect((await index.read("k")).missing).toBe("key");
  });
});
