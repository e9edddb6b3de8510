// Multipart uploads in progress and their parts, as D1 keeps them.

import type { Checksum, ChecksumPlan } from "../facts/checksum.ts";
import type { Grant } from "../facts/grant.ts";
import type { Lock } from "../facts/lock.ts";
import { type Bound, type Page, Rollup, type Window } from "../facts/rollup.ts";
import type { Description, Tag } from "../facts/version.ts";
import type { Bucket } from "./buckets.ts";
import { type Database, type Row, statement } from "./database.ts";

/** An upload. `key` and `id` name it within its bucket; `owner`: the account that began it; `initiated` in ms since 1970. */
export interface Upload {
  key: string;
  id: string;
  owner: string;
  initiated: number;
  promise: ObjectPromise;
}

/** What the object will be, apart from its bytes: all that was said when its upload began. */
export interface ObjectPromise {
  description: Description;
  tags?: Tag[] | undefined;
  lock?: Lock | undefined;
  checksum?: ChecksumPlan | undefined;
  /** Whose it will be; absent in uploads begun before there were ACLs: whoever began it. */
  owner?: string;
  grants?: Grant[] | undefined;
}

/** An upload as a request names it; `by`: the account that asks. */
export interface UploadAsked extends Pick<Upload, "key" | "id"> {
  by: string;
}

/** A part as it counts. `etag` without quotes, `size` in bytes, `modified` in ms since 1970. */
export interface Part {
  number: number;
  blob: string;
  size: number;
  etag: string;
  checksum?: Checksum;
  modified: number;
}

type UploadRow = Row & { key: string; id: string; owner: string; initiated: number; promise: string };
type PartRow = Row & {
  now: number;
  number: number;
  blob: string;
  turn: number;
  size: number;
  etag: string;
  checksum: string | null;
  modified: number;
};

/** The bucket as the caller remembers it: a statement finds nothing if its settings have changed since. */
const SAME_BUCKET = "bucket.name = ? and bucket.id = ? and bucket.generation = ?";

/** What will be another account's object is that account's and the bucket owner's alone to go on with, or to see. */
const OPEN_TO = `(coalesce(json_extract(upload.promise, '$.owner'), upload.owner) = bucket.owner
   or ? in (bucket.owner, upload.owner))`;

/** D1's own clock, in ms since 1970: the one clock that all who write and read parts share. */
const NOW = "cast(unixepoch('subsec') * 1000 as integer)";

function same({ name, id, generation }: Bucket): [string, string, number] {
  return [name, id, generation];
}

/** Begins an upload; false if the bucket is not as remembered. */
export async function createUpload(database: Database, bucket: Bucket, upload: Upload): Promise<boolean> {
  const { key, id, owner, initiated, promise } = upload;
  const rows = await database.rows(
    statement(
      `insert into upload select bucket.id, ?, ?, ?, ?, ? from bucket where ${SAME_BUCKET}
       on conflict do update set owner = excluded.owner returning id`,
      key,
      id,
      owner,
      initiated,
      JSON.stringify(promise),
      ...same(bucket),
    ),
  );
  return rows.length > 0;
}

/**
 * Keeps a part of an upload and says how the upload is encrypted; undefined if there is no such upload, its checksums
 * are of another kind, it is `sealed` under a client's key and the upload is not (or the other way round), or the bucket
 * is not as remembered.
 */
export async function putPart(
  database: Database,
  bucket: Bucket,
  { key, id, by }: UploadAsked,
  part: Omit<Part, "modified">,
  sealed: boolean,
): Promise<{ encryption: "S3" | "C" | null; modified: number } | undefined> {
  const [row] = await database.rows<{ encryption: "S3" | "C" | null; modified: number }>(
    statement(
      // The same blob again is the same turn again, even if another one came after it: the statement can be repeated.
      `insert into part select upload.id, ?, coalesce(last.same, last.turn + 1, 1), ?, ?, ?, ?, ${NOW},
         json_extract(upload.promise, '$.description.encryption.kind')
       from bucket join upload on upload.bucket = bucket.id
       join (select max(turn) as turn, max(case when blob = ? then turn end) as same from
         (select turn, blob from part where upload = ? and number = ? order by turn desc limit 2)) as last
       where ${SAME_BUCKET} and upload.key = ? and upload.id = ? and ${OPEN_TO}
         and coalesce(json_extract(upload.promise, '$.checksum.algorithm'), ?) is ?
         and (coalesce(json_extract(upload.promise, '$.description.encryption.kind'), '') = 'C') = ?
       on conflict do update set blob = excluded.blob
       returning encryption, modified`,
      part.number,
      part.blob,
      part.size,
      part.etag,
      part.checksum === undefined ? null : JSON.stringify(part.checksum),
      part.blob,
      id,
      part.number,
      ...same(bucket),
      key,
      id,
      by,
      part.checksum?.algorithm ?? null,
      part.checksum?.algorithm ?? null,
      sealed ? 1 : 0,
    ),
  );
  return row;
}

/** An upload alone; undefined if there is no such upload, it is not the asker's, or the bucket is not as remembered. */
export async function uploadOf(
  database: Database,
  bucket: Bucket,
  upload: UploadAsked,
): Promise<Upload | undefined> {
  const [found] = await database.rows<UploadRow>(selectUpload(bucket, upload));
  return found && readUpload(found);
}

function selectUpload(bucket: Bucket, { key, id, by }: UploadAsked) {
  return statement(
    `select upload.* from bucket join upload on upload.bucket = bucket.id
     where ${SAME_BUCKET} and upload.key = ? and upload.id = ? and ${OPEN_TO}`,
    ...same(bucket),
    key,
    id,
    by,
  );
}

/**
 * An upload with all that it holds: `parts` those that count, by number; `replaced` the blobs of parts uploaded again;
 * `seen`: whatever is older than this, in ms of D1's clock, is among them.
 * Undefined if there is no such upload, it is not the asker's, or the bucket is not as remembered.
 */
export async function uploadWithParts(
  database: Database,
  bucket: Bucket,
  { key, id, by }: UploadAsked,
): Promise<{ upload: Upload; parts: Part[]; replaced: string[]; seen: number } | undefined> {
  const [uploads, rows] = await database.batch([
    selectUpload(bucket, { key, id, by }),
    statement(
      `select number, blob, turn, size, etag, checksum, modified, ${NOW} as now from part where upload = ?
       order by number, turn`,
      id,
    ),
  ]);
  const found = uploads?.[0] as UploadRow | undefined;
  if (found === undefined) return undefined;
  const parts: Part[] = [];
  const replaced: string[] = [];
  // Parts that come later have a later time than those that were seen, but one may come within the same millisecond.
  let seen = 0;
  for (const row of (rows ?? []) as PartRow[]) {
    const previous = parts.at(-1);
    if (previous?.number === row.number) replaced.push(parts.pop()?.blob ?? "");
    parts.push(partOf(row));
    seen = Math.max(seen, Math.min(row.modified, row.now - 1));
  }
  return { upload: readUpload(found), parts, replaced, seen };
}

/**
 * Removes an upload with the parts that it had by `until` (ms of D1's clock), and gives the blobs of those that are left,
 * if any. Repeating it is nothing. (Not `returning`: that reads each row three times.)
 */
export async function removeUpload(
  database: Database,
  bucket: Pick<Bucket, "id">,
  { key, id }: Pick<Upload, "key" | "id">,
  until: number,
): Promise<string[]> {
  const [, , late] = await database.batch([
    statement("delete from upload where bucket = ? and key = ? and id = ?", bucket.id, key, id),
    statement("delete from part where upload = ? and modified <= ?", id, until),
    statement("select blob from part where upload = ?", id),
  ]);
  return (late ?? []).map(({ blob }) => String(blob));
}

/** Removes what is left of an upload, once the blobs of its late parts are in good hands. */
export async function removeLateParts(database: Database, id: string): Promise<void> {
  await database.rows(statement("delete from part where upload = ?", id));
}

/** Round trips that one page may take; a page that would take more is cut short, as S3's pages may be. */
const MAX_PAGE_QUERIES = 20;

/** One page of the bucket's uploads, by key and then time; undefined if the bucket is not as remembered. */
export async function listUploads(
  database: Database,
  bucket: Bucket,
  window: Window,
): Promise<Page<Upload> | undefined> {
  const rollup = new Rollup<Upload>(window);
  let bound = rollup.bound;
  for (let queries = 1; ; queries++) {
    const limit = Math.max(rollup.wanted, 100);
    const rows = await uploadsFrom(database, bucket, bound, rollup.end, limit);
    if (rows === undefined) return undefined;
    for (const row of rows) {
      // Rows below a common prefix that was just given are passed over here, without asking again.
      if (isBelow(rollup.page.commonPrefixes.at(-1), row.key)) continue;
      if (rollup.offer(readUpload(row)) === "full") return rollup.page;
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < limit) return rollup.page;
    if (queries === MAX_PAGE_QUERIES) return { ...rollup.page, truncated: true };
    const below = isBelow(rollup.page.commonPrefixes.at(-1), last.key);
    bound = below ? rollup.bound : { key: last.key, inclusive: false, id: last.id };
  }
}

function isBelow(prefix: string | undefined, key: string): boolean {
  return prefix !== undefined && key.startsWith(prefix);
}

async function uploadsFrom(
  database: Database,
  bucket: Bucket,
  bound: Bound | undefined,
  end: string | undefined,
  limit: number,
): Promise<UploadRow[] | undefined> {
  const known = statement(`select 1 as known from bucket where ${SAME_BUCKET}`, ...same(bucket));
  const [found, rows] = await database.batch(
    bound === undefined ? [known] : [known, nextUploads(bucket.id, bound, end, limit)],
  );
  return found?.length === 0 ? undefined : ((rows ?? []) as UploadRow[]);
}

function nextUploads(bucket: string, bound: Bound, end: string | undefined, limit: number) {
  const start = bound.inclusive ? "key >= ?" : bound.id === undefined ? "key > ?" : "(key, id) > (?, ?)";
  const from = bound.id === undefined ? [bound.key] : [bound.key, bound.id];
  const below = end === undefined ? "" : "and key < ?";
  const to = end === undefined ? [] : [end];
  return statement(
    `select * from upload where bucket = ? and ${start} ${below} order by key, id limit ?`,
    bucket,
    ...from,
    ...to,
    limit,
  );
}

function readUpload({ key, id, owner, initiated, promise }: UploadRow): Upload {
  return { key, id, owner, initiated, promise: JSON.parse(promise) as ObjectPromise };
}

function partOf({ number, blob, size, etag, checksum, modified }: PartRow): Part {
  const part = { number, blob, size, etag, modified };
  return checksum === null ? part : { ...part, checksum: JSON.parse(checksum) as Checksum };
}
