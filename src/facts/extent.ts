// What an object's bytes are: a body, that is an immutable list of extents, each a whole blob in R2.

import type { Slice } from "./range.ts";

/** Most extents a body can have: S3's highest part number. */
export const MAX_EXTENTS = 10_000;

/** Part numbers that share one page of a long body, so that part n is found without looking at the others. */
export const PAGE_NUMBERS = 256;

/** One blob of a body. `number` is the part number it was uploaded under (or its place, from 1). `size` in bytes. */
export interface Extent {
  number: number;
  blob: string;
  size: number;
  /** The part's checksum, in base64, by the object's algorithm. */
  checksum?: string;
  /** The bytes themselves, of an object small enough to be kept with its version; then there is no blob. */
  data?: ArrayBuffer;
}

/** An extent as it is kept. */
export type KeptExtent = [number: number, blob: string, size: number, checksum?: string];

/** Bytes to be read from one blob. */
export interface Piece extends Slice {
  blob: string;
  /** Size of the whole blob. */
  size: number;
  /** All of its bytes, if they are at hand. */
  data?: ArrayBuffer | undefined;
}

/** The page on which part `number` stands, from 0. */
export function pageOf(number: number): number {
  return Math.floor((number - 1) / PAGE_NUMBERS);
}

/** The pieces of `extents` that make up `slice`; `start` is the object's offset at which the first extent begins. */
export function piecesOf(extents: readonly Extent[], start: number, slice: Slice): Piece[] {
  const pieces: Piece[] = [];
  const end = slice.offset + slice.length;
  let position = start;
  for (const { blob, size, data } of extents) {
    const from = Math.max(slice.offset, position);
    const to = Math.min(end, position + size);
    if (to > from) pieces.push({ blob, size, data, offset: from - position, length: to - from });
    position += size;
  }
  return pieces;
}
