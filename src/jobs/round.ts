// One round of a bucket's alarm: each job that is due does a step; a job that fails stops no other.

import type { World } from "../world.ts";
import { closing, searchAgain } from "./closing.ts";
import type { Housekeeping, Job, Plan } from "./job.ts";
import { litter } from "./litter.ts";
import { allBlobs, orphans } from "./orphans.ts";
import { ship } from "./ship.ts";
import { allUploads, uploads } from "./uploads.ts";

/** All jobs, in the order in which they act. */
export const JOBS: readonly Job[] = [ship, closing, uploads, orphans, litter];

/** Where those jobs begin that go over a whole bucket (by its id), each day. */
export function dailyJobs(bucket: string): Record<string, string> {
  return { [uploads.name]: allUploads(bucket), [orphans.name]: allBlobs(bucket) };
}

/** Where a closed index begins again of whose bucket (by its id) there are blobs still; `now` in ms since 1970. */
export function leftoverJobs(bucket: string, now: number): Record<string, string> {
  return { [closing.name]: searchAgain(bucket, now) };
}

/** When a job that failed tries again, in ms. */
const RETRY_MS = 60_000;

/** Gives when the next round is due, in ms since 1970; undefined: when the alarm is armed for something new. */
export async function runRound(
  world: World,
  house: Housekeeping,
  jobs: readonly Job[] = JOBS,
): Promise<number | undefined> {
  const dues: number[] = [];
  for (const job of jobs) {
    const plan = house.plan(job.name);
    const next = plan !== undefined && plan.due > world.now() ? plan : await runJob(world, house, job, plan);
    if (next !== undefined) dues.push(next.due);
  }
  return dues.length === 0 ? undefined : Math.min(...dues);
}

async function runJob(
  world: World,
  house: Housekeeping,
  job: Job,
  plan: Plan | undefined,
): Promise<Plan | undefined> {
  try {
    const next = await job.step(world, house, plan?.cursor ?? "");
    house.keep(job.name, next);
    return next;
  } catch (error) {
    world.log({ event: "error", job: job.name, error: String(error) });
    return { due: world.now() + RETRY_MS, cursor: plan?.cursor ?? "" };
  }
}
