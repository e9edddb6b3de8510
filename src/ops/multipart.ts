// Multipart uploads: begin, parts, complete, abort. Completing moves no bytes: the parts become the body's extents.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { Bucket } from "../directory/buckets.ts";
import {
  createUpload,
  type Part,
  putPart,
  removeUpload,
  type Upload,
  uploadOf,
  uploadWithParts,
} from "../directory/uploads.ts";
import { type Extent, MAX_EXTENTS } from "../facts/extent.ts";
import { versioningOf } from "../facts/settings.ts";
import type { Committed, NewBody } from "../index/protocol.ts";
import { type ObjectContext, operation, stream, xml } from "../operation.ts";
import { invalidArgument, S3Error } from "../wire/error.ts";
import { type Field, header } from "../wire/input.ts";
import { percentEncode } from "../wire/names.ts";
import { documentAndHeaders, empty } from "../wire/output.ts";
import {
  CompleteMultipartUpload,
  CompleteMultipartUploadResult,
  CopyPartResult,
  InitiateMultipartUploadResult,
} from "../wire/shapes.ts";
import type { ShapeValue } from "../wire/xml.ts";
import { confirmBucket, type World } from "../world.ts";
import { type Claims, checksumMismatch, checksumPlan, claims, wholeChecksum } from "./checksums.ts";
import {
  admitToSource,
  copySource,
  MAX_COPY_BYTES,
  readSource,
  receiveSlice,
  sourceVersionHeader,
  tooLarge,
} from "./copy.ts";
import { checksumHeaders, checksumMembers, description, nothingUnbuilt, quoted } from "./description.ts";
import {
  type CustomerKey,
  checkPartKey,
  customerKey,
  encryptionAsked,
  encryptionFor,
  encryptionHeaders,
} from "./encryption.ts";
import { lockFor, lockHeaders } from "./lock.ts";
import { readConditions } from "./read.ts";
import { taggingHeader } from "./tagging.ts";
import {
  checkStillHere,
  committedOr,
  freshBlobName,
  newVersionHeader,
  receivePayload,
  sortableTime,
  writeConditions,
} from "./write.ts";

/** Least size of any part but the last, in bytes. */
export const MIN_PART_BYTES = 5 * 1024 * 1024;

export const uploadId: Field<string> = ({ query: parameters }) => parameters.get("uploadId") ?? "";

const partNumber: Field<number> = ({ query: parameters }) => {
  const text = parameters.get("partNumber") ?? "";
  const number = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= MAX_EXTENTS) return number;
  throw invalidArgument(
    `Part number must be an integer between 1 and ${MAX_EXTENTS}, inclusive`,
    "partNumber",
    text,
  );
};

export const createMultipartUpload = operation({
  name: "CreateMultipartUpload",
  route: "POST /{Bucket}/{Key}?uploads",
  allow: "s3:PutObject",
  input: {
    nothingUnbuilt,
    encryption: encryptionAsked,
    description,
    tags: taggingHeader,
    lock: lockHeaders,
    checksum: checksumPlan,
  },
  output: documentAndHeaders(InitiateMultipartUploadResult),
  async handle({ world, bucket, key, caller }, input) {
    const { tags, lock, checksum } = input;
    const encryption = encryptionFor(bucket, input.encryption);
    const said = { ...input.description, ...(encryption && { encryption }) };
    const initiated = world.now();
    const promise = { description: said, tags, lock: lockFor(bucket, lock, initiated), checksum };
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

export const uploadPart = operation({
  name: "UploadPart",
  route: "PUT /{Bucket}/{Key}?partNumber={number}&uploadId={id}",
  allow: "s3:PutObject",
  input: { nothingUnbuilt, customer: customerKey(), uploadId, partNumber },
  body: stream,
  output: empty(200),
  async handle(context, { uploadId: id, partNumber: number, customer }, payload) {
    const { world, bucket, key, once } = context;
    // Only an upload under a client's key has to be looked at first.
    const upload = customer && (await uploadOf(world.database, bucket, { key, id }));
    if (customer !== undefined && upload === undefined) throw await noUpload(world, bucket, id);
    if (customer !== undefined) checkPartKey(upload?.promise.description.encryption, customer);
    const { body, etag } = await once(() => receivePayload(world, bucket, payload, customer));
    const { checksum, length: size } = payload;
    const part = { number, size, etag, ...(checksum && { checksum }) };
    const { headers } = await keepPart(context, id, body, customer, part);
    return { etag: quoted(etag), ...checksumHeaders(checksum), ...headers };
  },
});

export const uploadPartCopy = operation({
  name: "UploadPartCopy",
  route: "PUT /{Bucket}/{Key}?partNumber={number}&uploadId={id}",
  header: "x-amz-copy-source",
  allow: "s3:PutObject",
  input: {
    nothingUnbuilt,
    customer: customerKey(),
    sourceKey: customerKey("x-amz-copy-source"),
    uploadId,
    partNumber,
    source: copySource,
    sourceConditions: readConditions("x-amz-copy-source-"),
    range: header("x-amz-copy-source-range"),
    sourceOwner: header("x-amz-source-expected-bucket-owner"),
  },
  output: documentAndHeaders(CopyPartResult),
  async handle(context, input) {
    const { world, bucket, key, once } = context;
    const { source, partNumber: number } = input;
    const from = await admitToSource(context, source, input.sourceOwner);
    const upload = await uploadOf(world.database, bucket, { key, id: input.uploadId });
    if (upload === undefined) throw await noUpload(world, bucket, input.uploadId);
    const { checksum: plan, description: promised } = upload.promise;
    const { customer, sourceKey } = input;
    checkPartKey(promised.encryption, customer);
    const taking = { algorithm: plan?.algorithm, sourceKey, encryption: { customer } };
    const { found, slice, received } = await once(async () => {
      const read = await readSource(world, from, input, "all");
      const wanted = copySlice(input.range, read.version.size);
      return {
        found: read,
        slice: wanted,
        received: await receiveSlice(world, bucket, read, wanted, taking),
      };
    });
    const { body, etag, checksum } = received;
    const { part, headers } = await keepPart(context, input.uploadId, body, customer, {
      number,
      size: slice.length,
      etag,
      ...(checksum && { checksum }),
    });
    return {
      document: { modified: part.modified, etag: part.etag, ...checksumMembers(part.checksum) },
      headers: { ...sourceVersionHeader(from, found.version.versionId), ...headers },
    };
  },
});

/** `bytes=first-last`, both given and inside the source; the whole source without a range. */
function copySlice(range: string | undefined, size: number): { offset: number; length: number } {
  if (range === undefined) {
    if (size > MAX_COPY_BYTES) throw tooLarge();
    return { offset: 0, length: size };
  }
  const found = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(range);
  const [first, last] = [Number(found?.[1]), Number(found?.[2])];
  if (found === null || last < first) {
    throw invalidArgument(
      "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy",
      "x-amz-copy-source-range",
      range,
    );
  }
  if (last >= size) {
    throw invalidArgument(
      `Range specified is not valid for source object of size: ${size}`,
      "x-amz-copy-source-range",
      range,
    );
  }
  return { offset: first, length: last - first + 1 };
}

/** Names a part's blob to the directory. One that no upload takes becomes litter: it has been named, so the index decides. */
async function keepPart(
  { world, bucket, key }: ObjectContext,
  id: string,
  body: NewBody,
  customer: CustomerKey | undefined,
  part: Omit<Part, "blob" | "modified">,
): Promise<{ part: Part; headers: Record<string, string> }> {
  checkStillHere(bucket, body);
  const kept: Part = {
    ...part,
    blob: body.kind === "blob" ? body.blob : freshBlobName(world, bucket),
    modified: world.now(),
  };
  const taken = await putPart(world.database, bucket, { key, id }, kept, customer !== undefined);
  if (taken !== undefined) return { part: kept, headers: encryptionHeaders(taken.encryption, customer) };
  const error = await noUpload(world, bucket, id);
  const upload = await uploadOf(world.database, bucket, { key, id });
  await world.index(bucket).discard({ upload: id, blobs: [kept.blob] });
  if (upload === undefined) throw error;
  checkPartKey(upload.promise.description.encryption, customer);
  throw checksumMismatch(upload.promise.checksum, kept.checksum);
}

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
  body: xml(CompleteMultipartUpload, { checksumsAre: "of the object" }),
  output: documentAndHeaders(CompleteMultipartUploadResult),
  async handle(
    { world, bucket, key, address },
    { uploadId: id, conditions, claims: said, customer },
    { parts: listed },
  ) {
    const held = await uploadWithParts(world.database, bucket, { key, id });
    const versioning = versioningOf(bucket.settings);
    // Completing reads no byte, so a key need not be shown; one that is shown must be the right one.
    if (customer !== undefined) checkPartKey(held?.upload.promise.description.encryption, customer);
    const committed =
      held === undefined
        ? await earlierAnswer(world, bucket, { key, id })
        : committedOr(
            await world.index(bucket).put({ ...whole(held, listed, said), versioning, conditions }),
            conditions,
          );
    if (held !== undefined) {
      const known = new Set([...held.replaced, ...held.parts.map(({ blob }) => blob)]);
      await world.attempt("clear a completed upload", clearUpload(world, bucket, { key, id }, known));
    }
    const { host, scheme } = {
      host: address.headers.get("host") ?? "",
      scheme: address.secure ? "https" : "http",
    };
    const path = `${bucket.name}/${percentEncode(key).replaceAll("%2F", "/")}`;
    return {
      document: {
        location: `${scheme}://${host}/${path}`,
        bucket: bucket.name,
        key,
        etag: committed.etag,
        ...checksumMembers(committed.checksum),
        checksumType: committed.checksum?.type,
      },
      headers: {
        ...encryptionHeaders(held?.upload.promise.description.encryption?.kind, customer),
        ...newVersionHeader(bucket, committed),
      },
    };
  },
});

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

/** The commit that ends an upload: its chosen parts as the object's extents, all other blobs as litter. */
function whole(
  { upload, parts, replaced }: { upload: Upload; parts: Part[]; replaced: string[] },
  listed: ShapeValue<typeof CompleteMultipartUpload>["parts"],
  said: Claims,
) {
  const chosen = choose(parts, listed);
  const { description, tags, lock, checksum: plan } = upload.promise;
  const checksum = wholeChecksum(plan, chosen, said);
  const blobs = new Set(chosen.map(({ blob }) => blob));
  const unchosen = [...replaced, ...parts.map(({ blob }) => blob)].filter((blob) => !blobs.has(blob));
  const size = chosen.reduce((sum, part) => sum + part.size, 0);
  const extents = chosen.filter((part) => part.size > 0).map(extentOf);
  const body: NewBody =
    extents.length === 0 ? { kind: "empty" } : { kind: "extents", name: upload.id, extents };
  return {
    draft: {
      key: upload.key,
      etag: compositeEtag(chosen),
      size,
      owner: upload.owner,
      description: { ...description, parts: chosen.length, ...(checksum && { checksum }) },
      tags,
      lock,
    },
    body,
    upload: { id: upload.id, unchosen },
  };
}

function extentOf({ number, blob, size, checksum }: Part): Extent {
  return { number, blob, size, ...(checksum && { checksum: checksum.value }) };
}

/** The parts that a client names, of those that are held. Pure; throws S3's errors on order, etags, checksums and sizes. */
export function choose(
  held: readonly Part[],
  listed: ShapeValue<typeof CompleteMultipartUpload>["parts"],
): Part[] {
  if (listed.length === 0 || listed.length > MAX_EXTENTS) throw new S3Error("MalformedXML");
  const byNumber = new Map(held.map((part) => [part.number, part]));
  const chosen = listed.map((asked, at) => {
    const previous = listed[at - 1]?.number ?? 0;
    if (asked.number <= previous) throw new S3Error("InvalidPartOrder");
    const part = byNumber.get(asked.number);
    const claimed = part?.checksum && asked[part.checksum.algorithm.toLowerCase() as "crc32"];
    if (
      part === undefined ||
      part.etag !== asked.etag ||
      (claimed ?? part.checksum?.value) !== part.checksum?.value
    ) {
      throw new S3Error("InvalidPart", { elements: { PartNumber: String(asked.number), ETag: asked.etag } });
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

/** Removes an ended upload's rows; blobs that nobody has dealt with, of parts that came late, become litter. */
async function clearUpload(
  world: World,
  bucket: Bucket,
  { key, id }: Pick<Upload, "key" | "id">,
  known: ReadonlySet<string>,
): Promise<void> {
  const blobs = await removeUpload(world.database, bucket, { key, id });
  const late = blobs.filter((blob) => !known.has(blob));
  if (late.length > 0) await world.index(bucket).discard({ upload: id, blobs: late });
}

export const abortMultipartUpload = operation({
  name: "AbortMultipartUpload",
  route: "DELETE /{Bucket}/{Key}?uploadId={id}",
  allow: "s3:AbortMultipartUpload",
  input: { nothingUnbuilt, uploadId },
  output: empty(204),
  async handle({ world, bucket, key }, { uploadId: id }) {
    const held = await uploadWithParts(world.database, bucket, { key, id });
    if (held === undefined) throw await noUpload(world, bucket, id);
    const blobs = [...held.replaced, ...held.parts.map(({ blob }) => blob)];
    // First where it would be committed, then the rows: whoever completes meanwhile either came first, or never will.
    const ended = await world.index(bucket).forbid({ upload: id, key, blobs });
    await clearUpload(world, bucket, { key, id }, new Set(blobs));
    if (ended.outcome === "committed") throw new S3Error("NoSuchUpload", { elements: { UploadId: id } });
    return {};
  },
});
