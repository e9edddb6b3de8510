// How the Worker's source becomes the modules that workerd loads.

import path from "node:path";
import { type BuildOptions, type BuildResult, build } from "esbuild";
import { ROOT } from "./clone.ts";
import { Failure } from "./failure.ts";

export type Module =
  | { type: "esm"; contents: string }
  | { type: "wasm" | "data"; contents: Uint8Array<ArrayBuffer> };

export interface Bundle {
  mainModule: string;
  modulesRoot: string;
  modules: Record<string, Module>;
}

/** Bundles the Worker whose source begins at `entry`; what cannot be text (WebAssembly) stays a module of its own. */
export async function bundleWorker(entry: string): Promise<Bundle> {
  const outdir = path.join(ROOT, ".wrangler", "bundle");
  const { outputFiles } = await buildOrSay({
    absWorkingDir: ROOT,
    entryPoints: { worker: entry },
    outdir,
    write: false,
    bundle: true,
    format: "esm",
    target: "es2024",
    platform: "neutral",
    mainFields: ["browser", "module", "main"],
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    loader: { ".wasm": "copy", ".bin": "copy", ".html": "text", ".sql": "text", ".txt": "text" },
    logLevel: "silent",
  });
  const modules: Record<string, Module> = {};
  for (const file of outputFiles) {
    const name = path.relative(outdir, file.path).split(path.sep).join("/");
    if (name.endsWith(".js")) modules[name] = { type: "esm", contents: file.text };
    else if (name.endsWith(".wasm"))
      modules[name] = { type: "wasm", contents: new Uint8Array(file.contents) };
    else if (name.endsWith(".bin")) modules[name] = { type: "data", contents: new Uint8Array(file.contents) };
  }
  return { mainModule: "worker.js", modulesRoot: outdir, modules };
}

/** esbuild's message names the file and the line; its stack says nothing more. */
async function buildOrSay(options: BuildOptions & { write: false }): Promise<BuildResult<{ write: false }>> {
  try {
    return await build(options);
  } catch (error) {
    throw new Failure(error instanceof Error ? error.message : String(error));
  }
}
