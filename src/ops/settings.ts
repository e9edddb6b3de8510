// How any operation changes a bucket's settings: the row first, then the index hears of it, and only then the answer.

import type { Action } from "../auth/authorize.ts";
import { type Bucket, changeSettings } from "../directory/buckets.ts";
import { BucketMoved } from "../facts/outage.ts";
import type { BucketSettings } from "../facts/settings.ts";
import { type BucketContext, type Operation, operation } from "../operation.ts";
import { empty } from "../wire/output.ts";
import type { World } from "../world.ts";

/**
 * Writes new settings. Throws BucketMoved if others changed them meanwhile: the operation is then decided anew. Once it
 * returns, nobody who remembers the old settings is served any more.
 */
export async function setBucket(world: World, bucket: Bucket, settings: BucketSettings): Promise<void> {
  if (!(await changeSettings(world.database, bucket, settings))) throw new BucketMoved(bucket, "stale");
  const generation = bucket.generation + 1;
  world.memory.buckets.set(bucket.name, { ...bucket, settings, generation }, world.now());
  await world.index({ ...bucket, generation }).adopt(generation);
}

/**
 * For a change that finds nothing to change: whoever made it before may not have come to tell the index, and this one's
 * answer says that it holds.
 */
export async function settleBucket(world: World, bucket: Bucket): Promise<void> {
  await world.index(bucket).adopt(bucket.generation);
}

type Removable = "tags" | "encryption" | "policy" | "ownership" | "publicAccess" | "cors";

/** An operation that takes a setting away; one that is not there is taken away, too. */
export function removalOf(
  setting: Removable,
  { name, subresource, allow }: { name: string; subresource: string; allow: Action },
): Operation {
  const route: `DELETE /{Bucket}?${string}` = `DELETE /{Bucket}?${subresource}`;
  return operation({
    name,
    route,
    allow,
    bucket: "fresh",
    input: {},
    output: empty(204),
    async handle({ world, bucket }: BucketContext) {
      const { [setting]: removed, ...rest } = bucket.settings;
      if (removed === undefined) await settleBucket(world, bucket);
      else await setBucket(world, bucket, rest);
      return {};
    },
  });
}
