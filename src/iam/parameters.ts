// The fields of an action: what the Query protocol's parameters become, held to the limits of the service's own model.

import { QueryFault, validationError } from "./fault.ts";

/** Parameters by name, as sent. */
export type Parameters = ReadonlyMap<string, string>;

/** Most members of one list that are looked at. */
const MAX_MEMBERS = 1_000;

/** Reads one field; what is wrong with it goes to `problems`. */
export type Field<T> = (parameters: Parameters, name: string, problems: string[]) => T;
export type Fields = Record<string, Field<unknown>>;
export type Values<F extends Fields> = { [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** Reads all fields. Throws ValidationError with everything that is wrong. */
export function readFields<F extends Fields>(fields: F, parameters: Parameters): Values<F> {
  const problems: string[] = [];
  const entries = Object.entries(fields).map(([name, field]) => [name, field(parameters, name, problems)]);
  if (problems.length > 0) throw validationError(problems);
  return Object.fromEntries(entries) as Values<F>;
}

/** What one value has to be: its constraint in AWS's words if it is not that. */
type Judge<T> = (text: string) => { value: T } | { problem: string };

/** A kind of value, as a field that must be there, that may be left out, or that is a list. */
export interface Rule<T> {
  need: Field<T>;
  may: Field<T | undefined>;
  /** `Name.member.1`, `Name.member.2` …, at most `most`; undefined if there is not even an empty list. */
  list(most: number, suffix?: string): Field<T[] | undefined>;
  judge: Judge<T>;
}

/** AWS shows members with a small first letter. */
function member(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

function complain(name: string, value: string | null, problem: string): string {
  const shown = value === null ? "null" : `'${value.slice(0, 256)}'`;
  return `Value ${shown} at '${member(name)}' failed to satisfy constraint: ${problem}`;
}

function rule<T>(judge: Judge<T>): Rule<T> {
  const may: Field<T | undefined> = (parameters, name, problems) => {
    const sent = parameters.get(name);
    return sent === undefined ? undefined : judged(judge, sent, name, problems);
  };
  return {
    judge,
    may,
    need(parameters, name, problems) {
      if (!parameters.has(name)) problems.push(complain(name, null, "Member must not be null"));
      // Nobody sees what stands for a bad value: with a problem noted, reading ends in an error.
      return may(parameters, name, problems) as T;
    },
    list: (most, suffix = "") => listed(judge, most, suffix),
  };
}

function judged<T>(judge: Judge<T>, sent: string, name: string, problems: string[]): T | undefined {
  const read = judge(sent);
  if ("value" in read) return read.value;
  problems.push(complain(name, sent, read.problem));
  return undefined;
}

function listed<T>(judge: Judge<T>, most: number, suffix: string): Field<T[] | undefined> {
  return (parameters, name, problems) => {
    const items: T[] = [];
    for (let i = 1; i <= MAX_MEMBERS; i++) {
      const sent = parameters.get(`${name}.member.${i}${suffix}`);
      if (sent === undefined) break;
      const value = judged(judge, sent, `${name}.${i}.member`, problems);
      if (value !== undefined) items.push(value);
    }
    if (items.length > most) {
      problems.push(complain(name, "[…]", `Member must have length less than or equal to ${most}`));
    }
    return items.length > 0 || parameters.has(name) ? items : undefined;
  };
}

/** A text; lengths in characters. */
export function text({
  min = 1,
  max,
  pattern,
}: {
  min?: number;
  max: number;
  pattern?: RegExp;
}): Rule<string> {
  return rule((value) => {
    if (value.length > max) return { problem: `Member must have length less than or equal to ${max}` };
    if (value.length < min) return { problem: `Member must have length greater than or equal to ${min}` };
    if (pattern !== undefined && !pattern.test(value)) {
      return { problem: `Member must satisfy regular expression pattern: ${pattern.source.slice(1, -1)}` };
    }
    return { value };
  });
}

export function integer({ min, max }: { min: number; max: number }): Rule<number> {
  return rule((digits) => {
    if (!/^-?\d{1,12}$/.test(digits)) return { problem: "Member must be an integer" };
    const value = Number(digits);
    if (value > max) return { problem: `Member must have value less than or equal to ${max}` };
    if (value < min) return { problem: `Member must have value greater than or equal to ${min}` };
    return { value };
  });
}

export function oneOf<const T extends string>(...words: T[]): Rule<T> {
  return rule((word) => {
    const value = words.find((known) => known === word);
    if (value === undefined) return { problem: `Member must satisfy enum value set: [${words.join(", ")}]` };
    return { value };
  });
}

export const flag: Rule<boolean> = rule((word) =>
  /^(true|false)$/i.test(word)
    ? { value: word.toLowerCase() === "true" }
    : { problem: "Member must be a boolean" },
);

/** Most tags of one entity. */
export const MAX_TAGS = 50;

const TAG_KEY = text({ max: 128, pattern: /^[\p{L}\p{Z}\p{N}_.:/=+\-@]+$/u });
const TAG_VALUE = text({ min: 0, max: 256, pattern: /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u });

/** Tags as a record by name; {} if none were sent. */
export const tags: Field<Record<string, string>> = (parameters, name, problems) => {
  const keys = TAG_KEY.list(MAX_TAGS, ".Key")(parameters, name, problems) ?? [];
  const values = keys.map((_, i) => {
    const value = parameters.get(`${name}.member.${i + 1}.Value`) ?? "";
    return judged(TAG_VALUE.judge, value, `${name}.${i + 1}.member.value`, problems) ?? "";
  });
  if (new Set(keys.map((key) => key.toLowerCase())).size < keys.length) {
    throw new QueryFault(
      "InvalidInput",
      "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    );
  }
  return Object.fromEntries(keys.map((key, i) => [key, values[i] ?? ""]));
};

export const tagKeys: Field<string[]> = (parameters, name, problems) =>
  TAG_KEY.list(MAX_TAGS)(parameters, name, problems) ?? [];

const NAME = /^[\w+=,.@-]+$/;

/** A new user's or role's name, and that of one there is. */
export const newName = text({ max: 64, pattern: NAME });
export const name = text({ max: 128, pattern: NAME });
export const path = text({ max: 512, pattern: /^((\/)|(\/[\u0021-\u007E]+\/))$/ });
export const pathPrefix = text({ max: 512, pattern: /^\/[\u0021-\u007F]*$/ });
export const policyPath = text({ max: 512, pattern: /^((\/[A-Za-z0-9.,+@=_-]+)*)\/$/ });
export const arn = text({ min: 20, max: 2048 });
export const accessKeyId = text({ min: 16, max: 128, pattern: /^[\w]+$/ });
export const policyDocument = text({ max: 131_072, pattern: /^[\t\n\r\u0020-\u00FF]+$/ });

/** Where a list goes on, and how long its page may be. */
export const paging = {
  Marker: text({ max: 320, pattern: /^[\u0020-\u00FF]+$/ }).may,
  MaxItems: integer({ min: 1, max: 1_000 }).may,
};
