import { describe, expect, it } from "vitest";
import type { Housekeeping, Job, Plan } from "../../src/jobs/job.ts";
import { runRound } from "../../src/jobs/round.ts";
import type { World } from "../../src/world.ts";

const NOW = 1_000_000;

interface Ground {
  world: World;
  house: Housekeeping;
  plans: Map<string, Plan>;
  logged: Record<string, unknown>[];
}

function ground(plans: Record<string, Plan> = {}): Ground {
  const kept = new Map(Object.entries(plans));
  const logged: Record<string, unknown>[] = [];
  const house: Pick<Housekeeping, "plan" | "keep"> = {
    plan: (job) => kept.get(job),
    keep: (job, plan) => void (plan === undefined ? kept.delete(job) : kept.set(job, plan)),
  };
  // What a round itself uses of them.
  const world = { now: () => NOW, log: (event) => void logged.push(event) } as Pick<World, "now" | "log">;
  return { world: world as World, house: house as Housekeeping, plans: kept, logged };
}

/** A job that gives these answers in turn, and remembers the cursors that it was given. */
function job(name: string, ...answers: (Plan | undefined | Error)[]): Job & { cursors: string[] } {
  const cursors: string[] = [];
  return {
    name,
    cursors,
    async step(_world, _house, cursor) {
      cursors.push(cursor);
      const answer = answers[cursors.length - 1];
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
}

describe("a round", () => {
  it("lets every job act that never said when, and rings again when the first of them is due", async () => {
    const { world, house, plans } = ground();
    const [first, second, third] = [
      job("first", { due: NOW + 9, cursor: "there" }),
      job("second", { due: NOW + 5, cursor: "" }),
      job("third", undefined),
    ];
    expect(await runRound(world, house, [first, second, third])).toBe(NOW + 5);
    expect([first, second, third].map(({ cursors }) => cursors)).toEqual([[""], [""], [""]]);
    expect([...plans.keys()]).toEqual(["first", "second"]);
  });

  it("passes over those that are not due, and rings again for them", async () => {
    const { world, house } = ground({
      early: { due: NOW, cursor: "here" },
      late: { due: NOW + 1, cursor: "far" },
    });
    const [early, late] = [job("early", { due: NOW + 100, cursor: "" }), job("late")];
    expect(await runRound(world, house, [early, late])).toBe(NOW + 1);
    expect([early.cursors, late.cursors]).toEqual([["here"], []]);
  });

  it("ends without another one if nobody wants to go on", async () => {
    const { world, house, plans } = ground({ done: { due: NOW - 1, cursor: "end" } });
    expect(await runRound(world, house, [job("done", undefined)])).toBe(undefined);
    expect(plans.size).toBe(0);
  });

  it("goes on with the others when a job fails, which tries again from where it was", async () => {
    const { world, house, plans, logged } = ground({ broken: { due: NOW, cursor: "halfway" } });
    const other = job("other", { due: NOW + 1e9, cursor: "" });
    const next = await runRound(world, house, [job("broken", new Error("R2 is away")), other]);
    expect(next).toBe(NOW + 60_000);
    expect(other.cursors).toEqual([""]);
    expect(plans.get("broken")).toEqual({ due: NOW, cursor: "halfway" });
    expect(logged).toEqual([{ event: "error", job: "broken", error: "Error: R2 is away" }]);
  });
});
