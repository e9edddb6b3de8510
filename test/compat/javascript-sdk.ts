// The AWS SDK for JavaScript, version 3, with its Upload and its presigner.

import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import {
  AbortMultipartUploadCommand,
  type ChecksumAlgorithm,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import {
  bucketName,
  type Check,
  crc32Of,
  DOT_KEYS,
  type Endpoint,
  equal,
  failure,
  fetched,
  inBucket,
  inFolder,
  KEYS,
  keysIn,
  MB,
  pieces,
  read,
  same,
  sdk,
} from "./javascript-support.ts";

const client = "aws-sdk-js";

/** The headers of the last request that the client has sent. */
function lastHeaders(s3: S3Client): () => Record<string, string> {
  let headers: Record<string, string> = {};
  s3.middlewareStack.add(
    (next) => async (args) => {
      headers = (args.request as { headers: Record<string, string> }).headers;
      return next(args);
    },
    { step: "finalizeRequest", priority: "low" },
  );
  return () => headers;
}

async function buckets(endpoint: Endpoint): Promise<void> {
  const s3 = sdk(endpoint);
  const bucket = bucketName();
  equal(await failure(s3.send(new HeadBucketCommand({ Bucket: bucket }))), { code: "NotFound", status: 404 });
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  await s3.send(new HeadBucketCommand({ Bucket: bucket }));
  const { LocationConstraint } = await s3.send(new GetBucketLocationCommand({ Bucket: bucket }));
  equal(LocationConstraint ?? "us-east-1", endpoint.region, "location");
  const { Buckets = [] } = await s3.send(new ListBucketsCommand({}));
  const found = Buckets.find(({ Name }) => Name === bucket);
  if (!(found?.CreationDate instanceof Date)) throw new Error("the list lacks the bucket or its time");
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: "x", Body: "x" }));
  equal(await failure(s3.send(new DeleteBucketCommand({ Bucket: bucket }))), {
    code: "BucketNotEmpty",
    status: 409,
  });
  await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: "x" }));
  await s3.send(new DeleteBucketCommand({ Bucket: bucket }));
  equal((await failure(s3.send(new ListObjectsV2Command({ Bucket: bucket })))).code, "NoSuchBucket");
  s3.destroy();
}

const putAndGet = (endpoint: Endpoint) =>
  inBucket(endpoint, async (Bucket, s3) => {
    for (const data of [new Uint8Array(), randomBytes(1000), randomBytes(6 * MB)]) {
      const put = await s3.send(new PutObjectCommand({ Bucket, Key: "object", Body: data }));
      equal(put.ETag, `"${createHash("md5").update(data).digest("hex")}"`, "ETag");
      equal(put.ChecksumCRC32, crc32Of(data), "CRC32 of the put");
      const got = await s3.send(new GetObjectCommand({ Bucket, Key: "object" }));
      equal(
        [got.ContentLength, got.ChecksumCRC32, got.ChecksumType],
        [data.length, crc32Of(data), "FULL_OBJECT"],
      );
      if (got.Body === undefined) throw new Error("no body");
      same(await got.Body.transformToByteArray(), data);
    }
  });

/** A stream is sent in chunks with its checksum behind them, which must not become part of the object. */
const trailers = (endpoint: Endpoint) =>
  inBucket(endpoint, (Bucket, s3) =>
    inFolder(async (folder) => {
      const data = randomBytes(3 * MB + 17);
      const file = path.join(folder, "data");
      await writeFile(file, data);
      const headers = lastHeaders(s3);
      for (const algorithm of [undefined, "CRC32C", "CRC64NVME", "SHA1", "SHA256"] satisfies (
        | ChecksumAlgorithm
        | undefined
      )[]) {
        const chosen = algorithm === undefined ? {} : { ChecksumAlgorithm: algorithm };
        const name = algorithm ?? "CRC32";
        await s3.send(new PutObjectCommand({ Bucket, Key: name, Body: createReadStream(file), ...chosen }));
        equal(headers()["x-amz-trailer"], `x-amz-checksum-${name.toLowerCase()}`, "trailer sent");
        const head = await s3.send(new HeadObjectCommand({ Bucket, Key: name, ChecksumMode: "ENABLED" }));
        equal([head.ContentLength, head.ContentEncoding], [data.length, undefined], name);
        if (head[`Checksum${name}`] === undefined) throw new Error(`no checksum ${name}`);
        same(await read(s3, { Bucket, Key: name }), data, name);
      }
      const head = await s3.send(new HeadObjectCommand({ Bucket, Key: "CRC32", ChecksumMode: "ENABLED" }));
      equal(head.ChecksumCRC32, crc32Of(data), "CRC32");
    }),
  );

const encodedTrailer = (endpoint: Endpoint) =>
  inBucket(endpoint, async (Bucket, s3) => {
    const data = randomBytes(100_000);
    const Body = Readable.from(pieces(data, 7000));
    await s3.send(
      new PutObjectCommand({ Bucket, Key: "x", Body, ContentLength: data.length, ContentEncoding: "x-own" }),
    );
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: "x" }));
    equal([head.ContentLength, head.ContentEncoding], [data.length, "x-own"]);
    same(await read(s3, { Bucket, Key: "x" }), data);
  });

const wrongChecksum = (endpoint: Endpoint) =>
  inBucket(endpoint, async (Bucket, s3) => {
    const wrong = { Bucket, Key: "x", Body: "some bytes" };
    const bad = { code: "BadDigest", status: 400 };
    equal(await failure(s3.send(new PutObjectCommand({ ...wrong, ChecksumCRC32: "AAAAAA==" }))), bad);
    const sha256 = createHash("sha256").update("other").digest("base64");
    equal(await failure(s3.send(new PutObjectCommand({ ...wrong, ChecksumSHA256: sha256 }))), bad);
    const invalid = await failure(s3.send(new PutObjectCommand({ ...wrong, ChecksumCRC32: "AAAA" })));
    equal(invalid, { code: "InvalidRequest", status: 400 });
    equal(await keysIn(s3, Bucket), []);
  });

const ranges = (endpoint: Endpoint) =>
  inBucket(endpoint, async (Bucket, s3) => {
    const data = randomBytes(10_000);
    await s3.send(new PutObjectCommand({ Bucket, Key: "x", Body: data }));
    same(await read(s3, { Bucket, Key: "x", Range: "bytes=0-99" }), data.subarray(0, 100));
    same(await read(s3, { Bucket, Key: "x", Range: "bytes=9990-" }), data.subarray(9990));
    same(await read(s3, { Bucket, Key: "x", Range: "bytes=-7" }), data.subarray(-7));
    const past = await failure(s3.send(new GetObjectCommand({ Bucket, Key: "x", Range: "bytes=10000-" })));
    equal(past, { code: "InvalidRange", status: 416 });
  });

/** Parts of a size that is no multiple of the stream's pieces. */
const uploadStream = (endpoint: Endpoint) =>
  inBucket(endpoint, async (Bucket, s3) => {
    const data = randomBytes(12 * MB + 345);
    const Body = Readable.from(pieces(data, 99_991));
    const upload = new Upload({
      client: s3,
      params: { Bucket, Key: "x", Body, ContentType: "text/x-stream" },
    });
    const done = await upload.done();
    if (!/^"[0-9a-f]{32}-3"$/.test(done.ETag ?? "")) throw new Error(`ETag ${done.ETag}`);
    const ofParts = Buffer.concat(
      [...pieces(data, 5 * MB)].map((part) => Buffer.from(crc32Of(part), "base64")),
    );
    equal([done.ChecksumCRC32, done.ChecksumType], [`${crc32Of(ofParts)}-3`, "COMPOSITE"], "checksum");
    same(await read(s3, { Bucket, Key: "x" }), data);
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: "x", PartNumber: 2 }));
    equal([head.PartsCount, head.ContentLength, head.ContentType], [3, 5 * MB, "text/x-stream"]);
    same(await read(s3, { Bucket, Key: "x", PartNumber: 3 }), data.subarray(10 * MB), "part 3");
    equal(data.length, (await s3.send(new HeadObjectCommand({ Bucket, Key: "x" }))).ContentLength);
  });

const uploadSmallStream = (endpoint: Endpoint) =>
  inBucket(endpoint, async (Bucket, s3) => {
    for (const data of [new Uint8Array(), randomBytes(100)]) {
      const upload = new Upload({
        client: s3,
        params: { Bucket, Key: "x", Body: Readable.from(pieces(data, 9)) },
      });
      await upload.done();
      same(await read(s3, { Bucket, Key: "x" }), data);
    }
  });

const uploadAbort = (endpoint: Endpoint) =>
  inBucket(endpoint, async (Bucket, s3) => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (let number = 0; ; number++) {
        if (number === 7) void upload.abort();
        yield new Uint8Array(MB);
      }
    }
    const upload = new Upload({
      client: s3,
      queueSize: 1,
      params: { Bucket, Key: "x", Body: Readable.from(endless()) },
    });
    equal((await failure(upload.done())).code, "AbortError");
    equal(await keysIn(s3, Bucket), []);
    // The client does not wait for its own AbortMultipartUpload.
    for (const until = Date.now() + 10_000; ; await setTimeout(100)) {
      const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket }));
      if (Uploads.length === 0) break;
      if (Date.now() > until) throw new Error(`${Uploads.length} uploads are left`);
    }
  });

const parts = (endpoint: Endpoint) =>
  inBucket(endpoint, async (Bucket, s3) => {
    const data = randomBytes(11 * MB);
    await s3.send(new PutObjectCommand({ Bucket, Key: "source", Body: data }));
    const { UploadId } = await s3.send(
      new CreateMultipartUploadCommand({ Bucket, Key: "x", Metadata: { colour: "blue" } }),
    );
    const this_ = { Bucket, Key: "x", UploadId };
    const copied = await s3.send(
      new UploadPartCopyCommand({
        ...this_,
        PartNumber: 2,
        CopySource: `${Bucket}/source`,
        CopySourceRange: `bytes=${5 * MB}-${11 * MB - 1}`,
      }),
    );
    const replaced = new UploadPartCommand({ ...this_, PartNumber: 7, Body: "to be replaced" });
    await s3.send(replaced);
    const last = await s3.send(new UploadPartCommand({ ...this_, PartNumber: 7, Body: "the end" }));
    const first = await s3.send(
      new UploadPartCommand({ ...this_, PartNumber: 1, Body: data.subarray(0, 5 * MB) }),
    );
    const { Parts = [] } = await s3.send(new ListPartsCommand(this_));
    equal(
      Parts.map(({ PartNumber, Size, ETag }) => [PartNumber, Size, ETag]),
      [
        [1, 5 * MB, first.ETag],
        [2, 6 * MB, copied.CopyPartResult?.ETag],
        [7, 7, last.ETag],
      ],
      "parts",
    );
    await s3.send(
      new CompleteMultipartUploadCommand({
        ...this_,
        MultipartUpload: { Parts: Parts.map(({ PartNumber, ETag }) => ({ PartNumber, ETag })) },
      }),
    );
    same(await read(s3, { Bucket, Key: "x" }), Buffer.concat([data, Buffer.from("the end")]));
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: "x" }));
    equal(head.Metadata, { colour: "blue" }, "metadata");
  });

const fullChecksum = (endpoint: Endpoint) =>
  inBucket(endpoint, async (Bucket, s3) => {
    const data = randomBytes(5 * MB + 1);
    const { UploadId } = await s3.send(
      new CreateMultipartUploadCommand({
        Bucket,
        Key: "x",
        ChecksumAlgorithm: "CRC32",
        ChecksumType: "FULL_OBJECT",
      }),
    );
    const Parts = [];
    for (const [index, Body] of [data.subarray(0, 5 * MB), data.subarray(5 * MB)].entries()) {
      const part = { Bucket, Key: "x", UploadId, PartNumber: index + 1, Body };
      const { ETag, ChecksumCRC32 } = await s3.send(
        new UploadPartCommand({ ...part, ChecksumAlgorithm: "CRC32" }),
      );
      equal(ChecksumCRC32, crc32Of(Body), "the part's checksum");
      Parts.push({ PartNumber: index + 1, ETag, ChecksumCRC32 });
    }
    const complete = {
      Bucket,
      Key: "x",
      UploadId,
      MultipartUpload: { Parts },
      ChecksumType: "FULL_OBJECT" as const,
    };
    const wrong = await failure(
      s3.send(new CompleteMultipartUploadCommand({ ...complete, ChecksumCRC32: "AAAAAA==" })),
    );
    equal(wrong.code, "BadDigest");
    const done = await s3.send(
      new CompleteMultipartUploadCommand({ ...complete, ChecksumCRC32: crc32Of(data) }),
    );
    equal([done.ChecksumCRC32, done.ChecksumType], [crc32Of(data), "FULL_OBJECT"], "checksum");
    same(await read(s3, { Bucket, Key: "x" }), data);
  });

const abortParts = (endpoint: Endpoint) =>
  inBucket(endpoint, async (Bucket, s3) => {
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: "x" }));
    const this_ = { Bucket, Key: "x", UploadId };
    await s3.send(new UploadPartCommand({ ...this_, PartNumber: 1, Body: "1" }));
    const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket }));
    equal(
      Uploads.map((upload) => [upload.Key, upload.UploadId]),
      [["x", UploadId]],
    );
    await s3.send(new AbortMultipartUploadCommand(this_));
    equal(await failure(s3.send(new ListPartsCommand(this_))), { code: "NoSuchUpload", status: 404 });
    equal(await keysIn(s3, Bucket), []);
  });

const pages = (endpoint: Endpoint) =>
  inBucket(endpoint, async (Bucket, s3) => {
    const keys = Array.from({ length: 25 }, (_, number) => `${"abcde"[number % 5]}/${10 + number}`).sort();
    await Promise.all(keys.map((Key) => s3.send(new PutObjectCommand({ Bucket, Key, Body: "x" }))));
    const seen: (string | undefined)[][] = [];
    for await (const page of paginateListObjectsV2({ client: s3, pageSize: 7 }, { Bucket })) {
      seen.push((page.Contents ?? []).map(({ Key }) => Key));
    }
    equal(seen.flat(), keys, "keys");
    equal(
      seen.map((page) => page.length),
      [7, 7, 7, 4],
      "pages",
    );
    const folders: (string | undefined)[] = [];
    for await (const page of paginateListObjectsV2({ client: s3, pageSize: 2 }, { Bucket, Delimiter: "/" })) {
      equal(page.Contents, undefined, "contents");
      folders.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix));
    }
    equal(folders, ["a/", "b/", "c/", "d/", "e/"], "folders");
    const after = await s3.send(new ListObjectsV2Command({ Bucket, StartAfter: "d/99", MaxKeys: 2 }));
    equal(
      after.Contents?.map(({ Key }) => Key),
      keys.slice(20, 22),
      "start after",
    );
  });

const keys = (endpoint: Endpoint) =>
  inBucket(endpoint, async (Bucket, s3) => {
    const all = [...KEYS, ...(endpoint.dotKeys ? DOT_KEYS : [])];
    for (const Key of all) {
      await s3.send(new PutObjectCommand({ Bucket, Key, Body: `body of ${Key}` }));
      const CopySource = `${Bucket}/${encodeURIComponent(Key)}`;
      await s3.send(new CopyObjectCommand({ Bucket, Key: `copy of ${Key}`, CopySource }));
    }
    for (const Key of all) {
      const data = Buffer.from(`body of ${Key}`);
      same(await read(s3, { Bucket, Key }), data, Key);
      same(await read(s3, { Bucket, Key: `copy of ${Key}` }), data, `copy of ${Key}`);
      const link = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key }));
      // fetch would resolve the dots before it asks.
      if (!DOT_KEYS.includes(Key)) same(await fetched(fetch(link)), data, `link to ${Key}`);
    }
    const listed = [...all, ...all.map((Key) => `copy of ${Key}`)];
    equal((await keysIn(s3, Bucket)).sort(), listed.sort(), "list");
  });

export const sdkChecks: Check[] = [
  { client, name: "buckets are made, found, listed and deleted", run: buckets },
  { client, name: "put and get keep 0 bytes, 1000 bytes and 6 MB, with the default CRC32", run: putAndGet },
  { client, name: "a stream with its checksum in a trailer is kept, with each algorithm", run: trailers },
  { client, name: "a stream with a trailer keeps its own Content-Encoding", run: encodedTrailer },
  { client, name: "a wrong checksum is refused with BadDigest and leaves nothing", run: wrongChecksum },
  { client, name: "ranges give their bytes, and past the end InvalidRange", run: ranges },
  { client, name: "Upload keeps a stream of unknown length (12 MB in 3 parts)", run: uploadStream },
  { client, name: "Upload keeps a stream of unknown length of 0 and 100 bytes", run: uploadSmallStream },
  { client, name: "Upload leaves nothing behind when aborted", run: uploadAbort },
  {
    client,
    name: "an upload in parts is listed and completed, one part replaced and one copied",
    run: parts,
  },
  {
    client,
    name: "an upload in parts has a checksum of the full object, and a wrong one is refused",
    run: fullChecksum,
  },
  { client, name: "an upload in parts is listed until it is aborted", run: abortParts },
  { client, name: "lists are paged, with delimiter and start, each key once and in order", run: pages },
  { client, name: "difficult keys are put, copied, read, linked and listed", run: keys },
];
