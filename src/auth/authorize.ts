// May they: the one place that decides. Until policies and ACLs are built, a bucket is its owner's alone.

import type { Bucket } from "../directory/buckets.ts";
import { BucketMoved } from "../facts/outage.ts";
import { S3Error } from "../wire/error.ts";
import { knownBucket, REFUSAL_MS, type World } from "../world.ts";
import type { Caller } from "./caller.ts";

/** An action as policies name it, e.g. `s3:GetObject`. */
export type Action = `s3:${string}`;

/** What is asked: who, what, and whom they expect the bucket to belong to (a canonical id; undefined: no matter). */
export interface Question {
  caller: Caller;
  action: Action;
  expectedOwner: string | undefined;
}

function isAllowed({ caller, expectedOwner }: Question, bucket: Bucket): boolean {
  return bucket.owner === caller.account.id && (expectedOwner ?? bucket.owner) === bucket.owner;
}

/** The bucket, if the caller may do this there. Throws NoSuchBucket (here only) and AccessDenied. */
export async function admitToBucket(world: World, question: Question, name: string): Promise<Bucket> {
  const known = await knownBucket(world, name);
  if (known === undefined) throw new S3Error("NoSuchBucket", { elements: { BucketName: name } });
  const { bucket, age } = known;
  if (isAllowed(question, bucket)) return bucket;
  // A refusal never rests on memory older than a second: decide again on what the directory says now.
  if (age > REFUSAL_MS) throw new BucketMoved(bucket, "stale");
  throw new S3Error("AccessDenied");
}
