// Inline policies of users, groups and roles, and what is attached to them: the same actions for each of the three.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPolicy.html and its neighbours

import { AWS_POLICIES } from "../auth/policy/aws-managed.ts";
import { accountById } from "../directory/accounts.ts";
import {
  attach,
  attachedTo,
  deleteInline,
  detach,
  inlineNamed,
  inlineOf,
  putInline,
} from "../directory/policies.ts";
import { accountNumber } from "../facts/account.ts";
import type { Identity } from "../facts/identity.ts";
import { percentEncode } from "../wire/names.ts";
import { type Action, action, arnOf, type Context, existing, page, pageOf, type Subject } from "./action.ts";
import { limitExceeded, noSuchEntity, QueryFault } from "./fault.ts";
import { arn, type Field, name, paging, policyDocument, policyPath } from "./parameters.ts";
import { policyRef } from "./policy-ref.ts";
import { policySize, readPolicy } from "./policy-text.ts";
import { QUOTAS } from "./quotas.ts";

type What = "User" | "Group" | "Role";

/** Most inline policies of one owner that are looked at: no more fit into the quota of their sizes. */
const MAX_INLINE = 1_000;

function noSuchPolicy(policy: string): QueryFault {
  return noSuchEntity("policy", policy);
}

async function checkSize({ world }: Context, { id }: Identity, what: What, named: string, text: string) {
  const most = QUOTAS[`${what}PolicySize`];
  const quota = { name: "PolicySize", most };
  readPolicy(text, "identity", quota);
  const others = await inlineOf(world.database, id, { after: "", limit: MAX_INLINE });
  const sizes = others.filter((other) => other.name !== named).map(({ document }) => policySize(document));
  const size = sizes.reduce((sum, one) => sum + one, policySize(text));
  if (size > most) throw limitExceeded(`PolicySize of ${what.toLowerCase()}`, most);
}

/**
 * An account by its canonical id, for the deployment's root key: policies given to it are the deployment's word on all
 * that the account may do, as an organisation's service control policies are. They only restrict.
 */
async function restricted({ world, caller }: Context, id: string): Promise<Subject<Identity> | undefined> {
  const { root } = world.config;
  if (caller.accessKeyId !== root.accessKeyId || !/^[0-9a-f]{64}$/.test(id) || id === root.account.id)
    return undefined;
  const account = await accountById(world.database, id);
  if (account === undefined) return undefined;
  const { created } = account;
  const whole = {
    id,
    account: id,
    kind: "user" as const,
    name: id,
    path: "/",
    created,
    tags: {},
    detail: {},
  };
  return { arn: `arn:aws:iam::${accountNumber(id)}:root`, subject: { ...whole, document: undefined } };
}

/** The seven actions of one kind of owner. */
export function givenPolicies(what: What): Action[] {
  const kind = what.toLowerCase() as "user" | "group" | "role";
  const parameter = `${what}Name` as const;
  const owner: Record<string, Field<string>> = { [parameter]: name.need };
  const on = (context: Context, values: Record<string, unknown>) =>
    existing(context, kind, String(values[parameter]));
  /** Of inline policies alone: an account stands for its root user, to the one who may restrict it. */
  const inlineOn = async (context: Context, values: Record<string, unknown>) =>
    (kind === "user" && (await restricted(context, String(values[parameter])))) || on(context, values);
  const PolicyName = name.need;
  return [
    action({
      name: `Put${what}Policy`,
      input: { ...owner, PolicyName, PolicyDocument: policyDocument.need },
      on: inlineOn,
      async handle(context, { PolicyName: named, PolicyDocument }) {
        const { world, subject } = context;
        await checkSize(context, subject, what, named, PolicyDocument);
        if (!(await putInline(world.database, subject.id, named, PolicyDocument))) {
          throw noSuchEntity(kind, subject.name);
        }
        return undefined;
      },
    }),
    action({
      name: `Get${what}Policy`,
      input: { ...owner, PolicyName },
      on: inlineOn,
      async handle({ world, subject }, { PolicyName: named }) {
        const document = await inlineNamed(world.database, subject.id, named);
        if (document === undefined) throw noSuchPolicy(named);
        return { [parameter]: subject.name, PolicyName: named, PolicyDocument: percentEncode(document) };
      },
    }),
    action({
      name: `List${what}Policies`,
      input: { ...owner, ...paging },
      on: inlineOn,
      async handle({ world, subject }, asked) {
        const { after, limit, size } = pageOf(asked);
        const found = await inlineOf(world.database, subject.id, { after, limit });
        const { items, rest } = page(found, size, (policy) => policy.name);
        return { PolicyNames: items.map((policy) => policy.name), ...rest };
      },
    }),
    action({
      name: `Delete${what}Policy`,
      input: { ...owner, PolicyName },
      on: inlineOn,
      async handle({ world, subject }, { PolicyName: named }) {
        if (!(await deleteInline(world.database, subject.id, named))) throw noSuchPolicy(named);
        return undefined;
      },
    }),
    ...attachments(what, owner, on),
  ];
}

function attachments(
  what: What,
  owner: Record<string, Field<string>>,
  on: (context: Context, values: Record<string, unknown>) => ReturnType<typeof existing>,
): Action[] {
  return [
    action({
      name: `Attach${what}Policy`,
      input: { ...owner, PolicyArn: arn.need },
      on,
      async handle(context, { PolicyArn }) {
        const { world, subject } = context;
        const policy = await policyRef(context, PolicyArn);
        const most = QUOTAS[`AttachedPoliciesPer${what}`];
        if (!(await attach(world.database, subject.id, policy, most))) {
          throw limitExceeded(`PoliciesPer${what}`, most);
        }
        return undefined;
      },
    }),
    action({
      name: `Detach${what}Policy`,
      input: { ...owner, PolicyArn: arn.need },
      on,
      async handle(context, { PolicyArn }) {
        const { world, subject } = context;
        const policy = await policyRef(context, PolicyArn);
        if (!(await detach(world.database, subject.id, policy))) {
          throw new QueryFault("NoSuchEntity", `Policy ${PolicyArn} was not found.`);
        }
        return undefined;
      },
    }),
    action({
      name: `ListAttached${what}Policies`,
      input: { ...owner, PathPrefix: policyPath.may, ...paging },
      on,
      async handle({ world, caller, subject }, asked) {
        const {
          PathPrefix = "/",
          Marker,
          MaxItems,
        } = asked as {
          PathPrefix?: string;
          Marker?: string;
          MaxItems?: number;
        };
        const { after, size } = pageOf({ Marker, MaxItems });
        const found = (await attachedTo(world.database, subject.id))
          .map(({ policy, name: own, path }) => {
            const managed = AWS_POLICIES.get(policy);
            return own === null
              ? { name: managed?.name ?? policy, path: managed?.path ?? "/", arn: policy }
              : {
                  name: own,
                  path: path ?? "/",
                  arn: arnOf(caller, "policy", { name: own, path: path ?? "/" }),
                };
          })
          .filter((one) => one.path.startsWith(PathPrefix) && one.arn > after)
          .sort((a, b) => (a.arn < b.arn ? -1 : 1));
        const { items, rest } = page(found, size, (one) => one.arn);
        const AttachedPolicies = items.map((one) => ({ PolicyName: one.name, PolicyArn: one.arn }));
        return { AttachedPolicies, ...rest };
      },
    }),
  ];
}
