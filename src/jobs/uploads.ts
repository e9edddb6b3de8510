// Uploads that their index has committed or forbidden leave the directory, and a week later the index.

import { blobsOfUpload, standingUploads, uploadsAfter } from "../directory/sweeping.ts";
import { removeLateParts, removeUpload } from "../directory/uploads.ts";
import type { UploadName } from "../facts/litter.ts";
import type { World } from "../world.ts";
import type { Housekeeping, Job } from "./job.ts";

/** Uploads that one step clears: each takes three calls. */
const MAX_CLEARED = 100;

/** How far it came: in the directory's uploads of the bucket, then in those that the index remembers. */
interface Cursor {
  bucket: string;
  after?: UploadName;
  ended?: string;
}

/** Begins with the bucket's first upload. */
export const allUploads = (bucket: string): string => JSON.stringify({ bucket } satisfies Cursor);

/** Clears the next uploads. `next`: where to go on. `dry`: only tells which. */
export async function sweepUploads(
  world: Pick<World, "database">,
  house: Pick<Housekeeping, "endedAmong" | "longEnded" | "forgetEnded" | "discard">,
  cursor: string,
  dry: boolean,
): Promise<{ cleared: UploadName[]; next: string | undefined }> {
  const { bucket, after = { key: "", upload: "" }, ended }: Cursor = JSON.parse(cursor);
  if (ended !== undefined) {
    const next = dry ? undefined : await forgetLongEnded(world, house, bucket, ended);
    return { cleared: [], next: next === undefined ? undefined : spell({ bucket, ended: next }) };
  }
  const uploads = await uploadsAfter(world.database, bucket, after);
  // Only what the index says counts: that nobody has ended an upload is no reason to end it.
  const cleared = house.endedAmong(uploads).slice(0, MAX_CLEARED);
  if (!dry) for (const upload of cleared) await clearUpload(world, house, bucket, upload);
  if (!dry && cleared.length === MAX_CLEARED) return { cleared, next: spell({ bucket, after }) };
  const last = uploads.at(-1);
  return { cleared, next: spell(last === undefined ? { bucket, ended: "" } : { bucket, after: last }) };
}

const spell = (cursor: Cursor): string => JSON.stringify(cursor);

/** First all of its blobs get into good hands, then its rows go; parts that come in between wait for the next time. */
async function clearUpload(
  { database }: Pick<World, "database">,
  house: Pick<Housekeeping, "discard">,
  bucket: string,
  { upload, key }: UploadName,
): Promise<void> {
  house.discard(upload, await blobsOfUpload(database, upload));
  const late = await removeUpload(database, { id: bucket }, { key, id: upload }, 0);
  house.discard(upload, late);
  await removeLateParts(database, upload);
}

/** An upload whose row stands could be completed again if its index forgot that it ended. */
async function forgetLongEnded(
  { database }: Pick<World, "database">,
  house: Pick<Housekeeping, "longEnded" | "forgetEnded">,
  bucket: string,
  after: string,
): Promise<string | undefined> {
  const { ended, next } = house.longEnded(after);
  if (ended.length > 0) {
    const standing = await standingUploads(database, bucket, ended);
    house.forgetEnded(ended.filter(({ upload }) => !standing.has(upload)));
  }
  return next;
}

export const uploads: Job = {
  name: "uploads",
  async step(world, house, cursor) {
    // A round for something else: nobody has said which bucket this is.
    if (cursor === "" || house.phase() !== "open" || house.frozen()) return undefined;
    const { next } = await sweepUploads(world, house, cursor, false);
    return next === undefined ? undefined : { due: world.now(), cursor: next };
  },
};
