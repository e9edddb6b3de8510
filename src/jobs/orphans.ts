// The search for orphans: blobs in R2 that neither the bucket's index nor an upload in progress names.

import { partsAmong } from "../directory/sweeping.ts";
import { birthOf, GRACE_MS, placeOfBirth } from "../facts/blob-name.ts";
import type { Search, SizedBlob } from "../facts/litter.ts";
import type { World } from "../world.ts";
import type { Housekeeping, Job } from "./job.ts";
import { Ongoing } from "./ongoing.ts";

/** Beyond the grace, in ms: clocks differ, and so do the times of naming a blob and storing it. */
const MARGIN_MS = 60 * 60 * 1000;

/** Blobs that are looked for at once: some 10 MB. R2 lists at most a thousand in a call. */
export const MAX_WANTED = 20_000;

/** Calls of R2 in which a step lists them. */
export const MAX_LISTS = 40;

/** Looks through the index in one step, each of 5,000 rows. */
const MAX_LOOKS = 40;

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

/** A search of some blobs: their sizes in bytes, and behind which there may be more. */
interface Going {
  search: Search;
  sizes: ReadonlyMap<string, number>;
  last: string | undefined;
  drop(): void;
}

const ongoing = new Ongoing<Going>();

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
  house: Pick<Housekeeping, "search" | "owner">,
  { bucket, after, search: name }: Cursor,
  dry: boolean,
): Promise<Searched> {
  const known = ongoing.take(house.owner, name);
  const listed = known ?? (await oldBlobs(world, bucket, after));
  if ("wanted" in listed && listed.wanted.size === 0) {
    return { orphans: [], next: placeBehind(bucket, listed.last) };
  }
  const going = "wanted" in listed ? begin(house, listed) : listed;
  const { search, sizes, last } = going;
  let id: string | undefined;
  try {
    if (!(await lookOn(search))) {
      id = ongoing.keep(house.owner, going, world.now());
      return { orphans: [], next: { bucket, after, search: id } };
    }
    const unnamed = search.unnamed();
    for (let at = 0; at < unnamed.length; at += ASKED) {
      search.spare(await partsAmong(world.database, bucket, unnamed.slice(at, at + ASKED)));
    }
    const orphans = search.unnamed().map((blob) => ({ blob, size: sizes.get(blob) }));
    if (!dry) search.litter();
    return { orphans, next: placeBehind(bucket, last) };
  } finally {
    if (id === undefined) search.drop();
  }
}

function placeBehind(bucket: string, last: string | undefined): Cursor | undefined {
  return last === undefined ? undefined : { bucket, after: last };
}

function begin(
  house: Pick<Housekeeping, "search">,
  { wanted, last }: { wanted: ReadonlyMap<string, number>; last: string | undefined },
): Going {
  const search = house.search([...wanted.keys()]);
  return { search, sizes: wanted, last, drop: search.drop };
}

/** Looks on for as long as a step may; true once all rows have been seen. Others are served between two looks. */
export async function lookOn(search: Pick<Search, "look">): Promise<boolean> {
  for (let looks = 0; looks < MAX_LOOKS; looks++) {
    if (search.look()) return true;
    await scheduler.wait(0);
  }
  return false;
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
