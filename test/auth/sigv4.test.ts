import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  canonicalRequest,
  chunkSigner,
  formatTimestamp,
  parseCredential,
  parseTimestamp,
  type Signed,
  sameSignature,
  sign,
  signingKey,
  stringToSign,
} from "../../src/auth/sigv4.ts";
import {
  GENERAL_SUITE,
  GENERAL_SUITE_PRESIGNED,
  S3_CHUNKS,
  S3_EXAMPLES,
  type SigningVector,
} from "../vectors/read.ts";
import { addressOf } from "../wire/asked.ts";

/** What a signer says beside the request: read off the vector's last lines, which ours are not made from. */
function signedOf({ target, canonicalRequest: text, stringToSign: sts, signature }: SigningVector): Signed {
  const [names = "", payloadHash = ""] = text.split("\n").slice(-2);
  const [, timestamp = "", scope = ""] = sts.split("\n");
  const [date = "", region = "", service = ""] = scope.split("/");
  return {
    place: target.includes("X-Amz-Signature=") ? "query" : "header",
    scope: { accessKeyId: "any", date, region, service },
    signedHeaders: names.split(";"),
    signature,
    timestamp,
    payloadHash,
  };
}

const VECTORS = [
  ["the S3 API reference", S3_EXAMPLES],
  ["AWS's general suite", GENERAL_SUITE],
  ["AWS's general suite, presigned", GENERAL_SUITE_PRESIGNED],
] as const;

describe.each(VECTORS)("a request out of %s", (_source, { secret, cases }) => {
  it.each(cases)("is signed step by step as published: $name", (vector) => {
    const address = addressOf({ ...vector, host: vector.headers.Host ?? "" });
    const signed = signedOf(vector);
    const canonical = canonicalRequest(address, signed);
    expect(canonical).toBe(vector.canonicalRequest);
    const text = stringToSign(canonical, signed);
    expect(text).toBe(vector.stringToSign);
    expect(sign(signingKey(secret, signed.scope), text)).toBe(vector.signature);
  });
});

describe("the signatures of a stream's chunks", () => {
  const { secret, timestamp, cases } = S3_CHUNKS;
  const sha256 = (data: string) => createHash("sha256").update(data).digest("hex");
  const data = ["a".repeat(65_536), "a".repeat(1024), ""];

  it.each(cases)("are chained as published: $name", ({ seed, chunks, trailer }) => {
    const scope = { accessKeyId: "any", date: timestamp.slice(0, 8), region: "us-east-1", service: "s3" };
    const signed: Signed = {
      place: "header",
      scope,
      signedHeaders: [],
      signature: seed,
      timestamp,
      payloadHash: "",
    };
    const signer = chunkSigner(signingKey(secret, scope), signed);
    expect(signer.seed).toBe(seed);
    let previous = signer.seed;
    const made = data.map((chunk) => {
      previous = signer.chunk(previous, sha256(chunk));
      return previous;
    });
    expect(made).toEqual(chunks);
    if (trailer) expect(signer.trailer(previous, sha256(trailer.text))).toBe(trailer.signature);
  });

  it("cover both kinds of stream, of which one has a trailer", () => {
    expect(cases.map(({ trailer }) => trailer !== undefined)).toEqual([false, true]);
  });
});

describe("the canonical request", () => {
  const signed: Signed = {
    place: "header",
    scope: { accessKeyId: "any", date: "20150830", region: "r", service: "s3" },
    signedHeaders: ["host"],
    signature: "",
    timestamp: "20150830T123600Z",
    payloadHash: "UNSIGNED-PAYLOAD",
  };
  const line = (number: number, target: string, more: Partial<Signed> = {}) =>
    canonicalRequest(addressOf({ target }), { ...signed, ...more }).split("\n")[number];

  it.each([
    ["/b/a/../c/./d", "/b/a/../c/./d"],
    ["/b//a///", "/b//a///"],
    ["/b/%7e%2d%c3%a9", "/b/~-%C3%A9"],
    ["/b/!'()*@$&+,;:=", "/b/%21%27%28%29%2A%40%24%26%2B%2C%3B%3A%3D"],
    ["/b/%2F", "/b//"],
    ["/b/%25%32%35", "/b/%2525"],
    ["/b/a+b", "/b/a%2Bb"],
    ["/b/%F0%90%8D%88", "/b/%F0%90%8D%88"],
  ])("takes the path as it is and encodes it once: %s", (sent, canonical) => {
    expect(line(1, sent)).toBe(canonical);
  });

  it.each([
    ["?b=2&a=1&a=0&A=3", "A=3&a=0&a=1&b=2"],
    ["?a-b=1&a=2&a%2Db=0", "a=2&a-b=0&a-b=1"],
    ["?acl", "acl="],
    ["?=x&&y", "=x&y="],
    ["?a=b=c", "a=b%3Dc"],
    ["?a=1+2%2B3", "a=1%202%2B3"],
    ["?a=%2f", "a=%2F"],
    ["?%F0%90%8D%88=1&%EF%BF%BD=2", "%EF%BF%BD=2&%F0%90%8D%88=1"],
  ])("sorts the query as encoded and names every value: %s", (sent, canonical) => {
    expect(line(2, `/b${sent}`)).toBe(canonical);
  });

  it("leaves out the signature of a presigned URL, and of nothing else", () => {
    const target = "/b?X-Amz-Signature=ab&X-Amz-Date=1";
    expect(line(2, target, { place: "query" })).toBe("X-Amz-Date=1");
    expect(line(2, target)).toBe("X-Amz-Date=1&X-Amz-Signature=ab");
    expect(line(2, "/b?x-amz-signature=ab", { place: "query" })).toBe("x-amz-signature=ab");
  });

  it("keeps the headers in the order in which the client says that they were signed", () => {
    const address = addressOf({ target: "/b", headers: { "X-B": " 2 \t  3 ", "x-a": "1" } });
    const text = canonicalRequest(address, { ...signed, signedHeaders: ["x-b", "x-a", "x-none"] });
    expect(text.split("\n").slice(3, 8)).toEqual(["x-b:2 3", "x-a:1", "x-none:", "", "x-b;x-a;x-none"]);
  });

  it("takes Accept-Encoding as the client sent it, where the platform replaced it", () => {
    const asked = { target: "/b", headers: { "accept-encoding": "br, gzip" } };
    const text = (cf?: { clientAcceptEncoding: string }) =>
      canonicalRequest(addressOf(cf ? { ...asked, cf } : asked), {
        ...signed,
        signedHeaders: ["accept-encoding"],
      });
    expect(text({ clientAcceptEncoding: " gzip,  identity " })).toContain("accept-encoding:gzip, identity\n");
    expect(text()).toContain("accept-encoding:br, gzip\n");
  });
});

describe("a credential", () => {
  it("is an access key, a day, a region and a service", () => {
    expect(parseCredential("AK/20130524/us-east-1/s3/aws4_request")).toEqual({
      accessKeyId: "AK",
      date: "20130524",
      region: "us-east-1",
      service: "s3",
    });
  });

  it("may have slashes in its access key", () => {
    expect(parseCredential("a/b/20130524/r/s3/aws4_request")?.accessKeyId).toBe("a/b");
  });

  it.each([
    "",
    "AK",
    "AK/20130524/us-east-1/s3",
    "AK/20130524/us-east-1/s3/aws3_request",
    "/20130524/us-east-1/s3/aws4_request",
    "AK/2013052/us-east-1/s3/aws4_request",
    "AK/20130524/us-east-1//aws4_request",
    "AK/20130524/us-east-1/s3/aws4_request/",
    "AK/20130524/us-east-1/s3/aws4_request\n",
  ])("is nothing else: %j", (text) => {
    expect(parseCredential(text)).toBeUndefined();
  });

  it("may have no region, as boto3 writes it where it is told none", () => {
    const scope = { accessKeyId: "AK", date: "20130524", region: "", service: "iam" };
    expect(parseCredential("AK/20130524//iam/aws4_request")).toEqual(scope);
  });
});

describe("a timestamp", () => {
  it("says a second of UTC and is written as it is read", () => {
    const ms = Date.UTC(2013, 4, 24, 1, 2, 3);
    expect(parseTimestamp("20130524T010203Z")).toBe(ms);
    expect(formatTimestamp(ms + 999)).toBe("20130524T010203Z");
  });

  it.each([
    "",
    "20130524",
    "20130524T010203",
    "2013-05-24T01:02:03Z",
    "20131324T010203Z",
    "20130532T010203Z",
    "20130524T250203Z",
    "20130524T016003Z",
    "20130524T010203Z ",
    "Fri, 24 May 2013 00:00:00 GMT",
  ])("is nothing else: %j", (text) => {
    expect(parseTimestamp(text)).toBeUndefined();
  });
});

describe("two signatures", () => {
  it("are the same only letter by letter", () => {
    const hex = "0123456789abcdef".repeat(4);
    expect(sameSignature(hex, hex)).toBe(true);
    for (let i = 0; i < hex.length; i++) {
      expect(sameSignature(hex, `${hex.slice(0, i)}x${hex.slice(i + 1)}`)).toBe(false);
    }
    expect(sameSignature(hex, hex.slice(1))).toBe(false);
    expect(sameSignature(hex, hex.toUpperCase())).toBe(false);
    expect(sameSignature("", hex)).toBe(false);
  });
});
