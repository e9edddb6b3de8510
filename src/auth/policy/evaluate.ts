// PLACEHOLDER until the policy language is merged.
import type { Ask, Policy, Verdict } from "./language.ts";

export function evaluate(_policies: readonly Policy[], _ask: Ask): Verdict {
  return { effect: "none" };
}

export function isPublic(_policy: Policy): boolean {
  return false;
}
export function mentionsKey(_policies: readonly Policy[], _prefix: string): boolean {
  return false;
}
