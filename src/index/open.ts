// How a bucket's index is opened and closed, and who is served by it.

import { alarmOf } from "./alarm.ts";
import type { Asker, Moved } from "./protocol.ts";
import { migrate } from "./schema.ts";
import { type Index, type Phase, query } from "./tables.ts";
import { loadTail } from "./tail.ts";

/** Opens the index over an object's storage; `now` gives ms since 1970. */
export function openIndex(storage: DurableObjectStorage, now: () => number): Index {
  migrate(storage);
  const { sql } = storage;
  const state = sql
    .exec<{ phase: Phase; generation: number }>("select phase, generation from state")
    .toArray()[0];
  return {
    sql,
    transaction: (act) => storage.transactionSync(act),
    now,
    state: state ?? { phase: "new", generation: 0 },
    tail: loadTail(sql, now()),
    alarm: alarmOf(storage),
    rows: { calls: 0, read: 0, written: 0 },
    hot: { versions: new Map(), weight: 0 },
    size: { bytes: 0, versions: 0 },
  };
}

function setState(index: Index, phase: Phase, generation: number): void {
  query(index, "insert or replace into state values (1, ?, ?)", phase, generation);
  index.state = { phase, generation };
}

/** Whether this caller may be served; a newer generation than ours is adopted. */
export function admit(index: Index, { generation }: Asker): Moved | undefined {
  const { state } = index;
  if (state.phase !== "open") return { moved: state.phase === "new" ? "lost" : "closed" };
  if (generation < state.generation) return { moved: "stale" };
  adoptGeneration(index, generation);
  return undefined;
}

/** Hears of newer settings: from then on nobody who remembers older ones is served. */
export function adoptGeneration(index: Index, generation: number): void {
  const { phase, generation: known } = index.state;
  if (phase === "open" && generation > known) setState(index, phase, generation);
}

/** Opens a fresh index. A closed one stays closed: a bucket's id is never used again. */
export function openBucket(index: Index): void {
  if (index.state.phase === "new") setState(index, "open", 0);
}

/** Closes the index for ever, unless the bucket holds anything, or the index was lost. Repeating it is nothing. */
export function closeBucket(index: Index): { closed: boolean } | Moved {
  if (index.state.phase === "closed") return { closed: true };
  if (index.state.phase === "new") return { moved: "lost" };
  for (const table of ["current", "older"]) {
    if (query(index, `select 1 from ${table} limit 1`).length > 0) return { closed: false };
  }
  setState(index, "closed", index.state.generation);
  return { closed: true };
}
