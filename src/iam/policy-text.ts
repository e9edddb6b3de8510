// Policies as they come in: held to their size, and read, before they are kept.

import { PolicyFault } from "../auth/policy/fault.ts";
import type { Policy, PolicyKind } from "../auth/policy/language.ts";
import { parsePolicy } from "../auth/policy/parse.ts";
import { limitExceeded, QueryFault } from "./fault.ts";

/** Characters that count against a quota: AWS leaves blanks out. */
export function policySize(text: string): number {
  return text.replace(/\s/g, "").length;
}

/** Reads a policy. Throws LimitExceeded, and MalformedPolicyDocument with the reason. */
export function readPolicy(text: string, kind: PolicyKind, quota: { name: string; most: number }): Policy {
  try {
    return parsePolicy(text, kind, { maxLength: quota.most });
  } catch (error) {
    if (!(error instanceof PolicyFault)) throw error;
    if (error.isTooLong) throw limitExceeded(quota.name, quota.most);
    throw new QueryFault("MalformedPolicyDocument", error.message);
  }
}
