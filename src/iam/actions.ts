// THE TABLE of IAM and STS: every action that is built.

import {
  createAccessKey,
  deleteAccessKey,
  getAccessKeyLastUsed,
  listAccessKeys,
  updateAccessKey,
} from "./access-keys.ts";
import { type Action, existing } from "./action.ts";
import { assumeRole } from "./assume-role.ts";
import { givenPolicies } from "./given-policies.ts";
import {
  addUserToGroup,
  createGroup,
  deleteGroup,
  getGroup,
  listGroups,
  removeUserFromGroup,
  updateGroup,
} from "./groups.ts";
import {
  changeable,
  createPolicy,
  createPolicyVersion,
  deletePolicy,
  deletePolicyVersion,
  getPolicy,
  getPolicyVersion,
  listEntitiesForPolicy,
  listPolicies,
  listPolicyVersions,
  setDefaultPolicyVersion,
} from "./managed-policies.ts";
import { arn, name } from "./parameters.ts";
import {
  addClientId,
  createProvider,
  deleteProvider,
  getProvider,
  listProviders,
  provider,
  removeClientId,
  updateThumbprints,
} from "./providers.ts";
import {
  createRole,
  deleteRole,
  getRole,
  listRoles,
  updateAssumeRolePolicy,
  updateRole,
  updateRoleDescription,
} from "./roles.ts";
import { getCallerIdentity, getFederationToken, getSessionToken } from "./sts.ts";
import { getAccountSummary, listAccountAliases } from "./summary.ts";
import { tagActions } from "./tags.ts";
import { createUser, deleteUser, getUser, listGroupsForUser, listUsers, updateUser } from "./users.ts";
import { assumeRoleWithWebIdentity } from "./web-identity.ts";

const ALL: readonly Action[] = [
  ...[createUser, getUser, listUsers, updateUser, deleteUser, listGroupsForUser],
  ...[createAccessKey, listAccessKeys, updateAccessKey, deleteAccessKey, getAccessKeyLastUsed],
  ...[createGroup, getGroup, listGroups, updateGroup, deleteGroup, addUserToGroup, removeUserFromGroup],
  ...[createRole, getRole, listRoles, updateRole, updateRoleDescription, updateAssumeRolePolicy, deleteRole],
  ...[...givenPolicies("User"), ...givenPolicies("Group"), ...givenPolicies("Role")],
  ...[createPolicy, getPolicy, listPolicies, deletePolicy, listEntitiesForPolicy],
  ...[
    createPolicyVersion,
    getPolicyVersion,
    listPolicyVersions,
    setDefaultPolicyVersion,
    deletePolicyVersion,
  ],
  ...[createProvider, getProvider, listProviders, deleteProvider],
  ...[addClientId, removeClientId, updateThumbprints],
  ...tagActions("User", "UserName", name.need, (context, named) => existing(context, "user", named)),
  ...tagActions("Role", "RoleName", name.need, (context, named) => existing(context, "role", named)),
  ...tagActions("Policy", "PolicyArn", arn.need, (context, PolicyArn) => changeable(context, { PolicyArn })),
  ...tagActions("OpenIDConnectProvider", "OpenIDConnectProviderArn", arn.need, provider),
  ...[getAccountSummary, listAccountAliases],
  ...[getCallerIdentity, getSessionToken, getFederationToken, assumeRole, assumeRoleWithWebIdentity],
];

export const ACTIONS: ReadonlyMap<string, Action> = new Map(ALL.map((one) => [one.name, one]));
