import { describe, expect, it } from "vitest";
import {
  CHECKSUM_ALGORITHMS,
  CHECKSUM_BYTES,
  checksumAlgorithmOf,
  checksumHeader,
} from "../../src/facts/checksum.ts";

describe("a checksum's header", () => {
  it("names its algorithm, and the algorithm names its header", () => {
    expect(CHECKSUM_ALGORITHMS.map(checksumHeader)).toEqual([
      "x-amz-checksum-crc32",
      "x-amz-checksum-crc32c",
      "x-amz-checksum-crc64nvme",
      "x-amz-checksum-sha1",
      "x-amz-checksum-sha256",
      "x-amz-checksum-sha512",
      "x-amz-checksum-md5",
      "x-amz-checksum-xxhash64",
      "x-amz-checksum-xxhash3",
      "x-amz-checksum-xxhash128",
    ]);
    for (const algorithm of CHECKSUM_ALGORITHMS) {
      expect(checksumAlgorithmOf(checksumHeader(algorithm))).toBe(algorithm);
    }
  });

  it.each([
    "x-amz-checksum-algorithm",
    "x-amz-checksum-crc",
    "x-amz-checksum-",
    "content-md5",
    "X-Amz-Checksum-Crc32",
  ])("is no other: %s", (header) => {
    expect(checksumAlgorithmOf(header)).toBeUndefined();
  });

  it("carries as many bytes as the digest has", () => {
    expect(CHECKSUM_ALGORITHMS.map((algorithm) => CHECKSUM_BYTES[algorithm] * 8)).toEqual([
      32, 32, 64, 160, 256, 512, 128, 64, 64, 128,
    ]);
  });
});
