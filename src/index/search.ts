// The search for blobs that no row names: through all rows, a bounded number at a time, while commits go on.

import type { KeptExtent } from "../facts/extent.ts";
import type { Named } from "../facts/fsck.ts";
import type { Search } from "../facts/litter.ts";
import { isLitter, litterBlobs } from "./litter.ts";
import { type Index, queryValues, type SqlValue } from "./tables.ts";
import { nextOlder, type Select } from "./version.ts";

/** Rows that are read at a time. */
const LOOK_ROWS = 5_000;

/** How far a walk has come: the table, and the primary key of the last row that was seen. */
export interface Place {
  table: "current" | "older" | "extents" | "end";
  first: string;
  second: number;
}

export const BEGINNING: Place = { table: "current", first: "", second: Number.MAX_SAFE_INTEGER };

/**
 * Shows `see` the blobs that the next rows name, and gives the place behind them. The tables come in the order in which
 * rows move by themselves: a version that is superseded goes from `current` to `older`. Whatever moves a body another way,
 * or names one anew, has to say so with `spare`.
 */
export function walk(
  index: Index,
  place: Place,
  see: (named: Named) => void,
  limit: number = LOOK_ROWS,
): Place {
  switch (place.table) {
    case "current": {
      const statement =
        "select key, sequence, size, body, pages is null from current where key > ? order by key limit ?";
      const rows = select(index, statement, place.first, limit);
      return showVersions(rows, place, see) ?? { table: "older", first: "", second: -1 };
    }
    case "older":
      return (
        showVersions(olderRows(index, place, limit), place, see) ?? {
          table: "extents",
          first: "",
          second: -1,
        }
      );
    case "extents": {
      const statement = `select body, page, list from extents where (body, page) > (?, ?) order by body, page limit ?`;
      const rows = queryValues<[string, number, string]>(
        index,
        statement,
        place.first,
        place.second,
        Math.ceil(limit / 50),
      );
      for (const [body, , list] of rows) {
        for (const [, blob, size] of JSON.parse(list) as KeptExtent[])
          if (blob !== "") see({ blob, size, body });
      }
      const last = rows.at(-1);
      if (last === undefined) return { table: "end", first: "", second: 0 };
      return { table: "extents", first: last[0], second: last[1] };
    }
    case "end":
      return place;
  }
}

type Row = [key: string, sequence: number, size: number, body: string, whole: number];

function select(index: Index, statement: string, ...bindings: SqlValue[]): Row[] {
  return queryValues<Row>(index, statement, ...bindings);
}

function olderRows(index: Index, { first, second }: Place, limit: number): Row[] {
  const ask: Select<Row> = (statement, ...bindings) => select(index, statement, ...bindings);
  return nextOlder(ask, "key, sequence, size, body, pages is null", { key: first, sequence: second }, limit);
}

/** The place behind the rows; undefined: there were none. */
function showVersions(rows: Row[], { table }: Place, see: (named: Named) => void): Place | undefined {
  for (const [key, sequence, size, body, whole] of rows) {
    if (whole === 1 && body !== "") see({ blob: body, size, version: { key, sequence } });
  }
  const last = rows.at(-1);
  return last && { table, first: last[0], second: last[1] };
}

/**
 * Begins to search the index for these blobs, `limit` rows at a time; until it is dropped, commits say what they name.
 * `see`: is shown all that rows name.
 */
export function beginSearch(
  index: Index,
  blobs: readonly string[],
  limit = LOOK_ROWS,
  see: (named: Named) => void = () => {},
): Search {
  const names = new Set(blobs);
  let place = BEGINNING;
  index.searches.add(names);
  // While an index is made anew its rows say nothing yet of what is named; searches have to begin anew then.
  const unnamed = () =>
    index.state.phase === "new" ? [] : [...names].filter((blob) => !isLitter(index, blob));
  return {
    look() {
      const note = (named: Named) => {
        names.delete(named.blob);
        see(named);
      };
      place = walk(index, place, note, limit);
      return place.table === "end";
    },
    unnamed,
    spare(more) {
      for (const blob of more) names.delete(blob);
    },
    litter() {
      const left = unnamed();
      index.transaction(() => litterBlobs(index, left, index.now()));
      return left.length;
    },
    drop: () => void index.searches.delete(names),
  };
}

/** A row has begun to name these where a search may have been already. */
export function spare({ searches }: Index, ...blobs: string[]): void {
  for (const names of searches) for (const blob of blobs) names.delete(blob);
}
