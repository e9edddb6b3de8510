// The model's reads: GetObject, HeadObject, GetObjectAttributes, and the preconditions of all that reads.
// Sources: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html, …/API_GetObjectAttributes.html

import {
  type Bucket,
  bucketOf,
  type Call,
  type Checksum,
  ENCRYPTED,
  type Expected,
  found,
  idHeader,
  inHeader,
  nameOf,
  quoted,
  Refusal,
  type State,
  type Value,
  type Version,
} from "./state.ts";

/** Whether a precondition's list of etags names this one. */
export function names(list: string, etag: string): boolean {
  return list === "*" || list.split(", ").includes(quoted(etag));
}

/** A command that states a later time than a version's states one that is years ahead: S3 ignores that as a since. */
const YEAR_MS = 365 * 24 * 3600 * 1000;

/** Preconditions in the order of RFC 9110, section 13.2.2, with S3's precedence. Times in whole seconds. */
export function judged(
  state: State,
  headers: Record<string, string>,
  prefix: string,
  version: Version,
): "ok" | "not modified" | "If-Match" | "If-Unmodified-Since" {
  const [match, noneMatch] = [headers[`${prefix}if-match`], headers[`${prefix}if-none-match`]];
  const since = headers[`${prefix}if-modified-since`];
  const unmodified = headers[`${prefix}if-unmodified-since`];
  // A command states a time only if it knows that of the version.
  const modified = Date.parse(String(state.seen.get(nameOf(inHeader(version.modified)))));
  if (match !== undefined && !names(match, version.etag)) return "If-Match";
  if (match === undefined && unmodified !== undefined && modified > Date.parse(unmodified)) {
    return "If-Unmodified-Since";
  }
  if (noneMatch !== undefined) return names(noneMatch, version.etag) ? "not modified" : "ok";
  if (since === undefined || Date.parse(since) > modified + YEAR_MS) return "ok";
  if (modified <= Date.parse(since)) return "not modified";
  return "ok";
}

/** All that a read shows of a version, but for its length. */
function shownOf(bucket: Bucket, version: Version): Expected["headers"] {
  const { headers, tags, lock, etag, modified, id } = version;
  return {
    "content-type": "binary/octet-stream",
    ...headers,
    etag: quoted(etag),
    "last-modified": inHeader(modified),
    "accept-ranges": "bytes",
    ...ENCRYPTED,
    ...idHeader(bucket, id),
    "x-amz-tagging-count": tags.length === 0 ? undefined : String(tags.length),
    "x-amz-object-lock-mode": lock.mode,
    "x-amz-object-lock-retain-until-date": lock.mode === undefined ? undefined : lock.shown,
    "x-amz-object-lock-legal-hold": lock.hold,
  };
}

const OVERRIDES = ["content-type", "cache-control", "content-disposition", "content-language", "expires"];

interface Piece {
  bytes: Buffer;
  range?: string;
}

function partOf({ bytes, parts }: Version, number: number): Piece {
  const list = parts ?? [{ number: 1, bytes }];
  const at = list.findIndex((part) => part.number === number);
  const part = list[at];
  if (part === undefined) {
    throw new Refusal(416, "InvalidPartNumber", {
      ActualPartCount: list.length,
      PartNumberRequested: number,
    });
  }
  const start = list.slice(0, at).reduce((sum, each) => sum + each.bytes.length, 0);
  return pieceOf(bytes, start, start + part.bytes.length);
}

function pieceOf(bytes: Buffer, start: number, end: number): Piece {
  const piece = bytes.subarray(start, end);
  return end > start
    ? { bytes: piece, range: `bytes ${start}-${end - 1}/${bytes.length}` }
    : { bytes: piece };
}

/** One range of bytes; what is malformed, or several, is no range at all. */
function rangeOf({ bytes }: Version, header: string): Piece {
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(header) ?? [];
  const size = bytes.length;
  if (first === "" && last === "") return { bytes };
  if (first !== "" && last !== "" && Number(first) > Number(last)) return { bytes };
  const start = first === "" ? Math.max(size - Number(last), 0) : Number(first);
  const end = first === "" || last === "" ? size : Math.min(Number(last) + 1, size);
  if (start < end) return pieceOf(bytes, start, end);
  throw new Refusal(
    416,
    "InvalidRange",
    { RangeRequested: header, ActualObjectSize: size },
    { "content-range": `bytes */${size}` },
  );
}

function pieceAsked(version: Version, { query, headers }: Call): Piece {
  if (query.partNumber !== undefined) return partOf(version, Number(query.partNumber));
  return headers.range === undefined ? { bytes: version.bytes } : rangeOf(version, headers.range);
}

/** The checksum of the object, or of the part that is read; none of a range that leaves any of it out. */
function checksumOf(
  { checksum, parts, bytes }: Version,
  { query, headers }: Call,
  shown: Buffer,
): Expected["headers"] {
  if (headers["x-amz-checksum-mode"] !== "ENABLED" || !checksum) return {};
  if (headers.range !== undefined && shown.length < bytes.length) return {};
  const part = parts?.find(({ number }) => String(number) === query.partNumber);
  if (part === undefined) return checksumHeaders(checksum);
  return part.checksum === undefined ? {} : checksumHeaders({ ...checksum, value: part.checksum });
}

export function checksumHeaders(checksum: Checksum | undefined): Expected["headers"] {
  if (checksum === undefined) return {};
  const { algorithm, value, type } = checksum;
  return { [`x-amz-checksum-${algorithm.toLowerCase()}`]: value, "x-amz-checksum-type": type };
}

export function checksumElements(algorithm: string | undefined, value: string | undefined): Value & object {
  return algorithm === undefined || value === undefined ? {} : { [`Checksum${algorithm}`]: value };
}

/** GetObject and HeadObject, which differ in the bytes alone. */
export function readObject(state: State, call: Call): Expected {
  const bucket = bucketOf(state, call.bucket);
  const version = found(state, bucket, call);
  const { query } = call;
  const verdict = judged(state, call.headers, "", version);
  const shown = shownOf(bucket, version);
  for (const name of OVERRIDES) {
    const text = query[`response-${name}`];
    if (text !== undefined) shown[name] = text;
  }
  if (verdict === "not modified") {
    const kept = ["etag", "last-modified", "cache-control", "expires"];
    return { status: 304, headers: Object.fromEntries(kept.map((name) => [name, shown[name]])) };
  }
  if (verdict !== "ok") throw new Refusal(412, "PreconditionFailed", { Condition: verdict });
  const { bytes, range } = pieceAsked(version, call);
  const { parts } = version;
  return {
    status: range === undefined ? 200 : 206,
    headers: {
      ...shown,
      "content-length": String(bytes.length),
      "content-range": range,
      "x-amz-mp-parts-count": query.partNumber === undefined || !parts ? undefined : String(parts.length),
      ...checksumOf(version, call, bytes),
    },
    bytes: call.op === "HeadObject" ? Buffer.alloc(0) : bytes,
  };
}

export function getObjectAttributes(state: State, call: Call): Expected {
  const bucket = bucketOf(state, call.bucket);
  const version = found(state, bucket, call);
  const asked = (call.headers["x-amz-object-attributes"] ?? "").split(",");
  const { etag, checksum, bytes, parts } = version;
  const all: Record<string, Value> = {
    ETag: etag,
    Checksum: checksum && {
      ...checksumElements(checksum.algorithm, checksum.value),
      ChecksumType: checksum.type,
    },
    ObjectParts: parts && partsShown(version, parts, call),
    StorageClass: "STANDARD",
    ObjectSize: bytes.length,
  };
  return {
    status: 200,
    headers: {
      "content-type": "application/xml",
      "last-modified": inHeader(version.modified),
      ...idHeader(bucket, version.id),
    },
    document: {
      name: "GetObjectAttributesResponse",
      inside: Object.fromEntries(asked.map((name) => [name, all[name]])),
    },
  };
}

function partsShown({ checksum }: Version, parts: NonNullable<Version["parts"]>, { headers }: Call): Value {
  const limit = Number(headers["x-amz-max-parts"] ?? 1000);
  const marker = Number(headers["x-amz-part-number-marker"] ?? 0);
  const behind = parts.filter(({ number }) => number > marker);
  const page = behind.slice(0, limit);
  return {
    PartsCount: parts.length,
    PartNumberMarker: marker,
    NextPartNumberMarker: page.at(-1)?.number ?? 0,
    MaxParts: limit,
    IsTruncated: behind.length > page.length,
    Part: page.map(({ number, bytes, checksum: value }) => ({
      PartNumber: number,
      Size: bytes.length,
      ...checksumElements(checksum?.algorithm, value),
    })),
  };
}
