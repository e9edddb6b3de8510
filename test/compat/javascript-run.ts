// Runs checks against the endpoint that the environment names, one line for each.

import type { Check, Endpoint } from "./javascript-support.ts";

const LIMIT = 60; // seconds for a check

export function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

export function endpointOfEnvironment(): Endpoint {
  return {
    url: setting("COMPAT_ENDPOINT"),
    accessKeyId: setting("COMPAT_ACCESS_KEY"),
    secretAccessKey: setting("COMPAT_SECRET_KEY"),
    region: setting("COMPAT_REGION"),
    dotKeys: process.env.COMPAT_DOT_KEYS === "1",
  };
}

export async function runChecks(checks: readonly Check[], endpoint: Endpoint): Promise<void> {
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
      const reason =
        error instanceof Error ? `${error.name}: ${error.message} ${place(error)}` : String(error);
      console.log(`FAIL ${client}: ${name} — ${reason.replace(/\s+/g, " ").slice(0, 500)}`);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The line of the check that failed. */
function place({ stack = "" }: Error): string {
  const at = [...stack.matchAll(/((?:javascript|browser)-(?:sdk|features|minio|aws4fetch|checks)\.ts:\d+)/g)];
  return at.length === 0 ? "" : `(${at[0]?.[1]})`;
}
