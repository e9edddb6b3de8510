// The sweep of litter: what no version has named for a day leaves R2, and then the index.

import { removeBlobs } from "../blobs/remove.ts";
import { GRACE_MS } from "../facts/blob-name.ts";
import type { SizedBlob } from "../facts/litter.ts";
import type { World } from "../world.ts";
import type { Housekeeping, Job } from "./job.ts";

/** How soon litter that is too young is looked at again, at the earliest, in ms: many pieces come due together. */
const PAUSE_MS = 60 * 60 * 1000;

/** Looks in one step, each of at most 2,000 rows and some 2,000 blobs. */
const MAX_LOOKS = 25;

/** What a sweep came upon. `next`: where to go on; undefined: that was all. */
export interface Swept {
  blobs: SizedBlob[];
  next: string | undefined;
  oldest: number | undefined;
}

/** Removes old litter from `after` on, as much as a step may; `dry`: tells what one look shows. R2 first, then the rows. */
export async function sweepLitter(
  { blobs: r2 }: Pick<World, "blobs">,
  house: Pick<Housekeeping, "oldLitter" | "forgetLitter">,
  after: string,
  dry: boolean,
): Promise<Swept> {
  const swept: Swept = { blobs: [], next: after, oldest: undefined };
  const most = dry ? 1 : MAX_LOOKS;
  for (let looks = 0; looks < most && swept.next !== undefined; looks++) {
    const { blobs, spent, next, oldest } = house.oldLitter(swept.next, dry);
    if (!dry) {
      await removeBlobs(
        r2,
        blobs.map(({ blob }) => blob),
      );
      if (spent.names.length + spent.pages.length > 0) house.forgetLitter(spent);
    }
    swept.blobs.push(...blobs);
    if (oldest !== undefined) swept.oldest = Math.min(oldest, swept.oldest ?? oldest);
    swept.next = next;
  }
  return swept;
}

export const litter: Job = {
  name: "litter",
  async step(world, house, cursor) {
    if (house.phase() === "new" || house.frozen()) return undefined;
    const { next, oldest } = await sweepLitter(world, house, cursor, false);
    const now = world.now();
    if (next !== undefined) return { due: now, cursor: next };
    // What an earlier step passed over is not in `oldest`: whoever began in the middle looks again soon.
    if (cursor !== "") return { due: now + PAUSE_MS, cursor: "" };
    return oldest === undefined
      ? undefined
      : { due: Math.max(now + PAUSE_MS, oldest + GRACE_MS), cursor: "" };
  },
};
