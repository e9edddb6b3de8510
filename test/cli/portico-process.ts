// What the command line's tests share: real `portico` processes, signed requests to them, and who is still alive.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AwsClient } from "aws4fetch";
import { afterEach } from "vitest";
import { DEFAULT_KEY, type RootKey } from "../../src/cli/root-key.ts";

export const ROOT = path.resolve(import.meta.dirname, "../..");
const LAUNCHER = path.join(ROOT, "src/cli/portico.mjs");
const CLIENT_TIMEOUT_MS = 5000;
const READY_TIMEOUT_MS = 20_000;

/** What a test leaves behind by failing is removed all the same. */
const children = new Set<ChildProcess>();
const folders = new Set<string>();

afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  children.clear();
  folders.clear();
});

export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "portico-test-"));
  folders.add(folder);
  return folder;
}

export interface Exit {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Portico {
  child: ChildProcess;
  pid: number;
  exit: Promise<Exit>;
  /** The endpoint, once it is printed; fails if the process ends before. */
  ready(): Promise<string>;
  stop(signal?: NodeJS.Signals): Promise<Exit>;
}

export function portico(args: string[], env: Record<string, string> = {}): Portico {
  const child = spawn(process.execPath, [LAUNCHER, ...args], {
    cwd: temporaryFolder(),
    env: { ...process.env, npm_lifecycle_event: undefined, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.add(child);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const exit = new Promise<Exit>((resolve) => {
    child.on("exit", (code) => resolve({ code, stdout, stderr }));
  });
  const ready = async (): Promise<string> => {
    const deadline = Date.now() + READY_TIMEOUT_MS;
    while (Date.now() < deadline && child.exitCode === null && child.signalCode === null) {
      const url = /endpoint +(http\S+)[\s\S]*rclone .*\n/.exec(stdout)?.[1];
      if (url !== undefined) return url;
      await sleep(20);
    }
    throw new Error(`portico is not up: ${stdout}${stderr}`);
  };
  const stop = (signal: NodeJS.Signals = "SIGTERM"): Promise<Exit> => {
    child.kill(signal);
    return exit;
  };
  return { child, pid: child.pid ?? 0, exit, ready, stop };
}

/** A command that ends by itself. */
export function run(args: string[], env: Record<string, string> = {}): Promise<Exit> {
  return portico(args, env).exit;
}

/** A signed S3 request, sent once. */
export async function s3(
  method: string,
  url: string,
  body?: string,
  key: RootKey = DEFAULT_KEY,
): Promise<Response> {
  const client = new AwsClient({ ...key, service: "s3", region: "us-east-1" });
  const request = await client.sign(url, { method, ...(body !== undefined && { body }) });
  return await fetch(request, { signal: AbortSignal.timeout(CLIENT_TIMEOUT_MS) });
}

/** Whether a process still runs; one that is only waiting for its parent to look does not. */
export function alive(pid: number): boolean {
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
  return stdout.trim() !== "" && !stdout.trim().startsWith("Z");
}

/** Milliseconds until `condition` held. */
export async function until(condition: () => boolean | Promise<boolean>, limitMs: number): Promise<number> {
  const start = performance.now();
  while (!(await condition())) {
    if (performance.now() - start > limitMs) throw new Error(`not within ${limitMs} ms`);
    await sleep(20);
  }
  return performance.now() - start;
}

export async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/_portico/health`, {
      signal: AbortSignal.timeout(CLIENT_TIMEOUT_MS),
    });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

/** A port that nothing listens on. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** The pid of a child process whose command line holds `text`. */
export function childOf(pid: number, text: string): number {
  const { stdout } = spawnSync("ps", ["-e", "-o", "pid=,ppid=,args="], { encoding: "utf8" });
  for (const line of stdout.split("\n")) {
    const [, child, parent, args] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    if (Number(parent) === pid && args?.includes(text)) return Number(child);
  }
  throw new Error(`process ${pid} has no child ${text}`);
}
