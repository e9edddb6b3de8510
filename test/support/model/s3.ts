// The model as a whole: which function answers which operation, and how a state and a call make the next state.

import * as buckets from "./buckets.ts";
import * as listings from "./listings.ts";
import * as marks from "./marks.ts";
import * as reads from "./reads.ts";
import {
  bucketOf,
  type Call,
  copyState,
  type Expected,
  Refusal,
  type Rules,
  type State,
  VERSION_ID,
} from "./state.ts";
import * as uploads from "./uploads.ts";
import * as writes from "./writes.ts";

type Handler = (state: State, call: Call, rules: Rules) => Expected;

export const HANDLERS = {
  CreateBucket: buckets.createBucket,
  DeleteBucket: buckets.deleteBucket,
  HeadBucket: buckets.headBucket,
  ListBuckets: buckets.listBuckets,
  PutBucketVersioning: buckets.putBucketVersioning,
  GetBucketVersioning: buckets.getBucketVersioning,
  PutObjectLockConfiguration: buckets.putObjectLockConfiguration,
  GetObjectLockConfiguration: buckets.getObjectLockConfiguration,
  PutObject: writes.putObject,
  CopyObject: writes.copyObject,
  RenameObject: writes.renameObject,
  DeleteObject: writes.deleteObject,
  DeleteObjects: writes.deleteObjects,
  GetObject: reads.readObject,
  HeadObject: reads.readObject,
  GetObjectAttributes: reads.getObjectAttributes,
  PutObjectTagging: marks.putObjectTagging,
  GetObjectTagging: marks.getObjectTagging,
  DeleteObjectTagging: marks.deleteObjectTagging,
  PutObjectLegalHold: marks.putObjectLegalHold,
  GetObjectLegalHold: marks.getObjectLegalHold,
  PutObjectRetention: marks.putObjectRetention,
  GetObjectRetention: marks.getObjectRetention,
  ListObjects: listings.listObjects,
  ListObjectsV2: listings.listObjectsV2,
  ListObjectVersions: listings.listObjectVersions,
  ListMultipartUploads: listings.listMultipartUploads,
  CreateMultipartUpload: uploads.createMultipartUpload,
  UploadPart: uploads.uploadPart,
  UploadPartCopy: uploads.uploadPartCopy,
  ListParts: uploads.listPartsOf,
  CompleteMultipartUpload: uploads.completeMultipartUpload,
  AbortMultipartUpload: uploads.abortMultipartUpload,
} satisfies Record<string, Handler>;

export type OperationName = keyof typeof HANDLERS;

export interface Outcome {
  state: State;
  expected: Expected;
}

/** A text that no version can have for its id is an error of its own. */
function checkVersionId(state: State, { bucket, query: { versionId } }: Call): void {
  if (versionId === undefined || VERSION_ID.test(versionId)) return;
  bucketOf(state, bucket);
  const argument = { ArgumentName: "versionId", ArgumentValue: versionId };
  throw new Refusal(400, "InvalidArgument", argument);
}

/** What a call does to a state, and what it is answered. A refused one changes nothing. */
export function apply(state: State, call: Call, rules: Rules): Outcome {
  const next = copyState(state);
  try {
    checkVersionId(next, call);
    const handler: Handler = HANDLERS[call.op as OperationName];
    return { state: next, expected: handler(next, call, rules) };
  } catch (error) {
    if (error instanceof Refusal) return { state, expected: error.expected };
    throw error;
  }
}
