// Blobs in R2 of buckets that the directory does not know: their index sees to them if it was closed, else nobody does.

import { bucketsAmong } from "../directory/sweeping.ts";
import type { Fault } from "../facts/fsck.ts";
import type { World } from "../world.ts";
import { Findings } from "./audit.ts";

/** Buckets that one look may come upon: each of them may have to be asked. */
const MAX_IDS = 50;

/** What journals' names begin with; they are no bucket's blobs. */
const JOURNALS = "journal";

/**
 * Looks at some more of what R2 has, by what its names begin with. A closed index takes care of its own. `cursor`: R2's,
 * where to go on; absent: that was all.
 */
export async function findStrangers(
  world: World,
  cursor: string | undefined,
): Promise<{ faults: Fault[]; cursor?: string }> {
  const page = await world.blobs.list({
    delimiter: "/",
    limit: MAX_IDS,
    ...(cursor !== undefined && { cursor }),
  });
  const ids = page.delimitedPrefixes.map((prefix) => prefix.slice(0, -1)).filter((id) => id !== JOURNALS);
  const known = await bucketsAmong(world.database, ids);
  const findings = new Findings();
  for (const id of ids.filter((each) => !known.has(each))) {
    const state = await stateOf(world, id);
    if (state !== "closed") findings.add("unknown bucket", [`${id}, whose index ${SAID[state]}`]);
  }
  return { faults: findings.answer.faults, ...(page.truncated && { cursor: page.cursor }) };
}

const SAID = { new: "is lost", open: "is open", silent: "did not answer" };

/** What has become of an index, which is told that there is something left for it to do if it is closed. */
async function stateOf(world: World, id: string): Promise<"closed" | keyof typeof SAID> {
  try {
    return (await world.index({ name: id, id, generation: 0 }).leftover(id)).phase;
  } catch (error) {
    world.log({ event: "error", bucket: id, error: String(error) });
    return "silent";
  }
}
