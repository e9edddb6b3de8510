// Tags of objects, versions and buckets.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html

import type { Access } from "../auth/authorize.ts";
import { compareUtf8 } from "../facts/rollup.ts";
import type { Tag } from "../facts/version.ts";
import type { MarkAnswer } from "../index/protocol.ts";
import { operation, versioned, xml } from "../operation.ts";
import { invalidArgument, S3Error } from "../wire/error.ts";
import type { Field } from "../wire/input.ts";
import { document, documentAndHeaders, empty } from "../wire/output.ts";
import { Tagging } from "../wire/shapes.ts";
import type { ShapeValue } from "../wire/xml.ts";
import { versionIdHeader } from "./description.ts";
import { judgeObject, missing, missingOrMarker, type Named, readAllowed, versionId } from "./read.ts";
import { removalOf, setBucket } from "./settings.ts";

/** Most tags of an object, and of a bucket. */
const MAX_OBJECT_TAGS = 10;
const MAX_BUCKET_TAGS = 50;

/** Largest document of an object's tags, in bytes. */
const MAX_TAGGING_BYTES = 64 * 1024;

/** Longest key and value of a tag, in characters. */
const MAX_TAG_KEY = 128;
const MAX_TAG_VALUE = 256;

const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** Tags as S3 allows them: how many, how long, of which characters, each key once. Throws InvalidTag. */
export function checkTags(tags: readonly Tag[], most: number): Tag[] {
  const invalid = (message: string, elements: Record<string, string> = {}) =>
    new S3Error("InvalidTag", { message, elements });
  if (tags.length > most) {
    throw invalid(
      most === MAX_OBJECT_TAGS
        ? `Object tags cannot be greater than ${most}`
        : `Bucket tag count cannot be greater than ${most}`,
    );
  }
  for (const [key, value] of tags) {
    const length = [...key].length;
    if (key.startsWith("aws:")) {
      const ofObject = "Your TagKey cannot be prefixed with aws:";
      const ofBucket = "System tags cannot be added/updated by requester";
      throw invalid(most === MAX_OBJECT_TAGS ? ofObject : ofBucket, { TagKey: key });
    }
    if (length === 0 || length > MAX_TAG_KEY || !TAG_TEXT.test(key)) {
      throw invalid("The TagKey you have provided is invalid", { TagKey: key });
    }
    if ([...value].length > MAX_TAG_VALUE || !TAG_TEXT.test(value)) {
      throw invalid("The TagValue you have provided is invalid", { TagKey: key, TagValue: value });
    }
  }
  const twice = tags.find(([key], at) => tags.findIndex(([other]) => other === key) < at);
  if (twice !== undefined) {
    throw invalid("Cannot provide multiple Tags with the same key", { TagKey: twice[0] });
  }
  // In the order of their keys, as S3 shows them.
  return tags.toSorted(([a], [b]) => compareUtf8(a, b));
}

/** `x-amz-tagging`: tags as URL query parameters. */
export const taggingHeader: Field<Tag[] | undefined> = ({ headers }) => {
  const text = headers.get("x-amz-tagging");
  if (text === null) return undefined;
  const pairs = [...new URLSearchParams(text).entries()];
  const isText = pairs.every((pair) => pair.every((one) => TAG_TEXT.test(one)));
  if (!isText || new Set(pairs.map(([key]) => key)).size < pairs.length) {
    throw invalidArgument(
      "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
      "x-amz-tagging",
      text,
    );
  }
  return checkTags(pairs, MAX_OBJECT_TAGS);
};

function shown(tags: readonly Tag[] = []): ShapeValue<typeof Tagging> {
  return { set: { tags: tags.map(([key, value]) => ({ key, value })) } };
}

function listed({ set }: Pick<ShapeValue<typeof Tagging>, "set">, most: number): Tag[] {
  return checkTags(set?.tags.map(({ key, value }): Tag => [key, value]) ?? [], most);
}

/** The tags that a bucket is created with. Throws InvalidTag. */
export function tagsOfNewBucket(set: ShapeValue<typeof Tagging>["set"]): Tag[] {
  return listed({ set }, MAX_BUCKET_TAGS);
}

/** The version that was marked, or S3's error for why none was: that it is not there only to whoever may list its key. */
export function markedOr(
  answer: MarkAnswer,
  access: Access,
  named: Named,
  errorFor: typeof missing = missing,
): string {
  if ("marked" in answer) return answer.marked.versionId;
  // It was replaced between the decision and the write, which is as if this request had come a moment before.
  if ("refused" in answer && answer.refused === "changed") throw new S3Error("OperationAborted");
  if ("refused" in answer) {
    throw new S3Error("AccessDenied", { message: "Access Denied because object protected by object lock." });
  }
  if (!access.mayMiss(named.key)) access.refuse();
  throw errorFor(answer, named);
}

export const getObjectTagging = operation({
  name: "GetObjectTagging",
  route: "GET /{Bucket}/{Key}?tagging",
  allow: versioned("s3:GetObjectTagging", "s3:GetObjectVersionTagging"),
  judged: "with the object",
  input: { versionId },
  output: documentAndHeaders(Tagging),
  async handle(context, { versionId }) {
    const { bucket, key } = context;
    const { version } = await readAllowed(context, { key, versionId, want: "none" }, missingOrMarker);
    return { document: shown(version.tags), headers: versionIdHeader(bucket, version.versionId) };
  },
});

export const putObjectTagging = operation({
  name: "PutObjectTagging",
  route: "PUT /{Bucket}/{Key}?tagging",
  allow: versioned("s3:PutObjectTagging", "s3:PutObjectVersionTagging"),
  judged: "by the handler",
  input: { versionId },
  body: xml(Tagging, { most: MAX_TAGGING_BYTES }),
  output: empty(200),
  async handle(context, { versionId }, tagging) {
    const { world, bucket, key, access } = context;
    const tags = listed(tagging, MAX_OBJECT_TAGS);
    const judged = await judgeObject(context, { key, versionId }, { requestTags: tags }, missingOrMarker);
    const answer = await world.index(bucket).mark({ key, versionId, tags, judged });
    const marked = markedOr(answer, access, { key, versionId }, missingOrMarker);
    return versionIdHeader(bucket, marked);
  },
});

export const deleteObjectTagging = operation({
  name: "DeleteObjectTagging",
  route: "DELETE /{Bucket}/{Key}?tagging",
  allow: versioned("s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging"),
  judged: "with the object",
  input: { versionId },
  output: empty(204),
  async handle(context, { versionId }) {
    const { world, bucket, key, access } = context;
    const judged = await judgeObject(context, { key, versionId }, {}, missingOrMarker);
    const answer = await world.index(bucket).mark({ key, versionId, tags: null, judged });
    const marked = markedOr(answer, access, { key, versionId }, missingOrMarker);
    return versionIdHeader(bucket, marked);
  },
});

export const getBucketTagging = operation({
  name: "GetBucketTagging",
  route: "GET /{Bucket}?tagging",
  allow: "s3:GetBucketTagging",
  bucket: "fresh",
  input: {},
  output: document(Tagging),
  async handle({ bucket }) {
    const { tags } = bucket.settings;
    if (tags === undefined) throw new S3Error("NoSuchTagSet");
    return shown(tags);
  },
});

export const putBucketTagging = operation({
  name: "PutBucketTagging",
  route: "PUT /{Bucket}?tagging",
  allow: "s3:PutBucketTagging",
  bucket: "fresh",
  input: {},
  body: xml(Tagging, { integrity: true }),
  output: empty(204),
  async handle({ world, bucket }, _input, tagging) {
    const tags = listed(tagging, MAX_BUCKET_TAGS);
    const { tags: _old, ...rest } = bucket.settings;
    await setBucket(world, bucket, tags.length === 0 ? rest : { ...rest, tags });
    return {};
  },
});

export const deleteBucketTagging = removalOf("tags", {
  name: "DeleteBucketTagging",
  subresource: "tagging",
  allow: "s3:PutBucketTagging",
});
