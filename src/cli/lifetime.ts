// When a long-running command is to end: a signal, or the death of whoever started it only to run it.

import { readFileSync } from "node:fs";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const PARENT_CHECK_MS = 500;

/** Resolves at the first reason to end; later ones change nothing, so that Ctrl-C may arrive twice. */
export function ending(): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => resolve();
    for (const signal of SIGNALS) process.on(signal, end);
    // The launcher, when it had to start a newer Node.
    if (process.connected) {
      process.on("disconnect", end);
      process.channel?.unref();
    }
    // npm waits for what it runs, so an orphan means that npm was killed; any other parent may leave on purpose.
    if (process.env.npm_lifecycle_event !== undefined) {
      const born = parents();
      const check = (): void => {
        if (parents() !== born) end();
      };
      setInterval(check, PARENT_CHECK_MS).unref();
    }
  });
}

/** This process's parent and, where the system tells, the parent's: npm often has a shell in between. */
function parents(): string {
  try {
    const afterName = readFileSync(`/proc/${process.ppid}/stat`, "utf8").split(") ").at(-1) ?? "";
    return `${process.ppid} ${afterName.split(" ")[1]}`;
  } catch {
    return `${process.ppid}`;
  }
}
