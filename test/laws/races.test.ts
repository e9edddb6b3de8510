import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it, vi } from "vitest";
import type { Fault } from "../support/bindings.ts";
import { drawing } from "../support/drawing.ts";
import { answered } from "../support/expect.ts";
import { Histories, type KeyCall } from "../support/history.ts";
import { keySpecification, type Versioning } from "../support/key-history.ts";
import { linearize } from "../support/linearizability.ts";
import { useServer } from "../support/server.ts";
import { begin } from "../support/uploads.ts";

const server = useServer();

const SEED = Number(process.env.RACE_SEED ?? Date.now() % 1_000_000);
const ROUNDS = Number(process.env.RACE_ROUNDS ?? 8);
const CLIENTS = 6;
const CALLS_EACH = 10;
const KEYS = ["k1", "k2"];
const UPLOADS = 4;
const LYING_ROUNDS = 30;
const KINDS: [name: string, versioning: Versioning, flips: boolean][] = [
  ["a bucket that never had versions", "Off", false],
  ["a bucket with versions", "Enabled", false],
  ["a bucket whose versioning is switched meanwhile", "Off", true],
];
vi.setConfig({ testTimeout: 60_000 + ROUNDS * 3000 });

/** Of a hundred requests, how many meet a fault. */
const FAULTY = 15;

const tally = { histories: 0, calls: 0, unanswered: 0, restarts: 0, undecided: 0 };
afterAll(() => {
  const { histories, calls, unanswered, restarts, undecided } = tally;
  const isAll = histories === ROUNDS * KINDS.length * KEYS.length && undecided === 0;
  const verdict = isAll ? "all linearizable" : `NOT all linearizable, ${undecided} too long to tell`;
  console.log(
    `${histories} histories of a key, ${calls} calls by ${CLIENTS} clients at once in two isolates, ${unanswered} of them unanswered, ${restarts} restarts of their index, seed ${SEED}: ${verdict}`,
  );
});

const WAYS: readonly Pick<Fault, "how">[] = [
  { how: "delay" },
  { how: "before" },
  { how: "after" },
  { how: "kill" },
  { how: "kill after" },
];

type Draw = ReturnType<typeof drawing>;

/** What a round's calls are drawn from. `etags`: those seen so far, for conditions; `isolates`: those that answer. */
interface Stock {
  isolates: readonly string[];
  uploads: ReadonlyMap<string, { id: string; etag: string }[]>;
  etags: readonly string[];
  flips: boolean;
  lie: boolean;
}

/** One client's next call, drawn. */
async function callAtRandom(
  histories: Histories,
  name: string,
  draw: Draw,
  { isolates, uploads, etags, flips, lie }: Stock,
): Promise<void> {
  const world = server.client.world(isolates[draw(isolates.length)] ?? "");
  const fault = { at: 1 + draw(4), how: "delay" as const, ...WAYS[draw(WAYS.length)] };
  const client = lie ? world.failing(LIE) : draw(100) < FAULTY ? world.failing(fault) : world;
  const key = KEYS[draw(KEYS.length)] ?? "";
  const some = etags[draw(Math.max(etags.length, 1))];
  const body = `${name} ${draw(1e9)}`;
  const kind = draw(flips ? 14 : 13);
  switch (kind) {
    case 0:
    case 1:
      return histories.put(name, client, key, body, {});
    case 2:
      return histories.put(name, client, key, body, { ifNoneMatch: true });
    case 3:
      return histories.put(name, client, key, body, some === undefined ? {} : { ifMatch: some });
    case 4: {
      const one = uploads.get(key)?.[draw(UPLOADS)] ?? { id: "", etag: "" };
      return histories.complete(name, client, key, one, draw(3) === 0 ? true : undefined);
    }
    case 5:
      return histories.copyToItself(name, lie ? client : world, key);
    case 6:
      return histories.remove(name, client, key);
    case 7:
      return histories.remove(name, client, key, some);
    case 8:
    case 9:
      return histories.get(name, client, key);
    case 10:
      return histories.list(name, client, "list");
    case 11:
      return histories.list(name, client, "list versions");
    case 12:
      return histories.abort(name, client, key, uploads.get(key)?.[draw(UPLOADS)]?.id ?? "");
    default:
      return histories.setVersioning(name, client, draw(2) === 0 ? "Enabled" : "Suspended");
  }
}

const LIE: Fault = { store: "index", call: "read", how: "stale", times: 100 };

/** Clients at random on two keys of a fresh bucket, whose index falls down again and again; gives the history of each key. */
async function race(versioning: Versioning, flips: boolean, draw: Draw, lie = false): Promise<KeyCall[][]> {
  const bucket = await server.bucket();
  if (versioning !== "Off") await server.version(bucket, versioning);
  const histories = new Histories(bucket, KEYS);
  const uploads = new Map<string, { id: string; etag: string }[]>();
  for (const key of KEYS) {
    const made = Array.from({ length: UPLOADS }, async (_, n) => {
      const id = await begin(server.client, `/${bucket}/${key}`);
      return histories.uploaded(server.client, key, id, `upload ${n} of ${key}`);
    });
    uploads.set(key, await Promise.all(made));
  }
  const isolates = [`${bucket}-a`, `${bucket}-b`];
  const clients = Array.from({ length: CLIENTS }, (_, i) => `${bucket}-${i}`);
  const index = await server.idOf(bucket);
  let left = CLIENTS;
  const falling = async () => {
    for (; left > 0 && !lie; tally.restarts += 1) {
      await sleep(5 + draw(40));
      await server.order({ do: "restart", index, atOnce: true });
    }
  };
  await Promise.all([
    falling(),
    ...clients.map(async (name) => {
      for (let n = 0; n < CALLS_EACH; n++) {
        const etags = [...histories.of.values()]
          .flat()
          .flatMap(({ output }) =>
            output !== undefined && "seen" in output ? output.seen.flatMap(({ etag }) => etag ?? []) : [],
          );
        await callAtRandom(histories, name, draw, { isolates, uploads, etags, flips, lie });
      }
      left -= 1;
    }),
  ]);
  return [...histories.of.values()];
}

/** What happened, one call a line. */
function shown(calls: readonly KeyCall[]): string {
  return calls
    .map(({ client, invoked, returned, input, output }) =>
      [client, invoked.toFixed(1), returned.toFixed(1), JSON.stringify(input), JSON.stringify(output)].join(
        " ",
      ),
    )
    .join("\n");
}

describe("whatever clients do to a key at once", () => {
  it.for(KINDS)("in %s, it happened in some order", async ([, versioning, flips]) => {
    for (let round = 0; round < ROUNDS; round++) {
      const draw = drawing(SEED + round);
      for (const history of await race(versioning, flips, draw)) {
        const verdict = linearize(keySpecification(versioning), history);
        if ("undecided" in verdict) console.log(`too long to tell:\n${shown(history)}`);
        const trouble =
          "left" in verdict ? `${shown(verdict.reached)}\n--- and then none of\n${shown(verdict.left)}` : "";
        expect(trouble, `round ${round} of seed ${SEED}`).toBe("");
        tally.histories += 1;
        tally.undecided += Number("undecided" in verdict);
        tally.calls += history.length;
        tally.unanswered += history.filter(({ output }) => output === undefined).length;
      }
    }
  });
});

describe("the checker", () => {
  it("catches reads that are answered from an earlier state", async () => {
    const isCaught = async (round: number) => {
      const histories = await race("Off", false, drawing(SEED + round), true);
      return histories.some((history) => "left" in linearize(keySpecification("Off"), history));
    };
    // In about a third of the rounds the lies happen to agree with some order.
    let round = 0;
    while (round < LYING_ROUNDS && !(await isCaught(round))) round += 1;
    expect(round, `rounds of seed ${SEED}, none of them caught`).toBeLessThan(LYING_ROUNDS);
  });

  it("catches one such read among honest ones", async () => {
    const bucket = await server.bucket();
    const histories = new Histories(bucket, ["k"]);
    const liar = server.client.failing(LIE);
    await histories.put("a", server.client, "k", "one", {});
    await histories.get("a", liar, "k");
    await histories.put("b", server.client, "k", "two", {});
    const history = () => histories.of.get("k") ?? [];
    expect(linearize(keySpecification("Off"), history())).toHaveProperty("order");
    await histories.get("a", liar, "k");
    expect(answered(await server.client.get(`/${bucket}/k`), 200).text).toBe("two");
    expect(linearize(keySpecification("Off"), history())).toMatchObject({ left: [{ input: { do: "get" } }] });
  });
});
