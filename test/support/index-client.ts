// Speaks to a bucket's index as the Worker does, but with operation ids and generations of the test's choosing.

import type { TestServer } from "./test-server.ts";

export interface Committed {
  versionId: string;
  sequence: number;
  etag: string;
  modified: number;
}

/** Answers of all kinds: each test reads what it asked for. */
export interface IndexAnswer {
  committed?: Committed;
  refused?: string;
  moved?: string;
  closed?: boolean;
  outcome?: string;
  missing?: string;
  version?: { etag: string; size: number; sequence: number };
  entries?: { key: string }[];
}

export const GENERATION = 5;

export class IndexClient {
  readonly id: string;
  readonly #server: TestServer;
  readonly #generation: number;

  constructor(server: TestServer, id: string = crypto.randomUUID(), generation = GENERATION) {
    this.#server = server;
    this.id = id;
    this.#generation = generation;
  }

  /** The same index, as someone sees it who remembers this generation. */
  knowing(generation: number): IndexClient {
    return new IndexClient(this.#server, this.id, generation);
  }

  call(method: string, ...args: unknown[]): Promise<IndexAnswer> {
    return this.#server.order<IndexAnswer>({ do: "call", index: this.id, method, args });
  }

  async open(): Promise<this> {
    await this.call("open");
    return this;
  }

  close(): Promise<IndexAnswer> {
    return this.call("close");
  }

  read(key: string): Promise<IndexAnswer> {
    return this.call("read", this.#asker, { key, want: "all" });
  }

  list(): Promise<IndexAnswer> {
    const window = { prefix: "", delimiter: "", limit: 1000 };
    return this.call("list", this.#asker, { window, what: "current" });
  }

  /** Commits a version whose etag is the name of its blob; '' is an empty object. */
  put(operationId: string, key: string, blob: string, more: object = {}): Promise<IndexAnswer> {
    const description = { headers: {}, metadata: {} };
    const draft = { key, etag: blob, size: blob.length, owner: "owner", description };
    const body = blob === "" ? { kind: "empty" } : { kind: "blob", blob };
    return this.call("put", this.#mutator(operationId), { draft, body, versioning: "off", ...more });
  }

  remove(operationId: string, ...keys: string[]): Promise<IndexAnswer> {
    const entries = keys.map((key) => ({ key }));
    const request = { entries, versioning: "off", bypass: false, owner: "owner" };
    return this.call("remove", this.#mutator(operationId), request);
  }

  forbid(operationId: string, upload: string, blobs: string[] = []): Promise<IndexAnswer> {
    return this.call("forbid", this.#mutator(operationId), { upload, key: "k", blobs });
  }

  outcome(upload: string): Promise<IndexAnswer> {
    return this.call("outcome", this.#asker, { upload, key: "k" });
  }

  async litter(): Promise<string[]> {
    const rows = await this.sql<{ name: string }>("select name from litter order by name");
    return rows.map(({ name }) => name);
  }

  sql<Row>(text: string): Promise<Row[]> {
    return this.#server.order<Row[]>({ do: "sql", index: this.id, text });
  }

  /** As the platform may do at any time: memory goes, what was stored stays. */
  async restart(): Promise<void> {
    await this.#server.order({ do: "restart", index: this.id });
  }

  get #asker() {
    return { generation: this.#generation };
  }

  #mutator(operationId: string) {
    return { generation: this.#generation, operationId };
  }
}
