import { beforeAll, describe, expect, it } from "vitest";
import { audit } from "../support/audit.ts";
import { ALGORITHMS, type Algorithm, checksum, checksumHeader } from "../support/checksums.ts";
import { type ChunkedBody, cut, encodeChunks } from "../support/chunk-signer.ts";
import type { Answer } from "../support/client.ts";
import { answered, refused } from "../support/expect.ts";
import { useServer } from "../support/server.ts";
import { ROOT_SECRET } from "../support/test-server.ts";
import { xml } from "../support/xml.ts";

const server = useServer();
let bucket: string;
let id: string;

beforeAll(async () => {
  bucket = await server.bucket();
  id = await server.idOf(bucket);
});

/** Long enough for several signed chunks. */
const BODY = Buffer.from("0123456789abcdef".repeat(2000));

type Way = (path: string, algorithm: Algorithm, value: string, body: Buffer) => Promise<Answer>;

/** Sends an aws-chunked body, its chunks and trailers signed or not, its checksum perhaps behind it. */
async function sendChunked(
  path: string,
  body: Buffer,
  { signed, trailer }: { signed: boolean; trailer?: [name: string, value: string] },
  spoil: (wire: Buffer) => Uint8Array = (wire) => wire,
): Promise<Answer> {
  const kind = signed ? "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" : "STREAMING-UNSIGNED-PAYLOAD";
  const { headers, signature, timestamp } = await server.client.sign("PUT", path, {
    "content-encoding": "aws-chunked",
    "x-amz-content-sha256": trailer === undefined ? kind : `${kind}-TRAILER`,
    "x-amz-decoded-content-length": String(body.length),
    ...(trailer && { "x-amz-trailer": trailer[0] }),
  });
  const { region } = server.client.settings;
  const chunked: ChunkedBody = {
    chunks: cut(body, 9000),
    ...(signed && { signing: { secret: ROOT_SECRET, timestamp, region, seed: signature } }),
    ...(trailer && { trailers: [trailer] }),
  };
  return server.client.sendSigned("PUT", path, headers, spoil(Buffer.from(encodeChunks(chunked))));
}

const WAYS: [name: string, way: Way][] = [
  [
    "in a header",
    (path, algorithm, value, body) => server.client.put(path, body, { [checksumHeader(algorithm)]: value }),
  ],
  [
    "in a header of an unsigned body",
    (path, algorithm, value, body) =>
      server.client.put(path, body, {
        [checksumHeader(algorithm)]: value,
        "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
      }),
  ],
  [
    "in a trailer of unsigned chunks",
    (path, algorithm, value, body) =>
      sendChunked(path, body, { signed: false, trailer: [checksumHeader(algorithm), value] }),
  ],
  [
    "in a signed trailer of signed chunks",
    (path, algorithm, value, body) =>
      sendChunked(path, body, { signed: true, trailer: [checksumHeader(algorithm), value] }),
  ],
];

for (const algorithm of ALGORITHMS) {
  const header = checksumHeader(algorithm);

  describe(`a ${algorithm}`, () => {
    for (const [name, way] of WAYS) {
      it(`${name} that is right is kept and shown`, async () => {
        const path = `/${bucket}/${algorithm}`;
        for (const body of [BODY, Buffer.from("x"), Buffer.alloc(0)]) {
          const value = checksum(algorithm, body);
          const { headers } = answered(await way(path, algorithm, value, body), 200);
          expect(headers[header]).toBe(value);
          expect(headers["x-amz-checksum-type"]).toBe("FULL_OBJECT");
          const asked = { "x-amz-checksum-mode": "ENABLED" };
          const get = answered(await server.client.get(path, asked), 200);
          expect([get.bytes.equals(body), get.headers[header]]).toEqual([true, value]);
          expect((await server.client.head(path, asked)).headers[header]).toBe(value);
          expect((await server.client.head(path)).headers[header]).toBeUndefined();
          // A range that leaves nothing out is the object.
          if (body.length > 0) {
            const ranged = await server.client.get(path, { ...asked, range: `bytes=0-${body.length}` });
            expect([ranged.status, ranged.headers[header]]).toEqual([206, value]);
          }
          expect(get.headers["content-encoding"]).toBeUndefined();
        }
        const { text } = await server.client.get(`/${bucket}?list-type=2&prefix=${algorithm}`);
        expect(xml(text).get("Contents/ChecksumAlgorithm")).toBe(algorithm);
        expect(xml(text).get("Contents/ChecksumType")).toBe("FULL_OBJECT");
      });

      it(`${name} that is wrong leaves nothing, and the old object whole`, async () => {
        const path = `/${bucket}/${algorithm}-wrong`;
        answered(await server.client.put(path, "the old one"), 200);
        const before = await audit(server, id);
        for (const body of [BODY, Buffer.alloc(0)]) {
          const value = checksum(algorithm, `${body} and more`);
          const error = refused(await way(path, algorithm, value, body), 400, "BadDigest");
          expect(error.get("Message")).toContain(algorithm);
          refused(await way(`${path}-new`, algorithm, value, body), 400, "BadDigest");
        }
        expect((await server.client.get(path)).text).toBe("the old one");
        refused(await server.client.get(`${path}-new`), 404, "NoSuchKey");
        expect(await audit(server, id)).toEqual(before);
      });

      it(`${name} that cannot be one is refused`, async () => {
        const path = `/${bucket}/${algorithm}-malformed`;
        for (const value of ["short", "not base64 at all!", checksum(algorithm, BODY).slice(0, -4)]) {
          refused(await way(path, algorithm, value, BODY), 400, "InvalidRequest");
        }
        refused(await server.client.get(path), 404, "NoSuchKey");
      });
    }
  });
}

describe("a body in signed chunks", () => {
  it("needs no trailer", async () => {
    for (const body of [BODY, Buffer.from("x"), Buffer.alloc(0)]) {
      answered(await sendChunked(`/${bucket}/chunked`, body, { signed: true }), 200);
      const { bytes, headers } = await server.client.get(`/${bucket}/chunked`);
      expect([bytes.equals(body), headers["content-length"]]).toEqual([true, String(body.length)]);
    }
  });

  type Spoil = (wire: Buffer) => Uint8Array;
  const SPOILT: [what: string, spoil: Spoil, status: number, code: string][] = [
    ["with a byte changed", (wire) => changed(wire, 12_000), 403, "SignatureDoesNotMatch"],
    ["with its first byte changed", (wire) => changed(wire, 100), 403, "SignatureDoesNotMatch"],
    [
      "that stops between two chunks",
      (wire) => wire.subarray(0, wire.indexOf("\r\n2328;", 200) + 2),
      400,
      "IncompleteBody",
    ],
    ["that stops in the middle of a chunk", (wire) => wire.subarray(0, 5000), 400, "IncompleteBody"],
    [
      "without its last chunk",
      (wire) => wire.subarray(0, wire.lastIndexOf("\r\n0;") + 2),
      400,
      "IncompleteBody",
    ],
    ["with something behind its end", (wire) => Buffer.concat([wire, BODY]), 400, "IncompleteBody"],
    ["that is not chunked", () => BODY, 400, "IncompleteBody"],
  ];

  for (const [what, spoil, status, code] of SPOILT) {
    it(`${what} leaves nothing, and the old object whole`, async () => {
      const path = `/${bucket}/spoilt`;
      answered(await server.client.put(path, "the old one"), 200);
      const before = await audit(server, id);
      refused(await sendChunked(path, BODY, { signed: true }, spoil), status, code);
      refused(await sendChunked(`${path}-new`, BODY, { signed: true }, spoil), status, code);
      expect((await server.client.get(path)).text).toBe("the old one");
      refused(await server.client.get(`${path}-new`), 404, "NoSuchKey");
      expect(await audit(server, id)).toEqual(before);
    });
  }
});

/** The bytes with one of them turned over. */
function changed(wire: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(wire);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

describe("a trailer", () => {
  it("that was announced and does not come is missed", async () => {
    const path = `/${bucket}/missed`;
    const trailer: [string, string] = ["x-amz-checksum-crc32", checksum("CRC32", BODY)];
    const without = (wire: Buffer) => wire.subarray(0, wire.lastIndexOf("x-amz-checksum-crc32"));
    const cutOff = (wire: Buffer) => Buffer.concat([without(wire), Buffer.from("\r\n")]);
    refused(await sendChunked(path, BODY, { signed: false, trailer }, cutOff), 400, "MalformedTrailerError");
    refused(await sendChunked(path, BODY, { signed: false, trailer }, without), 400, "IncompleteBody");
    refused(await server.client.get(path), 404, "NoSuchKey");
  });

  it("that was changed on its way is found out by its signature", async () => {
    const path = `/${bucket}/forged`;
    const trailer: [string, string] = ["x-amz-checksum-crc32", checksum("CRC32", BODY)];
    const forge = (wire: Buffer) => {
      const text = wire.toString("latin1");
      return Buffer.from(text.replace(trailer[1], checksum("CRC32", "forged")), "latin1");
    };
    const answer = await sendChunked(path, BODY, { signed: true, trailer }, forge);
    refused(answer, 403, "SignatureDoesNotMatch");
    refused(await server.client.get(path), 404, "NoSuchKey");
  });
});

describe("two checksums", () => {
  it("are one too many", async () => {
    const headers = {
      "x-amz-checksum-crc32": checksum("CRC32", "bytes"),
      "x-amz-checksum-sha1": checksum("SHA1", "bytes"),
    };
    refused(await server.client.put(`/${bucket}/two`, "bytes", headers), 400, "InvalidRequest");
    refused(await server.client.get(`/${bucket}/two`), 404, "NoSuchKey");
  });
});

describe("a chunked body's length", () => {
  it("has to be said", async () => {
    const path = `/${bucket}/unsaid`;
    const { headers } = await server.client.sign("PUT", path, {
      "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    });
    const wire = encodeChunks({ chunks: [BODY], trailers: [] });
    refused(await server.client.sendSigned("PUT", path, headers, wire), 411, "MissingContentLength");
    refused(await server.client.get(path), 404, "NoSuchKey");
  });

  it("has to be right", async () => {
    const path = `/${bucket}/mistaken`;
    for (const length of [BODY.length - 1, BODY.length + 1, 0]) {
      const { headers } = await server.client.sign("PUT", path, {
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-decoded-content-length": String(length),
      });
      const wire = encodeChunks({ chunks: cut(BODY, 9000), trailers: [] });
      refused(await server.client.sendSigned("PUT", path, headers, wire), 400, "IncompleteBody");
    }
    refused(await server.client.get(path), 404, "NoSuchKey");
  });
});
