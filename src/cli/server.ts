// A running local server: the Worker in workerd behind a socket of workerd's own, with R2, D1 and the indexes beside it.

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Log, LogLevel, Miniflare, type MiniflareOptions } from "miniflare";
import { type Bundle, bundleWorker } from "./bundle.ts";
import { compatibility, ROOT } from "./clone.ts";
import { type DataFolder, openDataFolder } from "./data-folder.ts";
import { errorCode, Failure, reason } from "./failure.ts";
import { assertPortFree, authority, isLoopback, portFailure, reachable } from "./host.ts";
import { applyMigrations } from "./migrations.ts";
import { wrapWorkerd } from "./runtime.ts";

export interface ServerOptions {
  host: string;
  /** 0: any free one. */
  port: number;
  /** The folder that keeps everything; absent: nothing outlives the server. */
  data?: string;
  /** "accessKeyId:secret" */
  rootKey: string;
  masterSecret: string;
  region: string;
  domains: string[];
  legacyAcl: boolean;
  /** The Worker's source; default src/worker.ts. */
  entry?: string;
  /** Further text bindings. */
  vars?: Record<string, string>;
}

export interface Server {
  /** The endpoint, as a client on this machine reaches it. */
  url: string;
  port: number;
  /** For tests and migrations: its `getBindings`, `getD1Database` … reach what the Worker is bound to. */
  miniflare: Miniflare;
  /** Ends workerd and lets go of the folder; a second call waits for the first. */
  stop(): Promise<void>;
}

const WORKER_NAME = "portico";
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Ready when it returns. The endpoint opens last: the migrations, and whatever `prepare` does, are done on a port that
 * nobody knows, so that no client meets a server that is half there. Throws a `Failure` for what the user can mend.
 */
export async function startServer(
  options: ServerOptions,
  prepare?: (url: string) => Promise<void>,
): Promise<Server> {
  const bundling = bundleWorker(options.entry ?? path.join(ROOT, "src/worker.ts"));
  bundling.catch(() => {}); // awaited below, once the folder is ours
  const folder = options.data === undefined ? undefined : await openDataFolder(path.resolve(options.data));
  let scratch: string | undefined;
  let miniflare: Miniflare | undefined;
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopped ??= (async () => {
      await miniflare?.dispose();
      if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true });
      folder?.release();
    })();
    return stopped;
  };
  try {
    await assertPortFree(options.host, options.port);
    const run = { options, manifest: await bundling, folder, scratch: scratchFolder(folder) };
    scratch = run.scratch;
    miniflare = createMiniflare(miniflareOptions(run, { host: "127.0.0.1", port: 0 }), scratch);
    const database = await miniflare.getD1Database("DIRECTORY", WORKER_NAME);
    await applyMigrations(database, path.join(ROOT, "migrations"));
    await prepare?.((await miniflare.unsafeGetDirectURL(WORKER_NAME)).origin);
    await miniflare.setOptions(miniflareOptions(run, options));
    const port = Number((await miniflare.unsafeGetDirectURL(WORKER_NAME)).port);
    return { url: `http://${authority(reachable(options.host), port)}`, port, miniflare, stop };
  } catch (error) {
    await stop().catch(() => {}); // the first failure is the one to tell
    throw errorCode(error) === "ERR_ADDRESS_IN_USE" ? portFailure(options.host, options.port, error) : error;
  }
}

/** Where Miniflare keeps what need not survive: inside the data folder, else a folder that goes with the server. */
function scratchFolder(folder: DataFolder | undefined): string {
  try {
    if (folder === undefined) return mkdtempSync(path.join(tmpdir(), "portico-"));
    rmSync(folder.scratch, { recursive: true, force: true });
    mkdirSync(folder.scratch);
    return folder.scratch;
  } catch (error) {
    throw new Failure(`cannot make a temporary folder in ${folder?.scratch ?? tmpdir()}: ${reason(error)}`);
  }
}

/**
 * Miniflare, without two of its habits. It chooses its temporary folder while it is constructed, always below TMPDIR,
 * where a killed one would leave it. And it answers signals by ending the process at once, which is not its to decide.
 */
function createMiniflare(options: MiniflareOptions, scratch: string): Miniflare {
  const { TMPDIR } = process.env;
  const listeners = SIGNALS.map((signal) => new Set(process.listeners(signal)));
  wrapWorkerd();
  process.env.TMPDIR = scratch;
  try {
    return new Miniflare(options);
  } finally {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
    SIGNALS.forEach((signal, i) => {
      const added = process.listeners(signal).filter((listener) => !listeners[i]?.has(listener));
      for (const listener of added) process.removeListener(signal, listener);
    });
  }
}

interface Run {
  options: ServerOptions;
  manifest: Bundle;
  folder: DataFolder | undefined;
  scratch: string;
}

function miniflareOptions(
  { options, manifest, folder, scratch }: Run,
  { host, port }: { host: string; port: number },
): MiniflareOptions {
  return {
    host: "127.0.0.1",
    port: 0,
    cf: false,
    logRequests: false,
    log: new Log(LogLevel.WARN, { prefix: WORKER_NAME }), // that workerd crashed and is back, for one
    enableDevRegistry: false,
    telemetry: { enabled: false },
    unsafeRuntimeEnv: folder ? { PORTICO_PID_FILE: folder.pidFile } : { PORTICO_SCRATCH: scratch },
    ...(folder && { resourcePersistencePath: folder.storage }),
    workers: [
      {
        config: {
          name: WORKER_NAME,
          ...compatibility(),
          manifest,
          env: { ...resources(), ...texts(options) },
          exports: { BucketIndex: { type: "durable-object", storage: "sqlite" } },
        },
        // The endpoint: workerd's own socket. Miniflare's entry, above, would rewrite paths and compress answers.
        dev: { unsafeDirectSockets: [{ host, port }] },
      },
    ],
  };
}

type Bindings = NonNullable<MiniflareOptions["workers"][number]["config"]["env"]>;

function resources(): Bindings {
  return {
    BLOBS: { type: "r2", name: "portico-blobs" },
    DIRECTORY: { type: "d1", id: "portico" },
    INDEX: { type: "durable-object", worker: WORKER_NAME, exportName: "BucketIndex" },
  };
}

function texts(options: ServerOptions): Bindings {
  const values: Record<string, string> = {
    REGION: options.region,
    DOMAINS: options.domains.join(","),
    ROOT_KEY: options.rootKey,
    MASTER_SECRET: options.masterSecret,
    LEGACY_ACL: options.legacyAcl ? "1" : "",
    INLINE_BYTES: "1024",
    CLIENT_ADDRESS: isLoopback(options.host) ? "127.0.0.1" : "unknown",
    // Nobody listens in on loopback.
    PLAIN_KEYS: isLoopback(options.host) ? "1" : "",
    // See `Config` in world.ts; botocore waits for one second.
    SIGNATURE_V2: "1",
    EXPECT_HOLD_MS: "1100",
    ...options.vars,
  };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { type: "text", value }]));
}
