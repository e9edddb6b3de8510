// GetBucketVersioning and PutBucketVersioning.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketVersioning.html

import { operation, xml } from "../operation.ts";
import { VersioningConfiguration } from "../wire/bucket-shapes.ts";
import { S3Error } from "../wire/error.ts";
import { header } from "../wire/input.ts";
import { document, empty } from "../wire/output.ts";
import { setBucket, settleBucket } from "./settings.ts";

export const getBucketVersioning = operation({
  name: "GetBucketVersioning",
  route: "GET /{Bucket}?versioning",
  allow: "s3:GetBucketVersioning",
  bucket: "fresh",
  input: {},
  output: document(VersioningConfiguration),
  handle: async ({ bucket }) => ({ status: bucket.settings.versioning }),
});

export const putBucketVersioning = operation({
  name: "PutBucketVersioning",
  route: "PUT /{Bucket}?versioning",
  allow: "s3:PutBucketVersioning",
  bucket: "fresh",
  input: { mfa: header("x-amz-mfa") },
  body: xml(VersioningConfiguration),
  output: empty(200),
  async handle({ world, bucket }, { mfa }, { status, mfaDelete }) {
    if (status !== "Enabled" && status !== "Suspended") {
      throw new S3Error(status === undefined ? "IllegalVersioningConfigurationException" : "MalformedXML");
    }
    // Nobody here has a device, so nobody can switch MFA delete on; switching it off changes nothing.
    if (mfaDelete === "Enabled" || mfa !== undefined) throw new S3Error("AccessDenied");
    if (status === "Suspended" && bucket.settings.lock !== undefined) {
      throw new S3Error("InvalidBucketState", {
        message:
          "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.",
      });
    }
    if (bucket.settings.versioning === status) await settleBucket(world, bucket);
    else await setBucket(world, bucket, { ...bucket.settings, versioning: status });
    return {};
  },
});
