import { describe, expect, it } from "vitest";
import { MAX_KEY_BYTES, prefixSuccessor, utf8Length } from "../../src/facts/key.ts";
import { compareUtf8 } from "../../src/facts/rollup.ts";
import { CHARACTERS, compareBytes, everyText } from "./texts.ts";

describe("texts of every length up to two", () => {
  const texts = everyText(2);

  it("are 183, one empty", () => {
    expect(texts).toHaveLength(1 + 13 + 169);
    expect(new Set(texts).size).toBe(texts.length);
  });

  it("compare as their bytes do", () => {
    for (const a of texts) {
      for (const b of texts) {
        expect([a, b, Math.sign(compareUtf8(a, b))]).toEqual([a, b, compareBytes(a, b)]);
      }
    }
  });

  it("have a successor: the end of everything that begins with them", () => {
    for (const prefix of texts) {
      const end = prefixSuccessor(prefix);
      for (const text of texts) {
        const inside = compareBytes(text, prefix) >= 0 && (end === undefined || compareBytes(text, end) < 0);
        expect([prefix, text, inside]).toEqual([prefix, text, text.startsWith(prefix)]);
      }
      const last = "\u{10ffff}";
      const hasNone = prefix.replaceAll(last, "") === "";
      expect([prefix, end === undefined]).toEqual([prefix, hasNone]);
      if (end !== undefined) expect(Buffer.from(end).toString()).toBe(end);
    }
  });

  it("are measured in bytes", () => {
    for (const text of texts) expect(utf8Length(text)).toBe(Buffer.byteLength(text));
  });
});

describe("a successor", () => {
  it.each([
    ["a", "b"],
    ["a/", "a0"],
    ["é", "ê"],
    ["a\ud7ff", "a\ue000"],
    ["a\uffff", "a\u{10000}"],
    ["a\u{10fffe}", "a\u{10ffff}"],
    ["a\u{10ffff}", "b"],
    ["a\u{10ffff}\u{10ffff}", "b"],
    ["\ud7ff\u{10ffff}", "\ue000"],
  ])("of %j is %j", (prefix, end) => {
    expect(prefixSuccessor(prefix)).toBe(end);
  });

  it("of nothing, or of the last of all characters, there is none", () => {
    expect(prefixSuccessor("")).toBeUndefined();
    expect(prefixSuccessor("\u{10ffff}\u{10ffff}")).toBeUndefined();
  });
});

it("a sort by compareUtf8 is a sort by bytes", () => {
  const texts = everyText(3, CHARACTERS.slice(2)).toReversed();
  const sorted = texts.toSorted(compareUtf8);
  expect(sorted).toEqual(texts.toSorted(compareBytes));
  expect(sorted).not.toEqual(texts.toSorted());
  expect(MAX_KEY_BYTES).toBe(1024);
});
