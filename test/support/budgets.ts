// What a request may cost, and how requests are held to it.

import { expect, vi } from "vitest";
import { type Answer, Client } from "./client.ts";
import { type Cost, costOf } from "./cost.ts";
import type { TestServer } from "./test-server.ts";

/** The calls of a request in full: what is not named is none. */
function calls({ index = 0, d1 = 0, classA = 0, classB = 0, deletes = 0 }: Partial<Cost>) {
  return { index, d1, classA, classB, deletes, pending: 0 };
}

/** Holds requests to one bucket to their budgets. */
export class Budgets {
  readonly #server: TestServer;
  readonly #bucket: string;
  /** Signs with another key than the root's, which has to be looked up too. */
  readonly #user: Client;

  private constructor(server: TestServer, bucket: string, user: Client) {
    this.#server = server;
    this.#bucket = bucket;
    this.#user = user;
  }

  static async of(server: TestServer, bucket: string): Promise<Budgets> {
    const { text } = await server.client.post("/_portico/admin/key/create", "{}");
    const { accessKeyId = "", secretAccessKey = "" } = JSON.parse(text) as Record<string, string>;
    const user = new Client({ ...server.client.settings, accessKeyId, secret: secretAccessKey });
    // A key's use is noted after the answer, once in minutes: not in what is measured here.
    await user.get("/");
    const noted = "select 1 from access_key where id = ? and last_used > 0";
    await vi.waitUntil(
      async () =>
        (await server.order<unknown[]>({ do: "d1", text: noted, bindings: [accessKeyId] })).length > 0,
    );
    return new Budgets(server, bucket, user);
  }

  /**
   * Does `act` in an isolate that knows bucket and key, and in one that knows neither, and expects exactly the calls
   * and at most the rows that are given. `prepare` makes the same starting point for each.
   */
  async hold(
    expected: Partial<Cost>,
    most: { read: number; written: number },
    act: (client: Client, subject: string) => Promise<Answer>,
    prepare: () => Promise<string> = async () => "",
  ): Promise<void> {
    const warm = this.#server.client.world("warm");
    await warm.get(`/${this.#bucket}?max-keys=0`);
    const subject = await prepare();
    const { answer, cost } = await costOf(this.#server, this.#bucket, () => act(warm, subject));
    expect(answer.status, answer.text).toBeLessThan(300);
    expect(cost).toMatchObject(calls(expected));
    expect(cost.rowsRead).toBeLessThanOrEqual(most.read);
    expect(cost.rowsWritten).toBeLessThanOrEqual(most.written);

    const cold = this.#user.world(`cold-${crypto.randomUUID()}`);
    const again = await prepare();
    const { cost: paid } = await costOf(this.#server, this.#bucket, () => act(cold, again));
    const { d1 = 0 } = expected;
    expect(paid).toMatchObject({ ...calls(expected), d1: expect.any(Number) });
    expect(paid.d1).toBeGreaterThan(d1);
    expect(paid.d1).toBeLessThanOrEqual(d1 + 2);
  }
}
