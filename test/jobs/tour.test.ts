import { describe, expect, it } from "vitest";
import { tour as goOnTour } from "../../src/jobs/tour.ts";
import type { World } from "../../src/world.ts";
import type { Fault } from "../support/bindings.ts";
import { answered } from "../support/expect.ts";
import { isolates, useServer } from "../support/server.ts";
import { DAY_MS, HOUR_MS, Sweeping } from "../support/sweeping.ts";
import { begin, part } from "../support/uploads.ts";

const server = useServer();

const tour = (offset: number, ...faults: Fault[]) => server.order({ do: "tour", offset, faults });
const tended = async (on: Sweeping) => (await on.sql("select * from job where name = 'orphans'")).length > 0;

/** Tours begin a day apart, so each test takes days of its own. */
let days = 0;
function nextDay(): number {
  days += 3;
  return days * DAY_MS;
}

describe("the tour", () => {
  it("sets every bucket's alarm going, and begins again a day later", async () => {
    const on = await Sweeping.of(server);
    const day = nextDay();
    await tour(day);
    expect(await tended(on)).toBe(true);
    const next = await Sweeping.of(server);
    await tour(day + DAY_MS - HOUR_MS);
    expect(await tended(next)).toBe(false);
    await tour(day + DAY_MS + HOUR_MS);
    expect(await tended(next)).toBe(true);
  });

  it("finishes the deletion of a bucket whose index is closed", async () => {
    const { a } = isolates(server);
    const on = await Sweeping.of(server);
    const fault = { store: "d1", call: "delete from bucket", how: "before", lapse: 60_000 } as const;
    answered(await a.failing(fault).delete(`/${on.name}`), 503);
    expect(await server.idOf(on.name)).toBe(on.id);
    await tour(nextDay());
    await expect(server.idOf(on.name)).rejects.toThrow("there is no bucket");
  });

  it("removes parts whose upload is gone, and no others", async () => {
    const on = await Sweeping.of(server);
    const ids: string[] = [];
    for (const key of ["stray", "kept"]) {
      const id = await begin(server.client, on.path(key));
      await part(server.client, on.path(key), id, 1, "a part");
      ids.push(id);
    }
    await server.order({ do: "d1", text: "delete from upload where id = ?", bindings: [ids[0] ?? ""] });
    await tour(nextDay());
    const parts = await server.order<{ upload: string }[]>({ do: "d1", text: "select upload from part" });
    expect(parts).toEqual([{ upload: ids[1] }]);
  });

  it("goes past a bucket that does not answer", async () => {
    const [first, second] = [await Sweeping.of(server), await Sweeping.of(server)];
    const text = "select count(*) as before from bucket where name <= ?";
    const [row] = await server.order<{ before: number }[]>({ do: "d1", text, bindings: [first.name] });
    await tour(nextDay(), { store: "index", call: "tend", nth: row?.before ?? 0, how: "overloaded" });
    expect([await tended(first), await tended(second)]).toEqual([false, true]);
  });

  it("visits some hundred buckets in a run, and the others in the next ones", async () => {
    const names = Array.from({ length: 900 }, (_, i) => `bucket-${String(i).padStart(3, "0")}`);
    const errands: { due: number; cursor: string }[] = [];
    const visited: string[] = [];
    const database = {
      async rows({ text, bindings }: { text: string; bindings: unknown[] }) {
        if (text.startsWith("select due")) return errands.slice(-1);
        if (text.includes("into errand")) {
          errands.push({ due: Number(bindings[1]), cursor: String(bindings[2]) });
          return [];
        }
        if (!text.startsWith("select name")) return [];
        const behind = names.filter((name) => name > String(bindings[0])).slice(0, Number(bindings[1]));
        return behind.map((name) => ({ name, id: name, generation: 1 }));
      },
    };
    const world = {
      now: () => 1_000,
      database,
      blobs: { list: async () => ({ delimitedPrefixes: ["journal/"], truncated: false }) },
      index: ({ name }: { name: string }) => ({
        tend: async () => {
          visited.push(name);
          return { phase: "open" };
        },
      }),
      attempt: async (_what: string, work: Promise<unknown>) => void (await work),
    } as unknown as World;
    const counts: number[] = [];
    for (let runs = 0; runs < 5; runs++) {
      await goOnTour(world);
      counts.push(visited.length);
    }
    expect(counts).toEqual([400, 800, 900, 900, 900]);
    expect(visited).toEqual(names);
    expect(errands.at(-1)).toEqual({ due: 1_000 + DAY_MS, cursor: "" });
  });

  it("goes on where it was when the directory failed", async () => {
    const on = await Sweeping.of(server);
    const day = nextDay();
    const fault = { store: "d1", call: "into errand", how: "before", lapse: 60_000 } as const;
    await expect(tour(day, fault)).rejects.toThrow();
    await tour(day);
    expect(await tended(on)).toBe(true);
    const [errand] = await server.order<{ due: number; cursor: string }[]>({
      do: "d1",
      text: "select due, cursor from errand",
    });
    expect(errand?.cursor).toBe("");
    expect(errand?.due).toBeGreaterThan(Date.now() + day);
  });
});
