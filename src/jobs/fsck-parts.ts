// Whether the bytes of all parts of uploads in progress are there.

import { partsBehind } from "../directory/sweeping.ts";
import type { World } from "../world.ts";
import type { Audit, Findings } from "./audit.ts";
import { inTens } from "./in-tens.ts";

/** The last part that was looked at. */
export interface PartsCursor {
  key: string;
  upload: string;
  number: number;
  turn: number;
}

/** A part without bytes has nothing in R2; those of an upload that has ended are its index's. */
export async function checkParts(
  world: World,
  house: Audit,
  bucket: string,
  cursor: PartsCursor,
  findings: Findings,
): Promise<PartsCursor | undefined> {
  const parts = await partsBehind(world.database, bucket, cursor);
  const last = parts.at(-1);
  if (last === undefined) return undefined;
  const full = parts.filter(({ size }) => size > 0);
  findings.answer.blobs += full.length;
  const gone = await inTens(full, async ({ blob }) => (await world.blobs.head(blob)) === null);
  const ended = new Set(house.endedAmong(gone).map(({ upload }) => upload));
  const missing = gone.filter(({ upload }) => !ended.has(upload));
  findings.add(
    "missing part",
    missing.map(({ key, number, upload, blob }) => `${key} part ${number} of ${upload}: ${blob}`),
  );
  const { key, upload, number, turn } = last;
  return { key, upload, number, turn };
}
