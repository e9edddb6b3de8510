// Makes histories up, runs them against a server, and cuts one that fails down to the few commands that it takes.

import fc from "fast-check";
import type { Client } from "../client.ts";
import { anyCommand } from "./arbitrary.ts";
import { anyBeginning } from "./beginnings.ts";
import type { Command } from "./commands.ts";
import { type Clock, freshTally, History, type Send, type Tally } from "./history.ts";
import { shrink } from "./shrink.ts";
import type { Rules } from "./state.ts";

export interface Plan {
  seed: number;
  histories: number;
  /** Most commands of one history. */
  commands: number;
}

export interface Ground {
  client: Client;
  rules: Rules;
  /** A bug planted between client and server, anew for each history. */
  planted?: () => Send;
  /** What commands are made of, if not of all. */
  arbitrary?: fc.Arbitrary<Command>;
  /** What must be true after each history. */
  afterwards?: (history: History) => Promise<void>;
  tally?: Tally;
  clock?: Clock;
  /** Whether somebody sweeps and restarts the indexes meanwhile. */
  isRestless?: boolean;
  /** Hears of each history that begins. */
  begun?: (history: History) => void;
  ended?: (history: History) => void;
}

export interface Failure {
  /** The shortest history that was found to fail. */
  commands: Command[];
  why: string;
  /** To be pasted into a test. */
  script: string;
}

export interface Report {
  histories: number;
  tally: Tally;
  failure: Failure | undefined;
}

/** Runs made-up histories until one fails, or all have passed. The same seed makes up the same histories. */
export async function checkHistories(ground: Ground, plan: Plan): Promise<Report> {
  const tally = ground.tally ?? freshTally();
  const steps = fc.array(ground.arbitrary ?? anyCommand, {
    minLength: Math.floor(plan.commands / 4),
    maxLength: plan.commands,
    size: "max",
  });
  let histories = 0;
  const property = fc.asyncProperty(anyBeginning, steps, async (beginning, commands) => {
    histories += 1;
    await replay({ ...ground, tally }, [...beginning, ...commands]);
  });
  // A server costs more to ask than a function: `shrink` knows better than to try every smaller history.
  const details = await fc.check(property, { seed: plan.seed, numRuns: plan.histories, endOnFailure: true });
  if (details.counterexample === null) return { histories, tally, failure: undefined };
  const { commands, why } = await shrink(details.counterexample.flat(), (shorter) => fault(ground, shorter));
  return { histories, tally, failure: { commands, why, script: scriptOf(commands) } };
}

/** Why a history fails; undefined if it does not. */
async function fault(ground: Ground, commands: readonly Command[]): Promise<string | undefined> {
  return replay(ground, commands).then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}

/** Runs one history, in buckets of its own. Throws Disagreement. */
export async function replay(ground: Ground, commands: readonly Command[]): Promise<History> {
  const { client, rules, planted, afterwards, begun, ended, tally, clock, isRestless } = ground;
  const name = `m${crypto.randomUUID().slice(0, 18)}`;
  const history = new History(client, name, rules, {
    ...(planted && { through: planted() }),
    ...(tally && { tally }),
    ...(clock && { clock }),
    ...(isRestless && { isRestless }),
  });
  begun?.(history);
  try {
    for (const command of commands) await history.run(command);
    await history.finish();
    await afterwards?.(history);
    return history;
  } finally {
    ended?.(history);
  }
}

/** A history as it can be pasted into a test. */
export function scriptOf(commands: readonly Command[]): string {
  return `await replay(ground, [\n${commands.map((command) => `  ${literal(command)},\n`).join("")}]);`;
}

/** A value as one would write it. */
export function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([name, each]) => `${/^\w+$/.test(name) ? name : JSON.stringify(name)}: ${literal(each)}`,
  );
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
}

/** All that is to be said of a failure. */
export function failureText({ commands, why, script }: Failure, seed: number): string {
  return `Seed ${seed}; cut down to ${commands.length} commands:\n\n${script}\n\n${why}`;
}
