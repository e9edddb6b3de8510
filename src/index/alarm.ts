// When a bucket's alarm rings next, and when each of its jobs is due: one alarm serves them all.

import { type Alarm, type Index, query } from "./tables.ts";

/** What rings if a round breaks off: it is set before the round begins, in ms. */
export const AGAIN_MS = 60_000;

/** An object's alarm, before it is known when it rings. */
export function alarmOf(storage: DurableObjectStorage): Alarm {
  return {
    set: undefined,
    wanted: undefined,
    ring: (at) => void storage.setAlarm(at),
    silence: () => void storage.deleteAlarm(),
  };
}

/**
 * Remembers when the alarm rings, as the storage says when the object wakes. Litter without an alarm gets one: an older
 * Portico left it, or an object that ended between a commit and its arming; so do commits that the journal does not tell.
 */
export function wakeAlarm(index: Index, at: number | undefined): void {
  Object.assign(index.alarm, { set: at, wanted: at });
  if (at !== undefined) return;
  if (index.tail.untold > 0 || query(index, "select 1 from litter limit 1").length > 0)
    arm(index, index.now());
}

/**
 * Says that something wants doing from `at` on (ms since 1970). Free where the alarm rings earlier anyway. Inside a
 * transaction too: what is rolled back has rung for nothing, at worst.
 */
export function arm(index: Index, at: number): void {
  const { alarm } = index;
  if (alarm.wanted !== undefined && alarm.wanted <= at) return;
  alarm.wanted = at;
  if (alarm.set === undefined || at < alarm.set) set(index, at);
}

/** Forgets what it remembers of the alarm: a transaction that may have set it was rolled back. */
export function distrust(index: Index): void {
  Object.assign(index.alarm, { set: undefined, wanted: undefined });
  arm(index, index.now() + AGAIN_MS);
}

/** Begins a round: whatever becomes of it, another one follows. */
export function beginRound(index: Index): void {
  index.alarm.wanted = undefined;
  set(index, index.now() + AGAIN_MS);
}

/** Ends a round whose jobs want to go on at `next`, if at all; what was wanted while it went on counts too. */
export function endRound(index: Index, next: number | undefined): void {
  const { alarm } = index;
  if (next !== undefined && (alarm.wanted === undefined || next < alarm.wanted)) alarm.wanted = next;
  if (alarm.wanted !== undefined) set(index, alarm.wanted);
  else silence(index);
}

function silence({ alarm }: Index): void {
  alarm.set = undefined;
  alarm.silence();
}

function set(index: Index, at: number): void {
  index.alarm.set = at;
  index.alarm.ring(at);
  index.rows.alarms += 1;
}

/** When a job is due and where it will go on; undefined: it never said, or has nothing to do. */
export function jobPlan(index: Index, name: string): { due: number; cursor: string } | undefined {
  return query<{ due: number; cursor: string }>(index, "select due, cursor from job where name = ?", name)[0];
}

/** Sets those jobs going now that have no plan yet; `cursors`: where each begins. */
export function startJobs(index: Index, cursors: Readonly<Record<string, string>>): void {
  const due = index.now();
  index.transaction(() => {
    for (const [name, cursor] of Object.entries(cursors)) {
      if (jobPlan(index, name) === undefined) planJob(index, name, { due, cursor });
    }
  });
  arm(index, due);
}

/** Keeps what a job said; a plan that stays as it is costs nothing. */
export function planJob(index: Index, name: string, plan: { due: number; cursor: string } | undefined): void {
  const known = jobPlan(index, name);
  if (known?.due === plan?.due && known?.cursor === plan?.cursor) return;
  if (plan === undefined) query(index, "delete from job where name = ?", name);
  else query(index, "insert or replace into job values (?, ?, ?)", name, plan.due, plan.cursor);
}
