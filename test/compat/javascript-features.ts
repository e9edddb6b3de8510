// What the AWS SDK for JavaScript does beside moving bytes: links, conditions, headers, keys that are wrong.

import { randomBytes } from "node:crypto";
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import {
  type Check,
  crc32Of,
  type Endpoint,
  equal,
  failure,
  fetched,
  inBucket,
  keysIn,
  MB,
  read,
  refused,
  same,
  sdk,
} from "./javascript-support.ts";

const client = "aws-sdk-js";

const copies = (endpoint: Endpoint) =>
  inBucket(endpoint, async (Bucket, s3) => {
    const Body = randomBytes(1000);
    await s3.send(
      new PutObjectCommand({ Bucket, Key: "x", Body, Metadata: { colour: "blue" }, ContentType: "text/x-a" }),
    );
    const copy = { Bucket, Key: "y", CopySource: `/${Bucket}/x` };
    await s3.send(new CopyObjectCommand(copy));
    const kept = await s3.send(new HeadObjectCommand({ Bucket, Key: "y", ChecksumMode: "ENABLED" }));
    equal(
      [kept.Metadata, kept.ContentType, kept.ChecksumCRC32],
      [{ colour: "blue" }, "text/x-a", crc32Of(Body)],
    );
    await s3.send(
      new CopyObjectCommand({
        ...copy,
        MetadataDirective: "REPLACE",
        Metadata: { a: "1" },
        ContentType: "text/x-b",
      }),
    );
    const replaced = await s3.send(new HeadObjectCommand({ Bucket, Key: "y" }));
    equal([replaced.Metadata, replaced.ContentType], [{ a: "1" }, "text/x-b"]);
    same(await read(s3, { Bucket, Key: "y" }), Body);
    const missing = await failure(s3.send(new CopyObjectCommand({ ...copy, CopySource: `${Bucket}/never` })));
    equal(missing, { code: "NoSuchKey", status: 404 });
  });

const deleteMany = (endpoint: Endpoint) =>
  inBucket(endpoint, async (Bucket, s3) => {
    const all = Array.from({ length: 30 }, (_, number) => `many & <more>/${10 + number}`);
    await Promise.all(
      [...all, "kept"].map((Key) => s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }))),
    );
    const Objects = [...all, "never there"].map((Key) => ({ Key }));
    const { Deleted = [], Errors } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    equal([Deleted.map(({ Key }) => Key).sort(), Errors], [[...all, "never there"].sort(), undefined]);
    equal(await keysIn(s3, Bucket), ["kept"]);
  });

/** A presigner digests the body that it has not got, unless it is told to leave checksums out. */
const presigner = (endpoint: Endpoint) => sdk(endpoint, { requestChecksumCalculation: "WHEN_REQUIRED" });

const links = (endpoint: Endpoint) =>
  inBucket(endpoint, async (Bucket, s3) => {
    const data = randomBytes(100_000);
    const trap = await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key: "trap" }), { expiresIn: 60 });
    const trapped = await fetch(trap, { method: "PUT", body: data });
    const advice = await trapped.text();
    equal([trapped.status, advice.includes("requestChecksumCalculation")], [400, true], advice);
    const put = await getSignedUrl(presigner(endpoint), new PutObjectCommand({ Bucket, Key: "a b" }), {
      expiresIn: 60,
    });
    await fetched(fetch(put, { method: "PUT", body: data }));
    same(await read(s3, { Bucket, Key: "a b" }), data, "put");
    const get = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key: "a b" }), { expiresIn: 60 });
    same(await fetched(fetch(get)), data, "get");
    same(
      await fetched(fetch(get, { headers: { range: "bytes=10-19" } }), 206),
      data.subarray(10, 20),
      "range",
    );
    const typed = await getSignedUrl(
      presigner(endpoint),
      new PutObjectCommand({ Bucket, Key: "typed", ContentType: "text/x-a" }),
      {
        signableHeaders: new Set(["content-type"]),
      },
    );
    const headers = { "content-type": "text/x-a" };
    await fetched(fetch(typed, { method: "PUT", body: "typed", headers }));
    equal((await s3.send(new HeadObjectCommand({ Bucket, Key: "typed" }))).ContentType, "text/x-a");
    const other = fetch(typed, { method: "PUT", body: "typed", headers: { "content-type": "text/x-b" } });
    await refused(other, 403, "SignatureDoesNotMatch");
    await refused(fetch(get, { method: "PUT", body: "not allowed" }), 403, "SignatureDoesNotMatch");
    await refused(fetch(get.replace("a%20b", "typed")), 403, "SignatureDoesNotMatch");
    const remove = await getSignedUrl(s3, new DeleteObjectCommand({ Bucket, Key: "a b" }));
    await fetched(fetch(remove, { method: "DELETE" }), 204);
    await refused(fetch(get), 404, "NoSuchKey");
  });

const partLinks = (endpoint: Endpoint) =>
  inBucket(endpoint, async (Bucket, s3) => {
    const data = randomBytes(5 * MB + 9);
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: "x" }));
    const Parts = [];
    for (const [index, body] of [data.subarray(0, 5 * MB), data.subarray(5 * MB)].entries()) {
      const PartNumber = index + 1;
      const link = await getSignedUrl(
        presigner(endpoint),
        new UploadPartCommand({ Bucket, Key: "x", UploadId, PartNumber }),
      );
      const response = await fetch(link, { method: "PUT", body });
      equal(response.status, 200, `part ${PartNumber}`);
      Parts.push({ PartNumber, ETag: response.headers.get("etag") ?? "" });
    }
    await s3.send(
      new CompleteMultipartUploadCommand({ Bucket, Key: "x", UploadId, MultipartUpload: { Parts } }),
    );
    same(await read(s3, { Bucket, Key: "x" }), data);
  });

const conditions = (endpoint: Endpoint) =>
  inBucket(endpoint, async (Bucket, s3) => {
    const this_ = { Bucket, Key: "x" };
    const { ETag } = await s3.send(new PutObjectCommand({ ...this_, Body: "1", IfNoneMatch: "*" }));
    const unmet = { code: "PreconditionFailed", status: 412 };
    equal(await failure(s3.send(new PutObjectCommand({ ...this_, Body: "2", IfNoneMatch: "*" }))), unmet);
    equal(await failure(s3.send(new PutObjectCommand({ ...this_, Body: "2", IfMatch: '"other"' }))), unmet);
    equal(await failure(s3.send(new GetObjectCommand({ ...this_, IfMatch: '"other"' }))), unmet);
    equal((await failure(s3.send(new GetObjectCommand({ ...this_, IfNoneMatch: ETag })))).status, 304);
    equal(Buffer.from(await read(s3, { ...this_, IfMatch: ETag })).toString(), "1");
    await s3.send(new PutObjectCommand({ ...this_, Body: "3", IfMatch: ETag }));
    equal(Buffer.from(await read(s3, this_)).toString(), "3");
    const never = { Bucket, Key: "never", Body: "1", IfMatch: ETag };
    equal(await failure(s3.send(new PutObjectCommand(never))), { code: "NoSuchKey", status: 404 });
  });

/** Of writers that each want to be the first, exactly one is. */
const race = (endpoint: Endpoint) =>
  inBucket(endpoint, async (Bucket, s3) => {
    const writers = Array.from({ length: 20 }, (_, number) => `written by ${number}`);
    const results = await Promise.allSettled(
      writers.map((Body) => s3.send(new PutObjectCommand({ Bucket, Key: "x", Body, IfNoneMatch: "*" }))),
    );
    const winners = writers.filter((_, number) => results[number]?.status === "fulfilled");
    equal(winners.length, 1, "winners");
    equal(Buffer.from(await read(s3, { Bucket, Key: "x" })).toString(), winners[0]);
  });

const described = (endpoint: Endpoint) =>
  inBucket(endpoint, async (Bucket, s3) => {
    const headers = {
      ContentType: "text/plain; charset=utf-8",
      CacheControl: "max-age=60",
      ContentDisposition: 'attachment; filename="a b.txt"',
      ContentEncoding: "gzip",
      ContentLanguage: "de",
    };
    const Metadata = { colour: "dark blue", "with-dash": "a/b;c=d, e" };
    const Expires = new Date("2031-02-03T04:05:06Z");
    await s3.send(new PutObjectCommand({ Bucket, Key: "x", Body: "x", Metadata, Expires, ...headers }));
    const { Body, ...got } = await s3.send(new GetObjectCommand({ Bucket, Key: "x" }));
    for (const [name, value] of Object.entries(headers))
      equal(got[name as keyof typeof headers], value, name);
    equal([got.Metadata, got.ExpiresString], [Metadata, Expires.toUTCString()]);
    const overridden = await s3.send(
      new GetObjectCommand({
        Bucket,
        Key: "x",
        ResponseContentType: "text/x-b",
        ResponseCacheControl: "no-store",
      }),
    );
    equal([overridden.ContentType, overridden.CacheControl], ["text/x-b", "no-store"]);
    equal(Buffer.from((await Body?.transformToByteArray()) ?? []).toString(), "x");
  });

const wrongKeys = async (endpoint: Endpoint) => {
  const list = (keys: Partial<Endpoint>) => sdk({ ...endpoint, ...keys }).send(new ListBucketsCommand({}));
  equal(await failure(list({ accessKeyId: "nobody" })), { code: "InvalidAccessKeyId", status: 403 });
  equal(await failure(list({ secretAccessKey: "wrong" })), { code: "SignatureDoesNotMatch", status: 403 });
};

export const sdkFeatureChecks: Check[] = [
  { client, name: "DeleteObjects deletes many, there or not", run: deleteMany },
  { client, name: "copies keep the metadata and the checksum, or replace the metadata", run: copies },
  { client, name: "presigned PUT, GET and DELETE work with fetch, and for nothing else", run: links },
  { client, name: "presigned parts are put with fetch", run: partLinks },
  { client, name: "If-Match and If-None-Match are heeded by get and put", run: conditions },
  { client, name: "of 20 puts at once with If-None-Match: * exactly one succeeds", run: race },
  { client, name: "headers and metadata survive, and can be overridden in a get", run: described },
  { client, name: "a wrong key or secret is refused", run: wrongKeys },
];
