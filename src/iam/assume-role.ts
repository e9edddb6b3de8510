// AssumeRole: a role's trust policy says who may take it on, and so must, unless it names them themselves, their own.
// Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html

import type { Caller, CallerAccount } from "../auth/caller.ts";
import { accountOf } from "../auth/identity.ts";
import { identityAllows, isDenied, sessionAllows } from "../auth/identity-decision.ts";
import { evaluate } from "../auth/policy/evaluate.ts";
import type { AskedPrincipal, Policy } from "../auth/policy/language.ts";
import {
  askedPrincipal,
  firstOf,
  type Lookup,
  lookup,
  principalContext,
  requestContext,
} from "../auth/principal-context.ts";
import { accountNumbered } from "../directory/accounts.ts";
import { identityNamed } from "../directory/identities.ts";
import { type Identity, identityArn } from "../facts/identity.ts";
import type { World } from "../world.ts";
import { action, type Context } from "./action.ts";
import { tagKeys } from "./action-context.ts";
import type { Xml } from "./document.ts";
import { QueryFault } from "./fault.ts";
import { MAX_SESSION_SECONDS } from "./identity-documents.ts";
import { arn, text } from "./parameters.ts";
import { readPolicy } from "./policy-text.ts";
import { begin, seconds, sessionFields, sessionName, sessionPolicies } from "./sessions.ts";

/** Longest session of a role that was assumed by a role's session, in seconds. */
const MAX_CHAINED_SECONDS = 3_600;

/** Longest trust policy that was ever kept, in characters. */
const ANY_TRUST = { name: "ACLSizePerRole", most: 131_072 };

export interface Assumed {
  role: Identity;
  account: CallerAccount;
  arn: string;
}

/** The role with this ARN, in whatever account. */
export async function roleWith(world: World, roleArn: string): Promise<Assumed | undefined> {
  const [, number, name = ""] =
    /^arn:aws:iam::(\d{12}):role\/(?:[\x21-\x7e]*\/)?([\w+=,.@-]+)$/.exec(roleArn) ?? [];
  if (number === undefined) return undefined;
  const deployments = accountOf(world.config.root.account);
  const found = number === deployments.number ? deployments : await accountNumbered(world.database, number);
  if (found === undefined) return undefined;
  const role = await identityNamed(world.database, found.id, "role", name);
  if (role === undefined || identityArn(number, "role", role) !== roleArn) return undefined;
  return { role, account: accountOf(found), arn: roleArn };
}

export function trustOf({ role }: Assumed): Policy {
  return readPolicy(role.document ?? "", "trust", ANY_TRUST);
}

/** What the trust policy says to each of the actions; undefined if it does not allow all of them. */
export function trusts(
  assumed: Assumed,
  principal: AskedPrincipal,
  actions: readonly string[],
  value: Lookup,
): "account" | "closer" | undefined {
  const policy = trustOf(assumed);
  const verdicts = actions.map((asked) =>
    evaluate([policy], { principal, action: asked, resource: assumed.arn, value }),
  );
  let closeness: "account" | "closer" = "closer";
  for (const verdict of verdicts) {
    if (verdict.effect !== "allow") return undefined;
    if (verdict.named === "account") closeness = "account";
  }
  return closeness;
}

/** Whether the caller's side agrees: across accounts, and where trust names the account only, it has to say so itself. */
function consents(caller: Caller, assumed: Assumed, how: "account" | "closer", asked: string, value: Lookup) {
  const request = { action: asked, resource: assumed.arn, value };
  if (how === "account" || caller.account.id !== assumed.account.id) return identityAllows(caller, request);
  return !isDenied(caller, request) && sessionAllows(caller, request);
}

/** Session tags as conditions see them. */
export function tagContext(given: Readonly<Record<string, string>>, transitive: readonly string[]): Lookup {
  const names = Object.keys(given);
  return lookup({
    ...tagKeys("aws:RequestTag/", given),
    "aws:TagKeys": names.length > 0 ? names : undefined,
    "sts:TransitiveTagKeys": transitive.length > 0 ? transitive : undefined,
  });
}

/** How long the session lasts, in seconds. Throws ValidationError beyond what the role and a chain of roles permit. */
export function durationOf({ role }: Assumed, asked: number | undefined, chained: boolean): number {
  const most = role.detail.maxSession ?? MAX_SESSION_SECONDS;
  const duration = asked ?? MAX_SESSION_SECONDS;
  if (duration > most) {
    throw new QueryFault(
      "ValidationError",
      "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    );
  }
  if (chained && duration > MAX_CHAINED_SECONDS) {
    throw new QueryFault(
      "ValidationError",
      "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
    );
  }
  return duration;
}

/** The elements that name who a session of a role is. */
export function assumedRoleUser({ role, account }: Assumed, name: string): Xml {
  return {
    AssumedRoleId: `${role.id}:${name}`,
    Arn: `arn:aws:sts::${account.number}:assumed-role/${role.name}/${name}`,
  };
}

export const assumeRole = action({
  name: "AssumeRole",
  service: "sts",
  open: "to signers",
  input: {
    RoleArn: arn.need,
    RoleSessionName: sessionName.need,
    DurationSeconds: seconds(43_200),
    ExternalId: text({ min: 2, max: 1_224, pattern: /^[\w+=,.@:/-]*$/ }).may,
    TransitiveTagKeys: text({ max: 128 }).list(50),
    ...sessionFields,
  },
  on: async ({ world }, { RoleArn }) => ({ arn: RoleArn, subject: await roleWith(world, RoleArn) }),
  async handle(context, asked) {
    const { world, caller, address, subject: assumed } = context;
    const { RoleSessionName, Tags, TransitiveTagKeys: transitive = [] } = asked;
    const value = firstOf(
      principalContext(caller, world.now()),
      requestContext(world.config, address),
      tagContext(Tags, transitive),
      lookup({ "sts:ExternalId": asked.ExternalId, "sts:RoleSessionName": RoleSessionName }),
    );
    const actions = ["sts:AssumeRole", ...(Object.keys(Tags).length > 0 ? ["sts:TagSession"] : [])];
    const how = assumed && trusts(assumed, askedPrincipal(caller), actions, value);
    // AWS never lets an account's root assume a role. Here a new account has nobody else, and its root loses by it.
    if (!assumed || !how || !actions.every((one) => consents(caller, assumed, how, one, value))) {
      throw notAuthorized(caller, "sts:AssumeRole", asked.RoleArn);
    }
    const duration = durationOf(assumed, asked.DurationSeconds, caller.kind === "role");
    const cut = await sessionPolicies({ world, caller: { ...caller, account: assumed.account } }, asked);
    const what = {
      kind: "role" as const,
      account: assumed.account.id,
      identity: assumed.role.id,
      name: RoleSessionName,
      // Tags that a chain of roles passes on cannot be given anew.
      tags: { ...Tags, ...caller.transitiveTags },
      transitive: [...transitive, ...Object.keys(caller.transitiveTags ?? {})],
      ...cut,
    };
    const { credentials, packedSize } = await begin(world, what, duration);
    return {
      Credentials: credentials,
      AssumedRoleUser: assumedRoleUser(assumed, RoleSessionName),
      PackedPolicySize: cut.policies.length + cut.policyArns.length > 0 ? packedSize : undefined,
    };
  },
});

export function notAuthorized(
  { arn: who }: Pick<Context["caller"], "arn">,
  asked: string,
  on: string,
): QueryFault {
  return new QueryFault(
    "AccessDenied",
    `User: ${who} is not authorized to perform: ${asked} on resource: ${on}`,
  );
}
