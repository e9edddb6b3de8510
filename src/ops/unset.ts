// What a fresh bucket of AWS answers to reads of configurations that it does not have, while they cannot be set here.
// Source: observed answers as Terraform's AWS provider expects them, and the S3 API reference of each operation.

import type { Action } from "../auth/authorize.ts";
import { type BucketContext, type Operation, operation } from "../operation.ts";
import { type ErrorCode, S3Error } from "../wire/error.ts";
import { query } from "../wire/input.ts";
import { document } from "../wire/output.ts";
import { flag, one, optional, type Shape, shape, struct, text } from "../wire/xml.ts";

type BucketRoute = `GET /{Bucket}?${string}`;

/** A read of a configuration of a bucket's. */
function configuration<T>(
  name: string,
  subresource: string,
  allow: Action,
  shapeOf: Shape<T>,
  answer: (token: string | undefined) => T,
): Operation {
  const route: BucketRoute = `GET /{Bucket}?${subresource}`;
  return operation({
    name,
    route,
    allow,
    bucket: "fresh",
    input: { token: query("continuation-token") },
    output: document(shapeOf),
    handle: async (_context: BucketContext, { token }) => answer(token),
  });
}

const nothing = shape("Nothing", struct({}));

/** A read that is answered with S3's error for "there is none". */
function none(name: string, subresource: string, allow: Action, code: ErrorCode): Operation {
  return configuration(name, subresource, allow, nothing, () => {
    throw new S3Error(code);
  });
}

/** A read that is answered with a document that says nothing. */
function blank(name: string, subresource: string, allow: Action, root: string): Operation {
  return configuration(name, subresource, allow, shape(root, struct({})), () => ({}));
}

/** A list of configurations that is empty. */
function emptyList(name: string, subresource: string, allow: Action, root: string): Operation {
  const members = { isTruncated: one("IsTruncated", flag), token: optional("ContinuationToken", text) };
  return configuration(name, subresource, allow, shape(root, struct(members)), (token) => ({
    isTruncated: false,
    token,
  }));
}

const getBucketRequestPayment = configuration(
  "GetBucketRequestPayment",
  "requestPayment",
  "s3:GetBucketRequestPayment",
  shape("RequestPaymentConfiguration", struct({ payer: one("Payer", text) })),
  () => ({ payer: "BucketOwner" }),
);

export const UNSET: readonly Operation[] = [
  blank(
    "GetBucketAccelerateConfiguration",
    "accelerate",
    "s3:GetAccelerateConfiguration",
    "AccelerateConfiguration",
  ),
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
    "GetBucketReplication",
    "replication",
    "s3:GetReplicationConfiguration",
    "ReplicationConfigurationNotFoundError",
  ),
  getBucketRequestPayment,
  none("GetBucketWebsite", "website", "s3:GetBucketWebsite", "NoSuchWebsiteConfiguration"),
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
