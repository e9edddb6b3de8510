// The Worker under test: the same parts as src/worker.ts, with several isolates' memories in one, stores that count and
// fail on demand, a clock that can be moved, and a back door to what the stores hold.

import { makeApp, type Unready } from "../../src/app.ts";
import { BucketIndex as RealIndex } from "../../src/bucket-index.ts";
import type { Asker, PutRequest } from "../../src/index/protocol.ts";
import { type Env, readConfig } from "../../src/worker.ts";
import { buildWorld, freshMemory, type Memory, type World } from "../../src/world.ts";
import { Meter, meteredD1, meteredIndexes, meteredR2, release, whenHeld } from "./bindings.ts";

/** What the back door does, as a JSON body of `POST /_test`. */
export type Order =
  /** Calls a method of the index of this bucket id. */
  | { do: "call"; index: string; method: string; args: unknown[] }
  /** Runs a statement in the index of this bucket id. */
  | { do: "sql"; index: string; text: string; bindings?: (string | number | null)[] }
  | { do: "d1"; text: string; bindings?: (string | number | null)[] }
  /** Names of blobs below a prefix. */
  | { do: "blobs"; prefix: string }
  | { do: "erase"; blob: string }
  /** Ends the object as the platform does: what is stored stays, what is in memory goes. */
  | { do: "restart"; index: string }
  /** Waits until a call of this name is held; lets it go. */
  | { do: "held" | "release"; name: string }
  /** All of them at once; their answers in order. */
  | { do: "several"; orders: Order[] };

export class BucketIndex extends RealIndex {
  async sql(text: string, bindings: (string | number | null)[]): Promise<unknown[]> {
    return this.ctx.storage.sql.exec(text, ...bindings).toArray();
  }

  /**
   * Commits a put `count` times over, each time under a blob and an operation id of its own: many keys, `folder` of them
   * in each folder, or (0) many versions of the one key.
   */
  async fill(asker: Asker, request: PutRequest, first: number, count: number, folder: number): Promise<void> {
    for (let i = first; i < first + count; i++) {
      const key = folder === 0 ? request.draft.key : keyOf(i, folder);
      const draft = { ...request.draft, key };
      const body = { kind: "blob", blob: `filled-${key}-${i}` } as const;
      await this.put({ ...asker, operationId: `filled-${i}` }, { ...request, draft, body });
    }
  }

  async restart(): Promise<void> {
    await this.ctx.storage.sync();
    this.ctx.abort("restarted by a test");
  }
}

/** The key of the i-th of many, `folder` in each folder: `d0042/k0007`. */
function keyOf(i: number, folder: number): string {
  const digits = (n: number) => String(n).padStart(4, "0");
  return `d${digits(Math.floor(i / folder))}/k${digits(i % folder)}`;
}

/** What injected faults make the Worker log: nobody who reads a test's output wants to know. */
const EXPECTED = /Unavailable|Network connection lost|\(10001\)|\(10058\)|Stream was cancelled/;
const { error: report } = console;
console.error = (...line: unknown[]) => {
  if (!EXPECTED.test(line.join(" "))) report(...line);
};

const memories = new Map<string, Memory>();
const meters = new WeakMap<Request, Meter>();

function memoryOf(name: string): Memory {
  const known = memories.get(name) ?? freshMemory();
  memories.set(name, known);
  return known;
}

function worldOf(env: Env, context: Pick<ExecutionContext, "waitUntil">, request: Request): World | Unready {
  const config = readConfig(env);
  if ("unready" in config) return config;
  const { headers } = request;
  const meter = meters.get(request) ?? new Meter(null);
  const offset = Number(headers.get("x-test-now-offset") ?? 0);
  return buildWorld({
    config,
    d1: meteredD1(env.DIRECTORY, meter),
    r2: meteredR2(env.BLOBS, meter),
    indexes: meteredIndexes(env.INDEX, meter),
    memory: memoryOf(headers.get("x-test-world") ?? "a"),
    waitUntil(work) {
      meter.pend(work);
      context.waitUntil(Promise.race([work, meter.death]));
    },
    now: () => Date.now() + offset + meter.lapse,
  });
}

async function obey(env: Env, order: Order): Promise<unknown> {
  const stub = (id: string) =>
    env.INDEX.get(env.INDEX.idFromName(id)) as unknown as Record<
      string,
      (...args: unknown[]) => Promise<unknown>
    >;
  switch (order.do) {
    case "call":
      return stub(order.index)[order.method]?.(...order.args);
    case "sql":
      return stub(order.index).sql?.(order.text, order.bindings ?? []);
    case "d1":
      return (
        await env.DIRECTORY.prepare(order.text)
          .bind(...(order.bindings ?? []))
          .all()
      ).results;
    case "blobs":
      return (await env.BLOBS.list({ prefix: order.prefix })).objects.map(({ key }) => key);
    case "erase":
      return env.BLOBS.delete(order.blob);
    case "restart":
      return stub(order.index)
        .restart?.()
        .catch(() => undefined);
    case "held":
      return whenHeld(order.name);
    case "release":
      return release(order.name);
    case "several":
      return Promise.all(order.orders.map((one) => obey(env, one)));
  }
}

const app = makeApp<Env>(worldOf);

async function fetch(request: Request, env: Env, context: ExecutionContext): Promise<Response> {
  if (request.method === "POST" && new URL(request.url).pathname === "/_test") {
    const answer = await obey(env, await request.json<Order>());
    return Response.json(answer ?? null);
  }
  const meter = new Meter(request.headers.get("x-test-fault"));
  meters.set(request, meter);
  const answer = await Promise.race([app.fetch(request, env, context), meter.death]);
  if (answer === undefined) memories.delete(request.headers.get("x-test-world") ?? "a");
  // A dead isolate answers nothing: this says so to the test, at once.
  const response = answer ?? new Response(null, { status: 502, headers: { "x-test-killed": "yes" } });
  response.headers.set("x-test-bill", JSON.stringify(meter.bill));
  return response;
}

export default { fetch } satisfies ExportedHandler<Env>;
