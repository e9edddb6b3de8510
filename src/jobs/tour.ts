// The tour of all buckets, a few at a time, by cron: each bucket's alarm is set going, and half-made deletions are finished.

import { bucketsAfter, errandNamed, keepErrand, removeStrayParts } from "../directory/sweeping.ts";
import type { RememberedBucket } from "../facts/outage.ts";
import { finishDeletion, type World } from "../world.ts";

/** The errand's name in the directory. */
const NAME = "tour";

/** How often a tour begins, in ms. */
const PERIOD_MS = 24 * 60 * 60 * 1000;

/** Buckets that are visited in one run, and how many of them at once. */
const MAX_VISITS = 400;
const VISITS_AT_ONCE = 8;

/** Looks at parts whose upload is gone, in one run. */
const MAX_STRAY_LOOKS = 20;

/** `after`: the name of the last bucket that was visited; `strays`: that was the last of all, on to stray parts. */
interface Cursor {
  began: number;
  after: string;
  strays?: string;
}

/** Goes on with the tour, or begins a new one, if it is due. What fails at one bucket is logged and waits a day. */
export async function tour(world: World): Promise<void> {
  const errand = await errandNamed(world.database, NAME);
  if (errand !== undefined && errand.due > world.now()) return;
  const known = errand?.cursor ? (JSON.parse(errand.cursor) as Cursor) : undefined;
  const next = await goOn(world, known ?? { began: world.now(), after: "" });
  const due = "due" in next ? next.due : world.now();
  await keepErrand(world.database, NAME, { due, cursor: "due" in next ? "" : JSON.stringify(next) });
}

async function goOn(world: World, { began, after, strays }: Cursor): Promise<Cursor | { due: number }> {
  if (strays === undefined) {
    const buckets = (await bucketsAfter(world.database, after)).slice(0, MAX_VISITS);
    for (let at = 0; at < buckets.length; at += VISITS_AT_ONCE) {
      const visits = buckets
        .slice(at, at + VISITS_AT_ONCE)
        .map((bucket) => world.attempt(`visit bucket ${bucket.name}`, visit(world, bucket)));
      await Promise.all(visits);
    }
    const last = buckets.at(-1);
    if (last !== undefined && buckets.length === MAX_VISITS) return { began, after: last.name };
  }
  let place: string | undefined = strays ?? "";
  for (let looks = 0; looks < MAX_STRAY_LOOKS; looks++) {
    place = await removeStrayParts(world.database, place);
    if (place === undefined) return { due: began + PERIOD_MS };
  }
  return { began, after, strays: place };
}

async function visit(world: World, bucket: RememberedBucket): Promise<void> {
  const { phase } = await world.index(bucket).tend(bucket.id);
  if (phase === "closed") await finishDeletion(world, bucket);
  if (phase === "new") world.log({ event: "lost index", bucket: bucket.name });
}
