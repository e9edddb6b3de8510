// How a bucket's index is opened and closed, and who is served by it.

import { alarmOf, arm, distrust, planJob } from "./alarm.ts";
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
  const index: Index = {
    sql,
    transaction(act) {
      try {
        return storage.transactionSync(act);
      } catch (error) {
        distrust(index);
        throw error;
      }
    },
    now,
    state: state ?? { phase: "new", generation: 0 },
    tail: loadTail(sql, now()),
    alarm: alarmOf(storage),
    rows: { calls: 0, read: 0, written: 0 },
    searches: new Set(),
    size: { bytes: 0, versions: 0 },
  };
  return index;
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

/** When the alarm of a closed index first looks whether its deletion was finished, in ms. */
const FINISH_MS = 60_000;

/**
 * Closes the index for ever, unless the bucket holds anything, or the index was lost. Repeating it is nothing. `bucket`:
 * its id; the alarm then finishes the deletion if nobody else does.
 */
export function closeBucket(index: Index, bucket?: string): { closed: boolean } | Moved {
  if (index.state.phase === "closed") return { closed: true };
  if (index.state.phase === "new") return { moved: "lost" };
  for (const table of ["current", "older"]) {
    if (query(index, `select 1 from ${table} limit 1`).length > 0) return { closed: false };
  }
  const due = index.now() + FINISH_MS;
  index.transaction(() => {
    setState(index, "closed", index.state.generation);
    if (bucket === undefined) return;
    planJob(index, "closing", { due, cursor: JSON.stringify({ bucket, closed: index.now() }) });
    arm(index, due);
  });
  return { closed: true };
}

/**
 * Empties a closed index that has no litter any more. That it was closed stays written: a lost index would look like one
 * that was never opened, and what is left of a lost bucket must never be taken for what is left of a deleted one.
 */
export function leaveIndex(index: Index): boolean {
  if (index.state.phase !== "closed" || query(index, "select 1 from litter limit 1").length > 0) return false;
  index.transaction(() => {
    for (const table of ["ended", "tail", "holders", "extents", "job"]) query(index, `delete from ${table}`);
  });
  return true;
}
