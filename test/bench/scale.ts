// `npm run bench -- --scale`: that what a request costs does not grow with what lies behind it.
//
// The buckets are filled through the index's own put, called inside its object (test/support/worker.ts): a million keys
// in a minute or two, where S3's PUT would take an hour. What is measured goes through S3 like everything else.

import { performance } from "node:perf_hooks";
import { columns } from "../../src/cli/flags.ts";
import type { Answer } from "../support/client.ts";
import { type Cost, costOf } from "../support/cost.ts";
import { ROOT_ACCESS_KEY, ROOT_SECRET, TestServer } from "../support/test-server.ts";
import { Connection } from "./connection.ts";
import { median } from "./measure.ts";
import { type Growth, memoryGrowth } from "./memory.ts";
import { completedUpload, type LongBody } from "./scale-uploads.ts";
import { type Ask, type Endpoint, signedRequest } from "./signed-request.ts";

/** Keys of the small bucket, and folders of either. */
const FOLDERS = 1000;
const FILL_AT_ONCE = 5000;
const VERSIONS = { small: 1000, large: 10_000 };
const PARTS = { small: 100, large: 10_000 };
const KB = Buffer.alloc(1024, "k");
const TIMES = 15;

/** One request on a small and on a large subject: the median time in ms, and what the request cost. */
interface Compared {
  name: string;
  small: Timed;
  large: Timed;
}
interface Timed {
  ms: number;
  cost: Cost | undefined;
}

/** A bucket on a server, and a connection to it. */
export class Yard {
  readonly server: TestServer;
  readonly bucket: string;
  readonly endpoint: Endpoint;
  readonly #connection: Connection;

  constructor(server: TestServer, bucket: string) {
    this.server = server;
    this.bucket = bucket;
    const { url } = server;
    this.endpoint = { url, accessKeyId: ROOT_ACCESS_KEY, secret: ROOT_SECRET, region: "us-east-1" };
    this.#connection = new Connection(url);
  }

  /** Sends a request and gives its answer; it must be one of success. */
  async ask(ask: Ask, keep = false): Promise<Answer> {
    const { status, text, head } = await this.#connection.send(signedRequest(this.endpoint, ask), keep);
    if (status >= 300) throw new Error(`${ask.method} ${ask.path}: ${status} ${text}`);
    const bill = JSON.parse(/\r\nx-test-bill: (.*)/i.exec(head)?.[1] ?? "{}") as Answer["bill"];
    return { status, headers: {}, bytes: Buffer.alloc(0), text, bill };
  }

  /** The median time of a request made `times` over, and the cost of the last one. */
  async time(make: () => Ask, times = TIMES): Promise<Timed> {
    const took: number[] = [];
    for (let i = 0; i < times; i++) {
      const ask = make();
      const start = performance.now();
      await this.ask(ask);
      took.push(performance.now() - start);
    }
    const { cost } = await costOf(this.server, this.bucket, () => this.ask(make()));
    return { ms: median(took), cost };
  }

  /** Commits puts without bytes; see `fill` in test/support/worker.ts. */
  async fill(count: number, folder: number, versioning: "off" | "enabled", key = ""): Promise<void> {
    const index = await this.server.idOf(this.bucket);
    const generation = await this.generation();
    const description = { headers: { "content-type": "application/octet-stream" }, metadata: {} };
    const draft = {
      key,
      etag: "d41d8cd98f00b204e9800998ecf8427e",
      size: 100_000,
      owner: "o".repeat(64),
      description,
    };
    for (let first = 0; first < count; first += FILL_AT_ONCE) {
      const many = Math.min(FILL_AT_ONCE, count - first);
      const args = [{ generation }, { draft, versioning }, first, many, folder];
      await this.server.order({ do: "call", index, method: "fill", args });
    }
  }

  async generation(): Promise<number> {
    const text = "select generation from bucket where name = ?";
    const [row] = await this.server.order<{ generation: number }[]>({
      do: "d1",
      text,
      bindings: [this.bucket],
    });
    return row?.generation ?? 0;
  }

  close(): void {
    this.#connection.close();
  }
}

export async function runScale(keys: number): Promise<{ compared: Compared[]; memory: Growth[] }> {
  const server = new TestServer({ vars: { INLINE_BYTES: "1024" } });
  await server.start();
  const yards: Yard[] = [];
  const yard = async () => {
    const made = new Yard(server, await server.bucket());
    yards.push(made);
    return made;
  };
  const compared: Compared[] = [];
  try {
    compared.push(...(await compareKeys(await yard(), await yard(), keys)));
    compared.push(...(await compareVersions(await yard(), await yard())));
    compared.push(...(await compareParts(await yard(), await yard())));
  } finally {
    for (const one of yards) one.close();
    await server.stop();
  }
  console.log(table(compared));
  console.log(
    "\nms: median of requests one after the other. read, written: rows of the index. R2: its operations before the answer began.\n",
  );
  const flat = compared.find(({ name }) => name.startsWith("List of"));
  const rolled = compared.find(({ name }) => name.startsWith("List by delimiter"));
  const times = (rolled?.large.ms ?? Number.NaN) / (flat?.large.ms ?? Number.NaN);
  console.log(
    `The large bucket's delimiter page takes ${times.toFixed(2)} times its flat page (wanted: at most 3).\n`,
  );
  console.error("  memory");
  const memory = await memoryGrowth();
  console.log(memoryTable(memory));
  return { compared, memory };
}

async function compareKeys(small: Yard, large: Yard, keys: number): Promise<Compared[]> {
  console.error(`  filling ${keys} keys`);
  const start = performance.now();
  await small.fill(FOLDERS, 1, "off");
  await large.fill(keys, Math.ceil(keys / FOLDERS), "off");
  const seconds = (performance.now() - start) / 1000;
  console.log(`${keys + FOLDERS} keys committed in ${seconds.toFixed(0)} s\n`);
  console.error("  keys");
  const list = ({ bucket }: Yard, query: string): Ask => ({ method: "GET", path: `/${bucket}?${query}` });
  let made = 0;
  // In the middle, where keys lie on both sides.
  const put = ({ bucket }: Yard): Ask => {
    made += 1;
    return { method: "PUT", path: `/${bucket}/d0500/new${made}`, body: KB };
  };
  const object = ({ bucket }: Yard) => `/${bucket}/d0500/new`;
  for (const yard of [small, large]) await yard.ask({ method: "PUT", path: object(yard), body: KB });
  return [
    await compare("Put of 1 KB", small, large, put),
    await compare("Get of 1 KB", small, large, (yard) => ({ method: "GET", path: object(yard) })),
    await compare("Head", small, large, (yard) => ({ method: "HEAD", path: object(yard) })),
    await compare("List of 1,000", small, large, (yard) => list(yard, "list-type=2")),
    await compare("List by delimiter of 1,000 prefixes", small, large, (yard) =>
      list(yard, "delimiter=%2F&list-type=2"),
    ),
  ];
}

async function compare(name: string, small: Yard, large: Yard, make: (yard: Yard) => Ask): Promise<Compared> {
  return { name, small: await small.time(() => make(small)), large: await large.time(() => make(large)) };
}

async function compareVersions(small: Yard, large: Yard): Promise<Compared[]> {
  console.error("  versions");
  for (const yard of [small, large]) await yard.server.version(yard.bucket);
  await small.fill(VERSIONS.small, 0, "enabled", "deep");
  await large.fill(VERSIONS.large, 0, "enabled", "deep");
  const first = ({ bucket }: Yard): Ask => ({ method: "GET", path: `/${bucket}?prefix=deep&versions=` });
  const last = await lastPage(large, first(large));
  return [
    await compare("ListObjectVersions of 1,000 of 10,000 versions", small, large, first),
    {
      name: "… its last page",
      small: await small.time(() => first(small)),
      large: await large.time(() => last),
    },
    await compare("Head of its latest version", small, large, ({ bucket }) => ({
      method: "HEAD",
      path: `/${bucket}/deep`,
    })),
  ];
}

async function lastPage(yard: Yard, first: Ask): Promise<Ask> {
  for (let page = first; ; ) {
    const { text } = await yard.ask(page, true);
    const next = /<NextVersionIdMarker>([^<]+)/.exec(text)?.[1];
    if (next === undefined) return page;
    page = {
      method: "GET",
      path: `/${yard.bucket}?key-marker=deep&prefix=deep&version-id-marker=${encodeURIComponent(next)}&versions=`,
    };
  }
}

async function compareParts(small: Yard, large: Yard): Promise<Compared[]> {
  console.error("  parts");
  const [few, many] = [await completedUpload(small, PARTS.small), await completedUpload(large, PARTS.large)];
  const get = (body: LongBody, headers: Record<string, string> = {}): Ask => ({
    method: "GET",
    path: body.path,
    headers,
  });
  const middle = ({ size }: LongBody) => ({ range: `bytes=${size / 2}-${size / 2 + 99}` });
  return [
    { name: "Complete of 10,000 parts (of 100)", small: few.completion, large: many.completion },
    {
      name: "… Get of 100 bytes in the middle",
      small: await small.time(() => get(few, middle(few))),
      large: await large.time(() => get(many, middle(many))),
    },
    {
      name: "… Get of all of it",
      // Its rows cannot be told: an index that rests while the bytes flow forgets its count.
      small: { ms: (await small.time(() => get(few), 3)).ms, cost: undefined },
      large: { ms: (await large.time(() => get(many), 1)).ms, cost: undefined },
    },
  ];
}

function table(compared: readonly Compared[]): string {
  const cells = ({ ms, cost }: Timed) => [
    ms.toFixed(1),
    ...(cost === undefined
      ? ["–", "–", "–"]
      : [cost.rowsRead, cost.rowsWritten, cost.classA + cost.classB].map(String)),
  ];
  const heading = ["", "small: ms", "read", "written", "R2", "large: ms", "read", "written", "R2", "time"];
  const rows = compared.map(({ name, small, large }) => [
    name,
    ...cells(small),
    ...cells(large),
    `${(large.ms / small.ms).toFixed(2)}×`,
  ]);
  return columns([heading, ...rows]);
}

function memoryTable(memory: readonly Growth[]): string {
  const floor = memory[0]?.upAndDown ?? Number.NaN;
  const mb = (bytes: number) => `${(bytes / 1024 ** 2).toFixed(0)} MiB`;
  const rows = memory.map(({ side, up, upAndDown }) => [side, mb(up), mb(upAndDown), mb(upAndDown - floor)]);
  return columns([
    ["workerd's growth, 1 GiB", "up", "up and down", "above the floor (wanted: < 64 MiB)"],
    ...rows,
  ]);
}
