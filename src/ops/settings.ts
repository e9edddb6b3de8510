// How any operation changes a bucket's settings: the row first, then the index hears of it, and only then the answer.

import { type Bucket, changeSettings } from "../directory/buckets.ts";
import { BucketMoved } from "../facts/outage.ts";
import type { BucketSettings } from "../facts/settings.ts";
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
