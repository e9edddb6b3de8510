// What fsck may look at in a bucket's index, and how it notes what it finds.

import type { Books, FaultKind, FsckAnswer, Inspection, Named, VersionPlace, Whole } from "../facts/fsck.ts";
import type { Housekeeping } from "./job.ts";

/** What a bucket's index lets fsck look at, beside what jobs may do. */
export interface Audit extends Housekeeping {
  generation(): number;
  /** Looks whether its rows fit each other, and sets them right; undefined: it is too large to be asked. */
  books(repair: boolean): Books | undefined;
  inspect(listed: ReadonlyMap<string, number>, within: (blob: string) => boolean): Inspection;
  /** Whether a row still names this blob. */
  namesStill(named: Named): boolean;
  /** The next version that has bytes, behind a place. */
  wholeBehind(place: VersionPlace): { whole: Whole | undefined; place: VersionPlace };
  /** Lets an index that was made anew remove what no version names. */
  unfreeze(): void;
}

/** Names that an answer shows of each kind of fault. */
const MAX_SHOWN = 10;

/** What a step found. */
export class Findings {
  readonly answer: FsckAnswer = { faults: [], versions: 0, blobs: 0, bytes: 0, encrypted: 0, unchecked: [] };

  /** Notes faults of one kind, by what they are shown as. */
  add(kind: FaultKind, what: readonly string[], mended = false): void {
    if (what.length === 0) return;
    const { length: count } = what;
    this.answer.faults.push({ kind, count, mended: mended ? count : 0, first: what.slice(0, MAX_SHOWN) });
  }
}
