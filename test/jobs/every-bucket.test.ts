import { describe, expect, it } from "vitest";
import { everyBucket, isCursor } from "../../src/jobs/every-bucket.ts";
import type { World } from "../../src/world.ts";

/** A world of so many buckets, whose clock goes on by `tick` ms at every look. */
function worldOf(count: number, tick = 0): { world: World; logged: unknown[] } {
  const names = Array.from({ length: count }, (_, i) => `bucket-${String(i).padStart(4, "0")}`);
  const logged: unknown[] = [];
  let now = 0;
  const database = {
    async rows({ bindings }: { bindings: unknown[] }) {
      const behind = names.filter((name) => name > String(bindings[0]));
      return behind.slice(0, Number(bindings[1])).map((name) => ({ name, id: name, generation: 1 }));
    },
  };
  const world = {
    now: () => {
      now += tick;
      return now;
    },
    database,
    log: (event: unknown) => void logged.push(event),
  };
  return { world: world as unknown as World, logged };
}

/** Goes over all buckets, taking `each` steps at every one; gives the buckets as they came, and the calls that it took. */
async function tourOf(world: World, each = 1): Promise<{ visits: string[]; calls: number }> {
  const visits: string[] = [];
  let cursor: string | undefined;
  for (let calls = 1; ; calls++) {
    const answer = await everyBucket(world, { cursor }, async ({ name }, inside) => {
      visits.push(name);
      const step = Number(inside ?? 1);
      return step < each ? { cursor: String(step + 1) } : {};
    });
    cursor = answer.cursor;
    if (cursor === undefined) return { visits, calls };
    expect(isCursor(cursor)).toBe(true);
  }
}

describe("going over every bucket", () => {
  it("visits each of them once, however many calls it takes", async () => {
    for (const count of [0, 1, 199, 200, 201, 1_100]) {
      const { visits, calls } = await tourOf(worldOf(count).world);
      expect([visits.length, new Set(visits).size]).toEqual([count, count]);
      expect(calls).toBe(Math.floor(count / 200) + (count % 200 > 0 || count === 0 ? 1 : 0));
    }
  });

  it("takes as many steps at one as it wants", async () => {
    const { visits } = await tourOf(worldOf(3).world, 150);
    expect(visits.length).toBe(450);
    expect(visits.lastIndexOf("bucket-0000")).toBe(149);
  });

  it("ends a call when its time is up", async () => {
    const { visits, calls } = await tourOf(worldOf(10, 2_000).world);
    expect([visits.length, calls]).toEqual([10, 5]);
  });

  it("tells of a bucket that fails, and goes on with the next one", async () => {
    const { world, logged } = worldOf(3);
    const { told } = await everyBucket<object>(world, {}, async ({ name }) => {
      if (name === "bucket-0001") throw new Error("no answer");
      return {};
    });
    expect(told).toEqual([
      { bucket: "bucket-0000" },
      { bucket: "bucket-0001", failed: true },
      { bucket: "bucket-0002" },
    ]);
    expect(logged).toEqual([{ event: "error", bucket: "bucket-0001", error: "Error: no answer" }]);
  });
});
