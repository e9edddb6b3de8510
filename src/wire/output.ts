// How an answer is declared and written: status, headers, and a document or a stream.

import type { ErrorCode, S3Error } from "./error.ts";
import { escapeXml, type Shape } from "./xml.ts";

/** An answer before it becomes a Response. `headers` by wire name; undefined ones are left out. */
export interface Reply {
  status: number;
  headers: Record<string, string | undefined>;
  body?: string | Uint8Array | ReadableStream<Uint8Array> | null;
}

/** Turns what a handler returns into a reply. */
export type Output<T> = (value: T) => Reply;

/** An answer without a document; the handler returns its headers. */
export function empty(status: number): Output<Record<string, string | undefined>> {
  return (headers) => ({ status, headers, body: null });
}

/** A document. */
export function document<T>(shape: Shape<T>): Output<T> {
  return (value) => ({
    status: 200,
    headers: { "content-type": "application/xml" },
    body: shape.write(value),
  });
}

/** A document with headers beside it. */
export function documentAndHeaders<T>(
  shape: Shape<T>,
): Output<{ document: T; headers: Record<string, string | undefined> }> {
  return ({ document: value, headers }) => ({
    status: 200,
    headers: { "content-type": "application/xml", ...headers },
    body: shape.write(value),
  });
}

/** Whatever the handler makes of it: streams, ranges, 304. */
export const reply: Output<Reply> = (value) => value;

/** Errors that show the bucket's name: those for a bucket, or a setting of it, that is not there or is in the way. */
const NAMING_THE_BUCKET: ReadonlySet<ErrorCode> = new Set([
  "BucketAlreadyExists",
  "BucketAlreadyOwnedByYou",
  "BucketNotEmpty",
  "InvalidBucketName",
  "NoSuchBucket",
  "NoSuchBucketPolicy",
  "NoSuchCORSConfiguration",
  "NoSuchLifecycleConfiguration",
  "NoSuchPublicAccessBlockConfiguration",
  "NoSuchTagSet",
  "NoSuchWebsiteConfiguration",
  "ObjectLockConfigurationNotFoundError",
  "OwnershipControlsNotFoundError",
  "ReplicationConfigurationNotFoundError",
]);

/** The error document, or the bare status for HEAD. `resource` is the path as asked for. */
export function errorReply(
  error: S3Error,
  { method, resource, bucket, key, requestId, hostId }: ErrorPlace,
): Reply {
  if (method === "HEAD" || error.status === 304) {
    const type = error.status === 304 ? undefined : "application/xml";
    return { status: error.status, headers: { ...error.headers, "content-type": type }, body: null };
  }
  const elements: Record<string, string | undefined> = {
    Code: error.code,
    Message: error.message,
    ...error.elements,
    Method: error.elements.Method ?? (error.code === "MethodNotAllowed" ? method : undefined),
    BucketName: error.elements.BucketName ?? (NAMING_THE_BUCKET.has(error.code) ? bucket : undefined),
    Key: error.elements.Key ?? (error.code === "NoSuchKey" ? key : undefined),
    Resource: resource,
    RequestId: requestId,
    HostId: hostId,
  };
  const inside = Object.entries(elements).map(([name, value]) =>
    value === undefined ? "" : `<${name}>${escapeXml(value)}</${name}>`,
  );
  return {
    status: error.status,
    headers: { ...error.headers, "content-type": "application/xml" },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${inside.join("")}</Error>`,
  };
}

export interface ErrorPlace {
  method: string;
  resource: string;
  bucket: string | undefined;
  key: string | undefined;
  requestId: string;
  hostId: string;
}
