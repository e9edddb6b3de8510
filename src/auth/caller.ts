// Who asks: whose account, which principal in it, and what was said about what that principal may do.

import type { Policy } from "./policy/language.ts";

/** An account as requests know it. `id`: canonical id; `number`: the twelve digits in its ARNs. */
export interface CallerAccount {
  id: string;
  displayName: string;
  number: string;
}

/**
 * `root`: the account itself, which may do everything that is the account's to allow. `role`: a session of a role.
 * `federated`: a session of a user under another name. `anonymous`: nobody signed.
 */
export type PrincipalKind = "root" | "user" | "role" | "federated" | "anonymous";

export interface Caller {
  kind: PrincipalKind;
  account: CallerAccount;
  /** `arn:aws:iam::123456789012:user/path/name`, …`:root`, `arn:aws:sts::123456789012:assumed-role/role/session`; "" if anonymous. */
  arn: string;
  /** `aws:userid`: `AIDA…`, `AROA…:session`, the account's number for its root, `anonymous`. */
  userId: string;
  /** "" if anonymous. */
  accessKeyId: string;
  /** `aws:username`, of users (in sessions of theirs, too). */
  userName?: string;
  /** The role behind a session, as an ARN. */
  roleArn?: string;
  /** Tags of the principal and of its session, by name. */
  tags: Readonly<Record<string, string>>;
  /** Those of the session's tags that go on into sessions begun with it. */
  transitiveTags?: Readonly<Record<string, string>>;
  /** What the principal itself was given: its own policies, its groups', its role's. Of no meaning for `root`. */
  policies: readonly Policy[];
  /** What a session was cut down to: one of these, if there are any, must allow, too. */
  sessionPolicies: readonly Policy[];
  /** What the deployment said of the whole account: these deny, and give nothing. */
  restrictions?: readonly Policy[];
  /** When the credentials of a session were made, in ms since 1970. */
  issued?: number;
  /** What a session carries into conditions beside its tags (of a web identity, its claims), by condition key in lower case. */
  claims?: Readonly<Record<string, readonly string[]>>;
}

/** Nobody: the account that S3 shows as the owner of what anonymous writers put. */
export const ANONYMOUS: Caller = {
  kind: "anonymous",
  account: {
    id: "65a011a29cdf8ec533ec3d1ccaae921c",
    displayName: "",
    number: "anonymous",
  },
  arn: "",
  userId: "anonymous",
  accessKeyId: "",
  tags: {},
  policies: [],
  sessionPolicies: [],
};

/** An account acting as itself. */
export function rootCaller(
  account: Pick<CallerAccount, "id" | "displayName"> & { number: string },
  accessKeyId: string,
): Caller {
  return {
    kind: "root",
    account,
    arn: `arn:aws:iam::${account.number}:root`,
    userId: account.number,
    accessKeyId,
    tags: {},
    policies: [],
    sessionPolicies: [],
  };
}
