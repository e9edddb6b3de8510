// Listings of a bucket: a walk over "the next row at or after this key" that seeks past each common prefix.

import { readVersionId } from "../facts/order.ts";
import { type Bound, compareUtf8, Rollup, type Window } from "../facts/rollup.ts";
import type { Description } from "../facts/version.ts";
import { headsFrom } from "./heads.ts";
import type { ListAnswer, ListEntry, ListRequest } from "./protocol.ts";
import { type Index, queryValues, type SqlValue, type VersionRow } from "./tables.ts";
import { findVersion, versionIdOf } from "./version.ts";

type ListRow = Omit<VersionRow, "body" | "pages" | "tags" | "lock" | "grants" | "data">;

/** A row that is rolled up into a common prefix, of which nothing is shown but that. */
const ROLLED = {
  sequence: 0,
  nonce: "",
  marker: 0,
  size: 0,
  etag: "",
  modified: 0,
  owner: "",
  description: "",
};

/** From so many common prefixes in a row on, the next ones are looked for together. */
const HEADS_FROM = 2;

const COLUMNS = "key, sequence, nonce, marker, size, etag, modified, owner, description";

/** `COLUMNS` of one row. */
type Values = [
  key: string,
  sequence: number,
  nonce: string,
  marker: number,
  size: number,
  etag: string,
  modified: number,
  owner: string,
  description: string,
];

function rowOf([key, sequence, nonce, marker, size, etag, modified, owner, description]: Values): ListRow {
  return { key, sequence, nonce, marker, size, etag, modified, owner, description };
}

/** One page; its cost is that of the entries it returns, never of the keys behind them. */
export function listBucket(index: Index, { window, what }: ListRequest): ListAnswer {
  const tables = what === "current" ? (["current"] as const) : (["current", "older"] as const);
  const rollup = new Rollup<ListRow>(window);
  const readers = tables.map((table) => new Reader(index, table, rollup, window));
  for (let step: string = window.limit > 0 ? "seek" : "full"; step !== "full"; ) {
    if (step === "seek") {
      if (rollup.bound === undefined) break;
      for (const reader of readers) reader.seek(rollup.bound);
    }
    const reader = foremost(readers);
    const row = reader?.peek();
    if (reader === undefined || row === undefined) break;
    step = rollup.offer(row);
    reader.pass();
  }
  return { ...rollup.page, entries: entriesOf(index, rollup.page.entries, window) };
}

/** The reader whose row comes first: by key, and among versions of one the newest. */
function foremost([first, second]: readonly Reader[]): Reader | undefined {
  const [a, b] = [first?.peek(), second?.peek()];
  if (a === undefined || b === undefined) return a === undefined ? second : first;
  const order = compareUtf8(a.key, b.key) || b.sequence - a.sequence;
  return order < 0 ? first : second;
}

/** A row to read on behind: past its key, or first through the versions of it that are older than `sequence`. */
type Place = Omit<Bound, "id"> & { sequence?: number | undefined };

/**
 * Rows of one table in the order of its primary key. Each statement is run to its end: one that is left half read stays
 * open, and SQLite must prepare the same text anew. Where rows may be rolled up, a seek reads one row, then as many again
 * as were of use since: so at most half of what is read is passed over. Where one common prefix followed another, as many
 * again are looked for at once.
 */
class Reader {
  readonly #index: Index;
  readonly #table: "current" | "older";
  readonly #rollup: Rollup<ListRow>;
  readonly #window: Window;
  #place: Place | undefined;
  #rows: ListRow[] = [];
  #at = 0;
  /** Rows given since the last seek. */
  #given = 0;
  /** Seeks since a row that was no common prefix's. */
  #seeks = 0;
  /** Whether `#rows` are the first of one common prefix each. Behind each of them comes a seek. */
  #heads = false;

  constructor(index: Index, table: "current" | "older", rollup: Rollup<ListRow>, window: Window) {
    this.#index = index;
    this.#table = table;
    this.#rollup = rollup;
    this.#window = window;
  }

  seek({ key, inclusive, id }: Bound): void {
    this.#seeks += 1;
    if (this.#heads) this.#passHeads(key);
    if (this.#heads && this.#at < this.#rows.length) return;
    this.#heads = false;
    this.#place = {
      key,
      inclusive,
      sequence: id === undefined ? undefined : sequenceOf(this.#index, key, id),
    };
    this.#rows = [];
    this.#at = 0;
    this.#given = 0;
  }

  /** The next row, if there is one. */
  peek(): ListRow | undefined {
    while (this.#at === this.#rows.length && this.#place !== undefined) {
      const { wanted } = this.#rollup;
      const whole = this.#window.delimiter === "";
      this.#rows =
        this.#readHeads(this.#place, wanted) ??
        this.#read(this.#place, whole ? wanted : Math.min(wanted, this.#given + 1));
      this.#at = 0;
    }
    return this.#rows[this.#at];
  }

  pass(): void {
    this.#at += 1;
    if (this.#heads) return;
    this.#given += 1;
    if (this.#given > 1) this.#seeks = 0;
  }

  /** Heads before a bound that is behind a common prefix lie in it; the next one is the first row at that bound. */
  #passHeads(bound: string): void {
    for (; this.#at < this.#rows.length; this.#at++) {
      const row = this.#rows[this.#at];
      if (row !== undefined && compareUtf8(row.key, bound) >= 0) return;
    }
  }

  /** The next common prefixes' first rows, if some followed one another; undefined: rows must be read one by one. */
  #readHeads({ key, inclusive, sequence }: Place, wanted: number): ListRow[] | undefined {
    if (this.#seeks <= HEADS_FROM || this.#given > 0 || !inclusive || sequence !== undefined)
      return undefined;
    const limit = Math.min(wanted, this.#seeks);
    const heads = headsFrom(this.#index, this.#table, this.#window, {
      from: key,
      end: this.#rollup.end,
      limit,
    });
    if (heads === undefined || heads.length === 0) return undefined;
    this.#heads = true;
    return heads.map((head) => ({ ...ROLLED, key: head }));
  }

  #read({ key, inclusive, sequence }: Place, limit: number): ListRow[] {
    const rows =
      sequence === undefined
        ? this.#select(...within({ key, inclusive }, this.#rollup.end), limit)
        : this.#select("key = ? and sequence < ?", [key, sequence], limit);
    const last = rows.at(-1);
    if (rows.length < limit) this.#place = sequence === undefined ? undefined : { key, inclusive: false };
    else if (last !== undefined) {
      this.#place = {
        key: last.key,
        inclusive: false,
        sequence: this.#table === "older" ? last.sequence : undefined,
      };
    }
    return rows;
  }

  #select(condition: string, bindings: SqlValue[], limit: number): ListRow[] {
    const order = this.#table === "older" ? "key, sequence desc" : "key";
    const statement = `select ${COLUMNS} from ${this.#table} where ${condition} order by ${order} limit ?`;
    return queryValues<Values>(this.#index, statement, ...bindings, limit).map(rowOf);
  }
}

/** The condition that a bound is, with what it binds. */
function within({ key, inclusive }: Bound, end: string | undefined): [string, SqlValue[]] {
  const from = inclusive ? "key >= ?" : "key > ?";
  return end === undefined ? [from, [key]] : [`${from} and key < ?`, [key, end]];
}

/** Where a version stands among its key's. One that is gone, and whose id does not say, hides nothing: all are given. */
function sequenceOf(index: Index, key: string, versionId: string): number {
  return (
    readVersionId(versionId)?.sequence ??
    findVersion(index, key, versionId)?.sequence ??
    Number.MAX_SAFE_INTEGER
  );
}

/** Rows as a listing shows them; versions of a key come newest first. */
function entriesOf(index: Index, rows: readonly ListRow[], { after, afterId }: Window): ListEntry[] {
  const [first] = rows;
  const goesOn =
    first !== undefined && afterId !== undefined && first.key === after && hasNewer(index, first);
  let previous = goesOn ? after : undefined;
  return rows.map((row) => {
    const entry = entryOf(row, row.key !== previous);
    previous = row.key;
    return entry;
  });
}

/** The version that a page starts after may have been removed since the page before, with all that were newer. */
function hasNewer(index: Index, { key, sequence }: ListRow): boolean {
  return (["current", "older"] as const).some((table) => {
    const statement = `select 1 as found from ${table} where key = ? and sequence > ? limit 1`;
    return queryValues<[number]>(index, statement, key, sequence).length > 0;
  });
}

function entryOf(row: ListRow, latest: boolean): ListEntry {
  const { key, size, etag, modified, owner } = row;
  // Most have none, and then nothing else in there is shown.
  const { checksum } = row.description.includes('"checksum"')
    ? (JSON.parse(row.description) as Partial<Description>)
    : {};
  const entry = {
    key,
    size,
    etag,
    modified,
    owner,
    versionId: versionIdOf(row),
    marker: row.marker === 1,
    latest,
  };
  return checksum ? { ...entry, checksum: { algorithm: checksum.algorithm, type: checksum.type } } : entry;
}
