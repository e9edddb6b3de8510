// Bodies that the aws-chunked decoder refuses, and with which error.

import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  ChunkedDecoder,
  type ChunkedOptions,
  MAX_CHUNK_HEADER_BYTES,
  MAX_TRAILER_BYTES,
} from "../../src/body/chunked.ts";
import { S3Error } from "../../src/wire/error.ts";
import { chunkSigner, cut } from "../support/chunk-signer.ts";
import { refusal, SIGNING, TERMINATED, WRONG_LENGTH } from "./chunked-cases.ts";

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
