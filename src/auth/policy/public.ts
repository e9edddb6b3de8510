// Whether a bucket policy is public, as S3 defines it: it lets in everyone, and no condition pins down whom.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status

import { readIpRange } from "./ip-range.ts";
import type { Condition, Policy, Statement } from "./language.ts";

/** A range of addresses that is wider is everyone: prefixes shorter than these. */
const WIDEST_PREFIX = { 32: 8, 128: 32 } as const;

/** Keys that pin a statement down if all their values are fixed. */
const PINNING_KEYS: ReadonlySet<string> = new Set([
  "aws:principalaccount",
  "aws:principalarn",
  "aws:principalorgid",
  "aws:sourceaccount",
  "aws:sourcearn",
  "aws:sourceowner",
  "aws:sourcevpc",
  "aws:sourcevpce",
  "aws:userid",
  "s3:dataaccesspointaccount",
  "s3:dataaccesspointarn",
  "s3:x-amz-server-side-encryption-aws-kms-key-id",
]);

/** Operators that hold for the values named only. */
const EQUALITIES: ReadonlySet<string> = new Set([
  "StringEquals",
  "StringEqualsIgnoreCase",
  "StringLike",
  "ArnEquals",
  "ArnLike",
]);

/** No wildcard and no variable, whatever the operator would make of them. */
const isFixed = (value: string): boolean => value !== "" && !/[*?]|\$\{/.test(value);

/** Any access point of one account is fixed enough. */
const ACCESS_POINTS = /^arn:aws[a-z-]*:s3:[a-z0-9-]+:\d{12}:accesspoint\/[^$]*$/;
/** A role's id and any session of it. */
const ROLE_SESSION = /^AROA[^:]*:/;

function isPinnedValue(key: string, value: string): boolean {
  // Whoever does not sign has this id.
  if (key === "aws:userid" && (ROLE_SESSION.test(value) || value.toLowerCase() === "anonymous")) return false;
  return isFixed(value) || (key === "s3:dataaccesspointarn" && ACCESS_POINTS.test(value));
}

function isNarrow(value: string): boolean {
  const range = readIpRange(value);
  return range !== undefined && range.prefix >= WIDEST_PREFIX[range.bits];
}

/** Whether the condition cannot hold for just anyone. What holds where the key is absent never pins. */
function pins({ operator, quantifier, ifExists, key, values }: Condition): boolean {
  if (ifExists || quantifier === "all") return false;
  if (key === "aws:sourceip") return operator === "IpAddress" && values.every(isNarrow);
  return (
    EQUALITIES.has(operator) && PINNING_KEYS.has(key) && values.every((value) => isPinnedValue(key, value))
  );
}

function isPublicStatement({ effect, principals, conditions }: Statement): boolean {
  if (effect === "deny" || principals === undefined) return false;
  return principals.listed.everyone && !conditions.some(pins);
}

/** One public statement makes the policy public, whatever else it denies. */
export function isPublic(policy: Policy): boolean {
  return policy.statements.some(isPublicStatement);
}
