// A bucket's policy, read once for as long as its settings are remembered.

import type { Bucket } from "../directory/buckets.ts";
import type { BucketSettings } from "../facts/settings.ts";
import { S3Error } from "../wire/error.ts";
import { PolicyFault } from "./policy/fault.ts";
import type { Policy } from "./policy/language.ts";
import { parsePolicy } from "./policy/parse.ts";
import { isPublic } from "./policy/public.ts";

/** `isPublic`: whether the policy lets in just anybody. */
export interface BucketPolicy {
  policy: Policy | undefined;
  isPublic: boolean;
}

const policies = new WeakMap<BucketSettings, BucketPolicy>();

/** The policy in force. */
export function policyOf({ name, settings }: Pick<Bucket, "name" | "settings">): BucketPolicy {
  const known = policies.get(settings);
  if (known !== undefined) return known;
  const policy = settings.policy === undefined ? undefined : readPolicy(settings.policy, name);
  const read = { policy, isPublic: policy !== undefined && isPublic(policy) };
  policies.set(settings, read);
  return read;
}

/** Reads a policy for the bucket of this name. Throws MalformedPolicy with the reason. */
export function readPolicy(text: string, bucket: string): Policy {
  try {
    return parsePolicy(text, "bucket", { bucket });
  } catch (error) {
    if (error instanceof PolicyFault) throw new S3Error("MalformedPolicy", { message: error.message });
    throw error;
  }
}
