// What a blob's metadata in R2 says of the object that it is the whole of, for an index that has to be made anew.

import type { WriteConditions } from "./condition.ts";
import type { Draft, Versioning } from "./version.ts";

/**
 * How long before its journal ends, in ms, a blob may have been uploaded that a commit behind that end names: a worker
 * repeats a commit for 30 s, and clocks differ.
 */
export const YOUNG_MS = 60_000;

/** A version as its writer asked for it; what only its commit decided is not known. */
export interface Birth extends Omit<Draft, "etag" | "size"> {
  /** The etag, where R2's own word would not be it. */
  etag?: string | undefined;
  /** How its bucket kept versions. */
  versioning: Versioning;
  /** Under what conditions it was to be written: its commit may have refused it. */
  conditions?: WriteConditions | undefined;
  /** What there was no room for. */
  left?: string[] | undefined;
}

/** A blob with such metadata: `size` in bytes; `etag` as R2 says; `uploaded` in ms since 1970, by R2's clock. */
export interface YoungBlob {
  blob: string;
  size: number;
  etag: string;
  uploaded: number;
  birth: Birth;
}
