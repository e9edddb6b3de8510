// Cron on this machine: what a deployment's cron trigger does hourly, the local server does too.

import type { Miniflare } from "miniflare";
import { reason } from "./failure.ts";

/** As `crons` in wrangler.toml says; the first time soon after the start, since few local servers run for long. */
const FIRST_MS = 60_000;
const PERIOD_MS = 60 * 60 * 1000;

/** Fires until the answer is called. A failure is said, and nothing else comes of it. */
export function startCron(miniflare: Miniflare, first = FIRST_MS): () => void {
  const fire = async (): Promise<void> => {
    try {
      const worker = await miniflare.getWorker("portico");
      await worker.scheduled({ cron: "local" });
    } catch (error) {
      console.error(`portico: the hourly round failed: ${reason(error)}`);
    }
  };
  let timer = setTimeout(function again() {
    void fire();
    timer = setTimeout(again, PERIOD_MS).unref();
  }, first).unref();
  return () => clearTimeout(timer);
}
