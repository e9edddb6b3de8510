// The requests whose cost is promised, each with its promise: the table of the bill, held by tests and shown by
// `npm run bill`.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type Answer, at, type Client } from "./client.ts";
import { type Cost, inBatches } from "./cost.ts";
import type { TestServer } from "./test-server.ts";
import { begin, complete, MIN_PART, type Part, part, partPath, upload } from "./uploads.ts";
import { escapeXml, xml } from "./xml.ts";

/** What a request is made in: a server with a bucket that `furnish` has filled. */
export interface Ground {
  server: TestServer;
  bucket: string;
}

export interface Budgeted {
  /** What it is called by whom S3 sends a bill. */
  operation: string;
  /** What the promise says, as a sentence of which the subject is the group. */
  name: string;
  calls: Partial<Cost>;
  /** Rows of D1 and the index together. */
  most: { read: number; written: number };
  /** Makes what `act` will act on, afresh, and names it. */
  prepare?(ground: Ground): Promise<string>;
  act(client: Client, subject: string, ground: Ground): Promise<Answer>;
}

const READ = { read: 4, written: 0 };
const NEW = { read: 6, written: 2 };
const CHANGE = { read: 8, written: 4 };
const COPY = { read: 12, written: 6 };

let made = 0;

/** A path that nothing has used yet. */
export function fresh({ bucket }: Ground): string {
  made += 1;
  return at(bucket, `fresh/${made}`);
}

function done(answer: Answer): Answer {
  assert.equal(answer.status, 200, answer.text);
  return answer;
}

export async function object(ground: Ground): Promise<string> {
  const path = fresh(ground);
  done(await ground.server.client.put(path, "some bytes", { "x-amz-meta-colour": "blue" }));
  return path;
}

/** Fills a bucket with what listings read: three folders of four hundred empty objects. */
export async function furnish({ server, bucket }: Ground): Promise<void> {
  const keys = ["a", "b", "c"].flatMap((folder) =>
    Array.from({ length: 400 }, (_, i) => `${folder}/${String(i).padStart(4, "0")}`),
  );
  await inBatches(keys.map((key) => async () => done(await server.client.put(at(bucket, key)))));
}

/** Parts that Complete takes for large ones, each holding its own number. */
async function longUpload(server: TestServer, path: string, id: string, count: number): Promise<Part[]> {
  const parts: Part[] = [];
  const numbers = Array.from({ length: count }, (_, i) => i + 1);
  await inBatches(
    numbers.map((number) => async () => {
      parts[number - 1] = await part(server.client, path, id, number, String(number));
    }),
  );
  // Nobody wants to send gigabytes to see that completing moves none of them.
  const text = "update part set size = ? where upload = ? and number < ?";
  await server.order({ do: "d1", text, bindings: [MIN_PART, id, count] });
  return parts;
}

/** Bodies of many extents by their number, made once a bucket. */
const longBodies = new Map<string, Promise<string>>();
function longBody(ground: Ground, count: number): Promise<string> {
  const { server, bucket } = ground;
  const make = async () => {
    const path = fresh(ground);
    const id = await begin(server.client, path);
    done(await complete(server.client, path, id, await longUpload(server, path, id, count)));
    return path;
  };
  const name = `${bucket} ${count}`;
  const body = longBodies.get(name) ?? make();
  longBodies.set(name, body);
  return body;
}

/** A subject that is a path and more. */
const both = (...words: string[]) => words.join(" ");
const split = (subject: string) => subject.split(" ") as [string, string];

export const READS: readonly Budgeted[] = [
  {
    operation: "GetObject",
    name: "of an object costs one call of the index and one of R2",
    calls: { index: 1, classB: 1 },
    most: READ,
    prepare: object,
    act: (client, path) => client.get(path),
  },
  {
    operation: "GetObject, a range",
    name: "of a range costs no more",
    calls: { index: 1, classB: 1 },
    most: READ,
    prepare: object,
    act: (client, path) => client.get(path, { range: "bytes=2-4" }),
  },
  {
    operation: "HeadObject",
    name: "of an object's headers costs nothing of R2",
    calls: { index: 1 },
    most: READ,
    prepare: object,
    act: (client, path) => client.head(path),
  },
  {
    operation: "GetObjectTagging",
    name: "of an object's tags costs nothing of R2",
    calls: { index: 1 },
    most: READ,
    prepare: object,
    act: (client, path) => client.get(`${path}?tagging`),
  },
  {
    operation: "GetObjectAttributes",
    name: "of an object's attributes costs nothing of R2",
    calls: { index: 1 },
    most: READ,
    prepare: object,
    act: (client, path) =>
      client.get(`${path}?attributes`, { "x-amz-object-attributes": "ETag,ObjectSize,StorageClass" }),
  },
  {
    operation: "GetObject, a part of 520",
    name: "of a part of a long body reads the same few rows",
    calls: { index: 1, classB: 1 },
    most: READ,
    prepare: (ground) => longBody(ground, 520),
    async act(client, path) {
      const answer = await client.get(`${path}?partNumber=513`);
      assert.deepEqual([answer.status, answer.text], [206, "513"]);
      return answer;
    },
  },
];

export const WRITES: readonly Budgeted[] = [
  {
    operation: "PutObject, a new key",
    name: "of a new key costs one call of the index, one put and two rows",
    calls: { index: 1, classA: 1 },
    most: NEW,
    prepare: async (ground) => fresh(ground),
    act: (client, path) => client.put(path, "some bytes"),
  },
  {
    operation: "PutObject, over another",
    name: "over an object costs at most two rows more",
    calls: { index: 1, classA: 1 },
    most: CHANGE,
    prepare: object,
    act: (client, path) => client.put(path, "other bytes"),
  },
  {
    operation: "PutObject, If-None-Match",
    name: "with a condition costs no more",
    calls: { index: 1, classA: 1 },
    most: NEW,
    prepare: async (ground) => fresh(ground),
    act: (client, path) => client.put(path, "some bytes", { "if-none-match": "*" }),
  },
  {
    operation: "PutObject, empty",
    name: "of an empty object does not touch R2",
    calls: { index: 1 },
    most: NEW,
    prepare: async (ground) => fresh(ground),
    act: (client, path) => client.put(path),
  },
  {
    operation: "DeleteObject",
    name: "that deletes costs nothing of R2",
    calls: { index: 1 },
    most: CHANGE,
    prepare: object,
    act: (client, path) => client.delete(path),
  },
  {
    operation: "CopyObject in a bucket",
    name: "that copies inside the bucket costs two calls and nothing of R2",
    calls: { index: 2 },
    most: COPY,
    prepare: object,
    act: (client, path, ground) => client.put(fresh(ground), "", { "x-amz-copy-source": path }),
  },
  {
    operation: "CopyObject, over another",
    name: "that copies over an object costs no more",
    calls: { index: 2 },
    most: COPY,
    prepare: async (ground) => both(await object(ground), await object(ground)),
    act(client, subject) {
      const [source, target] = split(subject);
      return client.put(target, "", { "x-amz-copy-source": source });
    },
  },
  {
    operation: "CopyObject, a long body",
    name: "that copies a long body costs no more",
    calls: { index: 2 },
    most: COPY,
    async prepare(ground) {
      const path = fresh(ground);
      done(await upload(ground.server.client, path, [new Uint8Array(MIN_PART), "tail"]));
      return path;
    },
    act: (client, path, ground) => client.put(fresh(ground), "", { "x-amz-copy-source": path }),
  },
];

const shown = (text: string) => xml(text).all("Contents").length + xml(text).all("CommonPrefixes").length;

function page(operation: string, name: string, query: string, entries: number): Budgeted {
  return {
    operation,
    name,
    calls: { index: 1 },
    most: { read: 2 * entries + 4, written: 0 },
    async act(client, _subject, { bucket }) {
      const answer = await client.get(`/${bucket}?${query}`);
      assert.equal(shown(answer.text), entries);
      return answer;
    },
  };
}

export const LISTINGS: readonly Budgeted[] = [
  page("ListObjectsV2 of 1,000", "of a thousand keys costs one call and as many rows", "list-type=2", 1000),
  page("ListObjectsV2 of 10", "of ten keys does not read those behind them", "list-type=2&max-keys=10", 10),
  page(
    "ListObjectsV2, delimiter, 3 prefixes",
    "by delimiter reads a row or two a prefix, not the keys below it",
    "list-type=2&delimiter=/",
    3,
  ),
  page(
    "ListObjects, delimiter, 2 prefixes",
    "by delimiter costs the same in the older version",
    "delimiter=/&max-keys=2",
    2,
  ),
  page("ListObjectsV2 of nothing", "of nothing reads next to nothing", "list-type=2&prefix=zzz", 0),
  page("ListObjectVersions of nothing", "of versions costs the same", "versions&max-keys=0", 0),
];

function completion(count: number): Budgeted {
  const ready = new Map<string, { path: string; parts: Part[] }>();
  return {
    operation: `CompleteMultipartUpload, ${count} ${count === 1 ? "part" : "parts"}`,
    name: `of ${count} ${count === 1 ? "part" : "parts"} is completed by one call of the index and two of D1`,
    calls: { index: 1, d1: 2 },
    most: { read: 2 * count + 12, written: Math.floor(count + count / 256 + 10) },
    async prepare(ground) {
      const path = fresh(ground);
      const id = await begin(ground.server.client, path);
      ready.set(id, { path, parts: await longUpload(ground.server, path, id, count) });
      return id;
    },
    act(client, id) {
      const { path = "", parts = [] } = ready.get(id) ?? {};
      return complete(client, path, id, parts);
    },
  };
}

const PART_COST = { calls: { d1: 1, classA: 1 }, most: NEW } as const;

export const UPLOADS: readonly Budgeted[] = [
  {
    operation: "UploadPart",
    name: "costs one call of D1 and one put a part",
    ...PART_COST,
    async prepare(ground) {
      const path = fresh(ground);
      const id = await begin(ground.server.client, path);
      for (let number = 1; number <= 20; number++) await part(ground.server.client, path, id, number, "x");
      return both(path, id);
    },
    act: (client, subject) => client.put(partPath(...split(subject), 21), "some bytes"),
  },
  {
    operation: "UploadPart, over another",
    name: "costs no more when a part is uploaded again",
    ...PART_COST,
    async prepare(ground) {
      const path = fresh(ground);
      const id = await begin(ground.server.client, path);
      for (let times = 0; times < 20; times++) await part(ground.server.client, path, id, 1, `x${times}`);
      return both(path, id);
    },
    act: (client, subject) => client.put(partPath(...split(subject), 1), "some bytes"),
  },
  ...[1, 3, 300].map(completion),
];

const REMOVED = 200;

export const REMOVALS: readonly Budgeted[] = [
  {
    operation: `DeleteObjects of ${REMOVED}`,
    name: "of two hundred keys costs one call",
    calls: { index: 1 },
    most: { read: 4 * REMOVED + 4, written: 3 * REMOVED + 4 },
    async prepare(ground) {
      const paths = Array.from({ length: REMOVED }, () => fresh(ground));
      await inBatches(paths.map((path) => async () => done(await ground.server.client.put(path, "bytes"))));
      const keys = paths.map(
        (path) => `<Object><Key>${escapeXml(path.split("/").slice(2).join("/"))}</Key></Object>`,
      );
      return `<Delete>${keys.join("")}</Delete>`;
    },
    act: (client, body, { bucket }) =>
      client.post(`/${bucket}?delete`, body, {
        "x-amz-checksum-sha256": createHash("sha256").update(body).digest("base64"),
      }),
  },
];

const NO_ROOM = "1".repeat(1000);

async function apart(ground: Ground): Promise<string> {
  const path = fresh(ground);
  done(await ground.server.client.put(path, NO_ROOM));
  return path;
}

/** What changes where objects as small as these are kept in the index. */
export const SMALL: readonly Budgeted[] = [
  ...[...READS.slice(0, 2), ...WRITES.slice(0, 2)].map((budgeted) => ({
    ...budgeted,
    operation: `${budgeted.operation}, small`,
    name: `${budgeted.name.split(" costs")[0]} costs one call of the index`,
    calls: { index: 1 },
  })),
  {
    operation: "GetObject, small, 1,000 bytes",
    name: "of bytes that a row has no room for costs no more",
    calls: { index: 1 },
    most: READ,
    prepare: apart,
    act: (client, path) => client.get(path),
  },
  {
    operation: "PutObject, a new key, small, 1,000 bytes",
    name: "of a new key with as many bytes writes a third row",
    calls: { index: 1 },
    most: { ...NEW, written: 3 },
    prepare: async (ground) => fresh(ground),
    act: (client, path) => client.put(path, NO_ROOM),
  },
  {
    operation: "PutObject, over another, small, 1,000 bytes",
    name: "over such an object costs no more than over another",
    calls: { index: 1 },
    most: CHANGE,
    prepare: apart,
    act: (client, path) => client.put(path, NO_ROOM),
  },
  {
    operation: "DeleteObject, small, 1,000 bytes",
    name: "that deletes such an object costs no more than another",
    calls: { index: 1 },
    most: CHANGE,
    prepare: apart,
    act: (client, path) => client.delete(path),
  },
];
