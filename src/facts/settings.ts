// What a bucket is set to: kept as JSON in its row, every change raising the bucket's generation.

import type { CorsRule } from "./cors.ts";
import type { Grant } from "./grant.ts";
import type { RetentionMode } from "./lock.ts";
import type { Tag, Versioning } from "./version.ts";

/** Retention that a new version gets if its writer names none: so many days, or years. */
export type DefaultRetention = { mode: RetentionMode } & ({ days: number } | { years: number });

export const OWNERSHIPS = ["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"] as const;
/** Whose an object is: always the bucket owner's (ACLs are disabled), if its writer grants it, or its writer's. */
export type Ownership = (typeof OWNERSHIPS)[number];

/** The four switches of public access block. */
export interface PublicAccessBlock {
  blockPublicAcls: boolean;
  ignorePublicAcls: boolean;
  blockPublicPolicy: boolean;
  restrictPublicBuckets: boolean;
}

export interface BucketSettings {
  /** Absent: versioning was never enabled. */
  versioning?: "Enabled" | "Suspended";
  /** Absent: object lock is not enabled. It can never be disabled again. */
  lock?: { default?: DefaultRetention };
  tags?: Tag[];
  /** What new objects are encrypted with if their writers ask for nothing. */
  encryption?: "AES256";
  /** The bucket policy, as it was put. */
  policy?: string;
  /** Absent: objects are their writers', as they were before there was such a setting. */
  ownership?: Ownership;
  /** Nobody asked for that ownership: it is what new buckets get. */
  ownershipIsDefault?: true;
  /** Absent: the owner has full control, and nobody else has any. */
  grants?: Grant[];
  /** Absent: nothing is blocked. */
  publicAccess?: PublicAccessBlock;
  /** Absent: no script of another page may see anything. Never empty. */
  cors?: CorsRule[];
}

export function versioningOf({ versioning }: BucketSettings): Versioning {
  return versioning === undefined ? "off" : versioning === "Enabled" ? "enabled" : "suspended";
}

/** Whether ACLs count for nothing: every object is the bucket owner's. */
export function aclsDisabled({ ownership }: BucketSettings): boolean {
  return ownership === "BucketOwnerEnforced";
}

/** What a new bucket is set to: closed, or open to ACLs as S3's buckets were before April 2023. */
export function freshSettings(legacyAcl: boolean): BucketSettings {
  if (legacyAcl) return {};
  return {
    ownership: "BucketOwnerEnforced",
    ownershipIsDefault: true,
    publicAccess: {
      blockPublicAcls: true,
      ignorePublicAcls: true,
      blockPublicPolicy: true,
      restrictPublicBuckets: true,
    },
  };
}
