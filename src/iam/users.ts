// Users of an account.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html and its neighbours

import type { Caller } from "../auth/caller.ts";
import { accountById } from "../directory/accounts.ts";
import { identitiesOf, members } from "../directory/identities.ts";
import type { Identity } from "../facts/identity.ts";
import {
  action,
  arnOf,
  type Context,
  existing,
  fresh,
  page,
  pageOf,
  renamed,
  type Subject,
  userOrCaller,
} from "./action.ts";
import { noBoundary } from "./boundary.ts";
import { time, type Xml } from "./document.ts";
import { groupXml, userXml } from "./identity-documents.ts";
import { make, remove, rename } from "./make.ts";
import { name, newName, paging, path, pathPrefix, tags } from "./parameters.ts";
import { tagList } from "./tags.ts";

function withTags(caller: Caller, user: Identity): Xml {
  const { tags: given } = user;
  return { ...userXml(caller, user), Tags: Object.keys(given).length > 0 ? tagList(given) : undefined };
}

export const createUser = action({
  name: "CreateUser",
  input: { UserName: newName.need, Path: path.may, Tags: tags, PermissionsBoundary: noBoundary },
  on: (context, { UserName, Path }) => fresh(context, "user", { name: UserName, path: Path }),
  async handle(context, { UserName, Path = "/", Tags }) {
    const user = await make(context, { kind: "user", name: UserName, path: Path, tags: Tags });
    return { User: withTags(context.caller, user) };
  },
});

/** The account's root, who is no user, but answers where one asks after itself. */
async function rootXml({ world, caller }: Context): Promise<Xml> {
  const { account, arn, userId } = caller;
  const known = await accountById(world.database, account.id);
  return {
    Path: "/",
    UserName: account.displayName,
    UserId: userId,
    Arn: arn,
    CreateDate: time(known?.created ?? 0),
  };
}

export const getUser = action({
  name: "GetUser",
  input: { UserName: name.may },
  on(context, { UserName }): Promise<Subject<Identity>> | Subject<undefined> {
    const { caller } = context;
    if (UserName === undefined && caller.kind === "root") return { arn: caller.arn, subject: undefined };
    return userOrCaller(context, UserName);
  },
  async handle(context) {
    const { subject, caller } = context;
    return { User: subject === undefined ? await rootXml(context) : withTags(caller, subject) };
  },
});

export const listUsers = action({
  name: "ListUsers",
  input: { PathPrefix: pathPrefix.may, ...paging },
  on: ({ caller }, { PathPrefix = "/" }) => ({
    arn: arnOf(caller, "user", { path: PathPrefix, name: "" }),
    subject: undefined,
  }),
  async handle({ world, caller }, { PathPrefix: prefix = "/", ...asked }) {
    const { after, limit, size } = pageOf(asked);
    const found = await identitiesOf(world.database, caller.account.id, "user", { prefix, after, limit });
    const { items, rest } = page(found, size, (user) => user.name);
    return { Users: items.map((user) => userXml(caller, user)), ...rest };
  },
});

export const updateUser = action({
  name: "UpdateUser",
  input: { UserName: name.need, NewPath: path.may, NewUserName: newName.may },
  on: (context, { UserName, NewPath, NewUserName }) =>
    renamed(context, "user", UserName, { name: NewUserName, path: NewPath }),
  async handle(context, { NewPath, NewUserName }) {
    await rename(context, context.subject, { name: NewUserName, path: NewPath });
    return undefined;
  },
});

export const deleteUser = action({
  name: "DeleteUser",
  input: { UserName: name.need },
  on: (context, { UserName }) => existing(context, "user", UserName),
  async handle(context) {
    await remove(context, context.subject);
    return undefined;
  },
});

export const listGroupsForUser = action({
  name: "ListGroupsForUser",
  input: { UserName: name.need, ...paging },
  on: (context, { UserName }) => existing(context, "user", UserName),
  async handle({ world, caller, subject }, asked) {
    const { after, limit, size } = pageOf(asked);
    const found = await members(world.database, { user: subject.id }, { after, limit });
    const { items, rest } = page(found, size, (group) => group.name);
    return { Groups: items.map((group) => groupXml(caller, group)), ...rest };
  },
});
