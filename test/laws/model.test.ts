import http from "node:http";
import { describe, expect, it } from "vitest";
import { audit } from "../support/audit.ts";
import { Client } from "../support/client.ts";
import { commandsOf } from "../support/model/arbitrary.ts";
import { checkHistories, failureText, type Ground, replay } from "../support/model/check.ts";
import { Disagreement, type History } from "../support/model/history.ts";
import { PLANTED } from "../support/model/planted.ts";
import { anySpoiltCommand } from "../support/model/spoilt.ts";
import { useServer } from "../support/server.ts";
import type { TestServer } from "../support/test-server.ts";

/** Each run looks elsewhere, unless it is told where: `MODEL_SEED=7 npx vitest run test/laws/model.test.ts`. */
const SEED = Number(process.env.MODEL_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** How many histories are made up, for each size of small objects, and how long they are at most. */
const HISTORIES = 10;
const COMMANDS = 80;

/** How many, and how long, where calls of the stores fail: repeating them takes its time. */
const SPOILT = { histories: 5, commands: 60 };

/** How many are made up at most for each bug that was planted, and into how few commands it must fit. */
const PLANTED_HISTORIES = 60;
const PLANTED_COMMANDS = 8;

/** A history that fails is run some hundred times to be cut down. */
const SHRINKING_MS = 300_000;

interface Side {
  server: TestServer;
  inlineBytes: number;
}

const SIDES: Side[] = [0, 1024].map((inlineBytes) => ({
  inlineBytes,
  server: useServer({ vars: { INLINE_BYTES: String(inlineBytes) } }),
}));
const [plainSide] = SIDES;

function groundOf({ server, inlineBytes }: Side): Ground {
  const agent = new http.Agent({ keepAlive: true });
  return { client: new Client({ ...server.client.settings, agent }), rules: { inlineBytes } };
}

/** What the stores hold of a history's buckets keeps their promises; gives what only the sweep would find. */
async function orphansOf({ server }: Side, history: History): Promise<string[]> {
  const holdings = history.buckets.map(async (bucket) => audit(server, await server.idOf(bucket)));
  return (await Promise.all(holdings)).flatMap(({ orphans }) => orphans);
}

async function expectNoFailure(ground: Ground, plan: { histories: number; commands: number }): Promise<void> {
  const { failure, histories, tally } = await checkHistories(ground, {
    ...plan,
    seed: SEED + ground.rules.inlineBytes,
  });
  const calls = [...tally.commands.values()].reduce((sum, each) => sum + each, 0);
  const lost = tally.lost > 0 ? `, ${tally.lost} answers lost` : "";
  console.log(`model: MODEL_SEED=${SEED}, ${histories} histories, ${calls} requests${lost}`);
  expect(failure && failureText(failure, SEED)).toBeUndefined();
  expect(histories).toBe(plan.histories);
}

describe("a naive S3 in memory and this server", { timeout: SHRINKING_MS }, () => {
  it.for(SIDES)("answer alike, with objects of $inlineBytes bytes kept inline", async (side) => {
    const afterwards = async (history: History) => expect(await orphansOf(side, history)).toEqual([]);
    await expectNoFailure({ ...groundOf(side), afterwards }, { histories: HISTORIES, commands: COMMANDS });
  });

  it.for(SIDES)("answer alike, whatever calls of the stores fail, with $inlineBytes bytes", async (side) => {
    const afterwards = async (history: History) => void (await orphansOf(side, history));
    await expectNoFailure({ ...groundOf(side), arbitrary: anySpoiltCommand, afterwards }, SPOILT);
  });
});

describe("the model", { timeout: SHRINKING_MS }, () => {
  it.for(Object.entries(PLANTED))("notices that %s", async ([, { plant, operations }]) => {
    if (plainSide === undefined) throw new Error("no server");
    const ground = { ...groundOf(plainSide), planted: plant, arbitrary: commandsOf(operations) };
    const plan = { seed: SEED, histories: PLANTED_HISTORIES, commands: COMMANDS / 2 };
    const { failure } = await checkHistories(ground, plan);
    expect(failure).toBeDefined();
    const { commands = [], script = "" } = failure ?? {};
    expect({ script, isShort: commands.length <= PLANTED_COMMANDS }).toEqual({ script, isShort: true });
    await expect(replay(ground, commands)).rejects.toThrow(Disagreement);
    await replay(groundOf(plainSide), commands);
  });

  it("is helped by the audit, which notices a blob that is gone", async () => {
    if (plainSide === undefined) throw new Error("no server");
    const { server } = plainSide;
    const history = await replay(groundOf(plainSide), [
      { op: "CreateBucket", bucket: "a" },
      { op: "PutObject", bucket: "a", key: "a", body: "x" },
    ]);
    const [bucket = ""] = history.buckets;
    const { named } = await audit(server, await server.idOf(bucket));
    await server.order({ do: "erase", blob: named[0] ?? "" });
    await expect(orphansOf(plainSide, history)).rejects.toThrow("named, and not in R2");
  });
});
