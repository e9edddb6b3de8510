// DeleteObject and DeleteObjects: one commit in the index, for one key or for a thousand.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html

import type { Access } from "../auth/authorize.ts";
import type { RemoveConditions } from "../facts/condition.ts";
import { MAX_KEY_BYTES, utf8Length } from "../facts/key.ts";
import { isVersionId } from "../facts/order.ts";
import { versioningOf } from "../facts/settings.ts";
import type { Removed } from "../index/protocol.ts";
import { type BucketContext, operation, versioned, xml } from "../operation.ts";
import { invalidArgument, S3Error } from "../wire/error.ts";
import { type Field, header } from "../wire/input.ts";
import { document, empty } from "../wire/output.ts";
import { Delete, DeleteResult } from "../wire/shapes.ts";
import type { ShapeValue } from "../wire/xml.ts";
import { nothingUnbuilt } from "./description.ts";
import { bypassHeader } from "./lock.ts";
import { versionId } from "./read.ts";

/** Most keys in one DeleteObjects. */
export const MAX_DELETE_KEYS = 1000;

type Entry = ShapeValue<typeof Delete>["objects"][number];

/** If-Match, and the two conditions of directory buckets. */
const conditions: Field<RemoveConditions> = (address) => {
  const size = header("x-amz-if-match-size")(address);
  if (size !== undefined && !/^\d{1,15}$/.test(size)) {
    throw invalidArgument("x-amz-if-match-size must be a number of bytes", "x-amz-if-match-size", size);
  }
  return {
    ifMatch: header("if-match")(address),
    ifMatchSize: size === undefined ? undefined : Number(size),
    ifMatchModified: readTime(header("x-amz-if-match-last-modified-time")(address)),
  };
};

/** A time in whole seconds, in whichever of S3's spellings. Throws InvalidArgument. */
function readTime(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = Date.parse(text);
  if (Number.isNaN(ms))
    throw new S3Error("InvalidArgument", { message: "A last-modified time cannot be read." });
  return Math.floor(ms / 1000) * 1000;
}

/** Whether the caller may learn what such conditions tell of the object. */
function mayAsk(access: Access, key: string, { ifMatch, ifMatchSize, ifMatchModified }: RemoveConditions) {
  const asksMore = ifMatchSize !== undefined || ifMatchModified !== undefined;
  return access.mayMatch(ifMatch, key) && (!asksMore || access.may("s3:GetObject", key));
}

/** What every removal says beside its entries. */
function manner({ bucket, caller }: Pick<BucketContext, "bucket" | "caller">, bypass: boolean) {
  return { versioning: versioningOf(bucket.settings), owner: caller.account.id, bypass };
}

/** Why an entry was left alone. */
function refusal({ refused }: Extract<Removed, { refused: string }>, asked?: RemoveConditions): S3Error {
  if (refused === "absent") return new S3Error("NoSuchKey");
  if (refused === "failed") {
    const elements = asked?.ifMatch === undefined ? {} : { Condition: "If-Match" };
    return new S3Error("PreconditionFailed", { elements });
  }
  return new S3Error("AccessDenied", { message: "Access Denied because object protected by object lock." });
}

export const deleteObject = operation({
  name: "DeleteObject",
  route: "DELETE /{Bucket}/{Key}",
  allow: versioned("s3:DeleteObject", "s3:DeleteObjectVersion"),
  input: { nothingUnbuilt, versionId, conditions, bypass: bypassHeader },
  output: empty(204),
  async handle(context, { versionId: version, conditions: asked, bypass: bypassAsked }) {
    const { world, bucket, key, access } = context;
    const entries = [{ key, versionId: version, conditions: asked }];
    if (!mayAsk(access, key, asked)) access.refuse();
    const bypass = bypassAsked && access.may("s3:BypassGovernanceRetention", key);
    const { removed } = await world.index(bucket).remove({ entries, ...manner(context, bypass) });
    const [one = {}] = removed;
    if ("refused" in one) throw refusal(one, asked);
    return { "x-amz-version-id": one.versionId, "x-amz-delete-marker": one.marker ? "true" : undefined };
  },
});

export const deleteObjects = operation({
  name: "DeleteObjects",
  route: "POST /{Bucket}?delete",
  allow: "s3:DeleteObject",
  judged: "by the handler",
  input: { nothingUnbuilt, bypass: bypassHeader },
  body: xml(Delete, { integrity: true }),
  output: document(DeleteResult),
  async handle(context, { bypass }, { objects, quiet }) {
    const { world, bucket, access } = context;
    if (objects.length === 0 || objects.length > MAX_DELETE_KEYS) throw new S3Error("MalformedXML");
    const judged = objects.map((entry) => ({ entry, defect: defectOf(entry) ?? deniedTo(access, entry) }));
    const entries = judged.flatMap(({ entry, defect }) => (defect === undefined ? [entry] : []));
    // Then the index is not asked, which would say that the bucket is gone.
    if (entries.length === 0) access.requireFreshSettings();
    // Who may bypass GOVERNANCE may differ from key to key, and then each kind goes to the index by itself.
    const may = (entry: Entry) => bypass && access.may("s3:BypassGovernanceRetention", entry.key);
    const removed = new Map<Entry, Removed>();
    for (const [some, bypassing] of [
      [entries.filter((entry) => !may(entry)), false],
      [entries.filter(may), true],
    ] as const) {
      if (some.length === 0) continue;
      const request = { entries: some.map(removal), ...manner(context, bypassing) };
      const answer = await world.index(bucket).remove(request);
      some.forEach((entry, at) => {
        removed.set(entry, answer.removed[at] ?? {});
      });
    }
    const results = judged.map(({ entry, defect }) =>
      defect === undefined ? resultOf(entry, removed.get(entry) ?? {}) : { error: errorOf(entry, defect) },
    );
    return {
      deleted: quiet ? [] : results.flatMap((result) => ("deleted" in result ? [result.deleted] : [])),
      errors: results.flatMap((result) => ("error" in result ? [result.error] : [])),
    };
  },
});

function removal({ key, versionId: version, etag, size, modified }: Entry) {
  const asked = { ifMatch: etag, ifMatchSize: size, ifMatchModified: readTime(modified) };
  return { key, versionId: version, conditions: asked };
}

/** What is wrong with one entry, while the others go on. */
function defectOf({ key, versionId: version }: Entry): S3Error | undefined {
  if (key === "") return new S3Error("MalformedXML");
  if (utf8Length(key) > MAX_KEY_BYTES) return new S3Error("KeyTooLongError");
  if (version !== undefined && !isVersionId(version)) return new S3Error("NoSuchVersion");
  return undefined;
}

/** Each key is decided by itself: whoever may not remove it is told so in its place. */
function deniedTo(access: Access, entry: Entry): S3Error | undefined {
  const { key, versionId: version } = entry;
  const action = version === undefined ? "s3:DeleteObject" : "s3:DeleteObjectVersion";
  const stated = { "s3:versionid": version };
  const may = access.may(action, key, { stated }) && mayAsk(access, key, removal(entry).conditions);
  return may ? undefined : access.denied();
}

function errorOf({ key, versionId: version }: Entry, { code, message }: S3Error) {
  return { key, versionId: version, code, message };
}

/** What a removal shows: the version it named, and the delete marker that was made or removed. */
function resultOf(entry: Entry, removed: Removed) {
  if ("refused" in removed) return { error: errorOf(entry, refusal(removed)) };
  const { key, versionId: version } = entry;
  const deleteMarker = removed.marker || undefined;
  const deleteMarkerVersionId = removed.marker ? removed.versionId : undefined;
  return { deleted: { key, versionId: version, deleteMarker, deleteMarkerVersionId } };
}
