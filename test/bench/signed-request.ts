// Requests signed ahead of time, so that whoever measures does no cryptography while it measures.

import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import {
  EMPTY_SHA256,
  formatTimestamp,
  type Signed,
  sign,
  signingKey,
  stringToSign,
} from "../../src/auth/sigv4.ts";
import { cut, encodeChunks } from "../support/chunk-signer.ts";
import type { Wire } from "./connection.ts";

export interface Endpoint {
  url: string;
  accessKeyId: string;
  secret: string;
  region: string;
}

export interface Ask {
  method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  /** Unreserved characters and slashes only; behind a `?`, encoded and in the order of its names. */
  path: string;
  /** Lower case. */
  headers?: Record<string, string>;
  body?: Buffer;
  /** Default: the body's hash is signed. */
  payload?: "hash" | "unsigned" | "chunked";
}

/** What SDKs cut a body into. */
const CHUNK_BYTES = 64 * 1024;

/** Hashes of bodies that are sent again and again. */
const hashes = new WeakMap<Buffer, string>();
const chunked = new WeakMap<Buffer, Buffer>();
const keys = new Map<string, Uint8Array>();

/** The request with its signature in a header. It is good for 15 minutes. */
export function signedRequest(endpoint: Endpoint, ask: Ask): Wire {
  const { accessKeyId, region } = endpoint;
  const { method, path, body, payload = "hash" } = ask;
  const timestamp = formatTimestamp(Date.now());
  const scope = { accessKeyId, date: timestamp.slice(0, 8), region, service: "s3" };
  const sent = body && payload === "chunked" ? chunkedBody(body) : body;
  const payloadHash = hashFor(body, payload);
  const headers: Record<string, string> = {
    host: new URL(endpoint.url).host,
    ...ask.headers,
    ...(body !== undefined && payload === "chunked" ? chunkedHeaders(body) : {}),
    "x-amz-content-sha256": payloadHash,
    "x-amz-date": timestamp,
  };
  const names = Object.keys(headers).sort();
  const [target = "", query = ""] = path.split("?");
  const pairs = query === "" ? [] : query.split("&").map((pair) => (pair.includes("=") ? pair : `${pair}=`));
  const lines = names.map((name) => `${name}:${headers[name]}\n`).join("");
  const canonical = [method, target, pairs.sort().join("&"), lines, names.join(";"), payloadHash].join("\n");
  const signed: Signed = {
    place: "header",
    scope,
    signedHeaders: names,
    signature: "",
    timestamp,
    payloadHash,
  };
  const signature = sign(keyFor(endpoint.secret, signed), stringToSign(canonical, signed));
  const credential = `${accessKeyId}/${scope.date}/${region}/s3/aws4_request`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
  const length =
    sent === undefined && method !== "PUT" && method !== "POST"
      ? ""
      : `content-length: ${sent?.length ?? 0}\r\n`;
  const head = `${method} ${path} HTTP/1.1\r\n${names.map((name) => `${name}: ${headers[name]}\r\n`).join("")}authorization: ${authorization}\r\n${length}\r\n`;
  return { head: Buffer.from(head, "latin1"), isHead: method === "HEAD", ...(sent && { body: sent }) };
}

function hashFor(body: Buffer | undefined, payload: Ask["payload"]): string {
  if (payload === "unsigned") return "UNSIGNED-PAYLOAD";
  if (payload === "chunked") return "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
  if (body === undefined) return EMPTY_SHA256;
  const known = hashes.get(body) ?? createHash("sha256").update(body).digest("hex");
  hashes.set(body, known);
  return known;
}

function chunkedHeaders(body: Buffer): Record<string, string> {
  return {
    "content-encoding": "aws-chunked",
    "x-amz-decoded-content-length": String(body.length),
    "x-amz-trailer": "x-amz-checksum-crc32",
  };
}

/** The body in chunks with its CRC32 as the trailer, as SDKs send it. */
function chunkedBody(body: Buffer): Buffer {
  const known = chunked.get(body);
  if (known !== undefined) return known;
  const digest = Buffer.alloc(4);
  digest.writeUInt32BE(crc32(body));
  const trailers = [["x-amz-checksum-crc32", digest.toString("base64")] as const];
  const { buffer, byteOffset, byteLength } = encodeChunks({ chunks: cut(body, CHUNK_BYTES), trailers });
  const wire = Buffer.from(buffer, byteOffset, byteLength);
  chunked.set(body, wire);
  return wire;
}

function keyFor(secret: string, { scope }: Signed): Uint8Array {
  const name = `${secret} ${scope.date} ${scope.region}`;
  const key = keys.get(name) ?? signingKey(secret, scope);
  keys.set(name, key);
  return key;
}
