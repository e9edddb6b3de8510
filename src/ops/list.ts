// ListObjects, ListObjectsV2 and ListObjectVersions: one call to the index each, and three ways to say what it found.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html

import { isVersionId } from "../facts/order.ts";
import { behindMarker } from "../facts/rollup.ts";
import type { ListEntry } from "../index/protocol.ts";
import { operation } from "../operation.ts";
import { continuation, writeCursor } from "../wire/cursor.ts";
import { invalidArgument } from "../wire/error.ts";
import { count, encodingType, query } from "../wire/input.ts";
import { pathEncode } from "../wire/names.ts";
import { document } from "../wire/output.ts";
import { ListBucketResult, ListVersionsResult } from "../wire/shapes.ts";
import { STORAGE_CLASS } from "./description.ts";
import { ownersOf } from "./owners.ts";

/** Most entries on a page. */
export const MAX_LIST_KEYS = 1000;

const window = {
  prefix: query("prefix"),
  delimiter: query("delimiter"),
  limit: count("max-keys", MAX_LIST_KEYS, MAX_LIST_KEYS),
  encodingType,
};

/** How keys are shown: as they are, or percent-encoded if the client asked for it. */
export function speller(encoding: "url" | undefined): <T extends string | undefined>(text: T) => T {
  return (text) => (text === undefined || encoding === undefined ? text : (pathEncode(text) as typeof text));
}

function listed({ key, modified, etag, size, checksum }: ListEntry, spell: (text: string) => string) {
  return {
    key: spell(key),
    modified,
    etag,
    size,
    checksumAlgorithm: checksum?.algorithm,
    checksumType: checksum?.type,
    storageClass: STORAGE_CLASS,
  };
}

export const listObjects = operation({
  name: "ListObjects",
  route: "GET /{Bucket}",
  allow: "s3:ListBucket",
  input: { ...window, marker: query("marker") },
  output: document(ListBucketResult),
  async handle(
    { world, bucket },
    { prefix = "", delimiter = "", limit, marker = "", encodingType: encoding },
  ) {
    const page = await world.index(bucket).list({
      what: "current",
      window: behindMarker({ prefix, delimiter, limit, after: marker }),
    });
    const spell = speller(encoding);
    const owner = await ownersOf(world, bucket, page.entries);
    return {
      name: bucket.name,
      // Alone among what this version shows, and unlike in the second, never encoded: its clients do not decode it.
      prefix,
      marker: spell(marker),
      // S3 says where to go on only if there is a delimiter; without one it is the last key.
      nextMarker: page.truncated && delimiter !== "" ? spell(page.last) : undefined,
      maxKeys: limit,
      delimiter: spell(delimiter) || undefined,
      encodingType: encoding,
      isTruncated: page.truncated,
      contents: page.entries.map((entry) => ({
        ...listed(entry, spell),
        owner: owner(entry.owner),
      })),
      commonPrefixes: page.commonPrefixes.map((text) => ({ prefix: spell(text) })),
    };
  },
});

export const listObjectsV2 = operation({
  name: "ListObjectsV2",
  route: "GET /{Bucket}?list-type=2",
  allow: "s3:ListBucket",
  input: {
    ...window,
    startAfter: query("start-after"),
    token: query("continuation-token"),
    after: continuation,
    fetchOwner: query("fetch-owner"),
  },
  output: document(ListBucketResult),
  async handle({ world, bucket }, input) {
    const { prefix = "", delimiter = "", limit, startAfter, token, fetchOwner } = input;
    const page = await world
      .index(bucket)
      .list({ what: "current", window: { prefix, delimiter, limit, after: input.after ?? startAfter } });
    const spell = speller(input.encodingType);
    const owned = fetchOwner?.toLowerCase() === "true";
    const owner = await ownersOf(world, bucket, owned ? page.entries : []);
    return {
      name: bucket.name,
      prefix: spell(prefix),
      startAfter: spell(startAfter),
      continuationToken: token,
      nextContinuationToken: page.truncated && page.last !== undefined ? writeCursor(page.last) : undefined,
      keyCount: page.entries.length + page.commonPrefixes.length,
      maxKeys: limit,
      delimiter: spell(delimiter) || undefined,
      encodingType: input.encodingType,
      isTruncated: page.truncated,
      contents: page.entries.map((entry) => ({
        ...listed(entry, spell),
        owner: owned ? owner(entry.owner) : undefined,
      })),
      commonPrefixes: page.commonPrefixes.map((text) => ({ prefix: spell(text) })),
    };
  },
});

export const listObjectVersions = operation({
  name: "ListObjectVersions",
  route: "GET /{Bucket}?versions",
  allow: "s3:ListBucketVersions",
  input: { ...window, keyMarker: query("key-marker"), versionIdMarker: query("version-id-marker") },
  output: document(ListVersionsResult),
  async handle({ world, bucket }, input) {
    const { prefix = "", delimiter = "", limit, keyMarker = "", versionIdMarker = "" } = input;
    if (versionIdMarker !== "" && keyMarker === "") {
      throw invalidArgument(
        "A version-id marker cannot be specified without a key marker.",
        "version-id-marker",
        versionIdMarker,
      );
    }
    if (versionIdMarker !== "" && !isVersionId(versionIdMarker)) {
      throw invalidArgument("Invalid version id specified", "version-id-marker", versionIdMarker);
    }
    const afterId = versionIdMarker || undefined;
    const page = await world.index(bucket).list({
      what: "versions",
      window: behindMarker({ prefix, delimiter, limit, after: keyMarker, afterId }),
    });
    const spell = speller(input.encodingType);
    const shown = await ownersOf(world, bucket, page.entries);
    const lastIsPrefix = page.last !== undefined && page.last === page.commonPrefixes.at(-1);
    return {
      name: bucket.name,
      prefix: spell(prefix),
      keyMarker: spell(keyMarker),
      versionIdMarker,
      nextKeyMarker: page.truncated ? spell(page.last) : undefined,
      nextVersionIdMarker: page.truncated && !lastIsPrefix ? page.entries.at(-1)?.versionId : undefined,
      maxKeys: limit,
      delimiter: spell(delimiter) || undefined,
      encodingType: input.encodingType,
      isTruncated: page.truncated,
      entries: page.entries.map((entry) => {
        const { versionId, latest: isLatest, modified } = entry;
        const owner = shown(entry.owner);
        const key = spell(entry.key);
        return entry.marker
          ? { marker: { key, versionId, isLatest, modified, owner } }
          : { version: { ...listed(entry, spell), versionId, isLatest, owner } };
      }),
      commonPrefixes: page.commonPrefixes.map((text) => ({ prefix: spell(text) })),
    };
  },
});
