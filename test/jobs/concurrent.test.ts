import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Answer, Client } from "../support/client.ts";
import { answered } from "../support/expect.ts";
import { useServer } from "../support/server.ts";
import { HOUR_MS, Sweeping } from "../support/sweeping.ts";
import { begin, complete, type Part, part } from "../support/uploads.ts";

const server = useServer();

/** What a writer does next, to keys that are its own alone; `lost`: the answer of its commit is. */
type Act =
  | { do: "put" | "begin" | "complete" | "remove"; key: string; lost: boolean }
  | { do: "copy" | "rename"; from: string; to: string; lost: boolean };

const key = fc.constantFrom("a", "b", "c");
const lost = fc.boolean();
const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({
    do: fc.constantFrom("put" as const, "begin" as const, "complete" as const, "remove" as const),
    key,
    lost,
  }),
  fc.record({ do: fc.constantFrom("copy" as const, "rename" as const), from: key, to: key, lost }),
);

/** How far the clock goes on between two phases, in ms: less than a grace, so that each phase meets the last one's litter. */
const PHASE_MS = 13 * HOUR_MS;

/** A writer with keys of its own, and what it expects to find under them. */
class Writer {
  readonly model = new Map<string, string>();
  readonly #on: Sweeping;
  readonly #name: string;
  /** Uploads that have begun, perhaps days ago. */
  readonly #open: { key: string; id: string; part: Part; bytes: string }[] = [];
  #written = 0;

  constructor(on: Sweeping, name: string) {
    this.#on = on;
    this.#name = name;
  }

  path(name: string): string {
    return this.#on.path(`${this.#name}-${name}`);
  }

  /** Answers that get lost are asked for again by the Worker itself: the client hears of none. */
  async act(client: Client, act: Act): Promise<void> {
    const sent = act.lost ? client.failing({ store: "index", call: methodOf(act), how: "after" }) : client;
    const bytes = `${this.#name} ${this.#written++}`;
    switch (act.do) {
      case "put":
        this.#done(await sent.put(this.path(act.key), bytes));
        this.model.set(act.key, bytes);
        return;
      case "begin": {
        const id = await begin(client, this.path(act.key));
        await part(client, this.path(act.key), id, 1, "replaced");
        const last = await part(client, this.path(act.key), id, 1, bytes);
        this.#open.push({ key: act.key, id, part: last, bytes });
        return;
      }
      case "complete":
        await this.complete(sent);
        return;
      case "remove":
        answered(await sent.delete(this.path(act.key)), 204);
        this.model.delete(act.key);
        return;
      case "copy":
      case "rename":
        await this.#move(sent, act);
    }
  }

  /** Completes the upload that began first; false if there is none. */
  async complete(client: Client): Promise<boolean> {
    const first = this.#open.shift();
    if (first === undefined) return false;
    this.#done(await complete(client, this.path(first.key), first.id, [first.part]));
    this.model.set(first.key, first.bytes);
    return true;
  }

  async #move(client: Client, { do: how, from, to }: Act & { from: string; to: string }): Promise<void> {
    const bytes = this.model.get(from);
    if (bytes === undefined || from === to) return;
    const query = how === "rename" ? "?renameObject" : "";
    const header = how === "rename" ? "x-amz-rename-source" : "x-amz-copy-source";
    const source = how === "rename" ? `${this.#name}-${from}` : this.path(from);
    this.#done(await client.put(`${this.path(to)}${query}`, "", { [header]: source }));
    this.model.set(to, bytes);
    if (how === "rename") this.model.delete(from);
  }

  #done(answer: Answer): void {
    answered(answer, 200);
  }
}

function methodOf(act: Act): string {
  if (act.do === "remove") return "remove";
  return act.do === "rename" ? "rename" : "put";
}

describe("the sweep, while others write", () => {
  it("removes what must go and nothing else: every key has its bytes, and R2 has no others", async () => {
    const phases = fc.array(fc.tuple(fc.array(act, { minLength: 4, maxLength: 10, size: "max" }), lost), {
      minLength: 4,
      maxLength: 6,
      size: "max",
    });
    await fc.assert(
      fc.asyncProperty(phases, phases, async (ones, twos) => {
        const on = await Sweeping.of(server);
        const writers = [new Writer(on, "one"), new Writer(on, "two")];
        let offset = 0;
        for (let phase = 0; phase < Math.max(ones.length, twos.length); phase++) {
          offset = phase * PHASE_MS;
          await on.later(offset);
          const client = server.client.with({ "x-test-now-offset": String(offset) });
          let writing = true;
          const sweeps = (async () => {
            while (writing) {
              await on.tend();
              await on.ring();
            }
          })();
          const written = [ones, twos].map(async (course, i) => {
            const [acts, orphan] = course[phase] ?? [[], false];
            if (orphan) await on.orphan();
            for (const each of acts) await writers[i]?.act(client, each);
          });
          await Promise.all(written);
          writing = false;
          await sweeps;
        }
        const last = server.client.with({ "x-test-now-offset": String(offset) });
        for (const writer of writers) while (await writer.complete(last));
        for (let more = 1; more <= 6; more++) {
          await on.later(offset + more * PHASE_MS);
          await on.tend();
          await on.sweep();
        }
        for (const writer of writers) {
          for (const name of ["a", "b", "c"]) {
            const answer = await server.client.get(writer.path(name));
            const expected = writer.model.get(name);
            expect([name, answer.status === 404 ? undefined : answer.text]).toEqual([name, expected]);
          }
        }
        const { named, litter, orphans, parts } = await on.holdings();
        expect([litter, orphans, parts]).toEqual([[], [], []]);
        expect((await on.blobs()).toSorted()).toEqual(named.toSorted());
      }),
      { numRuns: 5, endOnFailure: true },
    );
  });
});
