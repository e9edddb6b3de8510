// What Portico knows of digesting bytes as they pass: one running digest for each checksum of S3's, and for MD5.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { ChecksumAlgorithm } from "../facts/checksum.ts";
import { LentHash } from "./lent-hash.ts";

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
      return runningCrc32();
    case "CRC32C":
    case "CRC64NVME":
    case "XXHASH64":
    case "XXHASH3":
    case "XXHASH128":
      return new LentHash(algorithm);
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

function runningCrc32(): Digest {
  let value = 0;
  return {
    update(chunk) {
      value = crc32(chunk, value);
    },
    digest() {
      const bytes = new Uint8Array(4);
      new DataView(bytes.buffer).setUint32(0, value);
      return bytes;
    },
  };
}
