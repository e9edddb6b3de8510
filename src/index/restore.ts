// How a version is made again of a blob that is younger than the journal, by what the blob's metadata says.

import type { YoungBlob } from "../facts/birth.ts";
import { judgeWrite } from "../facts/condition.ts";
import { isLocked } from "../facts/lock.ts";
import { freshNonce } from "../facts/order.ts";
import { writeRow } from "./commit.ts";
import type { RebuildProgress } from "./protocol.ts";
import { hold } from "./settle.ts";
import { forgetBytes } from "./small.ts";
import { type Index, query, type VersionRow } from "./tables.ts";
import { currentRow, lockOf, newestOlder, olderNull } from "./version.ts";

/**
 * Makes the blob the current version of its key, unless the journal names it, or tells of that key what happened later
 * than the upload: then it was refused, replaced or removed. Counts it in `progress`.
 */
export function restoreBlob(index: Index, progress: RebuildProgress, young: YoungBlob): void {
  const { blob, size, uploaded, birth } = young;
  if (query(index, "select 1 from holders where body = ?", blob).length > 0) return;
  const { key, versioning, conditions = {}, description, tags, lock, grants, left = [] } = birth;
  const current = currentRow(index, key);
  if (lastChange(index, key, current) >= uploaded) return;
  if (judgeWrite(conditions, current) !== "ok") return;
  const victim =
    versioning === "enabled" ? undefined : current?.nonce === "" ? current : olderNull(index, key);
  if (victim !== undefined && isLocked(lockOf(victim), uploaded, false)) return;
  if (victim !== undefined) letGo(index, progress, victim);
  if (current !== undefined && current !== victim) {
    query(index, "insert into older select * from current where key = ?", key);
  }
  progress.sequence += 1;
  writeRow(index, "current", {
    key,
    sequence: progress.sequence,
    nonce: versioning === "enabled" ? freshNonce() : "",
    marker: 0,
    size,
    etag: birth.etag ?? young.etag,
    modified: uploaded,
    owner: birth.owner,
    body: blob,
    pages: null,
    description: JSON.stringify(description),
    tags: tags === undefined ? null : JSON.stringify(tags),
    lock: lock === undefined ? null : JSON.stringify(lock),
    grants: grants === undefined ? null : JSON.stringify(grants),
    data: null,
  });
  hold(index, blob);
  progress.versions += 1;
  progress.restored += 1;
  progress.partly += left.length > 0 ? 1 : 0;
  progress.objects += current === undefined ? 1 : 0;
  progress.bytes += size;
}

/** When what is known of a key changed last, in ms since 1970. */
function lastChange(index: Index, key: string, current: VersionRow | undefined): number {
  const [departed] = query<{ at: number }>(index, "select at from departed where key = ?", key);
  const newest = current ?? newestOlder(index, key);
  return Math.max(departed?.at ?? 0, newest?.modified ?? 0);
}

/** What it replaces goes; its blob, that nothing names any more, is left to whoever looks for orphans. */
function letGo(index: Index, progress: RebuildProgress, { key, sequence, body, size }: VersionRow): void {
  for (const table of ["current", "older"]) {
    query(index, `delete from ${table} where key = ? and sequence = ?`, key, sequence);
  }
  forgetBytes(index, sequence);
  query(index, "update holders set count = count - 1 where body = ?", body);
  query(index, "delete from holders where body = ? and count = 0", body);
  progress.versions -= 1;
  progress.bytes -= size;
}
