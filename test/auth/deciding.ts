// Who asks for what under which policy and ACLs, as the one decision takes it.

import { expect, it } from "vitest";
import { type Caller, rootCaller } from "../../src/auth/caller.ts";
import { isAllowed } from "../../src/auth/decide.ts";
import type { Policy } from "../../src/auth/policy/language.ts";
import { parsePolicy } from "../../src/auth/policy/parse.ts";
import { isPublic } from "../../src/auth/policy/public.ts";
import { type CannedAcl, cannedGrants, type Grant, type Permission } from "../../src/facts/grant.ts";
import type { BucketSettings } from "../../src/facts/settings.ts";

export const OWNER = { id: "aa".repeat(32), displayName: "owner", number: "111111111111" };
export const OTHER = { id: "bb".repeat(32), displayName: "other", number: "222222222222" };
export const BUCKET = "arn:aws:s3:::b";

export function identity(Effect: "Allow" | "Deny", Action: string | string[] = "s3:*"): Policy {
  const Statement = [{ Effect, Action, Resource: "*" }];
  return parsePolicy(JSON.stringify({ Version: "2012-10-17", Statement }), "identity");
}

export function spoken(
  ...statements: [effect: "Allow" | "Deny", principal: unknown, action?: string][]
): Policy {
  const Statement = statements.map(([Effect, Principal, Action = "s3:*"]) => {
    return { Effect, Principal, Action, Resource: [BUCKET, `${BUCKET}/*`] };
  });
  return parsePolicy(JSON.stringify({ Version: "2012-10-17", Statement }), "bucket", { bucket: "b" });
}

export function user(account: typeof OWNER, ...policies: Policy[]): Caller {
  const arn = `arn:aws:iam::${account.number}:user/u`;
  const who = { userId: "AIDAU", accessKeyId: "AKIAU", userName: "u", tags: {}, sessionPolicies: [] };
  return { kind: "user", account, arn, policies, ...who };
}

export function session(kind: "role" | "federated", policies: Policy[], sessionPolicies: Policy[]): Caller {
  const { number } = OWNER;
  const base = { account: OWNER, userId: "AROAR:s", accessKeyId: "ASIAS", tags: {}, issued: 0 };
  return kind === "role"
    ? {
        ...base,
        kind,
        arn: `arn:aws:sts::${number}:assumed-role/r/s`,
        roleArn: `arn:aws:iam::${number}:role/r`,
        policies,
        sessionPolicies,
      }
    : { ...base, kind, arn: `arn:aws:sts::${number}:federated-user/f`, policies, sessionPolicies };
}

export const [all, none, deny] = [identity("Allow"), identity("Allow", "iam:*"), identity("Deny")];
export const [root, otherRoot] = [rootCaller(OWNER, "key"), rootCaller(OTHER, "key")];
export const EVERYONE = spoken(["Allow", "*"]);
export const NAMED = (AWS: string) => spoken(["Allow", { AWS }]);
export const ENFORCED: BucketSettings = { ownership: "BucketOwnerEnforced" };
export const SWITCHES = {
  blockPublicAcls: false,
  ignorePublicAcls: false,
  blockPublicPolicy: false,
  restrictPublicBuckets: false,
};
export const RESTRICTED: BucketSettings = { publicAccess: { ...SWITCHES, restrictPublicBuckets: true } };
export const IGNORED: BucketSettings = { publicAccess: { ...SWITCHES, ignorePublicAcls: true } };

export interface Put {
  policy?: Policy;
  settings?: BucketSettings;
  object?: { owner: string; grants?: Grant[]; isNew?: boolean };
}

export const of = (account: typeof OWNER, acl?: CannedAcl) => ({
  owner: account.id,
  ...(acl && { grants: cannedGrants(acl, account.id, OWNER.id) }),
});
export const granting = (permission: Permission, to: Grant["to"] = { id: OTHER.id }): Grant[] => [
  { to, permission },
];

export type Row = [who: string, caller: Caller, action: string, put: Put, allowed: boolean];

export const role = (own: Policy[], cut: Policy[] = []) => session("role", own, cut);
export const federated = (own: Policy[], cut: Policy[] = []) => session("federated", own, cut);
export const ROLE = `arn:aws:iam::${OWNER.number}:role/r`;
export const SESSION = `arn:aws:sts::${OWNER.number}:assumed-role/r/s`;
export const FEDERATED = `arn:aws:sts::${OWNER.number}:federated-user/f`;

export const GET = "s3:GetObject";

/** A test of each row. */
export function decideEach(rows: Row[]): void {
  it.each(rows)("on %s", (_, caller, action, { policy, settings = {}, object }, allowed) => {
    const isBucket = /Bucket/.test(action);
    const found = isAllowed({
      caller,
      bucket: { owner: OWNER.id, settings, policy, isPublic: policy !== undefined && isPublic(policy) },
      object,
      action,
      resource: isBucket ? BUCKET : `${BUCKET}/k`,
      value: () => undefined,
    });
    expect(found).toBe(allowed);
  });
}
