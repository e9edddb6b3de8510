// What a fresh bucket of AWS answers to reads of configurations that it does not have, while they cannot be set here.
// Source: observed answers as Terraform's AWS provider expects them, and the S3 API reference of each operation.

import type { Action } from "../auth/authorize.ts";
import { type Operation, operation, type Route } from "../operation.ts";
import { type ErrorCode, S3Error } from "../wire/error.ts";
import { query } from "../wire/input.ts";
import { document } from "../wire/output.ts";
import { flag, one, optional, shape, struct, text } from "../wire/xml.ts";

type BucketRoute = Extract<Route, `GET /${string}`>;

/** A read that is answered with S3's error for "there is none". */
function none(name: string, subresource: string, allow: Action, code: ErrorCode): Operation {
  return operation({
    name,
    route: `GET /{Bucket}?${subresource}` as BucketRoute,
    allow,
    bucket: "fresh",
    input: {},
    output: document(shape("Nothing", struct({}))),
    handle: async () => {
      throw new S3Error(code);
    },
  });
}

/** A read that is answered with a document that says nothing. */
function blank(name: string, subresource: string, allow: Action, root: string): Operation {
  return operation({
    name,
    route: `GET /{Bucket}?${subresource}` as BucketRoute,
    allow,
    bucket: "fresh",
    input: {},
    output: document(shape(root, struct({}))),
    handle: async () => ({}),
  });
}

/** A list of configurations that is empty. */
function emptyList(name: string, subresource: string, allow: Action, root: string): Operation {
  return operation({
    name,
    route: `GET /{Bucket}?${subresource}` as BucketRoute,
    allow,
    bucket: "fresh",
    input: { token: query("continuation-token") },
    output: document(
      shape(
        root,
        struct({ isTruncated: one("IsTruncated", flag), token: optional("ContinuationToken", text) }),
      ),
    ),
    handle: async (_context, { token }) => ({ isTruncated: false, token }),
  });
}

const getBucketRequestPayment = operation({
  name: "GetBucketRequestPayment",
  route: "GET /{Bucket}?requestPayment",
  allow: "s3:GetBucketRequestPayment",
  bucket: "fresh",
  input: {},
  output: document(shape("RequestPaymentConfiguration", struct({ payer: one("Payer", text) }))),
  handle: async () => ({ payer: "BucketOwner" }),
});

export const UNSET: readonly Operation[] = [
  blank(
    "GetBucketAccelerateConfiguration",
    "accelerate",
    "s3:GetAccelerateConfiguration",
    "AccelerateConfiguration",
  ),
  none("GetBucketCors", "cors", "s3:GetBucketCORS", "NoSuchCORSConfiguration"),
  none(
    "GetBucketLifecycleConfiguration",
    "lifecycle",
    "s3:GetLifecycleConfiguration",
    "NoSuchLifecycleConfiguration",
  ),
  blank("GetBucketLogging", "logging", "s3:GetBucketLogging", "BucketLoggingStatus"),
  blank(
    "GetBucketNotificationConfiguration",
    "notification",
    "s3:GetBucketNotification",
    "NotificationConfiguration",
  ),
  none(
    "GetBucketOwnershipControls",
    "ownershipControls",
    "s3:GetBucketOwnershipControls",
    "OwnershipControlsNotFoundError",
  ),
  none("GetBucketPolicy", "policy", "s3:GetBucketPolicy", "NoSuchBucketPolicy"),
  none("GetBucketPolicyStatus", "policyStatus", "s3:GetBucketPolicyStatus", "NoSuchBucketPolicy"),
  none(
    "GetBucketReplication",
    "replication",
    "s3:GetReplicationConfiguration",
    "ReplicationConfigurationNotFoundError",
  ),
  getBucketRequestPayment,
  none("GetBucketWebsite", "website", "s3:GetBucketWebsite", "NoSuchWebsiteConfiguration"),
  none(
    "GetPublicAccessBlock",
    "publicAccessBlock",
    "s3:GetBucketPublicAccessBlock",
    "NoSuchPublicAccessBlockConfiguration",
  ),
  emptyList(
    "ListBucketAnalyticsConfigurations",
    "analytics",
    "s3:GetAnalyticsConfiguration",
    "ListBucketAnalyticsConfigurationResult",
  ),
  emptyList(
    "ListBucketIntelligentTieringConfigurations",
    "intelligent-tiering",
    "s3:GetIntelligentTieringConfiguration",
    "ListBucketIntelligentTieringConfigurationsOutput",
  ),
  emptyList(
    "ListBucketInventoryConfigurations",
    "inventory",
    "s3:GetInventoryConfiguration",
    "ListInventoryConfigurationsResult",
  ),
  emptyList(
    "ListBucketMetricsConfigurations",
    "metrics",
    "s3:GetMetricsConfiguration",
    "ListMetricsConfigurationsResult",
  ),
];
