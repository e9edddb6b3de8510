// `npm run bill`: what each operation calls, reads and writes, and what a million of it cost in dollars.

import http from "node:http";
import { columns } from "../../src/cli/flags.ts";
import {
  type Budgeted,
  furnish,
  type Ground,
  LISTINGS,
  READS,
  REMOVALS,
  SMALL,
  UPLOADS,
  WRITES,
} from "../support/budgeted.ts";
import { type Answer, Client } from "../support/client.ts";
import { type Cost, costOf } from "../support/cost.ts";
import { TestServer } from "../support/test-server.ts";
import { BILLED, type Billed } from "./billed.ts";
import { CLOUDFLARE, PRICES_OF, priceClass, R2_S3, S3_STANDARD } from "./prices.ts";
import { cpuMs, workerds } from "./workerd-process.ts";

/** For the estimate of processor time: most requests, and about how long their preparation may take, in ms. */
const MOST_REQUESTS = 100;
const PREPARATION_MS = 1500;

/** A server with its workerd, and a client that keeps its connection. */
interface Shop {
  server: TestServer;
  pid: number | undefined;
}

interface Line {
  operation: string;
  cost: Cost;
  /** Processor time of workerd a request, in ms. */
  cpu: number | undefined;
}

async function open(vars: Record<string, string>): Promise<Shop> {
  const before = workerds();
  const server = new TestServer({ vars });
  await server.start();
  return { server, pid: workerds().find((pid) => !before.includes(pid)) };
}

async function groundOf({ server }: Shop): Promise<Ground> {
  return { server, bucket: await server.bucket() };
}

async function billOf(
  { server, pid }: Shop,
  ground: Ground,
  billed: Billed,
  agent: http.Agent,
): Promise<Line> {
  const { operation, act } = billed;
  const prepare = async () => (await billed.prepare?.(ground)) ?? "";
  const client = new Client({ ...server.client.settings, agent }).world("warm");
  await client.get(`/${ground.bucket}?max-keys=0`);
  const started = Date.now();
  const subject = await prepare();
  const preparation = Date.now() - started;
  const cost = await fullCost(server, [ground.bucket, billed.elsewhere?.(subject)], () =>
    act(client, subject, ground),
  );
  if (pid === undefined) return { operation, cost, cpu: undefined };
  const count = Math.min(MOST_REQUESTS, Math.ceil(PREPARATION_MS / Math.max(preparation, 1)));
  const subjects: string[] = [];
  while (subjects.length < count) subjects.push(await prepare());
  const before = cpuMs(pid);
  for (const one of subjects) await act(client, one, ground);
  return { operation, cost, cpu: (cpuMs(pid) - before) / count };
}

/** What a request cost, with the rows of every index that it asked. */
async function fullCost(
  server: TestServer,
  [bucket = "", elsewhere]: readonly (string | undefined)[],
  act: () => Promise<Answer>,
): Promise<Cost> {
  let further: Cost | undefined;
  const { cost, answer } = await costOf(server, bucket, async () => {
    if (elsewhere === undefined) return act();
    const inside = await costOf(server, elsewhere, act);
    further = inside.cost;
    return inside.answer;
  });
  if (answer.status >= 300) throw new Error(`a request to be billed was refused: ${answer.text}`);
  if (further === undefined) return cost;
  return {
    ...cost,
    rowsRead: cost.rowsRead + further.rowsRead - further.d1Read,
    rowsWritten: cost.rowsWritten + further.rowsWritten - further.d1Written,
  };
}

/** Dollars a million requests. */
function dollars({ index, rowsRead, rowsWritten, classA, classB }: Cost, cpu: number): number {
  return (
    CLOUDFLARE.request +
    cpu * CLOUDFLARE.cpuMs +
    index * CLOUDFLARE.indexCall +
    rowsRead * CLOUDFLARE.rowRead +
    rowsWritten * CLOUDFLARE.rowWritten +
    classA * CLOUDFLARE.classA +
    classB * CLOUDFLARE.classB
  );
}

const HEADING = [
  "operation",
  "index",
  "D1",
  "read",
  "written",
  "A",
  "B",
  "CPU ms",
  "Portico",
  "R2's S3",
  "S3 Standard",
];

function cells({ operation, cost, cpu }: Line): string[] {
  const { index, d1, rowsRead, rowsWritten, classA, classB } = cost;
  const counts = [index, d1, rowsRead, rowsWritten, classA, classB].map(String);
  const kind = priceClass(operation);
  const prices = [dollars(cost, cpu ?? 0), R2_S3[kind], S3_STANDARD[kind]].map(
    (price) => `$${price.toFixed(2)}`,
  );
  return [operation, ...counts, cpu?.toFixed(1) ?? "–", ...prices];
}

async function main(): Promise<void> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const [plain, small] = [await open({ INLINE_BYTES: "0" }), await open({ INLINE_BYTES: "1024" })];
  const lines: Line[] = [];
  const bill = async (
    shop: Shop,
    list: readonly (Billed | Budgeted)[],
    prepare?: (ground: Ground) => Promise<void>,
  ) => {
    const ground = await groundOf(shop);
    await prepare?.(ground);
    for (const billed of list) lines.push(await billOf(shop, ground, billed, agent));
  };
  try {
    await bill(small, SMALL);
    for (const list of [READS, WRITES]) await bill(plain, list);
    await bill(plain, LISTINGS, furnish);
    for (const list of [UPLOADS, REMOVALS, BILLED]) await bill(plain, list);
  } finally {
    agent.destroy();
    await plain.server.stop();
    await small.server.stop();
  }
  console.log(columns([HEADING, ...lines.map(cells)]));
  console.log(`
Dollars a million requests, prices of ${PRICES_OF} (test/bench/prices.ts); bucket and key known to the isolate. index and D1
are calls, read and written rows of both, A and B operations of R2. CPU ms is workerd's processor time a request, its
simulated R2, D1 and indexes included: the Worker's own, which is what is billed, is less. An index is also billed for
the time that it is active: at most about $4 a month for one that never sleeps. Traffic: free from R2, from S3 it is not.
CreateBucket and DeleteBucket also write a few rows of the index that they open or close. Storage a GB and month: R2 $${CLOUDFLARE.r2Storage}, S3 Standard $${S3_STANDARD.storage}, rows of the index $${CLOUDFLARE.indexStorage}.`);
}

await main();
