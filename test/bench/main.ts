// `npm run bench`: how fast Portico is beside a Worker that does nothing but R2, or how fast any other S3 endpoint is.

import { writeFileSync } from "node:fs";
import os from "node:os";
import { Failure } from "../../src/cli/failure.ts";
import { type Command, commandHelp, type Flags, parseFlags } from "../../src/cli/flags.ts";
import { digestSpeeds, speedTable } from "./digests.ts";
import { type Measured, measureRow, type Plan } from "./measure.ts";
import { legend, sizeLines, table } from "./report.ts";
import { type Row, rowsOf, SLOW } from "./rows.ts";
import { runScale } from "./scale.ts";
import { anyEndpoint, type Side, startFloor, startPortico } from "./sides.ts";
import { smallCosts, smallTable } from "./small-objects.ts";
import { type WorkerSize, workerSize } from "./worker-size.ts";

const FLAGS = {
  quick: { type: "boolean", help: "short rounds, and without the slow rows: under a minute" },
  only: { type: "string", value: "PATTERN", help: "only rows whose name fits this regular expression" },
  json: { type: "string", value: "FILE", help: "write every sample there too" },
  scale: { type: "boolean", help: "instead: a million keys, long bodies, deep versions, memory" },
  digests: { type: "boolean", help: "instead: bytes a second of each checksum in workerd" },
  small: { type: "boolean", help: "instead: what small objects' bytes cost in the index, in either shape" },
  keys: { type: "string", value: "NUMBER", default: "1000000", help: "for --scale; default 1000000" },
  endpoint: { type: "string", value: "URL", help: "instead: measure this S3 endpoint, without a floor" },
  "access-key": { type: "string", value: "ID", help: "for --endpoint" },
  "secret-key": {
    type: "string",
    value: "SECRET",
    help: "for --endpoint; it must be allowed to create a bucket",
  },
  region: { type: "string", value: "NAME", default: "us-east-1", help: "for --endpoint; default us-east-1" },
  help: { type: "boolean", short: "h", help: "this page" },
} as const satisfies Flags;

const FULL: Plan = { rounds: 5, ms: 1000, fewRounds: 3 };
const QUICK: Plan = { rounds: 3, ms: 150, fewRounds: 2 };

const COMMAND: Command = {
  name: "bench",
  summary:
    "Measures Portico beside a bare Worker over R2. Needs 10 GB for a while in the folder for temporary files.",
  flags: FLAGS,
  run,
};

async function run(args: string[]): Promise<number> {
  const { values } = parseFlags(args, FLAGS);
  if (values.help) {
    console.log(commandHelp(COMMAND).replace("portico bench", "npm run bench --"));
    return 0;
  }
  console.log(`${os.cpus().length} × ${os.cpus()[0]?.model}, node ${process.version}\n`);
  if (values.scale) {
    const scaled = await runScale(Number(values.keys));
    if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(scaled, undefined, 2));
    return 0;
  }
  if (values.digests) {
    const speeds = await digestSpeeds(values.quick ? { rounds: 3, mib: 256 } : { rounds: 9, mib: 512 });
    console.log(speedTable(speeds));
    if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(speeds, undefined, 2));
    return 0;
  }
  if (values.small) {
    const costs = smallCosts(values.quick ? 5000 : 20_000, values.quick ? 1 : 5);
    console.log(smallTable(costs));
    if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(costs, undefined, 2));
    return 0;
  }
  const only = new RegExp(values.only ?? "", "i");
  const quick = values.quick === true;
  const rows = rowsOf({ quick }).filter(({ name }) => only.test(name));
  if (rows.length === 0) throw new Failure(`no row's name fits ${values.only}`);
  const plan = quick ? QUICK : FULL;
  const sides = await sidesFor(values);
  let measured: Measured[];
  try {
    measured = await measureAll(rows, sides, plan);
  } finally {
    for (const side of sides) await side.stop();
  }
  const size =
    values.endpoint === undefined && values.only === undefined ? await workerSize(quick ? 2 : 5) : undefined;
  console.log(`\n${table(sides, measured)}\n\n${legend(measured)}${size ? `\n\n${sizeLines(size)}` : ""}`);
  if (quick) console.log(`\nLeft out: ${SLOW.join("; ")}.`);
  if (values.json !== undefined) writeFileSync(values.json, json(measured, plan, size));
  return 0;
}

async function sidesFor(values: {
  endpoint?: string | undefined;
  "access-key"?: string | undefined;
  "secret-key"?: string | undefined;
  region: string;
}): Promise<Side[]> {
  const { endpoint, "access-key": accessKeyId, "secret-key": secret, region } = values;
  if (endpoint === undefined) return [await startPortico(), await startFloor()];
  if (accessKeyId === undefined || secret === undefined) {
    throw new Failure("--endpoint needs --access-key and --secret-key");
  }
  return [await anyEndpoint({ url: endpoint, accessKeyId, secret, region })];
}

async function measureAll(rows: readonly Row[], sides: readonly Side[], plan: Plan): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const row of rows) {
    measured.push(await measureRow(row, sides, plan));
    console.error(`  ${row.name}`); // that it goes on; the table comes when all is known
  }
  return measured;
}

function json(measured: readonly Measured[], plan: Plan, size: WorkerSize | undefined): string {
  const machine = { processors: os.cpus().length, model: os.cpus()[0]?.model, node: process.version };
  const results = measured.map(({ row, sides, ratio }) => ({
    name: row.name,
    connections: row.connections,
    bytes: row.bytes,
    wanted: row.wanted,
    floor: row.floor,
    ratio,
    sides,
  }));
  return JSON.stringify({ at: new Date().toISOString(), machine, plan, results, worker: size }, undefined, 2);
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
}
