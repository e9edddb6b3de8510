// The credentials and the policy in a browser's form: who signed it, and what it may hold. Pure.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html

import { Buffer } from "node:buffer";
import { S3Error } from "../wire/error.ts";
import { type FormFields, missingField } from "../wire/form.ts";
import { ALGORITHM, type CredentialScope, parseCredential, parseTimestamp } from "./sigv4.ts";

/** A signature over a form's policy. `policy` is base64 as sent, which is what is signed. */
export type FormCredentials = { accessKeyId: string; policy: string; signature: string } & (
  | { version: 2 }
  | { version: 4; scope: CredentialScope; timestamp: string; token: string | undefined }
);

const VERSION_4 = ["X-Amz-Signature", "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date"] as const;
const VERSION_2 = ["Signature", "AWSAccessKeyId"] as const;

/**
 * Reads who signed; undefined if nobody did. Throws InvalidArgument if part of a signature is missing, and
 * AuthorizationQueryParametersError, as S3 does for forms, too, if one is malformed.
 */
export function readCredentials(fields: FormFields): FormCredentials | undefined {
  const has = (name: string) => fields.has(name.toLowerCase());
  const need = (name: string): string => {
    const value = fields.get(name.toLowerCase());
    if (value === undefined) throw missingField(name);
    return value;
  };
  const later = VERSION_4.some(has) && !has("Signature");
  if (!later && !VERSION_2.some(has) && !has("policy")) return undefined;
  const policy = need("policy");
  if (!later) {
    return { version: 2, policy, signature: need("Signature"), accessKeyId: need("AWSAccessKeyId") };
  }
  const signature = need("X-Amz-Signature");
  if (need("X-Amz-Algorithm") !== ALGORITHM) throw malformed(`X-Amz-Algorithm only supports "${ALGORITHM}"`);
  const scope = parseCredential(need("X-Amz-Credential"));
  const timestamp = need("X-Amz-Date");
  if (scope === undefined) {
    throw malformed(
      'Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
    );
  }
  if (parseTimestamp(timestamp) === undefined) {
    throw malformed("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"");
  }
  const token = fields.get("x-amz-security-token");
  return { version: 4, policy, signature, accessKeyId: scope.accessKeyId, scope, timestamp, token };
}

function malformed(message: string): S3Error {
  return new S3Error("AuthorizationQueryParametersError", { message });
}

/** What a policy demands of one field, or of the file's length in bytes. `field` in lower case; `shown` as S3 shows it. */
type Condition =
  | { kind: "eq" | "starts-with"; field: string; value: string; shown: string }
  | { kind: "range"; least: number; most: number };

/** A policy: until when forms with it are taken, in ms since 1970, and what they have to meet. */
export interface FormPolicy {
  expires: number;
  conditions: readonly Condition[];
}

/** Reads a policy as the form carries it. Throws InvalidPolicyDocument. */
export function readFormPolicy(policy: string): FormPolicy {
  const document = parseJson(Buffer.from(policy, "base64").toString("utf8"));
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    throw invalid("Invalid JSON.");
  }
  const { expiration, conditions } = document as Record<string, unknown>;
  if (typeof expiration !== "string") throw invalid("Policy missing expiration.");
  if (!Array.isArray(conditions)) throw invalid("Policy missing conditions.");
  return { expires: readExpiration(expiration), conditions: conditions.map(readCondition) };
}

function invalid(message: string): S3Error {
  return new S3Error("InvalidPolicyDocument", { message: `Invalid Policy: ${message}` });
}

/** JSON, in which S3 has two escapes of its own: of a dollar sign and of a vertical tab. */
function parseJson(text: string): unknown {
  const escapes: Record<string, string> = { $: "$", v: "\\u000b" };
  try {
    return JSON.parse(text.replace(/\\(.)/gs, (whole, mark: string) => escapes[mark] ?? whole));
  } catch {
    throw invalid("Invalid JSON.");
  }
}

function readExpiration(text: string): number {
  const found = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(\.\d{1,9})?Z$/.exec(text);
  const ms = Date.parse(text);
  // A 31st of February would roll over into March.
  if (found === null || Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(found[1] ?? "-")) {
    throw invalid(`Invalid 'expiration' value: '${text}'`);
  }
  return ms;
}

function readCondition(condition: unknown): Condition {
  if (Array.isArray(condition)) return readListCondition(condition);
  if (typeof condition !== "object" || condition === null) {
    throw invalid("Invalid Condition: Conditions must be objects or lists.");
  }
  const [entry, ...more] = Object.entries(condition);
  if (entry === undefined || more.length > 0) {
    throw invalid("Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.");
  }
  const [name, value] = entry;
  if (typeof value !== "string") throw invalid("Invalid Simple-Condition: value must be a string.");
  return match("eq", `$${name}`, value);
}

function readListCondition(list: readonly unknown[]): Condition {
  const [operator, first, second] = list;
  if (list.length !== 3 || typeof operator !== "string") {
    throw invalid("Invalid Condition: Lists must have an operator and two values.");
  }
  const kind = operator.toLowerCase();
  if (kind === "content-length-range") return { kind: "range", least: length(first), most: length(second) };
  if (kind !== "eq" && kind !== "starts-with")
    throw invalid(`Invalid Condition: unknown operator '${operator}'.`);
  if (typeof first !== "string" || typeof second !== "string") {
    throw invalid("Invalid Condition: values must be strings.");
  }
  return match(kind, first, second);
}

/** Names the field of a client's key, which no error shows: people paste errors into tickets. */
const CUSTOMER_KEY = /encryption-customer-key(?!-md5)/i;

/** A policy as errors show it. */
export function shownPolicy(policy: string): string {
  return CUSTOMER_KEY.test(Buffer.from(policy, "base64").toString("utf8")) ? "…" : policy;
}

function match(kind: "eq" | "starts-with", name: string, value: string): Condition {
  const words = [kind, name, CUSTOMER_KEY.test(name) ? "…" : value];
  const shown = `[${words.map((text) => JSON.stringify(text)).join(", ")}]`;
  // A name without its dollar sign is that of no field.
  return { kind, field: name.startsWith("$") ? name.slice(1).toLowerCase() : "", value, shown };
}

function length(value: unknown): number {
  const text = typeof value === "number" ? String(value) : value;
  if (typeof text === "string" && /^\d{1,15}$/.test(text)) return Number(text);
  throw invalid("Invalid content-length-range: lengths must be whole numbers of bytes.");
}

/** Fields that need no condition: the signature's own, and those that only hold the file to a promise. */
const EXEMPT = /^(file|policy|signature|x-amz-signature|awsaccesskeyid|x-ignore-.*|x-amz-checksum-.*)$/s;

/**
 * Holds a form that is posted to this bucket against its policy, at a time in ms since 1970. Gives how many bytes its
 * file may have. Throws AccessDenied for an expired policy, a condition that fails, a field without a condition.
 */
export function checkForm(
  { expires, conditions }: FormPolicy,
  fields: FormFields,
  bucket: string,
  now: number,
): { least: number; most: number } {
  if (now > expires) throw against("Policy expired.");
  const all = new Map([...fields, ["bucket", bucket]]);
  const covered = new Set<string>();
  let [least, most] = [0, Number.POSITIVE_INFINITY];
  for (const condition of conditions) {
    if (condition.kind === "range") {
      least = Math.max(least, condition.least);
      most = Math.min(most, condition.most);
    } else {
      if (!holds(condition, all)) throw against(`Policy Condition failed: ${condition.shown}`);
      covered.add(condition.field);
    }
  }
  const extra = [...all.keys()].filter((name) => !covered.has(name) && !EXEMPT.test(name));
  if (extra.length > 0) throw against(`Extra input fields: ${extra.join(", ")}`);
  return { least, most };
}

/** A field that is not there meets one condition only: that it may begin with anything. */
function holds({ kind, field, value }: Exclude<Condition, { kind: "range" }>, fields: FormFields): boolean {
  if (field === "") return false;
  const found = fields.get(field);
  if (found === undefined) return kind === "starts-with" && value === "";
  if (kind === "eq") return found === value;
  // Several types in one field must each begin so.
  const each = field === "content-type" ? found.split(",").map((type) => type.trim()) : [found];
  return each.every((one) => one.startsWith(value));
}

function against(what: string): S3Error {
  return new S3Error("AccessDenied", { message: `Invalid according to Policy: ${what}` });
}
