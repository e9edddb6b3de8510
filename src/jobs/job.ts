// What a job is: work that a bucket's alarm does with nobody asking, one bounded step at a time.

import type { JournalObject, SpentJournal } from "../facts/journal.ts";
import type { OldLitter, Search, Spent, UploadName } from "../facts/litter.ts";
import type { World } from "../world.ts";

/** Where a job goes on, and when: `due` in ms since 1970. */
export interface Plan {
  due: number;
  /** The job's own words for how far it came; empty: from the beginning. */
  cursor: string;
}

/** What a bucket's index lets jobs do; each method is one synchronous transaction. */
export interface Housekeeping {
  /** What stays the same for as long as the index is in memory. */
  owner: object;
  plan(job: string): Plan | undefined;
  keep(job: string, plan: Plan | undefined): void;
  journal: Journal;
  phase(): "new" | "open" | "closed";
  /** The number of the last commit. */
  sequence(): number;
  /** An index that was made anew removes nothing until somebody has looked at it. */
  frozen(): boolean;
  /** Litter whose grace is over, from `after` (by name) on; `whole`: long bodies at once, for those who only look. */
  oldLitter(after: string, whole: boolean): OldLitter;
  forgetLitter(spent: Spent): void;
  /** Blobs of an ended upload become litter, but for those that its object uses. */
  discard(upload: string | undefined, blobs: readonly string[]): void;
  endedAmong(uploads: readonly UploadName[]): UploadName[];
  /** Uploads that ended too long ago to be asked for, from `after` (by id) on. */
  longEnded(after: string): { ended: UploadName[]; next: string | undefined };
  forgetEnded(ended: readonly UploadName[]): void;
  search(blobs: readonly string[]): Search;
  /** Whether no litter is left. */
  isClean(): boolean;
  /** Empties a closed index. */
  leave(): void;
}

/** A bucket's journal, as the job that ships it knows it. */
export interface Journal {
  /** The next object to be written; undefined: R2 has all there is. */
  draw(): JournalObject | undefined;
  /** R2 has an object of the name that was drawn last: this one, or (not `ours`) one that an earlier try wrote. */
  written(ours: boolean): void;
  spent(): SpentJournal | undefined;
  /** Nothing of that is left. */
  cleared(): void;
}

export interface Job {
  name: string;
  /**
   * Does one step, that fits well into what a Worker may do at once, from `cursor` on. Gives where and when it wants to
   * go on; undefined: not before the alarm is armed for something new.
   */
  step(world: World, house: Housekeeping, cursor: string): Promise<Plan | undefined>;
}
