// Who works on the buckets of histories while they go on: rings the indexes' alarms, moves the clock on, restarts indexes.

import type { Clock, History } from "../support/model/history.ts";
import type { TestServer } from "../support/test-server.ts";

const HOUR_MS = 60 * 60 * 1000;

/** Past every grace, in ms: litter waits for a day, and orphans for an hour longer. */
const JUMP_MS = 27 * HOUR_MS;

/** How far the clock may move while one history goes on, in ms: for a week, an upload's end is remembered. */
const MAX_JUMPS_MS = 6 * 24 * HOUR_MS;

/** How long it waits between two chores at most, in ms. */
const MAX_PAUSE_MS = 120;

/** Rounds after which an alarm that still wants another at once does not come to rest. */
const MAX_ROUNDS = 60;

type Chore = "round" | "round that meets a fault" | "daily jobs" | "restart" | "crash" | "27 hours";

const CHORES: Chore[] = [
  ...Array<Chore>(8).fill("round"),
  ...Array<Chore>(4).fill("round that meets a fault"),
  ...Array<Chore>(3).fill("daily jobs"),
  "restart",
  "crash",
  "27 hours",
];

const GENTLE: Chore[] = ["round", "round", "round", "daily jobs", "27 hours"];

const any = <T>(list: readonly T[]): T | undefined => list[Math.floor(Math.random() * list.length)];
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export class Housekeeper {
  readonly clock: Clock = { offset: 0, most: 0 };
  readonly #server: TestServer;
  readonly #done: Map<string, number>;
  readonly #chores: readonly Chore[];
  /** Histories that go on, and how far the clock had been moved when they began. */
  readonly #histories = new Map<History, number>();
  /** Those whose buckets are being judged. */
  readonly #judged = new Set<History>();
  /** What is being done now. */
  #chore: Promise<boolean> = Promise.resolve(true);

  constructor(server: TestServer, done: Map<string, number>, faults: boolean) {
    this.#server = server;
    this.#done = done;
    this.#chores = faults ? CHORES : GENTLE;
  }

  begin(history: History): void {
    this.#histories.set(history, this.clock.offset);
  }

  /** From then on nobody disturbs this one's buckets. */
  async leave(history: History): Promise<void> {
    this.#judged.add(history);
    await this.#chore;
  }

  end(history: History): void {
    this.#histories.delete(history);
    this.#judged.delete(history);
  }

  /** Does one chore after the other. */
  async work(goesOn: () => boolean): Promise<void> {
    while (goesOn()) {
      await sleep(Math.random() * MAX_PAUSE_MS);
      const history = any([...this.#histories.keys()].filter((each) => !this.#judged.has(each)));
      const chore = any(this.#chores);
      if (history === undefined || chore === undefined) continue;
      const index = any(await this.indexesOf(history));
      if (index === undefined || this.#judged.has(history)) continue;
      this.#chore = this.#does(chore, index);
      if (await this.#chore) this.#count(chore);
    }
  }

  async #does(chore: Chore, index: string): Promise<boolean> {
    const { clock } = this;
    switch (chore) {
      case "27 hours":
        return this.#jump();
      case "restart":
      case "crash":
        await this.#server.order({ do: "restart", index, atOnce: chore === "crash" });
        return true;
      case "daily jobs":
        await this.#call(index, "tend", index).catch(passing);
        return true;
      case "round that meets a fault": {
        const how = any(["before", "after", "kill after"] as const) ?? "before";
        const at = 1 + Math.floor(Math.random() * 4);
        const faults = [{ at, how, lapse: 0 }];
        // A dead round never ends: its object is restarted, as the platform would.
        if (how === "kill after") {
          await this.#server.order({ do: "roundFaults", index, faults });
          await Promise.race([this.#call(index, "ring").catch(passing), sleep(300)]);
          await this.#server.order({ do: "restart", index, atOnce: true });
          return true;
        }
        await this.#server.order({ do: "roundFaults", index, faults });
        await this.#call(index, "ring").catch(passing);
        return true;
      }
      case "round":
        await this.#call(index, "ring").catch(passing);
        return clock.offset >= 0;
    }
  }

  /** Moves the clock of all on, unless some history would see too much of it. */
  async #jump(): Promise<boolean> {
    const next = this.clock.offset + JUMP_MS;
    if ([...this.#histories.values()].some((began) => next - began > MAX_JUMPS_MS)) return false;
    this.clock.most = next;
    await this.#server.order({ do: "clock", offset: next });
    this.clock.offset = next;
    return true;
  }

  /** The indexes of the buckets that a history has now. */
  async indexesOf(history: History): Promise<string[]> {
    const names = JSON.stringify(history.buckets);
    const text = "select id from bucket where name in (select value from json_each(?))";
    const rows = await this.#server.order<{ id: string }[]>({ do: "d1", text, bindings: [names] });
    return rows.map(({ id }) => id);
  }

  /**
   * Sweeps until nothing is left to do, past the grace of all that there is: what is an orphan becomes litter first, and
   * goes a day later. False if the clock cannot be moved so far now.
   */
  async sweepClean(history: History, indexes: readonly string[]): Promise<boolean> {
    const others = [...this.#histories].filter(([each]) => each !== history);
    const room = this.clock.offset + 3 * JUMP_MS;
    if (others.some(([, began]) => room - began > MAX_JUMPS_MS)) return false;
    for (let times = 0; times < 3; times++) {
      if (!(await this.#jump())) return false;
      for (const index of indexes) {
        // A bucket in which nothing was committed since its last search is searched a week later.
        await this.#server.order({ do: "sql", index, text: "delete from job where name = 'orphans'" });
        await this.#call(index, "tend", index);
        await this.#comeToRest(index);
      }
    }
    this.#count("swept clean");
    return true;
  }

  async #comeToRest(index: string): Promise<void> {
    for (let rounds = 0; rounds < MAX_ROUNDS; rounds++) {
      // An index that was restarted a moment ago answers the next time.
      await this.#call(index, "ring").catch(passing);
      const next = await this.#call<number | null>(index, "rings");
      if (next === null || next > Date.now() + this.clock.offset) return;
    }
    throw new Error("the alarm does not come to rest");
  }

  #call<T>(index: string, method: string, ...args: unknown[]): Promise<T> {
    return this.#server.order<T>({ do: "call", index, method, args });
  }

  #count(chore: string): void {
    this.#done.set(chore, (this.#done.get(chore) ?? 0) + 1);
  }
}

/** An index that was restarted meanwhile answers nothing, and its bucket may be gone. */
function passing(): void {}
