// The checksums of S3, each straight from its definition, bit by bit.

import { createHash } from "node:crypto";
import { xxh3, xxh64 } from "./xxhash.ts";

export const ALGORITHMS = [
  "CRC32",
  "CRC32C",
  "CRC64NVME",
  "SHA1",
  "SHA256",
  "SHA512",
  "MD5",
  "XXHASH64",
  "XXHASH3",
  "XXHASH128",
] as const;

export type Algorithm = (typeof ALGORITHMS)[number];

/** Reflected polynomials of those that are cyclic. */
const POLYNOMIALS: Partial<Record<Algorithm, { bits: bigint; polynomial: bigint }>> = {
  CRC32: { bits: 32n, polynomial: 0xedb88320n },
  CRC32C: { bits: 32n, polynomial: 0x82f63b78n },
  CRC64NVME: { bits: 64n, polynomial: 0x9a6c9329ac4bc9b5n },
};

/** The checksum of some bytes as S3 spells it: base64 of the big-endian digest. */
export function checksum(algorithm: Algorithm, data: string | Uint8Array): string {
  const bytes = Buffer.from(data);
  if (algorithm === "XXHASH64") return spelled(xxh64(bytes), 64n);
  if (algorithm === "XXHASH3") return spelled(xxh3(bytes).narrow, 64n);
  if (algorithm === "XXHASH128") return spelled(xxh3(bytes).wide, 128n);
  const cyclic = POLYNOMIALS[algorithm];
  if (cyclic === undefined) return createHash(algorithm.toLowerCase()).update(bytes).digest("base64");
  const { bits, polynomial } = cyclic;
  const ones = (1n << bits) - 1n;
  let crc = ones;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ polynomial : crc >> 1n;
  }
  return spelled(crc ^ ones, bits);
}

function spelled(value: bigint, bits: bigint): string {
  const digits = value.toString(16).padStart(Number(bits / 4n), "0");
  return Buffer.from(digits, "hex").toString("base64");
}

export function md5(data: string | Uint8Array, encoding: "hex" | "base64" = "hex"): string {
  return createHash("md5").update(data).digest(encoding);
}

/** The header that carries a checksum. */
export function checksumHeader(algorithm: Algorithm): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`;
}
