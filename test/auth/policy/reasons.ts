// Minimal policies of each kind, and the reason for refusing a policy.

import { PolicyFault } from "../../../src/auth/policy/fault.ts";
import type { PolicyKind } from "../../../src/auth/policy/language.ts";
import { parsePolicy } from "../../../src/auth/policy/parse.ts";

export const BUCKET = "arn:aws:s3:::amzn-s3-demo-bucket";
export const IDENTITY = { Effect: "Allow", Action: "s3:GetObject", Resource: `${BUCKET}/*` };
export const PUBLIC = { ...IDENTITY, Principal: "*" };
const TRUST = { Effect: "Allow", Principal: { AWS: "111122223333" }, Action: "sts:AssumeRole" };
export const VALID = { identity: IDENTITY, session: IDENTITY, bucket: PUBLIC, trust: TRUST } as const;

export const document = (...statements: readonly object[]) =>
  JSON.stringify({ Version: "2012-10-17", Statement: statements });

export function reasonOf(
  text: string,
  kind: PolicyKind = "identity",
  bucket = "amzn-s3-demo-bucket",
): string {
  try {
    parsePolicy(text, kind, { bucket });
  } catch (error) {
    if (error instanceof PolicyFault) return error.message;
    throw error;
  }
  return "taken";
}

/** The reason for refusing a statement like a valid one, but with these elements; undefined: without. */
export const reason = (kind: keyof typeof VALID, change: object) =>
  reasonOf(document({ ...VALID[kind], ...change }), kind);
