// What a client knows of aws-chunked: how to cut a body into chunks and to sign them, written apart from src.
// Sources: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and …/sigv4-streaming-trailers.html

import { createHash, createHmac } from "node:crypto";

/** What the signatures of one request's chunks are made from. */
export interface ChunkSigning {
  secret: string;
  /** `YYYYMMDDTHHMMSSZ`, the request's x-amz-date. */
  timestamp: string;
  region: string;
  /** The signature of the request itself, 64 hex digits. */
  seed: string;
}

export interface ChunkedBody {
  /** The data of each chunk, in order; the empty one at the end is added. */
  chunks: readonly Uint8Array[];
  /** Absent: the chunks carry no signatures (STREAMING-UNSIGNED-PAYLOAD-TRAILER). */
  signing?: ChunkSigning;
  /** Names and values in order; absent: no trailer section (STREAMING-AWS4-HMAC-SHA256-PAYLOAD). */
  trailers?: readonly (readonly [name: string, value: string])[];
  /** What stands behind each trailer, the signature's excepted; minio-go sends `\n\r\n`. CRLF unless said. */
  lineEnd?: string;
}

/** The signatures of one request's chunks. The shape is src's ChunkSigner. */
export interface ChunkSigner {
  readonly seed: string;
  chunk(previous: string, payloadSha256Hex: string): string;
  trailer(previous: string, trailerSha256Hex: string): string;
}

export function chunkSigner({ secret, timestamp, region, seed }: ChunkSigning): ChunkSigner {
  const date = timestamp.slice(0, 8);
  const key = [date, region, "s3", "aws4_request"].reduce(hmac, Buffer.from(`AWS4${secret}`));
  const scope = `${date}/${region}/s3/aws4_request`;
  const sign = (...lines: string[]) => hmac(key, lines.join("\n")).toString("hex");
  return {
    seed,
    chunk: (previous, payload) =>
      sign("AWS4-HMAC-SHA256-PAYLOAD", timestamp, scope, previous, sha256(""), payload),
    trailer: (previous, trailer) => sign("AWS4-HMAC-SHA256-TRAILER", timestamp, scope, previous, trailer),
  };
}

/** The whole body as it goes over the wire. */
export function encodeChunks({ chunks, signing, trailers, lineEnd = "\r\n" }: ChunkedBody): Uint8Array {
  const signer = signing && chunkSigner(signing);
  const wire: Uint8Array[] = [];
  let previous = signing?.seed ?? "";
  const header = (data: Uint8Array): string => {
    const size = data.length.toString(16);
    if (!signer) return `${size}\r\n`;
    previous = signer.chunk(previous, sha256(data));
    return `${size};chunk-signature=${previous}\r\n`;
  };
  for (const data of chunks) wire.push(Buffer.from(header(data)), data, Buffer.from("\r\n"));
  wire.push(Buffer.from(header(new Uint8Array())));
  if (trailers) {
    for (const [name, value] of trailers) wire.push(Buffer.from(`${name}:${value}${lineEnd}`));
    if (signer) {
      const canonical = trailers.map(([name, value]) => `${name}:${value}\n`).join("");
      wire.push(Buffer.from(`x-amz-trailer-signature:${signer.trailer(previous, sha256(canonical))}\r\n`));
    }
  }
  wire.push(Buffer.from("\r\n"));
  return Buffer.concat(wire);
}

/** `data` in chunks of `size` bytes, the last one shorter. */
export function cut(data: Uint8Array, size: number): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < data.length; at += size) chunks.push(data.subarray(at, at + size));
  return chunks;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
