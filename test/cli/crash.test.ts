import { Agent } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, vi } from "vitest";
import { DEFAULT_KEY } from "../../src/cli/root-key.ts";
import { md5 } from "../support/checksums.ts";
import { type Answer, Client } from "../support/client.ts";
import { drawing } from "../support/drawing.ts";
import { begin, complete, MIN_PART, part } from "../support/uploads.ts";
import { xml } from "../support/xml.ts";
import { childOf, type Portico, portico, temporaryFolder } from "./portico-process.ts";

/** A few in `npm test`; `npm run test:crash` does 20. */
const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 4);
const SEED = Number(process.env.CRASH_SEED ?? Date.now() % 1_000_000);
const CLIENTS = 8;
const KEYS_EACH = 6;
/** How long a server is under load before it is killed, in ms: from the first to less than the sum. */
const LOAD_MS = [100, 600] as const;

vi.setConfig({ testTimeout: 30_000 + ROUNDS * 15_000 });

/** MD5 of what is under a key; undefined: nothing. */
type Content = string | undefined;

/** What one key may hold: what was acknowledged last, and what was asked for since without an answer. */
interface Expected {
  acknowledged: Content;
  asked: Content[];
}

class Load {
  readonly keys = new Map<string, Expected>();
  acknowledged = 0;
  unanswered = 0;
  readonly #draw = drawing(SEED);

  /** Lets one client call, one call after the other, until the server is gone. */
  async run(client: Client, name: string, isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const key = `${name}-${this.#draw(KEYS_EACH)}`;
      const expected = this.keys.get(key) ?? { acknowledged: undefined, asked: [] };
      this.keys.set(key, expected);
      const { content, act } = this.#next(client, name, key);
      expected.asked = [content];
      const answer = await act().catch(() => undefined);
      if (answer === undefined || answer.status >= 500) {
        this.unanswered += 1;
        return;
      }
      expect([200, 204], answer.text).toContain(answer.status);
      Object.assign(expected, { acknowledged: content, asked: [] });
      this.acknowledged += 1;
    }
  }

  /** A call, and what is there once it is made. */
  #next(client: Client, name: string, key: string): { content: Content; act: () => Promise<Answer> } {
    const path = `/crash/${key}`;
    const kind = this.#draw(20);
    const other = `${name}-${this.#draw(KEYS_EACH)}`;
    const source = this.keys.get(other)?.acknowledged;
    if (kind < 3) return { content: undefined, act: () => client.delete(path) };
    if (kind < 5 && source !== undefined && other !== key) {
      return { content: source, act: () => client.put(path, "", { "x-amz-copy-source": `/crash/${other}` }) };
    }
    if (kind < 9) {
      const bodies = kind === 5 ? [this.#bytes(MIN_PART), this.#bytes(50_000)] : [this.#bytes(200_000)];
      return { content: md5(Buffer.concat(bodies)), act: () => upload(client, path, bodies) };
    }
    // Small ones stay in the index, the others go to R2; those in chunks pass through JavaScript.
    const body = this.#bytes([100, 1000, 20_000, 300_000][this.#draw(4)] ?? 0);
    const headers: Record<string, string> =
      this.#draw(2) === 0 ? {} : { "content-md5": md5(body, "base64"), "x-amz-meta-by": name };
    return { content: md5(body), act: () => client.put(path, body, headers) };
  }

  /** Bytes that were never there before, of about this length. */
  #bytes(length: number): Buffer {
    return Buffer.alloc(length + this.#draw(100), `${this.#draw(2 ** 31)}-${this.acknowledged}-`);
  }

  /** Reads every key and the listing: whole, and what it may be. */
  async check(client: Client): Promise<void> {
    for (const [key, expected] of this.keys) {
      const answer = await client.get(`/crash/${key}`);
      expect([200, 404], answer.text).toContain(answer.status);
      const found = answer.status === 404 ? undefined : md5(answer.bytes);
      expect([expected.acknowledged, ...expected.asked], key).toContain(found);
      Object.assign(expected, { acknowledged: found, asked: [] });
    }
    const listed = xml((await client.get("/crash?list-type=2")).text).texts("Contents/Key");
    const there = [...this.keys].flatMap(([key, { acknowledged }]) =>
      acknowledged === undefined ? [] : [key],
    );
    expect(listed).toEqual(there.sort());
  }
}

async function upload(client: Client, path: string, bodies: readonly Buffer[]): Promise<Answer> {
  const id = await begin(client, path);
  const parts = await Promise.all(bodies.map((body, i) => part(client, path, id, i + 1, body)));
  return complete(client, path, id, parts);
}

/** Both processes, at once: whichever is first. */
function killBoth({ pid }: Portico, first: number): void {
  const workerd = childOf(pid, "workerd");
  const victims = first === 0 ? [pid, workerd] : [workerd, pid];
  for (const victim of victims) process.kill(victim, "SIGKILL");
}

it(`whatever was acknowledged is there after kill -9 under load, ${ROUNDS} times`, async () => {
  const data = temporaryFolder();
  const draw = drawing(SEED);
  const load = new Load();
  for (let round = 0; ; round++) {
    const server = portico(["serve", "--port", "0", "--data", data]);
    const url = await server.ready();
    const agent = new Agent({ keepAlive: true });
    const { accessKeyId, secretAccessKey: secret } = DEFAULT_KEY;
    const client = new Client({ url, accessKeyId, secret, region: "us-east-1", agent });
    if (round === 0) expect((await client.put("/crash")).status).toBe(200);
    await load.check(client);
    if (round === ROUNDS) {
      agent.destroy();
      await server.stop();
      break;
    }
    let over = false;
    const clients = Array.from({ length: CLIENTS }, (_, i) => load.run(client, `client-${i}`, () => over));
    await sleep(LOAD_MS[0] + draw(LOAD_MS[1]));
    killBoth(server, draw(2));
    over = true;
    await server.exit;
    await Promise.all(clients);
    agent.destroy();
  }
  expect(load.acknowledged).toBeGreaterThan(ROUNDS);
  expect(load.unanswered).toBeGreaterThan(0);
  console.log(
    `${ROUNDS} times kill -9 of node and workerd under load, seed ${SEED}: ${load.acknowledged} acknowledged writes, all there and whole; ${load.unanswered} unanswered, each there or not`,
  );
});
