// Policies and questions made by chance, small enough that they often meet.

import type { Ask, Policy } from "../../../src/auth/policy/language.ts";
import { parsePolicy } from "../../../src/auth/policy/parse.ts";
import { ASKING } from "../../vectors/policy/case.ts";
import type { Random } from "../random.ts";

export interface Statement {
  Effect: "Allow" | "Deny";
  [element: string]: unknown;
}

const ACTIONS = ["s3:GetObject", "s3:Get*", "s3:*", "*", "s3:PutObject", "s3:?etObject"] as const;
const RESOURCES = [
  "arn:aws:s3:::b",
  "arn:aws:s3:::b*",
  "arn:aws:s3:::b/*",
  "arn:aws:s3:::b/a*",
  "arn:aws:s3:::*/a/?",
  `arn:aws:s3:::b/\${aws:username}/*`,
  `arn:aws:s3:::b/\${aws:username, 'a'}/b`,
] as const;
const PRINCIPALS: readonly [unknown, ...unknown[]] = [
  "*",
  { AWS: "*" },
  { AWS: "111122223333" },
  { AWS: ["444455556666", "arn:aws:iam::111122223333:user/JohnDoe"] },
  { AWS: [ASKING.session.roleArn, "arn:aws:iam::444455556666:root"] },
  { AWS: ASKING.session.arn, Service: "logging.s3.amazonaws.com" },
];
const KEYS = ["aws:username", "S3:Prefix", "aws:SourceIp", "s3:max-keys", "aws:TagKeys"] as const;
const OPERATORS = [
  "StringEquals",
  "StringNotEquals",
  "StringLike",
  "StringNotLikeIfExists",
  "StringEqualsIgnoreCase",
  "ForAllValues:StringEquals",
  "ForAnyValue:StringLike",
  "ForAnyValue:StringNotEquals",
] as const;
const TEXTS = ["a", "b", "A", "a*", "*", "?", "10", `\${aws:username}`, `x\${*}`, ""] as const;

/** One of them, or a list of up to three. */
function some<T>(random: Random, items: readonly [T, ...T[]]): T | T[] {
  if (random.integer(2) === 0) return random.pick(items);
  return Array.from({ length: 1 + random.integer(3) }, () => random.pick(items));
}

function condition(random: Random): object {
  const conditions: Record<string, object> = {};
  for (let count = random.integer(3); count > 0; count -= 1) {
    const kind = random.integer(6);
    const key = random.pick(KEYS);
    if (kind === 0) conditions.NumericLessThan = { [key]: some(random, ["5", "10", "-1"]) };
    else if (kind === 1)
      conditions.NotIpAddress = { [key]: some(random, ["10.0.0.0/8", "::1", "10.1.0.0/16"]) };
    else if (kind === 2) conditions.Null = { [key]: random.pick(["true", "false"]) };
    else conditions[random.pick(OPERATORS)] = { [key]: some(random, TEXTS) };
  }
  return conditions;
}

export function randomStatement(random: Random, kind: "bucket" | "identity"): Statement {
  const Effect = random.pick<Statement["Effect"]>(["Allow", "Allow", "Deny"]);
  const spares = Effect === "Deny" && random.integer(3) === 0;
  return {
    Effect,
    [random.pick(["Action", "Action", "NotAction"])]: some(random, ACTIONS),
    [random.pick(["Resource", "Resource", "Resource", "NotResource"])]: some(random, RESOURCES),
    ...(random.integer(2) === 0 && { Condition: condition(random) }),
    ...(kind === "bucket" && { [spares ? "NotPrincipal" : "Principal"]: random.pick(PRINCIPALS) }),
  };
}

export function randomStatements(random: Random, kind: "bucket" | "identity"): Statement[] {
  return Array.from({ length: 1 + random.integer(4) }, () => randomStatement(random, kind));
}

export function read(statements: readonly Statement[], kind: "bucket" | "identity"): Policy {
  const text = JSON.stringify({ Version: "2012-10-17", Statement: statements });
  return parsePolicy(text, kind, { bucket: "b" });
}

const PRINCIPAL_NAMES = Object.keys(ASKING) as [keyof typeof ASKING, ...(keyof typeof ASKING)[]];

export function randomAsk(random: Random): Ask {
  const values = new Map<string, readonly string[]>();
  for (const key of KEYS) {
    if (random.integer(2) === 0)
      values.set(key.toLowerCase(), [random.pick(["a", "b", "", "*", "10.1.2.3", "7"])]);
  }
  if (random.integer(2) === 0)
    values.set(
      "aws:tagkeys",
      Array.from({ length: random.integer(3) }, () => random.pick(["a", "b"])),
    );
  return {
    principal: ASKING[random.pick(PRINCIPAL_NAMES)],
    action: random.pick(["s3:GetObject", "s3:PutObject", "s3:ListBucket"]),
    resource: `arn:aws:s3:::b${random.pick(["", "/a", "/a/b", "/*/b", "/c"])}`,
    value: (key) => values.get(key),
  };
}

export function shuffled<T>(random: Random, items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, place: random.next() }))
    .toSorted((one, other) => one.place - other.place)
    .map(({ item }) => item);
}
