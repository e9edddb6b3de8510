// Where a small object's bytes lie: in its version's row as long as that fits its page, else in a table of their own.

import { type Index, query, type VersionRow } from "./tables.ts";

/** What SQLite keeps of a row in its page, in bytes, if the table has no rowids; a longer one spills over into 4 KiB more. */
const ROW_BYTES = 1002;

/** Most of them that are the row's header and numbers. */
const NUMBER_BYTES = 64;

/** Whether a row holds its bytes without spilling over. Texts beyond ASCII take more than is counted: then it does. */
function fits({ key, nonce, etag, owner, description, tags, lock, grants, data }: VersionRow): boolean {
  const texts = [key, nonce, etag, owner, description, tags, lock, grants];
  const characters = texts.reduce((sum, text) => sum + (text?.length ?? 0), 0);
  return NUMBER_BYTES + characters + (data?.byteLength ?? 0) <= ROW_BYTES;
}

/** Whether a version's bytes lie apart, under its sequence: then it has some, and names no place for them. */
function areApart({ body, data, size }: Pick<VersionRow, "body" | "data" | "size">): boolean {
  return body === "" && data === null && size > 0;
}

/** What the row itself keeps of a version's bytes that is about to be written; the others are put apart. */
export function layBytes(index: Index, row: VersionRow): VersionRow["data"] {
  if (row.data === null || fits(row)) return row.data;
  query(index, "insert into small values (?, ?)", row.sequence, row.data);
  return null;
}

/** A version with its bytes, if the index has them. */
export function withBytes(index: Index, row: VersionRow): VersionRow {
  if (!areApart(row)) return row;
  const statement = "select data from small where sequence = ?";
  const [found] = query<{ data: ArrayBuffer }>(index, statement, row.sequence);
  return found === undefined ? row : { ...row, data: found.data };
}

/** The same for whoever hands them out. Throws if they are lost: what has none would pass for an empty object. */
export function withAllBytes(index: Index, row: VersionRow): VersionRow {
  const found = withBytes(index, row);
  if (areApart(found)) throw new Error(`the bytes of commit ${row.sequence} are not in the index`);
  return found;
}

/** Many versions, each with its bytes if the index has them: by one statement. */
export function eachWithBytes(index: Index, rows: readonly VersionRow[]): VersionRow[] {
  const apart = rows.filter(areApart).map(({ sequence }) => sequence);
  if (apart.length === 0) return [...rows];
  const statement = "select sequence, data from small where sequence in (select value from json_each(?))";
  const found = query<{ sequence: number; data: ArrayBuffer }>(index, statement, JSON.stringify(apart));
  const bytes = new Map(found.map(({ sequence, data }) => [sequence, data]));
  return rows.map((row) => (areApart(row) ? { ...row, data: bytes.get(row.sequence) ?? null } : row));
}

/** The bytes of a version that was let go, if they lie apart, go at once: whoever reads them has them already. */
export function dropBytes(index: Index, row: VersionRow): void {
  if (areApart(row)) forgetBytes(index, row.sequence);
}

/** The same of a version of which no more than its sequence is known. */
export function forgetBytes(index: Index, sequence: number): void {
  query(index, "delete from small where sequence = ?", sequence);
}

/** A version gets another sequence. */
export function renumberBytes(index: Index, row: VersionRow, sequence: number): void {
  if (areApart(row)) query(index, "update small set sequence = ? where sequence = ?", sequence, row.sequence);
}
