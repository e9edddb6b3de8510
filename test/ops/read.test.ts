import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { md5 } from "../support/checksums.ts";
import { type Answer, encode, utf8 } from "../support/client.ts";
import { answered, refused } from "../support/expect.ts";
import { useServer } from "../support/server.ts";
import { MIN_PART, upload } from "../support/uploads.ts";

const server = useServer();
let bucket: string;

const TEN = "0123456789";
const WRITTEN = {
  "cache-control": "max-age=60, must-revalidate",
  "content-disposition": 'attachment; filename="a b.txt"',
  "content-encoding": "identity",
  "content-language": "de, en",
  "content-type": "text/plain; charset=utf-8",
  expires: "Thu, 01 Dec 2033 16:00:00 GMT",
  "x-amz-meta-colour": "blue",
  "x-amz-meta-empty": "",
};

beforeAll(async () => {
  bucket = await server.bucket();
  answered(await server.client.put(`/${bucket}/ten`, TEN, WRITTEN), 200);
  answered(await server.client.put(`/${bucket}/empty`), 200);
});

/** What an answer says of the object: all but what every answer has of its own. */
function shown({ headers }: Answer): Record<string, unknown> {
  const own = ["connection", "date", "server", "x-amz-id-2", "x-amz-request-id", "x-test-bill"];
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !own.includes(name)));
}

describe("a version that is not there", () => {
  it.each(["", "tagging", "attributes"])("is named by the error, with its key: %j", async (what) => {
    const [id, headers] = ["null", { "x-amz-object-attributes": "ETag" }];
    const path = `/${bucket}/none?${what === "" ? "" : `${what}&`}versionId=${id}`;
    const error = refused(await server.client.get(path, headers), 404, "NoSuchVersion");
    expect([error.get("Key"), error.get("VersionId")]).toEqual(["none", id]);
  });
});

describe("an object", () => {
  it("comes back with its bytes and with everything that its writer said", async () => {
    const answer = answered(await server.client.get(`/${bucket}/ten`), 200);
    expect(answer.text).toBe(TEN);
    expect(shown(answer)).toEqual({
      ...WRITTEN,
      "accept-ranges": "bytes",
      "content-length": "10",
      etag: `"${md5(TEN)}"`,
      "last-modified": expect.stringMatching(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/),
      "x-amz-server-side-encryption": "AES256",
    });
  });

  it("has the same headers when they are all that is asked for", async () => {
    for (const path of [`/${bucket}/ten`, `/${bucket}/empty`]) {
      const [get, head] = await Promise.all([server.client.get(path), server.client.head(path)]);
      expect([head.status, head.bytes.length, shown(head)]).toEqual([200, 0, shown(get)]);
    }
  });

  it("is of no particular type unless its writer named one", async () => {
    const { headers } = await server.client.get(`/${bucket}/empty`);
    expect(headers["content-type"]).toBe("binary/octet-stream");
  });

  it("may be empty", async () => {
    const { bytes, headers } = answered(await server.client.get(`/${bucket}/empty`), 200);
    expect([bytes.length, headers["content-length"], headers.etag]).toEqual([0, "0", `"${md5("")}"`]);
  });

  it("comes back byte for byte, whatever its encoding says and the client accepts", async () => {
    const zipped = gzipSync("some text, some text, some text");
    const headers = { "content-encoding": "gzip", "content-type": "text/html" };
    answered(await server.client.put(`/${bucket}/zipped`, zipped, headers), 200);
    for (const accepts of ["gzip, br", "identity", ""]) {
      const asked = { "accept-encoding": accepts };
      const answer = answered(await server.client.get(`/${bucket}/zipped`, asked), 200);
      expect(answer.bytes.equals(zipped)).toBe(true);
      expect(answer.headers).toMatchObject({ ...headers, "content-length": String(zipped.length) });
      const plain = await server.client.get(`/${bucket}/ten`, asked);
      expect([plain.text, plain.headers["content-length"]]).toEqual([TEN, "10"]);
    }
  });

  it("keeps every byte value in its place", async () => {
    const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7 + (i >> 8)) % 256);
    answered(await server.client.put(`/${bucket}/bytes`, bytes), 200);
    expect((await server.client.get(`/${bucket}/bytes`)).bytes.equals(bytes)).toBe(true);
  });

  it("keeps metadata in any language, byte for byte", async () => {
    const values = { "x-amz-meta-greek": "αβγ", "x-amz-meta-emoji": "😀 à", "x-amz-meta-latin": "café ÿ" };
    answered(await server.client.put(`/${bucket}/spoken`, "x", values), 200);
    const { headers } = await server.client.head(`/${bucket}/spoken`);
    for (const [name, value] of Object.entries(values)) expect(utf8(headers[name])).toBe(value);
  });

  it("is shown as the reader asks, without being changed", async () => {
    const asked = {
      "response-cache-control": "no-store",
      "response-content-disposition": "inline; filename*=UTF-8''%e2%82%ac.txt",
      "response-content-encoding": "x-none",
      "response-content-language": "fr",
      "response-content-type": "application/json",
      "response-expires": "Thu, 01 Dec 1994 16:00:00 GMT",
    };
    const query = Object.entries(asked).map(([name, value]) => `${name}=${encode(value)}`);
    for (const act of ["get", "head"] as const) {
      const { headers } = answered(await server.client[act](`/${bucket}/ten?${query.join("&")}`), 200);
      for (const [name, value] of Object.entries(asked)) {
        expect(headers[name.replace("response-", "")]).toBe(value);
      }
    }
    expect((await server.client.head(`/${bucket}/ten`)).headers).toMatchObject(WRITTEN);
  });
});

describe("a range", () => {
  const SATISFIED: [range: string, bytes: string, contentRange: string][] = [
    ["bytes=0-0", "0", "bytes 0-0/10"],
    ["bytes=9-9", "9", "bytes 9-9/10"],
    ["bytes=2-5", "2345", "bytes 2-5/10"],
    ["bytes=0-9", TEN, "bytes 0-9/10"],
    ["bytes=7-", "789", "bytes 7-9/10"],
    ["bytes=0-", TEN, "bytes 0-9/10"],
    ["bytes=7-99", "789", "bytes 7-9/10"],
    ["bytes=7-99999999999999999", "789", "bytes 7-9/10"],
    ["bytes=-1", "9", "bytes 9-9/10"],
    ["bytes=-3", "789", "bytes 7-9/10"],
    ["bytes=-10", TEN, "bytes 0-9/10"],
    ["bytes=-99", TEN, "bytes 0-9/10"],
  ];
  for (const [range, bytes, contentRange] of SATISFIED) {
    it(`is given as asked for: ${range}`, async () => {
      const get = answered(await server.client.get(`/${bucket}/ten`, { range }), 206);
      expect([get.text, get.headers["content-range"], get.headers["content-length"]]).toEqual([
        bytes,
        contentRange,
        String(bytes.length),
      ]);
      expect(get.headers).toMatchObject({ ...WRITTEN, etag: `"${md5(TEN)}"` });
      const head = await server.client.head(`/${bucket}/ten`, { range });
      expect([head.status, shown(head)]).toEqual([206, shown(get)]);
    });
  }

  for (const range of ["bytes=10-", "bytes=10-20", "bytes=99999999999-", "bytes=-0"]) {
    it(`is refused if no byte lies in it: ${range}`, async () => {
      const answer = await server.client.get(`/${bucket}/ten`, { range });
      const error = refused(answer, 416, "InvalidRange");
      expect([error.get("RangeRequested"), error.get("ActualObjectSize")]).toEqual([range, "10"]);
      expect(answer.headers["content-range"]).toBe("bytes */10");
      const head = await server.client.head(`/${bucket}/ten`, { range });
      expect([head.status, head.bytes.length]).toEqual([416, 0]);
    });
  }

  for (const range of ["bytes=0-", "bytes=0-0", "bytes=-1"]) {
    it(`has no byte in an empty object: ${range}`, async () => {
      refused(await server.client.get(`/${bucket}/empty`, { range }), 416, "InvalidRange");
    });
  }

  for (const range of ["bytes=5-2", "bytes=a-b", "bytes=", "bytes=-", "lines=0-1", "0-1", "bytes=0-1,3-4"]) {
    it(`that S3 does not know is passed over: ${range}`, async () => {
      const { text, headers } = answered(await server.client.get(`/${bucket}/ten`, { range }), 200);
      expect([text, headers["content-range"]]).toEqual([TEN, undefined]);
    });
  }
});

describe("an object of several parts", () => {
  const first = Buffer.alloc(MIN_PART, "a");
  const second = Buffer.alloc(MIN_PART + 3, "b");
  const bytes = Buffer.concat([first, second, Buffer.from("the end")]);
  const edge = first.length + second.length;
  let path: string;

  beforeAll(async () => {
    path = `/${bucket}/parts`;
    answered(await upload(server.client, path, [first, second, "the end"]), 200);
  });

  it("is one object to a reader", async () => {
    const { bytes: read, headers } = answered(await server.client.get(path), 200);
    expect([read.length, headers["content-length"]]).toEqual([bytes.length, String(bytes.length)]);
    expect(md5(read)).toBe(md5(bytes));
    expect(headers.etag).toMatch(/^"[0-9a-f]{32}-3"$/);
  });

  for (const [what, from, to] of [
    ["within its first part", 10, 20],
    ["to the last byte of a part", 10, MIN_PART - 1],
    ["over the edge between two parts", MIN_PART - 2, MIN_PART + 1],
    ["from the first byte of a part", edge, edge + 2],
    ["over all of its parts", MIN_PART - 1, edge],
    ["to its end", edge - 1, bytes.length - 1],
  ] as const) {
    it(`has ranges ${what}`, async () => {
      const answer = await server.client.get(path, { range: `bytes=${from}-${to}` });
      const { bytes: read, headers } = answered(answer, 206);
      expect(read.equals(bytes.subarray(from, to + 1))).toBe(true);
      expect(headers["content-range"]).toBe(`bytes ${from}-${to}/${bytes.length}`);
    });
  }

  it("has a last few bytes", async () => {
    expect((await server.client.get(path, { range: "bytes=-9" })).text).toBe("bbthe end");
  });

  it("can be read part by part", async () => {
    for (const [number, from, length] of [
      [1, 0, first.length],
      [2, first.length, second.length],
      [3, edge, 7],
    ] as const) {
      const get = answered(await server.client.get(`${path}?partNumber=${number}`), 206);
      expect(get.bytes.equals(bytes.subarray(from, from + length))).toBe(true);
      expect(get.headers["content-range"]).toBe(`bytes ${from}-${from + length - 1}/${bytes.length}`);
      expect(get.headers["x-amz-mp-parts-count"]).toBe("3");
      const head = await server.client.head(`${path}?partNumber=${number}`);
      expect([head.status, head.headers["content-length"]]).toEqual([206, String(length)]);
      expect(head.headers["x-amz-mp-parts-count"]).toBe("3");
    }
  });

  it("has no further part", async () => {
    refused(await server.client.get(`${path}?partNumber=4`), 416, "InvalidPartNumber");
    expect((await server.client.head(`${path}?partNumber=4`)).status).toBe(416);
  });
});

describe("a part number", () => {
  it("of an object that was put whole is 1, and it is the whole", async () => {
    const { text, headers } = answered(await server.client.get(`/${bucket}/ten?partNumber=1`), 206);
    expect([text, headers["content-range"]]).toEqual([TEN, "bytes 0-9/10"]);
    expect(headers["x-amz-mp-parts-count"]).toBeUndefined();
    refused(await server.client.get(`/${bucket}/ten?partNumber=2`), 416, "InvalidPartNumber");
  });

  for (const number of ["0", "-1", "10001", "one", "1.5", ""]) {
    it(`is one from 1 to 10000, not "${number}"`, async () => {
      const answer = await server.client.get(`/${bucket}/ten?partNumber=${number}`);
      expect(refused(answer, 400, "InvalidArgument").get("ArgumentName")).toBe("partNumber");
    });
  }

  it("does not go with a range", async () => {
    const answer = await server.client.get(`/${bucket}/ten?partNumber=1`, { range: "bytes=0-1" });
    refused(answer, 400, "InvalidRequest");
  });
});

describe("what is not there", () => {
  it("is said to be not there", async () => {
    const error = refused(await server.client.get(`/${bucket}/none`), 404, "NoSuchKey");
    expect(error.get("Key")).toBe("none");
    expect((await server.client.head(`/${bucket}/none`)).status).toBe(404);
    refused(await server.client.get(`/${bucket}/none`, { "if-match": "*" }), 404, "NoSuchKey");
    refused(await server.client.get(`/${bucket}/none`, { "if-none-match": "*" }), 404, "NoSuchKey");
    refused(await server.client.get(`/${bucket}/none`, { range: "bytes=0-1" }), 404, "NoSuchKey");
    refused(await server.client.get(`/${bucket}/none?partNumber=1`), 404, "NoSuchKey");
  });
});
