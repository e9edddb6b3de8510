// CopyObject: by reference inside a bucket, as a stream between two.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html

import { type Access, type Action, accessTo } from "../auth/authorize.ts";
import { readBlobs } from "../blobs/read.ts";
import { EMPTY_MD5 } from "../blobs/receive.ts";
import { base64, createDigest } from "../body/digest.ts";
import { DigestingSource } from "../body/digesting.ts";
import { MAX_PUT_BYTES } from "../body/payload.ts";
import type { Bucket } from "../directory/buckets.ts";
import type { Birth } from "../facts/birth.ts";
import type { Checksum, ChecksumAlgorithm, ObjectChecksum } from "../facts/checksum.ts";
import { conditionBehind, judgeRead, type ReadConditions, timely } from "../facts/condition.ts";
import { piecesOf } from "../facts/extent.ts";
import { MAX_KEY_BYTES, utf8Length } from "../facts/key.ts";
import { isVersionId } from "../facts/order.ts";
import type { Slice } from "../facts/range.ts";
import { versioningOf } from "../facts/settings.ts";
import type { Description, Tag, Version } from "../facts/version.ts";
import type { NewBody, PutAnswer, ReadAnswer } from "../index/protocol.ts";
import { type ObjectContext, operation } from "../operation.ts";
import { percentDecode } from "../wire/address.ts";
import { invalidArgument, S3Error } from "../wire/error.ts";
import { type Field, header } from "../wire/input.ts";
import { documentAndHeaders } from "../wire/output.ts";
import { CopyObjectResult } from "../wire/shapes.ts";
import type { World } from "../world.ts";
import { checksumAlgorithm } from "./checksums.ts";
import { checksumMembers, versionIdHeader } from "./description.ts";
import {
  type CustomerKey,
  checkReadKey,
  customerKey,
  type EncryptionAsked,
  encryptionFor,
  encryptionHeaders,
} from "./encryption.ts";
import { type Found, missing, type Named, readAllowed, readConditions } from "./read.ts";
import {
  checkStillHere,
  committedOr,
  objectFields,
  receiveSource,
  saidOfNew,
  writeConditions,
} from "./write.ts";

/** Largest source that CopyObject takes, in bytes. */
export const MAX_COPY_BYTES = MAX_PUT_BYTES;

/** How often a copy begins again because its source changed under it. */
const MAX_TRIES = 4;

export interface CopySource {
  bucket: string;
  key: string;
  versionId: string | undefined;
}

/** `x-amz-copy-source`: `/bucket/key?versionId=…`, encoded as in a query: a plus is a blank; the first slash is optional. */
export const copySource: Field<CopySource> = ({ headers }) => {
  const text = headers.get("x-amz-copy-source") ?? "";
  const [path = "", version] = text.split(/\?versionId=/);
  const decoded = percentDecode(path.replaceAll("+", "%20")).replace(/^\//, "");
  const slash = decoded.indexOf("/");
  if (slash <= 0 || slash === decoded.length - 1 || utf8Length(decoded) > MAX_KEY_BYTES + 64) {
    throw invalidArgument(
      "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
      "x-amz-copy-source",
      text,
    );
  }
  if (version !== undefined && !isVersionId(version)) {
    throw invalidArgument("Invalid version id specified", "x-amz-copy-source", text);
  }
  return { bucket: decoded.slice(0, slash), key: decoded.slice(slash + 1), versionId: version };
};

function directive(name: "metadata" | "tagging"): Field<"COPY" | "REPLACE"> {
  return ({ headers }) => {
    const text = headers.get(`x-amz-${name}-directive`) ?? "COPY";
    if (text === "COPY" || text === "REPLACE") return text;
    throw invalidArgument(`Unknown ${name} directive.`, `x-amz-${name}-directive`, text);
  };
}

/** Where a page of a website redirects to: each object's own, and never copied. */
const REDIRECT = "x-amz-website-redirect-location";

/** What a copy takes over of its source, beside its bytes. */
function copiedDescription({ headers, metadata }: Description, asked: Description) {
  const { [REDIRECT]: _source, ...others } = headers;
  const own = asked.headers[REDIRECT];
  return { headers: own === undefined ? others : { ...others, [REDIRECT]: own }, metadata };
}

export const copyObject = operation({
  name: "CopyObject",
  route: "PUT /{Bucket}/{Key}",
  header: "x-amz-copy-source",
  allow: "s3:PutObject",
  input: {
    ...objectFields,
    sourceKey: customerKey("x-amz-copy-source"),
    source: copySource,
    sourceConditions: readConditions("x-amz-copy-source-"),
    conditions: writeConditions,
    metadataDirective: directive("metadata"),
    taggingDirective: directive("tagging"),
    checksumAlgorithm,
    sourceOwner: header("x-amz-source-expected-bucket-owner"),
    storageClass: header("x-amz-storage-class"),
  },
  output: documentAndHeaders(CopyObjectResult),
  async handle(context, input) {
    const { world, bucket, key } = context;
    const { source, metadataDirective, conditions } = input;
    const toItsOwnKey = source.bucket === bucket.name && source.key === key;
    // What is named counts as changed, also if it is what the object has; so does an encryption that the bucket was set to.
    const changes =
      metadataDirective === "REPLACE" ||
      input.storageClass !== undefined ||
      input.description.headers[REDIRECT] !== undefined ||
      input.encryption.s3 ||
      input.encryption.customer !== undefined ||
      bucket.settings.encryption !== undefined;
    if (toItsOwnKey && source.versionId === undefined && !changes) throw toItself();
    context.access.requireMatch(conditions.ifMatch, key);
    const from = await accessToSource(context, source, input.sourceOwner);
    const versioning = versioningOf(bucket.settings);
    const judge = async (version: Version): Promise<Birth> => {
      const tags = input.taggingDirective === "COPY" ? copiedTags(from, version) : input.tags;
      const said = await saidOfNew(context, { ...input, tags });
      const { headers, metadata } =
        metadataDirective === "COPY"
          ? copiedDescription(version.description, input.description)
          : input.description;
      const encryption = encryptionFor(bucket, input.encryption);
      const description = { headers, metadata, ...(encryption && { encryption }) };
      return { key, ...said, tags, description, versioning, conditions };
    };
    for (let tries = 1; ; tries++) {
      const { found, body, etag, ofBytes } = await copyBody(context, from, input, judge);
      checkStillHere(bucket, body);
      const { version } = found;
      const judged = await judge(version);
      const description = { ...judged.description, ...ofBytes };
      const { owner, grants, lock, tags } = judged;
      const draft = { key, etag, size: version.size, owner, grants, lock, description, tags };
      const answer = await world.index(bucket).put({ draft, body, versioning, conditions });
      if (hasChanged(answer) && tries < MAX_TRIES) continue;
      const committed = committedOr(answer, conditions);
      return {
        document: {
          modified: committed.modified,
          etag: committed.etag,
          ...checksumMembers(description.checksum),
          checksumType: description.checksum?.type,
        },
        headers: {
          ...encryptionHeaders(description.encryption?.kind, input.encryption.customer),
          // Unlike other writes, a copy that is a null version says so.
          ...versionIdHeader(bucket, committed.versionId),
          ...sourceVersionHeader(from.bucket, version.versionId),
        },
      };
    }
  },
});

function toItself(): S3Error {
  return new S3Error("InvalidRequest", {
    message:
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
  });
}

function hasChanged(answer: PutAnswer): boolean {
  return "refused" in answer && answer.refused === "source changed";
}

export function sourceVersionHeader(from: Bucket, versionId: string): Record<string, string> {
  return versioningOf(from.settings) === "off" ? {} : { "x-amz-copy-source-version-id": versionId };
}

/** The source's bucket as the caller finds it; whether the source may be read is decided when it is. */
export function accessToSource(
  { world, asker, circumstances }: Pick<ObjectContext, "world" | "asker" | "circumstances">,
  source: CopySource,
  expectedOwner: string | undefined,
): Promise<Access> {
  return accessTo(world, asker, circumstances, source.bucket, expectedOwner);
}

/** Tags that come along with a copy: whoever copies them must be allowed to read them. */
function copiedTags(from: Access, version: Version): Tag[] | undefined {
  const { tags, key } = version;
  if (tags === undefined || tags.length === 0) return undefined;
  from.require(["s3:GetObjectTagging"], key, { version });
  return tags;
}

/** The source, if it may be read and its preconditions hold: for a copy, `not modified` is a failure too. */
export async function readSource(
  world: World,
  access: Access,
  { source, sourceConditions, sourceKey }: Pick<Wanted, "source" | "sourceConditions" | "sourceKey">,
  want: "none" | "all",
): Promise<Found> {
  const { key, versionId } = source;
  const actions: Action[] = [versionId === undefined ? "s3:GetObject" : "s3:GetObjectVersion"];
  const found = await readAllowed({ world, access, actions }, { key, versionId, want }, sourceMissing);
  checkReadKey(found.version.description.encryption, sourceKey);
  const verdict = judgeRead(timely(sourceConditions, world.now()), found.version);
  if (verdict === "ok") return found;
  const condition = `x-amz-copy-source-${conditionBehind(sourceConditions, verdict)}`;
  throw new S3Error("PreconditionFailed", { elements: { Condition: condition } });
}

/** What is missing is the source's key, and a delete marker is no source. */
function sourceMissing(answer: Exclude<ReadAnswer, Found>, named: Named): S3Error {
  if (answer.missing === "version") return missing(answer, named);
  if (answer.missing === "key") return new S3Error("NoSuchKey", { elements: { Key: named.key } });
  return new S3Error("InvalidRequest", {
    message: "The source of a copy request may not specifically refer to a delete marker by version id.",
  });
}

/** What a copy is made of: the source as it was read, a body that holds just those bytes, and what is true of them. */
interface Copied {
  found: Found;
  body: NewBody;
  etag: string;
  ofBytes: Pick<Description, "parts" | "checksum">;
}

interface Wanted {
  source: CopySource;
  sourceConditions: ReadConditions;
  checksumAlgorithm: ChecksumAlgorithm | undefined;
  sourceKey: CustomerKey | undefined;
  encryption: EncryptionAsked;
}

/** Inside a bucket the source's own body, unless a checksum is wanted that is not known; else its bytes, read once. */
async function copyBody(
  context: ObjectContext,
  from: Access,
  wanted: Wanted,
  judge: (version: Version) => Promise<Birth>,
): Promise<Copied> {
  const { world, bucket } = context;
  if (from.bucket.id === bucket.id) {
    const found = await readSource(world, from, wanted, "none");
    const { checksum, parts } = found.version.description;
    if (
      sameKey(wanted) &&
      (wanted.checksumAlgorithm === undefined || wanted.checksumAlgorithm === checksum?.algorithm)
    ) {
      const ofBytes = { ...(checksum && { checksum }), ...(parts !== undefined && { parts }) };
      return { found, ofBytes, ...sharedBody(wanted.source, found) };
    }
  }
  return context.once(() => streamSource(context, from, wanted, judge));
}

/** A body can be shared if both versions open with the same key, or with none. */
function sameKey({ sourceKey, encryption }: Wanted): boolean {
  return sourceKey?.md5 === encryption.customer?.md5;
}

function sharedBody({ key }: CopySource, { version }: Found): { body: NewBody; etag: string } {
  const { size, sequence, etag, description: said } = version;
  // Parts without bytes are parts, and may be read by their numbers.
  const bare = size === 0 && said.parts === undefined;
  return { body: bare ? { kind: "empty" } : { kind: "share", key, sequence }, etag };
}

/** `judge` decides about the copy before a byte of it is kept. */
async function streamSource(
  { world, bucket }: ObjectContext,
  from: Access,
  wanted: Wanted,
  judge: (version: Version) => Promise<Birth>,
): Promise<Copied> {
  const found = await readSource(world, from, wanted, "all");
  const { size, description: said } = found.version;
  if (size > MAX_COPY_BYTES) throw tooLarge();
  const birth = await judge(found.version);
  const known = said.checksum?.type === "FULL_OBJECT" ? said.checksum : undefined;
  // A checksum of checksums says nothing of the copy, which is whole: it gets one of the same algorithm.
  const asked = wanted.checksumAlgorithm ?? said.checksum?.algorithm;
  const algorithm = asked === known?.algorithm ? undefined : asked;
  const slice = { offset: 0, length: size };
  const {
    body,
    etag,
    checksum: computed,
  } = await receiveSlice(world, bucket, found, slice, { ...wanted, algorithm, birth });
  const checksum: ObjectChecksum | undefined = computed ? { ...computed, type: "FULL_OBJECT" } : known;
  return { found, body, etag, ofBytes: checksum ? { checksum } : {} };
}

/** S3's error for a source of more than CopyObject takes. */
export function tooLarge(): S3Error {
  return new S3Error("InvalidRequest", {
    message: `The specified copy source is larger than the maximum allowable size for a copy source: ${MAX_COPY_BYTES}`,
  });
}

/** How bytes are to be taken: opened with one key, digested, sealed with another. */
export interface SliceWanted {
  algorithm: ChecksumAlgorithm | undefined;
  sourceKey: CustomerKey | undefined;
  encryption: Pick<EncryptionAsked, "customer">;
  /** Of which object the bytes become the whole, if of any. */
  birth?: Birth;
}

/** Takes part of an object into a blob of its own in this bucket, with a checksum if one is wanted. */
export async function receiveSlice(
  world: World,
  bucket: Bucket,
  found: Found,
  slice: Slice,
  { algorithm, sourceKey, encryption, birth }: SliceWanted,
): Promise<{ body: NewBody; etag: string; checksum?: Checksum | undefined }> {
  if (slice.length === 0) {
    const checksum = algorithm && { algorithm, value: base64(createDigest(algorithm).digest()) };
    return { body: { kind: "empty" }, etag: EMPTY_MD5, checksum };
  }
  const source = await sliceSource(world, found, slice, algorithm, sourceKey);
  const received = await receiveSource(world, bucket, source, encryption.customer, birth);
  return { ...received, checksum: source.checksum };
}

/** Part of an object as a source for a new blob. */
async function sliceSource(
  world: World,
  { extents, start }: Found,
  slice: Slice,
  algorithm: ChecksumAlgorithm | undefined,
  sourceKey: CustomerKey | undefined,
): Promise<DigestingSource> {
  const stream = await readBlobs(world.blobs, piecesOf(extents, start, slice), sourceKey?.key, world.later);
  return new DigestingSource(stream, slice.length, algorithm);
}
