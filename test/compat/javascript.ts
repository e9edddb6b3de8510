// Runs the checks of the clients for JavaScript against the endpoint that the environment names.

import { checks, type Endpoint } from "./javascript-checks.ts";

const LIMIT = 60; // seconds for a check

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

const endpoint: Endpoint = {
  url: setting("COMPAT_ENDPOINT"),
  accessKeyId: setting("COMPAT_ACCESS_KEY"),
  secretAccessKey: setting("COMPAT_SECRET_KEY"),
  region: setting("COMPAT_REGION"),
  dotKeys: process.env.COMPAT_DOT_KEYS === "1",
};

let fail: (reason: unknown) => void = () => {};
// What a client throws out of reach of its caller fails the check that is running.
process.on("uncaughtException", (error) => fail(error));

for (const { client, name, run } of checks) {
  const ended = Promise.withResolvers<never>();
  fail = ended.reject;
  const timer = setTimeout(() => fail(new Error(`time limit of ${LIMIT} s`)), LIMIT * 1000);
  try {
    await Promise.race([run(endpoint), ended.promise]);
    console.log(`ok ${client}: ${name}`);
  } catch (error) {
    const reason = error instanceof Error ? `${error.name}: ${error.message} ${place(error)}` : String(error);
    console.log(`FAIL ${client}: ${name} — ${reason.replace(/\s+/g, " ").slice(0, 500)}`);
  } finally {
    clearTimeout(timer);
  }
}
process.exit(0); // also when a check that failed has left a connection open

/** The line of the check that failed. */
function place({ stack = "" }: Error): string {
  const at = [...stack.matchAll(/(javascript-(?:sdk|minio|aws4fetch)\.ts:\d+)/g)];
  return at.length === 0 ? "" : `(${at[0]?.[1]})`;
}
