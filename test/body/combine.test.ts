import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { compositeChecksum, fullChecksum, isLinear, type PartChecksum } from "../../src/body/combine.ts";
import { base64, createDigest } from "../../src/body/digest.ts";
import { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm } from "../../src/facts/checksum.ts";
import { checksum } from "../support/checksums.ts";

const LINEAR = ["CRC32", "CRC32C", "CRC64NVME"] as const;

/** Random numbers below 2³² that come again for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

function bytesOf(random: () => number, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random() & 255);
}

/** The bytes in so many pieces, some of them empty. */
function split(bytes: Uint8Array, random: () => number, pieces: number): Uint8Array[] {
  const cuts = Array.from({ length: pieces - 1 }, () => random() % (bytes.length + 1));
  const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

function digest(algorithm: ChecksumAlgorithm, bytes: Uint8Array): string {
  const running = createDigest(algorithm);
  running.update(bytes);
  return base64(running.digest());
}

function summed(algorithm: ChecksumAlgorithm, parts: readonly Uint8Array[]): PartChecksum[] {
  return parts.map((part) => ({ value: digest(algorithm, part), size: part.length }));
}

describe("linear algorithms", () => {
  it("are the CRCs, and no other", () => {
    expect(CHECKSUM_ALGORITHMS.filter(isLinear)).toEqual([...LINEAR]);
  });
});

for (const algorithm of LINEAR) {
  describe(`a ${algorithm} of the whole`, () => {
    // The last seed is another one each time; its name says which.
    for (const seed of [1, 2, 3, Date.now() % 1_000_000]) {
      it(`follows from those of the parts, however the bytes are split: seed ${seed}`, () => {
        const random = randomOf(seed);
        for (let times = 0; times < 40; times++) {
          const bytes = bytesOf(random, random() % 5000);
          const parts = split(bytes, random, 1 + (random() % 12));
          expect(fullChecksum(algorithm, summed(algorithm, parts))).toBe(digest(algorithm, bytes));
        }
      });
    }

    it("is that of the definition", () => {
      const parts = ["1234", "", "5", "6789"].map((text) => Buffer.from(text));
      expect(fullChecksum(algorithm, summed(algorithm, parts))).toBe(checksum(algorithm, "123456789"));
    });

    it("is right at every place where two parts can meet", () => {
      const bytes = bytesOf(randomOf(7), 70);
      for (let cut = 0; cut <= bytes.length; cut++) {
        const parts = [bytes.subarray(0, cut), bytes.subarray(cut)];
        expect(fullChecksum(algorithm, summed(algorithm, parts))).toBe(digest(algorithm, bytes));
      }
    });

    it("is that of no bytes where every part is empty", () => {
      const nothing = digest(algorithm, new Uint8Array(0));
      for (const count of [0, 1, 3]) {
        const parts = Array.from({ length: count }, () => new Uint8Array(0));
        expect(fullChecksum(algorithm, summed(algorithm, parts))).toBe(nothing);
      }
    });

    it("does not care for empty parts, wherever they stand", () => {
      const [a, b] = [bytesOf(randomOf(8), 100), bytesOf(randomOf(9), 33)];
      const nothing = new Uint8Array(0);
      const whole = digest(algorithm, Buffer.concat([a, b]));
      for (const parts of [
        [nothing, a, b],
        [a, nothing, nothing, b],
        [a, b, nothing],
      ]) {
        expect(fullChecksum(algorithm, summed(algorithm, parts))).toBe(whole);
      }
    });

    it("keeps its leading zeros", () => {
      const zeros = (value: string) => Buffer.from(value, "base64")[0] === 0;
      const random = randomOf(11);
      let seen = 0;
      for (let times = 0; seen < 3 && times < 20_000; times++) {
        const bytes = bytesOf(random, 12);
        const value = digest(algorithm, bytes);
        if (!zeros(value)) continue;
        seen += 1;
        const parts = [bytes.subarray(0, 5), bytes.subarray(5)];
        expect(fullChecksum(algorithm, summed(algorithm, parts))).toBe(value);
      }
      expect(seen).toBe(3);
    });

    it("of ten thousand parts of five gibibytes follows without a look at a byte", () => {
      // Zeros after zeros: doubling what is known of one part tells what is to be expected.
      const size = 5 * 1024 ** 3;
      const one = repeated(algorithm, 1, size);
      const parts = Array.from({ length: 10_000 }, () => ({ value: one, size }));
      expect(fullChecksum(algorithm, parts)).toBe(repeated(algorithm, 10_000, size));
    });

    it("tells parts in another order apart", () => {
      const parts = split(bytesOf(randomOf(5), 300), randomOf(6), 4);
      const forth = fullChecksum(algorithm, summed(algorithm, parts));
      const back = fullChecksum(algorithm, summed(algorithm, parts.toReversed()));
      expect(forth).not.toBe(back);
    });
  });
}

const POLYNOMIALS = {
  CRC32: { width: 32n, polynomial: 0xedb88320n },
  CRC32C: { width: 32n, polynomial: 0x82f63b78n },
  CRC64NVME: { width: 64n, polynomial: 0x9a6c9329ac4bc9b5n },
} as const;

/**
 * The checksum of `count` times `size` zero bytes, by stepping a register through them as a matrix: each column is what
 * one bit of the register becomes. Nothing is taken from the code under test.
 */
function repeated(algorithm: (typeof LINEAR)[number], count: number, size: number): string {
  const { width, polynomial } = POLYNOMIALS[algorithm];
  const bits = Array.from({ length: Number(width) }, (_, bit) => 1n << BigInt(bit));
  const apply = (matrix: readonly bigint[], vector: bigint) =>
    matrix.reduce((sum, column, bit) => ((vector >> BigInt(bit)) & 1n ? sum ^ column : sum), 0n);
  let square = bits.map((bit) => (bit & 1n ? (bit >> 1n) ^ polynomial : bit >> 1n));
  let register = (1n << width) - 1n;
  for (let steps = BigInt(count) * BigInt(size) * 8n; steps > 0n; steps >>= 1n) {
    if (steps & 1n) register = apply(square, register);
    square = square.map((column) => apply(square, column));
  }
  const digits = (register ^ ((1n << width) - 1n)).toString(16).padStart(Number(width / 4n), "0");
  return Buffer.from(digits, "hex").toString("base64");
}

describe("the composite checksum", () => {
  it.each(["SHA1", "SHA256", "SHA512", "MD5"] as const)(
    "is the digest of the parts' digests, and how many they are: %s",
    (algorithm) => {
      const name = algorithm.toLowerCase();
      const parts = ["first", "", "third"].map((text) => Buffer.from(text));
      const digests = parts.map((part) => createHash(name).update(part).digest());
      const whole = createHash(name).update(Buffer.concat(digests)).digest("base64");
      expect(compositeChecksum(algorithm, summed(algorithm, parts))).toBe(`${whole}-3`);
    },
  );

  it.each(["CRC32", "CRC32C"] as const)("is so for CRCs too: %s", (algorithm) => {
    const parts = ["first", "", "third"].map((text) => Buffer.from(text));
    const digests = parts.map((part) => Buffer.from(checksum(algorithm, part), "base64"));
    const whole = checksum(algorithm, Buffer.concat(digests));
    expect(compositeChecksum(algorithm, summed(algorithm, parts))).toBe(`${whole}-3`);
  });

  // Seen at S3: https://github.com/floci-io/floci/issues/3083
  it("is what S3 gives for these parts", () => {
    const values = [
      "lcKa6Boe7a167tUCN5C4OaFygGSYD8MBnBARTrdL+1w=",
      "gHjhbUT4oo2tSCtSZJdlKi+jeNXJT+VImqdPXsXvkOc=",
      "4l9PQ3zOPZ0oGFvknFX+J4zZwE4WMzO+l3r8XrbWOeM=",
    ];
    const parts = values.map((value) => ({ value, size: 1 }));
    expect(compositeChecksum("SHA256", parts)).toBe("rVWtNbadtsaKXJAcgWPWjifHzJaXde/iV4jaJAOdivc=-3");
  });
});
