// The whole sweep of one bucket, now and step by step, for whoever asks for it.

import type { Found, SizedBlob, SweepAnswer, SweepRequest } from "../facts/litter.ts";
import type { World } from "../world.ts";
import type { Housekeeping } from "./job.ts";
import { sweepLitter } from "./litter.ts";
import { allBlobs, type Cursor, searchOrphans } from "./orphans.ts";
import { allUploads, sweepUploads } from "./uploads.ts";

/** Names that an answer shows. */
const MAX_SHOWN = 10;

type Stage = ["uploads", string] | ["litter", string] | ["orphans", Cursor];

const NOTHING: Found = { count: 0, first: [] };

export async function sweepStep(
  world: World,
  house: Housekeeping,
  { bucket, dry, cursor }: SweepRequest,
): Promise<SweepAnswer> {
  const nothing: SweepAnswer = { removed: NOTHING, orphans: NOTHING, uploads: NOTHING };
  const phase = house.phase();
  if (phase !== "open") return { ...nothing, skipped: phase === "new" ? "lost" : "closed" };
  if (house.frozen()) return { ...nothing, skipped: "rebuilt" };
  const stage =
    cursor === undefined ? (["uploads", allUploads(bucket)] as const) : (JSON.parse(cursor) as Stage);
  const goOn = (next: Stage) => ({ cursor: JSON.stringify(next) });
  switch (stage[0]) {
    case "uploads": {
      const { cleared, next } = await sweepUploads(world, house, stage[1], dry);
      const uploads = found(cleared.map(({ key, upload }) => `${key} ${upload}`));
      return { ...nothing, uploads, ...goOn(next === undefined ? ["litter", ""] : ["uploads", next]) };
    }
    case "litter": {
      const { blobs, next } = await sweepLitter(world, house, stage[1], dry);
      const removed = {
        ...found(blobs.map(({ blob }) => blob)),
        ...(dry && { bytes: await bytesOf(world, blobs) }),
      };
      const last: Stage = ["orphans", JSON.parse(allBlobs(bucket)) as Cursor];
      return { ...nothing, removed, ...goOn(next === undefined ? last : ["litter", next]) };
    }
    case "orphans": {
      const { orphans, next } = await searchOrphans(world, house, stage[1], dry);
      const bytes = await bytesOf(world, orphans);
      const told = { ...found(orphans.map(({ blob }) => blob)), bytes };
      return { ...nothing, orphans: told, ...(next && goOn(["orphans", next])) };
    }
  }
}

function found(names: readonly string[]): Found {
  return { count: names.length, first: names.slice(0, MAX_SHOWN) };
}

/** R2 is asked for the sizes of so many blobs at once. */
const ASKED_AT_ONCE = 25;

/** What these blobs take in R2, in bytes; those that are gone already take nothing. */
async function bytesOf({ blobs: r2 }: World, blobs: readonly SizedBlob[]): Promise<number> {
  let bytes = 0;
  for (let at = 0; at < blobs.length; at += ASKED_AT_ONCE) {
    const sizes = blobs
      .slice(at, at + ASKED_AT_ONCE)
      .map(async ({ blob, size }) => size ?? (await r2.head(blob))?.size ?? 0);
    for (const size of await Promise.all(sizes)) bytes += size;
  }
  return bytes;
}
