// Every side effect Portico has, in one value: clock, directory, the index of a bucket, blobs, and work for later.

import { type Bucket, bucketNamed, removeBucket } from "./directory/buckets.ts";
import { type Database, openDatabase } from "./directory/database.ts";
import type { KeyHolder, Principal } from "./directory/principals.ts";
import { BucketMoved, type RememberedBucket, Unavailable } from "./facts/outage.ts";
import type { BucketIndexCalls, Moved } from "./index/protocol.ts";

/** How long bucket settings and keys are remembered, in ms. */
export const REMEMBER_MS = 60_000;

/** How long a refusal, or the absence of a bucket, may rest on memory, in ms. */
export const REFUSAL_MS = 1_000;

/** How long a call to an index is repeated, in ms. */
const INDEX_RETRY_MS = 30_000;

/** Entries an isolate remembers of one kind. */
const MAX_REMEMBERED = 10_000;

/**
 * What all entries of one kind may weigh, in characters of the texts that they were read from: parsed, they take several
 * times as much, and an isolate has 128 MB.
 */
const MAX_REMEMBERED_WEIGHT = 2 * 1024 * 1024;

/** Key sets an isolate remembers, each of some KB, and for how long, in ms. */
const MAX_KEY_SETS = 50;
const KEY_SET_MS = 10 * 60_000;

/** What a deployment is told by its configuration. `masterSecret` encrypts the secrets of keys in D1. */
export interface Config {
  region: string;
  domains: readonly string[];
  root: { accessKeyId: string; secret: string; account: { id: string; displayName: string; email: string } };
  masterSecret: string;
  /** Whether clients may send encryption keys over plain HTTP: on loopback only. */
  plainKeys: boolean;
  /** Whether new buckets take ACLs and are not closed to the public, as S3's were before April 2023. */
  legacyAcl: boolean;
  /** Where clients' addresses come from: the edge, which vouches for them; else the one address that all have, if known. */
  clientAddress: "edge" | (string & {}) | undefined;
  /** Largest object that is kept in its bucket's index instead of R2, in bytes; 0: none is. */
  inlineBytes: number;
  /** Whether signatures of version 2 are taken, in headers and in URLs. */
  signatureV2: boolean;
  /** How long to hold an answer that would strand a client, in ms; 0 where the platform sends `100 Continue` itself. */
  expectHoldMs: number;
}

/** A bucket's index as the worker calls it: operation ids, repetition and generations are seen to. */
export type IndexClient = {
  [Call in keyof BucketIndexCalls]: Parameters<BucketIndexCalls[Call]> extends [infer First, ...infer Rest]
    ? First extends { generation: number }
      ? (...request: Rest) => Answer<Call>
      : (...request: Parameters<BucketIndexCalls[Call]>) => Answer<Call>
    : (...request: Parameters<BucketIndexCalls[Call]>) => Answer<Call>;
};
type Answer<Call extends keyof BucketIndexCalls> = Promise<
  Exclude<Awaited<ReturnType<BucketIndexCalls[Call]>>, Moved>
>;

export interface World {
  config: Config;
  /** ms since 1970. */
  now(): number;
  database: Database;
  blobs: R2Bucket;
  memory: Memory;
  /** The index of a bucket, called on behalf of someone who remembers it as given. */
  index(bucket: RememberedBucket): IndexClient;
  /** Work that goes on after the answer; a failure is logged. */
  later(what: string, work: Promise<unknown>): void;
  /** Waits for work that the answer does not depend on; a failure is logged. */
  attempt(what: string, work: Promise<unknown>): Promise<void>;
  /** Asks a server elsewhere. */
  request(url: string, init: RequestInit): Promise<Response>;
  log(event: Record<string, unknown>): void;
}

/** What one isolate remembers. Never the only place where anything is known. */
export class Remembered<T> {
  readonly #entries = new Map<string, { value: T; at: number; weight: number }>();
  readonly #weigh: (value: T) => number;
  readonly #most: number;
  readonly #ms: number;
  #weight = 0;

  /** At most `most` entries, each for `ms`; `weigh`: in characters, of those that somebody may make heavy. */
  constructor(weigh: (value: T) => number = () => 0, most = MAX_REMEMBERED, ms = REMEMBER_MS) {
    this.#weigh = weigh;
    this.#most = most;
    this.#ms = ms;
  }

  get(name: string, now: number): { value: T; age: number } | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined || now - entry.at >= this.#ms) return undefined;
    return { value: entry.value, age: now - entry.at };
  }

  set(name: string, value: T, now: number): void {
    this.forget(name);
    const weight = this.#weigh(value);
    this.#entries.set(name, { value, at: now, weight });
    this.#weight += weight;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#most && this.#weight <= MAX_REMEMBERED_WEIGHT) return;
      this.forget(oldest);
    }
  }

  forget(name: string): void {
    this.#weight -= this.#entries.get(name)?.weight ?? 0;
    this.#entries.delete(name);
  }

  clear(): void {
    this.#entries.clear();
    this.#weight = 0;
  }
}

export interface Memory {
  buckets: Remembered<Bucket>;
  keys: Remembered<KeyHolder & { secret: string }>;
  /** Principals of sessions, by account and identity. */
  principals: Remembered<Principal>;
  signingKeys: Remembered<{ secret: string; key: Uint8Array }>;
  /** Accounts' display names by canonical id. */
  names: Remembered<string>;
  secretsKey?: Promise<CryptoKey>;
  sessionsKey?: Promise<CryptoKey>;
  /** Key sets of providers of web identities, by URL; at most `MAX_KEY_SETS`. */
  keySets: Remembered<readonly JsonWebKey[]>;
}

export function freshMemory(): Memory {
  return {
    buckets: new Remembered(({ settings }) => JSON.stringify(settings).length),
    keys: new Remembered<KeyHolder & { secret: string }>(weightOf),
    principals: new Remembered(weightOf),
    signingKeys: new Remembered(),
    names: new Remembered(),
    keySets: new Remembered(undefined, MAX_KEY_SETS, KEY_SET_MS),
  };
}

/** What a principal's policies weigh. */
function weightOf({ given, restrictions }: Principal): number {
  return JSON.stringify([given, restrictions]).length;
}

/** A bucket as remembered, or read now. `age` in ms. */
export async function knownBucket(
  world: World,
  name: string,
): Promise<{ bucket: Bucket; age: number } | undefined> {
  const known = world.memory.buckets.get(name, world.now());
  if (known !== undefined) return { bucket: known.value, age: known.age };
  const asked = world.now();
  const bucket = await bucketNamed(world.database, name);
  if (bucket === undefined) return undefined;
  world.memory.buckets.set(name, bucket, asked);
  return { bucket, age: 0 };
}

/**
 * Removes what the directory still knows of a bucket whose index is closed; its uploads' parts become litter there.
 * Whoever is told `closed` while a row still names that index finishes the deletion that somebody began.
 */
export async function finishDeletion(world: World, bucket: RememberedBucket): Promise<void> {
  const blobs = await removeBucket(world.database, bucket);
  world.memory.buckets.forget(bucket.name);
  if (blobs.length > 0) await world.index(bucket).discard({ blobs });
}

/** Throws BucketMoved if the bucket's row is not as remembered any more; for statements that found nothing. */
export async function confirmBucket(world: World, bucket: RememberedBucket): Promise<void> {
  world.memory.buckets.forget(bucket.name);
  const now = (await knownBucket(world, bucket.name))?.bucket;
  if (now?.id !== bucket.id || now.generation !== bucket.generation) throw new BucketMoved(bucket, "stale");
}

export interface WorldParts {
  config: Config;
  d1: D1Database;
  r2: R2Bucket;
  indexes: Pick<DurableObjectNamespace, "idFromName" | "get">;
  memory: Memory;
  waitUntil(work: Promise<unknown>): void;
  now?: () => number;
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Builds the World of one request from the platform's bindings. */
export function buildWorld({
  config,
  d1,
  r2,
  indexes,
  memory,
  waitUntil,
  now = Date.now,
}: WorldParts): World {
  const log = (event: Record<string, unknown>) => console.error(JSON.stringify(event));
  const attempt = (what: string, work: Promise<unknown>) =>
    work.then(
      () => undefined,
      (error: unknown) => log({ event: "unfinished", what, error: String(error) }),
    );
  return {
    config,
    now,
    database: openDatabase(d1, now, sleep),
    blobs: r2,
    memory,
    index: (bucket) => new IndexCaller(indexes, bucket, now) as unknown as IndexClient,
    later: (what, work) => waitUntil(attempt(what, work)),
    attempt,
    request: (url, init) => fetch(url, init),
    log,
  };
}

/** How each call is made: who asks stands first, with an operation id, the same in every repetition, if it changes. */
const CALLS: Record<keyof BucketIndexCalls, "mutation" | "inquiry" | "plain"> = {
  open: "plain",
  close: "plain",
  read: "inquiry",
  list: "inquiry",
  put: "mutation",
  remove: "mutation",
  rename: "mutation",
  mark: "mutation",
  forbid: "mutation",
  outcome: "inquiry",
  discard: "plain",
  adopt: "plain",
  tend: "plain",
  sweep: "plain",
  fsck: "plain",
  leftover: "plain",
  rebuild: "plain",
  tell: "plain",
  rows: "plain",
};

/** The indexes' objects, of buckets as remembered: an id is a hash, reckoned once. */
const objectIds = new WeakMap<RememberedBucket, DurableObjectId>();

/** Calls one bucket's index. Its methods are those of `CALLS`, given to it below; the protocol types both ends. */
class IndexCaller {
  readonly #indexes: WorldParts["indexes"];
  readonly #bucket: RememberedBucket;
  readonly #now: () => number;

  constructor(indexes: WorldParts["indexes"], bucket: RememberedBucket, now: () => number) {
    this.#indexes = indexes;
    this.#bucket = bucket;
    this.#now = now;
  }

  async call(name: string, kind: (typeof CALLS)[keyof typeof CALLS], request: unknown[]): Promise<unknown> {
    const { generation } = this.#bucket;
    const id = objectIds.get(this.#bucket) ?? this.#indexes.idFromName(this.#bucket.id);
    objectIds.set(this.#bucket, id);
    const asker = kind === "mutation" ? { generation, operationId: crypto.randomUUID() } : { generation };
    const args = kind === "plain" ? request : [asker, ...request];
    const act = () => {
      // A stub stays broken after a failure, so each try takes a fresh one.
      const stub = this.#indexes.get(id) as unknown as Record<
        string,
        (...all: unknown[]) => Promise<unknown>
      >;
      return (stub[name] as (...all: unknown[]) => Promise<unknown>)(...args);
    };
    const answer = await insist(act, this.#now);
    if (isMoved(answer)) throw new BucketMoved(this.#bucket, answer.moved);
    return answer;
  }
}

for (const [name, kind] of Object.entries(CALLS)) {
  Object.defineProperty(IndexCaller.prototype, name, {
    value(this: IndexCaller, ...request: unknown[]) {
      return this.call(name, kind, request);
    },
  });
}

function isMoved(answer: unknown): answer is Moved {
  return typeof answer === "object" && answer !== null && "moved" in answer;
}

/** Repeats a call whose outcome is lost, never one that an overloaded object turned away. */
async function insist<T>(act: () => Promise<T>, now: () => number): Promise<T> {
  const until = now() + INDEX_RETRY_MS;
  for (let wait = 20; ; wait = Math.min(wait * 2, 2_000)) {
    try {
      return await act();
    } catch (error) {
      const passing = error as { retryable?: boolean; durableObjectReset?: boolean; overloaded?: boolean };
      const lost = passing.retryable === true || passing.durableObjectReset === true;
      if (passing.overloaded === true) throw new Unavailable("an index is overloaded", { cause: error });
      if (!lost && !/Network connection lost/.test(String(error))) throw error;
      if (now() + wait > until) throw new Unavailable("an index did not answer", { cause: error });
      await sleep(wait);
    }
  }
}
