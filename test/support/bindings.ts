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
   * turned it away; `hold`: it waits until the test lets it go on.
   */
  how: "before" | "after" | "overloaded" | "hold";
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
  /** Pieces of work that were still going on when the answer was given. */
  pending: number;
}

const CLASS_A: ReadonlySet<string> = new Set(["put", "list", "createMultipartUpload"]);

/** Names of calls that wait, and of those that may go on. They belong to the isolate, not to a request. */
const held = new Set<string>();
const released = new Set<string>();
const POLL_MS = 2;
const HOLD_MS = 10_000;

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
    pending: 0,
  };
  /** How far failures have moved the request's clock, in ms. */
  lapse = 0;
  readonly #faults: { fault: Fault; seen: number }[];

  constructor(header: string | null) {
    const asked = JSON.parse(header ?? "[]") as Fault | Fault[];
    this.#faults = [asked].flat().map((fault) => ({ fault, seen: 0 }));
  }

  pend(work: Promise<unknown>): void {
    this.bill.pending += 1;
    const done = () => {
      this.bill.pending -= 1;
    };
    work.then(done, done);
  }

  /** Makes a call, or what its fault makes of it; `refuse` lets go of what the call was given. */
  async call<T>(
    store: Store,
    name: string,
    act: () => Promise<T>,
    { text = "", refuse }: { text?: string; refuse?: () => Promise<void> } = {},
  ): Promise<T> {
    this.bill.trace.push(`${store}.${name}`);
    const fault = this.#due(store, name, text);
    if (fault?.how === "hold") await this.#hold(fault.name ?? "");
    else if (fault !== undefined && fault.how !== "after") {
      await refuse?.();
      throw this.#failure(store, fault);
    }
    const result = await act();
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
    if (store === "d1") return new Error("D1_ERROR: Network connection lost.");
    if (store === "r2") return new Error("put: We encountered an internal error. Please try again. (10001)");
    return how === "overloaded"
      ? Object.assign(new Error("Durable Object is overloaded. Too many requests queued."), {
          overloaded: true,
        })
      : Object.assign(new Error("Network connection lost."), { retryable: true, durableObjectReset: true });
  }
}

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
              return meter.call("index", name, async () => stub[name]?.(...args));
            },
    });
  };
  return { idFromName: (name) => namespace.idFromName(name), get };
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
    const refuse = async () => {
      if (body instanceof ReadableStream) await body.cancel();
    };
    return meter.call("r2", name, async () => method(...args), { refuse });
  });
}
