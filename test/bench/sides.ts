// Whom the bench speaks to: Portico, the floor beside it, or any other S3 endpoint.
//
// Portico and the floor each have a workerd of their own, the same binary with the same R2 simulation behind the same
// kind of socket. In one process the two would share a heap and its garbage collector, and the memory of one could not
// be told from the other's. Only one of them is busy at a time.

import path from "node:path";
import { crc32 } from "node:zlib";
import { Miniflare, type MiniflareOptions } from "miniflare";
import { bundleWorker } from "../../src/cli/bundle.ts";
import { compatibility } from "../../src/cli/clone.ts";
import { wrapWorkerd } from "../../src/cli/runtime.ts";
import { startServer } from "../../src/cli/server.ts";
import { Connection, type Heard } from "./connection.ts";
import { type Ask, type Endpoint, signedRequest } from "./signed-request.ts";
import { workerds } from "./workerd-process.ts";

export interface Side {
  name: "portico" | "floor" | "endpoint";
  endpoint: Endpoint;
  bucket: string;
  /** Of its workerd, where that can be known. */
  pid: number | undefined;
  stop(): Promise<void>;
}

const MOST_CONNECTIONS = 16;
const KEY = { accessKeyId: "portico", secret: "portico-secret", region: "us-east-1" };

/** Portico as `npm start` runs it, its data in a temporary folder. */
export async function startPortico(): Promise<Side> {
  const before = workerds();
  const server = await startServer({
    host: "127.0.0.1",
    port: 0,
    rootKey: `${KEY.accessKeyId}:${KEY.secret}`,
    masterSecret: "x".repeat(32),
    region: KEY.region,
    domains: [],
    legacyAcl: false,
  });
  const pid = workerds().find((one) => !before.includes(one));
  return ready("portico", { url: server.url, ...KEY }, pid, server.stop);
}

export async function startFloor(): Promise<Side> {
  const before = workerds();
  const manifest = await bundleWorker(path.join(import.meta.dirname, "floor-worker.ts"));
  const { url, stop } = await startBare(manifest);
  const pid = workerds().find((one) => !before.includes(one));
  return ready("floor", { url, ...KEY }, pid, stop);
}

/** Somebody's own endpoint: in the end the bucket made there is emptied and removed. */
export async function anyEndpoint(endpoint: Endpoint): Promise<Side> {
  const side = await ready("endpoint", endpoint, undefined, () => removeBucket(side));
  return side;
}

async function removeBucket(side: Side): Promise<void> {
  const { bucket } = side;
  for (;;) {
    const { text } = await call(side, { method: "GET", path: `/${bucket}?list-type=2` });
    const keys = Array.from(text.matchAll(/<Key>([^<]+)/g), ([, key = ""]) => key);
    if (keys.length === 0) break;
    await call(side, deleteObjects(bucket, keys));
  }
  await call(side, { method: "DELETE", path: `/${bucket}` });
}

/** The request that removes up to 1,000 keys of unreserved characters and slashes. */
export function deleteObjects(bucket: string, keys: readonly string[]): Ask {
  const objects = keys.map((key) => `<Object><Key>${key}</Key></Object>`);
  const body = Buffer.from(`<Delete><Quiet>true</Quiet>${objects.join("")}</Delete>`);
  const digest = Buffer.alloc(4);
  digest.writeUInt32BE(crc32(body));
  const headers = { "x-amz-checksum-crc32": digest.toString("base64") };
  return { method: "POST", path: `/${bucket}?delete`, headers, body };
}

/** A Worker with an R2 bucket behind a socket of workerd's own, set up as src/cli/server.ts does it. */
export async function startBare(
  manifest: Awaited<ReturnType<typeof bundleWorker>>,
): Promise<{ url: string; stop(): Promise<void> }> {
  wrapWorkerd();
  const options: MiniflareOptions = {
    host: "127.0.0.1",
    port: 0,
    cf: false,
    logRequests: false,
    enableDevRegistry: false,
    telemetry: { enabled: false },
    workers: [
      {
        config: {
          name: "floor",
          ...compatibility(),
          manifest,
          env: { BLOBS: { type: "r2", name: "floor-blobs" } },
        },
        dev: { unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }] },
      },
    ],
  };
  const miniflare = new Miniflare(options);
  const url = (await miniflare.unsafeGetDirectURL("floor")).origin;
  return { url, stop: () => miniflare.dispose() };
}

async function ready(
  name: Side["name"],
  endpoint: Endpoint,
  pid: number | undefined,
  stop: () => Promise<void>,
): Promise<Side> {
  const bucket = `bench-${Date.now().toString(36)}`;
  const side: Side = { name, endpoint, bucket, pid, stop };
  await call(side, { method: "PUT", path: `/${bucket}` });
  return side;
}

/** One request outside any measurement; its answer must be one of success. `keep`: its body is wanted. */
export async function call(side: Side, ask: Ask, keep = true): Promise<Heard> {
  const connection = new Connection(side.endpoint.url);
  try {
    return held(side, await connection.send(signedRequest(side.endpoint, ask), keep), ask);
  } finally {
    connection.close();
  }
}

/** Many requests, a few at a time, outside any measurement. */
export async function callAll(side: Side, asks: Iterable<Ask>): Promise<void> {
  const queue = asks[Symbol.iterator]();
  const work = async () => {
    const connection = new Connection(side.endpoint.url);
    for (let next = queue.next(); !next.done; next = queue.next()) {
      held(side, await connection.send(signedRequest(side.endpoint, next.value)), next.value);
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: MOST_CONNECTIONS }, work));
}

function held(side: Side, heard: Heard, { method, path: asked }: Ask): Heard {
  if (heard.status < 300) return heard;
  throw new Error(`${side.name} answered ${method} ${asked} with ${heard.status}: ${heard.text}`);
}
