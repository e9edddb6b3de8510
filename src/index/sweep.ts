// What of a bucket's index is old enough to go, a bounded look at a time: litter, ended uploads, and a closed index itself.

import { GRACE_MS, sortableTime } from "../facts/blob-name.ts";
import { type KeptExtent, MAX_EXTENTS, pageOf } from "../facts/extent.ts";
import type { OldLitter, Spent, UploadName } from "../facts/litter.ts";
import { toldUntil } from "./journal.ts";
import { type Index, query } from "./tables.ts";

/** Rows of litter that are read at a time. */
const LITTER_ROWS = 2_000;

/**
 * From this many blobs on a look ends; a Worker may ask R2 for a thousand. A long body adds its own at most `BODY_PAGES`
 * pages at a time.
 */
const LITTER_BLOBS = 900;
const BODY_PAGES = 4;
const MAX_PAGES = pageOf(MAX_EXTENTS) + 1;

/** How long an index remembers how an upload ended, in ms: a client may ask again for that long. */
export const ENDED_MS = 7 * 24 * 60 * 60 * 1000;

/** Ended uploads that are read at a time. */
const ENDED_ROWS = 1_000;

type LitterRow = { name: string; since: number; paged: number };

/**
 * Litter behind `after` (by name) whose grace is over, and the blobs that it is: of a long body a few pages, the others
 * when those are gone; `whole`: all of it, for those who only look.
 */
export function oldLitter(index: Index, after: string, whole: boolean): OldLitter {
  const statement = "select name, since, paged from litter where name > ? order by name limit ?";
  const rows = query<LitterRow>(index, statement, after, LITTER_ROWS);
  const sweptUntil = Math.min(index.now() - GRACE_MS, toldUntil(index));
  const found: OldLitter = { blobs: [], spent: { names: [], pages: [] }, next: undefined, oldest: undefined };
  let seen = after;
  for (const { name, since, paged } of rows) {
    if (since > sweptUntil) found.oldest = Math.min(since, found.oldest ?? since);
    else if (paged === 0) {
      found.blobs.push({ blob: name });
      found.spent.names.push(name);
    } else if (!takePages(index, name, found, whole ? MAX_PAGES : BODY_PAGES))
      return { ...found, next: seen };
    seen = name;
    if (found.blobs.length >= LITTER_BLOBS) return { ...found, next: seen };
  }
  return { ...found, next: rows.length < LITTER_ROWS ? undefined : seen };
}

/** Adds the first pages of a long body that is litter; says whether those were all, so that the body itself goes. */
function takePages(index: Index, body: string, { blobs, spent }: OldLitter, most: number): boolean {
  const statement = "select page, list from extents where body = ? order by page limit ?";
  const pages = query<{ page: number; list: string }>(index, statement, body, most + 1);
  for (const { page, list } of pages.slice(0, most)) {
    for (const [, blob, size] of JSON.parse(list) as KeptExtent[])
      if (blob !== "") blobs.push({ blob, size });
    spent.pages.push([body, page]);
  }
  if (pages.length > most) return false;
  spent.names.push(body);
  return true;
}

/** The blobs are gone from R2; now the rows go. Whoever stops in between begins again, and deletes what is not there. */
export function forgetLitter(index: Index, { names, pages }: Spent): void {
  index.transaction(() => {
    for (const [body, page] of pages)
      query(index, "delete from extents where body = ? and page = ?", body, page);
    const statement = "delete from litter where name in (select value from json_each(?))";
    query(index, statement, JSON.stringify(names));
  });
}

/** Which of these uploads have ended here. */
export function endedAmong(index: Index, uploads: readonly UploadName[]): UploadName[] {
  const statement = `select ended.upload, ended.key from json_each(?) as asked
    join ended on ended.upload = asked.value ->> 'upload' and ended.key = asked.value ->> 'key'`;
  return query<{ upload: string; key: string }>(index, statement, JSON.stringify(uploads));
}

/** Uploads behind `after` (by id) that ended long ago. `next`: where to look on; undefined: that was the end. */
export function longEnded(index: Index, after: string): { ended: UploadName[]; next: string | undefined } {
  const before = index.now() - ENDED_MS;
  // An upload's id begins with the time it began at, which is before it ended.
  const statement =
    "select upload, key, at from ended where upload > ? and upload < ? order by upload limit ?";
  const rows = query<{ upload: string; key: string; at: number }>(
    index,
    statement,
    after,
    sortableTime(Math.max(0, before)),
    ENDED_ROWS,
  );
  const ended = rows.filter(({ at }) => at <= before).map(({ upload, key }) => ({ upload, key }));
  return { ended, next: rows.length < ENDED_ROWS ? undefined : rows.at(-1)?.upload };
}

/** Forgets how these uploads ended: the directory must have forgotten them first. */
export function forgetEnded(index: Index, ended: readonly UploadName[]): void {
  const statement = "delete from ended where upload in (select value from json_each(?))";
  query(index, statement, JSON.stringify(ended.map(({ upload }) => upload)));
}
