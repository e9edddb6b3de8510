import { describe, expect, it } from "vitest";
import { MAX_LINE_CHARACTERS } from "../../src/facts/journal.ts";
import { type JournalLine, readLine, spellLine } from "../../src/index/journal-lines.ts";
import type { VersionRow } from "../../src/index/tables.ts";

const ROW: VersionRow = {
  key: "k\n\u{10000}",
  sequence: 7,
  nonce: "0af",
  marker: 0,
  size: 3,
  etag: "e",
  modified: 99,
  owner: "o",
  body: "",
  pages: "[[0,0]]",
  description: '{"headers":{}}',
  tags: '[["a","b"]]',
  lock: '{"hold":true}',
  grants: "[]",
  data: new Uint8Array([0, 255, 10]).buffer,
};

const LINES: readonly JournalLine[] = [
  { version: ROW },
  { version: { ...ROW, pages: null, tags: null, lock: null, grants: null, data: null } },
  { gone: { key: "k", sequence: 7 } },
  { extents: { body: "b", page: 2, list: '[[513,"blob",5]]' } },
  { ended: { upload: "u", key: "k", at: 5, answer: '{"sequence":3}' } },
  { ended: { upload: "u", key: "k", at: 5, answer: null } },
];

describe("a line of the journal", () => {
  it("is read back as it was spelled", () => {
    for (const line of LINES) {
      const text = spellLine(line);
      expect(text).not.toContain("\n");
      expect(readLine(text)).toEqual(line);
    }
  });

  it("from before a column was added has nothing in it", () => {
    const fields = JSON.parse(spellLine({ version: { ...ROW, data: null, grants: null } })) as unknown[];
    const older = JSON.stringify(fields.slice(0, -2));
    expect(readLine(older)).toEqual({ version: { ...ROW, data: null, grants: null } });
  });

  it("that lacks what every version has is refused", () => {
    expect(readLine('["version","k",7]')).toEqual({ unreadable: "its nonce is malformed" });
  });

  it("of a kind that nobody knows is refused, and the kind is said", () => {
    for (const name of ["verse", "toString", "__proto__", 7, null, { a: 1 }]) {
      const { unreadable } = readLine(JSON.stringify([name, "k"])) as { unreadable: string };
      expect(unreadable).toContain(`called ${JSON.stringify(name)} this Portico knows nothing`);
    }
  });

  it("with a field too many is refused: a later Portico wrote it", () => {
    expect(readLine('["gone","k",7,1]')).toEqual({
      unreadable: "it has more fields than this Portico knows",
    });
  });

  it("that is no list, or longer than any, is refused", () => {
    for (const text of ["", "{}", "null", '"gone"', '["gone","k",7']) {
      expect(readLine(text)).toEqual({ unreadable: "it is no JSON list" });
    }
    const long = spellLine({ gone: { key: "k".repeat(MAX_LINE_CHARACTERS), sequence: 1 } });
    expect(readLine(long)).toEqual({ unreadable: `it is longer than ${MAX_LINE_CHARACTERS} characters` });
  });

  it("with a field of another kind is refused, whichever it is", () => {
    for (const line of LINES) {
      const [name, ...fields] = JSON.parse(spellLine(line)) as unknown[];
      for (const at of fields.keys()) {
        for (const wrong of [true, -1, 1.5, [], {}]) {
          const text = JSON.stringify([name, ...fields.with(at, wrong)]);
          expect([text, readLine(text)]).toEqual([
            text,
            { unreadable: expect.stringMatching(/^its \w+ is malformed$/) },
          ]);
        }
      }
    }
  });
});
