// The policy language's own nouns: what a policy is once it was read, and what it is asked. Pure.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html

import type { Piece, Steps } from "./wildcard.ts";

/** Where a policy stands, which decides which elements it must and must not have. */
export type PolicyKind = "identity" | "bucket" | "session" | "trust";

/** A policy that was read by `parsePolicy`: everything that can be worked out before a question comes, was. */
export interface Policy {
  kind: PolicyKind;
  statements: readonly Statement[];
  /** Every condition key and policy variable that a decision may look at, in lower case, each once. */
  keys: readonly string[];
}

export interface Statement {
  sid?: string;
  effect: "allow" | "deny";
  /** Of bucket and trust policies. */
  principals?: Listed<Principals>;
  /** In lower case. */
  actions: Listed<readonly (readonly Piece[])[]>;
  /** A trust policy has none: it stands at its role. */
  resources?: Listed<readonly Template[]>;
  /** All of them must hold. */
  conditions: readonly Condition[];
}

/** `${key}` or `${key, 'fallback'}`; the key is in lower case. */
export interface Variable {
  key: string;
  fallback: string | undefined;
}

/** A text of a policy. `fixed`: no variables in it, so nothing is left to be filled in. */
export type Template =
  | { fixed: true; pieces: readonly Piece[] }
  | { fixed: false; parts: readonly (Piece | Variable)[] };

/** An element, or its Not… form, which means everything but what is listed. */
export interface Listed<T> {
  except: boolean;
  listed: T;
}

/** Whom a Principal element names. */
export interface Principals {
  /** `"*"` or `{"AWS": "*"}`. */
  everyone: boolean;
  /** Account numbers: by themselves, or as an account's root. */
  accounts: ReadonlySet<string>;
  canonicalIds: ReadonlySet<string>;
  /** ARNs of users, roles and sessions, as they stand. */
  arns: ReadonlySet<string>;
  /** Those who vouch for web identities, as they stand. */
  providers: ReadonlySet<string>;
  /** e.g. `logging.s3.amazonaws.com`. */
  services: ReadonlySet<string>;
}

/** How the several values of one key in a request are asked; `none`: the key has one value. */
export type Quantifier = "none" | "all" | "any";

export interface Condition {
  /** As in AWS's table, without quantifier and IfExists, e.g. `StringLike`. */
  operator: string;
  quantifier: Quantifier;
  ifExists: boolean;
  /** In lower case. */
  key: string;
  /** As written. */
  values: readonly string[];
  holds(ask: Ask): boolean;
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
  /** What is left of the work that this decision may take. */
  steps?: Steps;
}

/**
 * How directly an allowing statement named the caller: by `*`, by its account, by its own user or role, by its very
 * session. A policy of a resource that names a user or a session needs nobody else's consent.
 */
export type Named = "everyone" | "account" | "principal" | "session";

/** `deny` wins over everything; `none`: nothing was said. `named` (of bucket and trust policies): the closest match. */
export type Verdict = { effect: "deny" } | { effect: "none" } | { effect: "allow"; named: Named };
