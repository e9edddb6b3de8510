// UploadPart and UploadPartCopy: bytes to R2 first, then the part to the directory, if it still has the upload.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html

import { type Part, putPart, uploadOf } from "../directory/uploads.ts";
import type { NewBody } from "../index/protocol.ts";
import { type ObjectContext, operation, stream } from "../operation.ts";
import { invalidArgument, S3Error } from "../wire/error.ts";
import { type Field, header } from "../wire/input.ts";
import { documentAndHeaders, empty } from "../wire/output.ts";
import { CopyPartResult } from "../wire/shapes.ts";
import { checksumMismatch } from "./checksums.ts";
import {
  accessToSource,
  copySource,
  MAX_COPY_BYTES,
  readSource,
  receiveSlice,
  sourceVersionHeader,
  tooLarge,
} from "./copy.ts";
import { checksumHeaders, checksumMembers, nothingUnbuilt, quoted } from "./description.ts";
import { type CustomerKey, checkPartKey, customerKey, encryptionHeaders } from "./encryption.ts";
import { noUpload, uploadId } from "./multipart.ts";
import { partNumberOf, readConditions } from "./read.ts";
import { checkStillHere, freshBlobName, receivePayload } from "./write.ts";

const partNumber: Field<number> = ({ query }) => partNumberOf(query.get("partNumber") ?? "");

export const uploadPart = operation({
  name: "UploadPart",
  route: "PUT /{Bucket}/{Key}?partNumber={number}&uploadId={id}",
  allow: "s3:PutObject",
  input: { nothingUnbuilt, customer: customerKey(), uploadId, partNumber },
  body: stream,
  output: empty(200),
  async handle(context, { uploadId: id, partNumber: number, customer }, payload) {
    const { world, bucket, key, once, caller } = context;
    const by = caller.account.id;
    // Only an upload under a client's key has to be looked at first.
    const upload = customer && (await uploadOf(world.database, bucket, { key, id, by }));
    if (customer !== undefined && upload === undefined) throw await noUpload(world, bucket, id);
    if (customer !== undefined) checkPartKey(upload?.promise.description.encryption, customer);
    const { body, etag } = await once(() => receivePayload(world, bucket, payload, customer));
    const { checksum, length: size } = payload;
    const part = { number, size, etag, ...(checksum && { checksum }) };
    const { headers } = await keepPart(context, id, body, customer, part);
    // Of which type the object's checksum will be, only its upload knows.
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
    const { world, bucket, key, once, caller } = context;
    const { source, partNumber: number } = input;
    const from = await accessToSource(context, source, input.sourceOwner);
    const upload = await uploadOf(world.database, bucket, { key, id: input.uploadId, by: caller.account.id });
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
      headers: { ...sourceVersionHeader(from.bucket, found.version.versionId), ...headers },
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
  if (first >= size) {
    throw new S3Error("InvalidRequest", {
      message: "The specified copy range is invalid for the source object size",
    });
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
  { world, bucket, key, caller }: ObjectContext,
  id: string,
  body: NewBody,
  customer: CustomerKey | undefined,
  part: Omit<Part, "blob" | "modified">,
): Promise<{ part: Part; headers: Record<string, string> }> {
  checkStillHere(bucket, body);
  const asked = { key, id, by: caller.account.id };
  const kept = { ...part, blob: body.kind === "blob" ? body.blob : freshBlobName(world, bucket) };
  const taken = await putPart(world.database, bucket, asked, kept, customer !== undefined);
  if (taken !== undefined) {
    const { encryption, modified } = taken;
    return { part: { ...kept, modified }, headers: encryptionHeaders(encryption, customer) };
  }
  const error = await noUpload(world, bucket, id);
  const upload = await uploadOf(world.database, bucket, asked);
  await world.index(bucket).discard({ upload: id, blobs: [kept.blob] });
  if (upload === undefined) throw error;
  checkPartKey(upload.promise.description.encryption, customer);
  throw checksumMismatch(upload.promise.checksum, kept.checksum);
}
