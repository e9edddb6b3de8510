// A bucket whose index's clock a test moves and whose alarm it rings.

import { audit, type Holdings } from "./audit.ts";
import type { Fault } from "./bindings.ts";
import { answered } from "./expect.ts";
import type { TestServer } from "./test-server.ts";

export const HOUR_MS = 60 * 60 * 1000;
export const DAY_MS = 24 * HOUR_MS;

/** Too long to be kept in the index. */
export const ORPHAN = "the bytes of an orphan";

/** Rounds after which a bucket that still wants another at once does not come to rest. */
const MAX_ROUNDS = 50;

export class Sweeping {
  readonly name: string;
  readonly id: string;
  readonly #server: TestServer;
  #offset = 0;

  private constructor(server: TestServer, name: string, id: string) {
    this.#server = server;
    this.name = name;
    this.id = id;
  }

  static async of(server: TestServer): Promise<Sweeping> {
    const name = await server.bucket();
    return new Sweeping(server, name, await server.idOf(name));
  }

  path(key: string): string {
    return `/${this.name}/${key}`;
  }

  async put(key: string, body: string, headers: Record<string, string> = {}): Promise<void> {
    answered(await this.#server.client.put(this.path(key), body, headers), 200);
  }

  async copy(from: string, to: string): Promise<void> {
    await this.put(to, "", { "x-amz-copy-source": this.path(from) });
  }

  async remove(key: string): Promise<void> {
    answered(await this.#server.client.delete(this.path(key)), 204);
  }

  async text(key: string): Promise<string> {
    return answered(await this.#server.client.get(this.path(key)), 200).text;
  }

  /** Puts an object whose commit never arrives: its blob is an orphan. */
  async orphan(): Promise<void> {
    const fault = { store: "index", call: "put", how: "before", lapse: 60_000 } as const;
    const client = this.#server.client.with({ "x-test-now-offset": String(this.#offset) });
    answered(await client.failing(fault).put(this.path("lost"), ORPHAN), 503);
  }

  /** The index's clock, and its sweeps', show this much more than the real one. */
  async later(ms: number): Promise<void> {
    this.#offset = ms;
    await this.#server.order({ do: "clock", index: this.id, offset: ms });
  }

  /** Rings the alarm once. */
  async ring(...faults: Fault[]): Promise<void> {
    await this.#server.order({ do: "roundFaults", index: this.id, faults });
    await this.call("ring");
  }

  /** Rings until nothing wants to go on now. */
  async sweep(): Promise<void> {
    for (let rounds = 0; rounds < MAX_ROUNDS; rounds++) {
      await this.ring();
      const next = await this.rings();
      if (next === null || next > Date.now() + this.#offset) return;
    }
    throw new Error("the alarm does not come to rest");
  }

  /** Sets the daily jobs going, as the tour does. */
  async tend(): Promise<void> {
    await this.call("tend", this.id);
  }

  /** When the alarm rings by itself, in ms from now by the real clock. */
  async rings(): Promise<number | null> {
    return this.call<number | null>("rings");
  }

  call<T>(method: string, ...args: unknown[]): Promise<T> {
    return this.#server.order<T>({ do: "call", index: this.id, method, args });
  }

  sql<Row>(text: string): Promise<Row[]> {
    return this.#server.order<Row[]>({ do: "sql", index: this.id, text });
  }

  blobs(): Promise<string[]> {
    return this.#server.order<string[]>({ do: "blobs", prefix: `${this.id}/` });
  }

  holdings(): Promise<Holdings> {
    return audit(this.#server, this.id);
  }
}
