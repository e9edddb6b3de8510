// What rows name held against what R2 has: bytes that are not there, of another size, or that nothing names.

import { partsAmong } from "../directory/sweeping.ts";
import { birthOf } from "../facts/blob-name.ts";
import type { Inspection, Named } from "../facts/fsck.ts";
import type { World } from "../world.ts";
import type { Audit, Findings } from "./audit.ts";
import { inTens } from "./in-tens.ts";
import { Ongoing } from "./ongoing.ts";
import { ASKED, lookOn, MAX_LISTS, MAX_WANTED, oldEnough } from "./orphans.ts";

/** `search`: the inspection that is going on; memory may have lost it. */
export interface BlobsCursor {
  after: string;
  search?: string;
}

/** An inspection of the blobs between two places. */
interface Going {
  inspection: Inspection;
  /** When R2 got each of them, in ms since 1970. */
  uploaded: ReadonlyMap<string, number>;
  last: string | undefined;
  drop(): void;
}

const ongoing = new Ongoing<Going>();

/** Goes on; gives where to go on then, undefined: that was all. */
export async function checkBlobs(
  world: World,
  house: Audit,
  bucket: string,
  { after, search }: BlobsCursor,
  repair: boolean,
  findings: Findings,
): Promise<BlobsCursor | undefined> {
  const going = ongoing.take(house.owner, search) ?? (await begin(world, house, bucket, after));
  let id: string | undefined;
  try {
    if (!(await lookOn(going.inspection))) {
      id = ongoing.keep(house.owner, going, world.now());
      return { after, search: id };
    }
    findings.answer.blobs += going.uploaded.size;
    await judge(world, house, bucket, going, repair, findings);
    return going.last === undefined ? undefined : { after: going.last };
  } finally {
    if (id === undefined) going.drop();
  }
}

async function begin(world: World, house: Audit, bucket: string, after: string): Promise<Going> {
  const prefix = `${bucket}/`;
  const sizes = new Map<string, number>();
  const uploaded = new Map<string, number>();
  let last: string | undefined;
  for (let lists = 1; ; lists++) {
    const page = await world.blobs.list({ prefix, startAfter: last ?? after });
    for (const object of page.objects) {
      sizes.set(object.key, object.size);
      uploaded.set(object.key, object.uploaded.getTime());
    }
    last = page.truncated ? (page.objects.at(-1)?.key ?? last) : undefined;
    if (last === undefined || sizes.size >= MAX_WANTED || lists === MAX_LISTS) break;
  }
  const end = last;
  // A name that is none of this bucket's would be missed by all lists: it is held against the first.
  const within = (blob: string) =>
    blob.startsWith(prefix) ? blob > after && (end === undefined || blob <= end) : after === "";
  const inspection = house.inspect(sizes, within);
  return { inspection, uploaded, last, drop: inspection.drop };
}

/** All rows have been seen. What seems wrong is looked at once more: bytes and rows may have come and gone meanwhile. */
async function judge(
  world: World,
  house: Audit,
  bucket: string,
  { inspection, uploaded }: Going,
  repair: boolean,
  findings: Findings,
): Promise<void> {
  const gone = await inTens(
    inspection.absent(),
    async (named) => (await world.blobs.head(named.blob)) === null,
  );
  const still = (named: Named) => house.namesStill(named);
  findings.add("missing blob", gone.filter(still).map(shown));
  findings.add("wrong size", inspection.missized().filter(still).map(shown));
  const more = inspection.passedOver();
  if (more > 0)
    findings.answer.unchecked.push(`${more} more blobs that seem to be missing, or of another size`);
  const unnamed = inspection.unnamed();
  for (let at = 0; at < unnamed.length; at += ASKED) {
    inspection.spare(await partsAmong(world.database, bucket, unnamed.slice(at, at + ASKED)));
  }
  const isOld = oldEnough(world.now());
  const old = (blob: string) => isOld(birthOf(blob), uploaded.get(blob));
  inspection.spare(inspection.unnamed().filter((blob) => !old(blob)));
  const orphans = inspection.unnamed();
  if (repair) inspection.litter();
  findings.add("orphan", orphans, repair);
}

function shown({ blob, version, body }: Named): string {
  return version === undefined ? `${blob} of the list ${body}` : `${version.key}: ${blob}`;
}
