// Texts with wildcards and policy variables: read once, filled in for each question.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html

import { PolicyFault } from "./fault.ts";
import type { Ask, Template, Variable } from "./language.ts";
import { type Piece, readPieces } from "./wildcard.ts";

/** Whether `*` and `?` stand for anything, and whether `${…}` is a variable: not in policies of 2008-10-17. */
export interface Reading {
  wildcards: boolean;
  variables: boolean;
}

const MAX_VARIABLES = 32;
/** In characters, fallback and all, so that no text makes reading one slow. */
const VARIABLE = /\$\{([^{}]{0,512})\}/y;
const WITH_FALLBACK = /^([^,']+?)\s*,\s*'([^']*)'$/;
/** `${*}`, `${?}` and `${$}` are the characters themselves. */
const ESCAPED = new Set(["*", "?", "$"]);

function readVariable(inside: string): Variable | string {
  if (ESCAPED.has(inside)) return inside;
  const [, named, fallback] = WITH_FALLBACK.exec(inside) ?? [];
  const key = (named ?? inside).trim().toLowerCase();
  if (!/^[^:,']+:[^,']+$/.test(key)) throw new PolicyFault(`Invalid policy variable: \${${inside}}`);
  return { key, fallback };
}

/** Throws PolicyFault if a variable is none. */
export function readTemplate(text: string, { wildcards, variables }: Reading): Template {
  const literal = (part: string): Piece[] => (wildcards ? readPieces(part) : [part]);
  if (!variables || !text.includes("${")) return { fixed: true, pieces: literal(text) };
  const parts: (Piece | Variable)[] = [];
  let at = 0;
  for (let next = text.indexOf("${"); next >= 0; next = text.indexOf("${", at)) {
    VARIABLE.lastIndex = next;
    const [found, inside] = VARIABLE.exec(text) ?? [];
    if (found === undefined || inside === undefined) throw new PolicyFault("Invalid policy syntax.");
    parts.push(...literal(text.slice(at, next)), readVariable(inside));
    at = next + found.length;
  }
  parts.push(...literal(text.slice(at)));
  if (parts.filter(isVariable).length > MAX_VARIABLES) throw new PolicyFault("Too many policy variables.");
  const pieces = parts.filter((part): part is Piece => !isVariable(part));
  return pieces.length === parts.length ? { fixed: true, pieces } : { fixed: false, parts };
}

export function isVariable(part: Piece | Variable): part is Variable {
  return typeof part === "object" && "key" in part;
}

/** The keys of the variables, in lower case. */
export function variablesOf(template: Template): string[] {
  return template.fixed ? [] : template.parts.filter(isVariable).map(({ key }) => key);
}

/**
 * What the template says to this question: what stands in the place of a variable is text, wildcards in it are none.
 * Undefined if a variable has no value here, or more than one, and no fallback: then nothing is equal to it.
 */
export function fill(template: Template, ask: Ask): readonly Piece[] | undefined {
  if (template.fixed) return template.pieces;
  const pieces: Piece[] = [];
  for (const part of template.parts) {
    if (!isVariable(part)) pieces.push(part);
    else {
      const values = ask.value(part.key);
      const text = values?.length === 1 ? values[0] : part.fallback;
      if (text === undefined) return undefined;
      pieces.push(text);
    }
  }
  return pieces;
}
