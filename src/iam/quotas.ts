// How much of everything an account may have: AWS's default quotas.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html

export const QUOTAS = {
  Users: 5_000,
  Groups: 300,
  Roles: 1_000,
  Policies: 1_500,
  Providers: 100,
  GroupsPerUser: 10,
  AccessKeysPerUser: 2,
  AttachedPoliciesPerUser: 10,
  AttachedPoliciesPerGroup: 10,
  AttachedPoliciesPerRole: 10,
  VersionsPerPolicy: 5,
  ClientIdsPerProvider: 100,
  ThumbprintsPerProvider: 5,
  /** Characters without blanks: of all of a user's, group's or role's inline policies. */
  UserPolicySize: 2_048,
  GroupPolicySize: 5_120,
  RolePolicySize: 10_240,
  /** Of a managed policy, a trust policy, a session's policy. */
  PolicySize: 6_144,
  AssumeRolePolicySize: 2_048,
  SessionPolicySize: 2_048,
} as const;
