// What policies say to a question: explicit deny first, in whatever order they and their statements stand. Pure.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

import type { Ask, Named, Policy, Statement, Verdict } from "./language.ts";
import { closest, isSpared } from "./principals.ts";
import { fill } from "./template.ts";
import { matches } from "./wildcard.ts";

/** From the farthest to the closest. */
const CLOSENESS: readonly Named[] = ["everyone", "account", "principal", "session"];

/** Most steps that matching wildcards may take in one evaluation: about a millisecond. Beyond them it is a denial. */
const MAX_STEPS = 100_000;

/** A question whose action is in lower case, too. */
interface Asked {
  ask: Ask;
  action: string;
}

/** `none` of no policies. An error on the way is a denial. */
export function evaluate(policies: readonly Policy[], ask: Ask): Verdict {
  try {
    return weigh(policies, {
      ask: { ...ask, steps: { left: MAX_STEPS } },
      action: ask.action.toLowerCase(),
    });
  } catch {
    return { effect: "deny" };
  }
}

function weigh(policies: readonly Policy[], asked: Asked): Verdict {
  let named = -1;
  for (const { statements } of policies) {
    for (const statement of statements) {
      const how = applies(statement, asked);
      if (how === undefined) continue;
      if (statement.effect === "deny") return { effect: "deny" };
      named = Math.max(named, CLOSENESS.indexOf(how));
    }
  }
  const closestName = CLOSENESS[named];
  return closestName === undefined ? { effect: "none" } : { effect: "allow", named: closestName };
}

/** How the statement names the one who asks; undefined: it says nothing to this. */
function applies(statement: Statement, { ask, action }: Asked): Named | undefined {
  const { actions, conditions } = statement;
  const isListed = actions.listed.some((pieces) => matches(pieces, action, ask.steps));
  if (isListed === actions.except || !covers(statement, ask)) return undefined;
  const named = naming(statement, ask);
  if (named === undefined) return undefined;
  return conditions.every((condition) => condition.holds(ask)) ? named : undefined;
}

/**
 * Whether the resource is one of the statement's. A pattern with a variable that has no value matches nothing; where
 * that would make an allowing NotResource mean more than its author said, the statement says nothing.
 */
function covers({ resources, effect }: Statement, ask: Ask): boolean {
  if (resources === undefined) return true;
  const filled = resources.listed.map((template) => fill(template, ask));
  if (resources.except && effect === "allow" && filled.includes(undefined)) return false;
  const isListed = filled.some((pieces) => pieces !== undefined && matches(pieces, ask.resource, ask.steps));
  return isListed !== resources.except;
}

/** Identity and session policies name nobody: they speak of the principal that they were given to. */
function naming({ principals, effect }: Statement, { principal }: Ask): Named | undefined {
  if (principals === undefined) return "principal";
  const { except, listed } = principals;
  if (except) return isSpared(listed, principal) ? undefined : "everyone";
  return closest(listed, principal, effect === "deny");
}

/**
 * Whether a decision may look at a condition key that begins so (in lower case), in a condition or as a variable, e.g.
 * `s3:existingobjecttag/`.
 */
export function mentionsKey(policies: readonly Policy[], prefix: string): boolean {
  return policies.some(({ keys }) => keys.some((key) => key.startsWith(prefix)));
}
