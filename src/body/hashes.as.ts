// What Portico knows of the checksums that the platform has no fast code for: CRC-32C, CRC-64/NVME, XXH64, XXH3 and XXH128.
// It is AssemblyScript: `npm run hashes` makes hashes.wasm of it. lent-hash.ts lends it one digest's state at a time.
//
// STATE holds what a digest is between two calls, and zeros are a fresh one:
//   total (8 bytes)  how many bytes it has taken
//   LANES (64)       CRC: its value so far, in the first lane; XXH: the accumulators, unused until something was consumed
//   tail (256)       XXH: the last bytes taken, not yet consumed, up to where WINDOW begins
// The next bytes come into WINDOW, right behind the tail, so that both are read as one stretch.
//
// Sources: RFC 3720, appendix B.4; NVM Express NVM Command Set Specification, 64b CRC; Kounavis and Berry, A Systematic
// Approach to Building High Performance Software-Based CRC Generators (slicing); xxHash's doc/xxhash_spec.md, seed 0.

const TAIL_BYTES: usize = 256;
export const STATE_BYTES: usize = 8 + 64 + TAIL_BYTES;
export const WINDOW_BYTES: usize = 65536;

export const STATE: usize = 1024; // below it: the constants of this file
const LANES: usize = STATE + 8;
export const WINDOW: usize = STATE + STATE_BYTES;
/** Where a digest is left, big-endian. */
export const DIGEST: usize = STATE;

// Row s of a CRC's table, 256 entries, holds the CRC of each byte followed by s zero bytes.

const SLICES: u32 = 16;
const CRC32C: usize = WINDOW + WINDOW_BYTES;
const CRC64: usize = CRC32C + 4 * 256 * SLICES;

for (let byte: u32 = 0; byte < 256; byte++) {
  let narrow = byte;
  let wide: u64 = byte;
  for (let bit = 0; bit < 8; bit++) {
    narrow = (narrow >> 1) ^ (narrow & 1 ? 0x82f63b78 : 0);
    wide = (wide >> 1) ^ (wide & 1 ? 0x9a6c9329ac4bc9b5 : 0);
  }
  store<u32>(CRC32C + 4 * byte, narrow);
  store<u64>(CRC64 + 8 * byte, wide);
}
for (let entry: u32 = 256; entry < 256 * SLICES; entry++) {
  const narrow = load<u32>(CRC32C + 4 * (entry - 256));
  const wide = load<u64>(CRC64 + 8 * (entry - 256));
  store<u32>(CRC32C + 4 * entry, (narrow >> 8) ^ load<u32>(CRC32C + 4 * (narrow & 255)));
  store<u64>(CRC64 + 8 * entry, (wide >> 8) ^ load<u64>(CRC64 + 8 * <usize>(wide & 255)));
}

/** Of four bytes, the first the lowest of `value`, followed by `zeros` zero bytes. */
function crc32cOf(value: u32, zeros: u32): u32 {
  const rows = CRC32C + 1024 * zeros;
  return (
    load<u32>(rows + 3072 + 4 * (value & 255)) ^
    load<u32>(rows + 2048 + 4 * ((value >> 8) & 255)) ^
    load<u32>(rows + 1024 + 4 * ((value >> 16) & 255)) ^
    load<u32>(rows + 4 * (value >> 24))
  );
}

export function crc32cUpdate(length: u32): void {
  let crc = ~load<u32>(LANES);
  let at = WINDOW;
  const end = at + length;
  for (; at + SLICES <= end; at += SLICES) {
    crc =
      crc32cOf(crc ^ load<u32>(at), 12) ^
      crc32cOf(load<u32>(at, 4), 8) ^
      crc32cOf(load<u32>(at, 8), 4) ^
      crc32cOf(load<u32>(at, 12), 0);
  }
  for (; at < end; at++) crc = (crc >> 8) ^ load<u32>(CRC32C + 4 * ((crc ^ load<u8>(at)) & 255));
  store<u32>(LANES, ~crc);
}

export function crc32cDigest(): void {
  store<u32>(DIGEST, bswap(load<u32>(LANES)));
}

function crc64Of(value: u32, zeros: u32): u64 {
  const rows = CRC64 + 2048 * zeros;
  return (
    load<u64>(rows + 6144 + 8 * (value & 255)) ^
    load<u64>(rows + 4096 + 8 * ((value >> 8) & 255)) ^
    load<u64>(rows + 2048 + 8 * ((value >> 16) & 255)) ^
    load<u64>(rows + 8 * (value >> 24))
  );
}

export function crc64nvmeUpdate(length: u32): void {
  let crc = ~load<u64>(LANES);
  let at = WINDOW;
  const end = at + length;
  for (; at + SLICES <= end; at += SLICES) {
    const first = crc ^ load<u64>(at);
    crc =
      crc64Of(<u32>first, 12) ^
      crc64Of(<u32>(first >> 32), 8) ^
      crc64Of(load<u32>(at, 8), 4) ^
      crc64Of(load<u32>(at, 12), 0);
  }
  for (; at < end; at++) crc = (crc >> 8) ^ load<u64>(CRC64 + 8 * (<u32>(crc ^ load<u8>(at)) & 255));
  store<u64>(LANES, ~crc);
}

export function crc64nvmeDigest(): void {
  store<u64>(DIGEST, bswap(load<u64>(LANES)));
}

// What both XXH64 and XXH3 are made of.

const PRIME32_1: u64 = 0x9e3779b1;
const PRIME32_2: u64 = 0x85ebca77;
const PRIME32_3: u64 = 0xc2b2ae3d;
const PRIME64_1: u64 = 0x9e3779b185ebca87;
const PRIME64_2: u64 = 0xc2b2ae3d27d4eb4f;
const PRIME64_3: u64 = 0x165667b19e3779f9;
const PRIME64_4: u64 = 0x85ebca77c2b2ae63;
const PRIME64_5: u64 = 0x27d4eb2f165667c5;
const PRIME_MX1: u64 = 0x165667919e3779f9;
const PRIME_MX2: u64 = 0x9fb21c651e98df25;

function lane(index: usize): u64 {
  return load<u64>(LANES + 8 * index);
}

function setLane(index: usize, value: u64): void {
  store<u64>(LANES + 8 * index, value);
}

/** Keeps what lies from `at` to `end` as the tail, and counts `length` more bytes. */
function keep(at: usize, end: usize, length: u32): void {
  memory.copy(WINDOW - (end - at), at, end - at);
  store<u64>(STATE, load<u64>(STATE) + length);
}

function avalancheXxh64(value: u64): u64 {
  value = (value ^ (value >> 33)) * PRIME64_2;
  value = (value ^ (value >> 29)) * PRIME64_3;
  return value ^ (value >> 32);
}

// XXH64 consumes 32 bytes at a time; the tail holds what is left, 0 to 31 bytes.

const XXH64_LANES: usize = memory.data<u64>([PRIME64_1 + PRIME64_2, PRIME64_2, 0, 0 - PRIME64_1]);

function xxh64Round(lane: u64, input: u64): u64 {
  return rotl(lane + input * PRIME64_2, 31) * PRIME64_1;
}

export function xxh64Update(length: u32): void {
  const total = load<u64>(STATE);
  let at = WINDOW - <usize>(total & 31);
  const end = WINDOW + length;
  if (total === 0) memory.copy(LANES, XXH64_LANES, 32);
  for (; at + 32 <= end; at += 32) {
    for (let i: usize = 0; i < 4; i++) setLane(i, xxh64Round(lane(i), load<u64>(at + 8 * i)));
  }
  keep(at, end, length);
}

export function xxh64Digest(): void {
  const total = load<u64>(STATE);
  let hash = PRIME64_5;
  if (total >= 32) {
    hash = rotl(lane(0), 1) + rotl(lane(1), 7) + rotl(lane(2), 12) + rotl(lane(3), 18);
    for (let i = 0; i < 4; i++) hash = (hash ^ xxh64Round(0, lane(i))) * PRIME64_1 + PRIME64_4;
  }
  hash += total;
  let at = WINDOW - <usize>(total & 31);
  for (; at + 8 <= WINDOW; at += 8) {
    hash = rotl(hash ^ xxh64Round(0, load<u64>(at)), 27) * PRIME64_1 + PRIME64_4;
  }
  for (; at + 4 <= WINDOW; at += 4) {
    hash = rotl(hash ^ (load<u32>(at) * PRIME64_1), 23) * PRIME64_2 + PRIME64_3;
  }
  for (; at < WINDOW; at++) hash = rotl(hash ^ (load<u8>(at) * PRIME64_5), 11) * PRIME64_1;
  store<u64>(DIGEST, bswap(avalancheXxh64(hash)));
}

// XXH3 consumes stripes of 64 bytes, and always leaves more than 192 of what it took in the tail: inputs of up to 240
// bytes are hashed in other ways, and the last 64 bytes of a longer one are read once more at its end.

const SECRET_BYTES: usize = 192;
const STRIPE: usize = 64;
const STRIPES_A_BLOCK: u64 = 16;
const SECRET: usize = memory.data<u8>([
  0xb8, 0xfe, 0x6c, 0x39, 0x23, 0xa4, 0x4b, 0xbe, 0x7c, 0x01, 0x81, 0x2c, 0xf7, 0x21, 0xad, 0x1c,
  0xde, 0xd4, 0x6d, 0xe9, 0x83, 0x90, 0x97, 0xdb, 0x72, 0x40, 0xa4, 0xa4, 0xb7, 0xb3, 0x67, 0x1f,
  0xcb, 0x79, 0xe6, 0x4e, 0xcc, 0xc0, 0xe5, 0x78, 0x82, 0x5a, 0xd0, 0x7d, 0xcc, 0xff, 0x72, 0x21,
  0xb8, 0x08, 0x46, 0x74, 0xf7, 0x43, 0x24, 0x8e, 0xe0, 0x35, 0x90, 0xe6, 0x81, 0x3a, 0x26, 0x4c,
  0x3c, 0x28, 0x52, 0xbb, 0x91, 0xc3, 0x00, 0xcb, 0x88, 0xd0, 0x65, 0x8b, 0x1b, 0x53, 0x2e, 0xa3,
  0x71, 0x64, 0x48, 0x97, 0xa2, 0x0d, 0xf9, 0x4e, 0x38, 0x19, 0xef, 0x46, 0xa9, 0xde, 0xac, 0xd8,
  0xa8, 0xfa, 0x76, 0x3f, 0xe3, 0x9c, 0x34, 0x3f, 0xf9, 0xdc, 0xbb, 0xc7, 0xc7, 0x0b, 0x4f, 0x1d,
  0x8a, 0x51, 0xe0, 0x4b, 0xcd, 0xb4, 0x59, 0x31, 0xc8, 0x9f, 0x7e, 0xc9, 0xd9, 0x78, 0x73, 0x64,
  0xea, 0xc5, 0xac, 0x83, 0x34, 0xd3, 0xeb, 0xc3, 0xc5, 0x81, 0xa0, 0xff, 0xfa, 0x13, 0x63, 0xeb,
  0x17, 0x0d, 0xdd, 0x51, 0xb7, 0xf0, 0xda, 0x49, 0xd3, 0x16, 0x55, 0x26, 0x29, 0xd4, 0x68, 0x9e,
  0x2b, 0x16, 0xbe, 0x58, 0x7d, 0x47, 0xa1, 0xfc, 0x8f, 0xf8, 0xb8, 0xd1, 0x7a, 0xd0, 0x31, 0xce,
  0x45, 0xcb, 0x3a, 0x8f, 0x95, 0x16, 0x04, 0x28, 0xaf, 0xd7, 0xfb, 0xca, 0xbb, 0x4b, 0x40, 0x7e,
]);

const XXH3_LANES: usize = memory.data<u64>([
  PRIME32_3, PRIME64_1, PRIME64_2, PRIME64_3, PRIME64_4, PRIME32_2, PRIME64_5, PRIME32_1,
]);

/** How much of `total` bytes is in the tail. */
function pendingOf(total: u64): usize {
  return total <= TAIL_BYTES ? <usize>total : <usize>((total - 1) & 63) + 193;
}

/** Takes one stripe at `at` into the accumulators, with the secret at `secret`. */
function accumulate(at: usize, secret: usize): void {
  for (let i: usize = 0; i < 8; i++) {
    const input = load<u64>(at + 8 * i);
    const value = input ^ load<u64>(secret + 8 * i);
    setLane(i ^ 1, lane(i ^ 1) + input);
    setLane(i, lane(i) + (value & 0xffffffff) * (value >> 32));
  }
}

function scramble(): void {
  for (let i: usize = 0; i < 8; i++) {
    const value = lane(i) ^ secret64(SECRET_BYTES - STRIPE + 8 * i);
    setLane(i, (value ^ (lane(i) >> 47)) * PRIME32_1);
  }
}

/** Consumes stripes as long as more than `rest` bytes lie before `end`; where it stopped. */
function consume(at: usize, end: usize, consumed: u64, rest: usize): usize {
  if (consumed === 0) memory.copy(LANES, XXH3_LANES, 64);
  let stripe = (consumed / STRIPE) % STRIPES_A_BLOCK;
  for (; at + rest < end; at += STRIPE) {
    accumulate(at, SECRET + 8 * <usize>stripe);
    if (++stripe < STRIPES_A_BLOCK) continue;
    scramble();
    stripe = 0;
  }
  return at;
}

export function xxh3Update(length: u32): void {
  const total = load<u64>(STATE);
  const pending = pendingOf(total);
  const end = WINDOW + length;
  keep(consume(WINDOW - pending, end, total - pending, TAIL_BYTES), end, length);
}

function avalanche(value: u64): u64 {
  value = (value ^ (value >> 37)) * PRIME_MX1;
  return value ^ (value >> 32);
}

/** The higher half of a product of 128 bits. */
function highOf(a: u64, b: u64): u64 {
  const lows = (a & 0xffffffff) * (b & 0xffffffff);
  const middle = (a >> 32) * (b & 0xffffffff) + (lows >> 32);
  const other = (a & 0xffffffff) * (b >> 32) + (middle & 0xffffffff);
  return (a >> 32) * (b >> 32) + (middle >> 32) + (other >> 32);
}

/** Both halves of a product of 128 bits in one. */
function fold(a: u64, b: u64): u64 {
  return (a * b) ^ highOf(a, b);
}

function secret32(offset: usize): u32 {
  return load<u32>(SECRET + offset);
}

function secret64(offset: usize): u64 {
  return load<u64>(SECRET + offset);
}

/** 16 bytes of input with 16 of the secret. */
function mix(at: usize, offset: usize): u64 {
  return fold(load<u64>(at) ^ secret64(offset), load<u64>(at, 8) ^ secret64(offset + 8));
}

/** Merges the accumulators from `initial` on with the secret from `offset` on. */
function merge(initial: u64, offset: usize): u64 {
  let hash = initial;
  for (let i: usize = 0; i < 8; i += 2) {
    hash += fold(lane(i) ^ secret64(offset + 8 * i), lane(i + 1) ^ secret64(offset + 8 * i + 8));
  }
  return avalanche(hash);
}

/** Consumes all stripes but the last, which is then the last 64 bytes. */
function consumeRest(total: u64): void {
  const pending = pendingOf(total);
  consume(WINDOW - pending, WINDOW, total - pending, STRIPE);
  accumulate(WINDOW - STRIPE, SECRET + SECRET_BYTES - STRIPE - 7);
}

/** 1 to 3 bytes and how many they are, as one number. */
function fewBytes(at: usize, length: u32): u32 {
  const middle: u32 = load<u8>(at + (length >> 1));
  return load<u8>(at + length - 1) | (length << 8) | (<u32>load<u8>(at) << 16) | (middle << 24);
}

export function xxh3Digest(): void {
  const total = load<u64>(STATE);
  if (total > 240) consumeRest(total);
  store<u64>(DIGEST, bswap(total > 240 ? merge(total * PRIME64_1, 11) : xxh3Short(<u32>total)));
}

function xxh3Short(length: u32): u64 {
  const at = WINDOW - length;
  if (length === 0) return avalancheXxh64(secret64(56) ^ secret64(64));
  if (length <= 3) return avalancheXxh64(secret32(0) ^ secret32(4) ^ fewBytes(at, length));
  if (length <= 8) {
    let value = load<u32>(WINDOW - 4) | (<u64>load<u32>(at) << 32);
    value ^= secret64(8) ^ secret64(16);
    value = (value ^ rotl(value, 49) ^ rotl(value, 24)) * PRIME_MX2;
    value = (value ^ ((value >> 35) + length)) * PRIME_MX2;
    return value ^ (value >> 28);
  }
  if (length <= 16) {
    const low = secret64(24) ^ secret64(32) ^ load<u64>(at);
    const high = secret64(40) ^ secret64(48) ^ load<u64>(WINDOW - 8);
    return avalanche(length + bswap(low) + high + fold(low, high));
  }
  let hash = length * PRIME64_1;
  if (length <= 128) {
    for (let i: i32 = (length - 1) >> 5; i >= 0; i--) {
      hash += mix(at + 16 * i, 32 * i) + mix(WINDOW - 16 * i - 16, 32 * i + 16);
    }
    return avalanche(hash);
  }
  for (let i: u32 = 0; i < 8; i++) hash += mix(at + 16 * i, 16 * i);
  hash = avalanche(hash);
  for (let i: u32 = 8; i < length >> 4; i++) hash += mix(at + 16 * i, 16 * (i - 8) + 3);
  return avalanche(hash + mix(WINDOW - 16, 119));
}

/** A digest of 128 bits. */
function store128(high: u64, low: u64): void {
  store<u64>(DIGEST, bswap(high));
  store<u64>(DIGEST, bswap(low), 8);
}

/** XXH128 takes bytes as XXH3 does; only its end is another. */
export function xxh128Digest(): void {
  const total = load<u64>(STATE);
  if (total <= 16) return xxh128Few(<u32>total);
  if (total <= 240) return xxh128Short(<u32>total);
  consumeRest(total);
  store128(merge(~(total * PRIME64_2), SECRET_BYTES - STRIPE - 11), merge(total * PRIME64_1, 11));
}

function xxh128Few(length: u32): void {
  const at = WINDOW - length;
  if (length === 0) {
    store128(avalancheXxh64(secret64(80) ^ secret64(88)), avalancheXxh64(secret64(64) ^ secret64(72)));
  } else if (length <= 3) {
    const few = fewBytes(at, length);
    store128(
      avalancheXxh64(secret32(8) ^ secret32(12) ^ rotl(bswap(few), 13)),
      avalancheXxh64(secret32(0) ^ secret32(4) ^ few),
    );
  } else if (length <= 8) {
    const ends = load<u32>(at) | (<u64>load<u32>(WINDOW - 4) << 32);
    const value = ends ^ secret64(16) ^ secret64(24);
    const factor = PRIME64_1 + (length << 2);
    let low = value * factor;
    const high = highOf(value, factor) + (low << 1);
    low ^= high >> 3;
    low = (low ^ (low >> 35)) * PRIME_MX2;
    store128(avalanche(high), low ^ (low >> 28));
  } else {
    const last = load<u64>(WINDOW - 8);
    const first = load<u64>(at) ^ last ^ secret64(32) ^ secret64(40);
    const second = last ^ secret64(48) ^ secret64(56);
    let low = first * PRIME64_1 + (<u64>(length - 1) << 54);
    const high = highOf(first, PRIME64_1) + second + (second & 0xffffffff) * (PRIME32_2 - 1);
    low ^= bswap(high);
    store128(avalanche(highOf(low, PRIME64_2) + high * PRIME64_2), avalanche(low * PRIME64_2));
  }
}

/** Two times 16 bytes with 32 of the secret, into the first two lanes. */
function mixTwo(one: usize, other: usize, offset: usize): void {
  setLane(0, (lane(0) + mix(one, offset)) ^ (load<u64>(other) + load<u64>(other, 8)));
  setLane(1, (lane(1) + mix(other, offset + 16)) ^ (load<u64>(one) + load<u64>(one, 8)));
}

function xxh128Short(length: u32): void {
  const at = WINDOW - length;
  setLane(0, length * PRIME64_1);
  setLane(1, 0);
  if (length <= 128) {
    for (let i: i32 = (length - 1) >> 5; i >= 0; i--) mixTwo(at + 16 * i, WINDOW - 16 * i - 16, 32 * i);
  } else {
    for (let i: u32 = 0; i < 4; i++) mixTwo(at + 32 * i, at + 32 * i + 16, 32 * i);
    setLane(0, avalanche(lane(0)));
    setLane(1, avalanche(lane(1)));
    for (let i: u32 = 4; i < length >> 5; i++) mixTwo(at + 32 * i, at + 32 * i + 16, 32 * (i - 4) + 3);
    mixTwo(WINDOW - 16, WINDOW - 32, 103);
  }
  const high = lane(0) * PRIME64_1 + lane(1) * PRIME64_4 + length * PRIME64_2;
  store128(0 - avalanche(high), avalanche(lane(0) + lane(1)));
}
