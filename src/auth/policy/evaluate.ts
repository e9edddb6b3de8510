// A placeholder until policies are evaluated: whatever allows, allows everything.
import type { Ask, Policy, Verdict } from "./language.ts";
export function evaluate(policies: readonly Policy[], _ask: Ask): Verdict {
  return /"Allow"/.test(JSON.stringify(policies))
    ? { effect: "allow", named: "principal" }
    : { effect: "none" };
}
