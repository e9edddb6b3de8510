// The data folder: who holds it, the secret kept in it, and the workerd that a killed server may have left at work in it.

import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { errorCode, Failure, reason } from "./failure.ts";

const LEFTOVER_WAIT_MS = 5000;

export interface DataFolder {
  /** Where Miniflare keeps R2, D1 and the indexes. */
  storage: string;
  /** Where Miniflare keeps what need not survive. */
  scratch: string;
  /** Where workerd's wrapper writes its pid. */
  pidFile: string;
  release(): void;
}

/**
 * Takes the folder for this process, making it if need be, and ends a workerd that outlived the last server on it.
 * The lock is the kernel's, on an open file: a process that dies, however it dies, leaves none behind.
 */
export async function openDataFolder(folder: string): Promise<DataFolder> {
  const storage = path.join(folder, "storage");
  makeFolder(storage);
  const lock = await lockFile(path.join(folder, "lock.sqlite"), folder);
  const pidFile = path.join(folder, "workerd.pid");
  try {
    await endLeftover(pidFile);
  } catch (error) {
    lock.close();
    throw error;
  }
  return {
    storage,
    scratch: path.join(folder, "tmp"),
    pidFile,
    release() {
      rmSync(pidFile, { force: true });
      lock.close();
    },
  };
}

function makeFolder(folder: string): void {
  try {
    makeWithParents(path.resolve(folder));
  } catch (error) {
    throw new Failure(`cannot use the data folder ${folder}: ${reason(error)}`);
  }
}

/** Node's own recursive mkdir never ends where a folder seems to be missing and cannot be made, as below /proc. */
function makeWithParents(folder: string): void {
  const parent = path.dirname(folder);
  if (!existsSync(parent)) makeWithParents(parent);
  if (!existsSync(folder) || !statSync(folder).isDirectory()) mkdirSync(folder);
}

async function lockFile(file: string, folder: string): Promise<{ close(): void }> {
  const { DatabaseSync } = await quietly(() => import("node:sqlite"));
  try {
    const database = new DatabaseSync(file, { timeout: 0 });
    database.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    return database;
  } catch (error) {
    if (error instanceof Error && /locked/.test(error.message)) {
      throw new Failure(`the data folder ${folder} is in use by another server`);
    }
    throw new Failure(`cannot use the data folder ${folder}: ${reason(error)}`);
  }
}

/** Node calls its SQLite experimental each time it is loaded; that one warning says nothing to whoever starts a server. */
async function quietly<T>(load: () => Promise<T>): Promise<T> {
  const { emitWarning } = process;
  const silent = (...args: Parameters<typeof emitWarning>): void => {
    if (!/SQLite is an experimental feature/.test(String(args[0]))) Reflect.apply(emitWarning, process, args);
  };
  process.emitWarning = silent as typeof emitWarning;
  try {
    return await load();
  } finally {
    process.emitWarning = emitWarning;
  }
}

async function endLeftover(pidFile: string): Promise<void> {
  const pid = Number.parseInt(readIfThere(pidFile) ?? "", 10);
  if (!Number.isInteger(pid) || pid <= 1 || !isWorkerdOf(pid, pidFile)) return;
  signal(pid, "SIGKILL");
  const deadline = Date.now() + LEFTOVER_WAIT_MS;
  while (!hasEnded(pid)) {
    if (Date.now() > deadline) throw new Failure(`a former server's workerd (process ${pid}) does not end`);
    await sleep(10);
  }
}

/** Whether that process is a workerd and, where the system tells, one that was started with this pid file. */
function isWorkerdOf(pid: number, pidFile: string): boolean {
  if (process.platform !== "linux") return /workerd/.test(processField(pid, "comm"));
  if (!readIfThere(`/proc/${pid}/comm`)?.startsWith("workerd")) return false;
  const environment = readIfThere(`/proc/${pid}/environ`);
  // Empty: it is ending, but may still hold its port.
  return environment === "" || (environment?.split("\0").includes(`PORTICO_PID_FILE=${pidFile}`) ?? false);
}

/** Whether nothing of a process runs any more. Its first thread may be a zombie while others still hold its port. */
function hasEnded(pid: number): boolean {
  if (process.platform !== "linux") return /^(Z|$)/.test(processField(pid, "stat"));
  const fields = readIfThere(`/proc/${pid}/stat`)?.split(") ").at(-1)?.split(" ");
  return fields === undefined || (/^[ZX]/.test(fields[0] ?? "") && Number(fields[17]) <= 1);
}

function processField(pid: number, field: string): string {
  const { stdout } = spawnSync("ps", ["-o", `${field}=`, "-p", String(pid)], { encoding: "utf8" });
  return stdout?.trim() ?? "";
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (errorCode(error) !== "ESRCH") throw error;
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/** A fresh master secret. */
export function randomSecret(): string {
  return randomBytes(32).toString("hex");
}

/**
 * The secret that encrypts the other keys' secrets, made at the first start. It is linked into place complete, so that
 * two first starts at once agree on one.
 */
export function masterSecret(folder: string): string {
  const file = path.join(folder, "master-secret");
  makeFolder(folder);
  try {
    const known = readIfThere(file)?.trim();
    if (known) return known;
    const fresh = `${file}.${process.pid}`;
    writeFileSync(fresh, `${randomSecret()}\n`, { mode: 0o600 });
    try {
      linkSync(fresh, file);
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw error;
    } finally {
      rmSync(fresh, { force: true });
    }
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new Failure(`cannot use the data folder ${folder}: ${reason(error)}`);
  }
}
