// What a writer may say of an object besides its bytes: read from a request's headers, and shown in an answer's.

import type { Bucket } from "../directory/buckets.ts";
import { type Checksum, type ChecksumAlgorithm, checksumHeader } from "../facts/checksum.ts";
import { utf8Length } from "../facts/key.ts";
import type { Lock } from "../facts/lock.ts";
import { versioningOf } from "../facts/settings.ts";
import type { Description, Version } from "../facts/version.ts";
import { invalidArgument, S3Error } from "../wire/error.ts";
import type { Field } from "../wire/input.ts";

/** Largest user metadata, in bytes of names and values. */
export const MAX_METADATA_BYTES = 2048;

/** Largest of the other headers kept with an object, in bytes; S3 allows 8 KB of headers altogether. */
export const MAX_HEADER_BYTES = 8192;

const METADATA_PREFIX = "x-amz-meta-";

/** Headers kept with an object and given back byte for byte. */
const KEPT_HEADERS = [
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-type",
  "expires",
  "x-amz-website-redirect-location",
] as const;

/** The type of an object whose writer named none. */
const DEFAULT_TYPE = "binary/octet-stream";

/** The only storage class there is: R2's standard one. */
export const STORAGE_CLASS = "STANDARD";

/** The description in a request that writes an object. Throws MetadataTooLarge, InvalidStorageClass. */
export const description: Field<Description> = ({ headers }) => {
  const kept = KEPT_HEADERS.flatMap((name): [string, string][] => {
    const value = headers.get(name);
    if (value === null) return [];
    return [[name, name === "content-encoding" ? withoutAwsChunked(value) : value]];
  });
  const metadata = [...headers.entries()]
    .filter(([name]) => name.startsWith(METADATA_PREFIX))
    .map(([name, value]): [string, string] => [name.slice(METADATA_PREFIX.length), value]);
  limit(bytesOf(metadata), MAX_METADATA_BYTES);
  limit(bytesOf(kept), MAX_HEADER_BYTES);
  const storageClass = headers.get("x-amz-storage-class");
  if (storageClass !== null && storageClass !== STORAGE_CLASS) {
    throw new S3Error("InvalidStorageClass", { elements: { StorageClassRequested: storageClass } });
  }
  return {
    headers: Object.fromEntries(kept.filter(([, value]) => value !== "")),
    metadata: Object.fromEntries(metadata),
  };
};

/** `aws-chunked` describes the transfer, not the object. */
function withoutAwsChunked(encodings: string): string {
  if (!/aws-chunked/i.test(encodings)) return encodings;
  const others = encodings.split(",").map((encoding) => encoding.trim());
  return others.filter((encoding) => encoding.toLowerCase() !== "aws-chunked").join(",");
}

function bytesOf(entries: [string, string][]): number {
  return entries.reduce((sum, [name, value]) => sum + utf8Length(name) + utf8Length(value), 0);
}

function limit(size: number, most: number): void {
  if (size <= most) return;
  throw new S3Error("MetadataTooLarge", { elements: { Size: String(size), MaxSizeAllowed: String(most) } });
}

/** Headers that say whose parameters they override, by the query parameter that does. */
const OVERRIDES: Record<string, string> = {
  "response-cache-control": "cache-control",
  "response-content-disposition": "content-disposition",
  "response-content-encoding": "content-encoding",
  "response-content-language": "content-language",
  "response-content-type": "content-type",
  "response-expires": "expires",
};

/** The response-* parameters of a read, as headers. */
export const overrides: Field<Record<string, string>> = ({ query }) => {
  const entries = Object.entries(OVERRIDES).flatMap(([parameter, header]): [string, string][] => {
    const value = query.get(parameter);
    if (value === undefined) return [];
    if (/[\r\n\0]/.test(value)) throw invalidArgument("A header cannot have this value.", parameter, value);
    return [[header, value]];
  });
  return Object.fromEntries(entries);
};

/** An etag as headers carry it. */
export function quoted(etag: string): string {
  return `"${etag}"`;
}

/** A time as headers carry it, in whole seconds. */
export function httpTime(ms: number): string {
  return new Date(ms).toUTCString();
}

/** The version id as answers show it: only where there are versions. */
export function versionIdHeader(
  { settings }: Pick<Bucket, "settings">,
  versionId: string,
): Record<string, string> {
  return versioningOf(settings) === "off" ? {} : { "x-amz-version-id": versionId };
}

/** Everything a read shows of a version in headers, but for its length and range. */
export function versionHeaders(
  bucket: Pick<Bucket, "settings">,
  { description, etag, modified, versionId, tags = [], lock }: Version,
): Record<string, string> {
  const shown = Object.entries(description.metadata).map(([name, value]) => [METADATA_PREFIX + name, value]);
  return {
    "content-type": DEFAULT_TYPE,
    ...description.headers,
    ...Object.fromEntries(shown),
    etag: quoted(etag),
    "last-modified": httpTime(modified),
    "accept-ranges": "bytes",
    ...versionIdHeader(bucket, versionId),
    ...(tags.length > 0 ? { "x-amz-tagging-count": String(tags.length) } : {}),
    ...lockHeaders(lock),
  };
}

function lockHeaders({ retention, hold }: Lock = {}): Record<string, string> {
  return {
    ...(retention && {
      "x-amz-object-lock-mode": retention.mode,
      "x-amz-object-lock-retain-until-date": new Date(retention.until).toISOString(),
    }),
    ...(hold !== undefined && { "x-amz-object-lock-legal-hold": hold ? "ON" : "OFF" }),
  };
}

/** A checksum as response headers, with its type if that is known; nothing if there is none. */
export function checksumHeaders(checksum: Description["checksum"] | Checksum): Record<string, string> {
  if (checksum === undefined) return {};
  const shown = { [checksumHeader(checksum.algorithm)]: checksum.value };
  return "type" in checksum ? { ...shown, "x-amz-checksum-type": checksum.type } : shown;
}

type ChecksumMembers = { [A in Lowercase<ChecksumAlgorithm>]?: string };

/** A checksum as a document's members carry it; nothing if there is none. */
export function checksumMembers(checksum: Checksum | undefined): ChecksumMembers {
  return checksum === undefined ? {} : { [checksum.algorithm.toLowerCase()]: checksum.value };
}

/** Request headers that ask for what is not built: silence would be taken for consent. */
const UNBUILT = ["x-amz-mfa", "x-amz-write-offset-bytes"];

/** Throws NotImplemented for the first header, in S3's words for it, that asks for what is not built. */
export const nothingUnbuilt: Field<void> = ({ headers }) => {
  const asked = UNBUILT.find((name) => headers.has(name));
  if (asked !== undefined) throw new S3Error("NotImplemented", { elements: { Header: asked } });
};
