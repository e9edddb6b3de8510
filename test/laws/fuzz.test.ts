import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { authenticate } from "../../src/auth/authenticate.ts";
import { parseRange, sliceOf } from "../../src/facts/range.ts";
import { OPERATIONS } from "../../src/operations.ts";
import { copySource } from "../../src/ops/copy.ts";
import { makeRouter } from "../../src/router.ts";
import { type Address, readAddress, readQuery } from "../../src/wire/address.ts";
import { pathEncode, percentEncode } from "../../src/wire/names.ts";
import { type Config, freshMemory, type World } from "../../src/world.ts";
import { fuzz, garbled, NASTY, texts, verdictOf } from "../support/fuzzing.ts";

/** The address of a request that never was: its URL is read as it stands. */
function address(target: string, headers: Record<string, string> = {}, method = "GET"): Address {
  const request = { url: `http://127.0.0.1:9000${target}`, method, headers: new Headers(headers) } as Request;
  return readAddress(request, { domains: ["s3.example"], plainKeys: true });
}

/** What a header can hold: workerd refuses the rest before anybody reads it. */
const headerValue = (value: fc.Arbitrary<string>) =>
  value.map((text) => text.replace(/[^\t\x20-\x7e\x80-\xff]/g, "").trim());

const METHODS = ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"] as const;

describe("whatever a client may send", () => {
  it("as URL and query, is read, or refused", async () => {
    const route = makeRouter(OPERATIONS);
    const target = texts(
      "/",
      "bucket",
      "?",
      "&",
      "=",
      "+",
      "uploads",
      "versionId",
      "list-type=2",
      "delete",
      "X-Amz-Signature",
    );
    const inputs = fc.tuple(
      target,
      fc.constantFrom(...METHODS),
      fc.constantFrom("b.s3.example", "s3.example", ".s3.example", ""),
    );
    const count = await fuzz(
      { name: "URL and query", inputs, numRuns: 20_000 },
      async ([text, method, host], count) => {
        const verdict = count.add(await verdictOf(() => address(`/${text}`, { host }, method)));
        if ("refused" in verdict) expect(["InvalidURI", "KeyTooLongError"]).toContain(verdict.refused);
        else await verdictOf(() => route(verdict.taken as Address));
      },
    );
    expect(count.taken).toBeGreaterThan(2000);
  });

  it("as key and parameters, comes back as it was meant", async () => {
    const word = fc
      .string({ unit: "binary", minLength: 1, maxLength: 20 })
      .filter((text) => text.isWellFormed());
    const inputs = fc.tuple(word, fc.array(fc.tuple(word, word), { maxLength: 4 }));
    await fuzz({ name: "key and parameters", inputs, numRuns: 5000 }, async ([key, pairs], count) => {
      const query = pairs.map((pair) => pair.map(percentEncode).join("=")).join("&");
      const read = address(`/bucket/${pathEncode(key)}?${query}`);
      count.add({ taken: read });
      expect([read.bucket, read.key, read.query.entries]).toEqual(["bucket", key, pairs]);
      expect(readQuery(query).entries).toEqual(pairs);
    });
  });

  it("as Range, is a range of the object, or none", async () => {
    const good = fc.tuple(fc.nat(200), fc.nat(200)).map(([a, b]) => `bytes=${a}-${b}`);
    const inputs = fc.tuple(fc.oneof(garbled(good), texts("bytes=", "-", ",", "0", "99")), fc.nat(150));
    const count = await fuzz({ name: "Range", inputs, numRuns: 20_000 }, async ([text, size], count) => {
      const range = parseRange(text);
      count.add(range === undefined ? { refused: "ignored" } : { taken: range });
      const slice = range && sliceOf(range, size);
      if (slice === undefined) return;
      expect(slice.length).toBeGreaterThan(0);
      expect(slice.offset).toBeGreaterThanOrEqual(0);
      expect(slice.offset + slice.length).toBeLessThanOrEqual(size);
      const [, first, last] = /(\d*)-(\d*)$/.exec(text.trim()) ?? [];
      if (first !== "") expect(slice.offset).toBe(Number(first));
      else expect(slice.length).toBe(Math.min(Number(last), size));
    });
    expect(count.taken).toBeGreaterThan(1000);
  });

  it("as copy source, names a key as it was meant, or is refused", async () => {
    const key = fc
      .string({ unit: "binary", minLength: 1, maxLength: 30 })
      .filter((text) => text.isWellFormed());
    const version = fc.constantFrom(undefined, "null", "bad");
    await fuzz(
      { name: "copy source, good", inputs: fc.tuple(key, version), numRuns: 5000 },
      async ([meant, id], count) => {
        const suffix = id === undefined ? "" : `?versionId=${id}`;
        const sent = `/bucket/${pathEncode(meant)}${suffix}`;
        const verdict = count.add(
          await verdictOf(() => copySource(address("/b/k", { "x-amz-copy-source": sent }))),
        );
        expect(verdict).toEqual(
          id === "bad"
            ? { refused: "InvalidArgument" }
            : { taken: { bucket: "bucket", key: meant, versionId: id } },
        );
      },
    );
    const inputs = headerValue(
      fc.oneof(
        garbled(fc.constant("/bucket/key?versionId=null")),
        texts("/", "?versionId=", "bucket", "%2F"),
      ),
    );
    await fuzz({ name: "copy source", inputs, numRuns: 10_000 }, async (sent, count) => {
      count.add(await verdictOf(() => copySource(address("/b/k", { "x-amz-copy-source": sent }))));
    });
  });
});

/** Headers and parameters that some operation reads, with something that it would take. */
const HEADERS: Readonly<Record<string, string>> = {
  range: "bytes=0-1",
  "x-amz-copy-source": "/b/k",
  "x-amz-copy-source-range": "bytes=0-1",
  "x-amz-copy-source-if-modified-since": "Thu, 01 Jan 1970 00:00:00 GMT",
  "x-amz-rename-source": "k",
  "x-amz-client-token": "t",
  "x-amz-tagging": "a=b&c=d",
  "x-amz-tagging-directive": "REPLACE",
  "x-amz-metadata-directive": "REPLACE",
  "x-amz-meta-a": "b",
  "x-amz-storage-class": "STANDARD",
  "x-amz-acl": "private",
  "x-amz-grant-read": 'id="x", uri="http://acs.amazonaws.com/groups/global/AllUsers"',
  "x-amz-object-lock-mode": "GOVERNANCE",
  "x-amz-object-lock-retain-until-date": "2030-01-01T00:00:00Z",
  "x-amz-object-lock-legal-hold": "ON",
  "x-amz-bypass-governance-retention": "true",
  "x-amz-object-ownership": "ObjectWriter",
  "x-amz-object-attributes": "ETag,Checksum",
  "x-amz-max-parts": "5",
  "x-amz-part-number-marker": "5",
  "x-amz-checksum-algorithm": "CRC32",
  "x-amz-checksum-type": "COMPOSITE",
  "x-amz-checksum-crc32": "AAAAAA==",
  "x-amz-checksum-mode": "ENABLED",
  "x-amz-mp-object-size": "5",
  "x-amz-server-side-encryption": "AES256",
  "x-amz-server-side-encryption-customer-algorithm": "AES256",
  "x-amz-server-side-encryption-customer-key": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
  "x-amz-server-side-encryption-customer-key-md5": "EKMSPjKPzWxvbGI3KGZJKg==",
  "x-amz-if-match-size": "5",
  "x-amz-if-match-last-modified-time": "2030-01-01T00:00:00Z",
  "if-match": '"x"',
  "if-none-match": "*",
  "if-modified-since": "Thu, 01 Jan 1970 00:00:00 GMT",
  "content-type": "text/plain",
  "content-encoding": "gzip,aws-chunked",
  expires: "Thu, 01 Jan 1970 00:00:00 GMT",
};
const PARAMETERS: Readonly<Record<string, string>> = {
  versionId: "null",
  partNumber: "1",
  uploadId: "x",
  prefix: "a",
  delimiter: "/",
  marker: "a",
  "max-keys": "10",
  "max-uploads": "10",
  "max-parts": "10",
  "part-number-marker": "1",
  "encoding-type": "url",
  "continuation-token": "YQ",
  "start-after": "a",
  "key-marker": "a",
  "version-id-marker": "null",
  "upload-id-marker": "x",
  "fetch-owner": "true",
  "max-buckets": "10",
  "bucket-region": "us-east-1",
  "response-content-type": "text/plain",
  "response-expires": "x",
};

/** Some of these, each as it is, garbled, or anything. */
function some(known: Readonly<Record<string, string>>): fc.Arbitrary<[string, string][]> {
  const one = fc
    .constantFrom(...Object.entries(known))
    .chain(([name, good]) =>
      fc.tuple(
        fc.constant(name),
        fc.oneof(fc.constant(good), garbled(fc.constant(good)), texts(good, ...NASTY)),
      ),
    );
  return fc.array(one, { maxLength: 5 });
}

describe("whatever stands in headers and parameters", () => {
  it("is read by every operation, or refused", async () => {
    const built = OPERATIONS.filter((row) => "read" in row);
    const inputs = fc.tuple(fc.constantFrom(...built), some(HEADERS), some(PARAMETERS));
    const count = await fuzz(
      { name: "fields of every operation", inputs, numRuns: 30_000 },
      async ([operation, headers, pairs], count) => {
        const query = pairs
          .map((pair) => pair.map((text) => percentEncode(text.toWellFormed())).join("="))
          .join("&");
        const said = Object.fromEntries(
          headers.map(([name, value]) => [name, value.replace(/[^\t\x20-\x7e\x80-\xff]/g, "").trim()]),
        );
        const asked = address(`/bucket/key?${query}`, said);
        count.add(await verdictOf(() => operation.read(asked)));
      },
    );
    expect(count.taken).toBeGreaterThan(5000);
  });
});

describe("whatever claims to be a signature", () => {
  const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
  const config: Config = {
    region: "us-east-1",
    domains: [],
    root: {
      accessKeyId: "portico",
      secret: "portico-secret",
      account: { id: "a".repeat(64), displayName: "root", email: "" },
    },
    masterSecret: "x".repeat(32),
    plainKeys: true,
    legacyAcl: false,
    clientAddress: undefined,
    inlineBytes: 0,
    signatureV2: true,
    expectHoldMs: 0,
  };
  const nobody = { rows: async () => [], batch: async (all: unknown[]) => all.map(() => []) };
  const world = {
    config,
    now: () => NOW,
    database: nobody,
    memory: freshMemory(),
    later: () => undefined,
  } as unknown as World;
  const CREDENTIAL = "portico/20260102/us-east-1/s3/aws4_request";
  const PIECES = [
    "AWS4-HMAC-SHA256 ",
    "Credential=",
    CREDENTIAL,
    ",",
    "SignedHeaders=",
    "host;x-amz-date",
    ";",
    "Signature=",
    "f".repeat(64),
    "AWS portico:",
  ];

  it("in a header, is no answer but a refusal", async () => {
    const good = fc.constantFrom(
      `AWS4-HMAC-SHA256 Credential=${CREDENTIAL}, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=${"0".repeat(64)}`,
      "AWS portico:AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    );
    const date = fc.oneof(fc.constant("20260102T030405Z"), garbled(fc.constant("20260102T030405Z")), texts());
    const hash = fc.oneof(
      fc.constantFrom(
        "UNSIGNED-PAYLOAD",
        "0".repeat(64),
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
      ),
      texts("STREAMING-", "PAYLOAD"),
    );
    const inputs = fc.tuple(
      headerValue(fc.oneof(garbled(good), texts(...PIECES))),
      headerValue(date),
      headerValue(hash),
      fc.constantFrom("x-amz-date", "date"),
    );
    const count = await fuzz(
      { name: "signatures in headers", inputs, numRuns: 20_000 },
      async ([authorization, date, hash, named], count) => {
        const headers = {
          host: "127.0.0.1:9000",
          authorization,
          [named]: date,
          "x-amz-content-sha256": hash,
        };
        count.add(await verdictOf(() => authenticate(world, address("/bucket/key", headers))));
      },
    );
    expect(count.taken).toBe(0);
  });

  it("in a query, is no answer but a refusal", async () => {
    const good: Record<string, string> = {
      "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
      "X-Amz-Credential": CREDENTIAL,
      "X-Amz-Date": "20260102T030405Z",
      "X-Amz-Expires": "600",
      "X-Amz-SignedHeaders": "host",
      "X-Amz-Signature": "0".repeat(64),
      "X-Amz-Security-Token": "token",
      "X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD",
      AWSAccessKeyId: "portico",
      Signature: "AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
      Expires: "1999999999",
    };
    const entries = Object.entries(good).map(([name, value]) =>
      fc.tuple(
        fc.oneof({ weight: 9, arbitrary: fc.constant(name) }, garbled(fc.constant(name))),
        fc.oneof({ weight: 6, arbitrary: fc.constant(value) }, garbled(fc.constant(value)), texts(...PIECES)),
        fc.nat(9),
      ),
    );
    const inputs = fc.tuple(fc.tuple(...entries), fc.boolean());
    const count = await fuzz(
      { name: "signatures in queries", inputs, numRuns: 20_000 },
      async ([all, isV2], count) => {
        const kept = all.filter(
          ([name, , luck]) => luck > 0 && (isV2 ? !name.startsWith("X-") : name.startsWith("X-")),
        );
        const query = kept
          .map((pair) =>
            pair
              .slice(0, 2)
              .map((text) => percentEncode(String(text).toWellFormed()))
              .join("="),
          )
          .join("&");
        const verdict = count.add(
          await verdictOf(() => authenticate(world, address(`/bucket/key?${query}`, { host: "h" }))),
        );
        // Whoever names no signature at all is nobody, and served as that.
        if ("taken" in verdict) expect(verdict.taken).toMatchObject({ caller: { kind: "anonymous" } });
      },
    );
    expect(count.taken).toBeLessThan(count.inputs / 2);
  });
});
