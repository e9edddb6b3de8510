// DeleteObject and DeleteObjects: one commit in the index, for one key or for a thousand.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html

import { MAX_KEY_BYTES, utf8Length } from "../facts/key.ts";
import { operation, xml } from "../operation.ts";
import { S3Error } from "../wire/error.ts";
import { query } from "../wire/input.ts";
import { document, empty } from "../wire/output.ts";
import { Delete, DeleteResult } from "../wire/shapes.ts";
import type { ShapeValue } from "../wire/xml.ts";
import { nothingConditional, nothingUnbuilt } from "./description.ts";

/** Most keys in one DeleteObjects. */
export const MAX_DELETE_KEYS = 1000;

type Entry = ShapeValue<typeof Delete>["objects"][number];

export const deleteObject = operation({
  name: "DeleteObject",
  route: "DELETE /{Bucket}/{Key}",
  allow: "s3:DeleteObject",
  input: { nothingUnbuilt, nothingConditional, versionId: query("versionId") },
  output: empty(204),
  async handle({ world, bucket, key }, { versionId }) {
    await world.index(bucket).remove({ entries: [{ key, versionId }] });
    return versionId === undefined ? {} : { "x-amz-version-id": versionId };
  },
});

export const deleteObjects = operation({
  name: "DeleteObjects",
  route: "POST /{Bucket}?delete",
  allow: "s3:DeleteObject",
  input: { nothingUnbuilt },
  body: xml(Delete, { integrity: true }),
  output: document(DeleteResult),
  async handle({ world, bucket }, _input, { objects, quiet }) {
    if (objects.length === 0 || objects.length > MAX_DELETE_KEYS) throw new S3Error("MalformedXML");
    const errors = objects.flatMap((entry) => {
      const error = refusalOf(entry);
      return error
        ? [{ key: entry.key, versionId: entry.versionId, code: error.code, message: error.message }]
        : [];
    });
    const entries = objects.filter((entry) => refusalOf(entry) === undefined);
    if (entries.length > 0) {
      await world
        .index(bucket)
        .remove({ entries: entries.map(({ key, versionId }) => ({ key, versionId })) });
    }
    const deleted = quiet ? [] : entries.map(({ key, versionId }) => ({ key, versionId }));
    return { deleted, errors };
  },
});

/** Why one entry is refused while the others go on. */
function refusalOf({ key, etag, modified, size }: Entry): S3Error | undefined {
  if (key === "") return new S3Error("MalformedXML");
  if (utf8Length(key) > MAX_KEY_BYTES) return new S3Error("KeyTooLongError");
  if (etag !== undefined || modified !== undefined || size !== undefined) {
    return new S3Error("NotImplemented", { message: "Conditional deletes are not implemented." });
  }
  return undefined;
}
