// What is expected of digests: the published vectors, and the same answer however the bytes come.

import { createHash, randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { base64, createDigest, hex } from "../../src/body/digest.ts";
import { CHECKSUM_ALGORITHMS, CHECKSUM_BYTES, type ChecksumAlgorithm } from "../../src/facts/checksum.ts";

const ascii = (text: string) => new TextEncoder().encode(text);
const ascending = Uint8Array.from({ length: 32 }, (_, index) => index);

// CRC32: zlib. CRC32C: RFC 3720, appendix B.4. CRC64NVME: the NVM Command Set Specification's test cases and the check
// value of the CRC catalogue. SHA-1, SHA-256: FIPS 180-4's examples. MD5: RFC 1321, appendix A.5.
const VECTORS: [ChecksumAlgorithm, string, Uint8Array, string][] = [
  ["CRC32", "nothing", ascii(""), "00000000"],
  ["CRC32", "123456789", ascii("123456789"), "cbf43926"],
  ["CRC32C", "nothing", ascii(""), "00000000"],
  ["CRC32C", "123456789", ascii("123456789"), "e3069283"],
  ["CRC32C", "32 zeros", new Uint8Array(32), "8a9136aa"],
  ["CRC32C", "32 ones", new Uint8Array(32).fill(0xff), "62a8ab43"],
  ["CRC32C", "0 to 31", ascending, "46dd794e"],
  ["CRC32C", "31 to 0", ascending.toReversed(), "113fdb5c"],
  ["CRC64NVME", "nothing", ascii(""), "0000000000000000"],
  ["CRC64NVME", "123456789", ascii("123456789"), "ae8b14860a799888"],
  ["CRC64NVME", "4096 zeros", new Uint8Array(4096), "6482d367eb22b64e"],
  ["CRC64NVME", "4096 ones", new Uint8Array(4096).fill(0xff), "c0ddba7302eca3ac"],
  ["SHA1", "nothing", ascii(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709"],
  ["SHA1", "abc", ascii("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d"],
  ["SHA256", "nothing", ascii(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  ["SHA256", "abc", ascii("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  ["MD5", "nothing", ascii(""), "d41d8cd98f00b204e9800998ecf8427e"],
  ["MD5", "abc", ascii("abc"), "900150983cd24fb0d6963f7d28e17f72"],
];

function digestOf(algorithm: ChecksumAlgorithm, ...chunks: Uint8Array[]): Uint8Array {
  const digest = createDigest(algorithm);
  for (const chunk of chunks) digest.update(chunk);
  return digest.digest();
}

// The definition of a reflected CRC with all ones before and after, a bit at a time.
function naiveCrc(bytes: Uint8Array, width: 32 | 64, polynomial: bigint): string {
  const ones = (1n << BigInt(width)) - 1n;
  let crc = ones;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ polynomial : crc >> 1n;
  }
  return (crc ^ ones).toString(16).padStart(width / 4, "0");
}

describe("createDigest", () => {
  it.each(VECTORS)("gives the published %s of %s", (algorithm, _name, bytes, expected) => {
    expect(hex(digestOf(algorithm, bytes))).toBe(expected);
  });

  it.each(CHECKSUM_ALGORITHMS)("gives as many bytes of %s as its checksum has", (algorithm) => {
    expect(digestOf(algorithm, ascii("x")).length).toBe(CHECKSUM_BYTES[algorithm]);
  });

  it.each([
    ["CRC32", 32, 0xedb88320n],
    ["CRC32C", 32, 0x82f63b78n],
    ["CRC64NVME", 64, 0x9a6c9329ac4bc9b5n],
  ] as const)(
    "agrees with %s computed bit by bit on random bytes of any length and alignment",
    (algorithm, width, polynomial) => {
      const random = randomBytes(600);
      for (let length = 0; length < 300; length++) {
        const bytes = random.subarray(length % 8, (length % 8) + length);
        expect(hex(digestOf(algorithm, bytes)), hex(bytes)).toBe(naiveCrc(bytes, width, polynomial));
      }
    },
  );

  it.each(CHECKSUM_ALGORITHMS)("gives the same %s wherever the bytes are split", (algorithm) => {
    const bytes = randomBytes(257);
    const whole = hex(digestOf(algorithm, bytes));
    for (let split = 0; split <= bytes.length; split++) {
      expect(hex(digestOf(algorithm, bytes.subarray(0, split), bytes.subarray(split)))).toBe(whole);
    }
    expect(hex(digestOf(algorithm, ...Array.from(bytes, (byte) => Uint8Array.of(byte))))).toBe(whole);
  });

  it.each(CHECKSUM_ALGORITHMS)("keeps two digests of %s apart", (algorithm) => {
    const [one, other] = [createDigest(algorithm), createDigest(algorithm)];
    one.update(ascii("one"));
    other.update(ascii("other"));
    expect(one.digest()).toEqual(digestOf(algorithm, ascii("one")));
    expect(other.digest()).toEqual(digestOf(algorithm, ascii("other")));
  });

  it("reads the bytes before update returns, so that a buffer may be used again", () => {
    for (const algorithm of CHECKSUM_ALGORITHMS) {
      const digest = createDigest(algorithm);
      const buffer = ascii("first");
      digest.update(buffer);
      buffer.fill(0);
      expect(hex(digest.digest())).toBe(hex(digestOf(algorithm, ascii("first"))));
    }
  });
});

describe("base64 and hex", () => {
  it("spell only the bytes of a view, not those of the buffer under it", () => {
    const view = ascii("xxhello!yy").subarray(2, 8);
    expect(base64(view)).toBe("aGVsbG8h");
    expect(hex(view)).toBe("68656c6c6f21");
  });

  it("spell a digest as S3's documentation does", () => {
    const bytes = new Uint8Array(66_560).fill(0x61);
    expect(base64(digestOf("CRC32C", bytes))).toBe("sOO8/Q==");
    expect(hex(digestOf("SHA256", bytes))).toBe(createHash("sha256").update(bytes).digest("hex"));
  });
});
