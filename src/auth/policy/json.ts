// A policy's text as JSON, within limits, and the shapes that the language makes of it.

import { PolicyFault } from "./fault.ts";

/** Principal, its kinds, their lists: nothing in the language is deeper than six. */
const MAX_DEPTH = 8;
/** Of a list of texts: actions, resources, principals, the values of a condition. */
const MAX_TEXTS = 1000;

const NOT_JSON = "Policies must be valid JSON and the first byte must be '{'";

export type Fields = ReadonlyMap<string, unknown>;

/** How deep brackets go, those in strings not counted. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (inString) {
      if (character === "\\") at += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === "{" || character === "[") deepest = Math.max(deepest, ++depth);
    else if (character === "}" || character === "]") depth -= 1;
  }
  return deepest;
}

/** The fields of the document. Throws PolicyFault. */
export function readJson(text: string): Fields {
  if (!text.startsWith("{")) throw new PolicyFault(NOT_JSON);
  if (depthOf(text) > MAX_DEPTH) throw new PolicyFault("The policy is nested too deeply.");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new PolicyFault(NOT_JSON);
  }
  return asFields(value);
}

/** The fields of an object. A field that stands there twice is the later one. */
export function asFields(value: unknown): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new PolicyFault("Invalid policy syntax.");
  }
  return new Map(Object.entries(value));
}

/** A list, or the one thing that stands for a list of one. */
export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

/** Texts, at least one; `scalars`: numbers and booleans are texts, too, as they are among a condition's values. */
export function asTexts(value: unknown, scalars: boolean, missing = "Invalid policy syntax."): string[] {
  const list = asList(value);
  if (list.length === 0) throw new PolicyFault(missing);
  if (list.length > MAX_TEXTS) throw new PolicyFault("Too many values in a list.");
  return list.map((item) => {
    if (typeof item === "string") return item;
    if (scalars && (typeof item === "number" || typeof item === "boolean")) return String(item);
    throw new PolicyFault("Invalid policy syntax.");
  });
}
