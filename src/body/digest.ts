// What Portico knows of digesting bytes as they pass: one running digest for each checksum of S3's, and for MD5.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { ChecksumAlgorithm } from "../facts/checksum.ts";
import { crc32c, crc64nvme } from "./crc.ts";

/** A digest under way. */
export interface Digest {
  /** Takes the next bytes. They are read before the call returns, so their buffer may be used again. */
  update(chunk: Uint8Array): void;
  /** The digest of all bytes taken, big-endian, as long as `CHECKSUM_BYTES` says. To be called once, last. */
  digest(): Uint8Array;
}

/** A fresh digest that has taken no bytes. */
export function createDigest(algorithm: ChecksumAlgorithm): Digest {
  switch (algorithm) {
    case "CRC32":
      return running(0, crc32, (value) => bigEndian(value));
    case "CRC32C":
      return running(0, crc32c, (value) => bigEndian(value));
    case "CRC64NVME":
      return running({ high: 0, low: 0 }, crc64nvme, ({ high, low }) => bigEndian(high, low));
    case "SHA1":
    case "SHA256":
    case "SHA512":
    case "MD5":
      return createHash(algorithm.toLowerCase());
  }
}

/** Bytes as S3 spells a checksum in headers and XML: base64 with padding. */
export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** Bytes as S3 spells an etag or a signature: lower-case hexadecimal. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

// A digest whose whole state is the value for the bytes so far.
function running<Value>(
  start: Value,
  step: (chunk: Uint8Array, previous: Value) => Value,
  toBytes: (value: Value) => Uint8Array,
): Digest {
  let value = start;
  return {
    update(chunk) {
      value = step(chunk, value);
    },
    digest: () => toBytes(value),
  };
}

function bigEndian(...words: number[]): Uint8Array {
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [index, word] of words.entries()) view.setUint32(index * 4, word);
  return bytes;
}
