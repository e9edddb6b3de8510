#!/usr/bin/env node
// Starts the command line with a Node that runs TypeScript: this one, else the one that `npm ci` put into the clone.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const OWN_NODE = fileURLToPath(new URL("../../node_modules/.bin/node", import.meta.url));

if (process.features.typescript) {
  const { main } = await import("./main.ts");
  process.exit(await main(process.argv.slice(2)));
} else if (existsSync(OWN_NODE)) {
  // The channel's end tells the child that this process is gone, even when it had no time to say so.
  const child = spawn(OWN_NODE, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code) => process.exit(code ?? 1));
} else {
  console.error(`portico: node ${process.version} is older than 22.18: run npm ci first`);
  process.exit(1);
}
