// The documents that set a bucket and show how it is set, each declared once.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Types.html

import { flag, integer, many, one, optional, shape, struct, text } from "./xml.ts";

export const VersioningConfiguration = shape(
  "VersioningConfiguration",
  struct({ status: optional("Status", text), mfaDelete: optional("MfaDelete", text) }),
);

export const ObjectLockConfiguration = shape(
  "ObjectLockConfiguration",
  struct({
    enabled: one("ObjectLockEnabled", text),
    rule: optional(
      "Rule",
      struct({
        default: one(
          "DefaultRetention",
          struct({
            mode: one("Mode", text),
            days: optional("Days", integer),
            years: optional("Years", integer),
          }),
        ),
      }),
    ),
  }),
);

export const ServerSideEncryptionConfiguration = shape(
  "ServerSideEncryptionConfiguration",
  struct({
    rules: many(
      "Rule",
      struct({
        default: optional(
          "ApplyServerSideEncryptionByDefault",
          struct({ algorithm: one("SSEAlgorithm", text), kmsKey: optional("KMSMasterKeyID", text) }),
        ),
        bucketKey: optional("BucketKeyEnabled", flag),
      }),
    ),
  }),
);

export const OwnershipControls = shape(
  "OwnershipControls",
  struct({ rules: many("Rule", struct({ ownership: one("ObjectOwnership", text) })) }),
);

export const PublicAccessBlockConfiguration = shape(
  "PublicAccessBlockConfiguration",
  struct({
    blockPublicAcls: optional("BlockPublicAcls", flag),
    ignorePublicAcls: optional("IgnorePublicAcls", flag),
    blockPublicPolicy: optional("BlockPublicPolicy", flag),
    restrictPublicBuckets: optional("RestrictPublicBuckets", flag),
  }),
);

export const PolicyStatus = shape("PolicyStatus", struct({ isPublic: one("IsPublic", flag) }));

export const CORSConfiguration = shape(
  "CORSConfiguration",
  struct({
    rules: many(
      "CORSRule",
      struct({
        id: optional("ID", text),
        headers: many("AllowedHeader", text),
        methods: many("AllowedMethod", text),
        origins: many("AllowedOrigin", text),
        exposed: many("ExposeHeader", text),
        maxAge: optional("MaxAgeSeconds", integer),
      }),
    ),
  }),
);
