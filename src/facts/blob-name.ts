// How blobs are named: by their bucket and their birth, so that both are known of a blob that nothing else knows.

/**
 * How long a blob that no version names any more stays, in ms: a slow reader may still be on its way. As long, a blob may
 * be on its way to the version that will name it; after that nothing may name it, and it may be taken for an orphan.
 */
export const GRACE_MS = 24 * 60 * 60 * 1000;

/** `<bucket id>/<birth time>-<random>`: fresh and unguessable; `birth` in ms since 1970. */
export function blobName(bucket: string, birth: number): string {
  return `${bucket}/${sortableTime(birth)}-${crypto.randomUUID()}`;
}

/** ms since 1970 as a text that sorts by time, until the year 5188. */
export function sortableTime(ms: number): string {
  return ms.toString(36).padStart(9, "0");
}

/** When a blob was born, in ms since 1970; undefined: its name is none that `blobName` makes. */
export function birthOf(name: string): number | undefined {
  const found = /^[^/]+\/([0-9a-z]{9})-/.exec(name);
  return found === null ? undefined : Number.parseInt(found[1] ?? "", 36);
}

/** The place in the order of a bucket's blobs before all that were born at `birth` (ms since 1970) or later. */
export function placeOfBirth(bucket: string, birth: number): string {
  return `${bucket}/${sortableTime(Math.max(0, birth))}`;
}
