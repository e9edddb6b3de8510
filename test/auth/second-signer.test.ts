import { AwsV4Signer } from "aws4fetch";
import { describe, expect, it } from "vitest";
import {
  canonicalRequest,
  chunkSigner,
  formatTimestamp,
  parseCredential,
  type Signed,
  sign,
  signingKey,
  stringToSign,
} from "../../src/auth/sigv4.ts";
import { chunkSigner as clientsChunkSigner } from "../support/chunk-signer.ts";
import { addressOf } from "../wire/asked.ts";
import { type Random, seeded } from "./random.ts";
import { encode, presigned, signed, type Unsigned, wireQuery } from "./second-signer.ts";

const REQUESTS = 300;

const HOST = "s3.test:9000";

const NASTY = [
  ..."aZ09-._~ !\"#$%&'()*+,:;<=>?@[\\]^`{|}\u007f\t\n\u0001éßЖ中𐍈😀\ue000\uffff\u0301",
  ...["/", "//", "..", "/../", "/./", "%2F", "%", "%25", "+", "x-amz-date", "AKIA", "\r\n"],
] as unknown as readonly [string, ...string[]];

const HEADER_VALUES = [..."aZ 09;,=\"'()<>@:[]{}~", "  ", " \t ", "\t", ", "] as unknown as readonly [
  string,
  ...string[],
];

const METHODS = ["GET", "PUT", "POST", "DELETE", "HEAD"] as const;
const PAYLOADS = [
  "UNSIGNED-PAYLOAD",
  "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
  "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
] as const;

interface Generated extends Unsigned {
  headers: Record<string, string> & { host: string };
  query: Record<string, string | string[]>;
}

function generate(random: Random, names: readonly string[]): Generated {
  const query: Record<string, string | string[]> = {};
  for (let i = random.integer(5); i > 0; i--) {
    const values = Array.from({ length: 1 + random.integer(3) }, () => random.text(NASTY, 0, 6));
    query[random.text(NASTY, 1, 5)] = values.length === 1 ? (values[0] ?? "") : values;
  }
  const headers: Generated["headers"] = { host: HOST };
  for (const name of names) if (random.next() < 0.4) headers[name] = random.text(HEADER_VALUES, 0, 12);
  return {
    method: random.pick(METHODS),
    path: `/${encode(`bucket/${random.text(NASTY, 0, 20)}`, "/")}`,
    query,
    headers,
  };
}

const SENT_NAMES = [
  "x-amz-meta-a",
  "x-amz-meta-b",
  "content-type",
  "content-md5",
  "range",
  "if-match",
  "x-other",
];

function generateSigning(random: Random) {
  const letters = ["a", "Z", "0", "/", "+", "=", "é"] as const;
  return {
    credentials: {
      accessKeyId: random.text(["A", "K", "1", "."], 3, 20),
      secretAccessKey: random.text(letters, 8, 40),
    },
    region: random.pick(["us-east-1", "eu-central-1", "auto"]),
    at: random.integer(2_000_000_000) * 1000,
  };
}

/** What the Authorization header says, read here on our own. */
function readAuthorization(headers: Record<string, string>): Signed {
  const found = /^AWS4-HMAC-SHA256 Credential=(.*), SignedHeaders=(.*), Signature=(.*)$/.exec(
    headers.authorization ?? "",
  );
  const [, credential = "", names = "", signature = ""] = found ?? [];
  return {
    place: "header",
    scope: scopeOf(credential),
    signedHeaders: names.split(";"),
    signature,
    timestamp: headers["x-amz-date"] ?? "",
    payloadHash: headers["x-amz-content-sha256"] ?? "",
  };
}

function readPresigned(query: Record<string, string | string[]>, payloadHash: string): Signed {
  const text = (name: string) => String(query[`X-Amz-${name}`]);
  return {
    place: "query",
    scope: scopeOf(text("Credential")),
    signedHeaders: text("SignedHeaders").split(";"),
    signature: text("Signature"),
    timestamp: text("Date"),
    payloadHash,
  };
}

function scopeOf(credential: string) {
  const scope = parseCredential(credential);
  if (scope === undefined) throw new Error(`no credential: ${credential}`);
  return scope;
}

function ourSignature(target: string, request: Unsigned, said: Signed, secret: string) {
  const address = addressOf({ method: request.method, target, host: HOST, headers: request.headers });
  return sign(signingKey(secret, said.scope), stringToSign(canonicalRequest(address, said), said));
}

/** The same path spelled as some client might: lower-case hex, sub-delimiters left alone. */
function respell(random: Random, path: string): string {
  return path.replace(/%[0-9A-F]{2}/g, (escaped) => {
    if (random.next() < 0.3) return escaped.toLowerCase();
    const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
    return "!'()*@$&+,;:=".includes(character) && random.next() < 0.5 ? character : escaped;
  });
}

describe("the signature of AWS's JavaScript signer", () => {
  const random = seeded(20130524);

  it(`is ours for any request signed in its headers (PORTICO_SEED=${random.seed})`, async () => {
    for (let i = 0; i < REQUESTS; i++) {
      const request = generate(random, SENT_NAMES);
      request.headers["x-amz-content-sha256"] = random.pick(PAYLOADS);
      const signing = generateSigning(random);
      const headers = await signed(request, signing);
      const said = readAuthorization(headers);
      const target = `${respell(random, request.path)}?${wireQuery(request.query)}`;
      const ours = ourSignature(target, { ...request, headers }, said, signing.credentials.secretAccessKey);
      expect([target, ours]).toEqual([target, said.signature]);
    }
  });

  it(`is ours for any presigned URL (PORTICO_SEED=${random.seed})`, async () => {
    for (let i = 0; i < REQUESTS; i++) {
      const request = generate(random, SENT_NAMES);
      const payloadHash = random.pick(PAYLOADS);
      const sealed = random.next() < 0.5 ? { payloadHash } : {};
      const signing = { ...generateSigning(random), ...sealed, expires: 1 + random.integer(604_800) };
      const query = await presigned(request, signing);
      const said = readPresigned(query, sealed.payloadHash ?? "UNSIGNED-PAYLOAD");
      const target = `${respell(random, request.path)}?${wireQuery(query)}`;
      const ours = ourSignature(target, request, said, signing.credentials.secretAccessKey);
      expect([target, ours]).toEqual([target, said.signature]);
    }
  });
});

describe("the signature of aws4fetch", () => {
  const random = seeded(20150830);

  it(`is ours for keys, parameters and headers of any characters (PORTICO_SEED=${random.seed})`, async () => {
    for (let i = 0; i < REQUESTS; i++) {
      const { method, headers } = generate(random, ["x-amz-meta-a", "x-other"]);
      // It takes a plus in a path for a blank, a URL folds dots, and it signs the first of a name's values only.
      const key = random.text(NASTY, 0, 20).replaceAll(/[+./\\]/g, "_");
      const query = {
        prefix: random.text(NASTY, 0, 9),
        [random.text(NASTY, 1, 3)]: random.text(NASTY, 0, 3),
      };
      const target = `/bucket/${encode(key)}?${wireQuery(query)}`;
      const { credentials, region, at } = generateSigning(random);
      const signQuery = random.next() < 0.5;
      const options = {
        method,
        service: "s3",
        region,
        signQuery,
        datetime: formatTimestamp(at),
        ...credentials,
      };
      const signer = new AwsV4Signer({
        ...options,
        url: `http://${HOST}${target}`,
        headers: without(headers, "host"),
      });
      const { url, headers: made } = await signer.sign();
      const sent = { ...Object.fromEntries(made.entries()), host: HOST };
      const said = signQuery
        ? readPresigned(Object.fromEntries(url.searchParams), "UNSIGNED-PAYLOAD")
        : readAuthorization(sent);
      const ours = ourSignature(
        `${url.pathname}${url.search}`,
        { method, path: "", headers: sent },
        said,
        credentials.secretAccessKey,
      );
      expect([url.href, ours]).toEqual([url.href, said.signature]);
    }
  });
});

function without(headers: Record<string, string>, name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([header]) => header !== name));
}

describe("the chunk signatures of a client", () => {
  const random = seeded(2013);
  const hex = () => random.text([..."0123456789abcdef"] as unknown as readonly [string, ...string[]], 64, 64);

  it(`are ours for any key, day, region, seed and chunk (PORTICO_SEED=${random.seed})`, () => {
    for (let i = 0; i < REQUESTS; i++) {
      const { credentials, region, at } = generateSigning(random);
      const [timestamp, seed] = [formatTimestamp(at), hex()];
      const scope = {
        accessKeyId: credentials.accessKeyId,
        date: timestamp.slice(0, 8),
        region,
        service: "s3",
      };
      const ours = chunkSigner(signingKey(credentials.secretAccessKey, scope), {
        place: "header",
        scope,
        signedHeaders: ["host"],
        signature: seed,
        timestamp,
        payloadHash: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
      });
      const theirs = clientsChunkSigner({ secret: credentials.secretAccessKey, timestamp, region, seed });
      expect(ours.seed).toBe(theirs.seed);
      const [previous, digest] = [hex(), hex()];
      expect(ours.chunk(previous, digest)).toBe(theirs.chunk(previous, digest));
      expect(ours.trailer(previous, digest)).toBe(theirs.trailer(previous, digest));
      expect(ours.trailer(previous, digest)).not.toBe(ours.chunk(previous, digest));
    }
  });
});
