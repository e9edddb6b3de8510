// What a history is made of: commands as plain data, which say "the second version that was seen" where a request needs an
// id, so that a history can be cut down, printed, and run again.

import type { Fault } from "../bindings.ts";
import type { LockInput } from "./buckets.ts";
import type { RetentionInput } from "./marks.ts";
import type { OperationName } from "./s3.ts";
import {
  type Bucket,
  type Call,
  currentOf,
  inHeader,
  nameOf,
  quoted,
  type State,
  shownFor,
  type Tags,
  type Version,
  versionAt,
} from "./state.ts";
import { checksumOf, pathOf } from "./writes.ts";

/** The n-th of the ids that were seen, those of the key first; or one that names nothing, or cannot. */
export type VersionRef = number | "null" | "unknown" | "malformed";

/** An etag, as the version has it or not; a time, as against that of the version. */
export interface Conditions {
  ifMatch?: "same" | "other" | "*";
  ifNoneMatch?: "same" | "other" | "*";
  ifModifiedSince?: "before" | "same" | "after";
  ifUnmodifiedSince?: "before" | "same" | "after";
}

export interface Source {
  bucket: BucketRef;
  key: string;
  there?: true;
  version?: VersionRef;
  conditions?: Conditions;
}

export type BucketRef = "a" | "b";

export interface Command {
  op: OperationName;
  bucket?: BucketRef;
  key?: string;
  /** If there is no such key, the bucket's first one is meant. */
  there?: true;
  version?: VersionRef;
  /** The n-th of the uploads that were seen in the bucket; its key, unless `key` is another. */
  upload?: number;
  /** A text; `#5` stands for five bytes. */
  body?: string;
  /** As they are sent. */
  query?: Record<string, string>;
  headers?: Record<string, string>;
  conditions?: Conditions;
  source?: Source;
  /** Of a Complete: numbers of parts, a negative one with an etag that it does not have; or all that there are. */
  parts?: number[] | "all";
  /** Of DeleteObjects. */
  objects?: { key: string; version?: VersionRef; ifMatch?: "same" | "other" }[];
  quiet?: boolean;
  tags?: Tags;
  status?: "Enabled" | "Suspended" | "ON" | "OFF";
  lock?: LockInput & RetentionInput;
  /** Pages of a listing that are read one after the other. */
  pages?: number;
  /** The isolate that is asked. */
  world?: "other";
  faults?: Fault[];
}

/** What is the same for all commands of a history. */
export interface Setting {
  /** Begins its buckets' names. */
  prefix: string;
  origin: string;
}

const UNKNOWN_VERSION = `${"0".repeat(10)}1${"0".repeat(21)}`;
/** Longest body that is sent to where it may be refused at once, in bytes. */
const MAX_REFUSED_BYTES = 64 * 1024;

const NO_ETAG = "d".repeat(32);

const fillers = new Map<string, Buffer>();

/** The bytes of a body, the same buffer each time. */
export function bytesOf(body: string): Buffer {
  const known = fillers.get(body);
  if (known !== undefined) return known;
  const size = /^#(\d+)$/.exec(body)?.[1];
  const bytes = size === undefined ? Buffer.from(body) : Buffer.alloc(Number(size), `${size}.`);
  fillers.set(body, bytes);
  return bytes;
}

export const bucketName = ({ prefix }: Setting, ref: BucketRef): string => `${prefix}-${ref}`;

/** The request that a command is in a state. */
export function callOf(command: Command, state: State, setting: Setting): Call {
  const { op } = command;
  const name = command.bucket === undefined ? "" : suitable(command.bucket, command, state, setting);
  const bucket = state.buckets.get(name);
  const upload = command.upload === undefined ? undefined : uploadOf(state, bucket, command.upload);
  // What is refused before its body is read loses its connection if the body is long.
  const isLong = bytesOf(command.body ?? "").length > MAX_REFUSED_BYTES;
  const body = isLong && upload === undefined ? "" : command.body;
  const unnamed = upload?.key ?? (command.upload === undefined ? "" : "none");
  const key = keyOf(bucket, { key: unnamed, ...command });
  const query: Record<string, string> = { ...command.query };
  if (op === "ListBuckets") query.prefix = setting.prefix;
  if (command.version !== undefined) query.versionId = versionId(state, bucket, key, command.version);
  if (command.upload !== undefined) query.uploadId = upload?.id ?? "0000000000000000000000000000000000000000";
  const target = versionOf(state, bucket, key, query.versionId);
  const headers = {
    ...command.headers,
    ...conditionHeaders(state, command.conditions, "", target),
    ...sourceHeaders(state, command, name, setting),
    ...(op === "UploadPart" && upload?.algorithm && checksumHeader(upload.algorithm, bytesOf(body ?? ""))),
  };
  const input = inputOf(command, state, bucket, upload?.parts ?? [], setting);
  const call: Call = { op, bucket: name, key, query, headers, input };
  return body === undefined ? call : { ...call, body: bytesOf(body) };
}

/** The bucket that is meant: the other one, if only that has what the command is about, and it wants something there. */
function suitable(
  ref: BucketRef,
  { op, upload, there, source }: Pick<Command, "op" | "upload" | "there" | "source">,
  state: State,
  setting: Setting,
): string {
  const wants = (bucket: Bucket | undefined): boolean => {
    if (bucket === undefined) return false;
    if (upload !== undefined) return bucket.uploads.some(({ open }) => open);
    if (bucket.keys.size === 0) return false;
    if (op === "RenameObject") return bucket.versioning === "off";
    return !/LegalHold|Retention/.test(op) || bucket.lock !== undefined;
  };
  const isChoosy =
    upload !== undefined || there === true || (op === "RenameObject" && source?.there === true);
  const [own, other] = [bucketName(setting, ref), bucketName(setting, ref === "a" ? "b" : "a")];
  const isOther = isChoosy && !wants(state.buckets.get(own)) && wants(state.buckets.get(other));
  return isOther ? other : own;
}

/** The key that is named, or one that is there. */
function keyOf(bucket: Bucket | undefined, { key, there }: { key: string; there?: true }): string {
  if (there !== true || bucket?.keys.has(key)) return key;
  const [first] = [...(bucket?.keys.keys() ?? [])].toSorted();
  return first ?? key;
}

interface SeenUpload {
  id: string;
  key: string;
  parts: readonly { number: number; etag: string }[];
  algorithm: string | undefined;
  open: boolean;
}

/** Each part of an upload that has a checksum must bring its own. */
function checksumHeader(algorithm: string, bytes: Buffer): Record<string, string> {
  return { [`x-amz-checksum-${algorithm.toLowerCase()}`]: checksumOf(algorithm, bytes).value };
}

function uploadOf(state: State, bucket: Bucket | undefined, n: number): SeenUpload | undefined {
  const seen = (bucket?.uploads ?? []).flatMap(({ id, key, parts, checksum, open }) => {
    const shown = shownFor(state, id);
    return shown === undefined ? [] : [{ id: shown, key, parts, open, algorithm: checksum?.algorithm }];
  });
  // Those that are open first, and of them the latest.
  const inOrder = seen.toReversed().toSorted((a, b) => Number(b.open) - Number(a.open));
  return inOrder[n % Math.max(seen.length, 1)];
}

function versionId(state: State, bucket: Bucket | undefined, key: string, ref: VersionRef): string {
  if (ref === "malformed") return "no version id";
  if (ref === "unknown") return UNKNOWN_VERSION;
  if (ref === "null") return "null";
  const ofKey = bucket?.keys.get(key) ?? [];
  const others = [...(bucket?.keys ?? [])].flatMap(([other, versions]) => (other === key ? [] : versions));
  const ids = [...ofKey, ...others].flatMap(({ id }) => shownFor(state, id) ?? []);
  return ids[ref % Math.max(ids.length, 1)] ?? "null";
}

function versionOf(
  state: State,
  bucket: Bucket | undefined,
  key: string,
  id: string | undefined,
): Version | undefined {
  if (bucket === undefined) return undefined;
  return id === undefined ? currentOf(bucket, key) : versionAt(state, bucket, key, id);
}

/** From a version's time; what is later lies years ahead of any clock, and for S3 in the future. */
const SHIFTS = { before: -1000, same: 0, after: 30 * 365 * 24 * 3600 * 1000 };

function conditionHeaders(
  state: State,
  conditions: Conditions = {},
  prefix: string,
  version: Version | undefined,
): Record<string, string> {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditions;
  const etag = (which: "same" | "other" | "*") =>
    which === "*" ? "*" : quoted(which === "same" && version ? version.etag : NO_ETAG);
  const seen = version && state.seen.get(nameOf(inHeader(version.modified)));
  // A time can be stated only of what one knows the time of.
  const date = (which: "before" | "same" | "after" | undefined) =>
    which === undefined || seen === undefined
      ? undefined
      : new Date(Date.parse(seen) + SHIFTS[which]).toUTCString();
  const [since, unmodified] = [date(ifModifiedSince), date(ifUnmodifiedSince)];
  return {
    ...(ifMatch && { [`${prefix}if-match`]: etag(ifMatch) }),
    ...(ifNoneMatch && { [`${prefix}if-none-match`]: etag(ifNoneMatch) }),
    ...(since && { [`${prefix}if-modified-since`]: since }),
    ...(unmodified && { [`${prefix}if-unmodified-since`]: unmodified }),
  };
}

function sourceHeaders(
  state: State,
  { op, source }: Command,
  target: string,
  setting: Setting,
): Record<string, string> {
  if (source === undefined) return {};
  const isRename = op === "RenameObject";
  const name = isRename ? target : suitable(source.bucket, { op, ...source }, state, setting);
  const bucket = state.buckets.get(name);
  const key = keyOf(bucket, source);
  if (isRename) {
    const version = versionOf(state, bucket, key, undefined);
    const conditions = conditionHeaders(state, source.conditions, "x-amz-rename-source-", version);
    return { "x-amz-rename-source": pathOf(name, key).slice(name.length), ...conditions };
  }
  const id = source.version === undefined ? undefined : versionId(state, bucket, key, source.version);
  const version = versionOf(state, bucket, key, id);
  return {
    "x-amz-copy-source": pathOf(name, key) + (id === undefined ? "" : `?versionId=${encodeURIComponent(id)}`),
    ...conditionHeaders(state, source.conditions, "x-amz-copy-source-", version),
  };
}

function inputOf(
  { op, parts = [], objects = [], quiet = false, tags = [], status, lock = {} }: Command,
  state: State,
  bucket: Bucket | undefined,
  held: readonly { number: number; etag: string }[],
  { origin }: Setting,
): unknown {
  switch (op) {
    case "CompleteMultipartUpload": {
      const etagAt = (number: number) => held.find((part) => part.number === number)?.etag ?? NO_ETAG;
      return {
        origin,
        parts: (parts === "all" ? held.map((part) => part.number) : parts).map((n) => ({
          number: Math.abs(n),
          etag: n < 0 ? NO_ETAG : etagAt(n),
        })),
      };
    }
    case "DeleteObjects":
      return {
        quiet,
        objects: objects.map(({ key, version, ifMatch }) => {
          const id = version === undefined ? undefined : versionId(state, bucket, key, version);
          const target = versionOf(state, bucket, key, id);
          const etag = ifMatch === "same" && target ? target.etag : NO_ETAG;
          return { key, ...(id !== undefined && { versionId: id }), ...(ifMatch && { etag: quoted(etag) }) };
        }),
      };
    case "PutObjectTagging":
      return tags;
    case "PutBucketVersioning":
    case "PutObjectLegalHold":
      return status;
    default:
      return lock;
  }
}
