// What Portico knows of the two CRCs that the platform has no code for: CRC-32C (Castagnoli) and CRC-64/NVME.
// Sources: RFC 3720, appendix B.4; NVM Express NVM Command Set Specification, 64b CRC; "slicing-by-8" as in
// Kounavis and Berry, A Systematic Approach to Building High Performance Software-Based CRC Generators.

/** Polynomials in reflected form, least significant bit first. */
const CRC32C_POLYNOMIAL = 0x82f63b78;
const CRC64NVME_POLYNOMIAL = { high: 0x9a6c9329, low: 0xac4bc9b5 };

const SLICES = 8;

/** 64 bits as two unsigned halves, since JavaScript's shifts know 32 bits and BigInt is far slower. */
export interface Uint64 {
  readonly high: number;
  readonly low: number;
}

// Built at first use: a Worker's start-up time is counted, and most requests carry neither checksum.
let crc32cTable: Uint32Array | undefined;
let crc64nvmeTable: { high: Uint32Array; low: Uint32Array } | undefined;

/**
 * CRC-32C of `bytes`, continued from `previous`, the value of everything before them (0 at the beginning).
 * Returns an unsigned 32-bit number.
 */
export function crc32c(bytes: Uint8Array, previous = 0): number {
  crc32cTable ??= buildCrc32cTable();
  const table = crc32cTable;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sliced = bytes.length - (bytes.length % SLICES);
  let crc = ~previous;
  let at = 0;
  for (; at < sliced; at += SLICES) {
    const first = crc ^ view.getUint32(at, true);
    const second = view.getUint32(at + 4, true);
    crc =
      look(table, 1792 + (first & 255)) ^
      look(table, 1536 + ((first >>> 8) & 255)) ^
      look(table, 1280 + ((first >>> 16) & 255)) ^
      look(table, 1024 + (first >>> 24)) ^
      look(table, 768 + (second & 255)) ^
      look(table, 512 + ((second >>> 8) & 255)) ^
      look(table, 256 + ((second >>> 16) & 255)) ^
      look(table, second >>> 24);
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ look(table, (crc ^ view.getUint8(at)) & 255);
  return ~crc >>> 0;
}

/** CRC-64/NVME of `bytes`, continued from `previous`, the value of everything before them (zero at the beginning). */
export function crc64nvme(bytes: Uint8Array, previous: Uint64 = { high: 0, low: 0 }): Uint64 {
  crc64nvmeTable ??= buildCrc64nvmeTable();
  const highs = crc64nvmeTable.high;
  const lows = crc64nvmeTable.low;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sliced = bytes.length - (bytes.length % SLICES);
  let high = ~previous.high;
  let low = ~previous.low;
  let at = 0;
  for (; at < sliced; at += SLICES) {
    const first = low ^ view.getUint32(at, true);
    const second = high ^ view.getUint32(at + 4, true);
    const a = 1792 + (first & 255);
    const b = 1536 + ((first >>> 8) & 255);
    const c = 1280 + ((first >>> 16) & 255);
    const d = 1024 + (first >>> 24);
    const e = 768 + (second & 255);
    const f = 512 + ((second >>> 8) & 255);
    const g = 256 + ((second >>> 16) & 255);
    const h = second >>> 24;
    low =
      look(lows, a) ^
      look(lows, b) ^
      look(lows, c) ^
      look(lows, d) ^
      (look(lows, e) ^ look(lows, f) ^ look(lows, g) ^ look(lows, h));
    high =
      look(highs, a) ^
      look(highs, b) ^
      look(highs, c) ^
      look(highs, d) ^
      (look(highs, e) ^ look(highs, f) ^ look(highs, g) ^ look(highs, h));
  }
  for (; at < bytes.length; at++) {
    const index = (low ^ view.getUint8(at)) & 255;
    low = ((low >>> 8) | (high << 24)) ^ look(lows, index);
    high = (high >>> 8) ^ look(highs, index);
  }
  return { high: ~high >>> 0, low: ~low >>> 0 };
}

// The index is below SLICES × 256 by its masks, so the fallback never happens; the compiler drops it.
function look(table: Uint32Array, index: number): number {
  return table[index] ?? 0;
}

// Row s of a table, 256 entries, holds the CRC of each byte followed by s zero bytes.
function buildCrc32cTable(): Uint32Array {
  const table = new Uint32Array(SLICES * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? CRC32C_POLYNOMIAL : 0);
    table[byte] = crc;
  }
  for (let index = 256; index < table.length; index++) {
    const before = look(table, index - 256);
    table[index] = (before >>> 8) ^ look(table, before & 255);
  }
  return table;
}

function buildCrc64nvmeTable(): { high: Uint32Array; low: Uint32Array } {
  const highs = new Uint32Array(SLICES * 256);
  const lows = new Uint32Array(SLICES * 256);
  for (let byte = 0; byte < 256; byte++) {
    let high = 0;
    let low = byte;
    for (let bit = 0; bit < 8; bit++) {
      const odd = low & 1;
      low = ((low >>> 1) | (high << 31)) ^ (odd ? CRC64NVME_POLYNOMIAL.low : 0);
      high = (high >>> 1) ^ (odd ? CRC64NVME_POLYNOMIAL.high : 0);
    }
    highs[byte] = high;
    lows[byte] = low;
  }
  for (let index = 256; index < lows.length; index++) {
    const high = look(highs, index - 256);
    const low = look(lows, index - 256);
    lows[index] = ((low >>> 8) | (high << 24)) ^ look(lows, low & 255);
    highs[index] = (high >>> 8) ^ look(highs, low & 255);
  }
  return { high: highs, low: lows };
}
