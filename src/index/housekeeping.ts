// What a bucket's index lets the jobs of its alarm do.

import type { Spent, UploadName } from "../facts/litter.ts";
import { jobPlan, planJob } from "./alarm.ts";
import { type Drawn, drawJournal, journalWritten, spentGone, spentJournal } from "./journal.ts";
import { discard } from "./litter.ts";
import { leaveIndex } from "./open.ts";
import { beginSearch } from "./search.ts";
import { endedAmong, forgetEnded, forgetLitter, longEnded, oldLitter } from "./sweep.ts";
import { type Index, isFrozen } from "./tables.ts";

/** The index as the jobs know it. */
export function housekeeping(index: Index) {
  return {
    plan: (job: string) => jobPlan(index, job),
    journal: journalOf(index),
    keep: (job: string, plan: ReturnType<typeof jobPlan>) => planJob(index, job, plan),
    phase: () => index.state.phase,
    sequence: () => index.tail.sequence,
    frozen: () => isFrozen(index),
    oldLitter: (after: string, whole: boolean) => oldLitter(index, after, whole),
    forgetLitter: (spent: Spent) => forgetLitter(index, spent),
    discard: (upload: string | undefined, blobs: readonly string[]) => discard(index, upload, blobs),
    endedAmong: (uploads: readonly UploadName[]) => endedAmong(index, uploads),
    longEnded: (after: string) => longEnded(index, after),
    forgetEnded: (ended: readonly UploadName[]) => forgetEnded(index, ended),
    search: (blobs: readonly string[]) => beginSearch(index, blobs),
    leave: () => leaveIndex(index),
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
