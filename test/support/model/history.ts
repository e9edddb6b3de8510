// A history as it goes: each command is sent to the server and done to the model, and both answers are compared. Where an
// answer was lost, the model holds every state that may have come of it, until later answers tell which it is.

import type { Answer, Client } from "../client.ts";
import { xml } from "../xml.ts";
import { bucketName, type Command, callOf, type Setting } from "./commands.ts";
import { compare } from "./compare.ts";
import { byBytes } from "./listings.ts";
import { apply, type OperationName, type Outcome } from "./s3.ts";
import {
  type Call,
  type Expected,
  freshState,
  nameOf,
  type Opaque,
  type Past,
  type Rules,
  type State,
  type Upload,
} from "./state.ts";
import { send } from "./wire.ts";
import type { DeleteInput } from "./writes.ts";

/** Most states that are held at once: one more lost answer, and the whole is listed first. */
const MAX_STATES = 8;

/** Most pages of one listing. */
const MAX_PAGES = 12;

/** Operations that may stop half-way, to be gone on with: their client repeats them until they have an answer. */
const REPEATED: ReadonlySet<OperationName> = new Set([
  "CreateBucket",
  "DeleteBucket",
  "PutBucketVersioning",
  "PutObjectLockConfiguration",
  "AbortMultipartUpload",
  "CompleteMultipartUpload",
]);

/** How long a refusal may rest on memory, with some slack, in ms: see the design. */
const REFUSAL_MS = 1_500;

const OLD: Opaque = { opaque: "time", n: 0 };

/** Most repetitions of one request. */
const MAX_REPETITIONS = 5;

export type Send = typeof send;

/** Model and server disagree. */
export class Disagreement extends Error {}

export interface Tally {
  commands: Map<string, number>;
  faults: Map<string, number>;
  /** Answers that were lost, or said that they could not tell. */
  lost: number;
}

/** How far the server's clock has been moved, in ms; it only ever goes on. `most`: while it is being moved, how far. */
export interface Clock {
  offset: number;
  most: number;
}

interface Options {
  tally?: Tally;
  /** How calls are sent, for those who spoil them on purpose. */
  through?: Send;
  clock?: Clock;
  /** Whether somebody sweeps and restarts the indexes meanwhile. */
  isRestless?: boolean;
}

export const freshTally = (): Tally => ({ commands: new Map(), faults: new Map(), lost: 0 });

const count = (counts: Map<string, number>, name: string): void => {
  counts.set(name, (counts.get(name) ?? 0) + 1);
};

export class History {
  states: State[];
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #isRestless: boolean;
  readonly #rules: Rules;
  readonly #setting: Setting;
  readonly #tally: Tally;
  readonly #send: Send;

  /** `prefix` begins its buckets' names. */
  constructor(
    client: Client,
    prefix: string,
    rules: Rules,
    {
      tally = freshTally(),
      through = send,
      clock = { offset: 0, most: 0 },
      isRestless = false,
    }: Options = {},
  ) {
    this.#client = client;
    this.#rules = rules;
    this.#setting = { prefix, origin: client.settings.url };
    this.#tally = tally;
    this.#send = through;
    this.#clock = clock;
    this.#isRestless = isRestless;
    this.states = [freshState(this.#now)];
  }

  #now = (): number => Date.now() + this.#clock.offset;

  get buckets(): string[] {
    return [...new Set(this.states.flatMap(({ buckets }) => [...buckets.keys()]))];
  }

  /** Throws Disagreement. */
  async run(command: Command): Promise<void> {
    if (command.faults !== undefined && this.states.length >= MAX_STATES) await this.settle();
    // What a date says of a version that may have come in another's stead, nobody knows.
    if (isDated(command) && this.states.length > 1) await this.settle();
    const [first] = this.states;
    if (first === undefined) throw new Error("a history without a state");
    let call: Call | undefined = callOf(command, first, this.#setting);
    // Two uploads of one key are listed in the order in which they began, if that was not in the same millisecond.
    if (command.op === "CreateMultipartUpload") await new Promise((resolve) => setTimeout(resolve, 2));
    const pages = Math.min(command.pages ?? 1, MAX_PAGES);
    for (let page = 0; call !== undefined && page < pages; page++) {
      const answer: Answer | undefined = await this.#exchange(command, call);
      call = answer?.status === 200 ? nextPage(call, answer) : undefined;
    }
  }

  /** Lists all there is, so that no doubt is left. */
  async settle(): Promise<void> {
    await this.run({ op: "ListBuckets" });
    for (const bucket of ["a", "b"] as const) {
      await this.run({ op: "ListObjectVersions", bucket });
      await this.run({ op: "ListMultipartUploads", bucket });
    }
    this.states = distinct(this.states);
  }

  /** Reads all there is: every page, and every version's bytes. */
  async finish(): Promise<void> {
    await this.settle();
    for (const bucket of ["a", "b"] as const) {
      await this.run({ op: "ListObjectsV2", bucket, query: { "max-keys": "2" }, pages: MAX_PAGES });
      const held = this.states[0]?.buckets.get(bucketName(this.#setting, bucket));
      for (const [key, versions] of held?.keys ?? []) {
        await this.run({ op: "GetObject", bucket, key });
        for (const version of versions.slice(1).keys()) {
          await this.run({ op: "GetObject", bucket, key, version: version + 1 });
        }
      }
    }
  }

  async #exchange(command: Command, call: Call): Promise<Answer | undefined> {
    const { faults, world } = command;
    for (let repetition = 0; repetition < MAX_REPETITIONS; repetition++) {
      const isSpoilt = repetition === 0 && faults !== undefined;
      const { offset } = this.#clock;
      const transport: Record<string, string> = {
        ...(isSpoilt && { "x-test-fault": JSON.stringify(faults) }),
        ...(world && { "x-test-world": world }),
        ...(offset > 0 && { "x-test-now-offset": String(offset) }),
      };
      const sent = { at: Date.now(), offset };
      const answer = await this.#send(this.#client, call, transport).catch((error: unknown) => {
        if (isSpoilt) return undefined;
        throw error;
      });
      count(this.#tally.commands, call.op);
      for (const fault of isSpoilt ? faults : []) count(this.#tally.faults, fault.how);
      const isLost = answer === undefined || saysNothing(answer);
      // What was asked for without an answer may still be done when nobody waits for it any more.
      const asked = { ...sent, until: isLost ? Number.POSITIVE_INFINITY : Date.now() };
      // If the clock was moved meanwhile, nobody knows by which time a request was judged.
      const clocks = [...new Set([offset, this.#clock.most])];
      const outcomes = this.states
        .flatMap((state) => clocks.map((by) => ({ ...state, now: () => Date.now() + by })))
        .flatMap((state) => this.#outcomes(state, call, isSpoilt, asked))
        .map(({ state, expected }) => ({ expected, state: { ...state, now: this.#now } }));
      if (!isLost || !(isSpoilt || repetition > 0 || this.#isRestless)) {
        this.#resolve(command, call, answer, outcomes);
        return answer;
      }
      this.#tally.lost += 1;
      this.states = distinct([...this.states, ...outcomes.map(({ state }) => state)]);
      if (!REPEATED.has(command.op)) return undefined;
    }
    throw new Disagreement(`${JSON.stringify(command)}: ${MAX_REPETITIONS} times without an answer`);
  }

  /** All that a call may have come to. */
  #outcomes(
    state: State,
    call: Call,
    isSpoilt: boolean,
    asked: { at: number; until: number; offset: number },
    mayClear = this.#isRestless,
  ): Outcome[] {
    const cleared = mayClear ? withoutLingering(state, call.bucket) : undefined;
    if (cleared !== undefined) {
      // The sweep may have cleared it away a moment ago.
      return [state, cleared].flatMap((each) => this.#outcomes(each, call, isSpoilt, asked, false));
    }
    const made = apply(state, call, this.#rules);
    // D1 tells its own time.
    const real = [asked.at, asked.until] as const;
    const moved = [asked.at + asked.offset, asked.until + this.#clock.most] as const;
    for (let n = state.opaques + 1; n <= made.state.opaques; n++) made.state.windows.set(n, [real, moved]);
    made.state.past = [...made.state.past, ...changes(state, made.state)];
    const outcomes = [made, ...this.#remembered(state, call)];
    const mayLinger = call.op === "CompleteMultipartUpload" && isSpoilt && made.expected.status === 200;
    return mayLinger ? [...outcomes, { ...made, state: lingering(made.state, call) }] : outcomes;
  }

  /**
   * Refusals by an isolate that remembers a bucket as it was before: for a second, or, if they rest on the request alone,
   * for as long as it remembers a bucket that is gone.
   */
  #remembered(state: State, call: Call): Outcome[] {
    return state.past.flatMap((past) => {
      const now = state.buckets.get(past.name);
      const isRecent = Date.now() - past.at < REFUSAL_MS;
      if (!isRecent && now !== undefined) return [];
      const { name, versioning, lock } = past;
      const bucket = { created: OLD, keys: new Map(), uploads: [], ...now, name, versioning, lock };
      const before = { ...state, buckets: new Map(state.buckets).set(name, bucket) };
      const { expected } = apply(before, call, this.#rules);
      const mayBe = isRecent ? refuses(expected, call) : expected.status === 400;
      return mayBe ? [{ state, expected }] : [];
    });
  }

  #resolve(command: Command, call: Call, answer: Answer | undefined, outcomes: Outcome[]): void {
    if (answer === undefined) throw new Disagreement(`${JSON.stringify(command)}: no answer`);
    const compared = outcomes.map(({ state, expected }) => compare(state, expected, answer));
    const fitting = compared.filter((each) => typeof each !== "string");
    if (fitting.length === 0) {
      const why = [...new Set(compared)].join("\n  or: ");
      throw new Disagreement(
        `${JSON.stringify(command)}\n  ${call.op} ${JSON.stringify(call.query)}: ${why}`,
      );
    }
    this.states = fitting.length === 1 ? fitting : distinct(fitting);
  }
}

function isDated({ conditions, source }: Command): boolean {
  return [conditions, source?.conditions].some(
    (each) => each?.ifModifiedSince !== undefined || each?.ifUnmodifiedSince !== undefined,
  );
}

/** Whether an answer leaves open what has been done: a client repeats its request. */
function saysNothing({ status, text }: Answer): boolean {
  // Of a request whose body broke off on its way.
  const isCut = status === 400 && text.includes("<Code>RequestTimeout</Code>");
  return isCut || [500, 502, 503].includes(status);
}

/** Whether nothing of what a call asks for was done. */
function refuses({ status, document }: Expected, { op, input }: Call): boolean {
  if (op !== "DeleteObjects" || document === undefined) return status >= 400;
  const { Error: errors } = document.inside as { Error: unknown[] };
  return errors.length === (input as DeleteInput).objects.length;
}

/** The settings of buckets that a call has changed, as they were. */
function changes(before: State, after: State): Past[] {
  return [...before.buckets.values()].flatMap(({ name, versioning, lock }) => {
    const now = after.buckets.get(name);
    const isSame = now?.versioning === versioning && now.lock === lock;
    return isSame ? [] : [{ name, versioning, lock, at: Date.now() }];
  });
}

/** The bucket without completed uploads that stayed in sight; undefined if there are none. */
function withoutLingering(state: State, name: string): State | undefined {
  const bucket = state.buckets.get(name);
  const lingers = ({ open, answer }: Upload) => open && answer !== undefined;
  if (bucket === undefined || !bucket.uploads.some(lingers)) return undefined;
  const uploads = bucket.uploads.map((each) => (lingers(each) ? { ...each, open: false } : each));
  return { ...state, buckets: new Map(state.buckets).set(name, { ...bucket, uploads }) };
}

/** A completed upload whose rows could not be removed stays in sight until the sweep removes them. */
function lingering(state: State, { bucket: name, query }: Call): State {
  const bucket = state.buckets.get(name);
  if (bucket === undefined) return state;
  const uploads = bucket.uploads.map((each) =>
    state.seen.get(nameOf(each.id)) === query.uploadId ? { ...each, open: true } : each,
  );
  return { ...state, buckets: new Map(state.buckets).set(name, { ...bucket, uploads }) };
}

/** The call for the page behind this one, if the answer says that there is one. */
function nextPage(call: Call, { text }: Answer): Call | undefined {
  const root = call.op.startsWith("List") && call.op !== "ListBuckets" ? xml(text) : undefined;
  if (root?.get("IsTruncated") !== "true") return undefined;
  const decode = (each: string | undefined) =>
    each !== undefined && call.query["encoding-type"] === "url" ? decodeURIComponent(each) : (each ?? "");
  const keys = [...root.texts("Contents/Key"), ...root.texts("CommonPrefixes/Prefix")].map(decode);
  const last = keys.toSorted(byBytes).at(-1) ?? "";
  const next = (query: Record<string, string>, input?: unknown): Call => ({
    ...call,
    query: { ...call.query, ...query },
    input,
  });
  switch (call.op) {
    case "ListObjects":
      return next({ marker: decode(root.get("NextMarker")) || last });
    case "ListObjectsV2":
      return next({ "continuation-token": root.get("NextContinuationToken") ?? "" }, last);
    case "ListObjectVersions": {
      const { "version-id-marker": _old, ...query } = call.query;
      const id = root.get("NextVersionIdMarker");
      const keyMarker = decode(root.get("NextKeyMarker"));
      const ids: Record<string, string> = id === undefined ? {} : { "version-id-marker": id };
      return { ...call, query: { ...query, "key-marker": keyMarker, ...ids } };
    }
    case "ListMultipartUploads":
      return next({
        "key-marker": decode(root.get("NextKeyMarker")),
        "upload-id-marker": root.get("NextUploadIdMarker") ?? "",
      });
    case "ListParts":
      return next({ "part-number-marker": root.get("NextPartNumberMarker") ?? "" });
    default:
      return undefined;
  }
}

/** States that no later answer could tell apart are one. */
function distinct(states: State[]): State[] {
  if (states.length < 2) return states;
  return [...new Map(states.map((state) => [fingerprint(state), state])).values()];
}

function fingerprint(state: State): string {
  const numbers = new Map<number, number>();
  const plain = (value: unknown): unknown => {
    if (Buffer.isBuffer(value)) return undefined; // its etag stands beside it
    if (Array.isArray(value)) return value.map(plain);
    if (value instanceof Map) {
      return [...value].toSorted(([a], [b]) => byBytes(String(a), String(b))).map(plain);
    }
    if (typeof value !== "object" || value === null) return value;
    if (!("opaque" in value && "n" in value)) {
      return Object.entries(value).map(([name, each]) => [name, plain(each)]);
    }
    const n = Number(value.n);
    numbers.set(n, numbers.get(n) ?? numbers.size);
    const shown = (as: "document" | "header") => state.seen.get(`${String(value.opaque)} ${n} ${as}`);
    return [numbers.get(n), shown("document"), shown("header")];
  };
  return JSON.stringify(plain(state.buckets));
}
