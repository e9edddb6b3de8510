// How users, groups and roles look in answers.

import type { Caller } from "../auth/caller.ts";
import type { Identity } from "../facts/identity.ts";
import { percentEncode } from "../wire/names.ts";
import { arnOf } from "./action.ts";
import { time } from "./document.ts";

export function userXml(caller: Caller, user: Identity) {
  return {
    Path: user.path,
    UserName: user.name,
    UserId: user.id,
    Arn: arnOf(caller, "user", user),
    CreateDate: time(user.created),
  };
}

export function groupXml(caller: Caller, group: Identity) {
  return {
    Path: group.path,
    GroupName: group.name,
    GroupId: group.id,
    Arn: arnOf(caller, "group", group),
    CreateDate: time(group.created),
  };
}

/** Seconds that a session of a role may last unless the role says otherwise. */
export const MAX_SESSION_SECONDS = 3_600;

/** Policies are shown percent-encoded, as RFC 3986 has it. */
export function roleXml(caller: Caller, role: Identity) {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.id,
    Arn: arnOf(caller, "role", role),
    CreateDate: time(role.created),
    AssumeRolePolicyDocument: percentEncode(role.document ?? ""),
    Description: role.detail.description,
    MaxSessionDuration: role.detail.maxSession ?? MAX_SESSION_SECONDS,
  };
}
