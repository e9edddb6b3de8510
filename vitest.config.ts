// How the tests run: in plain Node, two files at a time.

import { existsSync, readFileSync, statfsSync } from "node:fs";
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

/** Where test servers keep their stores: in memory if there is room, since on a disk every commit waits for it. */
const MEMORY = "/dev/shm";
const ROOM_BYTES = 2 * 1024 ** 3;
const room = existsSync(MEMORY) ? statfsSync(MEMORY) : { bavail: 0, bsize: 0 };
const env = room.bavail * room.bsize >= ROOM_BYTES ? { TMPDIR: MEMORY } : {};

export default defineConfig({
  plugins: [wasm],
  test: {
    environment: "node",
    env,
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    fileParallelism: true,
    maxWorkers: 2,
  },
});
