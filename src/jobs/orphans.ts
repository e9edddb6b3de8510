// The search for orphans: blobs in R2 that neither the bucket's index nor an upload in progress names.

import { partsAmong } from "../directory/sweeping.ts";
import { birthOf, GRACE_MS, placeOfBirth } from "../facts/blob-name.ts";
import type { Search, SizedBlob } from "../facts/litter.ts";
import type { World } from "../world.ts";
import type { Housekeeping, Job } from "./job.ts";

/** Beyond the grace, in ms: clocks differ, and so do the times of naming a blob and storing it. */
const MARGIN_MS = 60 * 60 * 1000;

/** Blobs that are looked for at once: some 10 MB. R2 lists at most a thousand in a call. */
export const MAX_WANTED = 20_000;

/** Calls of R2 in which a step lists them. */
export const MAX_LISTS = 40;

/** Looks through the index in one step, each of 5,000 rows. */
export const MAX_LOOKS = 40;

/** Blobs that the directory is asked for at a time. */
export const ASKED = 1_000;

/** How far it came. */
export interface Cursor {
  bucket: string;
  /** The last blob that was looked for. */
  after: string;
  /** Of those in between, which search is going on; memory may have lost it. */
  search?: string;
}

/** Searches that are going on, by their name; each belongs to an index that is awake. */
const searches = new Map<
  string,
  { search: Search; sizes: ReadonlyMap<string, number>; last: string | undefined; used: number }
>();

/** After this time, in ms, nobody will go on with a search any more. */
export const ABANDONED_MS = 10 * 60 * 1000;

export interface Searched {
  /** Found in this step, at the end of a search. */
  orphans: SizedBlob[];
  next: Cursor | undefined;
}

/**
 * Searches on. Blobs are first listed, then looked for in the index, then in the directory, and what is unknown is judged
 * in one transaction of the index, which hears meanwhile of every commit. `dry`: only tells.
 */
export async function searchOrphans(
  world: Pick<World, "now" | "blobs" | "database">,
  house: Pick<Housekeeping, "search">,
  { bucket, after, search: name }: Cursor,
  dry: boolean,
): Promise<Searched> {
  let going = name === undefined ? undefined : searches.get(name);
  let id = name;
  if (going === undefined || id === undefined) {
    const { wanted, last } = await oldBlobs(world, bucket, after);
    if (wanted.size === 0) return { orphans: [], next: placeBehind(bucket, last) };
    dropAbandoned(world.now());
    going = { search: house.search([...wanted.keys()]), sizes: wanted, last, used: 0 };
    id = crypto.randomUUID();
    searches.set(id, going);
  }
  const { search, sizes, last } = going;
  going.used = world.now();
  let isOver = true;
  // A search that fails is over: it may be that of an object that ended, and its index woke again and knows nothing of it.
  try {
    for (let looks = 0; !search.look(); looks++) {
      if (looks === MAX_LOOKS) {
        isOver = false;
        return { orphans: [], next: { bucket, after, search: id } };
      }
      // Others are served between two looks.
      await scheduler.wait(0);
    }
    const unnamed = search.unnamed();
    for (let at = 0; at < unnamed.length; at += ASKED) {
      search.spare(await partsAmong(world.database, bucket, unnamed.slice(at, at + ASKED)));
    }
    const orphans = search.unnamed().map((blob) => ({ blob, size: sizes.get(blob) }));
    if (!dry) search.litter();
    return { orphans, next: placeBehind(bucket, last) };
  } finally {
    if (isOver) {
      search.drop();
      searches.delete(id);
    }
  }
}

function placeBehind(bucket: string, last: string | undefined): Cursor | undefined {
  return last === undefined ? undefined : { bucket, after: last };
}

function dropAbandoned(now: number): void {
  for (const [id, { search, used }] of searches) {
    if (now - used < ABANDONED_MS) continue;
    search.drop();
    searches.delete(id);
  }
}

/**
 * Whether a blob that was born, and stored, at these times (ms since 1970) can be on its way to no version any more.
 * undefined: its name does not say, so it is none of ours.
 */
export function oldEnough(now: number): (birth: number | undefined, uploaded?: number) => boolean {
  const horizon = now - GRACE_MS - MARGIN_MS;
  return (birth, uploaded = 0) => birth !== undefined && birth <= horizon && uploaded <= horizon;
}

/** The bucket's next blobs that are old enough. `last`: behind which there may be more. */
async function oldBlobs(
  { now, blobs: r2 }: Pick<World, "now" | "blobs">,
  bucket: string,
  after: string,
): Promise<{ wanted: Map<string, number>; last: string | undefined }> {
  const isOld = oldEnough(now());
  const wanted = new Map<string, number>();
  let startAfter = after;
  for (let pages = 1; ; pages++) {
    const page = await r2.list({ prefix: `${bucket}/`, startAfter });
    for (const { key, size, uploaded } of page.objects) {
      const birth = birthOf(key);
      if (birth === undefined) continue;
      // They come by birth, so all that follow are younger.
      if (!isOld(birth)) return { wanted, last: undefined };
      if (isOld(birth, uploaded.getTime())) wanted.set(key, size);
    }
    startAfter = page.objects.at(-1)?.key ?? startAfter;
    if (!page.truncated) return { wanted, last: undefined };
    if (wanted.size >= MAX_WANTED || pages === MAX_LISTS) return { wanted, last: startAfter };
  }
}

/** How often a bucket is searched, in ms: one in which anything was committed since, and one in which nothing was. */
const PERIOD_MS = 24 * 60 * 60 * 1000;
const IDLE_PERIOD_MS = 7 * PERIOD_MS;

/** Blobs born this long before the last search ended are searched for again, in ms: large ones take long to arrive. */
const OVERLAP_MS = PERIOD_MS;

/** What the job remembers: how far it came, when this search began, and at which commit. */
interface Memory extends Cursor {
  began?: number;
  sequence?: number | undefined;
}

/** A bucket's first search. */
export const allBlobs = (bucket: string): string => JSON.stringify({ bucket, after: "" } satisfies Memory);

/**
 * Every blob need be searched for but once: what is named when it is old stays named, or becomes litter. So a search begins
 * where the last one ended.
 */
export const orphans: Job = {
  name: "orphans",
  async step(world, house, cursor) {
    // A round for something else: nobody has said which bucket this is.
    if (cursor === "" || house.phase() === "new" || house.frozen()) return undefined;
    const { began = world.now(), sequence, ...place }: Memory = JSON.parse(cursor);
    const { next } = await searchOrphans(world, house, place, false);
    const due = world.now();
    if (next !== undefined)
      return { due, cursor: JSON.stringify({ ...next, began, sequence } satisfies Memory) };
    // A closed one was searched when everything in it was old.
    if (house.phase() === "closed") return undefined;
    const { bucket } = place;
    const reached = house.sequence();
    const from = placeOfBirth(bucket, began - GRACE_MS - MARGIN_MS - OVERLAP_MS);
    const period = reached === sequence ? IDLE_PERIOD_MS : PERIOD_MS;
    return {
      due: due + period,
      cursor: JSON.stringify({ bucket, after: from, sequence: reached } satisfies Memory),
    };
  },
};
