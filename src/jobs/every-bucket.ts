// How somebody who asks goes over all buckets: a few steps a call, so that each fits what a Worker may do.

import { bucketNamed } from "../directory/buckets.ts";
import { bucketsAfter } from "../directory/sweeping.ts";
import type { RememberedBucket } from "../facts/outage.ts";
import type { World } from "../world.ts";

/** After this time, in ms, and after so many steps, a call answers how far it came. */
const CALL_MS = 5_000;
const MAX_STEPS = 200;

/** Which bucket: all if none is named. `cursor`: where the last call said to go on. */
export interface Asked {
  bucket?: string | undefined;
  cursor?: string | undefined;
}

/** What was found at one bucket in one step, or that it could not be asked; the server's log says why. */
export type Told<Answer> = { bucket: string } & (Answer | { failed: true });

/** `cursor`: where to go on; absent: that was all. */
export interface Toured<Answer> {
  told: Told<Answer>[];
  cursor?: string;
}

/** The bucket that a step is at, with how far it came there, and the name of the last one that is done. */
interface Cursor {
  after: string;
  at?: RememberedBucket;
  inside?: string;
}

/** Whether a text is a cursor that a call gave. */
export function isCursor(text: string): boolean {
  try {
    const cursor: unknown = JSON.parse(text);
    return typeof cursor === "object" && cursor !== null && "after" in cursor;
  } catch {
    return false;
  }
}

/** Takes steps from bucket to bucket; `step` gives its answer and where it wants to go on in this bucket. */
export async function everyBucket<Answer extends object>(
  world: World,
  { bucket, cursor }: Asked,
  step: (bucket: RememberedBucket, inside: string | undefined) => Promise<Answer & { cursor?: string }>,
): Promise<Toured<Answer>> {
  const until = world.now() + CALL_MS;
  const told: Told<Answer>[] = [];
  let place: Cursor = cursor === undefined ? { after: "" } : (JSON.parse(cursor) as Cursor);
  let waiting: RememberedBucket[] = [];
  for (let steps = 0; ; steps++) {
    if (place.at === undefined) {
      if (waiting.length === 0) waiting = await nextBuckets(world, bucket, place.after);
      const next = waiting.shift();
      if (next === undefined) return { told };
      place = { after: place.after, at: next };
    }
    if (steps === MAX_STEPS || world.now() >= until) return { told, cursor: JSON.stringify(place) };
    const { at, inside } = place;
    if (at === undefined) continue;
    const { answer, cursor: further } = await attempt(world, at, () => step(at, inside));
    told.push(answer);
    place = further === undefined ? { after: at.name } : { ...place, inside: further };
  }
}

async function nextBuckets(
  { database }: World,
  only: string | undefined,
  after: string,
): Promise<RememberedBucket[]> {
  if (only === undefined) return bucketsAfter(database, after);
  const found = after === only ? undefined : await bucketNamed(database, only);
  return found === undefined ? [] : [{ name: found.name, id: found.id, generation: found.generation }];
}

async function attempt<Answer extends object>(
  world: World,
  { name }: RememberedBucket,
  step: () => Promise<Answer & { cursor?: string }>,
): Promise<{ answer: Told<Answer>; cursor: string | undefined }> {
  try {
    const { cursor, ...answer } = await step();
    return { answer: { bucket: name, ...(answer as Answer) }, cursor };
  } catch (error) {
    world.log({ event: "error", bucket: name, error: String(error) });
    return { answer: { bucket: name, failed: true }, cursor: undefined };
  }
}
