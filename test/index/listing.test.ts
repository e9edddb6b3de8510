import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareUtf8, type Window } from "../../src/facts/rollup.ts";
import { commitPut, commitRemove } from "../../src/index/commit.ts";
import { listBucket } from "../../src/index/listing.ts";
import { openBucket, openIndex } from "../../src/index/open.ts";
import type { Index } from "../../src/index/tables.ts";
import { sqliteStorage } from "../support/sqlite-storage.ts";

/** A bucket of empty objects; those in `covered` lie behind a delete marker. */
function bucketOf(keys: readonly string[], covered: readonly string[] = []): Index {
  const index = openIndex(sqliteStorage().storage, () => 1_000);
  openBucket(index);
  const versioning = covered.length > 0 ? "enabled" : "off";
  const who = () => ({ generation: 0, operationId: crypto.randomUUID() });
  for (const key of keys) {
    const draft = { key, etag: "e", size: 0, owner: "o", description: { headers: {}, metadata: {} } };
    commitPut(index, who(), { draft, body: { kind: "empty" }, versioning });
  }
  const entries = covered.map((key) => ({ key }));
  if (covered.length > 0) commitRemove(index, who(), { entries, versioning, owner: "o", bypass: false });
  return index;
}

interface Shown {
  keys: string[];
  prefixes: string[];
}

/** What S3 says of a listing, taken literally: every key is looked at. */
function naive(keys: readonly string[], { prefix, delimiter, after }: Omit<Window, "limit">): Shown {
  const shown: Shown = { keys: [], prefixes: [] };
  for (const key of keys.toSorted(compareUtf8)) {
    if (!key.startsWith(prefix)) continue;
    const at = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    const common = at < 0 ? undefined : key.slice(0, at + delimiter.length);
    if (after !== undefined && compareUtf8(common ?? key, after) <= 0) continue;
    if (common === undefined) shown.keys.push(key);
    else if (!shown.prefixes.includes(common)) shown.prefixes.push(common);
  }
  return shown;
}

/** All pages of a listing, put together. */
function paged(index: Index, window: Window, what: "current" | "versions" = "current"): Shown {
  const shown: Shown = { keys: [], prefixes: [] };
  let after = window.after;
  let afterId: string | undefined;
  for (;;) {
    const page = listBucket(index, { what, window: { ...window, after, afterId } });
    shown.keys.push(...page.entries.map(({ key }) => key));
    shown.prefixes.push(...page.commonPrefixes);
    expect(page.entries.length + page.commonPrefixes.length).toBeLessThanOrEqual(window.limit);
    if (!page.truncated) return shown;
    after = page.last;
    const last = page.entries.at(-1);
    afterId = what === "versions" && last?.key === after ? last?.versionId : undefined;
  }
}

/** Letters among which delimiters, their neighbours, NUL and characters of every length are frequent. */
const letter = fc.constantFrom(
  "a",
  "/",
  "0",
  ".",
  "é",
  "\u0000",
  "\ud7ff",
  "\ue000",
  "\u{10000}",
  "\u{10ffff}",
);
const text = (minLength: number, maxLength: number) =>
  fc.array(letter, { minLength, maxLength }).map((letters) => letters.join(""));
/** So few that most keys there can be are there, and common prefixes follow one another closely. */
const few = fc
  .array(fc.constantFrom("a", "/", "0", "b"), { minLength: 1, maxLength: 4 })
  .map((all) => all.join(""));
/** Folders in a row, and few keys between them. */
const folders = fc
  .tuple(fc.uniqueArray(few, { maxLength: 40, size: "max" }), fc.uniqueArray(few, { maxLength: 6 }))
  .map(([names, plain]) => [...new Set([...names.map((name) => `${name}/x`), ...plain])]);
const keySets = (maxLength: number) =>
  fc.oneof(
    folders,
    fc.uniqueArray(few, { maxLength: 2 * maxLength, size: "max" }),
    fc.uniqueArray(text(1, 6), { maxLength }),
  );
const windows = fc.record({
  prefix: fc.oneof(fc.constant(""), text(0, 2)),
  delimiter: fc.oneof(fc.constant("/"), text(1, 2)),
  limit: fc.integer({ min: 1, max: 40 }),
});

describe("a listing by delimiter", () => {
  it("shows, over all of its pages, what there is to be seen at every key", () => {
    fc.assert(
      fc.property(keySets(60), windows, (keys, window) => {
        expect(paged(bucketOf(keys), window)).toEqual(naive(keys, window));
      }),
      { numRuns: 300 },
    );
  });

  it("starts where it is told to, at keys and behind common prefixes", () => {
    fc.assert(
      fc.property(keySets(40), windows, text(1, 4), (keys, window, after) => {
        // A start among the keys of a common prefix shows that one once more; only its own name passes it by.
        const shown = naive(keys, window);
        const inside = shown.prefixes.find((common) => after.startsWith(common) && after !== common);
        fc.pre(inside === undefined);
        expect(paged(bucketOf(keys), { ...window, after })).toEqual(naive(keys, { ...window, after }));
      }),
      { numRuns: 300 },
    );
  });

  it("of versions shows those behind delete markers, too", () => {
    fc.assert(
      fc.property(keySets(30), windows, (keys, window) => {
        fc.pre(keys.length > 0);
        const covered = keys.filter((_, i) => i % 3 === 0);
        const { keys: plain, prefixes } = naive(keys, window);
        const twice = plain.flatMap((key) => (covered.includes(key) ? [key, key] : [key]));
        expect(paged(bucketOf(keys, covered), window, "versions")).toEqual({ keys: twice, prefixes });
        const live = keys.filter((key) => !covered.includes(key));
        expect(paged(bucketOf(keys, covered), window)).toEqual(naive(live, window));
      }),
      { numRuns: 200 },
    );
  });

  it("looks for common prefixes that follow one another together, in few statements", () => {
    const keys = Array.from({ length: 400 }, (_, i) => `${String(i >> 1).padStart(4, "0")}/${i}`);
    const index = bucketOf(keys);
    let statements = 0;
    const { exec } = index.sql;
    index.sql.exec = (...args: Parameters<typeof exec>) => {
      statements += 1;
      return exec(...args);
    };
    const page = listBucket(index, { what: "current", window: { prefix: "", delimiter: "/", limit: 200 } });
    expect(page.commonPrefixes).toHaveLength(200);
    expect(statements).toBeLessThan(16);
  });
});
