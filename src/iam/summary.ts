// What an account has, and may have.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html

import { census } from "../directory/identities.ts";
import { action, anything } from "./action.ts";
import { paging } from "./parameters.ts";
import { QUOTAS } from "./quotas.ts";

/** Policies attached to one entity, and versions in use, have quotas of these names. */
const QUOTA_NAMES = [
  "Users",
  "Groups",
  "Roles",
  "Policies",
  "GroupsPerUser",
  "AccessKeysPerUser",
  "AttachedPoliciesPerUser",
  "AttachedPoliciesPerGroup",
  "AttachedPoliciesPerRole",
  "VersionsPerPolicy",
  "UserPolicySize",
  "GroupPolicySize",
  "RolePolicySize",
  "PolicySize",
  "AssumeRolePolicySize",
] as const;

export const getAccountSummary = action({
  name: "GetAccountSummary",
  input: {},
  on: anything,
  async handle({ world, caller }) {
    const counted = await census(world.database, caller.account.id);
    const many = (what: string) => counted.get(what) ?? 0;
    const isDeployments = caller.account.id === world.config.root.account.id;
    return {
      SummaryMap: new Map<string, number>([
        ["Users", many("user")],
        ["Groups", many("group")],
        ["Roles", many("role")],
        ["Policies", many("policy")],
        ["Providers", many("provider")],
        ["PolicyVersionsInUse", many("versions")],
        ["AccountAccessKeysPresent", many("rootKeys") > 0 || isDeployments ? 1 : 0],
        ["AccountMFAEnabled", 0],
        ["MFADevices", 0],
        ["MFADevicesInUse", 0],
        ["ServerCertificates", 0],
        ["InstanceProfiles", 0],
        ...QUOTA_NAMES.map((name) => [`${name}Quota`, QUOTAS[name]] as const),
      ]),
    };
  },
});

/** There are no aliases: nothing could be reached by one. */
export const listAccountAliases = action({
  name: "ListAccountAliases",
  input: paging,
  on: anything,
  handle: () => ({ AccountAliases: [], IsTruncated: false }),
});
