// Multipart uploads: begin, complete, abort. Completing moves no bytes: the parts become the body's extents.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { Access } from "../auth/authorize.ts";
import type { Bucket } from "../directory/buckets.ts";
import {
  createUpload,
  type Part,
  removeLateParts,
  removeUpload,
  type Upload,
  uploadWithParts,
} from "../directory/uploads.ts";
import { sortableTime } from "../facts/blob-name.ts";
import { type Extent, MAX_EXTENTS } from "../facts/extent.ts";
import { versioningOf } from "../facts/settings.ts";
import type { Committed, NewBody } from "../index/protocol.ts";
import { operation, optionalXml } from "../operation.ts";
import { S3Error } from "../wire/error.ts";
import type { Field } from "../wire/input.ts";
import { pathEncode } from "../wire/names.ts";
import { documentAndHeaders, empty } from "../wire/output.ts";
import {
  CompleteMultipartUpload,
  CompleteMultipartUploadResult,
  InitiateMultipartUploadResult,
} from "../wire/shapes.ts";
import type { ShapeValue } from "../wire/xml.ts";
import { confirmBucket, type World } from "../world.ts";
import { type Claims, checksumPlan, claims, wholeChecksum } from "./checksums.ts";
import { checksumMembers, nothingUnbuilt } from "./description.ts";
import { checkPartKey, customerKey, encryptionFor, encryptionHeaders } from "./encryption.ts";
import { lockFor } from "./lock.ts";
import { committedOr, newVersionHeader, objectFields, saidOfNew, writeConditions } from "./write.ts";

/** Least size of any part but the last, in bytes. */
export const MIN_PART_BYTES = 5 * 1024 * 1024;

export const uploadId: Field<string> = ({ query: parameters }) => parameters.get("uploadId") ?? "";

export const createMultipartUpload = operation({
  name: "CreateMultipartUpload",
  route: "POST /{Bucket}/{Key}?uploads",
  allow: "s3:PutObject",
  input: { ...objectFields, checksum: checksumPlan },
  output: documentAndHeaders(InitiateMultipartUploadResult),
  async handle(context, input) {
    const { world, bucket, key, caller } = context;
    const { tags, checksum } = input;
    const { owner, grants, lock } = await saidOfNew(context, input);
    const encryption = encryptionFor(bucket, input.encryption);
    const said = { ...input.description, ...(encryption && { encryption }) };
    const initiated = world.now();
    const promise = { description: said, tags, lock, checksum, owner, grants };
    // The id begins with its time, so that a key's uploads sort by it.
    const id = sortableTime(initiated) + crypto.randomUUID().replaceAll("-", "");
    const upload = { key, id, owner: caller.account.id, initiated, promise };
    if (!(await createUpload(world.database, bucket, upload))) {
      await confirmBucket(world, bucket);
      throw new Error("an upload was refused although its bucket is as remembered");
    }
    return {
      document: { bucket: bucket.name, key, uploadId: id },
      headers: {
        "x-amz-checksum-algorithm": checksum?.algorithm,
        "x-amz-checksum-type": checksum?.type,
        ...encryptionHeaders(encryption?.kind, input.encryption.customer),
      },
    };
  },
});

/** S3's error for an upload that is not there, once the bucket is known to be as remembered. */
export async function noUpload(world: World, bucket: Bucket, id: string): Promise<S3Error> {
  await confirmBucket(world, bucket);
  return new S3Error("NoSuchUpload", { elements: { UploadId: id } });
}

export const completeMultipartUpload = operation({
  name: "CompleteMultipartUpload",
  route: "POST /{Bucket}/{Key}?uploadId={id}",
  allow: "s3:PutObject",
  input: { nothingUnbuilt, uploadId, conditions: writeConditions, claims, customer: customerKey() },
  // A body of length 0 is one without a document.
  body: { ...optionalXml(CompleteMultipartUpload, { checksumsAre: "of the object" }), required: true },
  output: documentAndHeaders(CompleteMultipartUploadResult),
  async handle(
    { world, bucket, key, address, access, caller },
    { uploadId: id, conditions, claims: said, customer },
    document,
  ) {
    access.requireMatch(conditions.ifMatch, key);
    const held = await uploadWithParts(world.database, bucket, { key, id, by: caller.account.id });
    const versioning = versioningOf(bucket.settings);
    // Completing reads no byte, so a key need not be shown; one that is shown must be the right one.
    if (customer !== undefined) checkPartKey(held?.upload.promise.description.encryption, customer);
    const committed =
      held === undefined
        ? await earlierAnswer(world, bucket, { key, id })
        : committedOr(
            await world
              .index(bucket)
              .put({ ...whole(world, access, held, partsIn(document), said), versioning, conditions }),
            conditions,
          );
    if (held !== undefined) {
      await world.attempt("clear a completed upload", clearUpload(world, bucket, held));
    }
    const origin = `${address.secure ? "https" : "http"}://${address.headers.get("host") ?? ""}`;
    return {
      document: {
        location: `${origin}/${bucket.name}/${pathEncode(key)}`,
        bucket: bucket.name,
        key,
        etag: committed.etag,
        ...checksumMembers(committed.checksum),
        checksumType: committed.checksum?.type,
      },
      headers: {
        ...(held && encryptionHeaders(held.upload.promise.description.encryption?.kind, customer)),
        ...newVersionHeader(committed),
      },
    };
  },
});

/** The parts that a client lists: without a document that is none. */
function partsIn(document: ShapeValue<typeof CompleteMultipartUpload> | undefined) {
  return document?.parts ?? [];
}

/** What an upload that the directory no longer knows was answered; it may have been completed before. */
async function earlierAnswer(
  world: World,
  bucket: Bucket,
  { key, id }: Pick<Upload, "key" | "id">,
): Promise<Committed> {
  const error = await noUpload(world, bucket, id);
  const ended = await world.index(bucket).outcome({ upload: id, key });
  if (ended.outcome === "committed") return ended.committed;
  throw error;
}

/** An upload with all that it holds. */
type Held = NonNullable<Awaited<ReturnType<typeof uploadWithParts>>>;

/** The commit that ends an upload: its chosen parts as the object's extents, all other blobs as litter. */
function whole(
  world: World,
  access: Access,
  { upload, parts, replaced }: Held,
  listed: ShapeValue<typeof CompleteMultipartUpload>["parts"],
  said: Claims,
) {
  const chosen = choose(upload.id, parts, listed);
  const { description, tags, lock: promised, checksum: plan, owner, grants } = upload.promise;
  // A default retention that the bucket got since the upload began holds for what is made of it.
  const lock = promised?.retention ? promised : lockFor(access, promised ?? {}, world.now());
  const checksum = wholeChecksum(plan, chosen, said);
  const blobs = new Set(chosen.map(({ blob }) => blob));
  const unchosen = [...replaced, ...parts.map(({ blob }) => blob)].filter((blob) => !blobs.has(blob));
  const size = chosen.reduce((sum, part) => sum + part.size, 0);
  const body: NewBody = { kind: "extents", name: upload.id, extents: chosen.map(extentOf) };
  return {
    draft: {
      key: upload.key,
      etag: compositeEtag(chosen),
      size,
      owner: owner ?? upload.owner,
      grants,
      description: { ...description, parts: chosen.length, ...(checksum && { checksum }) },
      tags,
      lock,
    },
    body,
    upload: { id: upload.id, unchosen },
  };
}

function extentOf({ number, blob, size, checksum }: Part): Extent {
  // A part without bytes has nothing in R2.
  return { number, blob: size === 0 ? "" : blob, size, ...(checksum && { checksum: checksum.value }) };
}

/** The parts that a client names, of those that are held. Pure; throws S3's errors on order, etags, checksums and sizes. */
export function choose(
  id: string,
  held: readonly Part[],
  listed: ShapeValue<typeof CompleteMultipartUpload>["parts"],
): Part[] {
  if (listed.length === 0 || listed.length > MAX_EXTENTS) throw new S3Error("MalformedXML");
  const byNumber = new Map(held.map((part) => [part.number, part]));
  const chosen = listed.map((asked, at) => {
    const previous = listed[at - 1]?.number ?? 0;
    if (asked.number <= previous) throw new S3Error("InvalidPartOrder", { elements: { UploadId: id } });
    const part = byNumber.get(asked.number);
    const claimed = part?.checksum && asked[part.checksum.algorithm.toLowerCase() as "crc32"];
    if (
      part === undefined ||
      part.etag !== asked.etag ||
      (claimed ?? part.checksum?.value) !== part.checksum?.value
    ) {
      throw new S3Error("InvalidPart", {
        elements: { UploadId: id, PartNumber: String(asked.number), ETag: asked.etag },
      });
    }
    return part;
  });
  const small = chosen.slice(0, -1).find(({ size }) => size < MIN_PART_BYTES);
  if (small !== undefined) {
    throw new S3Error("EntityTooSmall", {
      elements: {
        ProposedSize: String(small.size),
        MinSizeAllowed: String(MIN_PART_BYTES),
        PartNumber: String(small.number),
        ETag: small.etag,
      },
    });
  }
  return chosen;
}

/** The MD5 of the parts' MD5s, and how many they are. */
function compositeEtag(parts: readonly Part[]): string {
  const md5 = createHash("md5");
  for (const { etag } of parts) md5.update(Buffer.from(etag, "hex"));
  return `${md5.digest("hex")}-${parts.length}`;
}

/** Removes an ended upload's rows; the blobs of parts that came after it was read become litter first. */
async function clearUpload(world: World, bucket: Bucket, { upload: { key, id }, seen }: Held): Promise<void> {
  const late = await removeUpload(world.database, bucket, { key, id }, seen);
  if (late.length === 0) return;
  await world.index(bucket).discard({ upload: id, blobs: late });
  await removeLateParts(world.database, id);
}

export const abortMultipartUpload = operation({
  name: "AbortMultipartUpload",
  route: "DELETE /{Bucket}/{Key}?uploadId={id}",
  allow: "s3:AbortMultipartUpload",
  input: { nothingUnbuilt, uploadId },
  output: empty(204),
  async handle({ world, bucket, key, caller }, { uploadId: id }) {
    const held = await uploadWithParts(world.database, bucket, { key, id, by: caller.account.id });
    if (held === undefined) throw await noUpload(world, bucket, id);
    const blobs = [...held.replaced, ...held.parts.map(({ blob }) => blob)];
    // First where it would be committed, then the rows: whoever completes meanwhile either came first, or never will.
    const ended = await world.index(bucket).forbid({ upload: id, key, blobs });
    await clearUpload(world, bucket, held);
    if (ended.outcome === "committed") throw new S3Error("NoSuchUpload", { elements: { UploadId: id } });
    return {};
  },
});
