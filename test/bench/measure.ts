// How a row is measured: rounds in which the sides take turns, and of each side's rates the median.

import { performance } from "node:perf_hooks";
import { Connection } from "./connection.ts";
import type { Row } from "./rows.ts";
import type { Side } from "./sides.ts";
import { signedRequest } from "./signed-request.ts";
import { cpuMs } from "./workerd-process.ts";

export interface Plan {
  rounds: number;
  /** The same for rows of few, long requests. */
  fewRounds: number;
  /** Of one side's turn, in ms. */
  ms: number;
}

/** One side's turn. `rate` in requests a second. */
export interface Sample {
  rate: number;
  /** Processor time of workerd a request, in ms; undefined where it cannot be known. */
  cpu: number | undefined;
  /** Share of one processor that the generator itself needed, from 0 to 1. */
  generator: number;
}

export interface Measured {
  row: Row;
  sides: { side: Side["name"]; samples: Sample[]; median: Sample }[];
  /** Portico's median rate by the floor's, and the least and most of any round. */
  ratio?: { median: number; least: number; most: number };
}

/** Most requests that can be sent but once made ahead for one turn. */
const MOST_AHEAD = 20_000;

/** Those of which each needs a request of its own beforehand. */
const MOST_PREPARED = 1000;

export async function measureRow(row: Row, sides: readonly Side[], plan: Plan): Promise<Measured> {
  const turns = sides.map((side) => ({ side, samples: [] as Sample[], guess: 200 }));
  for (const { side } of turns) await row.prepare?.(side);
  // A row of few requests needs no guess how many there is time for, and its first round is as good as a warm-up.
  const warm = { ...plan, ms: plan.ms / 4 };
  for (const turn of turns) {
    if (row.fixed === undefined) turn.guess = (await takeTurn(row, turn.side, warm, turn.guess)).rate;
  }
  const rounds = row.fixed === undefined ? plan.rounds : plan.fewRounds;
  for (let round = 0; round < rounds; round++) {
    // Who begins alternates, so that a machine that slows down slows both.
    for (const turn of round % 2 === 0 ? turns : turns.toReversed()) {
      const sample = await takeTurn(row, turn.side, plan, turn.guess);
      turn.guess = Math.max(turn.guess, sample.rate);
      turn.samples.push(sample);
    }
  }
  const done = turns.map(({ side, samples }) => ({ side: side.name, samples, median: medianOf(samples) }));
  const [ours, floor] = [
    done.find(({ side }) => side === "portico"),
    done.find(({ side }) => side === "floor"),
  ];
  if (ours === undefined || floor === undefined) return { row, sides: done };
  const ratios = ours.samples.map(({ rate }, i) => rate / (floor.samples[i]?.rate ?? Number.NaN));
  const ratio = {
    median: ours.median.rate / floor.median.rate,
    least: Math.min(...ratios),
    most: Math.max(...ratios),
  };
  return { row, sides: done, ratio };
}

async function takeTurn(row: Row, side: Side, { ms }: Plan, guess: number): Promise<Sample> {
  const most = row.name === "DELETE" ? MOST_PREPARED : MOST_AHEAD;
  const enough = Math.min(most, Math.ceil((guess * ms * 1.3) / 1000) + row.connections);
  const asks = await row.asks(side, row.fixed ?? enough);
  const wires = asks.map((ask) => signedRequest(side.endpoint, ask));
  const connections = Array.from({ length: row.connections }, () => new Connection(side.endpoint.url));
  // A connection's making is not a request's cost.
  const idle = signedRequest(side.endpoint, { method: "HEAD", path: `/${side.bucket}` });
  await Promise.all(connections.map((connection) => connection.send(idle)));

  const limit = row.fixed ?? (row.once ? wires.length : Number.POSITIVE_INFINITY);
  let sent = 0;
  let refused: string | undefined;
  const usedBefore = side.pid === undefined ? 0 : cpuMs(side.pid);
  const ownBefore = process.cpuUsage();
  const start = performance.now();
  const end = row.fixed === undefined ? start + ms : Number.POSITIVE_INFINITY;
  const work = async (connection: Connection) => {
    while (sent < limit && performance.now() < end && refused === undefined) {
      const wire = wires[sent % wires.length];
      if (wire === undefined) return;
      sent += 1;
      const { status, text } = await connection.send(wire);
      if (status >= 300) refused = `${status} ${text}`;
    }
  };
  await Promise.all(connections.map(work));
  const took = performance.now() - start;
  const own = process.cpuUsage(ownBefore);
  const used = side.pid === undefined ? undefined : cpuMs(side.pid) - usedBefore;
  for (const connection of connections) connection.close();
  if (refused !== undefined) throw new Error(`${row.name}: ${side.name} answered ${refused}`);
  return {
    rate: (sent * 1000) / took,
    cpu: used === undefined ? undefined : used / sent,
    generator: (own.user + own.system) / 1000 / took,
  };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = Number.NaN, high = low] =
    sorted.length % 2 === 1 ? [sorted[middle]] : sorted.slice(middle - 1);
  return (low + high) / 2;
}

function medianOf(samples: readonly Sample[]): Sample {
  const known = samples.map(({ cpu }) => cpu).filter((cpu) => cpu !== undefined);
  return {
    rate: median(samples.map(({ rate }) => rate)),
    // The system counts in hundredths of a second, which a mean evens out.
    cpu: known.length === 0 ? undefined : known.reduce((sum, cpu) => sum + cpu, 0) / known.length,
    generator: median(samples.map(({ generator }) => generator)),
  };
}
