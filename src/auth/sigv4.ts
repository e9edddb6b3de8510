// Signature Version 4 as S3 uses it: what was signed, how it reads canonically, and what the signature has to be. Pure.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html and …/sigv4-query-string-auth.html

import { Buffer } from "node:buffer";
import { createHmac, hash, timingSafeEqual } from "node:crypto";
import type { Address } from "../wire/address.ts";
import { percentDecode } from "../wire/address.ts";
import { pathEncode, percentEncode } from "../wire/names.ts";
import type { ChunkSigner } from "../wire/seal.ts";

export const ALGORITHM = "AWS4-HMAC-SHA256";

/** SHA-256 of nothing, in hex; stands in every chunk's string to sign. */
export const EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** Whose key signed, and for which day, region and service. `date` is YYYYMMDD. */
export interface CredentialScope {
  accessKeyId: string;
  date: string;
  region: string;
  service: string;
}

/** A signature and all that it was made over, whether it came in headers or in the query. */
export interface Signed {
  place: "header" | "query";
  scope: CredentialScope;
  /** Lower case, in the order signed. */
  signedHeaders: readonly string[];
  /** 64 hex digits. */
  signature: string;
  /** When it was signed: YYYYMMDD'T'HHMMSS'Z'. */
  timestamp: string;
  /** The value of x-amz-content-sha256, or what stands for it. */
  payloadHash: string;
}

function sha256Hex(text: string): string {
  return hash("sha256", text, "hex");
}

function hmac(key: Uint8Array | string, text: string): Uint8Array {
  return createHmac("sha256", key).update(text, "utf8").digest();
}

/** A credential as it is written: `AKID/20130524/us-east-1/s3/aws4_request`; boto3 writes no region if it is told none. */
export function parseCredential(credential: string): CredentialScope | undefined {
  const found = /^(.+)\/(\d{8})\/([^/]*)\/([^/]+)\/aws4_request$/.exec(credential);
  if (found === null) return undefined;
  const [, accessKeyId = "", date = "", region = "", service = ""] = found;
  return { accessKeyId, date, region, service };
}

function scopeText({ date, region, service }: CredentialScope): string {
  return `${date}/${region}/${service}/aws4_request`;
}

/** The key that signs everything of one scope; `secret` is the access key's secret. 32 bytes. */
export function signingKey(secret: string, { date, region, service }: CredentialScope): Uint8Array {
  return hmac(hmac(hmac(hmac(`AWS4${secret}`, date), region), service), "aws4_request");
}

/** The request as the signer must have seen it. */
export function canonicalRequest(address: Address, signed: Signed): string {
  const headers = signed.signedHeaders.map((name) => `${name}:${canonicalHeader(address, name)}\n`);
  return [
    address.method,
    // S3 encodes a path once, and normalises nothing.
    pathEncode(percentDecode(address.path)),
    canonicalQuery(address, signed.place === "query"),
    headers.join(""),
    signed.signedHeaders.join(";"),
    signed.payloadHash,
  ].join("\n");
}

/** What can be a header's name, in lower case. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/** A header's value; of a name that no header can have, as of a header that was not sent: nothing. */
function canonicalHeader(address: Address, name: string): string {
  if (!HEADER_NAME.test(name)) return "";
  const original = name === "accept-encoding" ? address.clientAcceptEncoding : undefined;
  const value = original ?? address.sent.get(name) ?? "";
  return value.trim().replace(/[ \t]+/g, " ");
}

function canonicalQuery({ query }: Address, presigned: boolean): string {
  const pairs = query.entries
    .filter(([name]) => !(presigned && name === "X-Amz-Signature"))
    .map(([name, value]) => [percentEncode(name), percentEncode(value)] as const);
  // Encoded text is ASCII, where UTF-16 order is byte order.
  pairs.sort(([a, x], [b, y]) => (a === b ? (x < y ? -1 : x > y ? 1 : 0) : a < b ? -1 : 1));
  return pairs.map(([name, value]) => `${name}=${value}`).join("&");
}

/** What is signed in the end. */
export function stringToSign(canonical: string, { timestamp, scope }: Signed): string {
  return [ALGORITHM, timestamp, scopeText(scope), sha256Hex(canonical)].join("\n");
}

/** The signature, 64 hex digits. */
export function sign(key: Uint8Array, text: string): string {
  return createHmac("sha256", key).update(text, "utf8").digest("hex");
}

/** Compares signatures in a time that does not depend on where they differ. */
export function sameSignature(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}

/** Signs the chunks of a stream whose request was signed with this key. */
export function chunkSigner(key: Uint8Array, { signature, timestamp, scope }: Signed): ChunkSigner {
  const prefix = (kind: string) => `${ALGORITHM}-${kind}\n${timestamp}\n${scopeText(scope)}`;
  return {
    seed: signature,
    chunk: (previous, payload) => sign(key, `${prefix("PAYLOAD")}\n${previous}\n${EMPTY_SHA256}\n${payload}`),
    trailer: (previous, trailer) => sign(key, `${prefix("TRAILER")}\n${previous}\n${trailer}`),
  };
}

/** The timestamp that was read last: requests of the same second share theirs. */
let last: { text: string; ms: number | undefined } = { text: "", ms: undefined };

/** A timestamp such as 20130524T000000Z as ms since 1970; undefined if it is none. */
export function parseTimestamp(text: string): number | undefined {
  if (text !== last.text) last = { text, ms: readTimestamp(text) };
  return last.ms;
}

function readTimestamp(text: string): number | undefined {
  const found = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(text);
  if (found === null) return undefined;
  const [, year, month, day, hour, minute, second] = found;
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  // A 31st of February would roll over into March.
  return new Date(ms).getUTCDate() === Number(day) ? ms : undefined;
}

/** ms since 1970 as a timestamp. */
export function formatTimestamp(ms: number): string {
  const iso = new Date(ms).toISOString();
  const [date = "", time = ""] = iso.split("T");
  return `${date.replaceAll("-", "")}T${time.slice(0, 2)}${time.slice(3, 5)}${time.slice(6, 8)}Z`;
}
