// A real Chromium with one page open, and the small server that the page comes from and takes its orders from.

import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";

const START_LIMIT_MS = 30_000;
const ANSWER_LIMIT_MS = 20_000;
const END_LIMIT_MS = 5_000;

/** A file that the page's person chooses. */
export interface Chosen {
  content: Uint8Array;
  name: string;
  type: string;
}

export interface Sending {
  url: string;
  method?: string;
  headers?: Record<string, string>;
  credentials?: "include";
  body?: { text: string } | Chosen | { fields: Record<string, string>; file: Chosen };
}

/** What a script gets to see of an answer. Of the text the first 10,000 bytes. */
export interface Seen {
  status: number;
  headers: Record<string, string>;
  text: string;
  sha256: string;
}

/** Of what a script asked for, the browser shows it nothing. */
export interface Hidden {
  error: string;
}

export interface Browser {
  /** The page's own. */
  origin: string;
  /** Has a script of the page's call `fetch`. */
  send(sending: Sending): Promise<Seen | Hidden>;
  /** Has the page submit a form; `at` is where that leads, if it is the page's own origin. */
  submit(url: string, fields: Record<string, string>, file: Chosen): Promise<{ at: string } | Hidden>;
  close(): Promise<void>;
}

const PAGE = readFileSync(path.join(import.meta.dirname, "browser-page.html"));

const OPTIONS = [
  "--headless=new",
  "--no-sandbox", // which root cannot have
  "--no-first-run",
  "--no-proxy-server",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-extensions",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-breakpad",
];

/** What the page asks its server for: one order at a time, and the files that orders name. */
class Desk {
  readonly #files = new Map<string, Uint8Array>();
  #asked = Promise.withResolvers<(order: object) => void>();
  #answer: PromiseWithResolvers<string> | undefined;

  /** Resolves when the page is loaded and asks for an order. */
  async ready(): Promise<void> {
    await this.#asked.promise;
  }

  keep({ content, name, type }: Chosen): { path: string; name: string; type: string } {
    const place = `/files/${this.#files.size}`;
    this.#files.set(place, content);
    return { path: place, name, type };
  }

  /** Gives the page an order, once it asks for one, and resolves with its answer. */
  async order(order: object): Promise<string> {
    const give = await this.#asked.promise;
    this.#asked = Promise.withResolvers();
    this.#answer = Promise.withResolvers();
    give(order);
    return this.#answer.promise;
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? "/", "http://page");
    if (pathname === "/answer") {
      this.#answer?.resolve(await text(request));
      response.end();
    } else if (pathname === "/next") {
      this.#asked.resolve((order) => response.end(JSON.stringify(order)));
    } else if (pathname === "/") {
      response.setHeader("content-type", "text/html").end(PAGE);
    } else if (pathname === "/landed") {
      response.setHeader("content-type", "text/plain").end("thank you");
    } else {
      const file = this.#files.get(pathname);
      response.writeHead(file === undefined ? 404 : 200).end(file);
    }
  }
}

/** Starts this Chromium, and opens the page from a port of its own on 127.0.0.1. */
export async function openBrowser(executable: string): Promise<Browser> {
  const desk = new Desk();
  const server = createServer((request, response) => void desk.serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const profile = await mkdtemp(path.join(tmpdir(), "portico-browser-"));
  const chromium = spawn(executable, [...OPTIONS, `--user-data-dir=${profile}`, `${origin}/`], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = endOf(chromium);
  const close = () => closeAll(chromium, server, profile);
  try {
    await Promise.race([within(START_LIMIT_MS, "the page is not loaded", desk.ready()), ended]);
  } catch (error) {
    await close();
    throw error;
  }
  const order = async <Answer>(told: object): Promise<Answer> => {
    const answer = within(ANSWER_LIMIT_MS, "the page does not answer", desk.order(told));
    return JSON.parse(await Promise.race([answer, ended]));
  };
  return {
    origin,
    send: ({ body, ...rest }) => order({ kind: "send", ...rest, body: told(desk, body) }),
    submit: (url, fields, file) => order({ kind: "submit", url, fields, file: desk.keep(file) }),
    close,
  };
}

function told(desk: Desk, body: Sending["body"]): unknown {
  if (body === undefined || "text" in body) return body;
  return "fields" in body ? { fields: body.fields, file: desk.keep(body.file) } : desk.keep(body);
}

/** Never resolves; rejects with Chromium's last words when it ends. */
function endOf(chromium: ChildProcess): Promise<never> {
  const ended = new Promise<never>((_resolve, reject) => {
    let words = "";
    chromium.stderr?.on("data", (data: Buffer) => {
      words = (words + data).slice(-600);
    });
    chromium.on("error", reject);
    chromium.on("close", (code) => reject(new Error(`Chromium has ended with status ${code}: ${words}`)));
  });
  ended.catch(() => {}); // its end is expected once it is told to
  return ended;
}

async function within<T>(ms: number, otherwise: string, doing: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`${otherwise} within ${ms / 1000} s`)), ms);
  try {
    return await Promise.race([doing, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function closeAll(chromium: ChildProcess, server: Server, profile: string): Promise<void> {
  if (chromium.exitCode === null && chromium.signalCode === null && chromium.pid !== undefined) {
    const closed = new Promise((resolve) => chromium.once("close", resolve));
    chromium.kill("SIGTERM");
    await within(END_LIMIT_MS, "Chromium does not end", closed).catch(() => chromium.kill("SIGKILL"));
  }
  server.closeAllConnections();
  server.close();
  await rm(profile, { recursive: true, force: true, maxRetries: 5 });
}
