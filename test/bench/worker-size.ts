// How large the Worker is, and how long a fresh workerd needs for it.

import path from "node:path";
import { performance } from "node:perf_hooks";
import { gzipSync } from "node:zlib";
import { transform } from "esbuild";
import { bundleWorker } from "../../src/cli/bundle.ts";
import { ROOT } from "../../src/cli/clone.ts";
import { Connection } from "./connection.ts";
import { median } from "./measure.ts";
import { startBare } from "./sides.ts";

export interface WorkerSize {
  /** Of the bundle as `wrangler deploy` uploads it: not minified, unless wrangler.toml says so. In bytes. */
  gzip: number;
  minifiedGzip: number;
  /** From a workerd's start to the first answer, medians in ms: with Portico's Worker, and with the floor's. */
  startMs: number;
  floorStartMs: number;
}

const STARTS = 5;

export async function workerSize(starts = STARTS): Promise<WorkerSize> {
  const ours = await bundleWorker(path.join(ROOT, "src/worker.ts"));
  const floor = await bundleWorker(path.join(import.meta.dirname, "floor-worker.ts"));
  let gzip = 0;
  let minifiedGzip = 0;
  for (const { type, contents } of Object.values(ours.modules)) {
    gzip += gzipSync(contents).length;
    const small =
      type === "esm" ? (await transform(contents, { minify: true, format: "esm" })).code : contents;
    minifiedGzip += gzipSync(small).length;
  }
  const times: { ours: number[]; floor: number[] } = { ours: [], floor: [] };
  for (let start = 0; start < starts; start++) {
    times.floor.push(await startMs(floor));
    times.ours.push(await startMs(ours));
  }
  return { gzip, minifiedGzip, startMs: median(times.ours), floorStartMs: median(times.floor) };
}

/** Every module is evaluated before the first answer, whatever that is: without its settings Portico answers 503. */
async function startMs(manifest: Awaited<ReturnType<typeof bundleWorker>>): Promise<number> {
  const start = performance.now();
  const { url, stop } = await startBare(manifest);
  const connection = new Connection(url);
  const head = Buffer.from(`HEAD /_portico/health HTTP/1.1\r\nhost: ${new URL(url).host}\r\n\r\n`);
  await connection.send({ head, isHead: true });
  const took = performance.now() - start;
  connection.close();
  await stop();
  return took;
}
