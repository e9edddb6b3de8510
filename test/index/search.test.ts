import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { KeptExtent } from "../../src/facts/extent.ts";
import type { Search } from "../../src/facts/litter.ts";
import { beginSearch } from "../../src/index/search.ts";
import { versionIdOf } from "../../src/index/version.ts";
import { SmallIndex } from "../support/small-index.ts";

/** Looks until all rows have been seen. */
function lookThrough(search: Search): string[] {
  while (!search.look());
  return search.unnamed().toSorted();
}

/** Every blob that some row names. */
function named(on: SmallIndex): Set<string> {
  const bodies = ["current", "older"].flatMap((table) =>
    on.rows<{ body: string }>(`select body from ${table} where pages is null and body <> ''`),
  );
  const lists = on
    .rows<{ list: string }>("select list from extents")
    .flatMap(({ list }) => JSON.parse(list) as KeptExtent[]);
  return new Set([...bodies.map(({ body }) => body), ...lists.map(([, blob]) => blob)]);
}

const extents = (...blobs: string[]) => ({
  kind: "extents" as const,
  name: `list of ${blobs[0]}`,
  extents: blobs.map((blob, at) => ({ number: at + 1, blob, size: 3 })),
});

describe("a search", () => {
  it("leaves what no row names: not a version, not an older one, not a part of a long body", () => {
    const on = new SmallIndex();
    on.blob("k", "older", "enabled");
    on.blob("k", "current", "enabled");
    on.put("l", extents("part-1", "part-2"));
    on.put("m", { kind: "empty" });
    const wanted = ["older", "current", "part-1", "part-2", "orphan-1", "orphan-2"];
    const search = beginSearch(on.index, wanted);
    expect(lookThrough(search)).toEqual(["orphan-1", "orphan-2"]);
    search.spare(["orphan-2"]);
    expect(search.litter()).toBe(1);
    search.drop();
    expect(on.litter()).toEqual(["orphan-1"]);
    expect(on.index.searches.size).toBe(0);
  });

  it("sees every row, however few it reads at a time", () => {
    const on = new SmallIndex();
    const blobs = Array.from({ length: 12 }, (_, i) => `blob-${i}`);
    for (const [i, blob] of blobs.entries()) on.blob(`k${i % 3}`, blob, "enabled");
    on.put("long", {
      ...extents(...blobs),
      extents: blobs.map((blob, i) => ({ number: 1 + i * 256, blob: `x-${blob}`, size: 1 })),
    });
    const wanted = [...blobs, ...blobs.map((blob) => `x-${blob}`), "orphan"];
    for (const rows of [1, 2, 3, 100]) {
      const search = beginSearch(on.index, wanted, rows);
      expect(lookThrough(search)).toEqual(["orphan"]);
      search.drop();
    }
  });

  it("leaves litter that is litter already as old as it is", () => {
    const on = new SmallIndex();
    on.blob("k", "gone");
    on.remove("k");
    on.clock.now += 5_000;
    const search = beginSearch(on.index, ["gone", "orphan"]);
    expect(lookThrough(search)).toEqual(["orphan"]);
    expect(search.litter()).toBe(1);
    search.drop();
    expect(
      on.rows("select name, since from litter order by name").map((row) => ({ ...(row as object) })),
    ).toEqual([
      { name: "gone", since: 1_000_000 },
      { name: "orphan", since: 1_005_000 },
    ]);
  });
});

/** What may happen between two looks of a search. */
type Act =
  | { do: "look" }
  | { do: "put"; key: string }
  | { do: "complete"; key: string }
  | { do: "copy" | "rename"; from: string; to: string }
  | { do: "remove"; key: string }
  | { do: "removeVersion"; key: string; nth: number };

const key = fc.constantFrom("a", "b", "c", "d", "e");
const acts = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constant<Act>({ do: "look" }) },
    { weight: 2, arbitrary: fc.record<Act & { do: "put" }>({ do: fc.constant("put"), key }) },
    { weight: 1, arbitrary: fc.record<Act & { do: "complete" }>({ do: fc.constant("complete"), key }) },
    {
      weight: 4,
      arbitrary: fc.record<Act & { do: "copy" | "rename" }>({
        do: fc.constantFrom("copy", "rename"),
        from: key,
        to: key,
      }),
    },
    { weight: 2, arbitrary: fc.record<Act & { do: "remove" }>({ do: fc.constant("remove"), key }) },
    {
      weight: 2,
      arbitrary: fc.record<Act & { do: "removeVersion" }>({
        do: fc.constant("removeVersion"),
        key,
        nth: fc.nat(3),
      }),
    },
  ),
  { minLength: 10, maxLength: 60, size: "max" },
);

/** Acts on an index whose bucket has versions, or never had any; remembers every blob that was ever there. */
class Course {
  readonly on = new SmallIndex();
  readonly blobs: string[] = [];
  readonly #versioned: boolean;

  constructor(versioned: boolean) {
    this.#versioned = versioned;
  }

  act(act: Act): void {
    const versioning = this.#versioned ? "enabled" : "off";
    switch (act.do) {
      case "put":
        this.on.blob(act.key, this.#fresh(), versioning);
        break;
      case "complete": {
        const blob = this.#fresh();
        const more = { versioning, upload: { id: `upload ${blob}`, unchosen: [] as string[] } } as const;
        this.on.put(act.key, extents(blob, this.#fresh()), more);
        break;
      }
      case "copy":
        this.on.copy(act.from, act.to, versioning);
        break;
      case "rename":
        if (!this.#versioned) this.on.rename(act.from, act.to);
        break;
      case "remove":
        this.on.remove(act.key, versioning);
        break;
      case "removeVersion": {
        const versions = this.on.rows<{ sequence: number; nonce: string }>(
          `select sequence, nonce from current where key = ?1 union all
           select sequence, nonce from older where key = ?1 order by sequence desc`,
          act.key,
        );
        const version = versions[act.nth];
        if (version !== undefined) this.on.remove(act.key, versioning, versionIdOf(version));
      }
    }
  }

  #fresh(): string {
    const blob = `blob-${String(this.blobs.length).padStart(3, "0")}`;
    this.blobs.push(blob);
    return blob;
  }
}

describe("while commits go on between its looks, a search", () => {
  for (const versioned of [false, true]) {
    it(`takes nothing that a row names for an orphan, and finds every orphan (${versioned ? "with" : "without"} versions)`, () => {
      fc.assert(
        fc.property(acts, acts, (before, during) => {
          const course = new Course(versioned);
          for (const act of before) course.act(act);
          const unknown = ["orphan-1", "orphan-2"];
          // Parts of uploads in progress are wanted too: whoever completes one names old blobs.
          const toCome = during.flatMap((act) =>
            act.do === "put" || act.do === "complete" ? ["a", "b"] : [],
          );
          const later = toCome.map((_, at) => `blob-${String(course.blobs.length + at).padStart(3, "0")}`);
          const search = beginSearch(course.on.index, [...course.blobs, ...later, ...unknown], 1);
          for (const act of during) act.do === "look" ? search.look() : course.act(act);
          const left = lookThrough(search);
          const needed = named(course.on);
          expect(left.filter((blob) => needed.has(blob))).toEqual([]);
          expect(left.filter((blob) => blob.startsWith("orphan"))).toEqual(unknown);
          search.litter();
          search.drop();
          const litter = new Set(course.on.litter());
          expect([...needed].filter((blob) => litter.has(blob))).toEqual([]);
        }),
        { numRuns: 300 },
      );
    });
  }
});
