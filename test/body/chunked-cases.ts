// Bodies in aws-chunked for the decoder's tests, with what they decode to, and how a test takes them.

import { randomBytes } from "node:crypto";
import { ChunkedDecoder, type ChunkedOptions } from "../../src/body/chunked.ts";
import { S3Error } from "../../src/wire/error.ts";
import { type ChunkedBody, chunkSigner, cut, encodeChunks } from "../support/chunk-signer.ts";

export const SIGNING = {
  secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  timestamp: "20130524T000000Z",
  region: "us-east-1",
  seed: "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
};
export const TERMINATED = "The request body terminated unexpectedly";
export const WRONG_LENGTH =
  "You did not provide the number of bytes specified by the Content-Length HTTP header";

export interface Decoded {
  payload: Buffer;
  trailers: Record<string, string>;
}

export function decode(options: ChunkedOptions, ...pieces: Uint8Array[]): Decoded {
  const decoder = new ChunkedDecoder(options);
  const payload = pieces.flatMap((piece) => decoder.push(piece));
  return { trailers: Object.fromEntries(decoder.end()), payload: Buffer.concat(payload) };
}

/** The refusal of a body; fails if it is taken, or if anything but an S3Error is thrown. */
export function refusal(options: ChunkedOptions, ...pieces: Uint8Array[]): S3Error {
  try {
    decode(options, ...pieces);
  } catch (error) {
    if (error instanceof S3Error) return error;
    throw error;
  }
  throw new Error(`taken: ${Buffer.concat(pieces).toString("latin1")}`);
}

export interface Body {
  name: string;
  wire: Uint8Array;
  options: ChunkedOptions;
  decoded: Decoded;
}

export function body(name: string, source: ChunkedBody, wire = encodeChunks(source)): Body {
  const payload = Buffer.concat(source.chunks);
  const trailers = source.trailers ?? [];
  return {
    name,
    wire,
    options: {
      decodedLength: payload.length,
      ...(source.signing && { verifier: chunkSigner(source.signing) }),
      trailers: trailers.map(([trailer]) => trailer),
      expectTrailer: source.trailers !== undefined,
    },
    decoded: { payload, trailers: Object.fromEntries(trailers) },
  };
}

// Sizes without letters (2000 and 64 in hexadecimal), so that no byte of a header may change, not even in case.
export const CHUNKS = cut(randomBytes(8292), 8192);
export const SMALL = cut(randomBytes(11), 4);
export const CHECKSUM = ["x-amz-checksum-crc32c", "sOO8/Q=="] as const;
export const SIGNED = body("signed", { chunks: CHUNKS, signing: SIGNING });
export const SIGNED_TRAILER = body("signed with a trailer", {
  chunks: CHUNKS,
  signing: SIGNING,
  trailers: [CHECKSUM],
});
export const UNSIGNED_TRAILER = body("unsigned with a trailer", { chunks: SMALL, trailers: [CHECKSUM] });
export const BODIES = [
  SIGNED,
  SIGNED_TRAILER,
  UNSIGNED_TRAILER,
  body("signed and empty", { chunks: [], signing: SIGNING }),
  body("signed and empty with a trailer", { chunks: [], signing: SIGNING, trailers: [CHECKSUM] }),
  body("signed with an empty trailer section", { chunks: CHUNKS, signing: SIGNING, trailers: [] }),
  body("unsigned with an empty trailer section", { chunks: SMALL, trailers: [] }),
  body("unsigned and empty with two trailers", { chunks: [], trailers: [CHECKSUM, ["x-amz-meta-a", "1 2"]] }),
  body("signed with two trailers", {
    chunks: SMALL.slice(0, 1),
    signing: SIGNING,
    trailers: [
      ["b", "1"],
      ["a", "2"],
    ],
  }),
  body("signed with a bare LF behind a trailer", {
    chunks: [],
    signing: SIGNING,
    trailers: [CHECKSUM],
    lineEnd: "\n",
  }),
];
export const QUIRKS = [
  body("signed as minio-go does it", {
    chunks: CHUNKS,
    signing: SIGNING,
    trailers: [CHECKSUM],
    lineEnd: "\n\r\n",
  }),
  body("unsigned as minio-go does it", { chunks: SMALL, trailers: [CHECKSUM], lineEnd: "\n\r\n" }),
  body(
    "with bare LF, blanks and capitals in its trailers",
    { chunks: [Buffer.from("hello")], trailers: [CHECKSUM] },
    Buffer.from("5\r\nhello\r\n0\r\nX-Amz-Checksum-CRC32C \t: sOO8/Q== \n\n"),
  ),
  body(
    "with an empty line before its trailers",
    { chunks: [Buffer.from("hello")], trailers: [CHECKSUM] },
    Buffer.from("5\r\nhello\r\n0\r\n\r\nx-amz-checksum-crc32c:sOO8/Q==\r\n\r\n"),
  ),
  body(
    "with capitals and leading zeros in its sizes",
    { chunks: [Buffer.from("hello, world")], trailers: [] },
    Buffer.from("000C\r\nhello, world\r\n000\r\n\r\n"),
  ),
];
