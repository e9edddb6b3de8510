import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { adoptJournal, type JournalLimits, toldUntil } from "../../src/index/journal.ts";
import { MAX_RECEIPT_CHARACTERS, MAX_UNTOLD_CHARACTERS } from "../../src/index/tail.ts";
import { events, History } from "../support/histories.ts";
import { BUCKET, Journaled, tablesOf } from "../support/journaled.ts";

const RUNS = 150;

/** Objects so small that a short history makes many of them, and checkpoints. */
const limits: fc.Arbitrary<JournalLimits> = fc.record({
  segment: fc.constantFrom(1, 400, 2000),
  page: fc.constantFrom(1, 300, 1500),
  grown: fc.record({ characters: fc.constantFrom(1, 1000, 5000), objects: fc.constantFrom(1, 4) }),
});

const SMALL: JournalLimits = { segment: 1000, page: 500, grown: { characters: 3000, objects: 5 } };

function etagsOf({ sql }: Journaled["index"]): string[] {
  const statement = "select etag from current union all select etag from older where marker = 0";
  return sql
    .exec<{ etag: string }>(statement)
    .toArray()
    .map(({ etag }) => etag);
}

/** Events after which a blob is not the whole of its first key's current version alone. */
const OF_SEVERAL_KEYS = new Set<string>(["rename", "complete", "restart"]);

function currentOf({ sql }: Journaled["index"]): { key: string; etag: string }[] {
  return sql.exec<{ key: string; etag: string }>("select key, etag from current").toArray();
}

/** A key's end that takes six characters for each of its own where it is written down. */
const LONG = "\u{1}".repeat(1000);

/** How many characters of records the tail holds. */
function tailOf({ index }: Journaled): number {
  const [sum] = index.sql.exec<{ sum: number }>("select sum(length(records)) as sum from tail").toArray();
  return sum?.sum ?? 0;
}

/** Puts an object under each of this many keys. */
function fill(journaled: Journaled, keys: number, end = ""): void {
  const history = new History(journaled);
  for (let n = 0; n < keys; n++) history.put(`key ${n}${end}`, { kind: "blob", blob: crypto.randomUUID() });
}

describe("an index made anew from its journal", () => {
  it("is as it was, whatever was committed and whenever it was shipped", () => {
    fc.assert(
      fc.property(events, fc.option(limits, { nil: undefined }), (list, some) => {
        const journaled = new Journaled(some);
        const history = new History(journaled);
        for (const event of list) history.play(event);
        journaled.ship();
        expect(tablesOf(journaled.rebuilt())).toEqual(tablesOf(journaled.index));
      }),
      { numRuns: RUNS },
    );
  });

  it("lacks nothing that was told once and is still there, wherever shipping broke off", () => {
    fc.assert(
      fc.property(events, events, limits, (before, after, some) => {
        const journaled = new Journaled(some);
        const history = new History(journaled);
        for (const event of before) history.play(event);
        journaled.ship();
        const told = new Set(etagsOf(journaled.index));
        for (const event of after) history.play(event.do === "ship" ? { do: "ship one" } : event);
        // A young blob takes the place of what has its key, though that may have been renamed since.
        journaled.blobs.length = 0;
        const made = new Set(etagsOf(journaled.rebuilt()));
        const kept = etagsOf(journaled.index).filter((etag) => told.has(etag));
        expect(kept.filter((etag) => !made.has(etag))).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });

  it("has what was moved twice, should the journal break off between the one and the other", () => {
    const journaled = new Journaled({ ...SMALL, segment: 1 });
    const history = new History(journaled);
    history.play({ do: "put", key: 0, body: "data", from: 0 });
    journaled.ship();
    history.play({ do: "rename", key: 0, to: 1 });
    history.play({ do: "rename", key: 1, to: 2 });
    journaled.shipOne();
    expect(journaled.headers().map(({ whole }) => whole)).toEqual([true, false]);
    expect(etagsOf(journaled.rebuilt())).toEqual(etagsOf(journaled.index));
  });

  it("has each object that was put since under a blob of its own, and nothing else where the journal told more", () => {
    fc.assert(
      fc.property(events, fc.option(limits, { nil: undefined }), (list, some) => {
        const journaled = new Journaled(some);
        const history = new History(journaled);
        const simple = list.filter((event) =>
          event.do === "remove" ? event.version === undefined : !OF_SEVERAL_KEYS.has(event.do),
        );
        for (const event of simple) history.play(event);
        const young = new Set(journaled.blobs.map(({ etag }) => etag));
        const made = new Map(currentOf(journaled.rebuilt()).map(({ key, etag }) => [key, etag]));
        for (const { key, etag } of currentOf(journaled.index)) {
          if (young.has(etag)) expect([key, made.get(key)]).toEqual([key, etag]);
        }
        journaled.ship();
        expect(tablesOf(journaled.rebuilt())).toEqual(tablesOf(journaled.index));
      }),
      { numRuns: RUNS },
    );
  });

  it("is made anew of a checkpoint and what was committed since", () => {
    const journaled = new Journaled(SMALL);
    fill(journaled, 40);
    journaled.ship();
    const headers = journaled.headers();
    expect(headers.filter(({ what }) => what === "page").length).toBeGreaterThan(2);
    expect(headers.find(({ completes }) => completes !== undefined)?.completes).toBe(headers[0]?.number);
    fill(journaled, 3);
    expect(journaled.ship()).toBe(1);
    expect(tablesOf(journaled.rebuilt())).toEqual(tablesOf(journaled.index));
  });
});

describe("a journal", () => {
  it("tells nothing twice, and takes no notice of what changed nothing", () => {
    const journaled = new Journaled();
    expect(journaled.ship()).toBe(0);
    fill(journaled, 3);
    expect(journaled.ship()).toBe(1);
    expect(journaled.ship()).toBe(0);
    journaled.restart();
    expect(journaled.ship()).toBe(0);
  });

  it("is not much larger than its last checkpoint, however often the same is written", () => {
    const journaled = new Journaled(SMALL);
    const history = new History(journaled);
    const sizes: number[] = [];
    for (let n = 0; n < 300; n++) {
      history.play({ do: "put", key: n % 3, body: "blob", from: 0 });
      journaled.ship();
      sizes.push([...journaled.objects.values()].reduce((sum, text) => sum + text.length, 0));
    }
    expect(Math.max(...sizes)).toBeLessThan(3 * SMALL.grown.characters);
    expect(journaled.objects.size).toBeLessThan(3 * SMALL.grown.objects);
  });

  it("of an index that is older than journals begins with a checkpoint", () => {
    const journaled = new Journaled(SMALL, null);
    expect(journaled.index.journal).toBeUndefined();
    fill(journaled, 20);
    expect(journaled.ship()).toBe(0);
    adoptJournal(journaled.index, BUCKET);
    expect(journaled.ship()).toBeGreaterThan(3);
    expect(tablesOf(journaled.rebuilt())).toEqual(tablesOf(journaled.index));
  });

  it("begins anew with a checkpoint where records were dropped before they were told", () => {
    const journaled = new Journaled(SMALL);
    fill(journaled, 20);
    journaled.ship();
    fill(journaled, 60);
    journaled.index.sql.exec("delete from tail where segment < (select max(segment) from tail)");
    journaled.restart();
    const known = journaled.objects.size;
    journaled.ship();
    const [first] = journaled.headers();
    expect(first?.number).toBeGreaterThan(known);
    expect(first?.what).toBe("page");
    expect(tablesOf(journaled.rebuilt())).toEqual(tablesOf(journaled.index));
  });

  it("does not say that all is told while a checkpoint has yet to tell what was dropped", () => {
    const journaled = new Journaled(SMALL);
    fill(journaled, 20);
    journaled.ship();
    const told = journaled.index.journal?.at ?? 0;
    fill(journaled, 60);
    journaled.index.sql.exec("delete from tail where segment < (select max(segment) from tail)");
    journaled.restart();
    journaled.now += 1000;
    let between = 0;
    while (
      journaled.index.journal?.walk === undefined ||
      journaled.index.journal.walk.place.rows !== "none"
    ) {
      fill(journaled, 1);
      journaled.shipOne();
      const { what, whole } = journaled.headers().at(-1) ?? {};
      between += what === "segment" ? 1 : 0;
      expect([what, whole, toldUntil(journaled.index)]).toEqual([expect.any(String), false, told]);
    }
    expect(between).toBeGreaterThan(2);
    journaled.ship();
    expect(toldUntil(journaled.index)).toBe(Number.POSITIVE_INFINITY);
    expect(journaled.headers().at(-1)).toMatchObject({ what: "segment", whole: true });
    expect(tablesOf(journaled.rebuilt())).toEqual(tablesOf(journaled.index));
  });

  it("begins anew with a checkpoint where an older Portico committed in between", () => {
    const journaled = new Journaled(SMALL);
    fill(journaled, 2);
    journaled.ship();
    fill(journaled, 5);
    journaled.now += 120_000;
    // As it wrote its records: without what they touched.
    journaled.index.sql.exec("delete from current where key = 'key 4'");
    journaled.index.sql.exec(
      "update tail set objects = objects - 1, records = records || ?",
      '["old",1,{"removed":[{}]}]\n',
    );
    journaled.restart();
    journaled.ship();
    expect(journaled.headers()[0]?.what).toBe("page");
    expect(tablesOf(journaled.rebuilt())).toEqual(tablesOf(journaled.index));
  });

  it("has the tail kept until it is told, however old and long that becomes", () => {
    const journaled = new Journaled();
    fill(journaled, 1_500, LONG);
    journaled.now += 60 * 60 * 1000;
    fill(journaled, 1, LONG);
    expect(tailOf(journaled)).toBeGreaterThan(MAX_RECEIPT_CHARACTERS);
    journaled.restart();
    expect(tailOf(journaled)).toBeGreaterThan(MAX_RECEIPT_CHARACTERS);
    journaled.shipOne();
    expect(journaled.headers()[0]?.what).toBe("segment");
    journaled.ship();
    expect(tablesOf(journaled.rebuilt(1000))).toEqual(tablesOf(journaled.index));
    journaled.restart();
    expect(tailOf(journaled)).toBeLessThan(2 * LONG.length * 6);
  });

  it("has it kept within a bound, and begins anew with a checkpoint behind that", { timeout: 60_000 }, () => {
    const journaled = new Journaled();
    fill(journaled, 6_000, LONG);
    const most = MAX_UNTOLD_CHARACTERS + 3 * LONG.length * 6;
    expect(tailOf(journaled)).toBeGreaterThan(MAX_UNTOLD_CHARACTERS / 2);
    expect(tailOf(journaled)).toBeLessThan(most);
    journaled.restart();
    expect(tailOf(journaled)).toBeLessThan(most);
    journaled.shipOne();
    expect(journaled.headers()[0]?.what).toBe("page");
  });

  it("takes the next name where an earlier try came through unheard", () => {
    const journaled = new Journaled();
    fill(journaled, 2);
    journaled.shipOne(true);
    fill(journaled, 5);
    expect(journaled.ship()).toBe(2);
    expect(journaled.headers().map(({ number }) => number)).toEqual([1, 2]);
    expect(tablesOf(journaled.rebuilt())).toEqual(tablesOf(journaled.index));
  });
});
