// The documents that S3 reads and writes, each declared once.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Types.html

import {
  etag,
  flag,
  instant,
  integer,
  interleaved,
  many,
  one,
  optional,
  shape,
  struct,
  text,
  time,
} from "./xml.ts";

const owner = struct({ id: one("ID", text), displayName: optional("DisplayName", text) });
const prefixes = struct({ prefix: one("Prefix", text) });

export const ListAllMyBucketsResult = shape(
  "ListAllMyBucketsResult",
  struct({
    owner: one("Owner", owner),
    buckets: one(
      "Buckets",
      struct({
        bucket: many(
          "Bucket",
          struct({
            name: one("Name", text),
            created: one("CreationDate", time),
            region: optional("BucketRegion", text),
            arn: optional("BucketArn", text),
          }),
        ),
      }),
    ),
    prefix: optional("Prefix", text),
    continuationToken: optional("ContinuationToken", text),
  }),
);

const tagList = struct({ tags: many("Tag", struct({ key: one("Key", text), value: one("Value", text) })) });

export const CreateBucketConfiguration = shape(
  "CreateBucketConfiguration",
  struct({ locationConstraint: optional("LocationConstraint", text), tags: optional("Tags", tagList) }),
);

/** Text directly in the root: empty for us-east-1. */
export const LocationConstraint = shape("LocationConstraint", text);

const listedBytes = {
  modified: one("LastModified", time),
  etag: one("ETag", etag),
  checksumAlgorithm: optional("ChecksumAlgorithm", text),
  checksumType: optional("ChecksumType", text),
  size: one("Size", integer),
  owner: optional("Owner", owner),
  storageClass: one("StorageClass", text),
};
const listedObject = struct({ key: one("Key", text), ...listedBytes });
const listedVersion = {
  key: one("Key", text),
  versionId: one("VersionId", text),
  isLatest: one("IsLatest", flag),
};

export const ListBucketResult = shape(
  "ListBucketResult",
  struct({
    name: one("Name", text),
    prefix: one("Prefix", text),
    marker: optional("Marker", text),
    nextMarker: optional("NextMarker", text),
    startAfter: optional("StartAfter", text),
    continuationToken: optional("ContinuationToken", text),
    nextContinuationToken: optional("NextContinuationToken", text),
    keyCount: optional("KeyCount", integer),
    maxKeys: one("MaxKeys", integer),
    delimiter: optional("Delimiter", text),
    encodingType: optional("EncodingType", text),
    isTruncated: one("IsTruncated", flag),
    contents: many("Contents", listedObject),
    commonPrefixes: many("CommonPrefixes", prefixes),
  }),
);

export const ListVersionsResult = shape(
  "ListVersionsResult",
  struct({
    name: one("Name", text),
    prefix: one("Prefix", text),
    keyMarker: one("KeyMarker", text),
    versionIdMarker: one("VersionIdMarker", text),
    nextKeyMarker: optional("NextKeyMarker", text),
    nextVersionIdMarker: optional("NextVersionIdMarker", text),
    maxKeys: one("MaxKeys", integer),
    delimiter: optional("Delimiter", text),
    encodingType: optional("EncodingType", text),
    isTruncated: one("IsTruncated", flag),
    entries: interleaved({
      version: one("Version", struct({ ...listedVersion, ...listedBytes })),
      marker: one(
        "DeleteMarker",
        struct({ ...listedVersion, modified: one("LastModified", time), owner: optional("Owner", owner) }),
      ),
    }),
    commonPrefixes: many("CommonPrefixes", prefixes),
  }),
);

export const Delete = shape(
  "Delete",
  struct({
    objects: many(
      "Object",
      struct({
        key: one("Key", text),
        versionId: optional("VersionId", text),
        etag: optional("ETag", etag),
        modified: optional("LastModifiedTime", text),
        size: optional("Size", integer),
      }),
    ),
    quiet: optional("Quiet", flag),
  }),
);

export const DeleteResult = shape(
  "DeleteResult",
  struct({
    deleted: many(
      "Deleted",
      struct({
        key: one("Key", text),
        versionId: optional("VersionId", text),
        deleteMarker: optional("DeleteMarker", flag),
        deleteMarkerVersionId: optional("DeleteMarkerVersionId", text),
      }),
    ),
    errors: many(
      "Error",
      struct({
        key: one("Key", text),
        versionId: optional("VersionId", text),
        code: one("Code", text),
        message: one("Message", text),
      }),
    ),
  }),
);

const checksumMembers = {
  crc32: optional("ChecksumCRC32", text),
  crc32c: optional("ChecksumCRC32C", text),
  crc64nvme: optional("ChecksumCRC64NVME", text),
  sha1: optional("ChecksumSHA1", text),
  sha256: optional("ChecksumSHA256", text),
  sha512: optional("ChecksumSHA512", text),
  md5: optional("ChecksumMD5", text),
  xxhash64: optional("ChecksumXXHASH64", text),
  xxhash3: optional("ChecksumXXHASH3", text),
  xxhash128: optional("ChecksumXXHASH128", text),
};

const copied = struct({
  modified: one("LastModified", time),
  etag: one("ETag", etag),
  ...checksumMembers,
  checksumType: optional("ChecksumType", text),
});

export const CopyObjectResult = shape("CopyObjectResult", copied);
export const CopyPartResult = shape("CopyPartResult", copied);

export const InitiateMultipartUploadResult = shape(
  "InitiateMultipartUploadResult",
  struct({ bucket: one("Bucket", text), key: one("Key", text), uploadId: one("UploadId", text) }),
);

export const CompleteMultipartUpload = shape(
  "CompleteMultipartUpload",
  struct({
    parts: many(
      "Part",
      struct({ number: one("PartNumber", integer), etag: one("ETag", etag), ...checksumMembers }),
    ),
  }),
);

export const CompleteMultipartUploadResult = shape(
  "CompleteMultipartUploadResult",
  struct({
    location: one("Location", text),
    bucket: one("Bucket", text),
    key: one("Key", text),
    etag: one("ETag", etag),
    ...checksumMembers,
    checksumType: optional("ChecksumType", text),
  }),
);

export const ListPartsResult = shape(
  "ListPartsResult",
  struct({
    bucket: one("Bucket", text),
    key: one("Key", text),
    uploadId: one("UploadId", text),
    partNumberMarker: one("PartNumberMarker", integer),
    nextPartNumberMarker: optional("NextPartNumberMarker", integer),
    maxParts: one("MaxParts", integer),
    isTruncated: one("IsTruncated", flag),
    parts: many(
      "Part",
      struct({
        number: one("PartNumber", integer),
        modified: one("LastModified", time),
        etag: one("ETag", etag),
        size: one("Size", integer),
        ...checksumMembers,
      }),
    ),
    initiator: one("Initiator", owner),
    owner: one("Owner", owner),
    storageClass: one("StorageClass", text),
    checksumAlgorithm: optional("ChecksumAlgorithm", text),
    checksumType: optional("ChecksumType", text),
  }),
);

export const ListMultipartUploadsResult = shape(
  "ListMultipartUploadsResult",
  struct({
    bucket: one("Bucket", text),
    keyMarker: one("KeyMarker", text),
    uploadIdMarker: one("UploadIdMarker", text),
    nextKeyMarker: optional("NextKeyMarker", text),
    nextUploadIdMarker: optional("NextUploadIdMarker", text),
    prefix: optional("Prefix", text),
    delimiter: optional("Delimiter", text),
    encodingType: optional("EncodingType", text),
    maxUploads: one("MaxUploads", integer),
    isTruncated: one("IsTruncated", flag),
    uploads: many(
      "Upload",
      struct({
        key: one("Key", text),
        uploadId: one("UploadId", text),
        initiator: one("Initiator", owner),
        owner: one("Owner", owner),
        storageClass: one("StorageClass", text),
        initiated: one("Initiated", time),
        checksumAlgorithm: optional("ChecksumAlgorithm", text),
        checksumType: optional("ChecksumType", text),
      }),
    ),
    commonPrefixes: many("CommonPrefixes", prefixes),
  }),
);

/** Whom a grant is to: an account, an account by its email, or a group. Written with its type in an attribute. */
const grantee = struct({
  id: optional("ID", text),
  displayName: optional("DisplayName", text),
  email: optional("EmailAddress", text),
  uri: optional("URI", text),
});

const granteeType = ({ uri }: { uri?: string | undefined }) =>
  `xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="${uri === undefined ? "CanonicalUser" : "Group"}"`;

export const AccessControlPolicy = shape(
  "AccessControlPolicy",
  struct({
    owner: optional(
      "Owner",
      struct({ id: optional("ID", text), displayName: optional("DisplayName", text) }),
    ),
    grants: one(
      "AccessControlList",
      struct({
        grant: many(
          "Grant",
          struct({
            grantee: one("Grantee", grantee, granteeType),
            permission: one("Permission", text),
          }),
        ),
      }),
    ),
  }),
);

export const Tagging = shape(
  "Tagging",
  // Always written; a document without it is one of no tags.
  struct({ set: optional("TagSet", tagList) }),
);

export const Retention = shape(
  "Retention",
  struct({ mode: optional("Mode", text), until: optional("RetainUntilDate", instant) }),
);

export const LegalHold = shape("LegalHold", struct({ status: one("Status", text) }));

export const GetObjectAttributesResponse = shape(
  "GetObjectAttributesResponse",
  struct({
    // Alone among S3's documents, this one shows an etag without quotes.
    etag: optional("ETag", text),
    checksum: optional("Checksum", struct({ ...checksumMembers, type: optional("ChecksumType", text) })),
    parts: optional(
      "ObjectParts",
      struct({
        total: one("PartsCount", integer),
        marker: one("PartNumberMarker", integer),
        nextMarker: one("NextPartNumberMarker", integer),
        limit: one("MaxParts", integer),
        isTruncated: one("IsTruncated", flag),
        parts: many(
          "Part",
          struct({ number: one("PartNumber", integer), size: one("Size", integer), ...checksumMembers }),
        ),
      }),
    ),
    storageClass: optional("StorageClass", text),
    size: optional("ObjectSize", integer),
  }),
);
/** What a form is answered if it asks for status 201; S3 writes it without a namespace. */
export const PostResponse = shape(
  "PostResponse",
  struct({
    location: one("Location", text),
    bucket: one("Bucket", text),
    key: one("Key", text),
    etag: one("ETag", etag),
  }),
  { bare: true },
);
