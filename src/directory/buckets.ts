// Buckets and their settings, as D1 keeps them.

import type { BucketSettings } from "../facts/settings.ts";
import { type Database, type Row, statement } from "./database.ts";

/** Most buckets one account may own, as AWS's default quota. */
export const MAX_BUCKETS = 10_000;

/** A bucket as its row says. `id` is fresh at each creation, `generation` rises with every change of settings. */
export interface Bucket {
  name: string;
  id: string;
  owner: string;
  region: string;
  created: number;
  generation: number;
  settings: BucketSettings;
}

type BucketRow = Row & { [Column in keyof Bucket]: Column extends "settings" ? string : Bucket[Column] };

const BUCKET = "select name, id, owner, region, created, generation, settings from bucket";

function bucketOf(row: BucketRow): Bucket {
  return { ...row, settings: JSON.parse(row.settings) as BucketSettings };
}

export async function bucketNamed(database: Database, name: string): Promise<Bucket | undefined> {
  const [row] = await database.rows<BucketRow>(statement(`${BUCKET} where name = ?`, name));
  return row && bucketOf(row);
}

/** Writes new settings, one generation on; false if the bucket is not as remembered. */
export async function changeSettings(
  database: Database,
  { name, id, generation }: Bucket,
  settings: BucketSettings,
): Promise<boolean> {
  const text = `update bucket set settings = ?, generation = generation + 1
    where name = ? and id = ? and generation = ? returning generation`;
  return (await database.rows(statement(text, JSON.stringify(settings), name, id, generation))).length > 0;
}

/**
 * Inserts the row unless the name is taken, and gives whichever row has the name now: ours if its id is ours.
 * Undefined: the owner has as many buckets as are allowed.
 */
export async function createBucket(database: Database, bucket: Bucket): Promise<Bucket | undefined> {
  const { name, id, owner, region, created, generation, settings } = bucket;
  const [, found] = await database.batch([
    statement(
      `insert into bucket select ?, ?, ?, ?, ?, ?, ?
       where (select count(*) from bucket where owner = ?) < ? on conflict do nothing`,
      name,
      id,
      owner,
      region,
      created,
      generation,
      JSON.stringify(settings),
      owner,
      MAX_BUCKETS,
    ),
    statement(`${BUCKET} where name = ?`, name),
  ]);
  const row = found?.[0] as BucketRow | undefined;
  return row && bucketOf(row);
}

/** Removes the row and the bucket's uploads, and gives the blobs that were their parts. Repeating it is nothing. */
export async function removeBucket(
  database: Database,
  { name, id }: Pick<Bucket, "name" | "id">,
): Promise<string[]> {
  const [parts] = await database.batch([
    statement("delete from part where upload in (select id from upload where bucket = ?) returning blob", id),
    statement("delete from upload where bucket = ?", id),
    statement("delete from bucket where name = ? and id = ?", name, id),
  ]);
  return (parts ?? []).map(({ blob }) => String(blob));
}

/** One owner's buckets whose names begin with `prefix` and follow `after`, in order, `limit` at the most. */
export async function bucketsOf(
  database: Database,
  owner: string,
  { prefix, after, limit }: { prefix: string; after: string; limit: number },
): Promise<Bucket[]> {
  // Names are ASCII, so the prefix's successor is its own text with a byte that no name contains.
  const rows = await database.rows<BucketRow>(
    statement(
      `${BUCKET} where owner = ? and name > ? and name >= ? and name < ? order by name limit ?`,
      owner,
      after,
      prefix,
      `${prefix}\u{7f}`,
      limit,
    ),
  );
  return rows.map(bucketOf);
}
