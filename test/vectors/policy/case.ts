// What a row of the policy tables is: a policy as its page has it, and decisions that the page says or shows.

import type { AskedPrincipal, PolicyKind } from "../../../src/auth/policy/language.ts";

export const IAM = "https://docs.aws.amazon.com/IAM/latest/UserGuide/";
export const S3 = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/";

export const ACCOUNT = "111122223333";
export const OTHER_ACCOUNT = "444455556666";
export const CANONICAL_ID = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be";
export const OIDC = "arn:aws:iam::111122223333:oidc-provider/token.example.com";

const SESSION = "assumed-role/cross-account-read-only-role/cross-account-audit-app";

/** Who asks, by a short name. */
export const ASKING = {
  root: {
    kind: "root",
    arn: `arn:aws:iam::${ACCOUNT}:root`,
    accountNumber: ACCOUNT,
    canonicalId: CANONICAL_ID,
  },
  user: {
    kind: "user",
    arn: `arn:aws:iam::${ACCOUNT}:user/JohnDoe`,
    accountNumber: ACCOUNT,
    canonicalId: CANONICAL_ID,
  },
  jane: {
    kind: "user",
    arn: `arn:aws:iam::${ACCOUNT}:user/team/JaneDoe`,
    accountNumber: ACCOUNT,
    canonicalId: CANONICAL_ID,
  },
  bob: {
    kind: "user",
    arn: `arn:aws:iam::${OTHER_ACCOUNT}:user/Bob`,
    accountNumber: OTHER_ACCOUNT,
    canonicalId: "other",
  },
  otherRoot: {
    kind: "root",
    arn: `arn:aws:iam::${OTHER_ACCOUNT}:root`,
    accountNumber: OTHER_ACCOUNT,
    canonicalId: "other",
  },
  session: {
    kind: "role",
    arn: `arn:aws:sts::${OTHER_ACCOUNT}:${SESSION}`,
    roleArn: `arn:aws:iam::${OTHER_ACCOUNT}:role/cross-account-read-only-role`,
    accountNumber: OTHER_ACCOUNT,
    canonicalId: "other",
  },
  federated: {
    kind: "federated",
    arn: `arn:aws:sts::${ACCOUNT}:federated-user/Pat`,
    accountNumber: ACCOUNT,
    canonicalId: CANONICAL_ID,
  },
  anonymous: { kind: "anonymous", arn: "", accountNumber: "anonymous", canonicalId: "nobody" },
  logging: {
    kind: "service",
    arn: "",
    accountNumber: ACCOUNT,
    canonicalId: CANONICAL_ID,
    provider: "logging.s3.amazonaws.com",
  },
  web: { kind: "web", arn: "", accountNumber: ACCOUNT, canonicalId: CANONICAL_ID, provider: OIDC },
} as const satisfies Record<string, AskedPrincipal>;

export type Context = Readonly<Record<string, string | readonly string[]>>;

/** `allow`: of a bucket or trust policy, followed by how the caller was named. */
export type Answer =
  | "allow"
  | "deny"
  | "none"
  | "allow everyone"
  | "allow account"
  | "allow principal"
  | "allow session";

export interface Decision {
  says: string;
  by?: keyof typeof ASKING;
  /** Otherwise `s3:GetObject`. */
  action?: string;
  /** Otherwise `arn:aws:s3:::amzn-s3-demo-bucket/key`. */
  resource?: string;
  context?: Context;
  answer: Answer;
}

export interface Case {
  /** The page that says so. */
  source: string;
  kind: PolicyKind;
  /** Each is a document, of this kind. */
  policies: readonly object[];
  decisions: readonly Decision[];
}

/** A document of the current version. */
export function policy(...statements: readonly object[]): object {
  return { Version: "2012-10-17", Statement: statements };
}

/** An identity policy with one statement about everything, under a condition. */
export function when(condition: object, effect: "Allow" | "Deny" = "Allow"): object {
  return policy({ Effect: effect, Action: "*", Resource: "*", Condition: condition });
}

/** What a condition of an allowing statement says to values of one key; undefined: the key is not there. */
export function conditionCase(
  source: string,
  condition: object,
  key: string,
  rows: readonly (readonly [says: string, value: string | readonly string[] | undefined, holds: boolean])[],
): Case {
  return {
    source,
    kind: "identity",
    policies: [when(condition)],
    decisions: rows.map(([says, value, holds]) => ({
      says: `${Object.keys(condition).join()}: ${says}`,
      context: value === undefined ? {} : { [key]: value },
      answer: holds ? "allow" : "none",
    })),
  };
}
