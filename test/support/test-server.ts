// A running server under test, clients of it, and the back door to its stores.

import { createHash } from "node:crypto";
import type { Agent } from "node:http";
import path from "node:path";
import { type Server, type ServerOptions, startServer } from "../../src/cli/server.ts";
import { CALL_MS, Client } from "./client.ts";
import type { Order } from "./worker.ts";

export const ROOT_ACCESS_KEY = "portico";
export const ROOT_SECRET = "portico-secret";

const OPTIONS: ServerOptions = {
  host: "127.0.0.1",
  port: 0,
  rootKey: `${ROOT_ACCESS_KEY}:${ROOT_SECRET}`,
  masterSecret: "x".repeat(32),
  region: "us-east-1",
  domains: [],
  legacyAcl: false,
  entry: path.join(import.meta.dirname, "worker.ts"),
  // Most tests are about what R2 holds; those of small objects say so.
  vars: { INLINE_BYTES: "0" },
};

/** A running server; `client` signs with the root key. */
export class TestServer {
  #server: Server | undefined;
  #buckets = 0;
  /** Keeps the clients' connections, for those who make thousands of calls. */
  agent: Agent | undefined;
  readonly #options: ServerOptions;

  constructor(options: Partial<ServerOptions> = {}) {
    this.#options = { ...OPTIONS, ...options };
  }

  async start(): Promise<void> {
    this.#server = await startServer(this.#options);
  }

  async stop(): Promise<void> {
    await this.#server?.stop();
    this.#server = undefined;
  }

  get url(): string {
    if (this.#server === undefined) throw new Error("the server has not started");
    return this.#server.url;
  }

  get client(): Client {
    const { region } = this.#options;
    const { url, agent } = this;
    return new Client({
      url,
      accessKeyId: ROOT_ACCESS_KEY,
      secret: ROOT_SECRET,
      region,
      ...(agent && { agent }),
    });
  }

  /** A new bucket's name. */
  async bucket(client: Client = this.client): Promise<string> {
    this.#buckets += 1;
    const name = `bucket-${this.#buckets}`;
    const { status, text } = await client.put(`/${name}`);
    if (status !== 200) throw new Error(`the bucket was not created: ${text}`);
    return name;
  }

  /** Switches a bucket's versioning on, or to what is said. */
  async version(bucket: string, status: "Enabled" | "Suspended" = "Enabled"): Promise<void> {
    const body = `<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`;
    const md5 = createHash("md5").update(body).digest("base64");
    const answer = await this.client.put(`/${bucket}?versioning`, body, { "content-md5": md5 });
    if (answer.status !== 200) throw new Error(`versioning was refused: ${answer.text}`);
  }

  /** A client for a new account, and the account's canonical id. */
  async account(displayName: string): Promise<{ client: Client; id: string }> {
    const admin = async (command: string, input: Record<string, string>): Promise<Record<string, string>> => {
      const { status, text } = await this.client.post(`/_portico/admin/${command}`, JSON.stringify(input));
      if (status !== 200) throw new Error(`${command}: ${text}`);
      return JSON.parse(text) as Record<string, string>;
    };
    const { id = "" } = await admin("account/create", { displayName });
    const { accessKeyId = "", secretAccessKey = "" } = await admin("key/create", { account: id });
    return { client: new Client({ ...this.client.settings, accessKeyId, secret: secretAccessKey }), id };
  }

  async order<T>(order: Order): Promise<T> {
    const response = await fetch(`${this.url}/_test`, {
      method: "POST",
      body: JSON.stringify(order),
      signal: AbortSignal.timeout(CALL_MS),
    });
    if (!response.ok) throw new Error(`${JSON.stringify(order)}: ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** The id of a bucket, which names its index and begins its blobs' names. */
  async idOf(bucket: string): Promise<string> {
    const text = "select id from bucket where name = ?";
    const [row] = await this.order<{ id: string }[]>({ do: "d1", text, bindings: [bucket] });
    if (row === undefined) throw new Error(`there is no bucket ${bucket}`);
    return row.id;
  }
}
