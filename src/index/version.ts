// How a version and its extents lie in the index's rows.

import { type Extent, pageOf } from "../facts/extent.ts";
import { type RangeSpec, sliceOf } from "../facts/range.ts";
import { type Description, NULL_VERSION, type Version } from "../facts/version.ts";
import { type Index, query } from "./open.ts";
import type { ReadAnswer, ReadRequest } from "./protocol.ts";

export type CurrentRow = {
  key: string;
  sequence: number;
  size: number;
  etag: string;
  modified: number;
  owner: string;
  body: string;
  pages: string | null;
  description: string;
};

/** A page of a long body, as kept in the version's row: its number, and the object's byte at which it begins. */
type PageStart = [page: number, start: number];

export function currentRow(index: Index, key: string): CurrentRow | undefined {
  return query<CurrentRow>(index, "select * from current where key = ?", key)[0];
}

export function versionOf(row: CurrentRow): Version {
  const { key, sequence, size, etag, modified, owner } = row;
  const description = JSON.parse(row.description) as Description;
  return { key, sequence, size, etag, modified, owner, versionId: NULL_VERSION, description };
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
    const text = JSON.stringify(list.map(({ number, blob, size }) => [number, blob, size]));
    query(index, "insert or replace into extents values (?, ?, ?)", body, page, text);
    starts.push([page, start]);
    start += list.reduce((sum, { size }) => sum + size, 0);
  }
  return JSON.stringify(starts);
}

/** Answers a read: the version, and of its body only the extents that are wanted. */
export function readVersion(index: Index, { key, versionId, want }: ReadRequest): ReadAnswer {
  const row = currentRow(index, key);
  if (row === undefined) return { missing: versionId === undefined ? "key" : "version" };
  if (versionId !== undefined && versionId !== NULL_VERSION) return { missing: "version" };
  return { version: versionOf(row), ...wantedExtents(index, row, want) };
}

function wantedExtents(
  index: Index,
  row: CurrentRow,
  want: ReadRequest["want"],
): { extents: Extent[]; start: number } {
  if (want === "none" || row.body === "") return { extents: [], start: 0 };
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
  const extents = rows.flatMap(({ list }) =>
    (JSON.parse(list) as [number, string, number][]).map(([number, blob, size]) => ({ number, blob, size })),
  );
  return { extents, start: first[1] };
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
