// From what the directory and a session's token say of a principal to the caller that policies are asked about.

import type { Given, Principal } from "../directory/principals.ts";
import { accountNumber } from "../facts/account.ts";
import { identityArn } from "../facts/identity.ts";
import { S3Error } from "../wire/error.ts";
import { type Caller, type CallerAccount, rootCaller } from "./caller.ts";
import { AWS_POLICIES } from "./policy/aws-managed.ts";
import type { Policy, PolicyKind } from "./policy/language.ts";
import { parsePolicy } from "./policy/parse.ts";
import type { Session } from "./session-token.ts";

/** Longest policy that was kept, or sealed into a session, in characters without blanks; quotas are held before that. */
const MAX_KEPT_LENGTH = 20_480;

/** Policies as parsed, of principals as remembered: parsed once, forgotten with them. */
const parsedPolicies = new WeakMap<Principal, Parsed>();

interface Parsed {
  policies: readonly Policy[];
  restrictions: readonly Policy[];
}

/** AWS's own policies as parsed, by ARN. */
const parsedManaged = new Map<string, Policy>();

/** Accounts as callers have them, of those that are remembered: what was told of one is not reckoned anew each time. */
const accounts = new WeakMap<object, CallerAccount>();

export function accountOf(told: Pick<CallerAccount, "id" | "displayName">): CallerAccount {
  const { id, displayName } = told;
  const known = accounts.get(told) ?? { id, displayName, number: accountNumber(id) };
  accounts.set(told, known);
  return known;
}

/** The holder of a permanent key. */
export function callerOf(principal: Principal, accessKeyId: string): Caller {
  const account = accountOf(principal.account);
  const { identity } = principal;
  const { policies, restrictions } = policiesOf(principal);
  if (identity === undefined) return { ...rootCaller(account, accessKeyId), restrictions };
  return {
    kind: "user",
    account,
    arn: identityArn(account.number, "user", identity),
    userId: identity.id,
    accessKeyId,
    userName: identity.name,
    tags: identity.tags,
    policies,
    sessionPolicies: [],
    restrictions,
  };
}

/** The caller that a session stands for. Throws InvalidAccessKeyId if its principal is not what it was. */
export function sessionCaller(principal: Principal, session: Session): Caller {
  const { accessKeyId, issued, claims, name, kind } = session;
  const { identity } = principal;
  if ((kind === "role") !== (identity?.kind === "role")) {
    throw new S3Error("InvalidAccessKeyId", { elements: { AWSAccessKeyId: accessKeyId } });
  }
  const cut = {
    accessKeyId,
    issued,
    claims,
    tags: { ...identity?.tags, ...session.tags },
    transitiveTags: Object.fromEntries(
      Object.entries(session.tags).filter(([tag]) => session.transitive.includes(tag)),
    ),
    sessionPolicies: [
      ...session.policies.map((text) => parsed(text, "session")),
      ...session.policyArns.map((policy) => policyOf({ policy })),
    ],
  };
  if (kind === "user") return { ...callerOf(principal, accessKeyId), ...cut };
  const { policies, restrictions } = policiesOf(principal);
  const account = accountOf(principal.account);
  const { number } = account;
  if (kind === "role" && identity !== undefined) {
    return {
      ...cut,
      restrictions,
      kind,
      account,
      arn: `arn:aws:sts::${number}:assumed-role/${identity.name}/${name}`,
      roleArn: identityArn(number, "role", identity),
      userId: `${identity.id}:${name}`,
      policies,
    };
  }
  return {
    ...cut,
    restrictions,
    kind: "federated",
    account,
    arn: `arn:aws:sts::${number}:federated-user/${name}`,
    userId: `${number}:${name}`,
    policies: federatedPolicies(principal, cut.sessionPolicies.length > 0),
  };
}

/** A federated user may nothing that no policy of the session says; an account's root lends it everything. */
function federatedPolicies(principal: Principal, cutDown: boolean): readonly Policy[] {
  if (!cutDown) return [];
  if (principal.identity !== undefined) return policiesOf(principal).policies;
  return [policyOf({ policy: "arn:aws:iam::aws:policy/AdministratorAccess" })];
}

function policiesOf(principal: Principal): Parsed {
  const known = parsedPolicies.get(principal);
  if (known !== undefined) return known;
  const read = {
    policies: principal.given.map(policyOf),
    restrictions: principal.restrictions.map((text) => parsed(text, "identity")),
  };
  parsedPolicies.set(principal, read);
  return read;
}

function policyOf(given: Given): Policy {
  if ("document" in given) return parsed(given.document, "identity");
  const known = parsedManaged.get(given.policy);
  if (known !== undefined) return known;
  const managed = AWS_POLICIES.get(given.policy);
  // A policy that cannot be read may have held a denial.
  if (managed === undefined) throw new S3Error("AccessDenied");
  const policy = parsed(managed.document, "identity");
  parsedManaged.set(given.policy, policy);
  return policy;
}

/** A policy was read before it was kept; one that cannot be read now lets nobody do anything. */
function parsed(text: string, kind: PolicyKind): Policy {
  try {
    return parsePolicy(text, kind, { maxLength: MAX_KEPT_LENGTH });
  } catch (error) {
    throw new S3Error("AccessDenied", { message: `A policy cannot be read: ${String(error)}` });
  }
}
