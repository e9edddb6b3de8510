// How x-amz-content-sha256 says what vouches for a body: a hash, nothing, or signatures inside an aws-chunked stream.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html

import { invalidArgument } from "./error.ts";

export const UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD";

/** What chunk and trailer signatures have to be; made for one request by whoever holds its signing key. */
export interface ChunkSigner {
  /** The signature of the request itself, which the first chunk's is chained to. */
  readonly seed: string;
  /** The signature (64 lower-case hex digits) of a chunk behind the signature `previous`. */
  chunk(previous: string, payloadSha256Hex: string): string;
  /** The signature (64 lower-case hex digits) of the trailers behind the last chunk's signature. */
  trailer(previous: string, trailerSha256Hex: string): string;
}

/** `hash`: SHA-256 in hex. `chunked`: aws-chunked, with or without trailers; signed if there is a signer. */
export type Seal =
  | { kind: "hash"; sha256: string }
  | { kind: "unsigned" }
  | { kind: "chunked"; trailer: boolean; signer: ChunkSigner | undefined };

/** Reads the header's value; `signer` is asked for only by a stream of signed chunks. Throws InvalidArgument. */
export function readSeal(value: string, signer: () => ChunkSigner): Seal {
  switch (value) {
    case UNSIGNED_PAYLOAD:
      return { kind: "unsigned" };
    case "STREAMING-UNSIGNED-PAYLOAD-TRAILER":
      return { kind: "chunked", trailer: true, signer: undefined };
    case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD":
      return { kind: "chunked", trailer: false, signer: signer() };
    case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER":
      return { kind: "chunked", trailer: true, signer: signer() };
  }
  if (/^[0-9a-f]{64}$/.test(value)) return { kind: "hash", sha256: value };
  throw invalidArgument(
    "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.",
    "x-amz-content-sha256",
    value,
  );
}
