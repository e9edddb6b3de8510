// What a bucket's index lets the jobs of its alarm do.

import type { Named, VersionPlace } from "../facts/fsck.ts";
import type { Spent, UploadName } from "../facts/litter.ts";
import { jobPlan, planJob } from "./alarm.ts";
import { beginInspection, checkBooks, namesStill, unfreeze, wholeBehind } from "./books.ts";
import { type Drawn, drawJournal, journalWritten, spentGone, spentJournal } from "./journal.ts";
import { discard, isClean } from "./litter.ts";
import { leaveIndex } from "./open.ts";
import { beginSearch } from "./search.ts";
import { endedAmong, forgetEnded, forgetLitter, longEnded, oldLitter } from "./sweep.ts";
import type { Index } from "./tables.ts";

/** The index as the jobs know it. */
export function housekeeping(index: Index) {
  return {
    owner: index,
    plan: (job: string) => jobPlan(index, job),
    journal: journalOf(index),
    keep: (job: string, plan: ReturnType<typeof jobPlan>) => planJob(index, job, plan),
    phase: () => index.state.phase,
    sequence: () => index.tail.sequence,
    frozen: () => index.state.rebuilt,
    oldLitter: (after: string, whole: boolean) => oldLitter(index, after, whole),
    forgetLitter: (spent: Spent) => forgetLitter(index, spent),
    discard: (upload: string | undefined, blobs: readonly string[]) => discard(index, upload, blobs),
    endedAmong: (uploads: readonly UploadName[]) => endedAmong(index, uploads),
    longEnded: (after: string) => longEnded(index, after),
    forgetEnded: (ended: readonly UploadName[]) => forgetEnded(index, ended),
    generation: () => index.state.generation,
    books: (repair: boolean) => checkBooks(index, repair),
    inspect: (listed: ReadonlyMap<string, number>, within: (blob: string) => boolean) =>
      beginInspection(index, listed, within),
    namesStill: (named: Named) => namesStill(index, named),
    wholeBehind: (place: VersionPlace) => wholeBehind(index, place),
    unfreeze: () => unfreeze(index),
    search: (blobs: readonly string[]) => beginSearch(index, blobs),
    isClean: () => isClean(index),
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
