// GetBucketAcl and GetObjectAcl, as they are while ACLs cannot be changed: the owner has full control.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketAcl.html

import { operation } from "../operation.ts";
import { document } from "../wire/output.ts";
import { AccessControlPolicy } from "../wire/shapes.ts";
import { shownOwner } from "./list.ts";
import { foundOr, versionId } from "./read.ts";

function ownerHasFullControl(owner: { id: string; displayName?: string }) {
  return { owner, grants: { grant: [{ grantee: owner, permission: "FULL_CONTROL" }] } };
}

export const getBucketAcl = operation({
  name: "GetBucketAcl",
  route: "GET /{Bucket}?acl",
  allow: "s3:GetBucketAcl",
  bucket: "fresh",
  input: {},
  output: document(AccessControlPolicy),
  handle: async ({ bucket, caller }) => ownerHasFullControl(shownOwner(bucket.owner, caller.account)),
});

export const getObjectAcl = operation({
  name: "GetObjectAcl",
  route: "GET /{Bucket}/{Key}?acl",
  allow: "s3:GetObjectAcl",
  input: { versionId },
  output: document(AccessControlPolicy),
  async handle({ world, bucket, key, caller }, { versionId }) {
    const { version } = foundOr(await world.index(bucket).read({ key, versionId, want: "none" }), key);
    return ownerHasFullControl(shownOwner(version.owner, caller.account));
  },
});
