// What the JavaScript clients' checks share: the endpoint, a bucket of one's own, and assertions.

import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Readable } from "node:stream";
import { crc32 } from "node:zlib";
import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  paginateListObjectsV2,
  S3Client,
  type S3ClientConfig,
} from "@aws-sdk/client-s3";

export interface Endpoint {
  url: string;
  accessKeyId: string;
  secretAccessKey: string;
  region: string;
  /** Whether keys with `.` and `..` segments reach the server as they are. */
  dotKeys: boolean;
}

export interface Check {
  client: string;
  name: string;
  run(endpoint: Endpoint): Promise<void>;
}

export const MB = 1024 * 1024;

/** The SDK on its defaults, but without retries: a request that fails once is a failure. */
export function sdk(endpoint: Endpoint, options: S3ClientConfig = {}): S3Client {
  const { url, region, accessKeyId, secretAccessKey } = endpoint;
  return new S3Client({
    endpoint: url,
    region,
    credentials: { accessKeyId, secretAccessKey },
    forcePathStyle: true,
    maxAttempts: 1,
    ...options,
  });
}

export function bucketName(): string {
  return `compat-javascript-${randomBytes(8).toString("hex")}`;
}

/** Gives a new bucket, and removes it with all that is in it. */
export async function inBucket(
  endpoint: Endpoint,
  use: (bucket: string, s3: S3Client) => Promise<void>,
): Promise<void> {
  const s3 = sdk(endpoint);
  const bucket = bucketName();
  try {
    await s3.send(new CreateBucketCommand({ Bucket: bucket }));
    await use(bucket, s3);
  } catch (failure) {
    await removeBucket(s3, bucket).catch(() => {}); // the first failure is the one to tell
    throw failure;
  }
  await removeBucket(s3, bucket);
  s3.destroy();
}

async function removeBucket(s3: S3Client, bucket: string): Promise<void> {
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket: bucket })) {
    const objects = (page.Contents ?? []).map(({ Key }) => ({ Key }));
    if (objects.length > 0) {
      await s3.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: objects } }));
    }
  }
  const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
  for (const { Key, UploadId } of Uploads) {
    await s3.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId }));
  }
  await s3.send(new DeleteBucketCommand({ Bucket: bucket }));
}

export async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), "portico-compat-"));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

export function* pieces(data: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size);
}

/** Keys that are easily mangled in a path, a signature or XML. */
export const KEYS = [
  "with space",
  "plus+plus",
  "percent%20%",
  "double//slash",
  "/leading slash",
  "trailing slash/",
  "ключ/日本語",
  "e\u0301 and \u00e9",
  "emoji 🪣",
  "question?mark=1&uploads",
  "hash#tag;semi:colon@,=$",
  "quotes'\"`<tag>&amp;",
  "brackets[]{}()|^\\~*!",
];
export const DOT_KEYS = ["a/../b", "./x", "a/."];

// --- Assertions ---

export function equal(actual: unknown, expected: unknown, what = "value"): void {
  const [got, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (got !== wanted) throw new Error(`${what}: expected ${wanted}, got ${got}`);
}

export function same(actual: Uint8Array, expected: Uint8Array, what = "content"): void {
  if (Buffer.compare(actual, expected) === 0) return;
  throw new Error(`${what} differs: expected ${describe(expected)}, got ${describe(actual)}`);
}

function describe(data: Uint8Array): string {
  return `${data.length} bytes, SHA-256 ${createHash("sha256").update(data).digest("hex").slice(0, 16)}`;
}

/** Requires a failure, and gives its code and status as the client tells them. */
export async function failure(
  doing: Promise<unknown>,
): Promise<{ code: string; status: number | undefined }> {
  let error: unknown;
  try {
    await doing;
  } catch (thrown) {
    error = thrown;
  }
  if (!(error instanceof Error)) throw new Error("succeeded instead of failing");
  const told = error as Error & { code?: string; $metadata?: { httpStatusCode?: number } };
  return { code: told.code ?? told.name, status: told.$metadata?.httpStatusCode };
}

export async function bytes(response: Response): Promise<Uint8Array> {
  return new Uint8Array(await response.arrayBuffer());
}

/** Requires a good status, and gives the body. */
export async function fetched(doing: Promise<Response>, status = 200): Promise<Uint8Array> {
  const response = await doing;
  const body = await bytes(response);
  if (response.status !== status) {
    throw new Error(
      `expected ${status}, got ${response.status}: ${new TextDecoder().decode(body).slice(0, 300)}`,
    );
  }
  return body;
}

/** Requires a refusal, with this status and code. */
export async function refused(doing: Promise<Response>, status: number, code: string): Promise<void> {
  const text = new TextDecoder().decode(await fetched(doing, status));
  equal(/<Code>(.*?)<\/Code>/.exec(text)?.[1], code, "code");
}

/** Reads a body to its end, which is when the SDK compares its checksum. */
export async function read(s3: S3Client, input: GetObjectCommandInput): Promise<Uint8Array> {
  const { Body } = await s3.send(new GetObjectCommand(input));
  if (Body === undefined) throw new Error("no body");
  return Body.transformToByteArray();
}

export async function keysIn(s3: S3Client, bucket: string, prefix = ""): Promise<string[]> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }));
  return Contents.map(({ Key }) => Key ?? "");
}

export function crc32Of(data: Uint8Array): string {
  const value = Buffer.alloc(4);
  value.writeUInt32BE(crc32(data));
  return value.toString("base64");
}
