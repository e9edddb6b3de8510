// Whether a bucket's directory, index and blobs fit each other, step by step; and what can be mended without losing anything.

import { bucketNamed } from "../directory/buckets.ts";
import { forgetBucket, raiseGeneration } from "../directory/sweeping.ts";
import type { FsckAnswer, FsckRequest } from "../facts/fsck.ts";
import type { World } from "../world.ts";
import { type Audit, Findings } from "./audit.ts";
import { type BlobsCursor, checkBlobs } from "./fsck-blobs.ts";
import { type BytesCursor, checkBytes } from "./fsck-bytes.ts";
import { checkParts, type PartsCursor } from "./fsck-parts.ts";

type Stage = ["blobs", BlobsCursor] | ["parts", PartsCursor] | ["bytes", BytesCursor] | ["end"];

export async function fsckStep(world: World, house: Audit, request: FsckRequest): Promise<FsckAnswer> {
  const findings = new Findings();
  const { bucket, deep, repair, cursor } = request;
  if (cursor === undefined) {
    const isOpen = await checkIndex(world, house, request, findings);
    return isOpen ? further(findings, ["blobs", { after: "" }]) : findings.answer;
  }
  const stage = JSON.parse(cursor) as Stage;
  switch (stage[0]) {
    case "blobs": {
      const next = await checkBlobs(world, house, bucket.id, stage[1], repair, findings);
      const parts: Stage = ["parts", { key: "", upload: "", number: 0, turn: 0 }];
      return further(findings, next === undefined ? parts : ["blobs", next]);
    }
    case "parts": {
      const next = await checkParts(world, house, bucket.id, stage[1], findings);
      if (next !== undefined) return further(findings, ["parts", next]);
      return further(findings, deep ? ["bytes", {}] : ["end"]);
    }
    case "bytes": {
      const next = await checkBytes(world, house, stage[1], findings);
      return further(findings, next === undefined ? ["end"] : ["bytes", next]);
    }
    case "end":
      if (house.frozen()) {
        findings.add("rebuilt index", [bucket.name], repair);
        if (repair) house.unfreeze();
      }
      return findings.answer;
  }
}

function further({ answer }: Findings, stage: Stage): FsckAnswer {
  return { ...answer, cursor: JSON.stringify(stage) };
}

/** What the index says of itself; false if it is not open, and there is nothing else to look at. */
async function checkIndex(
  world: World,
  house: Audit,
  { bucket, repair }: FsckRequest,
  findings: Findings,
): Promise<boolean> {
  const phase = house.phase();
  if (phase === "new") {
    findings.add("lost index", [bucket.name]);
    return false;
  }
  if (phase === "closed") {
    if (repair) house.discard(undefined, await forgetBucket(world.database, bucket.id));
    findings.add("half deleted", [bucket.name], repair);
    return false;
  }
  // The bucket may have been read before its settings changed, so an index that is ahead is asked about once more.
  const ahead = house.generation();
  if (ahead > bucket.generation) {
    const known = await bucketNamed(world.database, bucket.name);
    if (known?.id === bucket.id && ahead > known.generation) {
      if (repair) await raiseGeneration(world.database, bucket, ahead);
      findings.add("generation", [`${bucket.name}: ${known.generation} instead of ${ahead}`], repair);
    }
  }
  keepBooks(house, repair, findings);
  return true;
}

function keepBooks(house: Audit, repair: boolean, findings: Findings): void {
  const books = house.books(repair);
  if (books === undefined) {
    findings.answer.unchecked.push("counters, holders and lists of extents: the index is too large");
    return;
  }
  findings.answer.versions += books.versions;
  findings.add("counters", books.counters === undefined ? [] : [books.counters], repair);
  findings.add("holders", books.holders, repair);
  findings.add("stray list", books.strayLists, repair);
  findings.add("stray bytes", books.strayBytes.map(String), repair);
  findings.add("wrong size", books.sizes);
}
