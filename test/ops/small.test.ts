import { beforeAll, describe, expect, it } from "vitest";
import { audit } from "../support/audit.ts";
import { Budgets } from "../support/budgets.ts";
import { checksum, md5 } from "../support/checksums.ts";
import { answered, refused } from "../support/expect.ts";
import { useServer } from "../support/server.ts";

const LIMIT = 1024;
const server = useServer({ vars: { INLINE_BYTES: String(LIMIT), PLAIN_KEYS: "1" } });
let bucket: string;

beforeAll(async () => {
  bucket = await server.bucket();
});

const bytes = (length: number, seed: number) => Uint8Array.from({ length }, (_, at) => (at * 7 + seed) % 251);

describe("an object small enough for its bucket's index", () => {
  it("is put and read without R2, in one call of the index each", async () => {
    const body = bytes(LIMIT, 1);
    const put = answered(await server.client.put(`/${bucket}/small`, body), 200);
    expect(put.headers.etag).toBe(`"${md5(body)}"`);
    expect([put.bill.index, put.bill.classA]).toEqual([1, 0]);
    const got = answered(await server.client.get(`/${bucket}/small`), 200);
    expect([...got.bytes]).toEqual([...body]);
    expect(got.headers["content-length"]).toBe(String(LIMIT));
    expect([got.bill.index, got.bill.classB]).toEqual([1, 0]);
  });

  it("costs no more rows than any other", async () => {
    const budgets = await Budgets.of(server, bucket);
    const path = `/${bucket}/rows`;
    const body = bytes(100, 2);
    await budgets.hold(
      { index: 1 },
      { read: 6, written: 2 },
      (client, at) => client.put(at, body),
      async () => path,
    );
    await budgets.hold(
      { index: 1 },
      { read: 4, written: 0 },
      (client, at) => client.get(at),
      async () => path,
    );
  });

  it("is read by ranges", async () => {
    const body = bytes(300, 3);
    answered(await server.client.put(`/${bucket}/ranged`, body), 200);
    for (const [range, from, to] of [
      ["bytes=0-0", 0, 1],
      ["bytes=100-199", 100, 200],
      ["bytes=290-900", 290, 300],
      ["bytes=-5", 295, 300],
    ] as const) {
      const got = answered(await server.client.get(`/${bucket}/ranged`, { range }), 206);
      expect([...got.bytes]).toEqual([...body.slice(from, to)]);
      expect(got.headers["content-range"]).toBe(`bytes ${from}-${to - 1}/300`);
    }
    refused(await server.client.get(`/${bucket}/ranged`, { range: "bytes=300-" }), 416, "InvalidRange");
  });

  it("is held to the promises made of it, and kept only if they hold", async () => {
    const headers = { "x-amz-checksum-crc32": "AAAAAA==" };
    refused(await server.client.put(`/${bucket}/broken`, bytes(50, 4), headers), 400, "BadDigest");
    refused(
      await server.client.put(`/${bucket}/broken`, bytes(50, 4), {
        "content-md5": "1B2M2Y8AsgTpgAmY7PhCfg==",
      }),
      400,
      "BadDigest",
    );
    refused(await server.client.get(`/${bucket}/broken`), 404, "NoSuchKey");
  });

  it("gets S3's own checksum if its writer names none, as the bytes pass here anyway", async () => {
    const body = bytes(500, 6);
    const put = answered(await server.client.put(`/${bucket}/own`, body), 200);
    const expected = checksum("CRC64NVME", body);
    expect(put.headers["x-amz-checksum-crc64nvme"]).toBe(expected);
    const head = await server.client.head(`/${bucket}/own`, { "x-amz-checksum-mode": "ENABLED" });
    expect(head.headers["x-amz-checksum-crc64nvme"]).toBe(expected);
    expect(head.headers["x-amz-checksum-type"]).toBe("FULL_OBJECT");
    const large = answered(await server.client.put(`/${bucket}/own-large`, bytes(LIMIT + 1, 6)), 200);
    expect(large.headers["x-amz-checksum-crc64nvme"]).toBeUndefined();
  });

  it("copies inside its bucket and into another one", async () => {
    const body = bytes(200, 5);
    const other = await server.bucket();
    answered(await server.client.put(`/${bucket}/source`, body), 200);
    for (const to of [`/${bucket}/copy`, `/${other}/copy`]) {
      answered(await server.client.put(to, "", { "x-amz-copy-source": `/${bucket}/source` }), 200);
    }
    answered(await server.client.delete(`/${bucket}/source`), 204);
    for (const to of [`/${bucket}/copy`, `/${other}/copy`]) {
      expect([...answered(await server.client.get(to), 200).bytes]).toEqual([...body]);
    }
  });

  it("has versions like any other", async () => {
    const versions = await server.bucket();
    await server.version(versions);
    const ids: string[] = [];
    for (const seed of [6, 7]) {
      const put = answered(await server.client.put(`/${versions}/k`, bytes(20, seed)), 200);
      ids.push(String(put.headers["x-amz-version-id"]));
    }
    answered(await server.client.delete(`/${versions}/k`), 204);
    const got = await Promise.all(ids.map((id) => server.client.get(`/${versions}/k?versionId=${id}`)));
    expect(got.map((answer) => [...answered(answer, 200).bytes])).toEqual([
      [...bytes(20, 6)],
      [...bytes(20, 7)],
    ]);
  });

  it("leaves no litter behind when it is replaced or deleted, and the counters right", async () => {
    const fresh = await server.bucket();
    for (const seed of [1, 2, 3]) answered(await server.client.put(`/${fresh}/k`, bytes(30, seed)), 200);
    answered(await server.client.put(`/${fresh}/gone`, bytes(30, 1)), 200);
    answered(await server.client.delete(`/${fresh}/gone`), 204);
    const held = await audit(server, await server.idOf(fresh));
    expect(held).toEqual({ named: [], litter: [], parts: [], orphans: [] });
  });

  it("can be a part's source", async () => {
    const body = bytes(64, 8);
    answered(await server.client.put(`/${bucket}/part-source`, body), 200);
    const begun = answered(await server.client.post(`/${bucket}/joined?uploads`), 200);
    const id = /<UploadId>(.*)<\/UploadId>/.exec(begun.text)?.[1] ?? "";
    const copied = answered(
      await server.client.put(`/${bucket}/joined?partNumber=1&uploadId=${id}`, "", {
        "x-amz-copy-source": `/${bucket}/part-source`,
      }),
      200,
    );
    const etag = /<ETag>(.*)<\/ETag>/.exec(copied.text)?.[1] ?? "";
    const parts = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part></CompleteMultipartUpload>`;
    answered(await server.client.post(`/${bucket}/joined?uploadId=${id}`, parts), 200);
    expect([...answered(await server.client.get(`/${bucket}/joined`), 200).bytes]).toEqual([...body]);
  });
});

describe("an object that is not", () => {
  it("goes to R2: one byte more, or under a client's key", async () => {
    const put = answered(await server.client.put(`/${bucket}/large`, bytes(LIMIT + 1, 9)), 200);
    expect(put.bill.classA).toBe(1);
    const key = Buffer.alloc(32, 7);
    const headers = {
      "x-amz-server-side-encryption-customer-algorithm": "AES256",
      "x-amz-server-side-encryption-customer-key": key.toString("base64"),
      "x-amz-server-side-encryption-customer-key-md5": Buffer.from(md5(key), "hex").toString("base64"),
    };
    const sealed = answered(await server.client.put(`/${bucket}/sealed`, bytes(10, 9), headers), 200);
    expect(sealed.bill.classA).toBe(1);
  });
});

describe("a bucket whose index has grown large", () => {
  const grown = async (bytes: number) => {
    const large = await server.bucket();
    const index = await server.idOf(large);
    await server.order({ do: "call", index, method: "grow", args: [bytes] });
    return { large, index };
  };

  it("from 8 GB on keeps small objects' bytes in R2, behind the same answers", async () => {
    const { large, index } = await grown(8.1e9);
    const body = bytes(700, 11);
    const put = answered(await server.client.put(`/${large}/small`, body), 200);
    expect(put.headers.etag).toBe(`"${md5(body)}"`);
    expect([put.bill.index, put.bill.classA]).toEqual([2, 1]);
    const text = "select length(data) as data, body <> '' as blob from current";
    expect(await server.order({ do: "sql", index, text })).toEqual([{ data: null, blob: 1 }]);
    const checked = { "x-amz-checksum-mode": "ENABLED" };
    const got = answered(await server.client.get(`/${large}/small`, checked), 200);
    expect([...got.bytes]).toEqual([...body]);
    expect(got.headers["x-amz-checksum-crc64nvme"]).toBe(put.headers["x-amz-checksum-crc64nvme"]);
    expect(await audit(server, index)).toMatchObject({ litter: [], orphans: [] });
  });

  it("from 9.5 GB on takes nothing new, says so, leaves nothing behind, and still deletes", async () => {
    const { large, index } = await grown(1e9);
    answered(await server.client.put(`/${large}/here`, bytes(10, 12)), 200);
    await server.order({ do: "restart", index });
    await server.order({ do: "call", index, method: "grow", args: [9.6e9] });
    for (const length of [10, 5000]) {
      const full = await server.client.put(`/${large}/new`, bytes(length, 13));
      refused(full, 503, "SlowDown");
      expect(full.headers["retry-after"]).toMatch(/^\d+$/);
      refused(await server.client.get(`/${large}/new`), 404, "NoSuchKey");
    }
    answered(await server.client.delete(`/${large}/here`), 204);
    refused(await server.client.get(`/${large}/here`), 404, "NoSuchKey");
    expect(await audit(server, index)).toMatchObject({ named: [], orphans: [] });
  });
});
