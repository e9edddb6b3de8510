// Public access block and object ownership: what ACLs and policies can do in a bucket at all.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html

import { isPublicGrant } from "../facts/grant.ts";
import { OWNERSHIPS, type Ownership } from "../facts/settings.ts";
import { operation, xml } from "../operation.ts";
import { OwnershipControls, PublicAccessBlockConfiguration } from "../wire/bucket-shapes.ts";
import { S3Error } from "../wire/error.ts";
import { document, empty } from "../wire/output.ts";
import { removalOf, setBucket } from "./settings.ts";

export const getPublicAccessBlock = operation({
  name: "GetPublicAccessBlock",
  route: "GET /{Bucket}?publicAccessBlock",
  allow: "s3:GetBucketPublicAccessBlock",
  bucket: "fresh",
  input: {},
  output: document(PublicAccessBlockConfiguration),
  async handle({ bucket }) {
    const { publicAccess } = bucket.settings;
    if (publicAccess === undefined) throw new S3Error("NoSuchPublicAccessBlockConfiguration");
    return publicAccess;
  },
});

export const putPublicAccessBlock = operation({
  name: "PutPublicAccessBlock",
  route: "PUT /{Bucket}?publicAccessBlock",
  allow: "s3:PutBucketPublicAccessBlock",
  bucket: "fresh",
  input: {},
  body: xml(PublicAccessBlockConfiguration, { integrity: true }),
  output: empty(200),
  async handle({ world, bucket }, _input, asked) {
    const { blockPublicAcls, ignorePublicAcls, blockPublicPolicy, restrictPublicBuckets } = asked;
    const publicAccess = {
      blockPublicAcls: blockPublicAcls ?? false,
      ignorePublicAcls: ignorePublicAcls ?? false,
      blockPublicPolicy: blockPublicPolicy ?? false,
      restrictPublicBuckets: restrictPublicBuckets ?? false,
    };
    await setBucket(world, bucket, { ...bucket.settings, publicAccess });
    return {};
  },
});

export const deletePublicAccessBlock = removalOf("publicAccess", {
  name: "DeletePublicAccessBlock",
  subresource: "publicAccessBlock",
  allow: "s3:PutBucketPublicAccessBlock",
});

/** An ownership by its name; undefined if there is none of that name. */
export function ownershipNamed(text: string): Ownership | undefined {
  return OWNERSHIPS.find((name) => name === text);
}

export const getBucketOwnershipControls = operation({
  name: "GetBucketOwnershipControls",
  route: "GET /{Bucket}?ownershipControls",
  allow: "s3:GetBucketOwnershipControls",
  bucket: "fresh",
  input: {},
  output: document(OwnershipControls),
  async handle({ bucket }) {
    const { ownership } = bucket.settings;
    if (ownership === undefined) throw new S3Error("OwnershipControlsNotFoundError");
    return { rules: [{ ownership }] };
  },
});

export const putBucketOwnershipControls = operation({
  name: "PutBucketOwnershipControls",
  route: "PUT /{Bucket}?ownershipControls",
  allow: "s3:PutBucketOwnershipControls",
  bucket: "fresh",
  input: {},
  body: xml(OwnershipControls, { integrity: true }),
  output: empty(200),
  async handle({ world, bucket }, _input, { rules }) {
    const [rule] = rules;
    const ownership = ownershipNamed(rule?.ownership ?? "");
    if (rules.length !== 1 || ownership === undefined) throw new S3Error("MalformedXML");
    const { ownershipIsDefault: _asked, ...rest } = bucket.settings;
    const { grants = [] } = rest;
    const shared = grants.some(
      (grant) => isPublicGrant(grant) || !("id" in grant.to) || grant.to.id !== bucket.owner,
    );
    if (ownership === "BucketOwnerEnforced" && shared) {
      throw new S3Error("InvalidBucketAclWithObjectOwnership");
    }
    await setBucket(world, bucket, { ...rest, ownership });
    return {};
  },
});

export const deleteBucketOwnershipControls = removalOf("ownership", {
  name: "DeleteBucketOwnershipControls",
  subresource: "ownershipControls",
  allow: "s3:PutBucketOwnershipControls",
});
