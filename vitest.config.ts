// How the tests run: in plain Node, two files at a time.

import { readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";

/** Imports WebAssembly as Workers do: compiled, not yet an instance. */
const wasm = {
  name: "wasm",
  enforce: "pre",
  load(id: string) {
    if (!id.endsWith(".wasm")) return;
    const bytes = readFileSync(id).toString("base64");
    return `export default new WebAssembly.Module(Buffer.from("${bytes}", "base64"));`;
  },
} as const;

export default defineConfig({
  plugins: [wasm],
  test: {
    environment: "node",
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    fileParallelism: true,
    maxWorkers: 2,
  },
});
