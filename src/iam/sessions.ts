// How sessions begin: temporary credentials, sealed into a token, within the bounds that STS sets.
// Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html

import type { Caller } from "../auth/caller.ts";
import { AWS_POLICIES } from "../auth/policy/aws-managed.ts";
import { MAX_TOKEN_CHARACTERS, type Session, sealSession, sessionsKey } from "../auth/session-token.ts";
import type { World } from "../world.ts";
import { freshSecret } from "./access-keys.ts";
import type { Context } from "./action.ts";
import { time } from "./document.ts";
import { QueryFault } from "./fault.ts";
import { freshId } from "./make.ts";
import { arn, integer, policyDocument, tags, text } from "./parameters.ts";
import { ownPolicy } from "./policy-ref.ts";
import { readPolicy } from "./policy-text.ts";
import { QUOTAS } from "./quotas.ts";

/** Most managed policies that cut one session down. */
const MAX_POLICY_ARNS = 10;

export const sessionName = text({ min: 2, max: 64, pattern: /^[\w+=,.@-]*$/ });

/** What cuts a session down. */
export const cutFields = {
  Policy: policyDocument.may,
  PolicyArns: arn.list(MAX_POLICY_ARNS, ".arn"),
};

export const sessionFields = { ...cutFields, Tags: tags };

/** In seconds. */
export const seconds = (max: number) => integer({ min: 900, max }).may;

/** The session's policies: a text of its own, the account's managed ones as they are now, and AWS's. */
export async function sessionPolicies(
  context: Pick<Context, "world" | "caller">,
  { Policy, PolicyArns = [] }: { Policy?: string | undefined; PolicyArns?: string[] | undefined },
): Promise<Pick<Session, "policies" | "policyArns">> {
  const policies: string[] = [];
  if (Policy !== undefined) {
    readPolicy(Policy, "session", { name: "SessionPolicySize", most: QUOTAS.SessionPolicySize });
    policies.push(Policy);
  }
  for (const named of PolicyArns.filter((one) => !AWS_POLICIES.has(one))) {
    const own = await ownPolicy(context, named);
    if (own?.document === undefined) {
      throw new QueryFault(
        "ValidationError",
        `Policy ${named} does not exist or is not of the role's account.`,
      );
    }
    policies.push(own.document);
  }
  return { policies, policyArns: PolicyArns.filter((one) => AWS_POLICIES.has(one)) };
}

/** Begins a session. Throws PackedPolicyTooLarge if what it carries does not fit into a token. */
export async function begin(
  world: World,
  what: Pick<Session, "kind" | "account" | "identity" | "name"> & Partial<Session>,
  duration: number,
) {
  const issued = world.now();
  const session: Session = {
    accessKeyId: freshId("ASIA", 16),
    secret: freshSecret(),
    policies: [],
    policyArns: [],
    tags: {},
    transitive: [],
    claims: {},
    issued,
    expires: issued + duration * 1000,
    ...what,
  };
  world.memory.sessionsKey ??= sessionsKey(world.config.masterSecret);
  const token = await sealSession(await world.memory.sessionsKey, session);
  if (token === undefined) {
    throw new QueryFault(
      "PackedPolicyTooLarge",
      "The session's policies and tags do not fit into its token.",
    );
  }
  const packed = JSON.stringify([session.policies, session.policyArns, session.tags]).length;
  return {
    credentials: {
      AccessKeyId: session.accessKeyId,
      SecretAccessKey: session.secret,
      SessionToken: token,
      Expiration: time(session.expires),
    },
    /** In percent. */
    packedSize: Math.min(100, Math.ceil((packed * 100) / MAX_TOKEN_CHARACTERS)),
  };
}

/** The part of the caller's identity that a session of theirs names. Throws AccessDenied to whoever is a session already. */
export function permanent(caller: Caller, name: string): { account: string; identity: string } {
  if (caller.issued !== undefined) {
    throw new QueryFault("AccessDenied", `Cannot call ${name} with session credentials`);
  }
  return { account: caller.account.id, identity: caller.kind === "user" ? caller.userId : "" };
}
