// The three stores as a test wants them: every call counted, and any one of them made to fail, or to wait.

/** What a test asks for in `x-test-fault`, as one value or a list of them. */
export interface Fault {
  /** The place of the call among all calls of the request, from 1. Instead of it: */
  at?: number;
  store?: Store;
  /** The method; for D1 also any text that its statements contain. */
  call?: string;
  /** Which of the calls that fit, from 1. */
  nth?: number;
  /** How many of them, one after the other. */
  times?: number;
  /**
   * `before`: it fails and nothing happened; `after`: it happened and the answer is lost; `overloaded`: the store
   * turned it away; `hold`: it waits until the test lets it go on; `delay`: it takes `DELAY_MS` longer; `cut`: the
   * stream that it takes or gives breaks off half-way; `kill`: the isolate dies before it, `kill after`: once it
   * happened. Of a dead isolate's calls none ever settles, and its request is never answered. `stale` is no failure but a
   * lie, by which the checkers of histories are tested: a read is answered as the first one like it was.
   */
  how: "before" | "after" | "overloaded" | "hold" | "delay" | "cut" | "kill" | "kill after" | "stale";
  /** How far the failure moves the request's clock, in ms: whoever repeats for a bounded time then gives up. */
  lapse?: number;
  /** The name by which a held call is let go. */
  name?: string;
}

export type Store = "index" | "d1" | "r2";

/** What a request cost, as `x-test-bill` shows it. */
export interface Bill {
  index: number;
  d1: number;
  d1Read: number;
  d1Written: number;
  classA: number;
  classB: number;
  deletes: number;
  /** Every call in order, e.g. `index.put`. */
  trace: string[];
  /** Places of calls, from 1, that take or give a stream. */
  streams: number[];
  /** Pieces of work that were still going on when the answer was given. */
  pending: number;
}

const CLASS_A: ReadonlySet<string> = new Set(["put", "list", "createMultipartUpload"]);

/** Names of calls that wait, and of those that may go on. They belong to the isolate, not to a request. */
const held = new Set<string>();
const released = new Set<string>();
const POLL_MS = 2;
const HOLD_MS = 10_000;
const DELAY_MS = 25;

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function until(what: string, isTrue: () => boolean): Promise<void> {
  for (const end = Date.now() + HOLD_MS; !isTrue(); await sleep(POLL_MS)) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
  }
}

/** Waits until a call of this name is held. */
export const whenHeld = (name: string): Promise<void> => until(`${name} to arrive`, () => held.has(name));

export function release(name: string): void {
  released.add(name);
}

/** Counts one request's calls, and spoils those that it was told to. */
export class Meter {
  readonly bill: Bill = {
    index: 0,
    d1: 0,
    d1Read: 0,
    d1Written: 0,
    classA: 0,
    classB: 0,
    deletes: 0,
    trace: [],
    streams: [],
    pending: 0,
  };
  /** Resolves when the isolate dies. */
  readonly death: Promise<void>;
  #die: () => void = () => undefined;
  #dead = false;
  /** How far failures have moved the request's clock, in ms. */
  lapse = 0;
  readonly #faults: { fault: Fault; seen: number }[];

  constructor(header: string | null) {
    const asked = JSON.parse(header ?? "[]") as Fault | Fault[];
    this.#faults = [asked].flat().map((fault) => ({ fault, seen: 0 }));
    this.death = new Promise((resolve) => {
      this.#die = resolve;
    });
  }

  /** Never settles. */
  async #kill<T>(): Promise<T> {
    this.#dead = true;
    this.#die();
    return new Promise(() => undefined);
  }

  /** Whether reads of an index are answered as they were before. */
  get lies(): boolean {
    return this.#faults.some(({ fault }) => fault.how === "stale");
  }

  pend(work: Promise<unknown>): void {
    this.bill.pending += 1;
    const done = () => {
      this.bill.pending -= 1;
    };
    work.then(done, done);
  }

  /**
   * Makes a call, or what its fault makes of it; `refuse` lets go of what the call was given. `streams`: it takes or
   * gives a stream, which is to be `cut` if it is told so.
   */
  async call<T>(
    store: Store,
    name: string,
    act: (cut: boolean) => Promise<T>,
    {
      text = "",
      refuse,
      streams = false,
    }: { text?: string; refuse?: () => Promise<void>; streams?: boolean } = {},
  ): Promise<T> {
    if (this.#dead) return this.#kill();
    this.bill.trace.push(`${store}.${name}`);
    if (streams) this.bill.streams.push(this.bill.trace.length);
    const fault = this.#due(store, name, text);
    switch (fault?.how) {
      case "hold":
        await this.#hold(fault.name ?? "");
        break;
      case "delay":
        await sleep(DELAY_MS);
        break;
      case "kill":
        return this.#kill();
      case "before":
      case "overloaded":
        await refuse?.();
        throw this.#failure(store, fault);
    }
    const result = await act(fault?.how === "cut");
    if (fault?.how === "kill after" || this.#dead) return this.#kill();
    if (fault?.how === "after") throw this.#failure(store, fault);
    return result;
  }

  #due(store: Store, name: string, text: string): Fault | undefined {
    const at = this.bill.trace.length;
    for (const entry of this.#faults) {
      const { fault } = entry;
      const fits =
        fault.at === undefined
          ? (fault.store ?? store) === store &&
            (fault.call === undefined || fault.call === name || text.includes(fault.call))
          : at >= fault.at;
      if (!fits) continue;
      entry.seen += 1;
      const first = fault.nth ?? 1;
      if (entry.seen >= first && entry.seen < first + (fault.times ?? 1)) return fault;
    }
    return undefined;
  }

  async #hold(name: string): Promise<void> {
    held.add(name);
    await until(`${name} to be let go`, () => released.has(name));
    held.delete(name);
    released.delete(name);
  }

  #failure(store: Store, { how, lapse = 0 }: Fault): Error {
    this.lapse += lapse;
    const failure = FAILURES[store][how === "overloaded" ? "overloaded" : "lost"];
    return Object.assign(new Error(failure.message), failure);
  }
}

/** What the platform throws, in its own words. */
const FAILURES: Record<Store, Record<"lost" | "overloaded", { message: string }>> = {
  d1: {
    lost: { message: "D1_ERROR: Network connection lost." },
    overloaded: { message: "D1_ERROR: D1 DB is overloaded. Requests queued for too long." },
  },
  r2: {
    lost: { message: "put: We encountered an internal error. Please try again. (10001)" },
    overloaded: { message: "put: Reduce your concurrent request rate for the same object. (10058)" },
  },
  index: {
    lost: Object.assign(
      { message: "Network connection lost." },
      { retryable: true, durableObjectReset: true },
    ),
    overloaded: Object.assign(
      { message: "Durable Object is overloaded. Too many requests queued." },
      { overloaded: true },
    ),
  },
};

/** An object whose methods are seen to by `wrap`; everything else is the original's. */
function proxied<T extends object>(
  original: T,
  wrap: (name: string, method: Method) => Method | undefined,
): T {
  return new Proxy(original, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function" || typeof name !== "string") return value;
      const method: Method = (...args) => Reflect.apply(value, target, args) as unknown;
      return wrap(name, method) ?? method;
    },
  });
}

type Method = (...args: unknown[]) => unknown;

export function meteredIndexes(
  namespace: DurableObjectNamespace,
  meter: Meter,
): Pick<DurableObjectNamespace, "idFromName" | "get"> {
  const get = (id: DurableObjectId): DurableObjectStub => {
    const stub = namespace.get(id) as unknown as Record<string, Method>;
    // A stub has every method one may ask for, so there is nothing to look through.
    return new Proxy({} as DurableObjectStub, {
      get: (_target, name) =>
        typeof name !== "string" || name === "then"
          ? undefined
          : (...args: unknown[]) => {
              meter.bill.index += 1;
              const answer = meter.call("index", name, async () => stub[name]?.(...args));
              return meter.lies && name === "read"
                ? firstAnswer(`${id} ${JSON.stringify(args.slice(1))}`, answer)
                : answer;
            },
    });
  };
  return { idFromName: (name) => namespace.idFromName(name), get };
}

const firstAnswers = new Map<string, Promise<unknown>>();

/** What was answered to the first question like this one. */
function firstAnswer(question: string, answer: Promise<unknown>): Promise<unknown> {
  const first = firstAnswers.get(question) ?? answer;
  firstAnswers.set(question, first);
  return first;
}

export function meteredD1(d1: D1Database, meter: Meter): D1Database {
  const originals = new WeakMap<object, { statement: D1PreparedStatement; text: string }>();
  const counted = async (name: string, text: string, act: () => unknown): Promise<unknown> => {
    meter.bill.d1 += 1;
    const result = await meter.call("d1", name, async () => act(), { text });
    for (const { meta } of [result].flat() as { meta?: Partial<D1Meta> }[]) {
      meter.bill.d1Read += meta?.rows_read ?? 0;
      meter.bill.d1Written += meta?.rows_written ?? 0;
    }
    return result;
  };
  const prepared = (statement: D1PreparedStatement, text: string): D1PreparedStatement => {
    const wrapped = proxied(statement, (name, method) =>
      name === "bind"
        ? (...values) => prepared(statement.bind(...values), text)
        : (...args) => counted(name, text, () => method(...args)),
    );
    originals.set(wrapped, { statement, text });
    return wrapped;
  };
  return proxied(d1, (name, method) => {
    if (name === "prepare") return (text) => prepared(d1.prepare(String(text)), String(text));
    if (name !== "batch") return (...args) => counted(name, "", () => method(...args));
    return (statements) => {
      const list = (statements as D1PreparedStatement[]).map((wrapped) => originals.get(wrapped));
      const text = list.map((known) => known?.text).join(";");
      return counted("batch", text, () => method(list.map((known) => known?.statement)));
    };
  });
}

export function meteredR2(r2: R2Bucket, meter: Meter): R2Bucket {
  return proxied(r2, (name, method) => (...args) => {
    if (name === "delete") meter.bill.deletes += 1;
    else if (CLASS_A.has(name)) meter.bill.classA += 1;
    else meter.bill.classB += 1;
    const body = args[1];
    const takes = name === "put" && body instanceof ReadableStream;
    const refuse = async () => {
      if (body instanceof ReadableStream) await body.cancel();
    };
    const act = async (cut: boolean): Promise<unknown> => {
      if (!cut) return method(...args);
      if (takes) return method(args[0], await cutShort(body), ...args.slice(2));
      const object = (await method(...args)) as R2ObjectBody | null;
      return object && brokenOff(object);
    };
    return meter.call("r2", name, act, { refuse, streams: takes || name === "get" });
  });
}

/** A stream as R2 takes it, which says how long it is, and breaks off half-way. */
async function cutShort(stream: ReadableStream<Uint8Array>): Promise<ReadableStream<Uint8Array>> {
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const { readable, writable } = new FixedLengthStream(bytes.byteLength);
  const writer = writable.getWriter();
  const broken = async () => {
    await writer.write(bytes.subarray(0, bytes.byteLength >> 1));
    await writer.abort(new Error("Network connection lost."));
  };
  broken().catch(() => undefined);
  return readable;
}

/** What R2 gave, whose bytes break off half-way. */
async function brokenOff(object: R2ObjectBody): Promise<R2ObjectBody> {
  const body = await cutShort(object.body);
  // R2's own stream can be piped into a FixedLengthStream; another of these cannot, in workerd, but by hand.
  body.pipeTo = async (to) => {
    const writer = to.getWriter();
    try {
      for await (const bytes of body) await writer.write(bytes);
    } catch (error) {
      await writer.abort(error);
      throw error;
    }
  };
  return new Proxy(object, {
    get(target, name) {
      if (name === "body") return body;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
