// How a read is answered: the version, and of its body only the extents that are wanted.

import { hotVersion } from "./hot.ts";
import type { ReadAnswer, ReadRequest } from "./protocol.ts";
import { withAllBytes } from "./small.ts";
import type { Index } from "./tables.ts";
import { lookUp, versionOf, wantedExtents } from "./version.ts";

/** Answers a read: the version, and of its body only the extents that are wanted. */
export function readVersion(index: Index, { key, versionId, want }: ReadRequest): ReadAnswer {
  const hot = versionId === undefined ? hotVersion(index, key) : undefined;
  const found = hot ?? lookUp(index, key, versionId);
  if (!("row" in found)) return found;
  if (want !== "none") found.row = withAllBytes(index, found.row); // a hot version keeps them
  const version = hot?.version ?? versionOf(found.row);
  // What was put whole is its own part 1, into however many extents its bytes were cut.
  const whole = version.description.parts === undefined && typeof want === "object" && "part" in want;
  return { version, ...wantedExtents(index, found.row, whole && want.part === 1 ? "all" : want) };
}
