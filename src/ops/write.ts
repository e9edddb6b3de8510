// PutObject, and what every operation that brings bytes shares: bytes before facts, facts in one transaction.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html

import { EMPTY_MD5, type Received, receive, type Source } from "../blobs/receive.ts";
import type { Payload } from "../body/payload.ts";
import type { Bucket } from "../directory/buckets.ts";
import type { WriteConditions } from "../facts/condition.ts";
import { Unavailable } from "../facts/outage.ts";
import { versioningOf } from "../facts/settings.ts";
import type { Committed, NewBody, PutAnswer } from "../index/protocol.ts";
import { operation, stream } from "../operation.ts";
import { S3Error } from "../wire/error.ts";
import { type Field, header } from "../wire/input.ts";
import { empty } from "../wire/output.ts";
import type { World } from "../world.ts";
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
  encryption: encryptionAsked,
  description,
  tags: taggingHeader,
  lock: lockHeaders,
};

export const putObject = operation({
  name: "PutObject",
  route: "PUT /{Bucket}/{Key}",
  allow: "s3:PutObject",
  input: { ...objectFields, conditions: writeConditions },
  body: stream,
  output: empty(200),
  async handle({ world, bucket, key, caller, once }, input, payload) {
    const { description: said, tags, lock, conditions } = input;
    const { customer } = input.encryption;
    const held = lockFor(bucket, lock, world.now());
    const { body, etag } = await once(() => receivePayload(world, bucket, payload, customer));
    checkStillHere(bucket, body);
    const { length } = payload;
    const checksum = payload.checksum && { ...payload.checksum, type: "FULL_OBJECT" as const };
    const encryption = encryptionFor(bucket, input.encryption);
    const draft = {
      key,
      etag,
      size: length,
      owner: caller.account.id,
      description: { ...said, ...(encryption && { encryption }), ...(checksum && { checksum }) },
      tags,
      lock: held,
    };
    const versioning = versioningOf(bucket.settings);
    const committed = committedOr(
      await world.index(bucket).put({ draft, body, versioning, conditions }),
      conditions,
    );
    return {
      etag: quoted(committed.etag),
      ...checksumHeaders(checksum),
      ...encryptionHeaders(encryption?.kind, customer),
      ...newVersionHeader(bucket, committed),
    };
  },
});

/** The id of a version just made; the null version of a suspended bucket shows none, as in AWS. */
export function newVersionHeader({ settings }: Bucket, { versionId }: Committed): Record<string, string> {
  return versioningOf(settings) === "enabled" ? { "x-amz-version-id": versionId } : {};
}

/** Takes a request's body into R2, or nowhere if it is empty; everything it promised has been verified. */
export async function receivePayload(
  world: World,
  bucket: Bucket,
  payload: Payload,
  customer: CustomerKey | undefined,
): Promise<{ body: NewBody & { kind: "blob" | "empty" }; etag: string }> {
  if (payload.length > 0) return receiveSource(world, bucket, payload, customer);
  await payload.bytes(0);
  return { body: { kind: "empty" }, etag: EMPTY_MD5 };
}

/** Takes a source's bytes into R2 under a fresh name. */
export async function receiveSource(
  world: World,
  bucket: Bucket,
  source: Source,
  customer: CustomerKey | undefined,
): Promise<{ body: NewBody & { kind: "blob" }; etag: string }> {
  const { blob, md5 }: Received = await receive(
    world.blobs,
    freshBlobName(world, bucket),
    source,
    customer?.key,
  );
  return { body: { kind: "blob", blob }, etag: md5 };
}

/** `<bucket id>/<birth time>-<random>`: fresh, unguessable, and found again by its bucket and its age. */
export function freshBlobName(world: World, bucket: Bucket): string {
  return `${bucket.id}/${sortableTime(world.now())}-${crypto.randomUUID()}`;
}

/** ms since 1970 as a text that sorts by time, until the year 5188. */
export function sortableTime(ms: number): string {
  return ms.toString(36).padStart(9, "0");
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
      throw new Unavailable(`a commit was refused: ${answer.refused}`);
  }
}
