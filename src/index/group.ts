// Commits that arrive together are made together: SQLite commits once for all of them.

import type { Index } from "./tables.ts";
import { grouped } from "./tail.ts";

interface Waiting {
  act(): unknown;
  done(answer: unknown): void;
  failed(error: unknown): void;
}

/**
 * Gives a function that makes a commit in the next turn of the event loop, with all others that have come by then. What
 * a commit costs is mostly SQLite's writing and its waiting for the disk, which they share; each is still made or
 * refused, and answered, on its own. The platform holds every answer back until all that was written before it is safe.
 */
export function makeGroup(index: Index): <Answer>(act: () => Answer) => Promise<Answer> {
  let waiting: Waiting[] = [];
  const run = () => {
    const all = waiting;
    waiting = [];
    commitAll(index, all);
  };
  return (act) =>
    new Promise((done, failed) => {
      waiting.push({ act, done: done as Waiting["done"], failed });
      if (waiting.length === 1) setTimeout(run, 0);
    });
}

function commitAll(index: Index, all: readonly Waiting[]): void {
  try {
    for (const answer of grouped(index, () => all.map(outcome))) answer();
  } catch (error) {
    for (const { failed } of all) failed(error);
  }
}

/** Makes one commit of a group; says how to tell its caller, once the group has been committed. */
function outcome({ act, done, failed }: Waiting): () => void {
  try {
    const answer = act();
    return () => done(answer);
  } catch (error) {
    return () => failed(error);
  }
}
