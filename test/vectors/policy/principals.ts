// Who is named by Principal and NotPrincipal, in bucket policies and in trust policies.

import { ACCOUNT, CANONICAL_ID, type Case, IAM, OIDC, OTHER_ACCOUNT, policy } from "./case.ts";

const PRINCIPAL = `${IAM}reference_policies_elements_principal.html`;
const ACCOUNTS = `${PRINCIPAL}#principal-accounts`;
const USERS = `${PRINCIPAL}#principal-users`;
const ROLES = `${PRINCIPAL}#principal-roles`;
const ROLE_SESSIONS = `${PRINCIPAL}#principal-role-session`;
const FEDERATED_USERS = `${PRINCIPAL}#sts-session-principals`;
const WEB = `${PRINCIPAL}#principal-federated-web-identity`;
const SERVICES = `${PRINCIPAL}#principal-services`;
const EVERYONE = `${PRINCIPAL}#principal-anonymous`;
const NOT_PRINCIPAL = `${IAM}reference_policies_elements_notprincipal.html`;
const TRUST = `${IAM}id_roles_create_for-user.html`;

const BUCKET = "arn:aws:s3:::amzn-s3-demo-bucket";
const OTHER_ROOT = `arn:aws:iam::${OTHER_ACCOUNT}:root`;
const ROLE = `arn:aws:iam::${OTHER_ACCOUNT}:role/cross-account-read-only-role`;
const SESSION = `arn:aws:sts::${OTHER_ACCOUNT}:assumed-role/cross-account-read-only-role/cross-account-audit-app`;

const naming = (Principal: unknown, Effect = "Allow") =>
  policy({ Effect, Principal, Action: "s3:GetObject", Resource: `${BUCKET}/*` });

/** Everyone may, but those not named may not. */
const sparing = (NotPrincipal: unknown) =>
  policy(
    { Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: `${BUCKET}/*` },
    { Effect: "Deny", NotPrincipal, Action: "s3:GetObject", Resource: `${BUCKET}/*` },
  );

const NAMING: readonly Case[] = [
  {
    source: EVERYONE,
    kind: "bucket",
    policies: [naming("*")],
    decisions: [
      { says: "everyone: those who sign nothing", by: "anonymous", answer: "allow everyone" },
      { says: "everyone: a user of the account", by: "user", answer: "allow everyone" },
      { says: "everyone: a user of another account", by: "bob", answer: "allow everyone" },
      { says: "everyone: a session of a role", by: "session", answer: "allow everyone" },
      { says: "everyone: the account's root", by: "root", answer: "allow everyone" },
      { says: "everyone: a service has to be named", by: "logging", answer: "none" },
    ],
  },
  {
    source: EVERYONE,
    kind: "bucket",
    policies: [naming({ AWS: "*" })],
    decisions: [
      { says: "the other spelling of everyone", by: "anonymous", answer: "allow everyone" },
      { says: "the other spelling of everyone: a user", by: "bob", answer: "allow everyone" },
    ],
  },
  {
    source: EVERYONE,
    kind: "bucket",
    policies: [naming("*", "Deny")],
    decisions: [
      { says: "everyone is denied: anonymous", by: "anonymous", answer: "deny" },
      { says: "everyone is denied: the root", by: "root", answer: "deny" },
      { says: "everyone is denied: a service", by: "logging", answer: "deny" },
    ],
  },
  {
    source: ACCOUNTS,
    kind: "bucket",
    policies: [naming({ AWS: `arn:aws:iam::${ACCOUNT}:root` })],
    decisions: [
      {
        says: "an account's ARN: its users, who still need their account's consent",
        by: "user",
        answer: "allow account",
      },
      { says: "an account's ARN: users in folders", by: "jane", answer: "allow account" },
      { says: "an account's ARN: its federated users", by: "federated", answer: "allow account" },
      { says: "an account's ARN: its root, as itself", by: "root", answer: "allow principal" },
      { says: "an account's ARN: not those of other accounts", by: "bob", answer: "none" },
      { says: "an account's ARN: not anonymous", by: "anonymous", answer: "none" },
    ],
  },
  {
    source: ACCOUNTS,
    kind: "bucket",
    policies: [naming({ AWS: OTHER_ACCOUNT })],
    decisions: [
      { says: "an account's number is its ARN: a user", by: "bob", answer: "allow account" },
      { says: "an account's number is its ARN: a session", by: "session", answer: "allow account" },
      { says: "an account's number is its ARN: the root", by: "otherRoot", answer: "allow principal" },
      { says: "another account's number", by: "user", answer: "none" },
    ],
  },
  {
    source: ACCOUNTS,
    kind: "bucket",
    policies: [naming({ AWS: ["999999999999", ACCOUNT], CanonicalUser: "another" })],
    decisions: [
      { says: "several accounts: one of them", by: "user", answer: "allow account" },
      { says: "several accounts: none of them", by: "bob", answer: "none" },
    ],
  },
  {
    source: ACCOUNTS,
    kind: "bucket",
    policies: [naming({ CanonicalUser: CANONICAL_ID })],
    decisions: [
      { says: "a canonical id names its account: a user", by: "user", answer: "allow account" },
      { says: "a canonical id names its account: the root", by: "root", answer: "allow principal" },
      { says: "a canonical id of another account", by: "bob", answer: "none" },
    ],
  },
  {
    source: ACCOUNTS,
    kind: "bucket",
    policies: [naming({ AWS: `arn:aws:iam::${ACCOUNT}:root` }, "Deny")],
    decisions: [
      { says: "an account denied is all of its principals: a user", by: "user", answer: "deny" },
      { says: "an account denied is all of its principals: the root", by: "root", answer: "deny" },
      {
        says: "an account denied is all of its principals: a federated user",
        by: "federated",
        answer: "deny",
      },
      { says: "an account denied is not another account", by: "bob", answer: "none" },
    ],
  },
  {
    source: USERS,
    kind: "bucket",
    policies: [
      naming({ AWS: [`arn:aws:iam::${ACCOUNT}:user/JohnDoe`, `arn:aws:iam::${ACCOUNT}:user/team/JaneDoe`] }),
    ],
    decisions: [
      { says: "a user by its ARN", by: "user", answer: "allow principal" },
      { says: "a user by its ARN, with its path", by: "jane", answer: "allow principal" },
      { says: "another user", by: "bob", answer: "none" },
      { says: "a user's ARN is not its account's root", by: "root", answer: "none" },
      { says: "a user's ARN is not a federated user", by: "federated", answer: "none" },
    ],
  },
  {
    source: USERS,
    kind: "bucket",
    policies: [
      naming({ AWS: [`arn:aws:iam::${ACCOUNT}:user/johndoe`, `arn:aws:iam::${ACCOUNT}:user/JaneDoe`] }),
    ],
    decisions: [
      { says: "names of users have case", by: "user", answer: "none" },
      { says: "a user's path is part of its name", by: "jane", answer: "none" },
    ],
  },
  {
    source: ROLES,
    kind: "bucket",
    policies: [naming({ AWS: ROLE })],
    decisions: [
      { says: "a role's ARN: its sessions", by: "session", answer: "allow principal" },
      { says: "a role's ARN: not a user of its account", by: "bob", answer: "none" },
      { says: "a role's ARN: not its account's root", by: "otherRoot", answer: "none" },
    ],
  },
  {
    source: ROLES,
    kind: "bucket",
    policies: [naming({ AWS: `arn:aws:iam::${OTHER_ACCOUNT}:role/another` })],
    decisions: [{ says: "another role's ARN", by: "session", answer: "none" }],
  },
  {
    source: ROLE_SESSIONS,
    kind: "bucket",
    policies: [naming({ AWS: SESSION })],
    decisions: [
      { says: "a session's ARN: that session", by: "session", answer: "allow session" },
      { says: "a session's ARN: nobody else of the account", by: "bob", answer: "none" },
    ],
  },
  {
    source: ROLE_SESSIONS,
    kind: "bucket",
    policies: [naming({ AWS: `${SESSION}-2` })],
    decisions: [{ says: "another session's ARN", by: "session", answer: "none" }],
  },
  {
    source: ROLE_SESSIONS,
    kind: "bucket",
    policies: [naming("*"), naming({ AWS: OTHER_ACCOUNT }), naming({ AWS: SESSION }), naming({ AWS: ROLE })],
    decisions: [{ says: "the closest of several names counts", by: "session", answer: "allow session" }],
  },
  {
    source: FEDERATED_USERS,
    kind: "bucket",
    policies: [naming({ AWS: `arn:aws:sts::${ACCOUNT}:federated-user/Pat` })],
    decisions: [
      { says: "a federated user's session by its ARN", by: "federated", answer: "allow session" },
      { says: "not a user of that account", by: "user", answer: "none" },
    ],
  },
  {
    source: SERVICES,
    kind: "bucket",
    policies: [naming({ Service: ["logging.s3.amazonaws.com", "cloudtrail.amazonaws.com"] })],
    decisions: [
      { says: "a service by its name", by: "logging", answer: "allow principal" },
      { says: "a service's name is not its account's users", by: "user", answer: "none" },
      { says: "a service's name is not anonymous", by: "anonymous", answer: "none" },
    ],
  },
  {
    source: SERVICES,
    kind: "bucket",
    policies: [naming({ AWS: ACCOUNT, Service: "cloudtrail.amazonaws.com" })],
    decisions: [
      { says: "another service's name", by: "logging", answer: "none" },
      { says: "an account beside a service", by: "user", answer: "allow account" },
    ],
  },
];

const NOT_NAMING: readonly Case[] = [
  {
    source: NOT_PRINCIPAL,
    kind: "bucket",
    policies: [sparing({ AWS: [`arn:aws:iam::${OTHER_ACCOUNT}:user/Bob`, OTHER_ROOT] })],
    decisions: [
      { says: "a user is spared whose account is, too", by: "bob", answer: "allow everyone" },
      { says: "the root of that account is spared", by: "otherRoot", answer: "allow everyone" },
      { says: "other principals of that account are not", by: "session", answer: "deny" },
      { says: "other accounts are not", by: "user", answer: "deny" },
      { says: "roots of other accounts are not", by: "root", answer: "deny" },
      { says: "anonymous is not", by: "anonymous", answer: "deny" },
    ],
  },
  {
    source: NOT_PRINCIPAL,
    kind: "bucket",
    policies: [sparing({ AWS: `arn:aws:iam::${OTHER_ACCOUNT}:user/Bob` })],
    decisions: [
      { says: "a user alone is denied with its account", by: "bob", answer: "deny" },
      { says: "the account of the user alone is denied", by: "otherRoot", answer: "deny" },
    ],
  },
  {
    source: NOT_PRINCIPAL,
    kind: "bucket",
    policies: [sparing({ AWS: [SESSION, ROLE, OTHER_ROOT] })],
    decisions: [
      { says: "a session is spared with its role and its account", by: "session", answer: "allow everyone" },
      { says: "a user of that account is not", by: "bob", answer: "deny" },
    ],
  },
  {
    source: NOT_PRINCIPAL,
    kind: "bucket",
    policies: [sparing({ AWS: [ROLE, OTHER_ROOT] })],
    decisions: [{ says: "the role and its account are enough", by: "session", answer: "allow everyone" }],
  },
  {
    source: NOT_PRINCIPAL,
    kind: "bucket",
    policies: [sparing({ AWS: [SESSION, OTHER_ROOT] })],
    decisions: [{ says: "a session whose role is not spared", by: "session", answer: "deny" }],
  },
  {
    source: NOT_PRINCIPAL,
    kind: "bucket",
    policies: [sparing({ Service: "logging.s3.amazonaws.com" })],
    decisions: [
      { says: "a user, where only a service is spared", by: "user", answer: "deny" },
      { says: "the service is spared, but nothing allows it", by: "logging", answer: "none" },
    ],
  },
];

const trusting = (Principal: unknown, Action: unknown = "sts:AssumeRole", rest: object = {}) =>
  policy({ Effect: "Allow", Principal, Action, ...rest });
const ASSUME = { action: "sts:AssumeRole", resource: `arn:aws:iam::${ACCOUNT}:role/Example` };
const ASSUME_WEB = { ...ASSUME, action: "sts:AssumeRoleWithWebIdentity" };

const TRUSTING: readonly Case[] = [
  {
    source: TRUST,
    kind: "trust",
    policies: [trusting({ AWS: `arn:aws:iam::${OTHER_ACCOUNT}:root` })],
    decisions: [
      {
        says: "a role trusts an account: its users, with their own consent",
        by: "bob",
        ...ASSUME,
        answer: "allow account",
      },
      { says: "a role trusts an account: not another's users", by: "user", ...ASSUME, answer: "none" },
      {
        says: "a role trusts for one action",
        by: "bob",
        ...ASSUME,
        action: "sts:TagSession",
        answer: "none",
      },
    ],
  },
  {
    source: TRUST,
    kind: "trust",
    policies: [trusting({ AWS: `arn:aws:iam::${OTHER_ACCOUNT}:user/Bob` }, "sts:*")],
    decisions: [
      {
        says: "a role trusts a user, for all of STS",
        by: "bob",
        ...ASSUME,
        action: "sts:TagSession",
        answer: "allow principal",
      },
      { says: "a role trusts a user: not the account's root", by: "otherRoot", ...ASSUME, answer: "none" },
    ],
  },
  {
    source: `${IAM}id_roles_common-scenarios_third-party.html`,
    kind: "trust",
    policies: [
      trusting({ AWS: OTHER_ACCOUNT }, "sts:AssumeRole", {
        Condition: { StringEquals: { "sts:ExternalId": "12345" } },
      }),
    ],
    decisions: [
      {
        says: "the external id asked for",
        by: "bob",
        ...ASSUME,
        context: { "sts:ExternalId": "12345" },
        answer: "allow account",
      },
      {
        says: "another external id",
        by: "bob",
        ...ASSUME,
        context: { "sts:ExternalId": "1" },
        answer: "none",
      },
      { says: "no external id", by: "bob", ...ASSUME, answer: "none" },
    ],
  },
  {
    source: WEB,
    kind: "trust",
    policies: [
      trusting({ Federated: OIDC }, "sts:AssumeRoleWithWebIdentity", {
        Condition: { StringEquals: { "token.example.com:aud": "app" } },
      }),
    ],
    decisions: [
      {
        says: "a web identity of the provider, for this audience",
        by: "web",
        ...ASSUME_WEB,
        context: { "token.example.com:aud": "app" },
        answer: "allow principal",
      },
      {
        says: "a web identity for another audience",
        by: "web",
        ...ASSUME_WEB,
        context: { "token.example.com:aud": "other" },
        answer: "none",
      },
      {
        says: "a user is no web identity",
        by: "user",
        ...ASSUME_WEB,
        context: { "token.example.com:aud": "app" },
        answer: "none",
      },
    ],
  },
  {
    source: WEB,
    kind: "trust",
    policies: [trusting({ Federated: "accounts.google.com" }, "sts:AssumeRoleWithWebIdentity")],
    decisions: [{ says: "another provider", by: "web", ...ASSUME_WEB, answer: "none" }],
  },
  {
    source: EVERYONE,
    kind: "trust",
    policies: [trusting("*", ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"])],
    decisions: [
      { says: "a role that trusts everyone", by: "bob", ...ASSUME, answer: "allow everyone" },
      { says: "a provider has to be named", by: "web", ...ASSUME_WEB, answer: "none" },
    ],
  },
];

export const PRINCIPAL_CASES: readonly Case[] = [...NAMING, ...NOT_NAMING, ...TRUSTING];
