// What is measured: each row a kind of request, made the same for every side, with the share of the floor's speed that
// is wanted of Portico.

import { crc32 } from "node:zlib";
import { call, callAll, deleteObjects, type Side } from "./sides.ts";
import type { Ask } from "./signed-request.ts";

export interface Row {
  name: string;
  connections: number;
  /** Bytes that a request moves; shown as a rate where it is large. */
  bytes: number;
  /** Least ratio of Portico's rate to the floor's that is wanted. */
  wanted?: number;
  /** What the floor does in its stead, if not the same. */
  floor?: string;
  /** Too long in the making for `--quick`. */
  slow?: true;
  /** Requests a round, if not as many as there is time for. */
  fixed?: number;
  /** Whether a request can be sent but once. */
  once?: true;
  /** Makes what the requests need; once for each side. */
  prepare?(side: Side): Promise<void>;
  /** At least `count` different requests if they can be sent but once, else a few. */
  asks(side: Side, count: number): Promise<Ask[]> | Ask[];
}

const KB = 1024;
const MB = 1024 * KB;
const PART = 5 * MB;
const PARTS = 100;
const LISTED = { full: 20_000, quick: 4000 };
const FOLDERS = 200;
const RANGE_BYTES = 64 * KB;

/** Objects that reads take turns at. */
const RING = 32;

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const labelOf = (bytes: number) => (bytes < MB ? `${bytes / KB} KB` : `${bytes / MB} MB`);
const connectionsFor = (bytes: number) => (bytes < MB ? 16 : bytes < 100 * MB ? 8 : 2);

/** Bytes that no disk or wire can make smaller, the same for each size. */
const bodies = new Map<number, Buffer>();
export function bodyOf(bytes: number): Buffer {
  const known = bodies.get(bytes) ?? Buffer.alloc(bytes);
  if (!bodies.has(bytes)) {
    let state = 1;
    for (let at = 0; at + 4 <= bytes; at += 4) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      known.writeUInt32LE(state, at);
    }
    bodies.set(bytes, known);
  }
  return known;
}

let made = 0;
function fresh({ bucket }: Side): string {
  made += 1;
  // Spread as keys are, not rising.
  return `/${bucket}/put/${crc32(String(made)).toString(16)}-${made}`;
}

const read = ({ bucket }: Side, bytes: number, i: number) => `/${bucket}/read/${bytes}/${i}`;
const ring = (bytes: number) => (bytes < 100 * MB ? RING : 1);

async function readable(side: Side, bytes: number): Promise<void> {
  const body = bodyOf(bytes);
  await callAll(
    side,
    range(ring(bytes)).map(
      (i): Ask => ({ method: "PUT", path: read(side, bytes, i), body, payload: "unsigned" }),
    ),
  );
}

function reading(
  name: string,
  bytes: number,
  wanted: number | undefined,
  ask: Partial<Ask>,
  moved = bytes,
): Row {
  return {
    name,
    connections: connectionsFor(bytes),
    bytes: moved,
    ...(wanted !== undefined && { wanted }),
    prepare: (side) => readable(side, bytes),
    asks: (side) => range(ring(bytes)).map((i) => ({ method: "GET", path: read(side, bytes, i), ...ask })),
  };
}

function writing(bytes: number, payload: "hash" | "unsigned" | "chunked", wanted?: number): Row {
  const how = { hash: "signed hash", unsigned: "unsigned", chunked: "aws-chunked, CRC32 trailer" }[payload];
  return {
    name: `PUT ${labelOf(bytes)}, ${how}`,
    connections: connectionsFor(bytes),
    bytes,
    ...(wanted !== undefined && { wanted }),
    ...(payload === "chunked" && { floor: "a plain PUT of the same bytes" }),
    once: true,
    asks: (side, count) => {
      const plain = payload === "chunked" && side.name === "floor";
      const body = bodyOf(bytes);
      return range(count).map(() => ({
        method: "PUT",
        path: fresh(side),
        body,
        payload: plain ? "unsigned" : payload,
      }));
    },
  };
}

/** Keys of one byte each, in folders. */
async function listable(side: Side, count: number): Promise<void> {
  const body = Buffer.from("x");
  const keys = range(count).map((i) => `d${i % FOLDERS}/k${String(i).padStart(6, "0")}`);
  await callAll(
    side,
    keys.map(
      (key): Ask => ({ method: "PUT", path: `/${side.bucket}/list/${key}`, body, payload: "unsigned" }),
    ),
  );
}

/** Listings read what both of them made once. */
const filled = new WeakMap<Side, Promise<void>>();
function listing(name: string, query: string, count: number, wanted?: number): Row {
  return {
    name,
    connections: 16,
    bytes: 0,
    ...(wanted !== undefined && { wanted }),
    floor: "R2.list, answered as JSON",
    prepare(side) {
      const done = filled.get(side) ?? listable(side, count);
      filled.set(side, done);
      return done;
    },
    asks: ({ bucket }) => [{ method: "GET", path: `/${bucket}?${query}` }],
  };
}

async function removable(side: Side, count: number): Promise<string[]> {
  const paths = range(count).map(() => fresh(side));
  const body = bodyOf(KB);
  await callAll(
    side,
    paths.map((path): Ask => ({ method: "PUT", path, body, payload: "unsigned" })),
  );
  return paths;
}

async function deletion(side: Side, count: number): Promise<Ask> {
  const paths = await removable(side, count);
  return deleteObjects(
    side.bucket,
    paths.map((path) => path.split("/").slice(2).join("/")),
  );
}

/** An upload with all its parts, and the request that completes it. */
async function uploaded(side: Side): Promise<Ask> {
  const path = fresh(side);
  const { text } = await call(side, { method: "POST", path: `${path}?uploads` });
  const id = encodeURIComponent(/<UploadId>([^<]+)/.exec(text)?.[1] ?? "");
  const etags: string[] = [];
  const body = bodyOf(PART);
  for (const number of range(PARTS).map((i) => i + 1)) {
    const partPath = `${path}?partNumber=${number}&uploadId=${id}`;
    const { head } = await call(side, { method: "PUT", path: partPath, body, payload: "unsigned" });
    etags.push(/\r\netag: *"([^"]+)"/i.exec(head)?.[1] ?? "");
  }
  const parts = etags.map(
    (etag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>"${etag}"</ETag></Part>`,
  );
  const document = `<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`;
  return { method: "POST", path: `${path}?uploadId=${id}`, body: Buffer.from(document) };
}

const ROWS: readonly Row[] = [
  { ...reading("HEAD", KB, 1.2, { method: "HEAD" }), bytes: 0 },
  reading("GET 1 KB", KB, 1.5, {}),
  reading("GET 64 KB", 64 * KB, 0.65, {}),
  reading("GET 1 MB", MB, 0.75, {}),
  reading(
    "GET 64 KB of 1 MB",
    MB,
    undefined,
    { headers: { range: `bytes=100000-${99_999 + RANGE_BYTES}` } },
    RANGE_BYTES,
  ),
  writing(KB, "hash", 2.5),
  writing(KB, "unsigned", 2.5),
  writing(KB, "chunked"),
  writing(64 * KB, "hash", 0.7),
  writing(64 * KB, "unsigned", 0.7),
  writing(64 * KB, "chunked"),
  writing(MB, "hash", 0.9),
  writing(MB, "unsigned", 0.9),
  writing(MB, "chunked", 0.75),
  { ...writing(100 * MB, "unsigned", 0.9), fixed: 2 },
  { ...reading("GET 100 MB", 100 * MB, 0.9, {}), fixed: 8 },
  {
    name: "DELETE",
    connections: 16,
    bytes: 0,
    wanted: 1.5,
    once: true,
    asks: async (side, count) => (await removable(side, count)).map((path) => ({ method: "DELETE", path })),
  },
  {
    name: "DeleteObjects of 1,000",
    connections: 1,
    bytes: 0,
    once: true,
    fixed: 1,
    slow: true,
    asks: async (side) => [await deletion(side, 1000)],
  },
  {
    name: "Complete of 100 parts",
    connections: 1,
    bytes: 0,
    once: true,
    fixed: 1,
    slow: true,
    floor: "R2's own multipart upload",
    asks: async (side) => [await uploaded(side)],
  },
  {
    name: "Copy of 1 GB in a bucket",
    connections: 1,
    bytes: 0,
    once: true,
    fixed: 1,
    slow: true,
    floor: "R2.get into R2.put: its binding has no copy",
    prepare: async (side) => {
      const body = bodyOf(1024 * MB);
      await call(side, { method: "PUT", path: `/${side.bucket}/large`, body, payload: "unsigned" });
    },
    asks: (side) => [
      { method: "PUT", path: fresh(side), headers: { "x-amz-copy-source": `/${side.bucket}/large` } },
    ],
  },
];

/** The listings, which `--quick` has fewer keys for: what the floor makes of them depends on their number. */
function listings(quick: boolean): Row[] {
  const count = quick ? LISTED.quick : LISTED.full;
  const name = `List by delimiter of ${count.toLocaleString("en")} in ${FOLDERS}`;
  const query = "list-type=2&prefix=list%2F";
  return [
    listing("List of 1,000", query, count, 2),
    listing(name, `delimiter=%2F&${query}`, count, quick ? undefined : 3),
  ];
}

export function rowsOf({ quick }: { quick: boolean }): readonly Row[] {
  return [...ROWS, ...listings(quick)].filter(({ slow }) => !(quick && slow));
}

/** What `--quick` leaves out. */
export const SLOW: readonly string[] = ROWS.filter(({ slow }) => slow).map(({ name }) => name);
