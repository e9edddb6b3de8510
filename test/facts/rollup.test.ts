import { describe, expect, it } from "vitest";
import { type Bound, type Page, Rollup, type Window } from "../../src/facts/rollup.ts";
import { type Random, seeded } from "../auth/random.ts";
import { compareBytes } from "./texts.ts";

const LISTINGS = 3000;

interface Row {
  key: string;
}

/** A store as simple as can be: rows in byte order, from a bound on, below an end, at most so many. */
function rowsFrom(
  rows: readonly Row[],
  { key, inclusive }: Bound,
  end: string | undefined,
  limit: number,
): Row[] {
  return rows
    .filter((row) => compareBytes(row.key, key) > (inclusive ? -1 : 0))
    .filter((row) => end === undefined || compareBytes(row.key, end) < 0)
    .slice(0, limit);
}

/** One page, taken as a store takes it; `read` counts the rows that it had to give. */
function list(rows: readonly Row[], window: Window): { page: Page<Row>; read: number } {
  const rollup = new Rollup<Row>(window);
  let read = 0;
  let seeking = window.limit > 0;
  while (seeking && rollup.bound !== undefined) {
    seeking = false;
    for (const row of rowsFrom(rows, rollup.bound, rollup.end, rollup.wanted)) {
      read++;
      const step = rollup.offer(row);
      seeking = step === "seek";
      if (step !== "next") break;
    }
  }
  return { page: rollup.page, read };
}

/** What S3 would show of the keys, all of it, in order: by looking at every key. */
function everything(keys: readonly string[], { prefix, delimiter, after = "" }: Window): string[] {
  const shown = new Set<string>();
  const common = (key: string) => {
    const at = delimiter === "" ? -1 : key.slice(prefix.length).indexOf(delimiter);
    return at < 0 ? key : key.slice(0, prefix.length + at + delimiter.length);
  };
  const afterCommon =
    delimiter !== "" &&
    after.startsWith(prefix) &&
    after.slice(prefix.length).includes(delimiter) &&
    common(after) === after;
  for (const key of keys.toSorted(compareBytes)) {
    if (!key.startsWith(prefix)) continue;
    if (after !== "" && compareBytes(key, after) <= 0) continue;
    if (afterCommon && key.startsWith(after)) continue;
    shown.add(common(key));
  }
  return [...shown];
}

function shownBy({ entries, commonPrefixes }: Page<Row>): string[] {
  return [...entries.map(({ key }) => key), ...commonPrefixes].sort(compareBytes);
}

const PIECES = [
  "a",
  "b",
  "/",
  "//",
  "-",
  "é",
  "\ud7ff",
  "\ue000",
  "\uffff",
  "\u{10000}",
  "😀",
  "\u{10ffff}",
] as const;

function randomWindow(random: Random, keys: readonly string[]): Window {
  const someKey = keys.length === 0 ? "" : (keys[random.integer(keys.length)] ?? "");
  const cut = (text: string) => Array.from(text).slice(0, random.integer(4)).join("");
  const after = random.pick([
    undefined,
    "",
    someKey,
    cut(someKey),
    random.text(PIECES, 1, 4),
    `${cut(someKey)}/`,
  ]);
  return {
    prefix: random.pick(["", "", cut(someKey), random.text(PIECES, 1, 2)]),
    delimiter: random.pick(["", "/", "/", "//", "a", "\ue000", "\u{10ffff}", "-é"]),
    limit: 1 + random.integer(5),
    ...(after !== undefined && { after }),
  };
}

describe("a listing", () => {
  const random = seeded(2006);

  it(`walked page by page shows what looking at every key shows (PORTICO_SEED=${random.seed})`, () => {
    for (let i = 0; i < LISTINGS; i++) {
      const keys = [...new Set(Array.from({ length: random.integer(25) }, () => random.text(PIECES, 1, 5)))];
      const rows = keys.toSorted(compareBytes).map((key) => ({ key }));
      const window = randomWindow(random, keys);
      const expected = everything(keys, window);
      const walked: string[] = [];
      for (let page = list(rows, window).page; ; page = list(rows, { ...window, after: page.last }).page) {
        const shown = shownBy(page);
        walked.push(...shown);
        const left = expected.length - walked.length;
        const seen = [keys, window, shown.length, page.truncated];
        expect(seen).toEqual([keys, window, Math.min(window.limit, left + shown.length), left > 0]);
        expect(page.last).toBe(shown.at(-1));
        if (!page.truncated) break;
      }
      expect([keys, window, walked]).toEqual([keys, window, expected]);
    }
  });

  it("keeps entries apart from common prefixes", () => {
    const rows = ["a", "a/", "a/b", "b/c", "c"].map((key) => ({ key }));
    const { page } = list(rows, { prefix: "", delimiter: "/", limit: 10 });
    expect(page).toEqual({
      entries: [{ key: "a" }, { key: "c" }],
      commonPrefixes: ["a/", "b/"],
      truncated: false,
      last: "c",
    });
  });

  it("of nothing is empty and not truncated", () => {
    const rows = ["a", "b"].map((key) => ({ key }));
    const nothing = { entries: [], commonPrefixes: [], truncated: false };
    expect(list(rows, { prefix: "", delimiter: "", limit: 0 })).toEqual({ page: nothing, read: 0 });
    expect(list([], { prefix: "", delimiter: "/", limit: 5 }).page).toEqual(nothing);
    expect(list(rows, { prefix: "c", delimiter: "", limit: 5 }).page).toEqual(nothing);
    expect(list(rows, { prefix: "", delimiter: "", limit: 5, after: "b" }).page).toEqual(nothing);
  });

  it("of nothing is full at the first row, and still not truncated", () => {
    const rollup = new Rollup<Row>({ prefix: "", delimiter: "", limit: 0 });
    expect([rollup.offer({ key: "a" }), rollup.page.truncated, rollup.page.entries]).toEqual([
      "full",
      false,
      [],
    ]);
  });

  it("reads no more rows than it shows, and one, however many keys lie below a common prefix", () => {
    const rows = Array.from({ length: 20 }, (_, i) => i).flatMap((i) =>
      Array.from({ length: 50 }, (_, j) => ({
        key: `${String(i).padStart(2, "0")}/${String(j).padStart(2, "0")}`,
      })),
    );
    for (const limit of [1, 7, 20, 100]) {
      const rolled = list(rows, { prefix: "", delimiter: "/", limit });
      expect(rolled.read).toBeLessThanOrEqual(limit + 1);
      expect(rolled.page.commonPrefixes).toHaveLength(Math.min(limit, 20));
      expect(list(rows, { prefix: "03/", delimiter: "/", limit }).read).toBe(Math.min(limit + 1, 50));
    }
  });

  it("that goes on after a common prefix goes on after everything below it", () => {
    const rows = ["a/1", "a/2", "a/\u{10ffff}", "b"].map((key) => ({ key }));
    const shownAfter = (marker: string) =>
      shownBy(list(rows, { prefix: "", delimiter: "/", limit: 9, after: marker }).page);
    expect(shownAfter("a/")).toEqual(["b"]);
    expect(shownAfter("a/1")).toEqual(["a/", "b"]);
    expect(shownAfter("a/\u{10ffff}")).toEqual(["b"]);
    expect(shownAfter("a")).toEqual(["a/", "b"]);
  });

  it("tells its store to go on inside a key where an id says so", () => {
    const window = { prefix: "", delimiter: "/", limit: 1 };
    expect(new Rollup({ ...window, after: "k", afterId: "7" }).bound).toEqual({
      key: "k",
      inclusive: false,
      id: "7",
    });
    expect(new Rollup({ ...window, after: "k" }).bound).toEqual({
      key: "k",
      inclusive: false,
      id: undefined,
    });
    expect(new Rollup({ ...window, prefix: "p", after: "k", afterId: "7" }).bound).toEqual({
      key: "p",
      inclusive: true,
    });
  });
});
