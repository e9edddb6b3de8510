// ListParts and ListMultipartUploads: what is held of uploads in progress.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html

import { listUploads, uploadWithParts } from "../directory/uploads.ts";
import { behindMarker } from "../facts/rollup.ts";
import { operation } from "../operation.ts";
import { count, encodingType, query } from "../wire/input.ts";
import { document } from "../wire/output.ts";
import { ListMultipartUploadsResult, ListPartsResult } from "../wire/shapes.ts";
import { confirmBucket } from "../world.ts";
import { checksumMembers, STORAGE_CLASS } from "./description.ts";
import { speller } from "./list.ts";
import { noUpload, uploadId } from "./multipart.ts";
import { ownersShown } from "./owners.ts";

/** Most parts, or uploads, on a page. */
const MAX_PAGE = 1000;

export const listParts = operation({
  name: "ListParts",
  route: "GET /{Bucket}/{Key}?uploadId={id}",
  allow: "s3:ListMultipartUploadParts",
  input: {
    uploadId,
    limit: count("max-parts", MAX_PAGE, MAX_PAGE),
    marker: count("part-number-marker", 0, Number.MAX_SAFE_INTEGER),
  },
  output: document(ListPartsResult),
  async handle({ world, bucket, key, caller }, { uploadId: id, limit, marker }) {
    const held = await uploadWithParts(world.database, bucket, { key, id, by: caller.account.id });
    if (held === undefined) throw await noUpload(world, bucket, id);
    const behind = held.parts.filter(({ number }) => number > marker);
    const page = behind.slice(0, limit);
    const { owner: initiator, promise } = held.upload;
    const shown = await ownersShown(world, [initiator, promise.owner ?? initiator]);
    return {
      bucket: bucket.name,
      key,
      uploadId: id,
      partNumberMarker: marker,
      nextPartNumberMarker: page.at(-1)?.number ?? 0,
      maxParts: limit,
      isTruncated: behind.length > page.length,
      parts: page.map(({ number, modified, etag, size, checksum }) => ({
        number,
        modified,
        etag,
        size,
        ...checksumMembers(checksum),
      })),
      initiator: shown(initiator),
      owner: shown(promise.owner ?? initiator),
      storageClass: STORAGE_CLASS,
      checksumAlgorithm: held.upload.promise.checksum?.algorithm,
      checksumType: held.upload.promise.checksum?.type,
    };
  },
});

export const listMultipartUploads = operation({
  name: "ListMultipartUploads",
  route: "GET /{Bucket}?uploads",
  allow: "s3:ListBucketMultipartUploads",
  input: {
    prefix: query("prefix"),
    delimiter: query("delimiter"),
    keyMarker: query("key-marker"),
    uploadIdMarker: query("upload-id-marker"),
    limit: count("max-uploads", MAX_PAGE, MAX_PAGE),
    encodingType,
  },
  output: document(ListMultipartUploadsResult),
  async handle({ world, bucket }, input) {
    const { prefix = "", delimiter = "", keyMarker = "", limit } = input;
    // Without a key marker, S3 ignores the upload id marker.
    const uploadIdMarker = keyMarker === "" ? "" : (input.uploadIdMarker ?? "");
    const afterId = uploadIdMarker || undefined;
    const window = behindMarker({ prefix, delimiter, limit, after: keyMarker, afterId });
    const page = await listUploads(world.database, bucket, window);
    if (page === undefined) {
      await confirmBucket(world, bucket);
      throw new Error("uploads were not listed although their bucket is as remembered");
    }
    const spell = speller(input.encodingType);
    const ids = page.entries.flatMap(({ owner, promise }) => [owner, promise.owner ?? owner]);
    const shown = await ownersShown(world, ids);
    const last = page.last === page.commonPrefixes.at(-1) ? undefined : page.entries.at(-1);
    // S3 says of every page where it ends, also of the last one.
    return {
      bucket: bucket.name,
      keyMarker: spell(keyMarker),
      uploadIdMarker,
      nextKeyMarker: spell(page.last ?? ""),
      nextUploadIdMarker: last?.id ?? "",
      prefix: spell(prefix) || undefined,
      delimiter: spell(delimiter) || undefined,
      encodingType: input.encodingType,
      maxUploads: limit,
      isTruncated: page.truncated,
      uploads: page.entries.map(({ key, id, owner, initiated, promise }) => ({
        key: spell(key),
        uploadId: id,
        initiator: shown(owner),
        owner: shown(promise.owner ?? owner),
        storageClass: STORAGE_CLASS,
        initiated,
        checksumAlgorithm: promise.checksum?.algorithm,
        checksumType: promise.checksum?.type,
      })),
      commonPrefixes: page.commonPrefixes.map((text) => ({ prefix: spell(text) })),
    };
  },
});
