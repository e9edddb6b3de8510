// PutObject, and what every operation that brings bytes shares: bytes before facts, facts in one transaction.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html

import { spellBirth } from "../blobs/birth.ts";
import { EMPTY_MD5, type Received, receive, type Source } from "../blobs/receive.ts";
import type { Payload } from "../body/payload.ts";
import type { Bucket } from "../directory/buckets.ts";
import type { Birth } from "../facts/birth.ts";
import { blobName } from "../facts/blob-name.ts";
import type { WriteConditions } from "../facts/condition.ts";
import type { Grant } from "../facts/grant.ts";
import type { Lock } from "../facts/lock.ts";
import { NULL_VERSION } from "../facts/order.ts";
import { Unavailable } from "../facts/outage.ts";
import { versioningOf } from "../facts/settings.ts";
import type { Tag } from "../facts/version.ts";
import type { Committed, NewBody, PutAnswer } from "../index/protocol.ts";
import { type ObjectContext, operation, stream } from "../operation.ts";
import { S3Error } from "../wire/error.ts";
import { type Field, header } from "../wire/input.ts";
import { empty } from "../wire/output.ts";
import type { World } from "../world.ts";
import { type AclAsked, aclHeaders, newObjectAcl } from "./acl.ts";
import { checksumHeaders, description, nothingUnbuilt, quoted } from "./description.ts";
import { type CustomerKey, encryptionAsked, encryptionFor, encryptionHeaders } from "./encryption.ts";
import { lockFor, lockHeaders } from "./lock.ts";
import { taggingHeader } from "./tagging.ts";

/** The preconditions of a write. AWS takes only `*` for If-None-Match; etags mean here what RFC 9110 says they do. */
export const writeConditions: Field<WriteConditions> = (address) => ({
  ifMatch: header("if-match")(address),
  ifNoneMatch: header("if-none-match")(address),
});

/** What may be said of any new object, however its bytes come. */
export const objectFields = {
  nothingUnbuilt,
  acl: aclHeaders,
  encryption: encryptionAsked,
  description,
  tags: taggingHeader,
  lock: lockHeaders,
};

/** What a new object is apart from its bytes, as far as its writer had to be allowed to say it. */
export interface Said {
  owner: string;
  grants: Grant[] | undefined;
  lock: Lock | undefined;
}

/**
 * Decides about what a write says beside its bytes: an ACL, tags, a retention, a hold. Whoever will own the object may say
 * its ACL and tags, as may whoever a policy allows it; how long the bucket has to keep it, its own owner allows alone.
 */
export async function saidOfNew(
  context: Pick<ObjectContext, "world" | "access" | "caller" | "bucket" | "key">,
  { acl, tags, lock }: { acl: AclAsked; tags?: Tag[] | undefined; lock: Lock },
): Promise<Said> {
  const { world, access, key, caller } = context;
  const { owner, grants } = await newObjectAcl(context, key, acl);
  const known = { version: { owner, isNew: true }, requestTags: tags };
  // An anonymous writer's own object is nobody's, and so what it says of it is nobody's to allow but S3's.
  const isNobodys = caller.kind === "anonymous" && owner === caller.account.id;
  if (!isNobodys && tags !== undefined) access.require(["s3:PutObjectTagging"], key, known);
  if (lock.retention !== undefined) access.require(["s3:PutObjectRetention"], key, { requestTags: tags });
  if (lock.hold !== undefined) access.require(["s3:PutObjectLegalHold"], key, { requestTags: tags });
  return { owner, grants, lock: lockFor(access, lock, world.now()) };
}

export const putObject = operation({
  name: "PutObject",
  route: "PUT /{Bucket}/{Key}",
  allow: "s3:PutObject",
  input: { ...objectFields, conditions: writeConditions },
  body: stream,
  output: empty(200),
  async handle(context, input, payload) {
    const { world, bucket, key, once, access } = context;
    const { description: told, tags, conditions } = input;
    const { customer } = input.encryption;
    access.requireMatch(conditions.ifMatch, key);
    const said = await saidOfNew(context, input);
    const encryption = encryptionFor(bucket, input.encryption);
    const versioning = versioningOf(bucket.settings);
    const description = { ...told, ...(encryption && { encryption }) };
    const birth = { key, ...said, tags, description, versioning, conditions };
    const { body, etag } = await once(() => receiveObject(world, bucket, payload, customer, birth));
    checkStillHere(bucket, body);
    const { length } = payload;
    const known = payload.checksum ?? payload.ownChecksum;
    const checksum = known && { ...known, type: "FULL_OBJECT" as const };
    const described = { ...description, ...(checksum && { checksum }) };
    const draft = { key, etag, size: length, ...said, description: described, tags };
    const commit = (laid: NewBody) => world.index(bucket).put({ draft, body: laid, versioning, conditions });
    let answer = await commit(body);
    if ("refused" in answer && answer.refused === "blobs only" && body.kind === "data") {
      answer = await commit(await asBlob(world, bucket, body, birth));
    }
    const committed = committedOr(answer, conditions);
    return {
      etag: quoted(committed.etag),
      ...checksumHeaders(checksum),
      ...encryptionHeaders(encryption?.kind, customer),
      ...newVersionHeader(committed),
    };
  },
});

/** The id of a version just made; the null version of a suspended bucket shows none, as in AWS. */
export function newVersionHeader({ versionId }: Committed): Record<string, string> {
  return versionId === NULL_VERSION ? {} : { "x-amz-version-id": versionId };
}

/**
 * Takes a request's body into R2, or nowhere if it is empty; everything it promised has been verified. `birth`: of which
 * object it is the whole, if it is of any.
 */
export async function receivePayload(
  world: World,
  bucket: Bucket,
  payload: Payload,
  customer: CustomerKey | undefined,
  birth?: Birth,
): Promise<{ body: NewBody & { kind: "blob" | "empty" }; etag: string }> {
  if (payload.length > 0) return receiveSource(world, bucket, payload, customer, birth);
  await payload.bytes(0);
  return { body: { kind: "empty" }, etag: EMPTY_MD5 };
}

/** Takes the bytes of an object: small ones into memory, to be kept with its version; others into R2. */
async function receiveObject(
  world: World,
  bucket: Bucket,
  payload: Payload,
  customer: CustomerKey | undefined,
  birth: Birth,
): Promise<{ body: NewBody & { kind: "data" | "blob" | "empty" }; etag: string }> {
  const small = payload.length > 0 && payload.length <= world.config.inlineBytes;
  if (!small || customer !== undefined) {
    return receivePayload(world, bucket, payload, customer, promised(birth, payload, customer));
  }
  const bytes = await payload.bytes(world.config.inlineBytes);
  return { body: { kind: "data", data: bytes.buffer as ArrayBuffer }, etag: payload.md5 ?? "" };
}

/** A birth with what is known of the bytes beforehand. R2 may not say the MD5 of what a client's key encrypts. */
function promised(birth: Birth, { promises }: Payload, customer: CustomerKey | undefined): Birth {
  const { checksum, md5 } = promises;
  const { description } = birth;
  return {
    ...birth,
    etag: customer && md5,
    description: checksum ? { ...description, checksum: { ...checksum, type: "FULL_OBJECT" } } : description,
  };
}

/** The same bytes in R2, for an index that is too large to keep them itself. */
async function asBlob(
  world: World,
  bucket: Bucket,
  body: NewBody & { kind: "data" },
  birth: Birth,
): Promise<NewBody & { kind: "blob" }> {
  const blob = freshBlobName(world, bucket);
  await world.blobs.put(blob, body.data, { customMetadata: spellBirth(birth) });
  return { kind: "blob", blob };
}

/** Takes a source's bytes into R2 under a fresh name. */
export async function receiveSource(
  world: World,
  bucket: Bucket,
  source: Source,
  customer: CustomerKey | undefined,
  birth?: Birth,
): Promise<{ body: NewBody & { kind: "blob" }; etag: string }> {
  const storing = { ssecKey: customer?.key, birth };
  const { blob, md5 }: Received = await receive(world.blobs, freshBlobName(world, bucket), source, storing);
  return { body: { kind: "blob", blob }, etag: md5 };
}

/** A fresh name for a blob of this bucket's. */
export function freshBlobName(world: World, bucket: Bucket): string {
  return blobName(bucket.id, world.now());
}

/** Bytes received for a bucket that was deleted and made anew meanwhile belong to the old one: the client must repeat. */
export function checkStillHere(bucket: Bucket, body: NewBody): void {
  const blob = body.kind === "extents" ? body.extents[0]?.blob : body.kind === "blob" ? body.blob : undefined;
  if (blob !== undefined && !blob.startsWith(`${bucket.id}/`)) {
    throw new Unavailable("the bucket was made anew while its object was on its way");
  }
}

/** What was committed, or S3's error for why not. */
export function committedOr(answer: PutAnswer, conditions: WriteConditions): Committed {
  if ("committed" in answer) return answer.committed;
  switch (answer.refused) {
    case "absent":
      throw new S3Error("NoSuchKey");
    case "failed":
      throw new S3Error("PreconditionFailed", {
        elements: { Condition: conditions.ifMatch === undefined ? "If-None-Match" : "If-Match" },
      });
    case "forbidden":
      throw new S3Error("NoSuchUpload");
    case "locked":
      throw new S3Error("AccessDenied", {
        message: "Access Denied because object protected by object lock.",
      });
    case "source changed":
    case "discarded":
    case "blobs only":
    case "full":
      throw new Unavailable(`a commit was refused: ${answer.refused}`);
  }
}
