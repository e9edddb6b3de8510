// A placeholder until policies are parsed: it knows effect, action and resource only.
import { PolicyFault } from "./fault.ts";
import type { Policy, PolicyKind } from "./language.ts";
export function parsePolicy(text: string, kind: PolicyKind): Policy {
  try {
    return { kind, ...(JSON.parse(text) as object) };
  } catch {
    throw new PolicyFault("Syntax errors in policy.");
  }
}
