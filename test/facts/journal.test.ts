import { describe, expect, it } from "vitest";
import {
  type JournalHeader,
  journalName,
  planReplay,
  readHeader,
  spellHeader,
} from "../../src/facts/journal.ts";

function header(number: number, more: Partial<JournalHeader> = {}): JournalHeader {
  return { bucket: "b", number, what: "segment", at: number * 10, sequence: number, whole: true, ...more };
}

describe("the names of a journal's objects", () => {
  it("come in the order of their numbers", () => {
    const numbers = [1, 2, 9, 10, 11, 100, 999_999, 1_000_000, Number.MAX_SAFE_INTEGER];
    const names = numbers.map((number) => journalName("b", number));
    expect(names.toSorted()).toEqual(names);
  });
});

describe("a header", () => {
  it("is read back as it was spelled", () => {
    for (const each of [header(3), header(4, { what: "page", whole: false, completes: 2 })]) {
      expect(readHeader(spellHeader(each))).toEqual(each);
    }
  });

  it("of a later form is refused, and says so", () => {
    const later = spellHeader(header(3)).replace('"format":1', '"format":2');
    expect(readHeader(later)).toEqual({ unreadable: expect.stringContaining("format is 2") });
  });

  it("that is none, or malformed, is refused", () => {
    const spelled = spellHeader(header(3, { completes: 1 }));
    const none = ["", "x", "null", "[]", "{}", spelled.slice(1), spelled.replace("journal", "j")];
    const malformed = [
      spelled.replace('"number":3', '"number":-3'),
      spelled.replace('"number":3', '"number":3.5'),
      spelled.replace("segment", "fragment"),
      spelled.replace('"whole":true', '"whole":1'),
      spelled.replace('"completes":1', '"completes":"1"'),
      spelled.replace('"bucket":"b"', '"bucket":2'),
      spelled.replace('"at":30,', ""),
    ];
    for (const text of [...none, ...malformed]) {
      expect([text, readHeader(text)]).toEqual([text, { unreadable: expect.stringMatching(/^it[s ]/) }]);
    }
  });
});

describe("a replay", () => {
  it("of nothing replays nothing", () => {
    expect(planReplay([])).toEqual({ from: 1, until: 0, whole: 0, told: 0, sequence: 0, complete: false });
  });

  it("begins with the newest complete checkpoint, in whatever order the headers come", () => {
    const headers = [
      header(3, { completes: 1 }),
      header(4, { what: "page", whole: false }),
      header(6, { completes: 4 }),
      header(7, { what: "page", whole: false }),
      header(8),
    ];
    const plan = { from: 4, until: 8, whole: 8, told: 80, sequence: 8, complete: true };
    expect(planReplay(headers)).toEqual(plan);
    expect(planReplay(headers.toReversed())).toEqual(plan);
  });

  it("without a complete checkpoint takes all there is, and says that it is not complete", () => {
    expect(planReplay([header(5), header(6, { whole: false })])).toEqual({
      from: 1,
      until: 6,
      whole: 5,
      told: 50,
      sequence: 6,
      complete: false,
    });
  });
});
