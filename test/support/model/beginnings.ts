// How the buckets of a history begin: without versions, with them, with locks, or not at all.

import fc from "fast-check";
import type { Command } from "./commands.ts";

const BEGINNINGS: Record<string, (bucket: "a" | "b") => Command[]> = {
  absent: () => [],
  plain: (at) => [{ op: "CreateBucket", bucket: at }],
  versions: (at) => [
    { op: "CreateBucket", bucket: at },
    { op: "PutBucketVersioning", bucket: at, status: "Enabled" },
  ],
  suspended: (at) => [
    { op: "CreateBucket", bucket: at },
    { op: "PutBucketVersioning", bucket: at, status: "Suspended" },
  ],
  locks: (at) => [
    { op: "CreateBucket", bucket: at, headers: { "x-amz-bucket-object-lock-enabled": "true" } },
  ],
};

/** How the two buckets of a history begin. */
export const anyBeginning: fc.Arbitrary<Command[]> = fc
  .tuple(
    fc.constantFrom("plain", "plain", "versions", "suspended", "locks", "locks"),
    fc.constantFrom("plain", "plain", "versions", "suspended", "locks", "locks", "absent"),
  )
  .map(([a, b]) => [...(BEGINNINGS[a]?.("a") ?? []), ...(BEGINNINGS[b]?.("b") ?? [])]);
