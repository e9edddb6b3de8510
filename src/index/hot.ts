// Current versions that were read lately, kept as they are answered: reading one again asks SQLite nothing.

import type { Version } from "../facts/version.ts";
import type { Index, VersionRow } from "./tables.ts";
import { currentRow, versionOf } from "./version.ts";

/** A current version, and its row. */
interface HotVersion {
  row: VersionRow;
  version: Version;
}

/** Most of them, in characters and bytes of what is kept: an object has 128 MB for everything. */
const MAX_HOT_WEIGHT = 16 * 1024 * 1024;

/** What a version weighs besides its texts and bytes. */
const BASE_WEIGHT = 1024;

interface Hot {
  versions: Map<string, HotVersion>;
  weight: number;
}

/** Of each index; it goes from memory with it. */
const all = new WeakMap<Index, Hot>();

function hotOf(index: Index): Hot {
  const known = all.get(index) ?? { versions: new Map(), weight: 0 };
  all.set(index, known);
  return known;
}

/** Forgets all of them: the tables were written from the ground up. */
export function coolAll(index: Index): void {
  all.delete(index);
}

/** The current version of a key, for a reader; a commit looks at the tables. */
export function hotVersion(index: Index, key: string): HotVersion | undefined {
  const hot = hotOf(index);
  const known = hot.versions.get(key);
  if (known !== undefined) return known;
  const row = currentRow(index, key);
  if (row === undefined) return undefined;
  const found = { row, version: versionOf(row) };
  hot.versions.set(key, found);
  hot.weight += weightOf(row);
  for (const oldest of hot.versions.keys()) {
    if (hot.weight <= MAX_HOT_WEIGHT) break;
    cool(index, oldest);
  }
  return found;
}

/** Forgets the current version of a key: a commit has changed it, or may have. */
export function cool(index: Index, key: string): void {
  const hot = hotOf(index);
  const known = hot.versions.get(key);
  if (known === undefined) return;
  hot.versions.delete(key);
  hot.weight -= weightOf(known.row);
}

/** Bytes that lie apart count from the start: a reader has them kept with the row. */
function weightOf({ key, description, tags, grants, pages, body, size }: VersionRow): number {
  const texts = 2 * (key.length + description.length);
  const rest = (tags?.length ?? 0) + (grants?.length ?? 0) + (pages?.length ?? 0) + (body === "" ? size : 0);
  return BASE_WEIGHT + texts + 2 * rest;
}
