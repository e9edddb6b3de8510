// GetObjectAttributes: what is known of an object, without its bytes.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html

import { MAX_EXTENTS } from "../facts/extent.ts";
import { operation } from "../operation.ts";
import { invalidArgument, S3Error } from "../wire/error.ts";
import type { Field } from "../wire/input.ts";
import { documentAndHeaders } from "../wire/output.ts";
import { GetObjectAttributesResponse } from "../wire/shapes.ts";
import { checksumMembers, httpTime, nothingUnbuilt, STORAGE_CLASS, versionIdHeader } from "./description.ts";
import { checkReadKey, readKeyHeaders } from "./encryption.ts";
import { type Found, readAllowed, versionId } from "./read.ts";

const ATTRIBUTES = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"] as const;
type Attribute = (typeof ATTRIBUTES)[number];

/** Most parts on a page. */
const MAX_PAGE = 1000;

/** `x-amz-object-attributes`: names in a list, or in several headers. */
const wanted: Field<ReadonlySet<Attribute>> = ({ headers }) => {
  const text = headers.get("x-amz-object-attributes") ?? "";
  const names = text.split(",").map((name) => name.trim());
  if (text === "") {
    throw new S3Error("InvalidRequest", {
      message:
        "The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty",
    });
  }
  if (names.every((name) => (ATTRIBUTES as readonly string[]).includes(name)))
    return new Set(names as Attribute[]);
  throw invalidArgument("Invalid attribute name specified.", "x-amz-object-attributes", text);
};

/** A number in a header; `otherwise` if it is absent. */
function countHeader(name: string, otherwise: number, most: number): Field<number> {
  return ({ headers }) => {
    const text = headers.get(name);
    if (text === null) return otherwise;
    if (!/^\d{1,9}$/.test(text)) throw invalidArgument(`${name} must be a number`, name, text);
    return Math.min(Number(text), most);
  };
}

export const getObjectAttributes = operation({
  name: "GetObjectAttributes",
  route: "GET /{Bucket}/{Key}?attributes",
  allow: ({ query }) =>
    query.has("versionId")
      ? ["s3:GetObjectVersion", "s3:GetObjectVersionAttributes"]
      : ["s3:GetObject", "s3:GetObjectAttributes"],
  judged: "with the object",
  input: {
    nothingUnbuilt,
    customer: readKeyHeaders,
    versionId,
    wanted,
    limit: countHeader("x-amz-max-parts", MAX_PAGE, MAX_PAGE),
    marker: countHeader("x-amz-part-number-marker", 0, MAX_EXTENTS),
  },
  output: documentAndHeaders(GetObjectAttributesResponse),
  async handle(context, { versionId: id, wanted: names, limit, marker, customer }) {
    const { bucket, key } = context;
    const want = names.has("ObjectParts") ? "all" : "none";
    const found = await readAllowed(context, { key, versionId: id, want });
    const { version } = found;
    const { checksum, encryption } = version.description;
    checkReadKey(encryption, customer);
    return {
      document: {
        etag: names.has("ETag") ? version.etag : undefined,
        checksum:
          names.has("Checksum") && checksum
            ? { ...checksumMembers(checksum), type: checksum.type }
            : undefined,
        parts: names.has("ObjectParts") ? partsOf(found, limit, marker) : undefined,
        storageClass: names.has("StorageClass") ? STORAGE_CLASS : undefined,
        size: names.has("ObjectSize") ? version.size : undefined,
      },
      headers: { "last-modified": httpTime(version.modified), ...versionIdHeader(bucket, version.versionId) },
    };
  },
});

function partsOf({ version, extents }: Found, limit: number, marker: number) {
  const { parts: total, checksum } = version.description;
  if (total === undefined) return undefined;
  const behind = extents.filter(({ number }) => number > marker);
  const page = behind.slice(0, limit);
  return {
    total,
    marker,
    nextMarker: page.at(-1)?.number ?? 0,
    limit,
    isTruncated: behind.length > page.length,
    parts: page.map(({ number, size, checksum: value }) => ({
      number,
      size,
      ...checksumMembers(checksum && value ? { algorithm: checksum.algorithm, value } : undefined),
    })),
  };
}
