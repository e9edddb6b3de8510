// What fsck finds in a bucket, as it is spoken of between whoever asks, the bucket's index and its jobs.

import type { Search } from "./litter.ts";
import type { RememberedBucket } from "./outage.ts";

/** What can be wrong with a bucket; the comment says what `repair` does about it, if anything. */
export type FaultKind =
  /** A row names an index that was never opened. */
  | "lost index"
  /** A row names an index that is closed: a deletion stopped half-way. It is finished. */
  | "half deleted"
  /** The index was made anew and removes nothing. It is let go on. */
  | "rebuilt index"
  /** The index has heard of newer settings than the directory has. The directory's generation is raised. */
  | "generation"
  /** The counters of objects, bytes and commits are off. They are set right. */
  | "counters"
  /** How many versions name a body is off. It is set right. */
  | "holders"
  /** A list of extents that no version names. It becomes litter. */
  | "stray list"
  /** A small object's bytes in the index that no version has. They are removed. */
  | "stray bytes"
  /** Bytes that nothing names. They become litter. */
  | "orphan"
  /** A version whose bytes are not there. */
  | "missing blob"
  /** A version whose bytes are more or fewer than it says. */
  | "wrong size"
  /** A version whose bytes are others than its etag says. */
  | "wrong etag"
  /** A part of an upload in progress whose bytes are not there. */
  | "missing part"
  /** Blobs of a bucket that the directory does not know, and whose index was not closed. */
  | "unknown bucket";

/** Faults of one kind: how many, how many of them were mended, and the first of them. */
export interface Fault {
  kind: FaultKind;
  count: number;
  mended: number;
  first: string[];
}

/** One step of looking through a bucket. `deep`: its bytes are read too. */
export interface FsckRequest {
  bucket: RememberedBucket;
  deep: boolean;
  repair: boolean;
  cursor?: string | undefined;
}

/**
 * `versions`, `blobs`, `bytes`: how many were looked at, and read. `encrypted`: versions that cannot be read without their
 * client's key. `unchecked`: what an index as large as this one cannot be asked. `cursor`: where to go on; absent: that was
 * all.
 */
export interface FsckAnswer {
  faults: Fault[];
  versions: number;
  blobs: number;
  bytes: number;
  encrypted: number;
  unchecked: string[];
  cursor?: string;
}

/** A blob as a row names it. `size` in bytes, as the row has it. */
export interface Named {
  blob: string;
  size: number;
  /** The version that has it as its whole body; absent: it is an extent of `body`. */
  version?: { key: string; sequence: number };
  body?: string;
}

/** What is wrong with an index's own rows; undefined of each: nothing. */
export interface Books {
  counters?: string | undefined;
  /** Bodies that too many or too few versions are said to name. */
  holders: string[];
  strayLists: string[];
  /** Commits of no version that is there, of which bytes are kept. */
  strayBytes: number[];
  /** Versions in extents that these do not add up to, or whose bytes in the index are fewer or more. */
  sizes: string[];
  versions: number;
}

/** A search that also notes what rows name: `absent` in R2, or there in another `size`. */
export interface Inspection extends Search {
  absent(): Named[];
  missized(): Named[];
  /** How many more of these there were than are noted. */
  passedOver(): number;
}

/** A version with all that its bytes are. */
export interface Whole {
  key: string;
  sequence: number;
  size: number;
  etag: string;
  encrypted: boolean;
  extents: { blob: string; size: number; data?: ArrayBuffer | undefined }[];
}

/** A place among a bucket's versions. */
export interface VersionPlace {
  table: "current" | "older" | "end";
  key: string;
  sequence: number;
}
