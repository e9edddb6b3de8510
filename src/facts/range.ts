// What a byte range is, as asked for and as it falls on an object of a known size.
// Source: RFC 9110 section 14; S3 takes one range only and ignores a header that it cannot read.

/** A range as asked for: from `first` (to `last`, inclusive), or the last `suffix` bytes. */
export type RangeSpec = { first: number; last?: number } | { suffix: number };

/** Part of an object: `length` bytes from `offset`. */
export interface Slice {
  offset: number;
  length: number;
}

/** Reads a Range header. Undefined if it is absent, malformed or names several ranges: S3 then answers whole. */
export function parseRange(header: string | undefined): RangeSpec | undefined {
  const found = /^bytes=(\d{0,400})-(\d{0,400})$/i.exec((header ?? "").trim());
  if (found === null) return undefined;
  const [, first = "", last = ""] = found;
  if (first === "") return last === "" ? undefined : { suffix: Number(last) };
  if (last === "") return { first: Number(first) };
  return Number(last) < Number(first) ? undefined : { first: Number(first), last: Number(last) };
}

/** Where a range falls on `size` bytes; undefined if it cannot be satisfied (an empty object satisfies none). */
export function sliceOf(range: RangeSpec, size: number): Slice | undefined {
  if ("suffix" in range) {
    const length = Math.min(range.suffix, size);
    return length === 0 ? undefined : { offset: size - length, length };
  }
  if (range.first >= size) return undefined;
  const end = Math.min(range.last ?? size - 1, size - 1);
  return { offset: range.first, length: end - range.first + 1 };
}
