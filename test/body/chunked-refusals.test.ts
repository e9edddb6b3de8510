// What is expected of the aws-chunked decoder: AWS's own examples, every way to cut a body, and every way to break one.

import { createHash, randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  ChunkedDecoder,
  type ChunkedOptions,
  MAX_CHUNK_HEADER_BYTES,
  MAX_TRAILER_BYTES,
} from "../../src/body/chunked.ts";
import { S3Error } from "../../src/wire/error.ts";
import { type ChunkedBody, chunkSigner, cut, encodeChunks } from "../support/chunk-signer.ts";

const SIGNING = {
  secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  timestamp: "20130524T000000Z",
  region: "us-east-1",
  seed: "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
};
const TERMINATED = "The request body terminated unexpectedly";
const WRONG_LENGTH = "You did not provide the number of bytes specified by the Content-Length HTTP header";

interface Decoded {
  payload: Buffer;
  trailers: Record<string, string>;
}

function decode(options: ChunkedOptions, ...pieces: Uint8Array[]): Decoded {
  const decoder = new ChunkedDecoder(options);
  const payload = pieces.flatMap((piece) => decoder.push(piece));
  return { trailers: Object.fromEntries(decoder.end()), payload: Buffer.concat(payload) };
}

/** The refusal of a body; fails if it is taken, or if anything but an S3Error is thrown. */
function refusal(options: ChunkedOptions, ...pieces: Uint8Array[]): S3Error {
  try {
    decode(options, ...pieces);
  } catch (error) {
    if (error instanceof S3Error) return error;
    throw error;
  }
  throw new Error(`taken: ${Buffer.concat(pieces).toString("latin1")}`);
}

interface Body {
  name: string;
  wire: Uint8Array;
  options: ChunkedOptions;
  decoded: Decoded;
}

function body(name: string, source: ChunkedBody, wire = encodeChunks(source)): Body {
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
const CHUNKS = cut(randomBytes(8292), 8192);
const SMALL = cut(randomBytes(11), 4);
const CHECKSUM = ["x-amz-checksum-crc32c", "sOO8/Q=="] as const;
const SIGNED = body("signed", { chunks: CHUNKS, signing: SIGNING });
const SIGNED_TRAILER = body("signed with a trailer", {
  chunks: CHUNKS,
  signing: SIGNING,
  trailers: [CHECKSUM],
});
const UNSIGNED_TRAILER = body("unsigned with a trailer", { chunks: SMALL, trailers: [CHECKSUM] });
const _BODIES = [
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
const _QUIRKS = [
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

describe("A body that is not as long as was said", () => {
  const wire = Buffer.from("5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n");
  it.each([
    [0, 5],
    [4, 5],
    [5, 6],
    [7, 6],
    [6_000_000, 6],
    [Number.NaN, 6],
  ])("is refused: %d bytes said, %d seen", (decodedLength, seen) => {
    const error = refusal({ decodedLength, trailers: [], expectTrailer: true }, wire);
    expect([error.code, error.message]).toEqual(["IncompleteBody", WRONG_LENGTH]);
    expect(error.elements).toEqual({
      NumberBytesExpected: String(decodedLength),
      NumberBytesProvided: String(seen),
    });
  });

  it("never gives out more bytes than were said", () => {
    const decoder = new ChunkedDecoder({ decodedLength: 5, trailers: [], expectTrailer: true });
    const [hello] = decoder.push(wire.subarray(0, 10));
    expect(hello?.toString()).toBe("hello");
    expect(() => decoder.push(wire.subarray(10))).toThrow(WRONG_LENGTH);
  });
});

describe("A malformed body", () => {
  const H = "0".repeat(64);
  const plain = { decodedLength: 5, trailers: [], expectTrailer: true };
  const withTrailer = { ...plain, trailers: ["x-amz-checksum-crc32"] };
  const noSection = { ...plain, expectTrailer: false };
  const signed = { ...noSection, verifier: chunkSigner(SIGNING) };
  const long = "0".repeat(MAX_CHUNK_HEADER_BYTES);
  const start = "5\r\nhello\r\n0\r\n";
  const crc = "x-amz-checksum-crc32:NhCmhg==\r\n";

  it.each<[string, ChunkedOptions, string, string]>([
    ["no bytes", plain, "", "IncompleteBody"],
    ["an empty line for a size", plain, "\r\nhello\r\n0\r\n\r\n", "IncompleteBody"],
    ["a size that is not hexadecimal", plain, "g\r\nhello\r\n0\r\n\r\n", "IncompleteBody"],
    ["a size that begins with 0x", plain, "0x5\r\nhello\r\n0\r\n\r\n", "IncompleteBody"],
    ["a negative size", plain, "-5\r\nhello\r\n0\r\n\r\n", "IncompleteBody"],
    ["a size among blanks", plain, " 5 \r\nhello\r\n0\r\n\r\n", "IncompleteBody"],
    ["a size of 5 GiB and one byte", plain, "140000001\r\nhello", "IncompleteBody"],
    ["a size of 2^64 - 1", plain, "ffffffffffffffff\r\nhello", "IncompleteBody"],
    ["a size of 17 digits", plain, "00000000000000005\r\nhello\r\n0\r\n\r\n", "IncompleteBody"],
    ["a header that never ends", plain, long, "IncompleteBody"],
    ["a header longer than the limit", plain, `${long}5\r\nhello\r\n0\r\n\r\n`, "IncompleteBody"],
    ["a header that ends in LF alone", plain, "5\nhello\r\n0\r\n\r\n", "IncompleteBody"],
    ["a header that ends in CR CR LF", plain, "5\r\r\nhello\r\n0\r\n\r\n", "IncompleteBody"],
    [
      "a signature where none is due",
      plain,
      `5;chunk-signature=${H}\r\nhello\r\n0\r\n\r\n`,
      "IncompleteBody",
    ],
    ["another extension", plain, "5;a=b\r\nhello\r\n0\r\n\r\n", "IncompleteBody"],
    ["no CRLF behind the data", plain, "5\r\nhello0\r\n\r\n", "IncompleteBody"],
    ["LF alone behind the data", plain, "5\r\nhello\n0\r\n\r\n", "IncompleteBody"],
    ["CR and no LF behind the data", plain, "5\r\nhello\rX0\r\n\r\n", "IncompleteBody"],
    ["a size too small for the data", plain, "3\r\nhello\r\n0\r\n\r\n", "IncompleteBody"],
    ["no end behind the last chunk", plain, start, "IncompleteBody"],
    ["another byte for the last LF", plain, `${start}\rX`, "IncompleteBody"],
    ["a byte behind the end", plain, `${start}\r\nX`, "IncompleteBody"],
    ["a line behind the end", plain, `${start}\r\nX\r\n\r\n`, "MalformedTrailerError"],
    ["another body behind the end", noSection, `${start}\r\n${start}\r\n`, "IncompleteBody"],
    [
      "an empty line behind the end, where no trailers are due",
      noSection,
      `${start}\r\n\r\n`,
      "IncompleteBody",
    ],
    ["trailers where no section is due", noSection, `${start}${crc}\r\n`, "IncompleteBody"],
    ["a trailer that was not announced", plain, `${start}${crc}\r\n`, "MalformedTrailerError"],
    ["none of the trailers announced", withTrailer, `${start}\r\n`, "MalformedTrailerError"],
    [
      "another trailer than announced",
      withTrailer,
      `${start}x-amz-checksum-sha1:1\r\n\r\n`,
      "MalformedTrailerError",
    ],
    ["one trailer beside those announced", withTrailer, `${start}${crc}a:b\r\n\r\n`, "MalformedTrailerError"],
    ["a trailer twice", withTrailer, `${start}${crc}${crc}\r\n`, "MalformedTrailerError"],
    ["a trailer with no colon", withTrailer, `${start}x-amz-checksum-crc32\r\n\r\n`, "MalformedTrailerError"],
    ["a trailer with no name", withTrailer, `${start}:NhCmhg==\r\n\r\n`, "MalformedTrailerError"],
    [
      "a name with a blank in it",
      { ...plain, trailers: ["a b"] },
      `${start}a b:c\r\n\r\n`,
      "MalformedTrailerError",
    ],
    ["a control character", withTrailer, `${start}x-amz-checksum-crc32:N\0\r\n\r\n`, "MalformedTrailerError"],
    ["a letter beyond ASCII", withTrailer, `${start}x-amz-checksum-crc32:é\r\n\r\n`, "MalformedTrailerError"],
    ["a CR within a line", withTrailer, `${start}x-amz-checksum-crc32:a\rb\r\n\r\n`, "MalformedTrailerError"],
    ["a line of blanks", withTrailer, `${start}${crc} \r\n\r\n`, "MalformedTrailerError"],
    ["no empty line behind the trailers", withTrailer, `${start}${crc}`, "IncompleteBody"],
    [
      "a trailer's signature where none is due",
      plain,
      `${start}x-amz-trailer-signature:${H}\r\n\r\n`,
      "MalformedTrailerError",
    ],
    [
      "trailers beyond the limit",
      withTrailer,
      `${start}${"\r\n".repeat(MAX_TRAILER_BYTES)}`,
      "MalformedTrailerError",
    ],
    ["no signature", signed, "5\r\nhello\r\n0\r\n\r\n", "IncompleteBody"],
    ["a signature of 63 digits", signed, `5;chunk-signature=${H.slice(1)}\r\nhello\r\n`, "IncompleteBody"],
    ["a signature of 65 digits", signed, `5;chunk-signature=${H}0\r\nhello\r\n`, "IncompleteBody"],
    [
      "a signature that is not hexadecimal",
      signed,
      `5;chunk-signature=${H.slice(1)}g\r\nhello\r\n`,
      "IncompleteBody",
    ],
    ["a signature in capitals", signed, `5;chunk-signature=${H.slice(1)}A\r\nhello\r\n`, "IncompleteBody"],
    ["another extension for the signature", signed, `5;chunk-signaturf=${H}\r\nhello\r\n`, "IncompleteBody"],
    ["a wrong signature", signed, `5;chunk-signature=${H}\r\nhello\r\n`, "SignatureDoesNotMatch"],
  ])("is refused: %s", (_name, options, wire, code) => {
    const bytes = Buffer.from(wire);
    for (const pieces of [[bytes], cut(bytes, 1)]) {
      const error = refusal(options, ...pieces);
      expect(error.code).toBe(code);
      if (code === "IncompleteBody") expect(error.message).toBe(TERMINATED);
    }
  });

  it.each([
    ["of 63 digits", H.slice(1), "MalformedTrailerError"],
    ["of no digits", "", "MalformedTrailerError"],
    ["in capitals", `${H.slice(1)}A`, "MalformedTrailerError"],
    ["that is wrong", H, "SignatureDoesNotMatch"],
    ["with a line behind it", `${H}\r\na:b`, "MalformedTrailerError"],
    ["that comes twice", `${H}\r\nx-amz-trailer-signature:${H}`, "MalformedTrailerError"],
  ])("is refused: a trailer's signature %s", (_name, signature, code) => {
    const verifier = chunkSigner(SIGNING);
    const empty = createHash("sha256").digest("hex");
    const zero = `0;chunk-signature=${verifier.chunk(verifier.seed, empty)}\r\n`;
    const wire = Buffer.from(`${zero}a:b\r\nx-amz-trailer-signature:${signature}\r\n\r\n`);
    const options = { decodedLength: 0, verifier, trailers: ["a"], expectTrailer: true };
    expect(refusal(options, wire).code).toBe(code);
  });

  it.each([
    ["a header", "g\r\n", `${start}\r\n`],
    ["a CRLF", "5\r\nhelloX", "\r\n0\r\n\r\n"],
    ["a length", "6\r\n", `${start}\r\n`],
    ["a trailer section", `${start}\r\n${"\n".repeat(MAX_TRAILER_BYTES - 1)}`, ""],
  ])("stays refused whatever comes after: %s", (_name, refused, after) => {
    const decoder = new ChunkedDecoder(plain);
    for (const byte of cut(Buffer.from(refused).subarray(0, -1), 1)) decoder.push(byte);
    expect(() => decoder.push(Buffer.from(refused).subarray(-1))).toThrow(S3Error);
    if (after !== "") expect(() => decoder.push(Buffer.from(after))).toThrow(TERMINATED);
    expect(() => decoder.end()).toThrow(TERMINATED);
  });

  it("does not hold what it cannot use: a header or a trailer section as long as a body is refused at once", () => {
    const endless = Buffer.alloc(1024 * 1024, "0");
    expect(() => new ChunkedDecoder(plain).push(endless)).toThrow(TERMINATED);
    const decoder = new ChunkedDecoder(plain);
    decoder.push(Buffer.from(start));
    expect(() => decoder.push(endless)).toThrow("trailing data");
  });
});
