// The one decision: identity policies, session policies, bucket policy, ACLs and public access block, put together. Pure.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

import { type Grant, isGranted, isPublicGrant, type Permission, privateGrants } from "../facts/grant.ts";
import { aclsDisabled, type BucketSettings } from "../facts/settings.ts";
import type { Caller } from "./caller.ts";
import { identityAllows, isDenied, sessionAllows } from "./identity-decision.ts";
import { evaluate } from "./policy/evaluate.ts";
import type { Ask, Policy } from "./policy/language.ts";
import { askedPrincipal } from "./principal-context.ts";

/** What a decision has to know of a bucket. `policy`: parsed; `isPublic`: whether that policy lets just anybody in. */
export interface DecidedBucket {
  owner: string;
  settings: BucketSettings;
  policy: Policy | undefined;
  isPublic: boolean;
}

/** What a decision may have to know of an object: whose it is, and what its ACL grants. */
export interface DecidedObject {
  owner: string;
  grants?: readonly Grant[] | undefined;
  /** It is about to be made: what is said of it beside its bytes is for whoever will own it to say. */
  isNew?: boolean;
}

export interface Case {
  caller: Caller;
  bucket: DecidedBucket;
  /** Absent: the action is the bucket's, or no object is there yet. */
  object?: DecidedObject | undefined;
  action: string;
  resource: string;
  value: Ask["value"];
}

/** What ACLs can allow, and which permission does. */
const BUCKET_PERMISSIONS: Readonly<Record<string, Permission>> = {
  "s3:ListBucket": "READ",
  "s3:ListBucketVersions": "READ",
  "s3:ListBucketMultipartUploads": "READ",
  "s3:PutObject": "WRITE",
  "s3:DeleteObject": "WRITE",
  "s3:AbortMultipartUpload": "WRITE",
  "s3:ListMultipartUploadParts": "WRITE",
  "s3:GetBucketAcl": "READ_ACP",
  "s3:PutBucketAcl": "WRITE_ACP",
};
const OBJECT_PERMISSIONS: Readonly<Record<string, Permission>> = {
  "s3:GetObject": "READ",
  "s3:GetObjectVersion": "READ",
  "s3:GetObjectAttributes": "READ",
  "s3:GetObjectVersionAttributes": "READ",
  "s3:GetObjectAcl": "READ_ACP",
  "s3:GetObjectVersionAcl": "READ_ACP",
  "s3:PutObjectAcl": "WRITE_ACP",
  "s3:PutObjectVersionAcl": "WRITE_ACP",
};

/** What the account that owns a bucket can always mend: nobody locks himself out for good. */
const NEVER_LOST: ReadonlySet<string> = new Set([
  "s3:GetBucketPolicy",
  "s3:PutBucketPolicy",
  "s3:DeleteBucketPolicy",
]);

/** Whether the caller may do this to the bucket, or to the object in it. */
export function isAllowed(it: Case): boolean {
  const { caller, bucket, object, action, resource, value } = it;
  const request = { action, resource, value };
  const owner = ownerOf(bucket, object, action);
  const ownsBucket = caller.account.id === bucket.owner;
  if (isDenied(caller, request)) return false;
  const said =
    bucket.policy === undefined
      ? NOTHING_SAID
      : evaluate([bucket.policy], { principal: askedPrincipal(caller), ...request });
  if (said.effect === "deny") return ownsBucket && caller.kind === "root" && NEVER_LOST.has(action);
  const identityAllowed = identityAllows(caller, request);
  if (caller.account.id === owner && identityAllowed) return true;
  // A bucket's policy speaks for what its owner owns; where it lets in just anybody, it may be told to mean its own only.
  const spoken =
    said.effect === "allow" && owner === bucket.owner && !isRestricted(it) ? said.named : undefined;
  if (ownsBucket) {
    if (spoken === "session") return true;
    if (spoken !== undefined && spoken !== "account" && sessionAllows(caller, request)) return true;
  } else if (spoken !== undefined && (caller.kind === "anonymous" || identityAllowed)) {
    return true;
  }
  return (caller.kind === "anonymous" || identityAllowed) && isGrantedByAcl(it);
}

const NOTHING_SAID = { effect: "none" } as const;

/**
 * Who decides about the thing asked for. Without ACLs the bucket's owner owns all that is in it. With them, an object's
 * bytes and ACL are its owner's; its tags, retention and removal remain the bucket owner's.
 */
function ownerOf(bucket: DecidedBucket, object: DecidedObject | undefined, action: string): string {
  if (object === undefined || aclsDisabled(bucket.settings)) return bucket.owner;
  const isObjects = object.isNew === true || Object.hasOwn(OBJECT_PERMISSIONS, action);
  return isObjects ? object.owner : bucket.owner;
}

function isRestricted({ bucket, caller }: Case): boolean {
  const { publicAccess } = bucket.settings;
  return (
    publicAccess?.restrictPublicBuckets === true && bucket.isPublic && caller.account.id !== bucket.owner
  );
}

function isGrantedByAcl({ bucket, object, action, caller }: Case): boolean {
  const { settings, owner } = bucket;
  if (aclsDisabled(settings)) return false;
  const account = caller.kind === "anonymous" ? undefined : caller.account.id;
  const granted = (grants: readonly Grant[], permission: Permission) => {
    const counting =
      settings.publicAccess?.ignorePublicAcls === true
        ? grants.filter((grant) => !isPublicGrant(grant))
        : grants;
    return isGranted(counting, account, permission);
  };
  const ofBucket = BUCKET_PERMISSIONS[action];
  if (ofBucket !== undefined) return granted(settings.grants ?? privateGrants(owner), ofBucket);
  const ofObject = OBJECT_PERMISSIONS[action];
  if (ofObject === undefined || object === undefined) return false;
  return granted(object.grants ?? privateGrants(object.owner), ofObject);
}
