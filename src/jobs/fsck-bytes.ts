// Whether versions' bytes are those that their etags were made of: all of them are read.

import { createHash, type Hash } from "node:crypto";
import type { VersionPlace, Whole } from "../facts/fsck.ts";
import type { World } from "../world.ts";
import type { Audit, Findings } from "./audit.ts";

/** After this time, in ms, a step ends with the blob that it is at. */
const STEP_MS = 8_000;

/** After this time, in ms, nobody will go on with an object that was read in part. */
const ABANDONED_MS = 30 * 60 * 1000;

/** `half`: an object that was read in part; memory may have lost how far, and then it is read anew. */
export interface BytesCursor {
  place?: VersionPlace;
  half?: string;
}

/** An object on its way through the digests. */
interface Half {
  whole: Whole;
  place: VersionPlace;
  /** The extent that is next. */
  next: number;
  md5: Hash;
  ofParts: Hash;
  /** Some of its bytes are not there, which is another fault. */
  isGone: boolean;
  used: number;
}

const halves = new Map<string, Half>();

const BEGINNING: VersionPlace = { table: "current", key: "", sequence: 0 };

/** Reads on for some seconds; gives where to go on then, undefined: that was all. */
export async function checkBytes(
  world: Pick<World, "blobs" | "now">,
  house: Pick<Audit, "wholeBehind">,
  { place = BEGINNING, half }: BytesCursor,
  findings: Findings,
): Promise<BytesCursor | undefined> {
  const until = world.now() + STEP_MS;
  let at = place;
  let going = half === undefined ? undefined : halves.get(half);
  if (half !== undefined) halves.delete(half);
  while (true) {
    if (going === undefined) {
      const { whole, place: behind } = house.wholeBehind(at);
      if (whole === undefined) return undefined;
      going = {
        whole,
        place: behind,
        next: 0,
        md5: createHash("md5"),
        ofParts: createHash("md5"),
        isGone: false,
        used: 0,
      };
    }
    if (going.whole.encrypted) findings.answer.encrypted += 1;
    else if (!(await readOn(world, going, until, findings)))
      return { place: at, half: keep(going, world.now()) };
    else if (isWrong(going) && stands(house, at, going.whole)) {
      findings.add("wrong etag", [`${going.whole.key}: ${going.whole.etag}`]);
    }
    at = going.place;
    going = undefined;
    if (world.now() >= until) return { place: at };
  }
}

function keep(going: Half, now: number): string {
  for (const [id, { used }] of halves) if (now - used > ABANDONED_MS) halves.delete(id);
  const id = crypto.randomUUID();
  halves.set(id, { ...going, used: now });
  return id;
}

/** Digests the object's next extents; false: time is up before its end. */
async function readOn(
  { blobs, now }: Pick<World, "blobs" | "now">,
  going: Half,
  until: number,
  findings: Findings,
): Promise<boolean> {
  const { extents } = going.whole;
  for (let extent = extents[going.next]; extent !== undefined; extent = extents[going.next]) {
    const part = createHash("md5");
    const digest = (bytes: Uint8Array) => {
      part.update(bytes);
      going.md5.update(bytes);
      findings.answer.bytes += bytes.byteLength;
    };
    if (extent.data !== undefined) digest(new Uint8Array(extent.data));
    else if (extent.size > 0 && !(await readBlob(blobs, extent.blob, digest))) going.isGone = true;
    going.ofParts.update(part.digest());
    going.next += 1;
    if (now() >= until && going.next < extents.length) return false;
  }
  return true;
}

/** Shows a blob's bytes; false if it is not there. */
async function readBlob(r2: R2Bucket, blob: string, see: (bytes: Uint8Array) => void): Promise<boolean> {
  const object = await r2.get(blob);
  if (object === null) return false;
  const reader = object.body.getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) see(piece.value);
  return true;
}

/** An etag is the MD5 of all bytes, or that of its parts' MD5s with their number behind it. */
function isWrong({ whole: { etag, extents }, md5, ofParts, isGone }: Half): boolean {
  if (isGone) return false;
  const [digest, parts] = etag.split("-");
  if (parts === undefined) return digest !== md5.digest("hex");
  return digest !== ofParts.digest("hex") || Number(parts) !== extents.length;
}

/** Whether the version is still there: its bytes may have been swept while they were read. */
function stands(house: Pick<Audit, "wholeBehind">, place: VersionPlace, { key, sequence }: Whole): boolean {
  const { whole } = house.wholeBehind(place);
  return whole?.key === key && whole.sequence === sequence;
}
