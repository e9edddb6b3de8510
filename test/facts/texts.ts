// Texts in which the order of UTF-16 units and that of bytes of UTF-8 disagree, and everything at the edges of ranges.

/** Each a whole character; surrogates of their own are no text. */
export const CHARACTERS = [
  "\0",
  "/",
  "a",
  "b",
  "\x7f",
  "é",
  "\ud7fe",
  "\ud7ff",
  "\ue000",
  "\uffff",
  "\u{10000}",
  "\u{10fffe}",
  "\u{10ffff}",
] as const;

/** All texts of at most so many of these characters. */
export function everyText(most: number, characters: readonly string[] = CHARACTERS): string[] {
  const longer = most === 0 ? [] : everyText(most - 1, characters);
  const longest = longer.filter((text) => Array.from(text).length === most - 1);
  return most === 0 ? [""] : [...longer, ...longest.flatMap((text) => characters.map((one) => text + one))];
}

/** The order that everything is held to: of the bytes themselves. */
export function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
