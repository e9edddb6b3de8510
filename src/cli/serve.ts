// `portico serve`: a local server from its flags to its last request.

import { type AccountEntry, readAccounts, withoutRoot } from "./accounts-file.ts";
import { AdminClient } from "./admin.ts";
import { startCron } from "./cron.ts";
import { masterSecret, randomSecret } from "./data-folder.ts";
import { Failure } from "./failure.ts";
import { type Command, columns, type Flags, parseFlags } from "./flags.ts";
import { reachable } from "./host.ts";
import { ending } from "./lifetime.ts";
import { LOCAL_FLAGS, type LocalOptions, localOptions } from "./local-flags.ts";
import type { Environment } from "./root-key.ts";

const FLAGS = {
  ...LOCAL_FLAGS,
  data: { type: "string", value: "FOLDER", help: "keeps everything; default ./portico-data" },
  "in-memory": { type: "boolean", help: "keep nothing once stopped" },
  accounts: { type: "string", value: "FILE", help: "JSON array of accounts to create or bring up to date" },
} as const satisfies Flags;

const DEFAULT_DATA = "./portico-data";

export interface ServePlan extends LocalOptions {
  /** Absent: nothing is kept. */
  data?: string;
  accounts: AccountEntry[];
  vars: Record<string, string>;
}

export const serve: Command = {
  name: "serve",
  summary: "Runs Portico on this machine: the Worker in workerd, its data in a folder.",
  flags: FLAGS,
  run: (args) => runServer(servePlan(args, process.env)),
};

/** What the flags and the environment ask for, all of it checked; reads the accounts file and nothing else. */
export function servePlan(args: string[], env: Environment): ServePlan {
  const { values } = parseFlags(args, FLAGS);
  if (values["in-memory"] && values.data !== undefined) {
    throw new Failure("--in-memory and --data exclude each other");
  }
  if (values.data === "") throw new Failure("--data must name a folder");
  const local = localOptions(values, env);
  const entries = values.accounts === undefined ? [] : readAccounts(values.accounts);
  const { vars, others } = withoutRoot(entries, local.key);
  return {
    ...local,
    ...(!values["in-memory"] && { data: values.data ?? DEFAULT_DATA }),
    accounts: others,
    vars,
  };
}

async function runServer(plan: ServePlan): Promise<number> {
  const ended = ending();
  const { startServer } = await import("./server.ts"); // Miniflare takes a quarter of a second to load
  const { accessKeyId, secretAccessKey } = plan.key;
  const options = {
    ...plan,
    rootKey: `${accessKeyId}:${secretAccessKey}`,
    masterSecret: plan.data === undefined ? randomSecret() : masterSecret(plan.data),
  };
  const server = await startServer(options, async (url) => {
    const admin = new AdminClient(url, plan.key);
    for (const entry of plan.accounts) await admin.call("account/put", { ...entry });
  });
  const stopCron = startCron(server.miniflare);
  console.log(greeting(server.url, plan, process.env));
  await ended;
  stopCron();
  await server.stop();
  return 0;
}

/** What is printed once the server is up: all that a client needs, and three lines to paste into a shell. */
export function greeting(url: string, plan: ServePlan, env: Environment): string {
  const { accessKeyId, secretAccessKey } = plan.key;
  const rows = [
    ["endpoint", url],
    ["access key", accessKeyId],
    ["secret key", secretAccessKey],
    ["region", plan.region],
    ...(reachable(plan.host) === plan.host ? [] : [["listens on", plan.host]]),
    ["data", plan.data ?? "in memory, gone when this server stops"],
  ];
  const aws = variables({
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_DEFAULT_REGION: plan.region,
  });
  const python = `import boto3; print(boto3.client("s3", endpoint_url=${literal(url)}, aws_access_key_id=${literal(accessKeyId)}, aws_secret_access_key=${literal(secretAccessKey)}, region_name=${literal(plan.region)}).list_buckets()["Buckets"])`;
  const rclone = variables({
    ...(env.AWS_CA_BUNDLE && { AWS_CA_BUNDLE: "" }), // rclone's S3 cannot start where this is set
    RCLONE_S3_PROVIDER: "Other",
    RCLONE_S3_ENDPOINT: url,
    RCLONE_S3_ACCESS_KEY_ID: accessKeyId,
    RCLONE_S3_SECRET_ACCESS_KEY: secretAccessKey,
    RCLONE_S3_REGION: plan.region,
  });
  return `Portico is up.

${columns(rows, "  ")}

AWS CLI   ${aws} aws --endpoint-url ${shell(url)} s3 ls
boto3     python3 -c ${shell(python)}
rclone    ${rclone} rclone lsd :s3:
`;
}

function variables(values: Record<string, string>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${shell(value)}`)
    .join(" ");
}

/** A value as a POSIX shell reads it back. */
function shell(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}

/** A Python string literal; JSON's is one for the ASCII that keys and URLs are made of. */
function literal(value: string): string {
  return JSON.stringify(value);
}
