// MinIO's client: without a region given it asks for the bucket's location, and it signs every payload.

import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { type BucketStream, Client, CopyConditions, CopyDestinationOptions, CopySourceOptions } from "minio";
import {
  bucketName,
  type Check,
  collect,
  DOT_KEYS,
  type Endpoint,
  equal,
  failure,
  fetched,
  inBucket,
  inFolder,
  KEYS,
  MB,
  pieces,
  refused,
  same,
} from "./javascript-support.ts";

const client = "minio-js";

function minio(endpoint: Endpoint, partSize?: number): Client {
  const { hostname, port, protocol } = new URL(endpoint.url);
  const useSSL = protocol === "https:";
  return new Client({
    endPoint: hostname,
    port: Number(port || (useSSL ? 443 : 80)),
    useSSL,
    accessKey: endpoint.accessKeyId,
    secretKey: endpoint.secretAccessKey,
    ...(partSize === undefined ? {} : { partSize }),
  });
}

async function entries<T>(stream: BucketStream<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const entry of stream) all.push(entry as T);
  return all;
}

async function read(m: Client, bucket: string, key: string): Promise<Buffer> {
  return collect(await m.getObject(bucket, key));
}

async function buckets(endpoint: Endpoint): Promise<void> {
  const m = minio(endpoint);
  const bucket = bucketName();
  equal(await m.bucketExists(bucket), false, "exists before");
  await m.makeBucket(bucket);
  equal(await m.bucketExists(bucket), true, "exists");
  equal((await m.listBuckets()).filter(({ name }) => name === bucket).length, 1, "listed");
  await m.removeBucket(bucket);
  equal(await m.bucketExists(bucket), false, "exists after");
}

const files = (endpoint: Endpoint) =>
  inBucket(endpoint, (bucket) =>
    inFolder(async (folder) => {
      const m = minio(endpoint, 5 * MB);
      const [here, back] = [path.join(folder, "here"), path.join(folder, "back")];
      for (const size of [0, 1000, 12 * MB + 5]) {
        const data = randomBytes(size);
        await writeFile(here, data);
        await m.fPutObject(bucket, `${size}`, here, { "Content-Type": "text/x-file" });
        await m.fGetObject(bucket, `${size}`, back);
        same(await readFile(back), data, `${size} bytes`);
        const stat = await m.statObject(bucket, `${size}`);
        equal([stat.size, stat.metaData["content-type"]], [size, "text/x-file"], "stat");
      }
    }),
  );

const streams = (endpoint: Endpoint) =>
  inBucket(endpoint, async (bucket) => {
    const data = randomBytes(12 * MB + 5);
    for (const [key, partSize] of [
      ["default parts", undefined],
      ["parts of 5 MB", 5 * MB],
    ] as const) {
      const m = minio(endpoint, partSize);
      await m.putObject(bucket, key, Readable.from(pieces(data, 99_991)));
      same(await read(m, bucket, key), data, key);
    }
    const m = minio(endpoint);
    await m.putObject(bucket, "sized", Readable.from(pieces(data, 99_991)), data.length);
    same(await read(m, bucket, "sized"), data, "sized");
    await m.putObject(bucket, "text", "a text");
    equal((await read(m, bucket, "text")).toString(), "a text");
  });

const partial = (endpoint: Endpoint) =>
  inBucket(endpoint, async (bucket) => {
    const m = minio(endpoint);
    const data = randomBytes(10_000);
    await m.putObject(bucket, "x", data);
    same(await collect(await m.getPartialObject(bucket, "x", 100, 50)), data.subarray(100, 150), "middle");
    same(await collect(await m.getPartialObject(bucket, "x", 9000)), data.subarray(9000), "rest");
    equal((await failure(m.getPartialObject(bucket, "x", 10_000))).code, "InvalidRange");
  });

const lists = (endpoint: Endpoint) =>
  inBucket(endpoint, async (bucket) => {
    const m = minio(endpoint);
    const all = [...KEYS, "folder/one", "folder/two", ...(endpoint.dotKeys ? DOT_KEYS : [])];
    for (const key of all) await m.putObject(bucket, key, `body of ${key}`);
    for (const key of all) equal((await read(m, bucket, key)).toString(), `body of ${key}`, key);
    for (const list of [m.listObjectsV2(bucket, "", true), m.listObjects(bucket, "", true)]) {
      const listed = await entries(list);
      equal(listed.map(({ name }) => name ?? "").sort(), [...all].sort(), "recursive");
      const sizes = new Map(listed.map(({ name, size }) => [name, size]));
      equal(sizes.get("folder/one"), "body of folder/one".length, "size");
    }
    for (const list of [m.listObjectsV2(bucket, "fol"), m.listObjects(bucket, "fol")]) {
      equal(
        (await entries(list)).map(({ prefix }) => prefix),
        ["folder/"],
        "folders",
      );
    }
    const after = await entries(m.listObjectsV2(bucket, "folder/", true, "folder/one"));
    equal(
      after.map(({ name }) => name),
      ["folder/two"],
      "start after",
    );
    await m.removeObjects(bucket, all);
    equal((await entries(m.listObjectsV2(bucket, "", true))).length, 0, "left after removeObjects");
  });

const links = (endpoint: Endpoint) =>
  inBucket(endpoint, async (bucket) => {
    const m = minio(endpoint);
    const data = randomBytes(100_000);
    const put = await m.presignedPutObject(bucket, "a b+c", 60);
    await fetched(fetch(put, { method: "PUT", body: data }));
    same(await read(m, bucket, "a b+c"), data, "put");
    const get = await m.presignedGetObject(bucket, "a b+c", 60, { "response-content-type": "text/x-link" });
    const response = await fetch(get);
    equal([response.status, response.headers.get("content-type")], [200, "text/x-link"]);
    same(new Uint8Array(await response.arrayBuffer()), data, "get");
    await refused(fetch(get, { method: "DELETE" }), 403, "SignatureDoesNotMatch");
    await fetched(fetch(await m.presignedUrl("DELETE", bucket, "a b+c", 60), { method: "DELETE" }), 204);
    await refused(fetch(get), 404, "NoSuchKey");
  });

const described = (endpoint: Endpoint) =>
  inBucket(endpoint, async (bucket) => {
    const m = minio(endpoint);
    const given = {
      "Content-Type": "text/x-a",
      "Cache-Control": "max-age=9",
      colour: "dark blue",
      "X-Amz-Meta-Shape": "round",
    };
    const put = await m.putObject(bucket, "x", "four", 4, given);
    const stat = await m.statObject(bucket, "x");
    equal(
      [stat.size, stat.etag, stat.metaData.colour, stat.metaData.shape],
      [4, put.etag, "dark blue", "round"],
    );
    equal([stat.metaData["content-type"], stat.metaData["cache-control"]], ["text/x-a", "max-age=9"]);
    if (Math.abs(stat.lastModified.getTime() - Date.now()) > 60_000)
      throw new Error(`modified ${stat.lastModified}`);
    equal((await failure(m.statObject(bucket, "never"))).code, "NotFound");
    equal((await failure(m.getObject(bucket, "never"))).code, "NoSuchKey");
  });

const copies = (endpoint: Endpoint) =>
  inBucket(endpoint, async (bucket) => {
    const m = minio(endpoint);
    const { etag } = await m.putObject(bucket, "ä x", "to be copied", undefined, { colour: "blue" });
    await m.copyObject(bucket, "y", `/${bucket}/ä x`);
    equal((await read(m, bucket, "y")).toString(), "to be copied");
    equal((await m.statObject(bucket, "y")).metaData.colour, "blue");
    const unmet = new CopyConditions();
    unmet.setMatchETagExcept(etag);
    const refusal = await failure(m.copyObject(bucket, "z", `/${bucket}/y`, unmet));
    equal(refusal.code, "PreconditionFailed");
    await m.copyObject(
      new CopySourceOptions({ Bucket: bucket, Object: "y" }),
      new CopyDestinationOptions({
        Bucket: bucket,
        Object: "z",
        UserMetadata: { shape: "round" },
        MetadataDirective: "REPLACE",
      }),
    );
    const { metaData } = await m.statObject(bucket, "z");
    equal([metaData.shape, metaData.colour], ["round", undefined]);
  });

const composed = (endpoint: Endpoint) =>
  inBucket(endpoint, async (bucket) => {
    const m = minio(endpoint);
    const [one, two] = [randomBytes(5 * MB), randomBytes(1000)];
    await m.putObject(bucket, "one", one);
    await m.putObject(bucket, "two", two);
    await m.composeObject(
      new CopyDestinationOptions({ Bucket: bucket, Object: "both" }),
      ["one", "two"].map((key) => new CopySourceOptions({ Bucket: bucket, Object: key })),
    );
    same(await read(m, bucket, "both"), Buffer.concat([one, two]));
  });

const incomplete = (endpoint: Endpoint) =>
  inBucket(endpoint, async (bucket) => {
    const m = minio(endpoint);
    await m.initiateNewMultipartUpload(bucket, "folder/x", {});
    const listed = await entries(m.listIncompleteUploads(bucket, "folder/", true));
    equal(
      listed.map(({ key }) => key),
      ["folder/x"],
    );
    await m.removeIncompleteUpload(bucket, "folder/x");
    equal((await entries(m.listIncompleteUploads(bucket, "", true))).length, 0, "left");
  });

export const minioChecks: Check[] = [
  { client, name: "buckets are made, found, listed and removed", run: buckets },
  { client, name: "fPutObject and fGetObject keep 0 bytes, 1000 bytes and 12 MB", run: files },
  { client, name: "putObject keeps a stream, its size given or not", run: streams },
  { client, name: "getPartialObject gives a part of an object", run: partial },
  {
    client,
    name: "difficult keys are put, listed as streams (both versions) and removed with removeObjects",
    run: lists,
  },
  { client, name: "presigned PUT, GET and DELETE work with fetch, and for nothing else", run: links },
  { client, name: "statObject gives size, ETag, time and metadata", run: described },
  { client, name: "copyObject copies, under conditions and with new metadata", run: copies },
  { client, name: "composeObject joins two objects", run: composed },
  { client, name: "incomplete uploads are listed and removed", run: incomplete },
];
