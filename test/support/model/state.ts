// What a naive S3 holds in memory, and the calls and answers that it knows. Nothing of it is taken from src: it is written
// from AWS's documentation, so that two independent readings of the same pages can be held against each other.

import { md5 } from "../checksums.ts";

/** Something that only the server can choose: a version id, an upload id, a time. What was seen of it is in `seen`. */
export interface Opaque {
  opaque: "version" | "upload" | "time" | "until" | "owner" | "token";
  n: number;
  /** How a time is written: in documents with ms, in headers in whole seconds. */
  as?: "document" | "header";
}

export interface Lock {
  mode?: string | undefined;
  /** In ms; of a bucket's default, about. */
  until?: number;
  /** What is shown of it. */
  shown?: string | Opaque;
  hold?: "ON" | "OFF";
}

export type Tags = readonly (readonly [key: string, value: string])[];

export interface Checksum {
  algorithm: string;
  type: "FULL_OBJECT" | "COMPOSITE";
  value: string;
}

export interface Part {
  number: number;
  bytes: Buffer;
  etag: string;
  modified: Opaque;
  checksum?: string | undefined;
}

/** What a writer says of an object besides its bytes. */
export interface Said {
  headers: Record<string, string>;
  tags: Tags;
  lock: Lock;
}

/** A version or a delete marker. Never changed, only replaced. */
export interface Version extends Said {
  id: Opaque | "null";
  marker: boolean;
  bytes: Buffer;
  etag: string;
  modified: Opaque;
  checksum?: Checksum | undefined;
  /** Of an object that was uploaded in parts. */
  parts?: readonly Part[] | undefined;
}

export interface Upload extends Said {
  id: Opaque;
  key: string;
  initiated: Opaque;
  checksum?: Omit<Checksum, "value"> | undefined;
  parts: readonly Part[];
  /** The answer to its Complete. */
  answer?: Expected;
  /** Whether it is still there for all to see: not ended, or ended by a Complete that could not clear it away. */
  open: boolean;
}

export interface Bucket {
  name: string;
  created: Opaque;
  versioning: "off" | "Enabled" | "Suspended";
  lock?: { mode: string; days: number } | Record<string, never> | undefined;
  /** Newest first. */
  keys: Map<string, readonly Version[]>;
  /** In the order in which they began, ended ones too. */
  uploads: readonly Upload[];
}

export interface State {
  buckets: Map<string, Bucket>;
  /** How many opaque things there are. */
  opaques: number;
  /** What the server showed for what is opaque. */
  seen: Map<string, string>;
  /** How buckets were before: an isolate may remember it for a moment. `at` in ms. */
  past: readonly Past[];
  /** Between which times each time must lie, in ms: by the clock that a test may have moved, or by the real one. */
  windows: Map<number, readonly (readonly [from: number, to: number])[]>;
  /** The server's clock, in ms since 1970. */
  now: () => number;
}

export type Past = Pick<Bucket, "name" | "versioning" | "lock"> & { at: number };

/** A request as S3 knows it. `input` is the document in its body. */
export interface Call {
  op: string;
  bucket: string;
  key: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  body?: Buffer;
  input?: unknown;
}

export type Value =
  | string
  | number
  | boolean
  | Opaque
  | undefined
  | readonly Value[]
  | { readonly [name: string]: Value };

/** What must be answered: all headers that S3 defines, and either a document, an error's elements, or bytes. */
export interface Expected {
  status: number;
  headers: Record<string, string | Opaque | undefined>;
  document?: { name: string; inside: Value };
  error?: Record<string, Value>;
  bytes?: Buffer;
}

/** S3's refusal: nothing was changed. */
export class Refusal extends Error {
  readonly expected: Expected;

  constructor(
    status: number,
    code: string,
    elements: Record<string, Value> = {},
    headers: Expected["headers"] = {},
  ) {
    super(code);
    this.expected = { status, headers, error: { Code: code, ...elements } };
  }
}

export interface Rules {
  /** Up to which size an object gets S3's default checksum, in bytes: larger ones do not, which the README owns up to. */
  inlineBytes: number;
}

export function freshState(now: () => number): State {
  return { buckets: new Map(), opaques: 1, seen: new Map(), past: [], windows: new Map(), now };
}

export function copyState({ buckets, opaques, seen, past, windows, now }: State): State {
  const copies = [...buckets].map(
    ([name, bucket]) => [name, { ...bucket, keys: new Map(bucket.keys) }] as const,
  );
  return { buckets: new Map(copies), opaques, seen: new Map(seen), past, windows: new Map(windows), now };
}

export function fresh(state: State, opaque: Opaque["opaque"]): Opaque {
  state.opaques += 1;
  return { opaque, n: state.opaques };
}

/** The one account that there is. */
export const OWNER: Value = { ID: { opaque: "owner", n: 0 }, DisplayName: { opaque: "owner", n: 1 } };

export const nameOf = ({ opaque, n, as = "document" }: Opaque): string => `${opaque} ${n} ${as}`;

/** What the server showed for it, if it did. */
export function shownFor(state: State, id: Opaque | "null"): string | undefined {
  return id === "null" ? id : state.seen.get(nameOf(id));
}

export function bucketOf(state: State, name: string): Bucket {
  const bucket = state.buckets.get(name);
  if (bucket === undefined) throw new Refusal(404, "NoSuchBucket", { BucketName: name });
  return bucket;
}

export const versionsOf = (bucket: Bucket, key: string): readonly Version[] => bucket.keys.get(key) ?? [];

/** The latest version, unless it is a delete marker. */
export function currentOf(bucket: Bucket, key: string): Version | undefined {
  const [latest] = versionsOf(bucket, key);
  return latest?.marker === false ? latest : undefined;
}

/** A version by the id that a request names. */
export function versionAt(state: State, bucket: Bucket, key: string, id: string): Version | undefined {
  return versionsOf(bucket, key).find((version) => shownFor(state, version.id) === id);
}

export const VERSION_ID = /^(null|[0-9a-z]{32})$/;

/** What a request means to read or to mark; throws S3's errors for what is not there. */
export function found(state: State, bucket: Bucket, { op, key, query }: Call): Version {
  const { versionId } = query;
  if (versionId === undefined) {
    const [latest] = versionsOf(bucket, key);
    if (latest?.marker === false) return latest;
    // Of tags S3 says that what is there is a delete marker; of a read, that nothing is.
    if (latest !== undefined && op.endsWith("Tagging")) throw isMarker(latest, op);
    throw new Refusal(404, "NoSuchKey", { Key: key }, latest ? markerHeaders(latest) : {});
  }
  const version = versionAt(state, bucket, key, versionId);
  if (version === undefined) throw new Refusal(404, "NoSuchVersion", { Key: key, VersionId: versionId });
  if (!version.marker) return version;
  throw isMarker(version, op);
}

function isMarker(version: Version, op: string): Refusal {
  const headers = {
    ...markerHeaders(version),
    allow: "DELETE",
    "last-modified": inHeader(version.modified),
  };
  const Method = /^[A-Z][a-z]+/.exec(op)?.[0].toUpperCase();
  return new Refusal(405, "MethodNotAllowed", { Method, ResourceType: "DeleteMarker" }, headers);
}

function markerHeaders({ id }: Version): Expected["headers"] {
  return { "x-amz-delete-marker": "true", "x-amz-version-id": id };
}

export const inHeader = (time: Opaque): Opaque => ({ ...time, as: "header" });

/** The version id as answers show it: only where there are versions. */
export function idHeader({ versioning }: Bucket, id: Opaque | "null" | undefined): Expected["headers"] {
  return { "x-amz-version-id": versioning === "off" ? undefined : id };
}

/** Replaces a version with what it has become. */
export function replaceVersion(bucket: Bucket, key: string, old: Version, next: Version | undefined): void {
  const versions = versionsOf(bucket, key).flatMap((each) => (each === old ? (next ?? []) : each));
  if (versions.length === 0) bucket.keys.delete(key);
  else bucket.keys.set(key, versions);
}

/** Puts a version, or a marker, on top. Without versioning, and while it is suspended, it replaces the null version. */
export function addVersion(
  state: State,
  bucket: Bucket,
  key: string,
  version: Omit<Version, "id" | "modified">,
): Version {
  const id: Version["id"] = bucket.versioning === "Enabled" ? fresh(state, "version") : "null";
  const added = { ...version, id, modified: fresh(state, "time") };
  const others = versionsOf(bucket, key).filter((each) => id !== "null" || each.id !== "null");
  bucket.keys.set(key, [added, ...others]);
  return added;
}

const digests = new WeakMap<Buffer, string>();

/** MD5 in hexadecimal digits; that of a large body once. */
export function etagOf(bytes: Buffer): string {
  const known = digests.get(bytes) ?? md5(bytes);
  digests.set(bytes, known);
  return known;
}

export const quoted = (etag: string): string => `"${etag}"`;

/** S3 encrypts every object that its writer brings no key for, and says so wherever it shows or takes one. */
export const ENCRYPTED = { "x-amz-server-side-encryption": "AES256" };
