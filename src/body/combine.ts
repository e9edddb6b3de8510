// How an object's checksum follows from its parts' without reading a byte again: of all bytes, or of the parts' checksums.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html, and zlib's crc32_combine.

import { Buffer } from "node:buffer";
import type { ChecksumAlgorithm } from "../facts/checksum.ts";
import { base64, createDigest } from "./digest.ts";

/** One part: its checksum in base64, its size in bytes. */
export interface PartChecksum {
  value: string;
  size: number;
}

/** The polynomials, reflected, without their highest term; and their widths in bits. */
const POLYNOMIALS = {
  CRC32: { width: 32n, polynomial: 0xedb88320n },
  CRC32C: { width: 32n, polynomial: 0x82f63b78n },
  CRC64NVME: { width: 64n, polynomial: 0x9a6c9329ac4bc9b5n },
} as const;

export type LinearAlgorithm = keyof typeof POLYNOMIALS;

/** Whether the checksum of a whole follows from those of its parts. */
export function isLinear(algorithm: ChecksumAlgorithm): algorithm is LinearAlgorithm {
  return algorithm in POLYNOMIALS;
}

/** COMPOSITE: the checksum of the parts' checksums, and how many they are. */
export function compositeChecksum(algorithm: ChecksumAlgorithm, parts: readonly PartChecksum[]): string {
  const digest = createDigest(algorithm);
  for (const { value } of parts) digest.update(Buffer.from(value, "base64"));
  return `${base64(digest.digest())}-${parts.length}`;
}

/** FULL_OBJECT: the checksum of all bytes in turn. Its cost grows with the parts and their different sizes, not bytes. */
export function fullChecksum(algorithm: LinearAlgorithm, parts: readonly PartChecksum[]): string {
  const { width, polynomial } = POLYNOMIALS[algorithm];
  const shifts = new Map<number, bigint>();
  let whole = 0n;
  for (const { value, size } of parts) {
    const shift = shifts.get(size) ?? power(BigInt(size) * 8n, width, polynomial);
    shifts.set(size, shift);
    const crc = BigInt(`0x${Buffer.from(value, "base64").toString("hex")}`);
    whole = multiply(shift, whole, width, polynomial) ^ crc;
  }
  const digits = whole.toString(16).padStart(Number(width / 4n), "0");
  return Buffer.from(digits, "hex").toString("base64");
}

/** a · b modulo the polynomial; the highest bit is x⁰. */
function multiply(a: bigint, b: bigint, width: bigint, polynomial: bigint): bigint {
  let product = 0n;
  let shifted = b;
  for (let bit = width - 1n; bit >= 0n; bit--) {
    if ((a >> bit) & 1n) product ^= shifted;
    shifted = shifted & 1n ? (shifted >> 1n) ^ polynomial : shifted >> 1n;
  }
  return product;
}

/** xⁿ modulo the polynomial, by squaring. */
function power(n: bigint, width: bigint, polynomial: bigint): bigint {
  let result = 1n << (width - 1n);
  let square = 1n << (width - 2n);
  for (let rest = n; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = multiply(square, result, width, polynomial);
    square = multiply(square, square, width, polynomial);
  }
  return result;
}
