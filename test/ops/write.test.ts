import { beforeAll, describe, expect, it } from "vitest";
import { audit } from "../support/audit.ts";
import { checksum, md5 } from "../support/checksums.ts";
import { answered, refused } from "../support/expect.ts";
import { useServer } from "../support/server.ts";

const server = useServer();
let bucket: string;

beforeAll(async () => {
  bucket = await server.bucket();
});

const put = (key: string, body: string, headers: Record<string, string> = {}) =>
  server.client.put(`/${bucket}/${key}`, body, headers);

describe("PutObject", () => {
  it("answers with the etag, which is the MD5 of the bytes", async () => {
    for (const body of ["", "x", "some bytes"]) {
      const { headers, text } = answered(await put("etag", body), 200);
      expect([headers.etag, text]).toEqual([`"${md5(body)}"`, ""]);
    }
  });

  it("replaces the object with all that was said of it", async () => {
    const old = { "x-amz-meta-old": "1", "content-language": "de", "cache-control": "no-cache" };
    answered(await put("replaced", "the old and longer bytes", old), 200);
    answered(await put("replaced", "new", { "x-amz-meta-new": "2" }), 200);
    const { text, headers } = await server.client.get(`/${bucket}/replaced`);
    expect([text, headers["x-amz-meta-new"], headers["content-length"]]).toEqual(["new", "2", "3"]);
    expect(headers["x-amz-meta-old"]).toBeUndefined();
    expect([headers["content-language"], headers["cache-control"]]).toEqual([undefined, undefined]);
  });

  it("replaces bytes with none, and none with bytes", async () => {
    for (const body of ["bytes", "", "more", ""]) {
      answered(await put("changing", body), 200);
      const { text, headers } = answered(await server.client.get(`/${bucket}/changing`), 200);
      expect([text, headers["content-length"]]).toEqual([body, String(body.length)]);
    }
  });

  it("sets the time of last modification", async () => {
    const before = Math.floor(Date.now() / 1000) * 1000;
    answered(await put("timed", "x"), 200);
    const { headers } = await server.client.head(`/${bucket}/timed`);
    expect(Date.parse(String(headers["last-modified"]))).toBeGreaterThanOrEqual(before);
  });

  it("keeps `aws-chunked` out of what it keeps of the encoding", async () => {
    answered(await put("encoded", "x", { "content-encoding": "aws-chunked,gzip" }), 200);
    expect((await server.client.head(`/${bucket}/encoded`)).headers["content-encoding"]).toBe("gzip");
    answered(await put("encoded", "x", { "content-encoding": "aws-chunked" }), 200);
    expect((await server.client.head(`/${bucket}/encoded`)).headers["content-encoding"]).toBeUndefined();
  });

  it("into a bucket that is not there is refused", async () => {
    refused(await server.client.put("/not-there/k", "bytes"), 404, "NoSuchBucket");
  });

  it("by a stranger is refused, and changes nothing", async () => {
    answered(await put("mine", "mine"), 200);
    const { client } = await server.account("Stranger");
    refused(await client.put(`/${bucket}/mine`, "theirs"), 403, "AccessDenied");
    refused(await client.put(`/${bucket}/theirs`, "theirs"), 403, "AccessDenied");
    refused(await client.get(`/${bucket}/mine`), 403, "AccessDenied");
    refused(await client.delete(`/${bucket}/mine`), 403, "AccessDenied");
    expect((await server.client.get(`/${bucket}/mine`)).text).toBe("mine");
    refused(await server.client.get(`/${bucket}/theirs`), 404, "NoSuchKey");
  });

  it("takes the one storage class that there is, and none that nobody knows", async () => {
    answered(await put("class", "x", { "x-amz-storage-class": "STANDARD" }), 200);
    refused(await put("no-class", "x", { "x-amz-storage-class": "LUKEWARM" }), 400, "InvalidStorageClass");
    refused(await server.client.get(`/${bucket}/no-class`), 404, "NoSuchKey");
  });
});

describe("user metadata", () => {
  /** Headers whose names and values come to so many bytes altogether. */
  const worth = (bytes: number) => ({
    "x-amz-meta-a": "v".repeat(1000),
    "x-amz-meta-b": "w".repeat(bytes - 1002),
  });

  it("may come to two kilobytes and no more", async () => {
    answered(await put("large", "x", worth(2048)), 200);
    const { headers } = await server.client.head(`/${bucket}/large`);
    expect(headers["x-amz-meta-b"]).toHaveLength(2048 - 1002);
    const error = refused(await put("larger", "x", worth(2049)), 400, "MetadataTooLarge");
    expect(error.get("MaxSizeAllowed")).toBe("2048");
    refused(await server.client.get(`/${bucket}/larger`), 404, "NoSuchKey");
  });

  it("is counted in bytes, not in characters", async () => {
    const greek = "α".repeat(1000);
    answered(await put("greek", "x", { "x-amz-meta-a": greek }), 200);
    refused(
      await put("greek", "x", { "x-amz-meta-a": `${greek}${"α".repeat(24)}` }),
      400,
      "MetadataTooLarge",
    );
  });

  it("has names in lower case, and values as they are", async () => {
    const { headers } = await server.client.sign("PUT", `/${bucket}/named`, {
      "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
      "x-amz-meta-camelcase": "Some  Value, and: another",
    });
    const { "x-amz-meta-camelcase": value = "", ...others } = headers;
    const sent = { ...others, "X-Amz-Meta-CamelCase": value };
    answered(await server.client.sendSigned("PUT", `/${bucket}/named`, sent, "x"), 200);
    const { headers: kept } = await server.client.head(`/${bucket}/named`);
    expect(kept["x-amz-meta-camelcase"]).toBe("Some  Value, and: another");
  });
});

/** Ways to say what the bytes should be, and what is said to whoever is wrong. */
const PROMISES: [name: string, headers: (body: string) => Record<string, string>, code: string][] = [
  ["a Content-MD5", (body) => ({ "content-md5": md5(body, "base64") }), "BadDigest"],
  [
    "a Content-MD5 beside an unsigned body",
    (body) => ({ "content-md5": md5(body, "base64"), "x-amz-content-sha256": "UNSIGNED-PAYLOAD" }),
    "BadDigest",
  ],
  [
    "a Content-MD5 beside a checksum",
    (body) => ({ "content-md5": md5(body, "base64"), "x-amz-checksum-crc32": checksum("CRC32", "bytes") }),
    "BadDigest",
  ],
  [
    "a signed hash",
    (body) => ({ "x-amz-content-sha256": Buffer.from(checksum("SHA256", body), "base64").toString("hex") }),
    "XAmzContentSHA256Mismatch",
  ],
];

describe("a body that is promised", () => {
  for (const [name, promise, code] of PROMISES) {
    it(`by ${name} is stored if it is that one`, async () => {
      answered(await put("promised", "bytes", promise("bytes")), 200);
      expect((await server.client.get(`/${bucket}/promised`)).text).toBe("bytes");
    });

    it(`by ${name} leaves nothing if it is another, and the old object whole`, async () => {
      const kept = await server.bucket();
      const id = await server.idOf(kept);
      answered(await server.client.put(`/${kept}/k`, "the old one", { "x-amz-meta-old": "yes" }), 200);
      refused(await server.client.put(`/${kept}/k`, "bytes", promise("wrong")), 400, code);
      refused(await server.client.put(`/${kept}/new`, "bytes", promise("wrong")), 400, code);
      refused(await server.client.put(`/${kept}/empty`, "", promise("wrong")), 400, code);
      const { text, headers } = await server.client.get(`/${kept}/k`);
      expect([text, headers["x-amz-meta-old"]]).toEqual(["the old one", "yes"]);
      refused(await server.client.get(`/${kept}/new`), 404, "NoSuchKey");
      refused(await server.client.get(`/${kept}/empty`), 404, "NoSuchKey");
      const { named, litter, orphans } = await audit(server, id);
      expect([named.length, litter, orphans]).toEqual([1, [], []]);
    });
  }

  it("tells whoever sent a wrong MD5 both digests", async () => {
    const error = refused(
      await put("wrong", "bytes", { "content-md5": md5("wrong", "base64") }),
      400,
      "BadDigest",
    );
    expect([error.get("ExpectedDigest"), error.get("CalculatedDigest")]).toEqual([
      md5("wrong", "base64"),
      md5("bytes", "base64"),
    ]);
  });

  for (const digest of ["", "not base64!", md5("bytes"), "YWJj", `${md5("bytes", "base64")}=`]) {
    it(`is refused if its Content-MD5 cannot be one: "${digest}"`, async () => {
      refused(await put("malformed", "bytes", { "content-md5": digest }), 400, "InvalidDigest");
      refused(await server.client.get(`/${bucket}/malformed`), 404, "NoSuchKey");
    });
  }

  for (const hash of ["0", "x".repeat(64), "STREAMING-SOMETHING-ELSE"]) {
    it(`is refused if its hash cannot be one: "${hash}"`, async () => {
      const answer = await put("malformed", "bytes", { "x-amz-content-sha256": hash });
      expect(refused(answer, 400, "InvalidArgument").get("ArgumentName")).toBe("x-amz-content-sha256");
      refused(await server.client.get(`/${bucket}/malformed`), 404, "NoSuchKey");
    });
  }
});
