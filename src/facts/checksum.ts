// What Portico knows of S3's additional checksums: their names, lengths and where they stand in a request.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html

/** The algorithms that are verified and remembered, as S3 spells them. */
export const CHECKSUM_ALGORITHMS = [
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

export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number];

/** Length of a digest in bytes, before base64. */
export const CHECKSUM_BYTES: Record<ChecksumAlgorithm, number> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32,
  SHA512: 64,
  MD5: 16,
  XXHASH64: 8,
  XXHASH3: 8,
  XXHASH128: 16,
};

/** One checksum as S3 shows it: `value` is base64 of the big-endian digest. */
export interface Checksum {
  algorithm: ChecksumAlgorithm;
  value: string;
}

/** Of all bytes of the object, or of its parts' checksums. */
export type ChecksumType = "FULL_OBJECT" | "COMPOSITE";

/** Which checksum an upload's parts, and in the end its object, are to have. */
export interface ChecksumPlan {
  algorithm: ChecksumAlgorithm;
  type: ChecksumType;
}

/** The checksum of an object. */
export type ObjectChecksum = ChecksumPlan & Checksum;

/** The header, or trailer, that carries a checksum: `x-amz-checksum-crc32`, … */
export function checksumHeader(algorithm: ChecksumAlgorithm): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`;
}

/** The algorithm that a header or trailer name (lower case) carries; undefined for any other header. */
export function checksumAlgorithmOf(header: string): ChecksumAlgorithm | undefined {
  return CHECKSUM_ALGORITHMS.find((algorithm) => checksumHeader(algorithm) === header);
}
