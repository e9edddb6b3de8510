// GetObject and HeadObject: one read of the index, judged, and then R2's own stream.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html

import type { Action, Known } from "../auth/authorize.ts";
import { BlobGone, readBlobs } from "../blobs/read.ts";
import type { Bucket } from "../directory/buckets.ts";
import { conditionBehind, judgeRead, type ReadConditions, timely } from "../facts/condition.ts";
import { type Extent, MAX_EXTENTS, piecesOf } from "../facts/extent.ts";
import { isVersionId } from "../facts/order.ts";
import { parseRange, type RangeSpec, type Slice, sliceOf } from "../facts/range.ts";
import type { Version } from "../facts/version.ts";
import type { Marker, ReadAnswer, ReadRequest } from "../index/protocol.ts";
import { type BucketContext, type ObjectContext, operation, versioned } from "../operation.ts";
import { invalidArgument, S3Error } from "../wire/error.ts";
import { type Field, header, httpDate, parsed, query } from "../wire/input.ts";
import { type Reply, reply } from "../wire/output.ts";
import { checksumHeaders, httpTime, nothingUnbuilt, overrides, versionHeaders } from "./description.ts";
import { type CustomerKey, checkReadKey, encryptionHeaders, readKeyHeaders } from "./encryption.ts";

/** Preconditions of a read; `prefix` is `x-amz-copy-source-` for a copy's source. */
export function readConditions(prefix = ""): Field<ReadConditions> {
  return (address) => ({
    ifMatch: header(`${prefix}if-match`)(address),
    ifNoneMatch: header(`${prefix}if-none-match`)(address),
    ifModifiedSince: httpDate(`${prefix}if-modified-since`)(address),
    ifUnmodifiedSince: httpDate(`${prefix}if-unmodified-since`)(address),
  });
}

/** A part number as sent. Throws InvalidArgument. */
export function partNumberOf(text: string): number {
  const number = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= MAX_EXTENTS) return number;
  throw invalidArgument(
    `Part number must be an integer between 1 and ${MAX_EXTENTS}, inclusive`,
    "partNumber",
    text,
  );
}

const partNumber: Field<number | undefined> = parsed(query("partNumber"), partNumberOf);

/** `versionId`; one that could name no version is an error of its own. */
export const versionId: Field<string | undefined> = parsed(query("versionId"), (text) => {
  if (isVersionId(text)) return text;
  throw invalidArgument("Invalid version id specified", "versionId", text);
});

const input = {
  nothingUnbuilt,
  versionId,
  range: parsed(header("range"), parseRange),
  partNumber,
  conditions: readConditions(),
  overrides,
  checksumMode: header("x-amz-checksum-mode"),
  customer: readKeyHeaders,
};

interface Asked {
  versionId: string | undefined;
  range: RangeSpec | undefined;
  partNumber: number | undefined;
  conditions: ReadConditions;
  overrides: Record<string, string>;
  checksumMode: string | undefined;
  customer: CustomerKey | undefined;
}

export const getObject = operation({
  name: "GetObject",
  route: "GET /{Bucket}/{Key}",
  allow: versioned("s3:GetObject", "s3:GetObjectVersion"),
  judged: "with the object",
  input,
  output: reply,
  handle: (context, asked) => readObject(context, asked, asked.range ? { range: asked.range } : "all"),
});

export const headObject = operation({
  name: "HeadObject",
  route: "HEAD /{Bucket}/{Key}",
  allow: versioned("s3:GetObject", "s3:GetObjectVersion"),
  judged: "with the object",
  input,
  output: reply,
  handle: (context, asked) => readObject(context, asked, "none"),
});

async function readObject(context: ObjectContext, asked: Asked, want: ReadRequest["want"]): Promise<Reply> {
  const { world, bucket, key } = context;
  const { versionId, range, partNumber: part } = asked;
  if (range !== undefined && part !== undefined) {
    throw new S3Error("InvalidRequest", {
      message: "Cannot specify both Range header and partNumber query parameter",
    });
  }
  const request = { key, versionId, want: part === undefined ? want : { part } };
  for (let tries = 1; ; tries++) {
    const found = await readAllowed(context, request);
    checkReadKey(found.version.description.encryption, asked.customer);
    const answer = judge(bucket, found, { ...asked, conditions: timely(asked.conditions, world.now()) });
    if (want === "none" || answer.status === 304) return answer;
    const pieces = piecesOf(found.extents, found.start, answer.slice);
    const [only] = pieces;
    if (only?.data !== undefined) {
      return { ...answer, body: new Uint8Array(only.data, only.offset, only.length) };
    }
    const body = await readBlobs(world.blobs, pieces, asked.customer?.key, world.later).catch(
      (error: unknown) => {
        // The object was replaced, and its bytes swept, between the two reads. Once; then something is wrong.
        if (error instanceof BlobGone && tries === 1) return undefined;
        throw error;
      },
    );
    if (body !== undefined) return { ...answer, body: answer.slice.length === 0 ? null : body };
  }
}

/** Where an object is read, and what the request wants allowed there. */
type ReadContext = Pick<BucketContext, "world" | "access"> & { actions: readonly Action[] };

/**
 * Reads a version, if the caller may do what it asks (`actions`) to it. Throws S3's error for what is not there, but only
 * to whoever may list its key: anybody else learns nothing, and is refused. `errorFor`: other errors than a read's; `known`:
 * what else is known of the request.
 */
export async function readAllowed(
  context: ReadContext,
  request: ReadRequest,
  errorFor: typeof missing = missing,
  known: Known = {},
): Promise<Found> {
  const { world, access, actions } = context;
  const { key } = request;
  const answer = await world.index(access.bucket).read(request);
  if ("version" in answer) {
    // Of a copy's source, which its request's own parameters say nothing about, too.
    const { version } = answer;
    access.require(actions, key, { ...known, version, stated: { "s3:versionid": request.versionId } });
    return answer;
  }
  if (!access.mayMiss(key)) access.refuse();
  throw errorFor(answer, request);
}

/**
 * Decides about a write to an existing version. Gives the commit of the version that had to be looked at for it; undefined
 * if none had to. `known`: what else is known of the request.
 */
export async function judgeObject(
  context: ReadContext,
  { key, versionId }: Named,
  known: Known = {},
  errorFor: typeof missing = missing,
): Promise<number | undefined> {
  const { access, actions } = context;
  if (!access.dependsOnObject) {
    access.require(actions, key, known);
    return undefined;
  }
  const { version } = await readAllowed(context, { key, versionId, want: "none" }, errorFor, known);
  return version.sequence;
}

export type Found = Extract<ReadAnswer, { version: Version }>;

/** What a request names: a key, or one of its versions. */
export type Named = Pick<ReadRequest, "key" | "versionId">;

/** S3's error for what is not there; a delete marker shows itself in headers. */
export function missing(answer: Exclude<ReadAnswer, Found>, { key, versionId = "" }: Named): S3Error {
  if (answer.missing === "version") {
    return new S3Error("NoSuchVersion", { elements: { Key: key, VersionId: versionId } });
  }
  if (answer.missing === "bytes") {
    const headers = {
      ...markerHeaders(answer.marker),
      allow: "DELETE",
      "last-modified": httpTime(answer.marker.modified),
    };
    return new S3Error("MethodNotAllowed", {
      elements: { ResourceType: "DeleteMarker" },
      headers,
    });
  }
  return new S3Error(
    "NoSuchKey",
    answer.behind === undefined ? {} : { headers: markerHeaders(answer.behind) },
  );
}

/** The same for what acts on an object's tags or ACL: of a delete marker there are none, and S3 says that it is one. */
export function missingOrMarker(answer: Exclude<ReadAnswer, Found>, named: Named): S3Error {
  const marker = answer.missing === "key" ? answer.behind : undefined;
  return missing(marker === undefined ? answer : { missing: "bytes", marker }, named);
}

function markerHeaders({ versionId }: Marker): Record<string, string> {
  return { "x-amz-delete-marker": "true", "x-amz-version-id": versionId };
}

/** Conditions and range against what was found: 200, 206 with its slice, 304; throws 412 and 416. Pure. */
export function judge(
  bucket: Pick<Bucket, "settings">,
  found: Found,
  { conditions, range, partNumber: part, overrides: shown, checksumMode, customer }: Asked,
): Reply & { slice: Slice } {
  const { version, extents, start } = found;
  const verdict = judgeRead(conditions, version);
  if (verdict === "failed") {
    throw new S3Error("PreconditionFailed", {
      elements: { Condition: conditionBehind(conditions, verdict) },
    });
  }
  const headers = {
    ...versionHeaders(bucket, version),
    ...encryptionHeaders(version.description.encryption?.kind, customer),
    ...shown,
  };
  const nothing = { offset: 0, length: 0 };
  if (verdict === "not modified")
    return { status: 304, headers: notModifiedHeaders(headers), body: null, slice: nothing };
  const slice = sliceAsked(version, extents, start, range, part);
  const partial = (range !== undefined || part !== undefined) && slice.length > 0;
  const { parts } = version.description;
  return {
    status: partial ? 206 : 200,
    headers: {
      ...headers,
      "content-length": String(slice.length),
      "content-range": partial
        ? `bytes ${slice.offset}-${slice.offset + slice.length - 1}/${version.size}`
        : undefined,
      "x-amz-mp-parts-count": part === undefined || parts === undefined ? undefined : String(parts),
      ...(checksumMode?.toUpperCase() === "ENABLED" && (range === undefined || slice.length === version.size)
        ? checksumShown(found, part)
        : {}),
    },
    slice,
  };
}

/** The checksum of what is read: of the object, or of the part that is asked for. */
function checksumShown({ version, extents }: Found, part: number | undefined): Record<string, string> {
  const { checksum, parts } = version.description;
  if (checksum === undefined || part === undefined || parts === undefined) return checksumHeaders(checksum);
  const value = extents[0]?.checksum;
  return value === undefined ? {} : checksumHeaders({ ...checksum, value });
}

/** RFC 9110 section 15.4.5: no representation, so none of its headers but those that caches need. */
function notModifiedHeaders(headers: Record<string, string>): Record<string, string | undefined> {
  const names = ["etag", "last-modified", "cache-control", "expires", "content-location", "vary"];
  return Object.fromEntries(names.map((name) => [name, headers[name]]));
}

function sliceAsked(
  { size, description }: Version,
  extents: Extent[],
  start: number,
  range: RangeSpec | undefined,
  part: number | undefined,
): Slice {
  if (part !== undefined) {
    if (description.parts === undefined && part === 1) return { offset: 0, length: size };
    const [extent] = extents;
    if (description.parts === undefined || extent === undefined) {
      throw new S3Error("InvalidPartNumber", {
        elements: { ActualPartCount: String(description.parts ?? 1), PartNumberRequested: String(part) },
      });
    }
    return { offset: start, length: extent.size };
  }
  if (range === undefined) return { offset: 0, length: size };
  const slice = sliceOf(range, size);
  if (slice !== undefined) return slice;
  const requested = "suffix" in range ? `bytes=-${range.suffix}` : `bytes=${range.first}-${range.last ?? ""}`;
  throw new S3Error("InvalidRange", {
    elements: { RangeRequested: requested, ActualObjectSize: String(size) },
    headers: { "content-range": `bytes */${size}` },
  });
}
