// Listings of a bucket: a walk over "the next row at or after this key" that seeks past each common prefix.

import { readVersionId } from "../facts/order.ts";
import { type Bound, Rollup, type Window } from "../facts/rollup.ts";
import type { Description } from "../facts/version.ts";
import type { ListAnswer, ListEntry, ListRequest } from "./protocol.ts";
import { type Index, type SqlValue, scan } from "./tables.ts";
import { findVersion, type VersionRow, versionIdOf } from "./version.ts";

type ListRow = Omit<VersionRow, "body" | "pages" | "tags" | "lock">;

const COLUMNS = "key, sequence, nonce, marker, size, etag, modified, owner, description";

/** Gives rows from a bound on, at most so many, to whoever may stop early. */
type Seek = (bound: Bound, end: string | undefined, limit: number) => Generator<ListRow>;

/** One page; its cost is that of the entries it returns, never of the keys behind them. */
export function listBucket(index: Index, { window, what }: ListRequest): ListAnswer {
  if (what === "current") {
    return walk(window, (bound, end, limit) => scan(index, ...currentFrom(bound, end, limit)));
  }
  return walk(window, (bound, end, limit) => versionsFrom(index, bound, end, limit));
}

function walk(window: Window, seek: Seek): ListAnswer {
  const rollup = new Rollup<ListEntry>(window);
  let seeking = window.limit > 0;
  let previous: string | undefined = window.afterId === undefined ? undefined : window.after;
  while (seeking && rollup.bound !== undefined) {
    seeking = false;
    for (const row of seek(rollup.bound, rollup.end, rollup.wanted)) {
      // Versions of a key come newest first.
      const step = rollup.offer(entryOf(row, row.key !== previous));
      previous = row.key;
      seeking = step === "seek";
      if (step !== "next") break;
    }
  }
  return rollup.page;
}

/** The condition that a bound is, with what it binds. */
function within({ key, inclusive }: Bound, end: string | undefined): [string, SqlValue[]] {
  const from = inclusive ? "key >= ?" : "key > ?";
  return end === undefined ? [from, [key]] : [`${from} and key < ?`, [key, end]];
}

function currentFrom(bound: Bound, end: string | undefined, limit: number): [string, ...SqlValue[]] {
  const [condition, bindings] = within(bound, end);
  return [`select ${COLUMNS} from current where ${condition} order by key limit ?`, ...bindings, limit];
}

/** Both tables merged in order, each read by its own primary key. */
function versionsStatement(condition: string): string {
  const from = (table: string) => `select ${COLUMNS} from ${table} where ${condition}`;
  return `${from("current")} union all ${from("older")} order by key, sequence desc limit ?`;
}

function* versionsFrom(
  index: Index,
  bound: Bound,
  end: string | undefined,
  limit: number,
): Generator<ListRow> {
  if (bound.id !== undefined) {
    const after = sequenceOf(index, bound.key, bound.id);
    const rest: SqlValue[] = [bound.key, after];
    yield* scan<ListRow>(index, versionsStatement("key = ? and sequence < ?"), ...rest, ...rest, limit);
  }
  const [condition, bindings] = within(bound, end);
  yield* scan<ListRow>(index, versionsStatement(condition), ...bindings, ...bindings, limit);
}

/** Where a version stands among its key's. One that is gone, and whose id does not say, hides nothing: all are given. */
function sequenceOf(index: Index, key: string, versionId: string): number {
  return (
    readVersionId(versionId)?.sequence ??
    findVersion(index, key, versionId)?.sequence ??
    Number.MAX_SAFE_INTEGER
  );
}

function entryOf(row: ListRow, latest: boolean): ListEntry {
  const { key, size, etag, modified, owner } = row;
  const { checksum } = JSON.parse(row.description) as Partial<Description>;
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
