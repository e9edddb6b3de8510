import { describe, expect, it } from "vitest";
import { canBegin, MAX_MATCHED_LENGTH, matches, readPieces } from "../../../src/auth/policy/wildcard.ts";
import { seeded } from "../random.ts";

const CASES = 20_000;

/** By definition: a character at a time, every choice of a `*` tried. */
function naive(pattern: readonly string[], text: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return text.length === 0;
  if (first === "*") return text.some((_, at) => naive(rest, text.slice(at))) || naive(rest, []);
  return text.length > 0 && (first === "?" || first === text[0]) && naive(rest, text.slice(1));
}

const random = seeded(20_121_017);

describe(`wildcards (seed ${random.seed})`, () => {
  it(`match as a naive matcher does, in ${CASES} cases`, () => {
    let matched = 0;
    for (let count = 0; count < CASES; count += 1) {
      const pattern = random.text(["*", "*", "?", "a", "b", "ab", "/", "\u{1F600}"], 0, 7);
      const text = random.text(["a", "b", "/", "ab", "\u{1F600}", "*"], 0, 7);
      const expected = naive([...pattern], [...text]);
      expect([pattern, text, matches(readPieces(pattern), text)]).toEqual([pattern, text, expected]);
      matched += expected ? 1 : 0;
    }
    console.log(`${CASES} patterns against texts, ${matched} matched, seed ${random.seed}`);
    expect(matched).toBeGreaterThan(CASES / 20);
  });

  it(`can begin so if some ending makes them match, in ${CASES} cases`, () => {
    const endings = ["", "a", "b", "/", "ab", "aa", "ba", "bb", "a/", "/a", "/b", "b/"];
    let began = 0;
    for (let count = 0; count < CASES; count += 1) {
      const pattern = random.text(["*", "?", "a", "b", "/"], 0, 4);
      const start = random.text(["a", "b", "/"], 1, 3);
      const could = canBegin(readPieces(pattern), start);
      const found = endings.some((ending) => naive([...pattern], [...(start + ending)]));
      if (found) expect([pattern, start, could]).toEqual([pattern, start, true]);
      if (!could) expect([pattern, start, found]).toEqual([pattern, start, false]);
      began += could ? 1 : 0;
    }
    expect(began).toBeGreaterThan(CASES / 20);
    expect(began).toBeLessThan(CASES);
  });

  it("go back only so far: what would take a backtracking matcher for ever ends", () => {
    const text = "a".repeat(MAX_MATCHED_LENGTH);
    expect(matches(readPieces(`${"*a".repeat(500)}*b`), text)).toBe(false);
    expect(matches(readPieces(`${"*?".repeat(500)}`), text)).toBe(true);
    expect(matches(readPieces(`*${"a?".repeat(1000)}b`), text)).toBe(false);
    expect(matches(readPieces("*".repeat(10_000)), text)).toBe(true);
    expect(matches(readPieces(`${"a*".repeat(1000)}a`), text)).toBe(true);
  });

  it("are not tried on texts that are too long, which is an error; texts without wildcards are compared", () => {
    const text = "a".repeat(MAX_MATCHED_LENGTH + 1);
    expect(() => matches(readPieces("*"), text)).toThrow(RangeError);
    expect(() => matches(readPieces("a?"), text)).toThrow(RangeError);
    expect(matches(readPieces(text), text)).toBe(true);
    expect(matches(readPieces("a"), text)).toBe(false);
    expect(matches([], text)).toBe(false);
  });
});
