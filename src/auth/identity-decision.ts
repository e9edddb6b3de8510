// What a caller's own policies and those of its session let it do, where no resource has a say. Pure.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

import type { Caller } from "./caller.ts";
import { evaluate } from "./policy/evaluate.ts";
import type { Ask, Policy } from "./policy/language.ts";
import { askedPrincipal } from "./principal-context.ts";

/** What is asked, apart from who asks. */
export type Request = Pick<Ask, "action" | "resource" | "value">;

/** What the policies of one layer say. */
export function effectOf(policies: readonly Policy[], caller: Caller, request: Request) {
  if (policies.length === 0) return "none";
  return evaluate(policies, { ...request, principal: askedPrincipal(caller) }).effect;
}

/**
 * Whether the caller's own policies allow this, and, of a session that was cut down, one of those that cut it. An
 * account's root may do whatever the account may.
 */
export function identityAllows(caller: Caller, request: Request): boolean {
  if (caller.kind === "anonymous" || isDenied(caller, request)) return false;
  const own = caller.kind === "root" || effectOf(caller.policies, caller, request) === "allow";
  return own && sessionAllows(caller, request);
}

/** Whether the session's own policies leave this in; one of them has to allow it, if there are any. */
export function sessionAllows(caller: Caller, request: Request): boolean {
  const { sessionPolicies } = caller;
  return sessionPolicies.length === 0 || effectOf(sessionPolicies, caller, request) === "allow";
}

/** Whether anything that was said of the caller denies this, which nobody else's word undoes. */
export function isDenied(caller: Caller, request: Request): boolean {
  const { policies, sessionPolicies, restrictions = [] } = caller;
  return [policies, sessionPolicies, restrictions].some(
    (layer) => effectOf(layer, caller, request) === "deny",
  );
}
