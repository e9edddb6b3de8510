// The Condition element: AND over operators and keys, OR over a key's values (NOR, of a negated operator).
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
// and https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html

import { PolicyFault } from "./fault.ts";
import type { Ask, Condition, Quantifier } from "./language.ts";
import { OPERATORS, readBoolean, type Test } from "./operators.ts";
import { readTemplate, variablesOf } from "./template.ts";

const QUANTIFIERS: ReadonlyMap<string | undefined, Quantifier> = new Map([
  [undefined, "none"],
  ["ForAllValues", "all"],
  ["ForAnyValue", "any"],
]);
const OPERATOR = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/;

/** A condition with the variables that its values have, in lower case. */
export interface ReadCondition {
  condition: Condition;
  variables: readonly string[];
}

/**
 * One key of one operator. `values` at least one; `variables`: the policy's version has policy variables.
 * Throws PolicyFault.
 */
export function readCondition(
  name: string,
  key: string,
  values: readonly string[],
  variables: boolean,
): ReadCondition {
  const [, prefix, operator = "", suffix] = OPERATOR.exec(name) ?? [];
  const quantifier = QUANTIFIERS.get(prefix) ?? "none";
  const shape = { operator, quantifier, ifExists: suffix !== undefined, key: key.toLowerCase(), values };
  if (operator === "Null") return readNull(name, shape);
  const known = OPERATORS.get(operator);
  if (known === undefined) throw new PolicyFault(`Invalid Condition type : ${name}`);
  const templates = values.map((value) => readTemplate(value, { wildcards: known.wildcards, variables }));
  const tests = templates.map((template) => known.bind(template));
  return {
    condition: { ...shape, holds: (ask) => holds(shape, known.negated, tests, ask) },
    variables: templates.flatMap(variablesOf),
  };
}

type Shape = Omit<Condition, "holds">;

/** Null: `true`: the key must not be there; `false`: it must. */
function readNull(name: string, shape: Shape): ReadCondition {
  if (name !== "Null") throw new PolicyFault(`Invalid Condition type : ${name}`);
  const wanted = new Set(shape.values.map(readBoolean));
  if (wanted.has(undefined)) throw new PolicyFault(`Invalid condition value: ${shape.values.join(", ")}`);
  const isAbsent = (ask: Ask): boolean => (ask.value(shape.key)?.length ?? 0) === 0;
  return { condition: { ...shape, holds: (ask) => wanted.has(isAbsent(ask)) }, variables: [] };
}

/**
 * A key that is not there: negated operators hold, IfExists holds, ForAllValues holds, everything else does not.
 * ForAnyValue wants at least one value, of negated operators, too. Values that are all empty are none to either.
 */
function holds(shape: Shape, negated: boolean, tests: readonly Test[], ask: Ask): boolean {
  const { quantifier, ifExists, key } = shape;
  const found = ask.value(key) ?? [];
  const matchesOne = (asked: string): boolean => tests.some((test) => test(asked, ask));
  const suits = (asked: string): boolean => matchesOne(asked) !== negated;
  if (quantifier === "none") {
    if (found.length === 0) return negated || ifExists;
    return negated ? found.every(suits) : found.some(suits);
  }
  if (found.length === 0) return quantifier === "all" || ifExists;
  if (found.every((value) => value === "")) return quantifier === "all";
  return quantifier === "all" ? found.every(suits) : found.some(suits);
}
