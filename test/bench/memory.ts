// How much a workerd's memory grows while a gigabyte goes up and comes down again.

import { bodyOf } from "./rows.ts";
import { call, type Side, startFloor, startPortico } from "./sides.ts";
import type { Ask } from "./signed-request.ts";
import { memoryOf } from "./workerd-process.ts";

/** Growth above what the process held before, in bytes, at the most of each. */
export interface Growth {
  side: string;
  up: number;
  upAndDown: number;
}

const GB = 1024 ** 3;

/** A fresh workerd for each: what one has grown by, the next transfer would find there. */
export async function memoryGrowth(): Promise<Growth[]> {
  return [
    await growthOf("floor", await startFloor(), "unsigned"),
    await growthOf("portico, unsigned", await startPortico(), "unsigned"),
    await growthOf("portico, aws-chunked with CRC32", await startPortico(), "chunked"),
  ];
}

async function growthOf(name: string, side: Side, payload: NonNullable<Ask["payload"]>): Promise<Growth> {
  const path = `/${side.bucket}/large`;
  try {
    const { pid } = side;
    if (pid === undefined) return { side: name, up: Number.NaN, upAndDown: Number.NaN };
    // What every request needs is there before the count begins.
    await call(side, { method: "PUT", path, body: bodyOf(1024 ** 2), payload });
    await call(side, { method: "GET", path }, false);
    const { now } = memoryOf(pid);
    await call(side, { method: "PUT", path, body: bodyOf(GB), payload });
    const up = memoryOf(pid).peak - now;
    await call(side, { method: "GET", path }, false);
    return { side: name, up, upAndDown: memoryOf(pid).peak - now };
  } finally {
    await side.stop();
  }
}
