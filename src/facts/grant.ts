// What an access control list is, and whom it lets do what; pure, as stored with buckets and versions.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html

export const PERMISSIONS = ["READ", "WRITE", "READ_ACP", "WRITE_ACP", "FULL_CONTROL"] as const;
export type Permission = (typeof PERMISSIONS)[number];

export const GROUPS = ["AllUsers", "AuthenticatedUsers", "LogDelivery"] as const;
export type Group = (typeof GROUPS)[number];

/** An account by its canonical id, or one of S3's groups. */
export type Grantee = { id: string } | { group: Group };

export interface Grant {
  to: Grantee;
  permission: Permission;
}

/** Most grants in one list. */
export const MAX_GRANTS = 100;

/** The list of whatever nobody gave one: its owner has full control. Kept as nothing at all. */
export function privateGrants(owner: string): Grant[] {
  return [{ to: { id: owner }, permission: "FULL_CONTROL" }];
}

export const CANNED_ACLS = [
  "private",
  "public-read",
  "public-read-write",
  "authenticated-read",
  "aws-exec-read",
  "bucket-owner-read",
  "bucket-owner-full-control",
  "log-delivery-write",
] as const;
export type CannedAcl = (typeof CANNED_ACLS)[number];

/** The grants that a canned ACL stands for, of a bucket or object of `owner` in a bucket of `bucketOwner`. */
export function cannedGrants(acl: CannedAcl, owner: string, bucketOwner: string): Grant[] {
  const own = privateGrants(owner);
  const group = (name: Group, ...permissions: Permission[]): Grant[] =>
    permissions.map((permission) => ({ to: { group: name }, permission }));
  switch (acl) {
    case "private":
    case "aws-exec-read":
      return own;
    case "public-read":
      return [...own, ...group("AllUsers", "READ")];
    case "public-read-write":
      return [...own, ...group("AllUsers", "READ", "WRITE")];
    case "authenticated-read":
      return [...own, ...group("AuthenticatedUsers", "READ")];
    case "log-delivery-write":
      return [...own, ...group("LogDelivery", "WRITE", "READ_ACP")];
    case "bucket-owner-read":
      return bucketOwner === owner ? own : [...own, { to: { id: bucketOwner }, permission: "READ" }];
    case "bucket-owner-full-control":
      return bucketOwner === owner ? own : [...own, { to: { id: bucketOwner }, permission: "FULL_CONTROL" }];
  }
}

/** Whether a list lets an account (a canonical id; undefined: nobody signed) do what needs `permission`. */
export function isGranted(
  grants: readonly Grant[],
  account: string | undefined,
  permission: Permission,
): boolean {
  return grants.some(
    (grant) =>
      (grant.permission === permission || grant.permission === "FULL_CONTROL") && includes(grant.to, account),
  );
}

function includes(to: Grantee, account: string | undefined): boolean {
  if ("id" in to) return to.id === account;
  return to.group === "AllUsers" || (to.group === "AuthenticatedUsers" && account !== undefined);
}

/** Whether a grant reaches people whom nobody named. */
export function isPublicGrant({ to }: Grant): boolean {
  return "group" in to && to.group !== "LogDelivery";
}
