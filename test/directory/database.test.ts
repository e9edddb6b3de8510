import { describe, expect, it } from "vitest";
import { openDatabase, statement } from "../../src/directory/database.ts";
import { Unavailable } from "../../src/facts/outage.ts";

/** A D1 whose tries end as listed, the last one for ever after; its clock moves with what is slept. */
function database(ends: (Error | Record<string, number>[])[]) {
  const asked: number[] = [];
  let now = 0;
  const all = async () => {
    const end = ends[Math.min(asked.push(now), ends.length) - 1];
    if (end instanceof Error) throw end;
    return { results: end ?? [] };
  };
  const prepared = { all, bind: () => prepared };
  const d1 = { prepare: () => prepared, batch: async () => [await all()] } as unknown as D1Database;
  const sleep = async (ms: number) => {
    now += ms;
  };
  return { asked, database: openDatabase(d1, () => now, sleep) };
}

const LOST = new Error("D1_ERROR: Network connection lost.");
const ONE = statement("select 1");

describe("a statement", () => {
  it.each([
    "D1_ERROR: Network connection lost.",
    "D1_ERROR: D1 DB storage operation exceeded timeout which caused object to be reset.",
    "D1_ERROR: Internal error in D1 DB storage caused object to be reset.",
    "D1_ERROR: D1 DB reset because its code was updated.",
    "D1_ERROR: Cannot resolve D1 DB due to transient issue on remote node.",
    "D1_ERROR: D1 DB is overloaded. Requests queued for too long.",
    "D1_ERROR: D1 DB is overloaded. Too many requests queued.",
  ])("is repeated after what passes: %s", async (message) => {
    const { database: it, asked } = database([new Error(message), new Error(message), [{ one: 1 }]]);
    expect(await it.rows(ONE)).toEqual([{ one: 1 }]);
    expect(asked).toEqual([0, 50, 150]);
  });

  it.each(["D1_ERROR: no such table: nothing", "D1_ERROR: UNIQUE constraint failed: bucket.name"])(
    "is not repeated after what does not: %s",
    async (message) => {
      const { database: it, asked } = database([new Error(message)]);
      await expect(it.rows(ONE)).rejects.toThrow(message);
      await expect(it.batch([ONE])).rejects.toThrow(message);
      expect(asked).toHaveLength(2);
    },
  );

  it("is repeated for 15 s at the most, less and less often", async () => {
    for (const act of ["rows", "batch"] as const) {
      const { database: it, asked } = database([LOST]);
      await expect(act === "rows" ? it.rows(ONE) : it.batch([ONE])).rejects.toThrow(Unavailable);
      expect(asked.at(-1)).toBeLessThanOrEqual(15_000);
      expect(asked.length).toBeLessThan(10);
      const waits = asked.slice(1).map((at, i) => at - (asked[i] ?? 0));
      expect(waits).toEqual(waits.toSorted((a, b) => a - b));
    }
  });
});

describe("a removal", () => {
  it.each([
    ["of what is there", [[{ id: 1 }]], true],
    ["of what is not there", [[]], false],
    ["whose first answer was lost, though it was made", [LOST, []], true],
    ["that was made at the second try", [LOST, [{ id: 1 }]], true],
  ] as const)("%s", async (_, ends, removed) => {
    const { database: it } = database(ends as unknown as (Error | Record<string, number>[])[]);
    expect(await it.removes(ONE)).toBe(removed);
  });
});
