// Clients that call one key at once, and write down what they asked, when, and what they were told.

import { md5 } from "./checksums.ts";
import type { Answer, Client } from "./client.ts";
import type { Input, Output, Seen } from "./key-history.ts";
import type { Call } from "./linearizability.ts";
import { complete, part } from "./uploads.ts";
import { xml } from "./xml.ts";

export type KeyCall = Call<Input, Output>;

/** What one answer says of one key; undefined: nothing, since the call may or may not have happened. */
type Reading = Output | undefined;

const READS: ReadonlySet<string> = new Set(["get", "list", "list versions"]);

/** Calls of several clients on several keys of a bucket. */
export class Histories {
  readonly of = new Map<string, KeyCall[]>();
  readonly #bucket: string;

  constructor(bucket: string, keys: readonly string[]) {
    this.#bucket = bucket;
    for (const key of keys) this.of.set(key, []);
  }

  /** Makes a call that says something of one key or of several. */
  async #record(
    client: string,
    inputs: ReadonlyMap<string, Input>,
    act: () => Promise<Answer>,
    read: (answer: Answer, key: string) => Reading,
  ): Promise<void> {
    const invoked = performance.now();
    const answer = await act();
    const returned = performance.now();
    const isLost = answer.status >= 500;
    for (const [key, input] of inputs) {
      // A read without an answer tells nothing, whether it happened or not.
      if (isLost && READS.has(input.do)) continue;
      const output = isLost ? undefined : read(answer, key);
      this.of.get(key)?.push({ client, input, output, invoked, returned: isLost ? Infinity : returned });
    }
  }

  #path(key: string): string {
    return `/${this.#bucket}/${key}`;
  }

  put(
    name: string,
    client: Client,
    key: string,
    body: string,
    asked: { ifMatch?: string; ifNoneMatch?: true },
  ) {
    const input: Input = { do: "put", etag: md5(body), ...asked };
    const headers: Record<string, string> = {
      ...(asked.ifMatch && { "if-match": asked.ifMatch }),
      ...(asked.ifNoneMatch && { "if-none-match": "*" }),
    };
    const act = () => client.put(this.#path(key), body, headers);
    return this.#record(name, new Map([[key, input]]), act, (answer) => madeOf(answer, answer.headers.etag));
  }

  async complete(
    name: string,
    client: Client,
    key: string,
    upload: { id: string; etag: string },
    ifNoneMatch?: true,
  ) {
    const etag = md5(Buffer.from(upload.etag.replaceAll('"', ""), "hex"));
    const input: Input = {
      do: "complete",
      upload: upload.id,
      etag: `${etag}-1`,
      ...(ifNoneMatch && { ifNoneMatch }),
    };
    const parts = [{ number: 1, etag: upload.etag }];
    const headers: Record<string, string> = ifNoneMatch ? { "if-none-match": "*" } : {};
    const act = () => complete(client, this.#path(key), upload.id, parts, headers);
    await this.#record(name, new Map([[key, input]]), act, (answer) => {
      return answer.status === 200 ? madeOf(answer, xml(answer.text).get("ETag")) : madeOf(answer, undefined);
    });
  }

  abort(name: string, client: Client, key: string, upload: string) {
    const act = () => client.delete(`${this.#path(key)}?uploadId=${upload}`);
    return this.#record(name, new Map([[key, { do: "abort", upload } as const]]), act, (answer) =>
      answer.status === 204 ? { seen: [] } : madeOf(answer, undefined),
    );
  }

  /** With new metadata. A copy reads, and then writes: no one promises that nothing comes between. */
  async copyToItself(name: string, client: Client, key: string) {
    const invoked = performance.now();
    const headers = {
      "x-amz-copy-source": this.#path(key),
      "x-amz-metadata-directive": "REPLACE",
      "x-amz-meta-by": name,
    };
    const answer = await client.put(this.#path(key), "", headers);
    const call = { client: name, invoked, returned: performance.now() };
    // A source that never stands still; nothing was done.
    if (answer.status === 503) return;
    const etag = answer.status === 200 ? bare(xml(answer.text).get("ETag")) : undefined;
    const output = madeOf(answer, etag);
    const read: Output = etag === undefined ? output : { seen: [{ etag }] };
    const calls = this.of.get(key);
    calls?.push({ ...call, input: { do: "get" }, output: read });
    if (etag !== undefined) calls?.push({ ...call, input: { do: "put", etag }, output });
  }

  remove(name: string, client: Client, key: string, ifMatch?: string) {
    const input: Input = { do: "delete", ...(ifMatch && { ifMatch }) };
    const headers: Record<string, string> = ifMatch === undefined ? {} : { "if-match": ifMatch };
    const act = () => client.delete(this.#path(key), headers);
    return this.#record(name, new Map([[key, input]]), act, (answer) =>
      answer.headers["x-amz-delete-marker"] === undefined && answer.status === 204
        ? { seen: [] }
        : madeOf(answer, undefined),
    );
  }

  get(name: string, client: Client, key: string) {
    const input: Input = { do: "get" };
    const act = () => client.get(this.#path(key));
    return this.#record(name, new Map([[key, input]]), act, (answer) => {
      // The bytes have to be those that the etag is of.
      const whole = bare(answer.headers.etag)?.endsWith("-1")
        ? `${md5(Buffer.from(md5(answer.bytes), "hex"))}-1`
        : md5(answer.bytes);
      return madeOf(answer, answer.status === 200 ? whole : undefined);
    });
  }

  list(name: string, client: Client, what: "list" | "list versions") {
    const inputs = new Map([...this.of.keys()].map((key): [string, Input] => [key, { do: what }]));
    const act = () => client.get(`/${this.#bucket}?${what === "list" ? "list-type=2" : "versions"}`);
    return this.#record(name, inputs, act, (answer, key) => listedOf(answer, key));
  }

  setVersioning(name: string, client: Client, to: "Enabled" | "Suspended") {
    const inputs = new Map(
      [...this.of.keys()].map((key): [string, Input] => [key, { do: "set versioning", to }]),
    );
    const body = `<VersioningConfiguration><Status>${to}</Status></VersioningConfiguration>`;
    const act = () => client.put(`/${this.#bucket}?versioning`, body, { "content-md5": md5(body, "base64") });
    return this.#record(name, inputs, act, (answer) => madeOf(answer, undefined));
  }

  /** Gives a part of an upload, ready to be completed. */
  async uploaded(client: Client, key: string, id: string, body: string) {
    const { etag } = await part(client, this.#path(key), id, 1, body);
    return { id, etag };
  }
}

const bare = (etag: string | undefined) => etag?.replaceAll('"', "");

/** What an answer says of the version that it made or gave. */
function madeOf({ status, headers, text }: Answer, etag: string | undefined): Output {
  if (status >= 300) return { refused: /<Code>(\w+)<\/Code>/.exec(text)?.[1] ?? String(status) };
  const version = headers["x-amz-version-id"];
  return { seen: [{ etag: bare(etag), ...(typeof version === "string" && { version }) }] };
}

function listedOf({ text }: Answer, key: string): Output {
  const document = xml(text);
  const current = document.all("Contents").filter((entry) => entry.get("Key") === key);
  if (document.name === "ListBucketResult")
    return { seen: current.map((entry) => ({ etag: bare(entry.get("ETag")) })) };
  // Versions and delete markers stand apart; which is the newer one, only the order of all of them tells.
  const seen = document.elements.filter(({ name }) => name === "Version" || name === "DeleteMarker");
  return {
    seen: seen
      .filter((entry) => entry.get("Key") === key)
      .map((entry): Seen => ({ etag: bare(entry.get("ETag")), version: entry.get("VersionId") })),
  };
}
