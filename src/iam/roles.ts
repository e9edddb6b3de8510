// Roles, and who is trusted to take them on.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html and its neighbours

import { identitiesOf } from "../directory/identities.ts";
import { action, arnOf, existing, fresh, page, pageOf } from "./action.ts";
import { noBoundary } from "./boundary.ts";
import { roleXml } from "./identity-documents.ts";
import { make, remove, revise } from "./make.ts";
import {
  integer,
  name,
  newName,
  paging,
  path,
  pathPrefix,
  policyDocument,
  tags,
  text,
} from "./parameters.ts";
import { readPolicy } from "./policy-text.ts";
import { QUOTAS } from "./quotas.ts";
import { tagList } from "./tags.ts";

const description = text({ min: 0, max: 1_000, pattern: /^[\t\n\r\u0020-\u007E\u00A1-\u00FF]*$/ });
const duration = integer({ min: 3_600, max: 43_200 });

function trusted(document: string): string {
  readPolicy(document, "trust", { name: "ACLSizePerRole", most: QUOTAS.AssumeRolePolicySize });
  return document;
}

export const createRole = action({
  name: "CreateRole",
  input: {
    RoleName: newName.need,
    Path: path.may,
    AssumeRolePolicyDocument: policyDocument.need,
    Description: description.may,
    MaxSessionDuration: duration.may,
    PermissionsBoundary: noBoundary,
    Tags: tags,
  },
  on: (context, { RoleName, Path }) => fresh(context, "role", { name: RoleName, path: Path }),
  async handle(context, asked) {
    const { RoleName, Path = "/", Description, MaxSessionDuration, Tags } = asked;
    const role = await make(context, {
      kind: "role",
      name: RoleName,
      path: Path,
      tags: Tags,
      document: trusted(asked.AssumeRolePolicyDocument),
      detail: {
        ...(Description !== undefined && { description: Description }),
        ...(MaxSessionDuration !== undefined && { maxSession: MaxSessionDuration }),
      },
    });
    return { Role: { ...roleXml(context.caller, role), Tags: tagsOf(Tags) } };
  },
});

function tagsOf(given: Readonly<Record<string, string>>) {
  return Object.keys(given).length > 0 ? tagList(given) : undefined;
}

export const getRole = action({
  name: "GetRole",
  input: { RoleName: newName.need },
  on: (context, { RoleName }) => existing(context, "role", RoleName),
  handle: ({ caller, subject }) => ({ Role: { ...roleXml(caller, subject), Tags: tagsOf(subject.tags) } }),
});

export const listRoles = action({
  name: "ListRoles",
  input: { PathPrefix: pathPrefix.may, ...paging },
  on: ({ caller }, { PathPrefix = "/" }) => ({
    arn: arnOf(caller, "role", { path: PathPrefix, name: "" }),
    subject: undefined,
  }),
  async handle({ world, caller }, { PathPrefix: prefix = "/", ...asked }) {
    const { after, limit, size } = pageOf(asked);
    const found = await identitiesOf(world.database, caller.account.id, "role", { prefix, after, limit });
    const { items, rest } = page(found, size, (role) => role.name);
    return { Roles: items.map((role) => roleXml(caller, role)), ...rest };
  },
});

export const updateRole = action({
  name: "UpdateRole",
  input: { RoleName: newName.need, Description: description.may, MaxSessionDuration: duration.may },
  on: (context, { RoleName }) => existing(context, "role", RoleName),
  async handle(context, { Description, MaxSessionDuration }) {
    const { subject } = context;
    const detail = {
      ...subject.detail,
      ...(Description !== undefined && { description: Description }),
      ...(MaxSessionDuration !== undefined && { maxSession: MaxSessionDuration }),
    };
    await revise(context, subject, { detail });
    return {};
  },
});

export const updateRoleDescription = action({
  name: "UpdateRoleDescription",
  input: { RoleName: newName.need, Description: description.need },
  on: (context, { RoleName }) => existing(context, "role", RoleName),
  async handle(context, { Description }) {
    const { subject, caller } = context;
    const detail = { ...subject.detail, description: Description };
    await revise(context, subject, { detail });
    return { Role: roleXml(caller, { ...subject, detail }) };
  },
});

export const updateAssumeRolePolicy = action({
  name: "UpdateAssumeRolePolicy",
  input: { RoleName: newName.need, PolicyDocument: policyDocument.need },
  on: (context, { RoleName }) => existing(context, "role", RoleName),
  async handle(context, { PolicyDocument }) {
    await revise(context, context.subject, { document: trusted(PolicyDocument) });
    return undefined;
  },
});

export const deleteRole = action({
  name: "DeleteRole",
  input: { RoleName: name.need },
  on: (context, { RoleName }) => existing(context, "role", RoleName),
  async handle(context) {
    await remove(context, context.subject);
    return undefined;
  },
});
