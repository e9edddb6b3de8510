// Groups of users, whose policies are those of everyone in them.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateGroup.html and its neighbours

import { addMember, identitiesOf, identityNamed, members, removeMember } from "../directory/identities.ts";
import type { Identity } from "../facts/identity.ts";
import { action, arnOf, type Context, existing, fresh, page, pageOf, renamed } from "./action.ts";
import { limitExceeded, noSuchEntity } from "./fault.ts";
import { groupXml, userXml } from "./identity-documents.ts";
import { make, remove, rename } from "./make.ts";
import { name, paging, path, pathPrefix } from "./parameters.ts";
import { QUOTAS } from "./quotas.ts";

export const createGroup = action({
  name: "CreateGroup",
  input: { GroupName: name.need, Path: path.may },
  on: (context, { GroupName, Path }) => fresh(context, "group", { name: GroupName, path: Path }),
  async handle(context, { GroupName, Path = "/" }) {
    return {
      Group: groupXml(context.caller, await make(context, { kind: "group", name: GroupName, path: Path })),
    };
  },
});

export const getGroup = action({
  name: "GetGroup",
  input: { GroupName: name.need, ...paging },
  on: (context, { GroupName }) => existing(context, "group", GroupName),
  async handle({ world, caller, subject }, asked) {
    const { after, limit, size } = pageOf(asked);
    const found = await members(world.database, { group: subject.id }, { after, limit });
    const { items, rest } = page(found, size, (user) => user.name);
    return { Group: groupXml(caller, subject), Users: items.map((user) => userXml(caller, user)), ...rest };
  },
});

export const listGroups = action({
  name: "ListGroups",
  input: { PathPrefix: pathPrefix.may, ...paging },
  on: ({ caller }, { PathPrefix = "/" }) => ({
    arn: arnOf(caller, "group", { path: PathPrefix, name: "" }),
    subject: undefined,
  }),
  async handle({ world, caller }, { PathPrefix: prefix = "/", ...asked }) {
    const { after, limit, size } = pageOf(asked);
    const found = await identitiesOf(world.database, caller.account.id, "group", { prefix, after, limit });
    const { items, rest } = page(found, size, (group) => group.name);
    return { Groups: items.map((group) => groupXml(caller, group)), ...rest };
  },
});

export const updateGroup = action({
  name: "UpdateGroup",
  input: { GroupName: name.need, NewPath: path.may, NewGroupName: name.may },
  on: (context, { GroupName, NewPath, NewGroupName }) =>
    renamed(context, "group", GroupName, { name: NewGroupName, path: NewPath }),
  async handle(context, { NewPath, NewGroupName }) {
    await rename(context, context.subject, { name: NewGroupName, path: NewPath });
    return undefined;
  },
});

export const deleteGroup = action({
  name: "DeleteGroup",
  input: { GroupName: name.need },
  on: (context, { GroupName }) => existing(context, "group", GroupName),
  async handle(context) {
    await remove(context, context.subject);
    return undefined;
  },
});

async function userNamed({ world, caller }: Context, userName: string): Promise<Identity> {
  const user = await identityNamed(world.database, caller.account.id, "user", userName);
  if (user === undefined) throw noSuchEntity("user", userName);
  return user;
}

export const addUserToGroup = action({
  name: "AddUserToGroup",
  input: { GroupName: name.need, UserName: name.need },
  on: (context, { GroupName }) => existing(context, "group", GroupName),
  async handle(context, { UserName }) {
    const user = await userNamed(context, UserName);
    const most = QUOTAS.GroupsPerUser;
    if (!(await addMember(context.world.database, user.id, context.subject.id, most))) {
      throw limitExceeded("GroupsPerUser", most);
    }
    return undefined;
  },
});

export const removeUserFromGroup = action({
  name: "RemoveUserFromGroup",
  input: { GroupName: name.need, UserName: name.need },
  on: (context, { GroupName }) => existing(context, "group", GroupName),
  async handle(context, { UserName }) {
    const user = await userNamed(context, UserName);
    await removeMember(context.world.database, user.id, context.subject.id);
    return undefined;
  },
});
