// How a bucket's index is opened and closed, and who is served by it.

import { alarmOf, arm, distrust, planJob } from "./alarm.ts";
import { coolAll } from "./hot.ts";
import { beginJournal } from "./journal.ts";
import { loadJournal } from "./journal-state.ts";
import { isClean } from "./litter.ts";
import type { Asker, Moved, Mutator } from "./protocol.ts";
import { migrate } from "./schema.ts";
import { type Index, type Phase, query, type State } from "./tables.ts";
import { loadTail } from "./tail.ts";

/** Opens the index over an object's storage; `now` gives ms since 1970. */
export function openIndex(storage: DurableObjectStorage, now: () => number): Index {
  migrate(storage);
  const { sql } = storage;
  const index: Index = {
    sql,
    transaction(act) {
      try {
        return storage.transactionSync(act);
      } catch (error) {
        distrust(index);
        index.state = loadState(sql);
        throw error;
      }
    },
    now,
    ...load(sql, now()),
    alarm: alarmOf(storage),
    rows: { calls: 0, read: 0, written: 0, alarms: 0 },
    searches: new Set(),
    size: { bytes: 0, versions: 0 },
  };
  return index;
}

/** What is remembered of the tables. */
function load(sql: SqlStorage, now: number): Pick<Index, "state" | "tail" | "journal"> {
  const journal = loadJournal(sql);
  return { state: loadState(sql), tail: loadTail(sql, now, journal?.told), journal };
}

function loadState(sql: SqlStorage): State {
  const [state] = sql
    .exec<{ phase: Phase; generation: number; rebuilt: number }>(
      "select phase, generation, exists (select 1 from frozen) as rebuilt from state",
    )
    .toArray();
  return {
    phase: state?.phase ?? "new",
    generation: state?.generation ?? 0,
    rebuilt: state?.rebuilt === 1,
  };
}

/** Remembers the tables anew, after they were written from the ground up. */
export function reloadIndex(index: Index): void {
  Object.assign(index, load(index.sql, index.now()));
  // Whoever searches it has seen rows that are gone, and not those that came.
  for (const names of index.searches) names.clear();
  coolAll(index);
}

/** Writes the state; it is remembered once that stands. */
export function writeState(index: Index, { phase, generation, rebuilt }: State): void {
  query(index, "insert or replace into state values (1, ?, ?)", phase, generation);
  if (rebuilt) query(index, "insert or ignore into frozen values (1)");
  else if (index.state.rebuilt) query(index, "delete from frozen");
}

function setState(index: Index, state: State): void {
  writeState(index, state);
  index.state = state;
}

/**
 * Whether this caller may be served; a newer generation than ours is adopted. What was done for them before settings
 * changed is not asked again in another way, and so not done twice: they get the answer that was lost.
 */
export function admit(
  index: Index,
  { generation, operationId = "" }: Asker & Partial<Mutator>,
): Moved | undefined {
  const { state, tail } = index;
  if (tail.receipts.has(operationId)) return undefined;
  if (state.phase !== "open") return { moved: state.phase === "new" ? "lost" : "closed" };
  if (generation < state.generation) return { moved: "stale" };
  adoptGeneration(index, generation);
  return undefined;
}

/** Hears of newer settings: from then on nobody who remembers older ones is served, nor once a rebuild under way is done. */
export function adoptGeneration(index: Index, generation: number): void {
  const { state } = index;
  if (state.phase === "open" && generation > state.generation) setState(index, { ...state, generation });
  if (state.phase === "new") {
    const later =
      "update rebuild set state = json_set(state, '$.generation', ?1) where state ->> 'generation' < ?1";
    query(index, later, generation);
  }
}

/**
 * Opens a fresh index. A closed one stays closed: a bucket's id is never used again. `bucket`: that id, which a worker
 * older than journals does not say.
 */
export function openBucket(index: Index, bucket?: string): void {
  if (index.state.phase !== "new" || query(index, "select 1 from rebuild").length > 0) return;
  setState(index, { phase: "open", generation: 0, rebuilt: false });
  if (bucket !== undefined) beginJournal(index, bucket);
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
    // Nothing is in it that a sweep could take.
    setState(index, { ...index.state, phase: "closed", rebuilt: false });
    if (bucket === undefined) return;
    planJob(index, "closing", { due, cursor: JSON.stringify({ bucket, closed: index.now() }) });
    arm(index, due);
  });
  return { closed: true };
}

/**
 * Empties a closed index that is clean. That it was closed stays written: a lost index would look like one
 * that was never opened, and what is left of a lost bucket must never be taken for what is left of a deleted one.
 */
export function leaveIndex(index: Index): void {
  if (index.state.phase !== "closed" || !isClean(index)) return;
  index.transaction(() => {
    for (const table of ["ended", "tail", "holders", "extents", "small", "job", "journal"])
      query(index, `delete from ${table}`);
  });
  index.journal = undefined;
}
