// What the sweep asks of D1: uploads that ended, parts that blobs belong to, buckets in turn, and how far it came.

import type { UploadName } from "../facts/litter.ts";
import type { RememberedBucket } from "../facts/outage.ts";
import { type Database, type Row, statement } from "./database.ts";

/** Uploads or buckets that are read at a time. */
export const PAGE_ROWS = 500;

/** The uploads of a bucket (by its id) behind one, by key and id; a page of them. */
export async function uploadsAfter(
  database: Database,
  bucket: string,
  { key, upload }: UploadName,
): Promise<UploadName[]> {
  return database.rows<{ upload: string; key: string }>(
    statement(
      "select id as upload, key from upload where bucket = ? and (key, id) > (?, ?) order by key, id limit ?",
      bucket,
      key,
      upload,
      PAGE_ROWS,
    ),
  );
}

/** Which of these uploads of a bucket's still have their row. */
export async function standingUploads(
  database: Database,
  bucket: string,
  uploads: readonly UploadName[],
): Promise<Set<string>> {
  const rows = await database.rows<{ id: string }>(
    statement(
      `select upload.id from json_each(?) as asked join upload
       on upload.bucket = ? and upload.key = asked.value ->> 'key' and upload.id = asked.value ->> 'upload'`,
      JSON.stringify(uploads),
      bucket,
    ),
  );
  return new Set(rows.map(({ id }) => id));
}

/** The blobs of an upload's parts, all of them. */
export async function blobsOfUpload(database: Database, upload: string): Promise<string[]> {
  const rows = await database.rows<{ blob: string }>(
    statement("select blob from part where upload = ?", upload),
  );
  return rows.map(({ blob }) => blob);
}

/** Which of these blobs are parts of uploads whose row stands. (A part alone can never be completed any more.) */
export async function partsAmong(
  database: Database,
  bucket: string,
  blobs: readonly string[],
): Promise<string[]> {
  const rows = await database.rows<{ blob: string }>(
    statement(
      `select part.blob from upload join part on part.upload = upload.id
       where upload.bucket = ? and part.blob in (select value from json_each(?))`,
      bucket,
      JSON.stringify(blobs),
    ),
  );
  return rows.map(({ blob }) => blob);
}

/** Removes parts whose upload is gone, of the uploads behind `after` (by id). Gives where to go on; undefined: the end. */
export async function removeStrayParts(database: Database, after: string): Promise<string | undefined> {
  const uploads = await database.rows<{ upload: string }>(
    statement("select distinct upload from part where upload > ? order by upload limit ?", after, PAGE_ROWS),
  );
  const ids = JSON.stringify(uploads.map(({ upload }) => upload));
  if (uploads.length > 0) {
    await database.rows(
      statement(
        `delete from part where upload in (select value from json_each(?))
         and upload not in (select id from upload)`,
        ids,
      ),
    );
  }
  return uploads.length < PAGE_ROWS ? undefined : uploads.at(-1)?.upload;
}

/** Buckets behind `after` (by name), a page of them. */
export async function bucketsAfter(database: Database, after: string): Promise<RememberedBucket[]> {
  return database.rows<{ name: string; id: string; generation: number }>(
    statement(
      "select name, id, generation from bucket where name > ? order by name limit ?",
      after,
      PAGE_ROWS,
    ),
  );
}

/** Removes all that the directory knows of a bucket, by its id, and gives the blobs that were parts. */
export async function forgetBucket(database: Database, id: string): Promise<string[]> {
  const [parts] = await database.batch([
    statement("select blob from part where upload in (select id from upload where bucket = ?)", id),
    statement("delete from part where upload in (select id from upload where bucket = ?)", id),
    statement("delete from upload where bucket = ?", id),
    statement("delete from bucket where id = ?", id),
  ]);
  return (parts ?? []).map(({ blob }) => String(blob));
}

/** How far an errand came. */
export interface Errand {
  due: number;
  cursor: string;
}

/** undefined: it never began. */
export async function errandNamed(database: Database, name: string): Promise<Errand | undefined> {
  const [row] = await database.rows<{ due: number; cursor: string }>(
    statement("select due, cursor from errand where name = ?", name),
  );
  return row;
}

export async function keepErrand(database: Database, name: string, { due, cursor }: Errand): Promise<void> {
  await database.rows(statement("insert or replace into errand values (?, ?, ?)", name, due, cursor));
}

/** A part of an upload in progress. */
export interface PartRow {
  key: string;
  upload: string;
  number: number;
  turn: number;
  blob: string;
  size: number;
}

/** The parts of a bucket's uploads behind one, by key, upload, number and turn; a page of them. */
export async function partsBehind(
  database: Database,
  bucket: string,
  { key, upload, number, turn }: Pick<PartRow, "key" | "upload" | "number" | "turn">,
): Promise<PartRow[]> {
  return database.rows<PartRow & Row>(
    statement(
      `select upload.key, upload.id as upload, part.number, part.turn, part.blob, part.size
       from upload join part on part.upload = upload.id
       where upload.bucket = ?1 and (upload.key, upload.id) >= (?2, ?3)
       and ((upload.key, upload.id) > (?2, ?3) or (part.number, part.turn) > (?4, ?5))
       order by upload.key, upload.id, part.number, part.turn limit ?6`,
      bucket,
      key,
      upload,
      number,
      turn,
      PAGE_ROWS,
    ),
  );
}

/** Raises a bucket's generation to what its index has heard of: the directory was set back to an earlier time. */
export async function raiseGeneration(
  database: Database,
  { name, id }: Pick<RememberedBucket, "name" | "id">,
  generation: number,
): Promise<void> {
  const text = "update bucket set generation = ? where name = ? and id = ? and generation < ?";
  await database.rows(statement(text, generation, name, id, generation));
}

/** Which of these ids are buckets'. */
export async function bucketsAmong(database: Database, ids: readonly string[]): Promise<Set<string>> {
  const text = "select id from bucket where id in (select value from json_each(?))";
  const rows = await database.rows<{ id: string }>(statement(text, JSON.stringify(ids)));
  return new Set(rows.map(({ id }) => id));
}
