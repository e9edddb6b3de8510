// The first key of each of the common prefixes that follow one another, in one statement: a seek apiece inside SQLite,
// where a statement apiece costs several times as much.

import { prefixSuccessor, utf8Length } from "../facts/key.ts";
import type { Window } from "../facts/rollup.ts";
import { type Index, queryValues } from "./tables.ts";

/** The delimiter behind the prefix: its first byte's place there from 1; 0: nowhere. In bytes, since a key may hold NUL. */
const FOUND = "instr(substr(cast(head.key as blob), ?2 + 1), cast(?3 as blob))";

/** The first text behind all that shares the key's common prefix: the key up to the delimiter, and that one's successor. */
const BEHIND = `cast(substr(cast(head.key as blob), 1, ?2 + ${FOUND} - 1) as text) || ?4`;

/**
 * At most `limit` keys: the first one at or behind `from`, then each time the first without the common prefix of the one
 * before. They end before a key that has none, and before `end`. Undefined if this cannot be said of this delimiter.
 */
export function headsFrom(
  index: Index,
  table: "current" | "older",
  { prefix, delimiter }: Window,
  { from, end, limit }: { from: string; end: string | undefined; limit: number },
): string[] | undefined {
  const successor = prefixSuccessor(delimiter);
  if (successor === undefined) return undefined;
  const before = end === undefined ? "" : "and key < ?6";
  const rows = queryValues<[string]>(
    index,
    `with recursive head (key) as (
       select * from (select key from ${table} where key >= ?1 ${before} order by key limit 1)
       union all
       select (select key from ${table} where key >= ${BEHIND} ${before} order by key limit 1)
       from head where ${FOUND} > 0 limit ?5
     ) select key from head where ${FOUND} > 0`,
    ...[from, utf8Length(prefix), delimiter, successor, limit],
    ...(end === undefined ? [] : [end]),
  );
  return rows.map(([key]) => key);
}
