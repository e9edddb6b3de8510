import { beforeEach, describe, expect, it } from "vitest";
import { audit } from "../support/audit.ts";
import { cut, encodeChunks } from "../support/chunk-signer.ts";
import { answered, refused } from "../support/expect.ts";
import { useServer } from "../support/server.ts";
import { speak, verdictOf } from "../support/socket.ts";
import { ROOT_SECRET } from "../support/test-server.ts";
import { begin, partPath } from "../support/uploads.ts";
import { xml } from "../support/xml.ts";

const server = useServer();
const GIB = 1024 ** 3;
let bucket: string;
let id: string;

beforeEach(async () => {
  bucket = await server.bucket();
  id = await server.idOf(bucket);
  answered(await server.client.put(`/${bucket}/k`, "the old one"), 200);
});

/** Nothing has happened: the old object is whole, there is no other, and nothing lies about. */
async function expectUntouched(): Promise<void> {
  expect((await server.client.get(`/${bucket}/k`)).text).toBe("the old one");
  const { text } = await server.client.get(`/${bucket}?list-type=2`);
  expect(xml(text).texts("Contents/Key")).toEqual(["k"]);
  const { named, litter, parts, orphans } = await audit(server, id);
  expect([named.length, litter, parts, orphans]).toEqual([1, [], [], []]);
}

/** Headers of a signed request whose body is not looked at. */
async function signed(method: string, path: string, more: Record<string, string> = {}) {
  const said = { "x-amz-content-sha256": "UNSIGNED-PAYLOAD", ...more };
  return server.client.sign(method, path, said);
}

async function say(
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: Uint8Array,
): Promise<[status: number, code: string | undefined]> {
  return verdictOf(await speak(server.url, { method, path, headers, ...(body && { body }) }));
}

describe("a client that hangs up", () => {
  const WAYS: [name: string, headers: Record<string, string>][] = [
    ["in an unsigned body", {}],
    ["in a signed body", { "x-amz-content-sha256": "0".repeat(64) }],
    ["in a body with a checksum", { "x-amz-checksum-crc32": "AAAAAA==" }],
    ["in a body with a Content-MD5", { "content-md5": Buffer.alloc(16).toString("base64") }],
  ];
  for (const [name, more] of WAYS) {
    it(`${name} leaves nothing`, async () => {
      for (const key of ["k", "new"]) {
        const path = `/${bucket}/${key}`;
        const { headers } = await signed("PUT", path, more);
        const body = Buffer.alloc(100_000, "x");
        const said = { ...headers, "content-length": "5000000" };
        await speak(server.url, { method: "PUT", path, headers: said, body, hangUp: true });
      }
      await expectUntouched();
    });
  }

  it("in the middle of signed chunks leaves nothing", async () => {
    const path = `/${bucket}/k`;
    const data = Buffer.alloc(200_000, "x");
    const { headers, signature, timestamp } = await signed("PUT", path, {
      "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
      "x-amz-decoded-content-length": String(data.length),
    });
    const signing = { secret: ROOT_SECRET, timestamp, region: "us-east-1", seed: signature };
    const wire = encodeChunks({ chunks: cut(data, 65_536), signing });
    const said = { ...headers, "content-length": String(wire.length) };
    for (const sent of [100, 70_000, wire.length - 10]) {
      const body = wire.subarray(0, sent);
      await speak(server.url, { method: "PUT", path, headers: said, body, hangUp: true });
    }
    await expectUntouched();
  });

  it("in a part leaves no part", async () => {
    const upload = await begin(server.client, `/${bucket}/k`);
    const path = partPath(`/${bucket}/k`, upload, 1);
    const { headers } = await signed("PUT", path);
    const said = { ...headers, "content-length": "5000000" };
    const body = Buffer.alloc(100_000, "x");
    await speak(server.url, { method: "PUT", path, headers: said, body, hangUp: true });
    await expectUntouched();
    const { text } = await server.client.get(`/${bucket}/k?uploadId=${upload}`);
    expect(xml(text).all("Part")).toEqual([]);
  });

  it("in a document leaves everything as it was", async () => {
    const path = `/${bucket}?delete`;
    const { headers } = await signed("POST", path, { "x-amz-checksum-crc32": "AAAAAA==" });
    const said = { ...headers, "content-length": "500" };
    const body = Buffer.from("<Delete><Object><Key>k</Key></Object></Delete>");
    await speak(server.url, { method: "POST", path, headers: said, body, hangUp: true });
    await expectUntouched();
  });
});

describe("a body of unknown length", () => {
  it("is refused if nothing is said of it at all", async () => {
    const path = `/${bucket}/k`;
    const { headers } = await signed("PUT", path);
    expect(await say("PUT", path, headers)).toEqual([411, "MissingContentLength"]);
    await expectUntouched();
  });

  it("is refused if it comes in chunks of HTTP's own", async () => {
    const path = `/${bucket}/k`;
    const { headers } = await signed("PUT", path);
    const chunked = { ...headers, "transfer-encoding": "chunked" };
    const body = Buffer.from("5\r\nbytes\r\n0\r\n\r\n");
    expect(await say("PUT", path, chunked, body)).toEqual([411, "MissingContentLength"]);
    await expectUntouched();
  });

  it("is taken if its chunks of HTTP's own hold chunks of Amazon's, whose length is said", async () => {
    const path = `/${bucket}/new`;
    const { headers } = await signed("PUT", path, {
      "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
      "x-amz-decoded-content-length": "5",
    });
    const inner = encodeChunks({ chunks: [Buffer.from("bytes")], trailers: [] });
    const body = Buffer.concat([
      Buffer.from(`${inner.length.toString(16)}\r\n`),
      inner,
      Buffer.from("\r\n0\r\n\r\n"),
    ]);
    const chunked = { ...headers, "transfer-encoding": "chunked" };
    expect(await say("PUT", path, chunked, body)).toEqual([200, undefined]);
    expect((await server.client.get(path)).text).toBe("bytes");
  });

  it("is refused for a part and for documents, too", async () => {
    const upload = await begin(server.client, `/${bucket}/k`);
    const part = partPath(`/${bucket}/k`, upload, 1);
    for (const [method, path] of [
      ["PUT", part],
      ["POST", `/${bucket}/k?uploadId=${upload}`],
      ["POST", `/${bucket}?delete`],
    ] as const) {
      const { headers } = await signed(method, path);
      expect([path, ...(await say(method, path, headers))]).toEqual([path, 411, "MissingContentLength"]);
    }
    await expectUntouched();
  });
});

describe("a body that is too long", () => {
  for (const [name, more, length] of [
    ["by its Content-Length", {}, { "content-length": String(5 * GIB + 1) }],
    [
      "by the length of what its chunks hold",
      {
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-decoded-content-length": String(5 * GIB + 1),
      },
      { "content-length": String(5 * GIB + 9000) },
    ],
  ] as const) {
    it(`${name} is refused before it has come`, async () => {
      const upload = await begin(server.client, `/${bucket}/k`);
      for (const path of [`/${bucket}/k`, partPath(`/${bucket}/k`, upload, 1)]) {
        const { headers } = await signed("PUT", path, more);
        const said = { ...headers, ...length };
        expect(await say("PUT", path, said)).toEqual([400, "EntityTooLarge"]);
        expect(await say("PUT", path, { ...said, expect: "100-continue" })).toEqual([400, "EntityTooLarge"]);
      }
      await expectUntouched();
    });
  }

  it("is refused before it has come if it is to be a document", async () => {
    const upload = await begin(server.client, `/${bucket}/k`);
    for (const path of [`/${bucket}?delete`, `/${bucket}/k?uploadId=${upload}`]) {
      const { headers } = await signed("POST", path, { "x-amz-checksum-crc32": "AAAAAA==" });
      const said = { ...headers, "content-length": "50000000" };
      expect(await say("POST", path, said)).toEqual([400, "MaxMessageLengthExceeded"]);
    }
    await expectUntouched();
  });

  it("is not one of as many bytes as are allowed", async () => {
    const path = `/${bucket}/k`;
    const { headers } = await signed("PUT", path);
    const said = { ...headers, "content-length": String(5 * GIB) };
    await speak(server.url, { method: "PUT", path, headers: said, body: Buffer.from("x"), hangUp: true });
    await expectUntouched();
  });

  for (const length of ["-1", "1e3", "abc", "9".repeat(30)]) {
    it(`has a length that is a number, not ${length}`, async () => {
      const { status } = await server.client.send("PUT", `/${bucket}/k`, {
        headers: {
          "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
          "x-amz-decoded-content-length": length,
        },
        body: encodeChunks({ chunks: [], trailers: [] }),
      });
      expect(status).toBe(400);
      await expectUntouched();
    });
  }
});

describe("a client that asks before it sends its body", () => {
  it("is told to go on, and its body is stored", async () => {
    const path = `/${bucket}/new`;
    const { headers } = await signed("PUT", path);
    const said = { ...headers, "content-length": "5", expect: "100-continue" };
    const heard = await speak(server.url, { method: "PUT", path, headers: said, body: Buffer.from("bytes") });
    expect(heard).toMatch(/^HTTP\/1\.1 100 /);
    expect(verdictOf(heard)).toEqual([200, undefined]);
    expect((await server.client.get(path)).text).toBe("bytes");
  });

  it("is refused at once if its request is", async () => {
    const path = `/${bucket}/k`;
    const { headers } = await signed("PUT", path, { "x-amz-storage-class": "LUKEWARM" });
    const said = { ...headers, "content-length": "5000000", expect: "100-continue" };
    expect(await say("PUT", path, said)).toEqual([400, "InvalidStorageClass"]);
    const { headers: denied } = await signed("PUT", "/not-there/k");
    const to = { ...denied, "content-length": "5000000", expect: "100-continue" };
    expect(await say("PUT", "/not-there/k", to)).toEqual([404, "NoSuchBucket"]);
    await expectUntouched();
  });
});

describe("a body that nobody asked for", () => {
  it("changes nothing about a request that has none", async () => {
    const body = "<some>thing</some>";
    expect((await server.client.send("GET", `/${bucket}/k`, { body })).text).toBe("the old one");
    answered(await server.client.send("DELETE", `/${bucket}/none`, { body }), 204);
    refused(await server.client.send("GET", `/${bucket}/none`, { body }), 404, "NoSuchKey");
    await expectUntouched();
  });
});
