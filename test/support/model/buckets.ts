// The model's buckets: their life, their versioning, their locks.
// Sources: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html, …/API_DeleteBucket.html,
// …/API_PutBucketVersioning.html, …/API_PutObjectLockConfiguration.html

import { byBytes } from "./listings.ts";
import { xmlAnswer } from "./marks.ts";
import { bucketOf, type Call, type Expected, fresh, OWNER, Refusal, type State } from "./state.ts";

const REGION = "us-east-1";

/** In us-east-1, creating one's own bucket again is nothing. */
export function createBucket(state: State, { bucket: name, headers }: Call): Expected {
  const locked = headers["x-amz-bucket-object-lock-enabled"] === "true";
  if (!state.buckets.has(name)) {
    state.buckets.set(name, {
      name,
      created: fresh(state, "time"),
      versioning: locked ? "Enabled" : "off",
      lock: locked ? {} : undefined,
      keys: new Map(),
      uploads: [],
    });
  }
  return { status: 200, headers: { location: `/${name}`, "x-amz-bucket-arn": `arn:aws:s3:::${name}` } };
}

export function deleteBucket(state: State, { bucket: name }: Call): Expected {
  const bucket = bucketOf(state, name);
  if (bucket.keys.size > 0) throw new Refusal(409, "BucketNotEmpty", { BucketName: name });
  state.buckets.delete(name);
  return { status: 204, headers: {} };
}

export function headBucket(state: State, { bucket: name }: Call): Expected {
  bucketOf(state, name);
  return {
    status: 200,
    headers: {
      "x-amz-bucket-region": REGION,
      "x-amz-bucket-arn": `arn:aws:s3:::${name}`,
      "x-amz-access-point-alias": "false",
      "content-type": "application/xml",
    },
  };
}

/** By the names that begin as the request says. */
export function listBuckets(state: State, { query }: Call): Expected {
  const { prefix = "" } = query;
  const named = [...state.buckets.values()]
    .filter(({ name }) => name.startsWith(prefix))
    .toSorted((a, b) => byBytes(a.name, b.name));
  return xmlAnswer("ListAllMyBucketsResult", {
    Owner: OWNER,
    Buckets: {
      Bucket: named.map(({ name, created }) => ({
        Name: name,
        CreationDate: created,
        BucketRegion: REGION,
        BucketArn: `arn:aws:s3:::${name}`,
      })),
    },
    Prefix: prefix,
  });
}

export function putBucketVersioning(state: State, { bucket: name, input }: Call): Expected {
  const bucket = bucketOf(state, name);
  const status = input as "Enabled" | "Suspended";
  if (status === "Suspended" && bucket.lock !== undefined) throw new Refusal(409, "InvalidBucketState");
  state.buckets.set(name, { ...bucket, versioning: status });
  return { status: 200, headers: {} };
}

export function getBucketVersioning(state: State, { bucket: name }: Call): Expected {
  const { versioning } = bucketOf(state, name);
  return xmlAnswer("VersioningConfiguration", {
    Status: versioning === "off" ? undefined : versioning,
  });
}

export interface LockInput {
  mode?: string;
  days?: number;
}

export function putObjectLockConfiguration(state: State, { bucket: name, input }: Call): Expected {
  const bucket = bucketOf(state, name);
  const { mode, days } = input as LockInput;
  if (bucket.versioning !== "Enabled") throw new Refusal(409, "InvalidBucketState");
  state.buckets.set(name, { ...bucket, lock: mode && days ? { mode, days } : {} });
  return { status: 200, headers: {} };
}

export function getObjectLockConfiguration(state: State, { bucket: name }: Call): Expected {
  const { lock } = bucketOf(state, name);
  if (lock === undefined) {
    throw new Refusal(404, "ObjectLockConfigurationNotFoundError", { BucketName: name });
  }
  return xmlAnswer("ObjectLockConfiguration", {
    ObjectLockEnabled: "Enabled",
    Rule: lock.mode && { DefaultRetention: { Mode: lock.mode, Days: lock.days } },
  });
}
