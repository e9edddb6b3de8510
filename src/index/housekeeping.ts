// What a bucket's index lets the jobs of its alarm do.

import { jobPlan, planJob } from "./alarm.ts";
import type { Index } from "./tables.ts";

/** The index as the jobs know it. */
export function housekeeping(index: Index) {
  return {
    plan: (job: string) => jobPlan(index, job),
    keep: (job: string, plan: ReturnType<typeof jobPlan>) => planJob(index, job, plan),
  };
}
