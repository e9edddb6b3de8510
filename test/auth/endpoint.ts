// A running server, requests signed for it by a signer that is not ours, and a client that sends exactly what it is given.

import { createHash } from "node:crypto";
import { type IncomingHttpHeaders, request } from "node:http";
import { type Server, startServer } from "../../src/cli/server.ts";
import { type Presigning, presigned, type Signing, signed, wireQuery } from "./second-signer.ts";

export const ROOT = { accessKeyId: "portico", secretAccessKey: "portico-secret" };

/** A request as it goes over the wire. */
export interface Sent {
  method: string;
  /** Path and query. */
  target: string;
  headers: Record<string, string>;
  body?: string | Uint8Array;
}

export interface Wanted {
  method?: string;
  /** Percent-encoded. */
  path: string;
  query?: Record<string, string | string[]>;
  headers?: Record<string, string>;
  body?: string;
}

export class Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;

  constructor(status: number, headers: IncomingHttpHeaders, text: string) {
    this.status = status;
    this.headers = headers;
    this.text = text;
  }

  /** The text of the first element of this name; undefined if there is none. */
  element(name: string): string | undefined {
    const found = new RegExp(`<${name}>([^<]*)</${name}>`).exec(this.text)?.[1];
    return found
      ?.replace(/&#(\d+);/g, (_whole, digits) => String.fromCharCode(Number(digits)))
      .replaceAll("&quot;", '"')
      .replaceAll("&lt;", "<")
      .replaceAll("&gt;", ">")
      .replaceAll("&amp;", "&");
  }

  get code(): string | undefined {
    return this.element("Code");
  }
}

export class Endpoint {
  readonly host: string;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.host = new URL(server.url).host;
  }

  static async start(): Promise<Endpoint> {
    const server = await startServer({
      host: "127.0.0.1",
      port: 0,
      rootKey: `${ROOT.accessKeyId}:${ROOT.secretAccessKey}`,
      masterSecret: "x".repeat(32),
      region: "us-east-1",
      domains: [],
      legacyAcl: false,
      // Tampered bodies are looked for in R2.
      vars: { INLINE_BYTES: "0" },
    });
    return new Endpoint(server);
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }

  /** Names of everything in R2, whoever knows of it. */
  async blobs(): Promise<string[]> {
    const { objects } = await (await this.#server.miniflare.getR2Bucket("BLOBS")).list();
    return objects.map(({ key }) => key);
  }

  /** Signed in its headers, its body by its hash. */
  async sign(wanted: Wanted, signing: Partial<Signing> = {}): Promise<Sent> {
    const { method = "GET", path, query = {}, headers = {}, body } = wanted;
    const sha256 = createHash("sha256")
      .update(body ?? "")
      .digest("hex");
    const unsigned = {
      method,
      path,
      query,
      headers: { host: this.host, "x-amz-content-sha256": sha256, ...headers },
    };
    return {
      method,
      target: target(path, query),
      headers: await signed(unsigned, { credentials: ROOT, ...signing }),
      ...(body !== undefined && { body }),
    };
  }

  /** Signed in its query; `headers` are signed and sent, the body is not signed. */
  async presign(wanted: Wanted, signing: Partial<Presigning> & { expires: number }): Promise<Sent> {
    const { method = "GET", path, query = {}, headers = {}, body } = wanted;
    const unsigned = { method, path, query, headers: { host: this.host, ...headers } };
    const made = await presigned(unsigned, { credentials: ROOT, ...signing });
    return {
      method,
      target: target(path, made),
      headers: unsigned.headers,
      ...(body !== undefined && { body }),
    };
  }

  send({ method, target: path, headers, body }: Sent): Promise<Answer> {
    const [hostname = "", port] = this.host.split(":");
    const bytes = body === undefined ? undefined : Buffer.from(body);
    return new Promise((resolve, reject) => {
      const length = bytes === undefined ? {} : { "content-length": String(bytes.byteLength) };
      const outgoing = request(
        { hostname, port, method, path, headers: { ...length, ...headers }, agent: false },
        (incoming) => {
          const pieces: Buffer[] = [];
          incoming.on("data", (piece: Buffer) => pieces.push(piece));
          incoming.on("error", reject);
          incoming.on("end", () =>
            resolve(
              new Answer(incoming.statusCode ?? 0, incoming.headers, Buffer.concat(pieces).toString("utf8")),
            ),
          );
        },
      );
      outgoing.on("error", reject);
      outgoing.end(bytes);
    });
  }

  async ask(wanted: Wanted, signing: Partial<Signing> = {}): Promise<Answer> {
    return this.send(await this.sign(wanted, signing));
  }

  /** Keys in a bucket. */
  async keys(bucket: string): Promise<string[]> {
    const { text } = await this.ask({ path: `/${bucket}`, query: { "list-type": "2" } });
    if (!text.includes("<ListBucketResult")) throw new Error(`no listing: ${text}`);
    return [...text.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = ""]) => key);
  }
}

function target(path: string, query: Record<string, string | string[]>): string {
  const text = wireQuery(query);
  return text === "" ? path : `${path}?${text}`;
}

/** Every text that differs from `text` in one byte, from `from` on; each replacement means something else. */
export function tampered(text: string, from = 0): string[] {
  return Array.from(text, (character, at) => {
    const other =
      character === "z" ? "y" : character === "9" ? "8" : /[a-y0-8]/.test(character) ? next(character) : "z";
    return text.slice(0, at) + other + text.slice(at + 1);
  }).slice(from);
}

function next(character: string): string {
  return String.fromCharCode(character.charCodeAt(0) + 1);
}
