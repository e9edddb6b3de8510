// Bucket policies, and whether one lets in just anybody.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html

import { policyOf, readPolicy } from "../auth/bucket-policy.ts";
import { MAX_POLICY_LENGTH } from "../auth/policy/parse.ts";
import { isPublic } from "../auth/policy/public.ts";
import { isPublicGrant } from "../facts/grant.ts";
import { aclsDisabled } from "../facts/settings.ts";
import { type BodyReader, operation } from "../operation.ts";
import { PolicyStatus } from "../wire/bucket-shapes.ts";
import { S3Error } from "../wire/error.ts";
import { document, empty, reply } from "../wire/output.ts";
import { removalOf, setBucket } from "./settings.ts";

/** The policy's text, as it is kept and given back. */
const policyText: BodyReader<string> = {
  required: true,
  async read(payload) {
    const text = new TextDecoder().decode(await payload.bytes(MAX_POLICY_LENGTH.bucket));
    if (text.includes("\uFFFD")) throw new S3Error("MalformedPolicy");
    return text;
  },
};

function noPolicy(bucket: string): S3Error {
  return new S3Error("NoSuchBucketPolicy", { elements: { BucketName: bucket } });
}

export const getBucketPolicy = operation({
  name: "GetBucketPolicy",
  route: "GET /{Bucket}?policy",
  allow: "s3:GetBucketPolicy",
  bucket: "fresh",
  input: {},
  output: reply,
  async handle({ bucket }) {
    const { policy } = bucket.settings;
    if (policy === undefined) throw noPolicy(bucket.name);
    return { status: 200, headers: { "content-type": "application/json" }, body: policy };
  },
});

export const putBucketPolicy = operation({
  name: "PutBucketPolicy",
  route: "PUT /{Bucket}?policy",
  allow: "s3:PutBucketPolicy",
  bucket: "fresh",
  input: {},
  body: policyText,
  output: empty(204),
  async handle({ world, bucket }, _input, text) {
    const policy = readPolicy(text, bucket.name);
    if (bucket.settings.publicAccess?.blockPublicPolicy === true && isPublic(policy)) {
      throw new S3Error("AccessDenied", {
        message:
          "User is not authorized to perform: s3:PutBucketPolicy because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.",
      });
    }
    await setBucket(world, bucket, { ...bucket.settings, policy: text });
    return {};
  },
});

export const deleteBucketPolicy = removalOf("policy", {
  name: "DeleteBucketPolicy",
  subresource: "policy",
  allow: "s3:DeleteBucketPolicy",
});

/** Public is a bucket whose policy or, if they count, whose ACL lets in just anybody. */
export const getBucketPolicyStatus = operation({
  name: "GetBucketPolicyStatus",
  route: "GET /{Bucket}?policyStatus",
  allow: "s3:GetBucketPolicyStatus",
  bucket: "fresh",
  input: {},
  output: document(PolicyStatus),
  async handle({ bucket }) {
    const { settings } = bucket;
    const byAcl =
      !aclsDisabled(settings) &&
      settings.publicAccess?.ignorePublicAcls !== true &&
      (settings.grants ?? []).some(isPublicGrant);
    return { isPublic: byAcl || policyOf(bucket).isPublic };
  },
});
