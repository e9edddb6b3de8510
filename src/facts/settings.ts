// What a bucket is set to: kept as JSON in its row, every change raising the bucket's generation.

import type { CorsRule } from "./cors.ts";
import type { RetentionMode } from "./lock.ts";
import type { Tag, Versioning } from "./version.ts";

/** Retention that a new version gets if its writer names none: so many days, or years. */
export type DefaultRetention = { mode: RetentionMode } & ({ days: number } | { years: number });

export interface BucketSettings {
  /** Absent: versioning was never enabled. */
  versioning?: "Enabled" | "Suspended";
  /** Absent: object lock is not enabled. It can never be disabled again. */
  lock?: { default?: DefaultRetention };
  tags?: Tag[];
  /** What new objects are encrypted with if their writers ask for nothing. */
  encryption?: "AES256";
  /** Absent: no script of another page may see anything. Never empty. */
  cors?: CorsRule[];
}

export function versioningOf({ versioning }: BucketSettings): Versioning {
  return versioning === undefined ? "off" : versioning === "Enabled" ? "enabled" : "suspended";
}
