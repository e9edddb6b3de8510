// From the ARN of a managed policy to what it is kept as: AWS's own by ARN, an account's by id.

import { AWS_POLICIES } from "../auth/policy/aws-managed.ts";
import { identityNamed } from "../directory/identities.ts";
import type { Identity } from "../facts/identity.ts";
import { arnOf, type Context } from "./action.ts";
import { QueryFault } from "./fault.ts";

const POLICY_ARN = /^arn:aws:iam::(aws|\d{12}):policy((?:\/[\x21-\x7e]+)?\/)([\w+=,.@-]+)$/;

export function noSuchPolicyArn(arn: string): QueryFault {
  return new QueryFault("NoSuchEntity", `Policy ${arn} does not exist or is not attachable.`);
}

/** The account's own policy with this ARN. */
export async function ownPolicy(
  { world, caller }: Pick<Context, "world" | "caller">,
  arn: string,
): Promise<Identity | undefined> {
  const [, owner, , name = ""] = POLICY_ARN.exec(arn) ?? [];
  if (owner !== caller.account.number) return undefined;
  const found = await identityNamed(world.database, caller.account.id, "policy", name);
  return found !== undefined && arnOf(caller, "policy", found) === arn ? found : undefined;
}

/** What an attachment keeps of the policy. Throws InvalidInput for what is no policy's ARN, NoSuchEntity. */
export async function policyRef(context: Pick<Context, "world" | "caller">, arn: string): Promise<string> {
  if (!POLICY_ARN.test(arn)) throw new QueryFault("InvalidInput", `ARN ${arn} is not valid.`);
  if (AWS_POLICIES.has(arn)) return arn;
  const found = await ownPolicy(context, arn);
  if (found === undefined) throw noSuchPolicyArn(arn);
  return found.id;
}
