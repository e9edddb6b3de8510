// What one version of an object is, apart from its bytes.

import type { ObjectChecksum } from "./checksum.ts";
import type { Encryption } from "./encryption.ts";
import type { Grant } from "./grant.ts";
import type { Lock } from "./lock.ts";

/** How a bucket keeps versions: never did; each put makes one; puts replace the null version. */
export type Versioning = "off" | "enabled" | "suspended";

/** What its writer said of an object; kept and given back unchanged. */
export interface Description {
  /** Representation headers by lower-case name (`content-type`, `cache-control`, …), values byte for byte. */
  headers: Record<string, string>;
  /** User metadata by lower-case name, without `x-amz-meta-`. */
  metadata: Record<string, string>;
  checksum?: ObjectChecksum;
  /** Absent: nothing was asked for. */
  encryption?: Encryption;
  /** Parts that it was uploaded in; absent if it was put whole. */
  parts?: number;
}

/** A tag: key and value. */
export type Tag = [key: string, value: string];

/** A version that a commit is about to make: `etag` without quotes, `owner` an account's canonical id. */
export interface Draft {
  key: string;
  etag: string;
  size: number;
  owner: string;
  description: Description;
  tags?: Tag[] | undefined;
  lock?: Lock | undefined;
  /** Absent: the owner has full control, and nobody else has any. */
  grants?: Grant[] | undefined;
}

/** A version as the index keeps it. `sequence` is its commit's place in the bucket's history; times in ms since 1970. */
export interface Version extends Draft {
  sequence: number;
  versionId: string;
  modified: number;
}
