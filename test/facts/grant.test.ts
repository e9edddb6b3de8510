import { describe, expect, it } from "vitest";
import {
  CANNED_ACLS,
  cannedGrants,
  type Grant,
  isGranted,
  isPublicGrant,
  PERMISSIONS,
  privateGrants,
} from "../../src/facts/grant.ts";

const OWNER = "owner";
const BUCKET_OWNER = "bucket owner";

/** Who may what under each canned ACL: by the object's owner, the bucket's, another account, nobody. */
const CANNED: [acl: (typeof CANNED_ACLS)[number], may: Record<string, string[]>][] = [
  ["private", {}],
  ["aws-exec-read", {}],
  ["public-read", { [BUCKET_OWNER]: ["READ"], another: ["READ"], nobody: ["READ"] }],
  [
    "public-read-write",
    { [BUCKET_OWNER]: ["READ", "WRITE"], another: ["READ", "WRITE"], nobody: ["READ", "WRITE"] },
  ],
  ["authenticated-read", { [BUCKET_OWNER]: ["READ"], another: ["READ"] }],
  ["bucket-owner-read", { [BUCKET_OWNER]: ["READ"] }],
  ["bucket-owner-full-control", { [BUCKET_OWNER]: [...PERMISSIONS] }],
  ["log-delivery-write", {}],
];

describe("a canned ACL", () => {
  it("of each name is tried", () => {
    expect(CANNED.map(([acl]) => acl).toSorted()).toEqual([...CANNED_ACLS].toSorted());
  });

  for (const [acl, may] of CANNED) {
    it(`${acl} lets its owner do everything, and others what it says`, () => {
      const grants = cannedGrants(acl, OWNER, BUCKET_OWNER);
      const allowed = (account: string | undefined) =>
        PERMISSIONS.filter((permission) => isGranted(grants, account, permission));
      expect(allowed(OWNER)).toEqual([...PERMISSIONS]);
      for (const account of [BUCKET_OWNER, "another"]) expect(allowed(account)).toEqual(may[account] ?? []);
      expect(allowed(undefined)).toEqual(may.nobody ?? []);
    });
  }

  it("that gives the bucket's owner something adds nothing where that is the object's owner", () => {
    for (const acl of ["bucket-owner-read", "bucket-owner-full-control"] as const) {
      expect(cannedGrants(acl, OWNER, OWNER)).toEqual(privateGrants(OWNER));
    }
  });
});

describe("a grant", () => {
  const to = (grantee: Grant["to"], permission: Grant["permission"] = "READ"): Grant => ({
    to: grantee,
    permission,
  });

  it("gives what it says and no more, full control everything", () => {
    for (const given of PERMISSIONS) {
      for (const asked of PERMISSIONS) {
        const expected = given === asked || given === "FULL_CONTROL";
        expect(isGranted([to({ id: "a" }, given)], "a", asked)).toBe(expected);
        expect(isGranted([to({ id: "a" }, given)], "b", asked)).toBe(false);
      }
    }
  });

  it("is public if it reaches people whom nobody named", () => {
    expect(isPublicGrant(to({ group: "AllUsers" }))).toBe(true);
    expect(isPublicGrant(to({ group: "AuthenticatedUsers" }))).toBe(true);
    expect(isPublicGrant(to({ group: "LogDelivery" }))).toBe(false);
    expect(isPublicGrant(to({ id: "a" }))).toBe(false);
  });

  it("to no one gives nobody anything, the owner included", () => {
    expect(PERMISSIONS.some((permission) => isGranted([], OWNER, permission))).toBe(false);
  });
});
