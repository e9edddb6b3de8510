// What follows from the versions of a replayed journal: which are current, who holds which body, how much there is.

import type { RebuildProgress } from "./protocol.ts";
import { forgetBytes } from "./small.ts";
import { type Index, query } from "./tables.ts";
import { nextOlder, type Select } from "./version.ts";

type Settled = { key: string; sequence: number; nonce: string; marker: number; size: number; body: string };

/** How far it came: the last version's key and sequence, and whether the null version of that key was passed. */
type Place = [key: string, sequence: number, sawNull: boolean];

/**
 * Settles the next versions, at most `most`: the newest of a key is current unless it is a marker; of several null ones
 * only the newest was left (where a journal breaks off, what another replaced may be told still).
 */
export function settleVersions(index: Index, progress: RebuildProgress, most: number): RebuildProgress {
  let [key, sequence, sawNull]: Place = progress.cursor === "" ? ["", 0, false] : JSON.parse(progress.cursor);
  const next = { ...progress };
  const rows = behind(index, key, sequence, most);
  for (const row of rows) {
    const newest = row.key !== key;
    if (newest) sawNull = false;
    [key, sequence] = [row.key, row.sequence];
    next.sequence = Math.max(next.sequence, row.sequence);
    if (row.nonce === "" && sawNull) {
      query(index, "delete from older where key = ? and sequence = ?", key, sequence);
      forgetBytes(index, sequence);
      continue;
    }
    sawNull ||= row.nonce === "";
    next.versions += 1;
    next.bytes += row.size;
    if (row.body !== "") hold(index, row.body);
    if (newest && row.marker === 0) {
      next.objects += 1;
      query(index, "insert into current select * from older where key = ? and sequence = ?", key, sequence);
      query(index, "delete from older where key = ? and sequence = ?", key, sequence);
    }
  }
  if (rows.length === 0) return { ...next, stage: "restore", cursor: "" };
  return { ...next, cursor: JSON.stringify([key, sequence, sawNull]) };
}

function behind(index: Index, key: string, sequence: number, most: number): Settled[] {
  const ask: Select<Settled> = (statement, ...bindings) => query<Settled>(index, statement, ...bindings);
  return nextOlder(ask, "key, sequence, nonce, marker, size, body", { key, sequence }, most);
}

/** While an index is made anew, bodies that one version holds are counted too. */
export function hold(index: Index, body: string): void {
  query(index, "insert into holders values (?, 1) on conflict (body) do update set count = count + 1", body);
}
