// How a version and its extents lie in the index's rows, and how they are found.

import { type Extent, type KeptExtent, pageOf } from "../facts/extent.ts";
import type { Grant } from "../facts/grant.ts";
import type { Lock } from "../facts/lock.ts";
import { NULL_VERSION, readVersionId, spellVersionId } from "../facts/order.ts";
import { type RangeSpec, sliceOf } from "../facts/range.ts";
import type { Description, Tag, Version } from "../facts/version.ts";
import type { Marker, ReadAnswer, ReadRequest } from "./protocol.ts";
import { withBytes } from "./small.ts";
import { type Index, query, type SqlValue, type VersionRow } from "./tables.ts";

/** A page of a long body, as kept in the version's row: its number, and the object's byte at which it begins. */
type PageStart = [page: number, start: number];

export function currentRow(index: Index, key: string): VersionRow | undefined {
  return query<VersionRow>(index, "select * from current where key = ?", key)[0];
}

/** The newest of a key's versions that are not current: a marker, if the key has no current version. */
export function newestOlder(index: Index, key: string): VersionRow | undefined {
  const statement = "select * from older where key = ? order by sequence desc limit 1";
  return query<VersionRow>(index, statement, key)[0];
}

/** A version by its id, wherever it lies; `current`: the key's current one, if it has been read already. */
export function findVersion(
  index: Index,
  key: string,
  versionId: string,
  current = currentRow(index, key),
): VersionRow | undefined {
  if (current !== undefined && versionIdOf(current) === versionId) return current;
  if (versionId === NULL_VERSION) return olderNull(index, key);
  const named = readVersionId(versionId);
  if (named === undefined) return undefined;
  return olderAt(index, key, named.sequence, named.nonce);
}

/** The null version of a key, if it is not the current one. (Left to itself, SQLite reads all of the key's versions.) */
export function olderNull(index: Index, key: string): VersionRow | undefined {
  const statement = "select * from older indexed by older_null where key = ? and nonce = ''";
  return query<VersionRow>(index, statement, key)[0];
}

/** A version by its commit. */
export function versionAt(index: Index, key: string, sequence: number): VersionRow | undefined {
  const current = currentRow(index, key);
  return current?.sequence === sequence ? current : olderAt(index, key, sequence);
}

/** Runs a statement and gives its rows. */
export type Select<Row> = (statement: string, ...bindings: SqlValue[]) => Row[];

/**
 * At most `limit` of `older` behind a place, in the order of their keys, the newest of each first: the rest of that key's,
 * or else those of the keys behind it. `columns` of each.
 */
export function nextOlder<Row>(
  select: Select<Row>,
  columns: string,
  { key, sequence }: Pick<VersionRow, "key" | "sequence">,
  limit: number,
): Row[] {
  const start = `select ${columns} from older where`;
  const rest = select(
    `${start} key = ? and sequence < ? order by sequence desc limit ?`,
    key,
    sequence,
    limit,
  );
  if (rest.length > 0) return rest;
  return select(`${start} key > ? order by key, sequence desc limit ?`, key, limit);
}

function olderAt(index: Index, key: string, sequence: number, nonce?: string): VersionRow | undefined {
  const statement = "select * from older where key = ? and sequence = ?";
  const [row] = query<VersionRow>(index, statement, key, sequence);
  return nonce === undefined || row?.nonce === nonce ? row : undefined;
}

export function versionIdOf({ sequence, nonce }: Pick<VersionRow, "sequence" | "nonce">): string {
  return spellVersionId(sequence, nonce);
}

export function lockOf({ lock }: Pick<VersionRow, "lock">): Lock | undefined {
  return lock === null ? undefined : (JSON.parse(lock) as Lock);
}

export function markerOf(row: VersionRow): Marker {
  return { versionId: versionIdOf(row), modified: row.modified };
}

export function versionOf(row: VersionRow): Version {
  const { key, sequence, size, etag, modified, owner } = row;
  const description = JSON.parse(row.description) as Description;
  const version = { key, sequence, size, etag, modified, owner, versionId: versionIdOf(row), description };
  const tags = row.tags === null ? undefined : (JSON.parse(row.tags) as Tag[]);
  const grants = row.grants === null ? undefined : (JSON.parse(row.grants) as Grant[]);
  return { ...version, tags, lock: lockOf(row), grants };
}

/** Writes the pages of a long body and gives what its version's row keeps of them. */
export function writePages(index: Index, body: string, extents: readonly Extent[]): string {
  const pages = new Map<number, Extent[]>();
  for (const extent of extents) {
    const page = pageOf(extent.number);
    const list = pages.get(page);
    if (list === undefined) pages.set(page, [extent]);
    else list.push(extent);
  }
  const starts: PageStart[] = [];
  let start = 0;
  for (const [page, list] of pages) {
    const text = JSON.stringify(list.map(keptOf));
    query(index, "insert or replace into extents values (?, ?, ?)", body, page, text);
    starts.push([page, start]);
    start += list.reduce((sum, { size }) => sum + size, 0);
  }
  return JSON.stringify(starts);
}

/** Looks for what a request names: a row that has bytes, or what there is instead. */
export function lookUp(
  index: Index,
  key: string,
  versionId: string | undefined,
): { row: VersionRow } | Exclude<ReadAnswer, { version: Version }> {
  if (versionId !== undefined) {
    const row = findVersion(index, key, versionId);
    if (row === undefined) return { missing: "version" };
    return row.marker === 0 ? { row } : { missing: "bytes", marker: markerOf(row) };
  }
  const row = currentRow(index, key);
  if (row !== undefined) return { row };
  const behind = newestOlder(index, key);
  return behind === undefined ? { missing: "key" } : { missing: "key", behind: markerOf(behind) };
}

/** What a read wants of a version's body, and the object's byte at which the first of it begins. */
export function wantedExtents(
  index: Index,
  row: VersionRow,
  want: ReadRequest["want"],
): { extents: Extent[]; start: number } {
  if (want === "none") return { extents: [], start: 0 };
  if (row.body === "") {
    const { size, data } = withBytes(index, row);
    return { extents: data === null ? [] : [{ number: 1, blob: "", size, data }], start: 0 };
  }
  if (row.pages === null) return { extents: [{ number: 1, blob: row.body, size: row.size }], start: 0 };
  const starts = JSON.parse(row.pages) as PageStart[];
  if (want === "all") return pagesFrom(index, row.body, starts);
  if ("part" in want) return partOf(index, row.body, starts, want.part);
  return pagesFrom(index, row.body, pagesUnder(starts, want.range, row.size));
}

function pagesUnder(starts: PageStart[], range: RangeSpec, size: number): PageStart[] {
  const slice = sliceOf(range, size);
  if (slice === undefined) return [];
  return starts.filter(([, start], at) => {
    const next = starts[at + 1]?.[1] ?? size;
    return start < slice.offset + slice.length && next > slice.offset;
  });
}

function pagesFrom(index: Index, body: string, pages: PageStart[]): { extents: Extent[]; start: number } {
  const first = pages[0];
  const last = pages.at(-1);
  if (first === undefined || last === undefined) return { extents: [], start: 0 };
  const statement = "select list from extents where body = ? and page between ? and ? order by page";
  const rows = query<{ list: string }>(index, statement, body, first[0], last[0]);
  const extents = rows.flatMap(({ list }) => (JSON.parse(list) as KeptExtent[]).map(extentOf));
  return { extents, start: first[1] };
}

function keptOf({ number, blob, size, checksum }: Extent): KeptExtent {
  return checksum === undefined ? [number, blob, size] : [number, blob, size, checksum];
}

function extentOf([number, blob, size, checksum]: KeptExtent): Extent {
  return checksum ? { number, blob, size, checksum } : { number, blob, size };
}

function partOf(
  index: Index,
  body: string,
  starts: PageStart[],
  number: number,
): { extents: Extent[]; start: number } {
  const page = starts.filter(([at]) => at === pageOf(number));
  const { extents, start } = pagesFrom(index, body, page);
  const at = extents.findIndex((extent) => extent.number === number);
  const before = extents.slice(0, Math.max(at, 0)).reduce((sum, { size }) => sum + size, 0);
  return { extents: at < 0 ? [] : extents.slice(at, at + 1), start: start + before };
}
