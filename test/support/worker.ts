// The Worker under test: the same parts as src/worker.ts, with several isolates' memories in one, stores that count and
// fail on demand, a clock that can be moved, and a back door to what the stores hold.

import { makeApp } from "../../src/app.ts";
import { BucketIndex as RealIndex } from "../../src/bucket-index.ts";
import { type Env, readConfig, type Unready } from "../../src/config.ts";
import type { Asker, PutRequest } from "../../src/index/protocol.ts";
import { tour } from "../../src/jobs/tour.ts";
import { buildWorld, freshMemory, type Memory, type World, type WorldParts } from "../../src/world.ts";
import { type Fault, Meter, meteredD1, meteredIndexes, meteredR2, release, whenHeld } from "./bindings.ts";

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
  /** Puts blobs of so many bytes, of one if nothing is said. */
  | { do: "strew"; blobs: string[]; size?: number }
  /** Ends the object as the platform does: what is stored stays, what is in memory goes; `atOnce`: what is not yet stored, too. */
  | { do: "restart"; index: string; atOnce?: boolean }
  /** What the next round of this index's alarm meets. */
  | { do: "roundFaults"; index: string; faults: Fault[] }
  /** The tour of all buckets by this clock. */
  | { do: "tour"; offset: number; faults?: Fault[] }
  /** Loses all that the index of this bucket id keeps, as no platform should. */
  | { do: "lose"; index: string }
  /** Moves the clock of one index, or of all that have none of their own, this many ms from the real one. */
  | { do: "clock"; index?: string; offset: number }
  /** Waits until a call of this name is held; lets it go. */
  | { do: "held" | "release"; name: string }
  /** All of them at once; their answers in order. */
  | { do: "several"; orders: Order[] };

/** How far the clocks of indexes are moved, in ms, by their objects' ids; '' for all others. */
const clocks = new Map<string, number>();

/** What the alarm's next round meets, by the object's id. */
const roundFaults = new Map<string, Fault[]>();

export class BucketIndex extends RealIndex {
  protected override world(): World | Unready {
    const env = this.env as unknown as Env;
    const id = this.ctx.id.toString();
    const meter = new Meter(JSON.stringify(roundFaults.get(id) ?? []));
    roundFaults.delete(id);
    const waitUntil = (work: Promise<unknown>) => this.ctx.waitUntil(work);
    return meteredWorld(env, meter, {
      memory: memoryOf("alarm"),
      waitUntil,
      now: () => this.now() + meter.lapse,
    });
  }

  protected override now(): number {
    return Date.now() + (clocks.get(this.ctx.id.toString()) ?? clocks.get("") ?? 0);
  }

  /** The alarm rings. */
  async ring(): Promise<void> {
    await this.alarm();
  }

  /** When it rings by itself, in ms since 1970. */
  async rings(): Promise<number | null> {
    return this.ctx.storage.getAlarm();
  }

  /** What SQLite says of the index's size from now on, in bytes. */
  async grow(bytes: number): Promise<void> {
    Object.defineProperty(this.ctx.storage.sql, "databaseSize", { configurable: true, get: () => bytes });
  }

  async sql(text: string, bindings: (string | number | null)[]): Promise<unknown[]> {
    return this.ctx.storage.sql.exec(text, ...bindings).toArray();
  }

  /**
   * Commits a put `count` times over, each time under a blob and an operation id of its own: many keys, `folder` of them
   * in each folder, or (0) many versions of the one key.
   */
  async fill(asker: Asker, request: PutRequest, first: number, count: number, folder: number): Promise<void> {
    const put = (i: number) => {
      const key = folder === 0 ? request.draft.key : keyOf(i, folder);
      const draft = { ...request.draft, key };
      const body = { kind: "blob", blob: `filled-${key}-${i}` } as const;
      return this.put({ ...asker, operationId: `filled-${i}` }, { ...request, draft, body });
    };
    // One group of commits.
    await Promise.all(Array.from({ length: count }, (_, i) => put(first + i)));
  }

  /** The alarm is silenced, as if the object had ended before it was set. */
  async forget(): Promise<void> {
    await this.ctx.storage.deleteAlarm();
  }

  async lose(): Promise<void> {
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.deleteAll();
    await this.restart(false);
  }

  async restart(atOnce: boolean): Promise<void> {
    if (!atOnce) await this.ctx.storage.sync();
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
  const { headers } = request;
  const meter = meters.get(request) ?? new Meter(null);
  const offset = Number(headers.get("x-test-now-offset") ?? 0);
  return meteredWorld(env, meter, {
    memory: memoryOf(headers.get("x-test-world") ?? "a"),
    waitUntil(work) {
      meter.pend(work);
      context.waitUntil(Promise.race([work, meter.death]));
    },
    now: () => Date.now() + offset + meter.lapse,
  });
}

function meteredWorld(
  env: Env,
  meter: Meter,
  parts: Pick<WorldParts, "memory" | "waitUntil" | "now">,
): World | Unready {
  const config = readConfig(env);
  if ("unready" in config) return config;
  const indexes = meteredIndexes(env.INDEX, meter);
  return buildWorld({
    config,
    d1: meteredD1(env.DIRECTORY, meter),
    r2: meteredR2(env.BLOBS, meter),
    indexes,
    ...parts,
  });
}

/** The tour of all buckets, as cron makes it. */
async function goOnTour(env: Env, offset: number, faults: Fault[]): Promise<void> {
  const meter = new Meter(JSON.stringify(faults));
  const now = () => Date.now() + offset + meter.lapse;
  const world = meteredWorld(env, meter, { memory: freshMemory(), waitUntil: () => {}, now });
  if (!("unready" in world)) await tour(world);
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
    case "strew":
      await Promise.all(order.blobs.map((blob) => env.BLOBS.put(blob, "x".repeat(order.size ?? 1))));
      return undefined;
    case "lose":
      return stub(order.index)
        .lose?.()
        .catch(() => undefined);
    case "restart":
      return stub(order.index)
        .restart?.(order.atOnce ?? false)
        .catch(() => undefined);
    case "clock": {
      const { index, offset } = order;
      clocks.set(index === undefined ? "" : env.INDEX.idFromName(index).toString(), offset);
      return undefined;
    }
    case "roundFaults":
      roundFaults.set(env.INDEX.idFromName(order.index).toString(), order.faults);
      return undefined;
    case "tour":
      return goOnTour(env, order.offset, order.faults ?? []);
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
