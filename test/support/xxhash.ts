// xxHash in whole numbers of any size, straight from its specification, all bytes at once; no word of it is shared with src.
// Source: doc/xxhash_spec.md of xxHash, seed 0.

const WORD = (1n << 64n) - 1n;
const HALF = (1n << 32n) - 1n;
const P32 = [0n, 0x9e3779b1n, 0x85ebca77n, 0xc2b2ae3dn] as const;
const P64 = [
  0n,
  0x9e3779b185ebca87n,
  0xc2b2ae3d27d4eb4fn,
  0x165667b19e3779f9n,
  0x85ebca77c2b2ae63n,
  0x27d4eb2f165667c5n,
] as const;
const MX1 = 0x165667919e3779f9n;
const MX2 = 0x9fb21c651e98df25n;
const SECRET = Buffer.from(
  "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221" +
    "b8084674f743248ee03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8" +
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb" +
    "170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e",
  "hex",
);

const u64 = (bytes: Buffer, at: number) => bytes.readBigUInt64LE(at);
const u32 = (bytes: Buffer, at: number) => BigInt(bytes.readUInt32LE(at));
const rotate = (value: bigint, bits: bigint, width = 64n) =>
  BigInt.asUintN(Number(width), (value << bits) | (value >> (width - bits)));
const swap = (value: bigint, bytes: number) =>
  BigInt(
    `0x${Buffer.from(value.toString(16).padStart(2 * bytes, "0"), "hex")
      .reverse()
      .toString("hex")}`,
  );
const fold = (a: bigint, b: bigint) => ((a * b) & WORD) ^ ((a * b) >> 64n);
const secret = (at: number) => u64(SECRET, at) ^ u64(SECRET, at + 8);

function avalanche64(start: bigint): bigint {
  let value = ((start ^ (start >> 33n)) * P64[2]) & WORD;
  value = ((value ^ (value >> 29n)) * P64[3]) & WORD;
  return value ^ (value >> 32n);
}

function avalanche(start: bigint): bigint {
  const value = (((start & WORD) ^ ((start & WORD) >> 37n)) * MX1) & WORD;
  return value ^ (value >> 32n);
}

/** XXH64. */
export function xxh64(data: Uint8Array): bigint {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const round = (lane: bigint, input: bigint) =>
    (rotate((lane + input * P64[2]) & WORD, 31n) * P64[1]) & WORD;
  let hash: bigint = P64[5];
  let at = 0;
  if (bytes.length >= 32) {
    let lanes = [P64[1] + P64[2], P64[2], 0n, -P64[1]].map((lane) => lane & WORD);
    for (; at + 32 <= bytes.length; at += 32) {
      lanes = lanes.map((lane, index) => round(lane, u64(bytes, at + 8 * index)));
    }
    const turns = [1n, 7n, 12n, 18n];
    hash = lanes.reduce((sum, lane, index) => sum + rotate(lane, turns[index] ?? 0n), 0n) & WORD;
    for (const lane of lanes) hash = ((hash ^ round(0n, lane)) * P64[1] + P64[4]) & WORD;
  }
  hash = (hash + BigInt(bytes.length)) & WORD;
  for (; at + 8 <= bytes.length; at += 8) {
    hash = (rotate(hash ^ round(0n, u64(bytes, at)), 27n) * P64[1] + P64[4]) & WORD;
  }
  for (; at + 4 <= bytes.length; at += 4) {
    hash = (rotate(hash ^ ((u32(bytes, at) * P64[1]) & WORD), 23n) * P64[2] + P64[3]) & WORD;
  }
  for (; at < bytes.length; at++) {
    hash = (rotate(hash ^ ((BigInt(bytes[at] ?? 0) * P64[5]) & WORD), 11n) * P64[1]) & WORD;
  }
  return avalanche64(hash);
}

/** XXH3 of 64 bits, and XXH128, its halves joined. */
export function xxh3(data: Uint8Array): { narrow: bigint; wide: bigint } {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (bytes.length <= 16) return few(bytes);
  return bytes.length <= 240 ? medium(bytes) : long(bytes);
}

const joined = (high: bigint, low: bigint) => (high << 64n) | low;

function few(bytes: Buffer): { narrow: bigint; wide: bigint } {
  const { length } = bytes;
  const size = BigInt(length);
  if (length === 0) {
    return {
      narrow: avalanche64(secret(56)),
      wide: joined(avalanche64(secret(80)), avalanche64(secret(64))),
    };
  }
  if (length <= 3) {
    const [first, middle, last] = [bytes[0], bytes[length >> 1], bytes[length - 1]].map((byte) =>
      BigInt(byte ?? 0),
    );
    const combined = (last ?? 0n) | (size << 8n) | ((first ?? 0n) << 16n) | ((middle ?? 0n) << 24n);
    const low = avalanche64(u32(SECRET, 0) ^ u32(SECRET, 4) ^ combined);
    const turned = rotate(swap(combined, 4), 13n, 32n);
    return { narrow: low, wide: joined(avalanche64(u32(SECRET, 8) ^ u32(SECRET, 12) ^ turned), low) };
  }
  if (length <= 8) {
    const [first, last] = [u32(bytes, 0), u32(bytes, length - 4)];
    let narrow = secret(8) ^ (last | (first << 32n));
    narrow = ((narrow ^ rotate(narrow, 49n) ^ rotate(narrow, 24n)) * MX2) & WORD;
    narrow = ((narrow ^ ((narrow >> 35n) + size)) * MX2) & WORD;
    const product = (secret(16) ^ (first | (last << 32n))) * (P64[1] + (size << 2n));
    let low = product & WORD;
    const high = ((product >> 64n) + (low << 1n)) & WORD;
    low ^= high >> 3n;
    low = ((low ^ (low >> 35n)) * MX2) & WORD;
    return { narrow: narrow ^ (narrow >> 28n), wide: joined(avalanche(high), low ^ (low >> 28n)) };
  }
  const [first, last] = [u64(bytes, 0), u64(bytes, length - 8)];
  const [a, b] = [secret(24) ^ first, secret(40) ^ last];
  const second = secret(48) ^ last;
  const product = (secret(32) ^ first ^ last) * P64[1];
  const high = (product >> 64n) + ((second >> 32n) << 32n) + (second & HALF) * P32[2];
  const low = ((product & WORD) + ((size - 1n) << 54n)) & WORD;
  const end = (low ^ swap(high & WORD, 8)) * P64[2];
  return {
    narrow: avalanche(size + swap(a, 8) + b + fold(a, b)),
    wide: joined(avalanche((end >> 64n) + high * P64[2]), avalanche(end)),
  };
}

function medium(bytes: Buffer): { narrow: bigint; wide: bigint } {
  const { length } = bytes;
  const size = BigInt(length);
  const mix = (at: number, offset: number) =>
    fold(u64(bytes, at) ^ u64(SECRET, offset), u64(bytes, at + 8) ^ u64(SECRET, offset + 8));
  const sum = (at: number) => u64(bytes, at) + u64(bytes, at + 8);
  let narrow = size * P64[1];
  let [low, high] = [narrow & WORD, 0n];
  const mixTwo = (one: number, other: number, offset: number) => {
    low = ((low + mix(one, offset)) & WORD) ^ (sum(other) & WORD);
    high = ((high + mix(other, offset + 16)) & WORD) ^ (sum(one) & WORD);
  };
  if (length <= 128) {
    for (let i = (length - 1) >> 5; i >= 0; i--) {
      narrow += mix(16 * i, 32 * i) + mix(length - 16 * i - 16, 32 * i + 16);
      mixTwo(16 * i, length - 16 * i - 16, 32 * i);
    }
  } else {
    for (let i = 0; i < 8; i++) narrow += mix(16 * i, 16 * i);
    narrow = avalanche(narrow);
    for (let i = 8; i < length >> 4; i++) narrow += mix(16 * i, 16 * (i - 8) + 3);
    narrow += mix(length - 16, 119);
    for (let i = 0; i < 4; i++) mixTwo(32 * i, 32 * i + 16, 32 * i);
    [low, high] = [avalanche(low), avalanche(high)];
    for (let i = 4; i < length >> 5; i++) mixTwo(32 * i, 32 * i + 16, 32 * (i - 4) + 3);
    mixTwo(length - 16, length - 32, 103);
  }
  const last = low * P64[1] + high * P64[4] + size * P64[2];
  return { narrow: avalanche(narrow), wide: joined(-avalanche(last) & WORD, avalanche(low + high)) };
}

function long(bytes: Buffer): { narrow: bigint; wide: bigint } {
  const lanes = BigUint64Array.of(P32[3], P64[1], P64[2], P64[3], P64[4], P32[2], P64[5], P32[1]);
  const secrets = Array.from({ length: 185 }, (_, at) => u64(SECRET, at));
  const lane = (index: number) => lanes[index] ?? 0n;
  const word = (at: number) => secrets[at] ?? 0n;
  const stripe = (at: number, offset: number) => {
    for (let i = 0; i < 8; i++) {
      const input = u64(bytes, at + 8 * i);
      const value = input ^ word(offset + 8 * i);
      lanes[i ^ 1] = lane(i ^ 1) + input;
      lanes[i] = lane(i) + (value & HALF) * (value >> 32n);
    }
  };
  const stripes = Math.floor((bytes.length - 1) / 64);
  for (let n = 0; n < stripes; n++) {
    stripe(64 * n, 8 * (n % 16));
    if (n % 16 < 15) continue;
    for (let i = 0; i < 8; i++) lanes[i] = (lane(i) ^ (lane(i) >> 47n) ^ word(128 + 8 * i)) * P32[1];
  }
  stripe(bytes.length - 64, 121);
  const merge = (start: bigint, offset: number) => {
    let hash = start;
    for (let i = 0; i < 8; i += 2) {
      hash += fold(lane(i) ^ word(offset + 8 * i), lane(i + 1) ^ word(offset + 8 * i + 8));
    }
    return avalanche(hash);
  };
  const size = BigInt(bytes.length);
  const low = merge(size * P64[1], 11);
  return { narrow: low, wide: joined(merge(~(size * P64[2]), 117), low) };
}
