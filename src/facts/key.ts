// What an object key is: any UTF-8 of at most 1,024 bytes, ordered as bytes.

/** Longest key, in bytes of UTF-8. */
export const MAX_KEY_BYTES = 1024;

const encoder = new TextEncoder();

/** Length of a text in bytes of UTF-8. */
export function utf8Length(text: string): number {
  return encoder.encode(text).byteLength;
}

/**
 * The least text that is greater, in byte order, than every text that begins with `prefix`; undefined if there is none
 * (an empty prefix, or nothing but U+10FFFF). It counts by code points, because UTF-16 units order differently.
 */
export function prefixSuccessor(prefix: string): string | undefined {
  const points = Array.from(prefix);
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    const point = last.codePointAt(0) ?? 0;
    if (point === 0x10ffff) continue;
    const next = point === 0xd7ff ? 0xe000 : point + 1;
    return points.join("") + String.fromCodePoint(next);
  }
  return undefined;
}
