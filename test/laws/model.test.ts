import http from "node:http";
import { describe, expect, it } from "vitest";
import { Client } from "../support/client.ts";
import { commandsOf } from "../support/model/arbitrary.ts";
import { checkHistories, failureText, type Ground, replay } from "../support/model/check.ts";
import { Disagreement } from "../support/model/history.ts";
import { PLANTED } from "../support/model/planted.ts";
import { useServer } from "../support/server.ts";
import type { TestServer } from "../support/test-server.ts";

/** Each run looks elsewhere, unless it is told where: `MODEL_SEED=7 npx vitest run test/laws/model.test.ts`. */
const SEED = Number(process.env.MODEL_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** How many histories are made up, for each size of small objects, and how long they are at most. */
const HISTORIES = 16;
const COMMANDS = 80;

/** How many are made up at most for each bug that was planted, and into how few commands it must fit. */
const PLANTED_HISTORIES = 60;
const PLANTED_COMMANDS = 8;

const INLINE_BYTES = [0, 1024];
const SERVERS = INLINE_BYTES.map((inlineBytes) => ({
  inlineBytes,
  server: useServer({ vars: { INLINE_BYTES: String(inlineBytes) } }),
}));

function groundOf({ server, inlineBytes }: { server: TestServer; inlineBytes: number }): Ground {
  const agent = new http.Agent({ keepAlive: true });
  return { client: new Client({ ...server.client.settings, agent }), rules: { inlineBytes } };
}

describe("a naive S3 in memory and this server", () => {
  it.for(SERVERS)("answer alike, with $inlineBytes bytes kept inline", async (side) => {
    const seed = SEED + side.inlineBytes;
    const { failure, histories, tally } = await checkHistories(groundOf(side), {
      seed,
      histories: HISTORIES,
      commands: COMMANDS,
    });
    const calls = [...tally.commands.values()].reduce((sum, each) => sum + each, 0);
    console.log(`model: MODEL_SEED=${SEED}, ${histories} histories, ${calls} calls`);
    expect(failure && failureText(failure, SEED)).toBeUndefined();
    expect(histories).toBe(HISTORIES);
  });
});

describe("the model", () => {
  it.for(Object.entries(PLANTED))("notices that %s", async ([, { plant, operations }]) => {
    const [side] = SERVERS;
    if (side === undefined) throw new Error("no server");
    const ground = { ...groundOf(side), planted: plant, arbitrary: commandsOf(operations) };
    const plan = { seed: SEED, histories: PLANTED_HISTORIES, commands: COMMANDS / 2 };
    const { failure } = await checkHistories(ground, plan);
    expect(failure).toBeDefined();
    const { commands = [], script = "" } = failure ?? {};
    expect({ script, isShort: commands.length <= PLANTED_COMMANDS }).toEqual({ script, isShort: true });
    await expect(replay(ground, commands)).rejects.toThrow(Disagreement);
    await replay(groundOf(side), commands);
  });
});
