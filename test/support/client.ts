// A small S3 client over aws4fetch's signer and node:http, which send paths, header bytes and bodies as they are given.

import { createHash } from "node:crypto";
import http, { type IncomingHttpHeaders } from "node:http";
import { AwsV4Signer } from "aws4fetch";
import type { Bill, Fault } from "./bindings.ts";

/** How long a call may take, in ms. */
export const CALL_MS = 15_000;

export interface Answer {
  status: number;
  /** By lower-case name; bytes beyond ASCII as latin-1, as node gives them. */
  headers: IncomingHttpHeaders;
  bytes: Buffer;
  /** The bytes as UTF-8. */
  text: string;
  /** What the request cost. */
  bill: Bill;
}

export interface Call {
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}

/** A request as it will be sent. */
export interface Signed {
  headers: Record<string, string>;
  /** The signature, 64 hex digits, and the time it was made at. */
  signature: string;
  timestamp: string;
}

export interface Settings {
  url: string;
  accessKeyId: string;
  secret: string;
  region: string;
  /** What the signature is for; `s3` unless said otherwise. */
  service?: string;
  /** Sent with every request. */
  headers?: Record<string, string>;
  /** Keeps connections, for those who count processor time; else each request has its own. */
  agent?: http.Agent;
}

/** Signing keys by secret, day and region: making one takes four rounds. */
const signingKeys = new Map<string, ArrayBuffer>();

/** `/bucket/key` with all of the key percent-encoded but its slashes. */
export function at(bucket: string, key: string): string {
  return `/${bucket}/${encode(key).replaceAll("%2F", "/")}`;
}

export function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** A text whose characters are the bytes of its UTF-8, as node wants header values. */
export function raw(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** What `raw` made, or a header brought. */
export function utf8(header: string | string[] | undefined): string {
  return Buffer.from(String(header), "latin1").toString("utf8");
}

export class Client {
  readonly settings: Settings;

  constructor(settings: Settings) {
    this.settings = settings;
  }

  /** The same client with further headers in every request. */
  with(headers: Record<string, string>): Client {
    return new Client({ ...this.settings, headers: { ...this.settings.headers, ...headers } });
  }

  /** The same client, speaking to another isolate. */
  world(name: string): Client {
    return this.with({ "x-test-world": name });
  }

  /** The same client, whose requests meet these faults. */
  failing(...faults: Fault[]): Client {
    return this.with({ "x-test-fault": JSON.stringify(faults) });
  }

  get(path: string, headers?: Record<string, string>): Promise<Answer> {
    return this.send("GET", path, { ...(headers && { headers }) });
  }

  head(path: string, headers?: Record<string, string>): Promise<Answer> {
    return this.send("HEAD", path, { ...(headers && { headers }) });
  }

  delete(path: string, headers?: Record<string, string>): Promise<Answer> {
    return this.send("DELETE", path, { ...(headers && { headers }) });
  }

  put(path: string, body: string | Uint8Array = "", headers: Record<string, string> = {}): Promise<Answer> {
    return this.send("PUT", path, { body, headers });
  }

  post(path: string, body: string | Uint8Array = "", headers: Record<string, string> = {}): Promise<Answer> {
    return this.send("POST", path, { body, headers });
  }

  /** Signs and sends; the body's hash is signed unless `x-amz-content-sha256` says otherwise. */
  async send(method: string, path: string, { headers = {}, body }: Call = {}): Promise<Answer> {
    const hash = createHash("sha256")
      .update(body ?? "")
      .digest("hex");
    const { headers: signed } = await this.sign(method, path, { "x-amz-content-sha256": hash, ...headers });
    return this.sendSigned(method, path, signed, body);
  }

  /** The headers that make a request a signed one. Values are unicode; they come out as `raw` makes them. */
  async sign(method: string, path: string, headers: Record<string, string>): Promise<Signed> {
    const { url, accessKeyId, secret, region, service = "s3", headers: always } = this.settings;
    const all: Record<string, string> = {};
    for (const [name, value] of Object.entries({ ...always, ...headers })) all[name.toLowerCase()] = value;
    const [target = "", search = ""] = cutAt(path, "?");
    const now = Date.now() + Number(all["x-test-now-offset"] ?? 0);
    const timestamp = new Date(now).toISOString().replace(/[:-]|\.\d{3}/g, "");
    const bytes = Object.fromEntries(Object.entries(all).map(([name, value]) => [name, raw(value)]));
    const signer = new AwsV4Signer({
      method,
      url: `${url}/?${search}`,
      headers: bytes,
      accessKeyId,
      secretAccessKey: secret,
      service,
      region,
      datetime: timestamp,
      cache: signingKeys,
    });
    // The signer's URL would fold `..`, and its headers cannot carry UTF-8; what they become canonically is known.
    signer.encodedPath = canonicalPath(target);
    const value = (name: string) =>
      name === "host" ? new URL(url).host : (all[name] ?? signer.headers.get(name) ?? "");
    signer.canonicalHeaders = signer.signableHeaders
      .map((name) => `${name}:${value(name).trim().replace(/ +/g, " ")}`)
      .join("\n");
    const { headers: sent } = await signer.sign();
    const authorization = sent.get("authorization") ?? "";
    const signature = /Signature=([0-9a-f]{64})/.exec(authorization)?.[1] ?? "";
    const date = sent.get("x-amz-date") ?? "";
    return {
      headers: { ...bytes, "x-amz-date": date, authorization, host: new URL(url).host },
      signature,
      timestamp,
    };
  }

  /** Sends what is signed already, or not at all. */
  async sendSigned(
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: string | Uint8Array,
  ): Promise<Answer> {
    const { url, agent = false } = this.settings;
    const { hostname, port } = new URL(url);
    return new Promise((resolve, reject) => {
      const signal = AbortSignal.timeout(CALL_MS);
      const request = http.request({ method, hostname, port, path, headers, agent, signal }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const bytes = Buffer.concat(chunks);
          const bill = JSON.parse(String(response.headers["x-test-bill"] ?? "{}")) as Bill;
          const { statusCode: status = 0 } = response;
          resolve({ status, headers: response.headers, bytes, text: bytes.toString("utf8"), bill });
        });
      });
      request.on("error", reject);
      // Never a string: node would send the headers before it as UTF-8.
      request.end(typeof body === "string" ? Buffer.from(body) : body);
    });
  }
}

function canonicalPath(path: string): string {
  try {
    return encode(decodeURIComponent(path)).replaceAll("%2F", "/");
  } catch {
    return path;
  }
}

function cutAt(text: string, mark: string): string[] {
  const place = text.indexOf(mark);
  return place < 0 ? [text] : [text.slice(0, place), text.slice(place + 1)];
}
