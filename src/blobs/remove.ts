// How bytes leave R2: many blobs in few calls.

/** Keys that one call may delete. */
const MAX_DELETED = 1_000;

/** Deletes blobs, however many; one that is not there is nothing. */
export async function removeBlobs(r2: R2Bucket, blobs: readonly string[]): Promise<void> {
  for (let at = 0; at < blobs.length; at += MAX_DELETED) {
    await r2.delete(blobs.slice(at, at + MAX_DELETED) as string[]);
  }
}
