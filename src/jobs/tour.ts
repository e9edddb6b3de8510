// The tour of all buckets, a few at a time, by cron: each bucket's alarm is set going, half-made deletions are
// finished, and what is left of deleted buckets is found.

import { bucketsAfter, errandNamed, keepErrand, removeStrayParts } from "../directory/sweeping.ts";
import type { RememberedBucket } from "../facts/outage.ts";
import { finishDeletion, type World } from "../world.ts";
import { findStrangers } from "./strangers.ts";

/** The errand's name in the directory. */
const NAME = "tour";

/** How often a tour begins, in ms. */
const PERIOD_MS = 24 * 60 * 60 * 1000;

/** Buckets that are visited in one run, and how many of them at once. */
const MAX_VISITS = 400;
const VISITS_AT_ONCE = 8;

/** Looks at parts whose upload is gone, and at what R2 has, in one run. */
const MAX_LOOKS = 10;

/** What a tour does, in order, and how far each of them came. */
interface Cursor {
  began: number;
  stage: "buckets" | "strays" | "strangers";
  /** The last bucket's name, the last upload's id, or R2's cursor; empty: at the beginning. */
  place: string;
}

/** Goes on with the tour, or begins a new one, if it is due. What fails at one bucket is logged and waits a day. */
export async function tour(world: World): Promise<void> {
  const errand = await errandNamed(world.database, NAME);
  if (errand !== undefined && errand.due > world.now()) return;
  const begun: Cursor = { began: world.now(), stage: "buckets", place: "" };
  const cursor = errand?.cursor ? (JSON.parse(errand.cursor) as Cursor) : begun;
  const next = await goOn(world, cursor);
  const due = next === undefined ? cursor.began + PERIOD_MS : world.now();
  await keepErrand(world.database, NAME, { due, cursor: next === undefined ? "" : JSON.stringify(next) });
}

/** Does as much as one run may; undefined: the tour is over. */
async function goOn(world: World, { began, ...from }: Cursor): Promise<Cursor | undefined> {
  let { stage, place } = from;
  if (stage === "buckets") {
    const last = await visitBuckets(world, place);
    if (last !== undefined) return { began, stage, place: last };
    [stage, place] = ["strays", ""];
  }
  for (let looks = 0; looks < MAX_LOOKS; looks++) {
    const next: string | undefined =
      stage === "strays"
        ? await removeStrayParts(world.database, place)
        : (await findStrangers(world, place || undefined)).cursor;
    if (next === undefined && stage === "strangers") return undefined;
    [stage, place] = next === undefined ? ["strangers", ""] : [stage, next];
  }
  return { began, stage, place };
}

/** Visits some buckets behind one; gives the last one's name, undefined: that was all. */
async function visitBuckets(world: World, after: string): Promise<string | undefined> {
  const buckets = (await bucketsAfter(world.database, after)).slice(0, MAX_VISITS);
  for (let at = 0; at < buckets.length; at += VISITS_AT_ONCE) {
    const visits = buckets
      .slice(at, at + VISITS_AT_ONCE)
      .map((bucket) => world.attempt(`visit bucket ${bucket.name}`, visit(world, bucket)));
    await Promise.all(visits);
  }
  return buckets.length < MAX_VISITS ? undefined : buckets.at(-1)?.name;
}

async function visit(world: World, bucket: RememberedBucket): Promise<void> {
  const { phase } = await world.index(bucket).tend(bucket.id);
  if (phase === "closed") await finishDeletion(world, bucket);
  if (phase === "new") world.log({ event: "lost index", bucket: bucket.name });
}
