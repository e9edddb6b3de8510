// The job that writes a bucket's journal into R2: segments of what commits touched, and checkpoints between them.

import { journalPrefix } from "../facts/journal.ts";
import type { World } from "../world.ts";
import type { Job, Journal } from "./job.ts";

/** Objects that one step writes. */
const OBJECTS_A_STEP = 16;

/** Objects that one step lists, and removes. */
const SPENT_A_STEP = 1000;

export const ship: Job = {
  name: "journal",
  async step(world, { journal }) {
    for (let written = 0; written < OBJECTS_A_STEP; written++) {
      const drawn = journal.draw();
      if (drawn === undefined) break;
      const ours = await world.blobs.put(drawn.name, drawn.text, {
        // A name is written once: should an earlier try have come through after all, the next name is taken.
        onlyIf: { etagDoesNotMatch: "*" },
        customMetadata: { header: drawn.header },
      });
      journal.written(ours !== null);
      if (ours !== null && !drawn.more) break;
      if (written === OBJECTS_A_STEP - 1) return { due: world.now(), cursor: "" };
    }
    return (await clear(world, journal)) ? undefined : { due: world.now(), cursor: "" };
  },
};

/** Removes what a complete checkpoint made superfluous; says whether nothing of it is left. */
async function clear(world: World, journal: Journal): Promise<boolean> {
  const spent = journal.spent();
  if (spent === undefined) return true;
  const { objects, truncated } = await world.blobs.list({
    prefix: journalPrefix(spent.bucket),
    limit: SPENT_A_STEP,
  });
  const names = objects.map(({ key }) => key).filter((name) => name < spent.before);
  if (names.length > 0) await world.blobs.delete(names);
  if (truncated && names.length === objects.length) return false;
  journal.cleared();
  return true;
}
