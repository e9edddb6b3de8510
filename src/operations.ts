// THE TABLE: every operation that S3 has, built or absent, and the browser's upload form, which its model leaves out. Nothing else knows an operation by name.

import { getBucketAcl, getObjectAcl, putBucketAcl, putObjectAcl } from "./ops/acl.ts";
import { getObjectAttributes } from "./ops/attributes.ts";
import { createBucket, deleteBucket, getBucketLocation, headBucket } from "./ops/bucket.ts";
import { copyObject } from "./ops/copy.ts";
import { deleteBucketCors, getBucketCors, putBucketCors } from "./ops/cors.ts";
import { deleteObject, deleteObjects } from "./ops/delete.ts";
import { deleteBucketEncryption, getBucketEncryption, putBucketEncryption } from "./ops/encryption.ts";
import { postObject } from "./ops/form.ts";
import { listObjects, listObjectsV2, listObjectVersions } from "./ops/list.ts";
import {
  getObjectLegalHold,
  getObjectLockConfiguration,
  getObjectRetention,
  putObjectLegalHold,
  putObjectLockConfiguration,
  putObjectRetention,
} from "./ops/lock.ts";
import { abortMultipartUpload, completeMultipartUpload, createMultipartUpload } from "./ops/multipart.ts";
import { uploadPart, uploadPartCopy } from "./ops/parts.ts";
import { deleteBucketPolicy, getBucketPolicy, getBucketPolicyStatus, putBucketPolicy } from "./ops/policy.ts";
import {
  deleteBucketOwnershipControls,
  deletePublicAccessBlock,
  getBucketOwnershipControls,
  getPublicAccessBlock,
  putBucketOwnershipControls,
  putPublicAccessBlock,
} from "./ops/public-access.ts";
import { getObject, headObject } from "./ops/read.ts";
import { renameObject } from "./ops/rename.ts";
import { listBuckets } from "./ops/service.ts";
import {
  deleteBucketTagging,
  deleteObjectTagging,
  getBucketTagging,
  getObjectTagging,
  putBucketTagging,
  putObjectTagging,
} from "./ops/tagging.ts";
import { UNSET } from "./ops/unset.ts";
import { listMultipartUploads, listParts } from "./ops/uploads.ts";
import { getBucketVersioning, putBucketVersioning } from "./ops/versioning.ts";
import { putObject } from "./ops/write.ts";
import type { Absent, Row } from "./router.ts";

/** Rows that answer as a fresh bucket does, while what they read cannot be set. */
export const UNSET_NAMES: ReadonlySet<string> = new Set(UNSET.map(({ name }) => name));

const ABSENT: readonly Absent[] = [
  { name: "CreateBucketMetadataConfiguration", route: "POST /{Bucket}?metadataConfiguration" },
  { name: "CreateBucketMetadataTableConfiguration", route: "POST /{Bucket}?metadataTable" },
  { name: "CreateSession", route: "GET /{Bucket}?session" },
  { name: "DeleteBucketAnalyticsConfiguration", route: "DELETE /{Bucket}?analytics" },
  { name: "DeleteBucketIntelligentTieringConfiguration", route: "DELETE /{Bucket}?intelligent-tiering" },
  { name: "DeleteBucketInventoryConfiguration", route: "DELETE /{Bucket}?inventory" },
  { name: "DeleteBucketLifecycle", route: "DELETE /{Bucket}?lifecycle" },
  { name: "DeleteBucketMetadataConfiguration", route: "DELETE /{Bucket}?metadataConfiguration" },
  { name: "DeleteBucketMetadataTableConfiguration", route: "DELETE /{Bucket}?metadataTable" },
  { name: "DeleteBucketMetricsConfiguration", route: "DELETE /{Bucket}?metrics" },
  { name: "DeleteBucketReplication", route: "DELETE /{Bucket}?replication" },
  { name: "DeleteBucketWebsite", route: "DELETE /{Bucket}?website" },
  { name: "GetBucketAbac", route: "GET /{Bucket}?abac" },
  { name: "GetBucketAnalyticsConfiguration", route: "GET /{Bucket}?analytics&id={id}" },
  { name: "GetBucketIntelligentTieringConfiguration", route: "GET /{Bucket}?intelligent-tiering&id={id}" },
  { name: "GetBucketInventoryConfiguration", route: "GET /{Bucket}?inventory&id={id}" },
  // The older name of GetBucketLifecycleConfiguration, with the older document.
  { name: "GetBucketLifecycle", route: "GET /{Bucket}?lifecycle" },
  { name: "GetBucketMetadataConfiguration", route: "GET /{Bucket}?metadataConfiguration" },
  { name: "GetBucketMetadataTableConfiguration", route: "GET /{Bucket}?metadataTable" },
  { name: "GetBucketMetricsConfiguration", route: "GET /{Bucket}?metrics&id={id}" },
  { name: "GetBucketNotification", route: "GET /{Bucket}?notification" },
  { name: "GetObjectTorrent", route: "GET /{Bucket}/{Key}?torrent" },
  // Directory buckets have an endpoint of their own; there it would be "GET /".
  { name: "ListDirectoryBuckets", route: "GET /?x-id=ListDirectoryBuckets" },
  { name: "PutBucketAbac", route: "PUT /{Bucket}?abac" },
  { name: "PutBucketAccelerateConfiguration", route: "PUT /{Bucket}?accelerate" },
  { name: "PutBucketAnalyticsConfiguration", route: "PUT /{Bucket}?analytics" },
  { name: "PutBucketIntelligentTieringConfiguration", route: "PUT /{Bucket}?intelligent-tiering" },
  { name: "PutBucketInventoryConfiguration", route: "PUT /{Bucket}?inventory" },
  { name: "PutBucketLifecycle", route: "PUT /{Bucket}?lifecycle" },
  { name: "PutBucketLifecycleConfiguration", route: "PUT /{Bucket}?lifecycle" },
  { name: "PutBucketLogging", route: "PUT /{Bucket}?logging" },
  { name: "PutBucketMetricsConfiguration", route: "PUT /{Bucket}?metrics" },
  { name: "PutBucketNotification", route: "PUT /{Bucket}?notification" },
  { name: "PutBucketNotificationConfiguration", route: "PUT /{Bucket}?notification" },
  { name: "PutBucketReplication", route: "PUT /{Bucket}?replication" },
  { name: "PutBucketRequestPayment", route: "PUT /{Bucket}?requestPayment" },
  { name: "PutBucketWebsite", route: "PUT /{Bucket}?website" },
  { name: "RestoreObject", route: "POST /{Bucket}/{Key}?restore" },
  { name: "SelectObjectContent", route: "POST /{Bucket}/{Key}?select&select-type=2" },
  { name: "UpdateBucketMetadataInventoryTableConfiguration", route: "PUT /{Bucket}?metadataInventoryTable" },
  { name: "UpdateBucketMetadataJournalTableConfiguration", route: "PUT /{Bucket}?metadataJournalTable" },
  { name: "UpdateObjectEncryption", route: "PUT /{Bucket}/{Key}?encryption" },
  // On the host of an Object Lambda; here it would be a POST to a bucket of this name, which no bucket can have.
  { name: "WriteGetObjectResponse", route: "POST /{Bucket}", header: "x-amz-request-route" },
];

export const OPERATIONS: readonly Row[] = [
  abortMultipartUpload,
  completeMultipartUpload,
  copyObject,
  createBucket,
  createMultipartUpload,
  deleteBucket,
  deleteBucketCors,
  deleteBucketEncryption,
  deleteBucketOwnershipControls,
  deleteBucketPolicy,
  deleteBucketTagging,
  deleteObject,
  deleteObjects,
  deleteObjectTagging,
  deletePublicAccessBlock,
  getBucketAcl,
  getBucketCors,
  getBucketEncryption,
  getBucketLocation,
  getBucketOwnershipControls,
  getBucketPolicy,
  getBucketPolicyStatus,
  getBucketTagging,
  getBucketVersioning,
  getObject,
  getObjectAttributes,
  getObjectAcl,
  getObjectLegalHold,
  getObjectLockConfiguration,
  getObjectRetention,
  getObjectTagging,
  getPublicAccessBlock,
  headBucket,
  headObject,
  listBuckets,
  listMultipartUploads,
  listObjects,
  listObjectsV2,
  listObjectVersions,
  listParts,
  putBucketAcl,
  putBucketCors,
  postObject,
  putBucketEncryption,
  putBucketOwnershipControls,
  putBucketPolicy,
  putBucketTagging,
  putBucketVersioning,
  putObject,
  putObjectAcl,
  putObjectLegalHold,
  putObjectLockConfiguration,
  putObjectRetention,
  putObjectTagging,
  putPublicAccessBlock,
  renameObject,
  uploadPart,
  uploadPartCopy,
  ...UNSET,
  ...ABSENT,
];
