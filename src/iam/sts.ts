// Who am I, and credentials for a while: the plainer actions of STS.
// Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html and its neighbours

import { action, anything } from "./action.ts";
import { text } from "./parameters.ts";
import { begin, permanent, seconds, sessionFields, sessionPolicies } from "./sessions.ts";

/** In seconds: default and longest, and what an account's root gets at most. */
const DEFAULT_SECONDS = 43_200;
const MAX_SECONDS = 129_600;
const MAX_ROOT_SECONDS = 3_600;

function durationOf(asked: number | undefined, isRoot: boolean): number {
  const duration = asked ?? DEFAULT_SECONDS;
  return isRoot ? Math.min(duration, MAX_ROOT_SECONDS) : duration;
}

export const getCallerIdentity = action({
  name: "GetCallerIdentity",
  service: "sts",
  open: "to signers",
  input: {},
  on: anything,
  handle: ({ caller }) => ({ UserId: caller.userId, Account: caller.account.number, Arn: caller.arn }),
});

export const getSessionToken = action({
  name: "GetSessionToken",
  service: "sts",
  open: "to signers",
  input: { DurationSeconds: seconds(MAX_SECONDS) },
  on: anything,
  async handle({ world, caller }, { DurationSeconds }) {
    const who = permanent(caller, "GetSessionToken");
    const duration = durationOf(DurationSeconds, caller.kind === "root");
    const { credentials } = await begin(world, { kind: "user", name: "", ...who }, duration);
    return { Credentials: credentials };
  },
});

export const getFederationToken = action({
  name: "GetFederationToken",
  service: "sts",
  input: {
    Name: text({ min: 2, max: 32, pattern: /^[\w+=,.@-]*$/ }).need,
    DurationSeconds: seconds(MAX_SECONDS),
    ...sessionFields,
  },
  on: ({ caller }, { Name }) => ({
    arn: `arn:aws:sts::${caller.account.number}:federated-user/${Name}`,
    subject: undefined,
  }),
  async handle(context, { Name, DurationSeconds, Tags, ...cut }) {
    const { world, caller, arn } = context;
    const who = permanent(caller, "GetFederationToken");
    const duration = durationOf(DurationSeconds, caller.kind === "root");
    const what = { kind: "federated" as const, name: Name, tags: Tags, ...who };
    const session = { ...what, ...(await sessionPolicies(context, cut)) };
    const { credentials, packedSize } = await begin(world, session, duration);
    return {
      Credentials: credentials,
      FederatedUser: { FederatedUserId: `${caller.account.number}:${Name}`, Arn: arn },
      PackedPolicySize: packedSize,
    };
  },
});
