// A walk over all that an index holds, in the order of its keys, a piece at a time: what a checkpoint consists of.

import { type EndedRow, type ExtentsRow, spellLine } from "./journal-lines.ts";
import type { WalkPlace } from "./journal-state.ts";
import { eachWithBytes } from "./small.ts";
import { type Index, query, type VersionRow } from "./tables.ts";

/** Rows read by one statement: each may bring some KB along. */
const ROWS_A_STATEMENT = 100;

/** Rows on the way to the end of a piece, however short they are. */
const MAX_ROWS = 5000;

/** Goes on from a place until its lines take more than `most` characters, or everything was walked over. */
export function walkOn(index: Index, from: WalkPlace, most: number): { lines: string[]; place: WalkPlace } {
  const lines: string[] = [];
  let place = from;
  let size = 0;
  while (place.rows !== "none" && lines.length < MAX_ROWS) {
    const { rows, next } = readOn(index, place);
    if (rows.length === 0) place = next;
    for (const row of rows) {
      lines.push(row.line);
      size += row.line.length + 1;
      place = row.place;
      if (size > most) return { lines, place };
    }
  }
  return { lines, place };
}

/** Rows behind a place, with the place behind each; if there are none, where to go on. */
function readOn(
  index: Index,
  place: Exclude<WalkPlace, { rows: "none" }>,
): { rows: { line: string; place: WalkPlace }[]; next: WalkPlace } {
  switch (place.rows) {
    case "versions": {
      const found = eachWithBytes(index, versionsBehind(index, place.key, place.sequence));
      const rows = found.map((version) => {
        const { key, sequence } = version;
        return { line: spellLine({ version }), place: { rows: "versions", key, sequence } as const };
      });
      return { rows, next: { rows: "extents", body: "", page: 0 } };
    }
    case "extents": {
      const statement = "select * from extents where (body, page) > (?, ?) order by body, page limit ?";
      const found = query<ExtentsRow>(index, statement, place.body, place.page, ROWS_A_STATEMENT);
      const rows = found.map((extents) => {
        const { body, page } = extents;
        return { line: spellLine({ extents }), place: { rows: "extents", body, page } as const };
      });
      return { rows, next: { rows: "ended", upload: "" } };
    }
    case "ended": {
      const statement = "select * from ended where upload > ? order by upload limit ?";
      const rows = query<EndedRow>(index, statement, place.upload, ROWS_A_STATEMENT).map((ended) => {
        return { line: spellLine({ ended }), place: { rows: "ended", upload: ended.upload } as const };
      });
      return { rows, next: { rows: "none" } };
    }
  }
}

/**
 * Versions in the order of their keys, the newest of each first: the rest of a key's, then those of the next keys. Both
 * tables are read side by side, since a version may move from one to the other while the walk rests.
 */
function versionsBehind(index: Index, key: string, sequence: number): VersionRow[] {
  const rest =
    key === "" ? [] : bothTables(index, "key = ? and sequence < ?", "sequence desc", key, sequence);
  return rest.length > 0 ? rest : bothTables(index, "key > ?", "key, sequence desc", key);
}

function bothTables(
  index: Index,
  where: string,
  order: string,
  ...bindings: (string | number)[]
): VersionRow[] {
  return query<VersionRow>(
    index,
    `select * from current where ${where} union all select * from older where ${where} order by ${order} limit ?`,
    ...bindings,
    ...bindings,
    ROWS_A_STATEMENT,
  );
}
