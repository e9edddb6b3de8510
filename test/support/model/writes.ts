// The model's writes: PutObject, CopyObject, DeleteObject, DeleteObjects, RenameObject.
// Sources: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html, …/DeleteMarker.html,
// …/API/API_CopyObject.html, …/API/API_RenameObject.html

import { type Algorithm, checksum as digest } from "../checksums.ts";
import { isLocked, lockAsked } from "./marks.ts";
import { checksumElements, checksumHeaders, judged, names } from "./reads.ts";
import {
  addVersion,
  type Bucket,
  bucketOf,
  type Call,
  type Checksum,
  currentOf,
  ENCRYPTED,
  type Expected,
  etagOf,
  found,
  idHeader,
  quoted,
  Refusal,
  type Rules,
  replaceVersion,
  type Said,
  type State,
  type Tags,
  type Value,
  VERSION_ID,
  type Version,
  versionAt,
  versionsOf,
} from "./state.ts";

/** Headers that an object keeps and shows again. */
const KEPT =
  /^(cache-control|content-(disposition|language|type)|expires|x-amz-website-redirect-location|x-amz-meta-.*)$/;

export function tagsIn(text: string | undefined): Tags {
  const pairs = [...new URLSearchParams(text ?? "")];
  return pairs.toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

export function saidBy(state: State, bucket: Bucket, headers: Record<string, string>): Said {
  return {
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => KEPT.test(name))),
    tags: tagsIn(headers["x-amz-tagging"]),
    lock: lockAsked(state, bucket, headers),
  };
}

/** The preconditions of a write, on the current version of its key. */
export function checkWrite(bucket: Bucket, { key, headers }: Call): void {
  const current = currentOf(bucket, key);
  const match = headers["if-match"];
  const noneMatch = headers["if-none-match"];
  if (match !== undefined && current === undefined) throw new Refusal(404, "NoSuchKey", { Key: key });
  if (match !== undefined && !names(match, current?.etag ?? "")) {
    throw new Refusal(412, "PreconditionFailed", { Condition: "If-Match" });
  }
  if (noneMatch !== undefined && current !== undefined && names(noneMatch, current.etag)) {
    throw new Refusal(412, "PreconditionFailed", { Condition: "If-None-Match" });
  }
}

const computed = new Map<string, string>();

/** A checksum of the whole; computed once of each body. */
export function checksumOf(algorithm: string, bytes: Buffer): Checksum {
  const name = `${algorithm} ${etagOf(bytes)}`;
  const value = computed.get(name) ?? digest(algorithm as Algorithm, bytes);
  computed.set(name, value);
  return { algorithm, type: "FULL_OBJECT", value };
}

export function putObject(state: State, call: Call, { inlineBytes }: Rules): Expected {
  const bucket = bucketOf(state, call.bucket);
  const said = saidBy(state, bucket, call.headers);
  const bytes = call.body ?? Buffer.alloc(0);
  const sent = Object.keys(call.headers).find((name) => /^x-amz-checksum-(crc|sha)/.test(name));
  const algorithm = sent?.replace("x-amz-checksum-", "").toUpperCase();
  const isSmall = bytes.length <= inlineBytes;
  const checksum = algorithm
    ? checksumOf(algorithm, bytes)
    : isSmall
      ? checksumOf("CRC64NVME", bytes)
      : undefined;
  if (sent !== undefined && call.headers[sent] !== checksum?.value) throw new Refusal(400, "BadDigest");
  checkWrite(bucket, call);
  const etag = etagOf(bytes);
  const { id } = addVersion(state, bucket, call.key, { ...said, marker: false, bytes, etag, checksum });
  return {
    status: 200,
    headers: { etag: quoted(etag), ...ENCRYPTED, ...checksumHeaders(checksum), ...newIdHeader(bucket, id) },
  };
}

/** The id of a version just made; a null version shows none. */
export function newIdHeader({ versioning }: Bucket, id: Version["id"]): Expected["headers"] {
  return { "x-amz-version-id": versioning === "Enabled" ? id : undefined };
}

/** A copy's source, if it is there and its preconditions hold. */
export function copySource(state: State, { headers }: Call): { bucket: Bucket; source: Version } {
  const [path = "", versionId] = (headers["x-amz-copy-source"] ?? "").split("?versionId=");
  const [name = "", ...rest] = decodeURIComponent(path).split("/");
  const bucket = bucketOf(state, name);
  const key = rest.join("/");
  const query: Record<string, string> = versionId === undefined ? {} : { versionId };
  if (versionId !== undefined && versionAt(state, bucket, key, versionId)?.marker === true) {
    throw new Refusal(400, "InvalidRequest");
  }
  if (versionId === undefined && currentOf(bucket, key) === undefined) {
    throw new Refusal(404, "NoSuchKey", { Key: key });
  }
  const source = found(state, bucket, { op: "", bucket: name, key, query, headers });
  const prefix = "x-amz-copy-source-";
  const verdict = judged(state, headers, prefix, source);
  if (verdict === "ok") return { bucket, source };
  const unchanged = headers[`${prefix}if-none-match`] === undefined ? "If-Modified-Since" : "If-None-Match";
  const condition = verdict === "not modified" ? unchanged : verdict;
  throw new Refusal(412, "PreconditionFailed", { Condition: `${prefix}${condition}` });
}

export function copyObject(state: State, call: Call): Expected {
  const { key, headers } = call;
  const bucket = bucketOf(state, call.bucket);
  const replaces = headers["x-amz-metadata-directive"] === "REPLACE";
  const redirects = headers["x-amz-website-redirect-location"] !== undefined;
  if (headers["x-amz-copy-source"] === pathOf(bucket.name, key) && !replaces && !redirects) {
    throw new Refusal(400, "InvalidRequest");
  }
  const { bucket: from, source } = copySource(state, call);
  const said = saidBy(state, bucket, headers);
  checkWrite(bucket, call);
  const retags = headers["x-amz-tagging-directive"] === "REPLACE";
  const sharing = from === bucket;
  // A copy of parts inside its bucket stays in parts: the README says so. Elsewhere it is an object put whole.
  const { bytes } = source;
  const whole = {
    bytes,
    etag: etagOf(bytes),
    checksum: source.checksum && checksumOf(source.checksum.algorithm, bytes),
  };
  const { etag, checksum, parts } = sharing ? source : { ...whole, parts: undefined };
  const made = addVersion(state, bucket, key, {
    marker: false,
    bytes,
    etag,
    checksum,
    parts,
    headers: replaces ? said.headers : withoutRedirect(source.headers, headers),
    tags: retags ? said.tags : source.tags,
    lock: said.lock,
  });
  return {
    status: 200,
    headers: {
      "content-type": "application/xml",
      ...ENCRYPTED,
      ...idHeader(bucket, made.id),
      "x-amz-copy-source-version-id": from.versioning === "off" ? undefined : source.id,
    },
    document: {
      name: "CopyObjectResult",
      inside: {
        LastModified: made.modified,
        ETag: quoted(etag),
        ...checksumElements(checksum?.algorithm, checksum?.value),
        ChecksumType: checksum?.type,
      },
    },
  };
}

/** Where an object's page redirects to is not copied; the copy may get one of its own. */
function withoutRedirect(
  copied: Record<string, string>,
  asked: Record<string, string>,
): Record<string, string> {
  const name = "x-amz-website-redirect-location";
  const { [name]: _old, ...rest } = copied;
  return asked[name] === undefined ? rest : { ...rest, [name]: asked[name] };
}

/** A source as `x-amz-copy-source` names it. */
export function pathOf(bucket: string, key: string): string {
  return encodeURIComponent(`${bucket}/${key}`).replaceAll("%2F", "/");
}

type Removed = { id?: Version["id"] | string | undefined; marker?: boolean };

/** Removes a version, or covers the key with a marker. Throws 403 for what is locked, 412 for what does not match. */
function remove(
  state: State,
  bucket: Bucket,
  key: string,
  { versionId, match, bypass }: { versionId: string | undefined; match: string | undefined; bypass: boolean },
): Removed {
  const named =
    versionId === undefined ? versionsOf(bucket, key)[0] : versionAt(state, bucket, key, versionId);
  if (match !== undefined && named === undefined) {
    if (versionId === undefined) throw new Refusal(404, "NoSuchKey", { Key: key });
    return { id: versionId };
  }
  if (match !== undefined && !names(match, named?.etag ?? "")) {
    throw new Refusal(412, "PreconditionFailed", { Condition: "If-Match" });
  }
  if (versionId === undefined && bucket.versioning !== "off") {
    const nothing = { bytes: Buffer.alloc(0), etag: "", headers: {}, tags: [], lock: {} };
    return { id: addVersion(state, bucket, key, { marker: true, ...nothing }).id, marker: true };
  }
  if (named === undefined) return { id: versionId };
  if (isLocked(state, named, bypass)) throw new Refusal(403, "AccessDenied");
  replaceVersion(bucket, key, named, undefined);
  return versionId === undefined ? {} : { id: named.id, marker: named.marker };
}

export function deleteObject(state: State, { bucket: name, key, query, headers }: Call): Expected {
  const bucket = bucketOf(state, name);
  const { id, marker } = remove(state, bucket, key, {
    versionId: query.versionId,
    match: headers["if-match"],
    bypass: headers["x-amz-bypass-governance-retention"] === "true",
  });
  return {
    status: 204,
    headers: { "x-amz-version-id": id, "x-amz-delete-marker": marker ? "true" : undefined },
  };
}

export interface DeleteInput {
  objects: { key: string; versionId?: string; etag?: string }[];
  quiet: boolean;
}

export function deleteObjects(state: State, { bucket: name, headers, input }: Call): Expected {
  const bucket = bucketOf(state, name);
  const { objects, quiet } = input as DeleteInput;
  const bypass = headers["x-amz-bypass-governance-retention"] === "true";
  const deleted: Value[] = [];
  const errors: Value[] = [];
  for (const { key, versionId, etag } of objects) {
    const named = { Key: key, VersionId: versionId };
    try {
      if (versionId !== undefined && !VERSION_ID.test(versionId)) throw new Refusal(404, "NoSuchVersion");
      const { id, marker } = remove(state, bucket, key, { versionId, match: etag, bypass });
      const shown = marker ? { DeleteMarker: true, DeleteMarkerVersionId: id } : {};
      deleted.push({ ...named, ...shown });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      errors.push({ ...named, Code: error.expected.error?.Code });
    }
  }
  return {
    status: 200,
    headers: { "content-type": "application/xml" },
    document: { name: "DeleteResult", inside: { Deleted: quiet ? [] : deleted, Error: errors } },
  };
}

/** Moves an object, in a bucket that never had versions. Its time stays. */
export function renameObject(state: State, call: Call): Expected {
  const { key, headers } = call;
  const bucket = bucketOf(state, call.bucket);
  const from = decodeURIComponent(headers["x-amz-rename-source"] ?? "").replace(/^\//, "");
  if (bucket.versioning !== "off") throw new Refusal(400, "InvalidRequest");
  if (from.endsWith("/") || key.endsWith("/")) throw new Refusal(400, "InvalidRequest");
  const source = currentOf(bucket, from);
  const target = currentOf(bucket, key);
  if (source === undefined) throw new Refusal(404, "NoSuchKey", { Key: key });
  const fits = judged(state, headers, "x-amz-rename-source-", source) === "ok";
  const mayReplace = target ? judged(state, headers, "", target) === "ok" : headers["if-match"] === undefined;
  if (!fits || !mayReplace) throw new Refusal(412, "PreconditionFailed");
  if (from !== key) {
    bucket.keys.delete(from);
    bucket.keys.set(key, [source]);
  }
  return { status: 200, headers: {} };
}
