// Blobs in R2 of buckets that the directory does not know, and whose index was never closed.

import { bucketsAmong } from "../directory/sweeping.ts";
import type { Fault } from "../facts/fsck.ts";
import type { World } from "../world.ts";
import { Findings } from "./audit.ts";

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
  const page = await world.blobs.list({ delimiter: "/", ...(cursor !== undefined && { cursor }) });
  const ids = page.delimitedPrefixes.map((prefix) => prefix.slice(0, -1)).filter((id) => id !== JOURNALS);
  const known = await bucketsAmong(world.database, ids);
  const findings = new Findings();
  for (const id of ids.filter((each) => !known.has(each))) {
    const { phase } = await world.index({ name: id, id, generation: 0 }).phase();
    if (phase !== "closed") {
      findings.add("unknown bucket", [`${id}, whose index ${phase === "new" ? "is lost" : "is open"}`]);
    }
  }
  return { faults: findings.answer.faults, ...(page.truncated && { cursor: page.cursor }) };
}
