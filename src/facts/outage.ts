// The two ways in which a store may fail to answer that are no fault of the request, as values to throw.

/** A store could not be reached within the bound, or the outcome is unknown; the caller may try again later. */
export class Unavailable extends Error {
  override readonly name = "Unavailable";
}

/**
 * Whether R2 turned a request away because there are too many: its errors end with their number.
 * Source: https://developers.cloudflare.com/r2/api/error-codes/
 */
export function isTurnedAway(error: unknown): boolean {
  return error instanceof Error && /\((10043|10058)\)$/.test(error.message);
}

/** A bucket as someone remembers it. */
export interface RememberedBucket {
  name: string;
  id: string;
  generation: number;
}

/** Who asks is not what was remembered of them: decide again on what the directory says now. */
export class CallerMoved extends Error {
  override readonly name = "CallerMoved";
}

/**
 * The bucket is not what the caller remembers: `closed` (its index is closed: deleted), `stale` (its settings changed),
 * `lost` (its index was never opened although a row names it). Decide again on fresh settings.
 */
export class BucketMoved extends Error {
  override readonly name = "BucketMoved";
  readonly bucket: RememberedBucket;
  readonly how: "closed" | "stale" | "lost";

  constructor(bucket: RememberedBucket, how: "closed" | "stale" | "lost") {
    super(`bucket ${bucket.name} is ${how}`);
    this.bucket = bucket;
    this.how = how;
  }
}
