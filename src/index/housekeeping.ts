// What a bucket's index lets the jobs of its alarm do.

import { jobPlan, planJob } from "./alarm.ts";
import { type Drawn, drawJournal, journalWritten, spentGone, spentJournal } from "./journal.ts";
import type { Index } from "./tables.ts";

/** The index as the jobs know it. */
export function housekeeping(index: Index) {
  return {
    plan: (job: string) => jobPlan(index, job),
    journal: journalOf(index),
    keep: (job: string, plan: ReturnType<typeof jobPlan>) => planJob(index, job, plan),
  };
}

function journalOf(index: Index) {
  let drawn: Drawn | undefined;
  return {
    draw() {
      drawn = drawJournal(index);
      return drawn;
    },
    written(ours: boolean) {
      if (drawn !== undefined) journalWritten(index, drawn, ours);
      drawn = undefined;
    },
    spent: () => spentJournal(index),
    cleared: () => spentGone(index),
  };
}
