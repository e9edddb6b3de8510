import { describe, expect, it } from "vitest";
import {
  inPieces,
  readTouched,
  spellTouched,
  touch,
  touchedVersions,
  untouched,
} from "../../src/index/touched.ts";

describe("what a commit touched", () => {
  it("is kept in as few characters as say it", () => {
    const touched = untouched();
    expect(JSON.stringify(spellTouched(touched))).toBe("[[]]");
    touch(touched, "k", 7, 5);
    expect(JSON.stringify(spellTouched(touched))).toBe('[["k",7,5]]');
    touched.uploads.push("upload");
    expect(JSON.stringify(spellTouched(touched))).toBe('[["k",7,5],[],["upload"]]');
  });

  it("is read back as it was", () => {
    const touched = { versions: ["a", 1, "b", 3, 2], bodies: ["body"], uploads: ["one", "two"] };
    expect(readTouched(spellTouched(touched))).toEqual(touched);
    expect(readTouched(spellTouched({ ...touched, uploads: [] }))).toEqual({ ...touched, uploads: [] });
  });

  it("is unknown of a record from before records said so", () => {
    expect(readTouched([])).toBeUndefined();
  });

  it("names each version by its key and sequence", () => {
    const touched = untouched();
    touch(touched, "a", 4);
    touch(touched, "none");
    touch(touched, "b", 5, 3);
    expect([...touchedVersions(touched)]).toEqual([
      ["a", 4],
      ["b", 5],
      ["b", 3],
    ]);
  });

  it("comes in pieces where it is much, none of which parts a key from its versions", () => {
    const touched = { versions: ["aaa", 1, "b", 3, 2, "c", 4], bodies: ["body"], uploads: ["upload"] };
    expect(inPieces(touched, 100)).toEqual([touched]);
    expect(inPieces(touched, 3)).toEqual([
      { ...untouched(), versions: ["aaa", 1] },
      { ...untouched(), versions: ["b", 3, 2] },
      { ...touched, versions: ["c", 4] },
    ]);
    expect(inPieces(untouched(), 3)).toEqual([untouched()]);
  });
});
