// The end of a deleted bucket: what the directory still knows of it goes, then its blobs, then what its index held.

import { removeBlobs } from "../blobs/remove.ts";
import { forgetBucket } from "../directory/sweeping.ts";
import { GRACE_MS } from "../facts/blob-name.ts";
import { journalPrefix } from "../facts/journal.ts";
import type { World } from "../world.ts";
import type { Job } from "./job.ts";
import { allBlobs } from "./orphans.ts";

/** Behind the grace, in ms, bytes that were on their way to the bucket are old enough to be found. */
const MARGIN_MS = 2 * 60 * 60 * 1000;

/** How soon a closed index is looked at again that still has litter, in ms. */
const PAUSE_MS = 60 * 60 * 1000;

/** `closed`: when, in ms since 1970. `stage`: what is next; none: the directory. */
interface Cursor {
  bucket: string;
  closed: number;
  stage?: "search" | "leave";
}

/** Goes on where an index that was left already has to look for blobs once more. */
export function searchAgain(bucket: string, now: number): string {
  return JSON.stringify({ bucket, closed: now, stage: "search" } satisfies Cursor);
}

/** Begins when the index is closed; what it has to go on with was written down then. */
export const closing: Job = {
  name: "closing",
  async step(world, house, cursor) {
    if (cursor === "" || house.phase() !== "closed") return undefined;
    const { bucket, closed, stage }: Cursor = JSON.parse(cursor);
    const at = (due: number, next: Cursor["stage"]) => ({
      due,
      cursor: JSON.stringify({ bucket, closed, ...(next && { stage: next }) } satisfies Cursor),
    });
    if (stage === undefined) {
      house.discard(undefined, await forgetBucket(world.database, bucket));
      return at(closed + GRACE_MS + MARGIN_MS, "search");
    }
    if (stage === "search") {
      house.keep("orphans", { due: world.now(), cursor: allBlobs(bucket) });
      return at(world.now() + PAUSE_MS, "leave");
    }
    const busy = house.plan("orphans") !== undefined;
    if (busy || !house.isClean()) return at(world.now() + PAUSE_MS, "leave");
    if (!(await removeJournal(world, bucket))) return at(world.now(), "leave");
    house.leave();
    return undefined;
  },
};

/** Removes a part of what the bucket's journal is made of; says whether that was all. */
async function removeJournal({ blobs: r2 }: World, bucket: string): Promise<boolean> {
  const { objects, truncated } = await r2.list({ prefix: journalPrefix(bucket) });
  await removeBlobs(
    r2,
    objects.map(({ key }) => key),
  );
  return !truncated;
}
