// How Miniflare is made to start workerd through a wrapper that ends it when this process dies, however it dies.

import { accessSync, constants } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const WRAPPER = path.join(import.meta.dirname, "leash.sh");

/** Set for this process and its children; Miniflare reads MINIFLARE_WORKERD_PATH each time it starts workerd. */
export function wrapWorkerd(env: NodeJS.ProcessEnv = process.env): void {
  if (process.platform === "win32" || env.MINIFLARE_WORKERD_PATH === WRAPPER) return;
  try {
    accessSync(WRAPPER, constants.X_OK);
  } catch {
    return; // an unpacked archive may lose the mode; the server works without the wrapper
  }
  env.PORTICO_WORKERD = env.MINIFLARE_WORKERD_PATH ?? workerdPath();
  env.MINIFLARE_WORKERD_PATH = WRAPPER;
}

/** The binary of the very workerd that the installed Miniflare depends on. */
function workerdPath(): string {
  const miniflare = createRequire(import.meta.url).resolve("miniflare");
  const workerd: { default: string } = createRequire(miniflare)("workerd");
  return workerd.default;
}
