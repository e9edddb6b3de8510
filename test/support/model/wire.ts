// How the model's calls go over the wire: method, path, query, headers, and the document in the body.

import { md5 } from "../checksums.ts";
import { type Answer, at, type Client, encode } from "../client.ts";
import { escapeXml } from "../xml.ts";
import type { LockInput } from "./buckets.ts";
import type { RetentionInput } from "./marks.ts";
import type { OperationName } from "./s3.ts";
import type { Call, Tags } from "./state.ts";
import type { CompleteInput } from "./uploads.ts";
import type { DeleteInput } from "./writes.ts";

/** Method and, behind it, what the query must have. */
const ROUTES: Record<OperationName, string> = {
  CreateBucket: "PUT",
  DeleteBucket: "DELETE",
  HeadBucket: "HEAD",
  ListBuckets: "GET",
  PutBucketVersioning: "PUT versioning",
  GetBucketVersioning: "GET versioning",
  PutObjectLockConfiguration: "PUT object-lock",
  GetObjectLockConfiguration: "GET object-lock",
  PutObject: "PUT",
  CopyObject: "PUT",
  RenameObject: "PUT renameObject",
  DeleteObject: "DELETE",
  DeleteObjects: "POST delete",
  GetObject: "GET",
  HeadObject: "HEAD",
  GetObjectAttributes: "GET attributes",
  PutObjectTagging: "PUT tagging",
  GetObjectTagging: "GET tagging",
  DeleteObjectTagging: "DELETE tagging",
  PutObjectLegalHold: "PUT legal-hold",
  GetObjectLegalHold: "GET legal-hold",
  PutObjectRetention: "PUT retention",
  GetObjectRetention: "GET retention",
  ListObjects: "GET",
  ListObjectsV2: "GET list-type=2",
  ListObjectVersions: "GET versions",
  ListMultipartUploads: "GET uploads",
  CreateMultipartUpload: "POST uploads",
  UploadPart: "PUT",
  UploadPartCopy: "PUT",
  ListParts: "GET",
  CompleteMultipartUpload: "POST",
  AbortMultipartUpload: "DELETE",
};

const element = (name: string, inside: string): string => `<${name}>${inside}</${name}>`;
const leaf = (name: string, text: string | number | undefined): string =>
  text === undefined ? "" : element(name, escapeXml(String(text)));

const DOCUMENTS: { [Op in OperationName]?: (input: unknown) => string } = {
  PutBucketVersioning: (input) => element("VersioningConfiguration", leaf("Status", String(input))),
  PutObjectLockConfiguration(input) {
    const { mode, days } = input as LockInput;
    const rule = mode && element("DefaultRetention", leaf("Mode", mode) + leaf("Days", days));
    const inside = leaf("ObjectLockEnabled", "Enabled") + (rule ? element("Rule", rule) : "");
    return element("ObjectLockConfiguration", inside);
  },
  PutObjectTagging(input) {
    const tags = (input as Tags).map(([key, value]) =>
      element("Tag", leaf("Key", key) + leaf("Value", value)),
    );
    return element("Tagging", element("TagSet", tags.join("")));
  },
  PutObjectLegalHold: (input) => element("LegalHold", leaf("Status", String(input))),
  PutObjectRetention(input) {
    const { mode, until } = input as RetentionInput;
    return element("Retention", leaf("Mode", mode) + leaf("RetainUntilDate", until));
  },
  DeleteObjects(input) {
    const { objects, quiet } = input as DeleteInput;
    const entries = objects.map(({ key, versionId, etag }) =>
      element("Object", leaf("Key", key) + leaf("VersionId", versionId) + leaf("ETag", etag)),
    );
    return element("Delete", entries.join("") + leaf("Quiet", String(quiet)));
  },
  CompleteMultipartUpload(input) {
    const { parts } = input as CompleteInput;
    const entries = parts.map(({ number, etag }) =>
      element("Part", leaf("PartNumber", number) + leaf("ETag", `"${etag}"`)),
    );
    return element("CompleteMultipartUpload", entries.join(""));
  },
};

/** Sends a call; `transport`: headers for the test server, of which S3 knows nothing. */
export async function send(client: Client, call: Call, transport: Record<string, string>): Promise<Answer> {
  const op = call.op as OperationName;
  const [method = "", subresource] = ROUTES[op].split(" ");
  const parameters = Object.entries(call.query).map(([name, value]) => `${encode(name)}=${encode(value)}`);
  const query = [...(subresource ? [subresource] : []), ...parameters].join("&");
  const path = call.bucket === "" ? "/" : call.key === "" ? `/${call.bucket}` : at(call.bucket, call.key);
  const document = DOCUMENTS[op]?.(call.input);
  const body = document === undefined ? call.body : Buffer.from(document);
  const integrity: Record<string, string> =
    document === undefined ? {} : { "content-md5": md5(document, "base64") };
  const headers = { ...integrity, ...call.headers, ...transport };
  return client.send(method, query === "" ? path : `${path}?${query}`, { headers, ...(body && { body }) });
}
