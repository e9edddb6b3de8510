// Whether an index's own rows fit each other: counters, holders, lists of extents; and how they are set right.

import type { Books, Inspection, Named, VersionPlace, Whole } from "../facts/fsck.ts";
import { arm } from "./alarm.ts";
import { writeState } from "./open.ts";
import { beginSearch } from "./search.ts";
import { forgetBytes } from "./small.ts";
import { type Index, query, type VersionRow } from "./tables.ts";
import { once } from "./tail.ts";
import { versionAt, versionOf, wantedExtents } from "./version.ts";

/** Larger indexes, in bytes, would keep everybody waiting too long: their rows are not held against each other. */
const MAX_BOOKS_BYTES = 1e9;

/** Faults that are noted of one kind in one inspection: R2 is asked about each. */
const MAX_NOTED = 500;

const BODIES = `select body from current where body <> '' union all select body from older where body <> ''`;

/** A list that is as it should be: its extents add up to the version's size. */
const LIST_SIZE = `select coalesce(sum(extent.value ->> 2), -1)
  from extents, json_each(extents.list) as extent where extents.body = version.body`;

/** The bytes of a version that R2 has nothing of: so many are in the index. */
const KEPT_SIZE = `coalesce(length(data), (select length(small.data) from small where small.sequence = version.sequence), 0)`;

type Holder = { body: string; held: number; named: number };

/** Looks at all of it in one turn; undefined: the index is too large for that. `repair`: sets right what it finds. */
export function checkBooks(index: Index, repair: boolean): Books | undefined {
  if (index.sql.databaseSize > MAX_BOOKS_BYTES) return undefined;
  const holders = query<Holder>(
    index,
    `select coalesce(named.body, holders.body) as body, coalesce(count, 1) as held, coalesce(names, 0) as named
     from (select body, count(*) as names from (${BODIES}) group by body having names > 1) as named
     full join holders on holders.body = named.body
     where coalesce(count, 1) <> coalesce(names, 1) or names is null`,
  );
  const strayLists = query<{ body: string }>(
    index,
    `select distinct body from extents
     where body not in (select body from current where pages is not null)
     and body not in (select body from older where pages is not null)
     and body not in (select name from litter where paged = 1)`,
  ).map(({ body }) => body);
  const strayBytes = query<{ sequence: number }>(
    index,
    `select sequence from small where sequence not in (
       select sequence from current where body = '' and data is null
       union all select sequence from older where body = '' and data is null
     )`,
  ).map(({ sequence }) => sequence);
  const sizes = ["current", "older"].flatMap((table) =>
    query<{ key: string }>(
      index,
      `select key from ${table} as version
       where (pages is not null and size <> (${LIST_SIZE})) or (body = '' and size <> ${KEPT_SIZE})`,
    ).map(({ key }) => key),
  );
  const counted = count(index);
  const { objects, bytes, sequence } = index.tail;
  const isBehind = counted.sequence > sequence;
  const isRight = fits(index, counted);
  if (repair) setRight(index, counted, { holders, strayLists, strayBytes });
  return {
    counters: isRight
      ? undefined
      : `${objects} objects, ${bytes} bytes instead of ${counted.objects}, ${counted.bytes}${isBehind ? `; commit ${sequence} instead of ${counted.sequence}` : ""}`,
    holders: holders.map(({ body, held, named }) => `${body}: ${held} instead of ${named}`),
    strayLists,
    strayBytes,
    sizes,
    versions: counted.versions,
  };
}

/** What the rows say: `sequence` is that of the last commit that made any of them. */
interface Counted {
  objects: number;
  bytes: number;
  versions: number;
  sequence: number;
}

function count(index: Index): Counted {
  const sums = "count(*) as rows, coalesce(sum(size), 0) as bytes, coalesce(max(sequence), 0) as last";
  const of = (table: string) =>
    query<{ rows: number; bytes: number; last: number }>(index, `select ${sums} from ${table}`)[0] ?? {
      rows: 0,
      bytes: 0,
      last: 0,
    };
  const [current, older] = [of("current"), of("older")];
  return {
    objects: current.rows,
    bytes: current.bytes + older.bytes,
    versions: current.rows + older.rows,
    sequence: Math.max(current.last, older.last),
  };
}

function fits({ tail }: Index, { objects, bytes, sequence }: Counted): boolean {
  return objects === tail.objects && bytes === tail.bytes && sequence <= tail.sequence;
}

/** What the rows themselves do not need. */
interface Strays {
  holders: readonly Holder[];
  strayLists: readonly string[];
  strayBytes: readonly number[];
}

function setRight(index: Index, counted: Counted, { holders, strayLists, strayBytes }: Strays): void {
  const { objects, bytes } = index.tail;
  if (fits(index, counted) && holders.length + strayLists.length + strayBytes.length === 0) return;
  // A commit like any other, so that its record and the counters stand together.
  once(index, crypto.randomUUID(), (change) => {
    for (const { body, named } of holders) {
      if (named > 1) query(index, "insert or replace into holders values (?, ?)", body, named);
      else query(index, "delete from holders where body = ?", body);
    }
    for (const body of strayLists)
      query(index, "insert or ignore into litter values (?, ?, 1)", body, change.at);
    for (const sequence of strayBytes) forgetBytes(index, sequence);
    change.sequence = Math.max(change.sequence, counted.sequence);
    change.objects += counted.objects - objects;
    change.bytes += counted.bytes - bytes;
    change.wrote = true;
    return {};
  });
  arm(index, index.now());
}

/**
 * Holds what rows name against what R2 has: `listed` are all blobs of which `within` is true, with their sizes in bytes.
 * What has come since the list was made seems absent too.
 */
export function beginInspection(
  index: Index,
  listed: ReadonlyMap<string, number>,
  within: (blob: string) => boolean,
  limit?: number,
): Inspection {
  const absent: Named[] = [];
  const missized: Named[] = [];
  let passedOver = 0;
  const search = beginSearch(index, [...listed.keys()], limit, (named) => {
    if (!within(named.blob)) return;
    const size = listed.get(named.blob);
    const list = size === undefined ? absent : missized;
    if (size === named.size) return;
    if (list.length < MAX_NOTED) list.push(named);
    else passedOver += 1;
  });
  return { ...search, absent: () => absent, missized: () => missized, passedOver: () => passedOver };
}

/** Whether a row still names this blob. */
export function namesStill(index: Index, { blob, version, body }: Named): boolean {
  if (version !== undefined) return versionAt(index, version.key, version.sequence)?.body === blob;
  const lists = query<{ list: string }>(index, "select list from extents where body = ?", body ?? "");
  return lists.some(({ list }) => list.includes(JSON.stringify(blob)));
}

/** The next version that has bytes, behind a place, with all of its extents. */
export function wholeBehind(
  index: Index,
  place: VersionPlace,
): { whole: Whole | undefined; place: VersionPlace } {
  if (place.table === "end") return { whole: undefined, place };
  const row = place.table === "current" ? currentBehind(index, place.key) : olderBehind(index, place);
  if (row === undefined) {
    const next = place.table === "current" ? "older" : "end";
    return wholeBehind(index, { table: next, key: "", sequence: 0 });
  }
  const { key, sequence, size, etag } = row;
  const encrypted = versionOf(row).description.encryption?.kind === "C";
  const { extents } = wantedExtents(index, row, "all");
  return { whole: { key, sequence, size, etag, encrypted, extents }, place: { ...place, key, sequence } };
}

function currentBehind(index: Index, key: string): VersionRow | undefined {
  const statement = "select * from current where key > ? order by key limit 1";
  return query<VersionRow>(index, statement, key)[0];
}

function olderBehind(index: Index, { key, sequence }: VersionPlace): VersionRow | undefined {
  const rest =
    "select * from older where key = ? and sequence < ? and marker = 0 order by sequence desc limit 1";
  const next = "select * from older where key > ? and marker = 0 order by key, sequence desc limit 1";
  return query<VersionRow>(index, rest, key, sequence)[0] ?? query<VersionRow>(index, next, key)[0];
}

/** Somebody has looked at an index that was made anew: it goes on removing what no version names. */
export function unfreeze(index: Index): void {
  const state = { ...index.state, rebuilt: false };
  writeState(index, state);
  index.state = state;
  arm(index, index.now());
}
