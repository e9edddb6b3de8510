// What is expected of hashes.wasm and of lending it states: xxHash's own vectors, every way to cut a stream, many at once.

import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import hashes from "../../src/body/hashes.wasm";
import { LentHash } from "../../src/body/lent-hash.ts";
import { xxh3, xxh64 } from "../support/xxhash.ts";
import vectors from "../vectors/xxhash.json" with { type: "json" };

const ROOT = path.resolve(import.meta.dirname, "../..");
const ALGORITHMS = ["CRC32C", "CRC64NVME", "XXHASH64", "XXHASH3", "XXHASH128"] as const;
const XXHASHES = ["XXHASH64", "XXHASH3", "XXHASH128"] as const;

/** The bytes that xxHash's own tests hash (tests/sanity_test_vectors_generator.c). */
function sanityBytes(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = 2654435761n;
  for (let at = 0; at < length; at++) {
    bytes[at] = Number(state >> 56n);
    state = BigInt.asUintN(64, state * 11400714785074694797n);
  }
  return bytes;
}

const LONGEST = Math.max(...vectors.map(([length]) => Number(length)));
const SANITY = sanityBytes(LONGEST);

function digestOf(algorithm: (typeof ALGORITHMS)[number], chunks: readonly Uint8Array[]): string {
  const hash = new LentHash(algorithm);
  for (const chunk of chunks) hash.update(chunk);
  return Buffer.from(hash.digest()).toString("hex");
}

describe("the module", () => {
  it("is what its source compiles to, byte for byte", () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "portico-hashes-"));
    try {
      const built = path.join(folder, "hashes.wasm");
      execFileSync("npm", ["run", "--silent", "hashes", "--", "--outFile", built], { cwd: ROOT });
      expect(readFileSync(built).equals(readFileSync(path.join(ROOT, "src/body/hashes.wasm")))).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("asks for nothing, and its memory cannot grow", () => {
    expect(WebAssembly.Module.imports(hashes)).toEqual([]);
    const { memory } = new WebAssembly.Instance(hashes).exports;
    if (!(memory instanceof WebAssembly.Memory)) throw new Error("no memory");
    expect(memory.buffer.byteLength).toBe(128 * 1024);
    expect(() => memory.grow(1)).toThrow();
  });
});

describe("xxHash", () => {
  it("has vectors for every way that a length is hashed in", () => {
    const lengths = vectors.map(([length]) => Number(length));
    const edges = [0, 1, 3, 4, 8, 9, 16, 17, 128, 129, 240, 241, 1024, 1025, 65_536, 65_537];
    expect(edges.filter((edge) => !lengths.includes(edge))).toEqual([]);
  });

  it.each(vectors)(
    "of the first %d bytes is what the reference implementation gives",
    (length, ...expected) => {
      const bytes = SANITY.subarray(0, Number(length));
      expect(XXHASHES.map((algorithm) => digestOf(algorithm, [bytes]))).toEqual(expected);
    },
  );

  it.each(vectors)("of the tests' own, the first %d bytes, is so too", (length, ...expected) => {
    const bytes = SANITY.subarray(0, Number(length));
    const { narrow, wide } = xxh3(bytes);
    const digits = [xxh64(bytes), narrow].map((value) => value.toString(16).padStart(16, "0"));
    expect([...digits, wide.toString(16).padStart(32, "0")]).toEqual(expected);
  });

  it("agrees with the tests' own on random bytes of every length up to 600", () => {
    const random = randomBytes(608);
    for (let length = 0; length <= 600; length++) {
      const bytes = random.subarray(length % 8, (length % 8) + length);
      const { narrow, wide } = xxh3(bytes);
      expect(BigInt(`0x${digestOf("XXHASH64", [bytes])}`), bytes.toString("hex")).toBe(xxh64(bytes));
      expect(BigInt(`0x${digestOf("XXHASH3", [bytes])}`), bytes.toString("hex")).toBe(narrow);
      expect(BigInt(`0x${digestOf("XXHASH128", [bytes])}`), bytes.toString("hex")).toBe(wide);
    }
  });
});

describe.each(ALGORITHMS)("a stream's %s", (algorithm) => {
  it.each([16, 31, 32, 33, 240, 241, 256, 257, 321, 1024, 1025, 1345])(
    "is the same wherever %d bytes are split",
    (length) => {
      const bytes = SANITY.subarray(0, length);
      const whole = digestOf(algorithm, [bytes]);
      for (let split = 0; split <= length; split++) {
        expect(digestOf(algorithm, [bytes.subarray(0, split), bytes.subarray(split)]), `${split}`).toBe(
          whole,
        );
      }
    },
  );

  it("is the same in pieces of any size, around the module's window too", () => {
    const bytes = SANITY.subarray(0, 140_000);
    const whole = digestOf(algorithm, [bytes]);
    for (const size of [1, 7, 63, 64, 65, 255, 256, 257, 1000, 65_535, 65_536, 65_537, 131_072]) {
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
        bytes.subarray(index * size, (index + 1) * size),
      );
      expect(digestOf(algorithm, pieces), `${size}`).toBe(whole);
    }
  });

  it("is not touched by a thousand others under way", () => {
    const bytes = SANITY.subarray(0, 700);
    const others = Array.from({ length: 1000 }, (_, index) => {
      const kind = ALGORITHMS[index % ALGORITHMS.length] ?? algorithm;
      return { kind, hash: new LentHash(kind), sent: bytes.subarray(0, (index * 7) % 700) };
    });
    const half = new LentHash(algorithm);
    half.update(bytes.subarray(0, 300));
    for (const { hash, sent } of others) hash.update(sent);
    half.update(bytes.subarray(300));
    expect(Buffer.from(half.digest()).toString("hex")).toBe(digestOf(algorithm, [bytes]));
    const found = others.map(({ hash }) => Buffer.from(hash.digest()).toString("hex"));
    expect(found).toEqual(others.map(({ kind, sent }) => digestOf(kind, [sent])));
  });
});
