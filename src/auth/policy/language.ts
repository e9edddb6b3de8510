// The policy language's own nouns: what a policy is once it was read, and what it is asked. Pure.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html

/** Where a policy stands, which decides which elements it must and must not have. */
export type PolicyKind = "identity" | "bucket" | "session" | "trust";

export interface Policy {
  kind: PolicyKind;
}

/** Who asks, as principals are matched. */
export interface AskedPrincipal {
  kind: "root" | "user" | "role" | "federated" | "anonymous" | "service" | "web";
  /** The principal's own ARN: a user's, a session's, an account's root; "" if anonymous. */
  arn: string;
  roleArn?: string | undefined;
  /** Twelve digits. */
  accountNumber: string;
  canonicalId: string;
  /** The OIDC provider (ARN or URL) that vouches for a web identity; the service's name, of a service. */
  provider?: string | undefined;
}

/** One question: may this principal do this to that, under these circumstances. */
export interface Ask {
  principal: AskedPrincipal;
  /** e.g. `s3:GetObject`. */
  action: string;
  /** An ARN, e.g. `arn:aws:s3:::bucket/key`. */
  resource: string;
  /** The values of a condition key, which is given in lower case; undefined: it is not in the request's context. */
  value(key: string): readonly string[] | undefined;
}

/**
 * How directly an allowing statement named the caller: by `*`, by its account, by its own user or role, by its very
 * session. A policy of a resource that names a user or a session needs nobody else's consent.
 */
export type Named = "everyone" | "account" | "principal" | "session";

/** `deny` wins over everything; `none`: nothing was said. `named` (of bucket and trust policies): the closest match. */
export type Verdict = { effect: "deny" } | { effect: "none" } | { effect: "allow"; named: Named };
