// Listings of a bucket: a walk over "the next current row at or after this key" that seeks past each common prefix.

import { type Bound, Rollup } from "../facts/rollup.ts";
import { type Description, NULL_VERSION } from "../facts/version.ts";
import { type Index, scan } from "./open.ts";
import type { ListAnswer, ListEntry, ListRequest } from "./protocol.ts";

type ListRow = {
  key: string;
  size: number;
  etag: string;
  modified: number;
  owner: string;
  description: string;
};

/** One page of the current versions; its cost is that of the entries it returns, never of the keys behind them. */
export function listCurrent(index: Index, { window }: ListRequest): ListAnswer {
  const rollup = new Rollup<ListEntry>(window);
  let seeking = window.limit > 0;
  while (seeking && rollup.bound !== undefined) {
    seeking = false;
    for (const row of rowsFrom(index, rollup.bound, rollup.end, rollup.wanted)) {
      const step = rollup.offer(entryOf(row));
      seeking = step === "seek";
      if (step !== "next") break;
    }
  }
  return rollup.page;
}

function rowsFrom(index: Index, bound: Bound, end: string | undefined, limit: number): Generator<ListRow> {
  const start = bound.inclusive ? "key >= ?" : "key > ?";
  const columns = "select key, size, etag, modified, owner, description from current";
  return end === undefined
    ? scan<ListRow>(index, `${columns} where ${start} order by key limit ?`, bound.key, limit)
    : scan<ListRow>(
        index,
        `${columns} where ${start} and key < ? order by key limit ?`,
        bound.key,
        end,
        limit,
      );
}

function entryOf({ description, ...row }: ListRow): ListEntry {
  const { checksum } = JSON.parse(description) as Description;
  const entry: ListEntry = { ...row, versionId: NULL_VERSION };
  return checksum ? { ...entry, checksum: { algorithm: checksum.algorithm, type: checksum.type } } : entry;
}
