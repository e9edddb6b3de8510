// `portico dev`: wrangler's own development server with Portico's migrations applied and its keys given.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { ROOT } from "./clone.ts";
import { masterSecret } from "./data-folder.ts";
import { Failure } from "./failure.ts";
import { type Command, columns, type Flags, parseFlags } from "./flags.ts";
import { assertPortFree, authority, isLoopback, reachable } from "./host.ts";
import { ending } from "./lifetime.ts";
import { LOCAL_FLAGS, type LocalOptions, localOptions } from "./local-flags.ts";
import type { Environment } from "./root-key.ts";
import { wrapWorkerd } from "./runtime.ts";

const FLAGS = {
  ...LOCAL_FLAGS,
  data: { type: "string", value: "FOLDER", help: "keeps everything; default .wrangler/state" },
} as const satisfies Flags;

const STOP_WAIT_MS = 5000;

export interface DevPlan extends LocalOptions {
  data: string;
}

export const dev: Command = {
  name: "dev",
  summary: "Runs Portico in wrangler dev, which reloads it at each change of its source.",
  flags: FLAGS,
  run: (args) => runDev(devPlan(args, process.env)),
};

export function devPlan(args: string[], env: Environment): DevPlan {
  const { values } = parseFlags(args, FLAGS);
  if (values.data === "") throw new Failure("--data must name a folder");
  const data = values.data === undefined ? path.join(ROOT, ".wrangler/state") : path.resolve(values.data);
  return { ...localOptions(values, env), data };
}

async function runDev(plan: DevPlan): Promise<number> {
  const ended = ending();
  await assertPortFree(plan.host, plan.port);
  const secret = masterSecret(plan.data);
  const migrate = ["d1", "migrations", "apply", "DIRECTORY", "--local", "--persist-to", plan.data];
  const applied = await wrangler(migrate, ended, "quiet");
  if (applied !== 0) return applied === "stopped" ? 0 : applied;
  const rows = [
    ["endpoint", `http://${authority(reachable(plan.host), plan.port)}`],
    ["access key", plan.key.accessKeyId],
    ["secret key", plan.key.secretAccessKey],
  ];
  console.log(columns(rows, "  "));
  const code = await wrangler(devArguments(plan, secret), ended, "shown");
  return code === "stopped" ? 0 : code;
}

/** What `wrangler dev` is called with. */
export function devArguments(plan: DevPlan, secret: string): string[] {
  const vars = {
    ROOT_KEY: `${plan.key.accessKeyId}:${plan.key.secretAccessKey}`,
    MASTER_SECRET: secret,
    REGION: plan.region,
    DOMAINS: plan.domains.join(","),
    LEGACY_ACL: plan.legacyAcl ? "1" : "",
    CLIENT_ADDRESS: isLoopback(plan.host) ? "127.0.0.1" : "unknown",
    PLAIN_KEYS: isLoopback(plan.host) ? "1" : "",
    SIGNATURE_V2: "1",
    EXPECT_HOLD_MS: "1100",
  };
  const given = Object.entries(vars).flatMap(([name, value]) => ["--var", `${name}:${value}`]);
  return ["dev", "--ip", plan.host, "--port", String(plan.port), "--persist-to", plan.data, ...given];
}

/** Runs wrangler until it ends, or until `ended` and it has been asked to; its exit code, or that it was stopped. */
async function wrangler(
  args: string[],
  ended: Promise<void>,
  output: "quiet" | "shown",
): Promise<number | "stopped"> {
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    WRANGLER_SEND_METRICS: "false",
    X_LOCAL_OBSERVABILITY: "false",
  };
  wrapWorkerd(env);
  const follow = path.join(import.meta.dirname, "follow.mjs");
  const child = spawn(process.execPath, ["--import", follow, wranglerScript(), ...args], {
    cwd: ROOT,
    env,
    stdio: output === "shown" ? ["inherit", "inherit", "inherit", "ipc"] : ["ignore", "pipe", "pipe", "ipc"],
  });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
  }
  const exit = new Promise<number>((resolve, reject) => {
    child.on("close", (code) => resolve(code ?? 1));
    child.on("error", reject);
  });
  const code = await Promise.race([exit, ended]);
  if (code === undefined) {
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), STOP_WAIT_MS);
    await exit;
    clearTimeout(late);
    return "stopped";
  }
  if (code !== 0) process.stderr.write(printed);
  return code;
}

function wranglerScript(): string {
  const manifest = createRequire(import.meta.url).resolve("wrangler/package.json");
  const { bin }: { bin: { wrangler: string } } = JSON.parse(readFileSync(manifest, "utf8"));
  return path.join(path.dirname(manifest), bin.wrangler);
}
