import { createHash } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { audit } from "../support/audit.ts";
import { ALGORITHMS, type Algorithm, checksum } from "../support/checksums.ts";
import { answered, refused } from "../support/expect.ts";
import { useServer } from "../support/server.ts";
import { begin, completion, MIN_PART, type Part, part, partPath } from "../support/uploads.ts";
import { xml } from "../support/xml.ts";

const server = useServer();
let bucket: string;

beforeAll(async () => {
  bucket = await server.bucket();
});

const CRCS = {
  CRC32: [0, 0xedb88320],
  CRC32C: [0, 0x82f63b78],
  CRC64NVME: [0x9a6c9329, 0xac4bc9b5],
} as const;
type Type = "FULL_OBJECT" | "COMPOSITE";

const isCrc = (algorithm: Algorithm): algorithm is keyof typeof CRCS => algorithm in CRCS;

/** Remainders of each byte, as two halves of 32 bits. */
function tablesOf([polyHigh, polyLow]: readonly [number, number]) {
  const [highs, lows] = [new Uint32Array(256), new Uint32Array(256)];
  for (let byte = 0; byte < 256; byte++) {
    let [high, low] = [0, byte];
    for (let bit = 0; bit < 8; bit++) {
      const odd = (low & 1) === 1;
      low = (low >>> 1) | (high << 31);
      high >>>= 1;
      if (odd) [high, low] = [high ^ polyHigh, low ^ polyLow];
    }
    [highs[byte], lows[byte]] = [high >>> 0, low >>> 0];
  }
  return { highs, lows };
}

function crcOf(algorithm: keyof typeof CRCS, data: Uint8Array): Buffer {
  const { highs, lows } = tablesOf(CRCS[algorithm]);
  const wide = algorithm === "CRC64NVME";
  let [high, low] = [wide ? -1 : 0, -1];
  for (const byte of data) {
    const place = (low ^ byte) & 255;
    low = ((low >>> 8) | (high << 24)) ^ (lows[place] ?? 0);
    high = (high >>> 8) ^ (highs[place] ?? 0);
  }
  const digest = Buffer.alloc(8);
  digest.writeUInt32BE(~high >>> 0, 0);
  digest.writeUInt32BE(~low >>> 0, 4);
  return wide ? digest : digest.subarray(4);
}

/** xxHashes that were asked for, by algorithm and SHA-256: those of the definition take half a second a part. */
const known = new Map<string, Buffer>();

function xxhashOf(algorithm: Algorithm, data: Uint8Array): Buffer {
  const name = `${algorithm} ${createHash("sha256").update(data).digest("hex")}`;
  const digest = known.get(name) ?? Buffer.from(checksum(algorithm, data), "base64");
  known.set(name, digest);
  return digest;
}

/** The digest of some bytes, written apart from src and, but for xxHash, from the bitwise one of the other tests. */
function digestOf(algorithm: Algorithm, data: Uint8Array): Buffer {
  if (isCrc(algorithm)) return crcOf(algorithm, data);
  if (algorithm.startsWith("XXHASH")) return xxhashOf(algorithm, data);
  return createHash(algorithm.toLowerCase()).update(data).digest();
}

const base64 = (algorithm: Algorithm, data: Uint8Array | string) =>
  digestOf(algorithm, Buffer.from(data)).toString("base64");
const header = (algorithm: Algorithm) => `x-amz-checksum-${algorithm.toLowerCase()}`;
const member = (algorithm: Algorithm) => `Checksum${algorithm}`;

/** Unequal parts, the last but one being the largest. */
const PARTS = [patterned(MIN_PART, 7), patterned(MIN_PART + 4099, 31), patterned(13, 3)];

function patterned(length: number, step: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * step + (i >>> 9)) & 255;
  return bytes;
}

function wholeOf(algorithm: Algorithm, type: Type, parts: readonly Buffer[]): string {
  if (type === "FULL_OBJECT") return base64(algorithm, Buffer.concat(parts));
  const digests = parts.map((data) => digestOf(algorithm, data));
  return `${base64(algorithm, Buffer.concat(digests))}-${parts.length}`;
}

const planned = (algorithm: string, type?: string) => ({
  "x-amz-checksum-algorithm": algorithm,
  ...(type !== undefined && { "x-amz-checksum-type": type }),
});

/** Uploads these parts with their checksums, and expects each to be shown. */
async function uploadParts(path: string, id: string, algorithm: Algorithm, bodies: Buffer[]) {
  const parts: Part[] = [];
  for (const [index, body] of bodies.entries()) {
    const value = base64(algorithm, body);
    const sent = { [header(algorithm)]: value };
    const { headers } = answered(await server.client.put(partPath(path, id, index + 1), body, sent), 200);
    expect(headers[header(algorithm)]).toBe(value);
    parts.push({ number: index + 1, etag: String(headers.etag) });
  }
  return parts;
}

const SHOW = { "x-amz-checksum-mode": "ENABLED" };

/** What a read shows of an object's checksum. */
async function shownOf(path: string, algorithm: Algorithm) {
  const { headers } = answered(
    await server.client.head(path, SHOW),
    path.includes("partNumber=") ? 206 : 200,
  );
  return [headers[header(algorithm)], headers["x-amz-checksum-type"]];
}

const attributesOf = async (path: string, names: string) =>
  xml(
    answered(await server.client.get(`${path}?attributes`, { "x-amz-object-attributes": names }), 200).text,
  );

describe("the checksums of this file", () => {
  it.each(["CRC32", "CRC32C", "CRC64NVME"] as const)("are those of the definition: %s", (algorithm) => {
    for (const text of ["", "a", "123456789", "x".repeat(1000)]) {
      expect(base64(algorithm, text)).toBe(checksum(algorithm, text));
    }
  });
});

const PLANS: [Algorithm, Type][] = ALGORITHMS.flatMap((algorithm): [Algorithm, Type][] => {
  if (algorithm === "CRC64NVME") return [[algorithm, "FULL_OBJECT"]];
  return isCrc(algorithm)
    ? [
        [algorithm, "COMPOSITE"],
        [algorithm, "FULL_OBJECT"],
      ]
    : [[algorithm, "COMPOSITE"]];
});

describe.each(PLANS)("an upload with %s of type %s", (algorithm, type) => {
  const expected = wholeOf(algorithm, type, PARTS);
  const values = PARTS.map((body) => base64(algorithm, body));
  const total = String(PARTS.reduce((sum, { length }) => sum + length, 0));

  it("shows it of its parts and of the whole, and only takes true claims of it", async () => {
    const path = `/${bucket}/${algorithm}-${type}`;
    const began = answered(await server.client.post(`${path}?uploads`, "", planned(algorithm, type)), 200);
    expect(began.headers).toMatchObject(planned(algorithm, type));
    const id = xml(began.text).get("UploadId") ?? "";
    const parts = await uploadParts(path, id, algorithm, PARTS);

    const listed = xml((await server.client.get(`${path}?uploadId=${id}`)).text);
    expect(listed.texts(`Part/${member(algorithm)}`)).toEqual(values);
    expect([listed.get("ChecksumAlgorithm"), listed.get("ChecksumType")]).toEqual([algorithm, type]);

    const send = (claims: Record<string, string>) =>
      server.client.post(`${path}?uploadId=${id}`, completion(parts), claims);
    const wrong = base64(algorithm, "other bytes") + (type === "COMPOSITE" ? "-3" : "");
    const error = refused(await send({ [header(algorithm)]: wrong }), 400, "BadDigest");
    expect(error.get("Message")?.toUpperCase()).toContain(algorithm);
    const other = type === "COMPOSITE" ? "FULL_OBJECT" : "COMPOSITE";
    refused(await send({ "x-amz-checksum-type": other }), 400, "InvalidRequest");
    refused(await send({ "x-amz-mp-object-size": String(Number(total) - 1) }), 400, "InvalidRequest");
    const another = ALGORITHMS[(ALGORITHMS.indexOf(algorithm) + 1) % ALGORITHMS.length] ?? "CRC32";
    refused(await send({ [header(another)]: base64(another, "other bytes") }), 400, "InvalidRequest");
    expect((await server.client.head(path)).status).toBe(404);

    const claims = {
      [header(algorithm)]: expected,
      "x-amz-checksum-type": type,
      "x-amz-mp-object-size": total,
    };
    for (let times = 0; times < 2; times++) {
      const { text } = answered(await send(claims), 200);
      expect([xml(text).get(member(algorithm)), xml(text).get("ChecksumType")]).toEqual([expected, type]);
    }

    expect(await shownOf(path, algorithm)).toEqual([expected, type]);
    for (const [index, value] of values.entries()) {
      expect((await shownOf(`${path}?partNumber=${index + 1}`, algorithm))[0]).toBe(value);
    }
    const attributes = await attributesOf(path, "Checksum,ObjectParts,ObjectSize");
    expect(attributes.get(`Checksum/${member(algorithm)}`)).toBe(expected);
    expect(attributes.get("Checksum/ChecksumType")).toBe(type);
    expect(attributes.texts(`ObjectParts/Part/${member(algorithm)}`)).toEqual(values);
    expect(attributes.texts("ObjectParts/Part/Size")).toEqual(PARTS.map(({ length }) => String(length)));
    const list = xml((await server.client.get(`/${bucket}?versions&prefix=${algorithm}-${type}`)).text);
    expect([list.get("Version/ChecksumAlgorithm"), list.get("Version/ChecksumType")]).toEqual([
      algorithm,
      type,
    ]);
  });
});

describe("an upload", () => {
  it.each([
    ["CRC32", "COMPOSITE"],
    ["crc32c", "COMPOSITE"],
    ["CRC64NVME", "FULL_OBJECT"],
    ["SHA1", "COMPOSITE"],
    ["sha256", "COMPOSITE"],
    ["XXHASH64", "COMPOSITE"],
    ["xxhash3", "COMPOSITE"],
    ["XXHASH128", "COMPOSITE"],
  ])("with %s and no type is of type %s", async (algorithm, type) => {
    const { headers } = answered(
      await server.client.post(`/${bucket}/d?uploads`, "", planned(algorithm)),
      200,
    );
    expect(headers).toMatchObject(planned(algorithm.toUpperCase(), type));
  });

  it.each([
    ["COMPOSITE", "CRC64NVME"],
    ["FULL_OBJECT", "SHA1"],
    ["FULL_OBJECT", "SHA256"],
    ["SOME", "CRC32"],
    ["COMPOSITE", "CRC16"],
    ["FULL_OBJECT", "MD5"],
    ["FULL_OBJECT", "XXHASH64"],
    ["FULL_OBJECT", "XXHASH3"],
    ["FULL_OBJECT", "XXHASH128"],
  ])("of type %s with %s does not begin", async (type, algorithm) => {
    const answer = await server.client.post(`/${bucket}/d?uploads`, "", planned(algorithm, type));
    refused(answer, 400, "InvalidRequest");
  });

  it("has no type without an algorithm", async () => {
    const headers = { "x-amz-checksum-type": "COMPOSITE" };
    refused(await server.client.post(`/${bucket}/d?uploads`, "", headers), 400, "InvalidRequest");
  });

  it("takes no part with another checksum, a wrong one or none, and keeps nothing of it", async () => {
    const path = `/${bucket}/strict`;
    const id = await begin(server.client, path, planned("SHA256", "COMPOSITE"));
    const before = await audit(server, await server.idOf(bucket));
    const send = (headers: Record<string, string>) =>
      server.client.put(partPath(path, id, 1), "bytes", headers);
    const error = refused(await send({ [header("CRC32")]: base64("CRC32", "bytes") }), 400, "InvalidRequest");
    expect(error.get("Message")).toBe(
      "Checksum Type mismatch occurred, expected checksum Type: sha256, actual checksum Type: crc32",
    );
    const none = refused(await send({}), 400, "InvalidRequest");
    expect(none.get("Message")).toMatch(/expected checksum Type: sha256, actual checksum Type: null$/);
    refused(await send({ [header("SHA256")]: base64("SHA256", "other") }), 400, "BadDigest");
    const listed = xml((await server.client.get(`${path}?uploadId=${id}`)).text);
    expect(listed.all("Part")).toEqual([]);
    const { orphans, parts } = await audit(server, await server.idOf(bucket));
    expect({ orphans, parts }).toEqual({ orphans: before.orphans, parts: before.parts });
  });

  it("is completed only if what is claimed of each part is true", async () => {
    const path = `/${bucket}/claimed`;
    const id = await begin(server.client, path, planned("CRC32C", "FULL_OBJECT"));
    const [only] = await uploadParts(path, id, "CRC32C", [Buffer.from("bytes")]);
    const send = (value: string) =>
      server.client.post(
        `${path}?uploadId=${id}`,
        completion([only ?? { number: 1, etag: "" }]).replace(
          "</Part>",
          `<ChecksumCRC32C>${value}</ChecksumCRC32C></Part>`,
        ),
      );
    refused(await send(base64("CRC32C", "other")), 400, "InvalidPart");
    answered(await send(base64("CRC32C", "bytes")), 200);
  });

  it("without a checksum has none, and takes no claim that nobody could check", async () => {
    const path = `/${bucket}/plain`;
    const id = await begin(server.client, path);
    const parts = [await part(server.client, path, id, 1, "bytes")];
    const claim = { [header("CRC32")]: base64("CRC32", "other") };
    refused(
      await server.client.post(`${path}?uploadId=${id}`, completion(parts), claim),
      400,
      "InvalidRequest",
    );
    const { text } = answered(await server.client.post(`${path}?uploadId=${id}`, completion(parts)), 200);
    expect(text).not.toContain("Checksum");
    expect(await shownOf(path, "CRC32")).toEqual([undefined, undefined]);
  });

  it.each(PLANS)("of parts without bytes has a checksum too: %s, %s", async (algorithm, type) => {
    const path = `/${bucket}/empty-${algorithm}-${type}`;
    const id = await begin(server.client, path, planned(algorithm, type));
    const parts = await uploadParts(path, id, algorithm, [Buffer.alloc(0)]);
    answered(await server.client.post(`${path}?uploadId=${id}`, completion(parts)), 200);
    expect(await shownOf(path, algorithm)).toEqual([wholeOf(algorithm, type, [Buffer.alloc(0)]), type]);
    const { status, headers } = await server.client.head(`${path}?partNumber=1`, SHOW);
    expect([status, headers["content-length"], headers[header(algorithm)]]).toEqual([
      200,
      "0",
      base64(algorithm, ""),
    ]);
  });

  it("is checked by what its copied parts are, which need no checksum of the client's", async () => {
    const path = `/${bucket}/assembled`;
    answered(await server.client.put(`/${bucket}/source`, PARTS[1]), 200);
    for (const [algorithm, type] of PLANS) {
      const id = await begin(server.client, path, planned(algorithm, type));
      const etags: Part[] = [];
      const slices = [PARTS[1]?.subarray(3, MIN_PART + 3), PARTS[1]?.subarray(0, 9)].map(
        (slice) => slice ?? Buffer.alloc(0),
      );
      for (const [index, range] of [`bytes=3-${MIN_PART + 2}`, "bytes=0-8"].entries()) {
        const headers = { "x-amz-copy-source": `/${bucket}/source`, "x-amz-copy-source-range": range };
        const { text } = answered(await server.client.put(partPath(path, id, index + 1), "", headers), 200);
        expect(xml(text).get(member(algorithm))).toBe(base64(algorithm, slices[index] ?? ""));
        etags.push({ number: index + 1, etag: xml(text).get("ETag") ?? "" });
      }
      answered(await server.client.post(`${path}?uploadId=${id}`, completion(etags)), 200);
      expect(await shownOf(path, algorithm)).toEqual([wholeOf(algorithm, type, slices), type]);
    }
  });
});

describe("a copy", () => {
  const BODY = "some bytes to be copied";

  async function copied(to: string, source: string, headers: Record<string, string> = {}) {
    const { text } = answered(
      await server.client.put(to, "", { "x-amz-copy-source": source, ...headers }),
      200,
    );
    return xml(text);
  }

  async function targets(name: string): Promise<string[]> {
    return [`/${bucket}/${name}`, `/${await server.bucket()}/${name}`];
  }

  it.each(ALGORITHMS)(
    "gets the checksum that is asked for, whatever its source has: %s",
    async (algorithm) => {
      const sources: [path: string, body: string, headers: Record<string, string>][] = [
        [`/${bucket}/bare`, BODY, {}],
        [`/${bucket}/nothing`, "", {}],
        [`/${bucket}/summed`, BODY, { [header("CRC32")]: base64("CRC32", BODY) }],
      ];
      for (const [source, body, headers] of sources) {
        answered(await server.client.put(source, body, headers), 200);
        for (const to of await targets("asked")) {
          const result = await copied(to, source, planned(algorithm));
          const value = base64(algorithm, body);
          expect([result.get(member(algorithm)), result.get("ChecksumType")]).toEqual([value, "FULL_OBJECT"]);
          expect(await shownOf(to, algorithm)).toEqual([value, "FULL_OBJECT"]);
          const { headers: read, text } = await server.client.get(to, SHOW);
          const names = Object.keys(read).filter((name) => /^x-amz-checksum-(?!type)/.test(name));
          expect([text, names]).toEqual([body, [header(algorithm)]]);
        }
      }
    },
  );

  it("keeps its source's checksum if none is asked for", async () => {
    const value = base64("SHA256", BODY);
    answered(await server.client.put(`/${bucket}/known`, BODY, { [header("SHA256")]: value }), 200);
    for (const to of await targets("kept")) {
      const result = await copied(to, `/${bucket}/known`);
      expect([result.get("ChecksumSHA256"), result.get("ChecksumType")]).toEqual([value, "FULL_OBJECT"]);
      expect(await shownOf(to, "SHA256")).toEqual([value, "FULL_OBJECT"]);
    }
  });

  it("gets no checksum of an algorithm that there is not", async () => {
    answered(await server.client.put(`/${bucket}/bare`, BODY), 200);
    const headers = { "x-amz-copy-source": `/${bucket}/bare`, ...planned("CRC16") };
    refused(await server.client.put(`/${bucket}/crc16`, "", headers), 400, "InvalidRequest");
    refused(await server.client.get(`/${bucket}/crc16`), 404, "NoSuchKey");
  });

  it("of an object in parts says truly whether its checksum is of all bytes or of the parts", async () => {
    const path = `/${bucket}/in-parts`;
    const parts = PARTS.slice(1);
    const id = await begin(server.client, path, planned("SHA1", "COMPOSITE"));
    const listed = await uploadParts(path, id, "SHA1", parts);
    answered(await server.client.post(`${path}?uploadId=${id}`, completion(listed)), 200);
    const ofParts = wholeOf("SHA1", "COMPOSITE", parts);
    const ofBytes = wholeOf("CRC32", "FULL_OBJECT", parts);
    for (const to of await targets("of-parts")) {
      const kept = await copied(to, path);
      const truth = { COMPOSITE: ofParts, FULL_OBJECT: base64("SHA1", Buffer.concat(parts)) };
      const type = kept.get("ChecksumType") as Type;
      expect(kept.get("ChecksumSHA1")).toBe(truth[type]);
      // What says that it is of the parts has parts: their number stands in its etag too.
      expect(/-2"$/.test(kept.get("ETag") ?? "")).toBe(type === "COMPOSITE");
      const asked = await copied(to, path, planned("CRC32"));
      expect([asked.get("ChecksumCRC32"), asked.get("ChecksumType")]).toEqual([ofBytes, "FULL_OBJECT"]);
      expect(await shownOf(to, "CRC32")).toEqual([ofBytes, "FULL_OBJECT"]);
    }
  });
});
