// `npm run bench -- --digests`: how many bytes a second each checksum takes in workerd.

import path from "node:path";
import { performance } from "node:perf_hooks";
import { bundleWorker } from "../../src/cli/bundle.ts";
import { columns } from "../../src/cli/flags.ts";
import { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm } from "../../src/facts/checksum.ts";
import { Connection } from "./connection.ts";
import { median } from "./measure.ts";
import { startBare } from "./sides.ts";
import { cpuMs, workerds } from "./workerd-process.ts";

const MIB = 1024 * 1024;

export interface DigestSpeed {
  algorithm: ChecksumAlgorithm;
  /** 10⁶ bytes a second of workerd's processor time (elsewhere than on Linux, of the clock), one for each round. */
  rounds: number[];
}

/** Algorithms take turns. All is timed from outside, since a Worker's clock stands still while it computes. */
export async function digestSpeeds({ rounds, mib }: { rounds: number; mib: number }): Promise<DigestSpeed[]> {
  const manifest = await bundleWorker(path.join(import.meta.dirname, "digest-worker.ts"));
  const before = workerds();
  const { url, stop } = await startBare(manifest);
  const pid = workerds().find((one) => !before.includes(one));
  const now = () => (pid === undefined ? performance.now() : cpuMs(pid));
  const connection = new Connection(url);
  const digest = async (algorithm: ChecksumAlgorithm) => {
    const head = Buffer.from(`GET /${algorithm}?MiB=${mib} HTTP/1.1\r\nhost: ${new URL(url).host}\r\n\r\n`);
    const start = now();
    const { status } = await connection.send({ head, isHead: false });
    if (status !== 200) throw new Error(`${algorithm}: ${status}`);
    return now() - start;
  };
  const speeds = CHECKSUM_ALGORITHMS.map((algorithm): DigestSpeed => ({ algorithm, rounds: [] }));
  try {
    for (const { algorithm } of speeds) await digest(algorithm);
    for (let round = 0; round < rounds; round++) {
      for (const { algorithm, rounds: measured } of speeds) {
        measured.push((mib * MIB) / 1000 / (await digest(algorithm)));
      }
    }
  } finally {
    connection.close();
    await stop();
  }
  return speeds;
}

export function speedTable(speeds: readonly DigestSpeed[]): string {
  return columns([
    ["checksum", "MB/s", "of rounds"],
    ...speeds.map(({ algorithm, rounds }) => [
      algorithm,
      median(rounds).toFixed(0),
      `${Math.min(...rounds).toFixed(0)}…${Math.max(...rounds).toFixed(0)}`,
    ]),
  ]);
}
