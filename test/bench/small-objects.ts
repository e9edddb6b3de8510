// `npm run bench -- --small`: what a small object's bytes cost in the index, in its version's row and in a table of
// their own, by bytes on disk, dollars and speed. In SQLite itself, with the index's own tables: no Worker is asked.

import { randomBytes } from "node:crypto";
import { performance } from "node:perf_hooks";
import { DatabaseSync } from "node:sqlite";
import { columns } from "../../src/cli/flags.ts";
import { migrate } from "../../src/index/schema.ts";
import { median } from "./measure.ts";
import { CLOUDFLARE, PRICES_OF } from "./prices.ts";

const SIZES = [0, 128, 256, 512, 768, 1024, 1536, 2048, 4096];
const GB = 1e9;

/** Where a small object's bytes lie. */
type Shape = "row" | "table";

export interface SmallCost {
  size: number;
  shape: Shape;
  /** Of the index, an object. */
  bytesOnDisk: number;
  /** Of a million objects, a month. */
  storage: number;
  /** Rows that a million puts of new keys write, in dollars. */
  puts: number;
  /** In µs each. */
  put: number;
  get: number;
}

/** Measures each size in both shapes, `count` objects in keys that come in no order; rounds take turns. */
export function smallCosts(count: number, rounds: number): SmallCost[] {
  return SIZES.flatMap((size) => {
    const measured: Record<Shape, ReturnType<typeof measure>[]> = { row: [], table: [] };
    for (let round = 0; round < rounds; round++) {
      for (const shape of round % 2 === 0 ? (["row", "table"] as const) : (["table", "row"] as const)) {
        measured[shape].push(measure(shape, size, count));
      }
    }
    return (["row", "table"] as const)
      .filter((shape) => size > 0 || shape === "row")
      .map((shape): SmallCost => {
        const bytesOnDisk = measured[shape][0]?.bytesOnDisk ?? Number.NaN;
        // The version and the tail; the table's row is a third.
        const rows = shape === "row" ? 2 : 3;
        return {
          size,
          shape,
          bytesOnDisk,
          storage: ((bytesOnDisk * 1e6) / GB) * CLOUDFLARE.indexStorage,
          puts: rows * CLOUDFLARE.rowWritten,
          put: median(measured[shape].map(({ put }) => put)),
          get: median(measured[shape].map(({ get }) => get)),
        };
      });
  });
}

function measure(shape: Shape, size: number, count: number): Pick<SmallCost, "bytesOnDisk" | "put" | "get"> {
  const database = new DatabaseSync(":memory:");
  migrate(storageOver(database));
  const [put, get] = shape === "row" ? inRow(database) : inTable(database);
  const keys = Array.from({ length: count }, () => randomBytes(12).toString("hex"));
  const data = randomBytes(size);
  const pages = () => Number(database.prepare("pragma page_count").get()?.page_count);
  const before = pages();
  let start = performance.now();
  for (const [at, key] of keys.entries()) put(key, at + 1, data);
  const took = performance.now() - start;
  const bytesOnDisk = ((pages() - before) * 4096) / count;
  start = performance.now();
  for (const key of keys) get(key);
  const read = performance.now() - start;
  database.close();
  return { bytesOnDisk, put: (took * 1000) / count, get: (read * 1000) / count };
}

type Put = (key: string, sequence: number, data: Uint8Array) => void;
type Get = (key: string) => unknown;

function inRow(database: DatabaseSync): [Put, Get] {
  const insert = database.prepare(insertion("?"));
  const select = database.prepare("select * from current where key = ?");
  return [
    (key, sequence, data) =>
      void insert.run(key, sequence, data.byteLength, data.byteLength > 0 ? data : null),
    (key) => select.get(key),
  ];
}

function inTable(database: DatabaseSync): [Put, Get] {
  const insert = database.prepare(insertion("null"));
  const keep = database.prepare("insert into small values (?, ?)");
  const select = database.prepare("select * from current where key = ?");
  const bytes = database.prepare("select data from small where sequence = ?");
  return [
    (key, sequence, data) => {
      keep.run(sequence, data);
      insert.run(key, sequence, data.byteLength);
    },
    (key) => bytes.get(Number(select.get(key)?.sequence)),
  ];
}

/** A version as PutObject makes it: owner, etag, content type and S3's own checksum. */
function insertion(data: string): string {
  const description = JSON.stringify({
    headers: { "content-type": "application/octet-stream" },
    metadata: {},
    checksum: { algorithm: "CRC64NVME", value: "fLz7gVfCywU=", type: "FULL_OBJECT" },
  });
  const etag = "d".repeat(32);
  const owner = "o".repeat(64);
  return `insert into current (key, sequence, nonce, marker, size, etag, modified, owner, body, description, data)
    values (?, ?, '', 0, ?, '${etag}', 1790000000000, '${owner}', '', '${description}', ${data})`;
}

/** What the schema is made through. */
function storageOver(database: DatabaseSync): DurableObjectStorage {
  const exec = (text: string, ...bindings: (string | number)[]) => {
    const rows = database.prepare(text).all(...bindings);
    return { toArray: () => rows };
  };
  const transactionSync = (act: () => unknown) => act();
  return { sql: { exec }, transactionSync } as unknown as DurableObjectStorage;
}

export function smallTable(costs: readonly SmallCost[]): string {
  const dollars = (amount: number) => `$${amount.toFixed(2)}`;
  const lines = costs.map(({ size, shape, bytesOnDisk, storage, puts, put, get }) => [
    size === 0 ? "0 (in R2)" : String(size),
    size === 0 ? "–" : shape,
    bytesOnDisk.toFixed(0),
    dollars(storage + (size === 0 ? ((1024 * 1e6) / GB) * CLOUDFLARE.r2Storage : 0)),
    dollars(puts + (size === 0 ? CLOUDFLARE.classA : 0)),
    dollars(size === 0 ? CLOUDFLARE.classB : 0),
    put.toFixed(1),
    get.toFixed(1),
  ]);
  const heading = [
    "bytes",
    "bytes in",
    "on disk",
    "kept a month",
    "a million puts",
    "a million gets",
    "put µs",
    "get µs",
  ];
  return `${columns([heading, ...lines])}

on disk: bytes of the index an object. kept a month, puts, gets: dollars for a million (prices of ${PRICES_OF}), rows and
R2's operations alone; the row for R2 is reckoned with 1 KiB an object there. µs: SQLite's own time, in memory.`;
}
