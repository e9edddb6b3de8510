import { createHash } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { at } from "../support/client.ts";
import { Budgets, inBatches } from "../support/cost.ts";
import { answered } from "../support/expect.ts";
import { useServer } from "../support/server.ts";
import { begin, complete, MIN_PART, type Part, part, partPath, upload } from "../support/uploads.ts";
import { escapeXml, xml } from "../support/xml.ts";

const server = useServer();
let bucket: string;
let budgets: Budgets;

const hold: Budgets["hold"] = (...asked) => budgets.hold(...asked);

let made = 0;

/** A key that nothing has used yet. */
function freshKey(): string {
  made += 1;
  return `fresh/${made}`;
}

async function object(): Promise<string> {
  const path = at(bucket, freshKey());
  answered(await server.client.put(path, "some bytes", { "x-amz-meta-colour": "blue" }), 200);
  return path;
}

beforeAll(async () => {
  bucket = await server.bucket();
  budgets = await Budgets.of(server, bucket);
  const keys = ["a", "b", "c"].flatMap((folder) =>
    Array.from({ length: 400 }, (_, i) => `${folder}/${String(i).padStart(4, "0")}`),
  );
  await inBatches(keys.map((key) => async () => answered(await server.client.put(at(bucket, key)), 200)));
});

describe("a read", () => {
  it("of an object costs one call of the index and one of R2", () =>
    hold({ index: 1, classB: 1 }, { read: 4, written: 0 }, (client, path) => client.get(path), object));

  it("of a range costs no more", () =>
    hold(
      { index: 1, classB: 1 },
      { read: 4, written: 0 },
      (client, path) => client.get(path, { range: "bytes=2-4" }),
      object,
    ));

  it("of an object's headers costs nothing of R2", () =>
    hold({ index: 1 }, { read: 4, written: 0 }, (client, path) => client.head(path), object));

  it("of an object's tags costs nothing of R2", () =>
    hold({ index: 1 }, { read: 4, written: 0 }, (client, path) => client.get(`${path}?tagging`), object));

  it("of an object's attributes costs nothing of R2", () =>
    hold(
      { index: 1 },
      { read: 4, written: 0 },
      (client, path) =>
        client.get(`${path}?attributes`, { "x-amz-object-attributes": "ETag,ObjectSize,StorageClass" }),
      object,
    ));

  it("of a part of a long body reads the same few rows", async () => {
    const path = at(bucket, freshKey());
    const id = await begin(server.client, path);
    const parts = await longUpload(path, id, 520);
    answered(await complete(server.client, path, id, parts), 200);
    await hold(
      { index: 1, classB: 1 },
      { read: 4, written: 0 },
      async (client) => {
        const answer = await client.get(`${path}?partNumber=513`);
        expect([answer.status, answer.text]).toEqual([206, "513"]);
        return answer;
      },
      async () => path,
    );
  });
});

describe("a write", () => {
  it("of a new key costs one call of the index, one put and two rows", () =>
    hold(
      { index: 1, classA: 1 },
      { read: 6, written: 2 },
      (client, path) => client.put(path, "some bytes"),
      async () => at(bucket, freshKey()),
    ));

  it("over an object costs at most two rows more", () =>
    hold(
      { index: 1, classA: 1 },
      { read: 8, written: 4 },
      (client, path) => client.put(path, "other bytes"),
      object,
    ));

  it("with a condition costs no more", () =>
    hold(
      { index: 1, classA: 1 },
      { read: 6, written: 2 },
      (client, path) => client.put(path, "some bytes", { "if-none-match": "*" }),
      async () => at(bucket, freshKey()),
    ));

  it("of an empty object does not touch R2", () =>
    hold(
      { index: 1 },
      { read: 6, written: 2 },
      (client, path) => client.put(path),
      async () => at(bucket, freshKey()),
    ));

  it("that deletes costs nothing of R2", () =>
    hold({ index: 1 }, { read: 8, written: 4 }, (client, path) => client.delete(path), object));

  it("that copies inside the bucket costs two calls and nothing of R2", () =>
    hold(
      { index: 2 },
      { read: 12, written: 6 },
      (client, path) => client.put(at(bucket, freshKey()), "", { "x-amz-copy-source": path }),
      object,
    ));

  it("that copies over an object costs no more", async () => {
    const target = await object();
    await hold(
      { index: 2 },
      { read: 12, written: 6 },
      (client, path) => client.put(target, "", { "x-amz-copy-source": path }),
      object,
    );
  });

  it("that copies a long body costs no more", async () => {
    const path = at(bucket, freshKey());
    answered(await upload(server.client, path, [new Uint8Array(MIN_PART), "tail"]), 200);
    await hold(
      { index: 2 },
      { read: 12, written: 6 },
      (client) => client.put(at(bucket, freshKey()), "", { "x-amz-copy-source": path }),
      async () => path,
    );
  });
});

describe("a listing", () => {
  const n = (text: string) => xml(text).all("Contents").length + xml(text).all("CommonPrefixes").length;

  async function page(query: string, entries: number): Promise<void> {
    await hold({ index: 1 }, { read: 2 * entries + 4, written: 0 }, async (client) => {
      const answer = await client.get(`/${bucket}?${query}`);
      expect(n(answer.text)).toBe(entries);
      return answer;
    });
  }

  it("of a thousand keys costs one call and as many rows", () => page("list-type=2", 1000));

  it("of ten keys does not read those behind them", () => page("list-type=2&max-keys=10", 10));

  it("by delimiter reads a row or two a prefix, not the keys below it", () =>
    page("list-type=2&delimiter=/", 4));

  it("by delimiter costs the same in the older version", () => page("delimiter=/&max-keys=2", 2));

  it("of nothing reads next to nothing", () => page("list-type=2&prefix=zzz", 0));

  it("of versions costs the same", () => page("versions&max-keys=0", 0));
});

/** Parts that Complete takes for large ones, each holding its own number. */
async function longUpload(path: string, id: string, count: number): Promise<Part[]> {
  const parts: Part[] = [];
  const numbers = Array.from({ length: count }, (_, i) => i + 1);
  await inBatches(
    numbers.map((number) => async () => {
      parts[number - 1] = await part(server.client, path, id, number, String(number));
    }),
  );
  // Nobody wants to send gigabytes to see that completing moves none of them.
  const text = "update part set size = ? where upload = ? and number < ?";
  await server.order({ do: "d1", text, bindings: [MIN_PART, id, count] });
  return parts;
}

describe("a multipart upload", () => {
  it("costs one call of D1 and one put a part", async () => {
    const path = at(bucket, freshKey());
    const id = await begin(server.client, path);
    for (let number = 1; number <= 20; number++) await part(server.client, path, id, number, "x");
    await hold({ d1: 1, classA: 1 }, { read: 6, written: 2 }, (client) =>
      client.put(partPath(path, id, 21), "some bytes"),
    );
  });

  it("costs no more when a part is uploaded again", async () => {
    const path = at(bucket, freshKey());
    const id = await begin(server.client, path);
    for (let times = 0; times < 20; times++) await part(server.client, path, id, 1, `x${times}`);
    await hold({ d1: 1, classA: 1 }, { read: 6, written: 2 }, (client) =>
      client.put(partPath(path, id, 1), "some bytes"),
    );
  });

  for (const count of [1, 3, 300]) {
    it(`of ${count} ${count === 1 ? "part" : "parts"} is completed by one call of the index and two of D1`, async () => {
      const ready = new Map<string, { path: string; parts: Part[] }>();
      await hold(
        { index: 1, d1: 2 },
        { read: 2 * count + 12, written: Math.floor(count + count / 256 + 10) },
        (client, id) => {
          const { path = "", parts = [] } = ready.get(id) ?? {};
          return complete(client, path, id, parts);
        },
        async () => {
          const path = at(bucket, freshKey());
          const id = await begin(server.client, path);
          ready.set(id, { path, parts: await longUpload(path, id, count) });
          return id;
        },
      );
    });
  }
});

describe("DeleteObjects", () => {
  it("of two hundred keys costs one call", async () => {
    const count = 200;
    await hold(
      { index: 1 },
      { read: 4 * count + 4, written: 3 * count + 4 },
      (client, body) => client.post(`/${bucket}?delete`, body, { "x-amz-checksum-sha256": sha256(body) }),
      async () => {
        const folder = freshKey();
        const keys = Array.from({ length: count }, (_, i) => `${folder}/${i}`);
        await inBatches(keys.map((key) => () => server.client.put(at(bucket, key), "bytes")));
        const objects = keys.map((key) => `<Object><Key>${escapeXml(key)}</Key></Object>`);
        return `<Delete>${objects.join("")}</Delete>`;
      },
    );
  });
});

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("base64");
}
