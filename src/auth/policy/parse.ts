// Reads a policy's text: every rule of the language that can be checked before a question comes is checked here.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html

import { readCondition } from "./conditions.ts";
import { PolicyFault } from "./fault.ts";
import { asFields, asList, asTexts, type Fields, readJson } from "./json.ts";
import type { Condition, Listed, Policy, PolicyKind, Principals, Statement, Template } from "./language.ts";
import { readPrincipals } from "./principals.ts";
import { isVariable, readTemplate, variablesOf } from "./template.ts";
import { ANY, canBegin, matches, readPieces } from "./wildcard.ts";

/**
 * How long a policy may be. A bucket's: in bytes of UTF-8; all others: in characters, white space not counted.
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
export const MAX_POLICY_LENGTH: Readonly<Record<PolicyKind, number>> = {
  bucket: 20 * 1024,
  identity: 10_240,
  session: 2048,
  trust: 4096,
};
/** With white space, in characters: what a parameter of IAM may have. */
const MAX_TEXT_LENGTH = 131_072;
const MAX_STATEMENTS = 500;
/** In one statement. */
const MAX_CONDITIONS = 100;
const MAX_CONDITION_KEY_LENGTH = 512;

/** `bucket`: where a bucket policy will stand; its resources must lie there. `maxLength` instead of the kind's own. */
export interface PolicyLimits {
  bucket?: string;
  maxLength?: number;
}

/** What the reading of one statement has to know of its policy. */
interface Place {
  kind: PolicyKind;
  bucket: string | undefined;
  /** Whether the policy's version has variables. */
  variables: boolean;
  /** Gathers what decisions look at. */
  keys: Set<string>;
}

/** Throws PolicyFault, whose message is the reason, in AWS's words where they are known. Nothing else is ever thrown. */
export function parsePolicy(text: string, kind: PolicyKind, limits: PolicyLimits = {}): Policy {
  checkLength(text, kind, limits.maxLength ?? MAX_POLICY_LENGTH[kind]);
  const fields = readJson(text);
  refuseUnknown(fields, ["Version", "Id", "Statement"]);
  const version = fields.has("Version") ? fields.get("Version") : "2008-10-17";
  if (version !== "2008-10-17" && version !== "2012-10-17") {
    throw new PolicyFault("The policy must contain a valid version string");
  }
  readText(fields, "Id");
  if (!fields.has("Statement")) throw new PolicyFault("Missing required field Statement");
  const list = asList(fields.get("Statement"));
  if (list.length === 0) throw new PolicyFault("Statement is empty!");
  if (list.length > MAX_STATEMENTS) throw new PolicyFault("Too many statements.");
  const keys = new Set<string>();
  const place = { kind, bucket: limits.bucket, variables: version === "2012-10-17", keys };
  const statements = list.map((statement) => readStatement(asFields(statement), place));
  // Services check this for policies of theirs or not; S3 takes a policy with one Sid twice.
  if (kind !== "bucket") refuseRepeated(statements);
  return { kind, statements, keys: [...keys] };
}

function checkLength(text: string, kind: PolicyKind, limit: number): void {
  if (text.length > MAX_TEXT_LENGTH) throw new PolicyFault("The policy is too long.", true);
  const isBucket = kind === "bucket";
  const length = isBucket ? new TextEncoder().encode(text).byteLength : text.replace(/\s/g, "").length;
  if (length <= limit) return;
  throw new PolicyFault(
    `Maximum policy size of ${limit} ${isBucket ? "bytes" : "characters"} exceeded.`,
    true,
  );
}

function refuseUnknown(fields: Fields, known: readonly string[]): void {
  for (const field of fields.keys()) {
    if (!known.includes(field)) throw new PolicyFault(`Unknown field ${field}`);
  }
}

function refuseRepeated(statements: readonly Statement[]): void {
  const sids = statements.map(({ sid }) => sid).filter((sid) => sid !== undefined && sid !== "");
  if (new Set(sids).size === sids.length) return;
  throw new PolicyFault("Statement IDs (SID) in a single policy must be unique.");
}

function readText(fields: Fields, name: string): string | undefined {
  const value = fields.get(name);
  if (value !== undefined && typeof value !== "string") throw new PolicyFault("Invalid policy syntax.");
  return value;
}

const ELEMENTS = [
  "Sid",
  "Effect",
  ...["Principal", "NotPrincipal"],
  ...["Action", "NotAction"],
  ...["Resource", "NotResource"],
  "Condition",
];

function readStatement(fields: Fields, place: Place): Statement {
  refuseUnknown(fields, ELEMENTS);
  const sid = readText(fields, "Sid");
  if (place.kind !== "bucket" && sid !== undefined && !/^[0-9A-Za-z]*$/.test(sid)) {
    throw new PolicyFault("Statement IDs (SID) must be alpha-numeric.");
  }
  const effect = readEffect(fields);
  const principals = readPrincipal(fields, place, effect);
  const actions = readActions(fields, place);
  const resources = readResources(fields, place);
  return {
    ...(sid !== undefined && { sid }),
    effect,
    ...(principals !== undefined && { principals }),
    actions,
    ...(resources !== undefined && { resources }),
    conditions: readConditions(fields, place),
  };
}

function readEffect(fields: Fields): Statement["effect"] {
  const effect = fields.get("Effect");
  if (effect === undefined) throw new PolicyFault("Missing required field Effect");
  if (effect === "Allow") return "allow";
  if (effect === "Deny") return "deny";
  throw new PolicyFault(typeof effect === "string" ? `Invalid effect: ${effect}` : "Invalid policy syntax.");
}

/** An element or its Not… form: not both; undefined: neither. */
function either(fields: Fields, name: string): Listed<unknown> | undefined {
  const negative = `Not${name}`;
  if (fields.has(name) && fields.has(negative)) throw new PolicyFault("Invalid policy syntax.");
  if (fields.has(name)) return { except: false, listed: fields.get(name) };
  return fields.has(negative) ? { except: true, listed: fields.get(negative) } : undefined;
}

function readPrincipal(
  fields: Fields,
  { kind }: Place,
  effect: Statement["effect"],
): Listed<Principals> | undefined {
  const found = either(fields, "Principal");
  if (kind === "identity" || kind === "session") {
    if (found === undefined) return undefined;
    throw new PolicyFault("Policy document should not specify a principal.");
  }
  if (found === undefined) throw new PolicyFault("Missing required field Principal");
  const { except, listed } = found;
  if (except && kind === "trust") throw new PolicyFault("Has prohibited field NotPrincipal");
  if (except && effect === "allow") throw new PolicyFault("Allow with NotPrincipal is not allowed.");
  if (listed === "*") return { except, listed: readPrincipals("*") };
  if (typeof listed === "string") throw new PolicyFault("Invalid principal in policy");
  const named = [...asFields(listed)].map(
    ([of, texts]) => [of, asTexts(texts, false, "Invalid principal in policy")] as const,
  );
  if (named.length === 0) throw new PolicyFault("Invalid principal in policy");
  return { except, listed: readPrincipals(named) };
}

const ACTIONS_OF: Readonly<Record<PolicyKind, RegExp>> = {
  identity: /^(?:\*|[a-z0-9-]+:[a-z0-9*?]+)$/,
  session: /^(?:\*|[a-z0-9-]+:[a-z0-9*?]+)$/,
  bucket: /^(?:\*|s3:[a-z0-9*?]+)$/,
  trust: /^sts:[a-z0-9*?]+$/,
};
const ACTION_FAULT: Readonly<Record<PolicyKind, string>> = {
  identity: "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
  session: "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
  bucket: "Policy has invalid action",
  trust: "AssumeRole policy may only specify STS AssumeRole actions.",
};

function readActions(fields: Fields, { kind }: Place): Statement["actions"] {
  const found = either(fields, "Action");
  if (found === undefined) throw new PolicyFault("Missing required field Action");
  const listed = asTexts(found.listed, false, "Policy statement must contain actions.").map((text) => {
    const lower = text.toLowerCase();
    if (!ACTIONS_OF[kind].test(lower)) throw new PolicyFault(ACTION_FAULT[kind]);
    return readPieces(lower);
  });
  return { except: found.except, listed };
}

function readResources(fields: Fields, place: Place): Statement["resources"] {
  const found = either(fields, "Resource");
  if (place.kind === "trust") {
    if (found === undefined) return undefined;
    throw new PolicyFault(`Has prohibited field ${found.except ? "NotResource" : "Resource"}`);
  }
  if (found === undefined) throw new PolicyFault("Missing required field Resource");
  const listed = asTexts(found.listed, false, "Policy statement must contain resources.").map((text) =>
    readResource(text, place),
  );
  return { except: found.except, listed };
}

const ARN = /^arn:[^:]+:[^:]+:[^:]*:[^:]*:./;
/** In the place of the account radosgw has a tenant. That is taken, though it names nothing here. */
const ARN_OF_S3 = /^arn:aws:s3::[^:]*:(.+)$/s;

function readResource(text: string, place: Place): Template {
  const template = readTemplate(text, { wildcards: true, variables: place.variables });
  for (const key of variablesOf(template)) place.keys.add(key);
  if (place.kind === "bucket") checkBucket(text, place);
  else if (text !== "*" && !ARN.test(text)) {
    throw new PolicyFault(`Resource ${text} must be in ARN format or "*".`);
  }
  return template;
}

/** Throws unless the resource could be the bucket, or something in it. */
function checkBucket(text: string, { bucket, variables }: Place): void {
  const [, within] = ARN_OF_S3.exec(text) ?? [];
  if (within === undefined) throw new PolicyFault("Policy has invalid resource");
  if (bucket === undefined) return;
  const template = readTemplate(within, { wildcards: true, variables });
  // A variable may be anything, as `*` may.
  const pieces = template.fixed
    ? template.pieces
    : template.parts.map((part) => (isVariable(part) ? ANY : part));
  if (matches(pieces, bucket) || canBegin(pieces, `${bucket}/`)) return;
  throw new PolicyFault("Policy has invalid resource");
}

function readConditions(fields: Fields, { keys, variables }: Place): Condition[] {
  if (!fields.has("Condition")) return [];
  const conditions: Condition[] = [];
  for (const [operator, wanted] of asFields(fields.get("Condition"))) {
    for (const [key, value] of asFields(wanted)) {
      if (!/^[^:]+:./s.test(key) || key.length > MAX_CONDITION_KEY_LENGTH) {
        throw new PolicyFault("Policy has an invalid condition key");
      }
      const read = readCondition(operator, key, asTexts(value, true), variables);
      conditions.push(read.condition);
      for (const looked of [read.condition.key, ...read.variables]) keys.add(looked);
      if (conditions.length > MAX_CONDITIONS) throw new PolicyFault("Too many conditions in a statement.");
    }
  }
  return conditions;
}
