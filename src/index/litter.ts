// What no version names any more, until the sweep takes its bytes: whoever lets go of a body does it here.

import { GRACE_MS } from "../facts/blob-name.ts";
import type { KeptExtent } from "../facts/extent.ts";
import { arm } from "./alarm.ts";
import { type Index, query } from "./tables.ts";

/** Puts blobs that nothing here names into litter. Repeating it keeps the first time. */
export function litterBlobs(index: Index, blobs: readonly string[], at: number): void {
  for (const blob of blobs) insert(index, blob, at, false);
}

function insert(index: Index, name: string, at: number, paged: boolean): void {
  query(index, "insert or ignore into litter values (?, ?, ?)", name, at, paged ? 1 : 0);
  arm(index, at + GRACE_MS);
}

/** Whether this blob is litter already: it may vanish and must not be named again. */
export function isLitter(index: Index, blob: string): boolean {
  return query(index, "select 1 from litter where name = ?", blob).length > 0;
}

/** Whether no litter is left. */
export function isClean(index: Index): boolean {
  return query(index, "select 1 from litter limit 1").length === 0;
}

/** One more version names this body. */
export function holdBody(index: Index, body: string): void {
  if (body === "") return;
  query(index, "insert into holders values (?, 2) on conflict (body) do update set count = count + 1", body);
}

/** One version less names this body; the last one turns it into litter. */
export function releaseBody(index: Index, body: string, paged: boolean, at: number): void {
  if (body === "") return;
  const [held] = query<{ count: number }>(index, "select count from holders where body = ?", body);
  if (held === undefined) {
    insert(index, body, at, paged);
  } else if (held.count <= 2) {
    query(index, "delete from holders where body = ?", body);
  } else {
    query(index, "update holders set count = count - 1 where body = ?", body);
  }
}

/** Blobs of an ended upload that its object does not use go into litter; those in the object's body are spared. */
export function discard(index: Index, upload: string | undefined, blobs: readonly string[]): void {
  // An index that knows nothing cannot tell what is used: what it leaves alone is found when it has been made anew.
  if (index.state.phase === "new") return;
  const used = new Set<string>();
  if (upload !== undefined) {
    for (const { list } of query<{ list: string }>(
      index,
      "select list from extents where body = ?",
      upload,
    )) {
      for (const [, blob] of JSON.parse(list) as KeptExtent[]) used.add(blob);
    }
  }
  const unused = blobs.filter((blob) => !used.has(blob));
  if (unused.length > 0) index.transaction(() => litterBlobs(index, unused, index.now()));
}
