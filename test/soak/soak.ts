// Histories in lanes, each in buckets of its own, until time is up; a housekeeper works on all of their buckets.

import http from "node:http";
import fc from "fast-check";
import { audit } from "../support/audit.ts";
import { Client } from "../support/client.ts";
import { anyCommand } from "../support/model/arbitrary.ts";
import { anyBeginning } from "../support/model/beginnings.ts";
import { type Ground, replay, scriptOf } from "../support/model/check.ts";
import type { Command } from "../support/model/commands.ts";
import { freshTally, type History, type Tally } from "../support/model/history.ts";
import { shrink } from "../support/model/shrink.ts";
import { anySpoiltCommand } from "../support/model/spoilt.ts";
import { TestServer } from "../support/test-server.ts";
import { Housekeeper } from "./housekeeper.ts";

export interface Plan {
  minutes: number;
  seed: number;
  lanes: number;
  faults: boolean;
}

export interface Soaked {
  seconds: number;
  histories: number;
  tally: Tally;
  /** What the housekeeper did. */
  chores: Map<string, number>;
  /** Buckets whose litter and orphans had to be gone in the end, and their blobs before. */
  swept: { buckets: number; blobs: number };
  failures: string[];
}

/** Most commands of one history. */
const COMMANDS = 120;

/** After so many failures there is enough to do. */
const MAX_FAILURES = 3;

const INLINE_BYTES = [0, 1024];

export async function soak({ minutes, seed, lanes, faults }: Plan): Promise<Soaked> {
  const began = Date.now();
  const until = began + minutes * 60_000;
  const soaked: Soaked = {
    seconds: 0,
    histories: 0,
    tally: freshTally(),
    chores: new Map(),
    swept: { buckets: 0, blobs: 0 },
    failures: [],
  };
  const goesOn = () => Date.now() < until && soaked.failures.length < MAX_FAILURES;
  const sides = INLINE_BYTES.map((inlineBytes) => new Side(inlineBytes, faults, soaked));
  for (const side of sides) await side.server.start();
  const housekeeping = sides.map((side) => side.housekeeper.work(goesOn));
  const work = Array.from({ length: lanes }, async (_each, lane) => {
    const side = sides[lane % sides.length];
    for (let n = 0; goesOn(); n++) await side?.history(seed + lane * 1_000_003 + n * 7919);
  });
  await Promise.all(work);
  await Promise.all(housekeeping);
  for (const side of sides) await side.server.stop();
  return { ...soaked, seconds: (Date.now() - began) / 1000 };
}

/** A server with its housekeeper. */
class Side {
  readonly server: TestServer;
  readonly housekeeper: Housekeeper;
  readonly #inlineBytes: number;
  readonly #faults: boolean;
  readonly #soaked: Soaked;
  readonly #agent = new http.Agent({ keepAlive: true });

  constructor(inlineBytes: number, faults: boolean, soaked: Soaked) {
    this.server = new TestServer({ vars: { INLINE_BYTES: String(inlineBytes) } });
    this.housekeeper = new Housekeeper(this.server, soaked.chores, faults);
    this.#inlineBytes = inlineBytes;
    this.#faults = faults;
    this.#soaked = soaked;
  }

  /** Runs the history that a seed makes up; notes why it failed, if it did. */
  async history(seed: number): Promise<void> {
    const command = this.#faults ? anySpoiltCommand : anyCommand;
    const arbitrary = fc.tuple(
      anyBeginning,
      fc.array(command, { minLength: Math.floor(COMMANDS / 4), maxLength: COMMANDS, size: "max" }),
    );
    const commands = fc.sample(arbitrary, { seed, numRuns: 1 }).flat(2);
    const ground = this.#ground();
    this.#soaked.histories += 1;
    const why = await failureOf(ground, commands);
    if (why === undefined) return;
    this.#soaked.failures.push(why);
    console.log(`\nFailed, with seed ${seed} and INLINE_BYTES ${this.#inlineBytes}:\n${why}\n`);
    const { commands: few, why: reason } = await shrink(commands, (shorter) =>
      failureOf({ ...ground, tally: freshTally() }, shorter),
    );
    console.log(`Cut down to ${few.length} commands:\n\n${scriptOf(few)}\n\n${reason}\n`);
  }

  #ground(): Ground {
    const { server, housekeeper } = this;
    return {
      client: new Client({ ...server.client.settings, agent: this.#agent }),
      rules: { inlineBytes: this.#inlineBytes },
      clock: housekeeper.clock,
      isRestless: true,
      tally: this.#soaked.tally,
      begun: (history) => housekeeper.begin(history),
      ended: (history) => housekeeper.end(history),
      afterwards: (history) => this.#judge(history),
    };
  }

  /** The stores keep their promises to each other; and now and then, all that must go is made to go. */
  async #judge(history: History): Promise<void> {
    await this.housekeeper.leave(history);
    const indexes = await this.housekeeper.indexesOf(history);
    const before = await Promise.all(indexes.map((index) => audit(this.server, index)));
    if (!(await this.housekeeper.sweepClean(history, indexes))) return;
    for (const [at, index] of indexes.entries()) {
      const { litter, orphans } = await audit(this.server, index);
      if (litter.length + orphans.length > 0) {
        throw new Error(`left after the sweep: litter ${litter.join(" ")}, orphans ${orphans.join(" ")}`);
      }
      this.#soaked.swept.buckets += 1;
      this.#soaked.swept.blobs += (before[at]?.litter.length ?? 0) + (before[at]?.orphans.length ?? 0);
    }
    // And nothing else has gone.
    await history.finish();
  }
}

async function failureOf(ground: Ground, commands: readonly Command[]): Promise<string | undefined> {
  return replay(ground, commands).then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}
