// An account's own managed policies with their versions, and AWS's.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html and its neighbours

import { AWS_POLICIES, type ManagedPolicy } from "../auth/policy/aws-managed.ts";
import { identitiesOf } from "../directory/identities.ts";
import {
  attachmentCounts,
  deleteVersion,
  holdersOf,
  insertVersion,
  type PolicyVersion,
  versionsOf,
} from "../directory/policies.ts";
import type { Identity } from "../facts/identity.ts";
import { percentEncode } from "../wire/names.ts";
import { action, anything, arnOf, type Context, fresh, page, pageOf, type Subject } from "./action.ts";
import { time } from "./document.ts";
import { QueryFault } from "./fault.ts";
import { make, remove, revise } from "./make.ts";
import { arn, flag, name, oneOf, paging, policyDocument, policyPath, tags, text } from "./parameters.ts";
import { noSuchPolicyArn, ownPolicy } from "./policy-ref.ts";
import { readPolicy } from "./policy-text.ts";
import { QUOTAS } from "./quotas.ts";
import { tagList } from "./tags.ts";

const versionId = text({ max: 32, pattern: /^v[1-9][0-9]*(\.[A-Za-z0-9-]*)?$/ });

/** Most policies of one account that are counted. */
const ALL = { prefix: "/", after: "", limit: QUOTAS.Policies };

function checked(document: string): string {
  readPolicy(document, "identity", { name: "PolicySize", most: QUOTAS.PolicySize });
  return document;
}

function policyXml(context: Pick<Context, "caller">, policy: Identity, attached = 0) {
  const { detail, created } = policy;
  return {
    PolicyName: policy.name,
    PolicyId: policy.id,
    Arn: arnOf(context.caller, "policy", policy),
    Path: policy.path,
    DefaultVersionId: `v${detail.defaultVersion}`,
    AttachmentCount: attached,
    PermissionsBoundaryUsageCount: 0,
    IsAttachable: true,
    CreateDate: time(created),
    UpdateDate: time(detail.updated ?? created),
  };
}

function managedXml(policy: ManagedPolicy, attached = 0) {
  return {
    PolicyName: policy.name,
    PolicyId: policy.id,
    Arn: policy.arn,
    Path: policy.path,
    DefaultVersionId: `v${policy.version}`,
    AttachmentCount: attached,
    PermissionsBoundaryUsageCount: 0,
    IsAttachable: true,
    CreateDate: time(policy.created),
    UpdateDate: time(policy.created),
  };
}

type Known = { own: Identity } | { managed: ManagedPolicy };

/** A policy by its ARN: AWS's, or the account's own. */
async function policy(context: Context, { PolicyArn }: { PolicyArn: string }): Promise<Subject<Known>> {
  const managed = AWS_POLICIES.get(PolicyArn);
  if (managed !== undefined) return { arn: PolicyArn, subject: { managed } };
  const own = await ownPolicy(context, PolicyArn);
  if (own !== undefined) return { arn: PolicyArn, subject: { own } };
  return { arn: PolicyArn, subject: undefined as never, missing: noSuchPolicyArn(PolicyArn) };
}

/** One that may be changed. */
export async function changeable(context: Context, named: { PolicyArn: string }): Promise<Subject<Identity>> {
  const { arn: found, subject, missing } = await policy(context, named);
  if (missing === undefined && "own" in subject) return { arn: found, subject: subject.own };
  const fixed = new QueryFault("AccessDenied", `Policies of AWS's cannot be changed: ${named.PolicyArn}`);
  return { arn: found, subject: undefined as never, missing: missing ?? fixed };
}

export const createPolicy = action({
  name: "CreatePolicy",
  input: {
    PolicyName: name.need,
    Path: policyPath.may,
    PolicyDocument: policyDocument.need,
    Description: text({ min: 0, max: 1_000 }).may,
    Tags: tags,
  },
  on: (context, { PolicyName, Path }) => fresh(context, "policy", { name: PolicyName, path: Path }),
  async handle(context, { PolicyName, Path = "/", PolicyDocument, Description, Tags }) {
    const document = checked(PolicyDocument);
    const created = context.world.now();
    const detail = {
      ...(Description !== undefined && { description: Description }),
      defaultVersion: 1,
      lastVersion: 1,
    };
    const what = {
      kind: "policy" as const,
      name: PolicyName,
      path: Path,
      created,
      tags: Tags,
      document,
      detail,
    };
    const made = await make(context, what, (id) => [insertVersion(id, { number: 1, document, created })]);
    return { Policy: policyXml(context, made) };
  },
});

export const getPolicy = action({
  name: "GetPolicy",
  input: { PolicyArn: arn.need },
  on: policy,
  async handle(context, { PolicyArn }) {
    const { world, caller, subject } = context;
    const counts = await attachmentCounts(world.database, caller.account.id);
    if ("managed" in subject) {
      const { managed } = subject;
      return { Policy: { ...managedXml(managed, counts.get(PolicyArn)), Description: managed.description } };
    }
    const { own } = subject;
    const Tags = Object.keys(own.tags).length > 0 ? tagList(own.tags) : undefined;
    const Description = own.detail.description;
    return { Policy: { ...policyXml(context, own, counts.get(own.id)), Description, Tags } };
  },
});

export const listPolicies = action({
  name: "ListPolicies",
  input: {
    Scope: oneOf("All", "AWS", "Local").may,
    OnlyAttached: flag.may,
    PathPrefix: policyPath.may,
    PolicyUsageFilter: oneOf("PermissionsPolicy", "PermissionsBoundary").may,
    ...paging,
  },
  on: anything,
  async handle(
    context,
    { Scope = "All", OnlyAttached = false, PathPrefix = "/", PolicyUsageFilter, ...asked },
  ) {
    const { world, caller } = context;
    const counts = await attachmentCounts(world.database, caller.account.id);
    const own = await identitiesOf(world.database, caller.account.id, "policy", ALL);
    const all = [
      ...(Scope === "AWS" ? [] : own.map((one) => policyXml(context, one, counts.get(one.id)))),
      ...(Scope === "Local"
        ? []
        : [...AWS_POLICIES.values()].map((one) => managedXml(one, counts.get(one.arn)))),
    ];
    const { after, size } = pageOf(asked);
    const wanted = all
      .filter((one) => one.Path.startsWith(PathPrefix) && one.Arn > after)
      .filter(
        (one) => (!OnlyAttached || one.AttachmentCount > 0) && PolicyUsageFilter !== "PermissionsBoundary",
      )
      .sort((a, b) => (a.Arn < b.Arn ? -1 : 1));
    const { items, rest } = page(wanted, size, (one) => one.Arn);
    return { Policies: items, ...rest };
  },
});

export const deletePolicy = action({
  name: "DeletePolicy",
  input: { PolicyArn: arn.need },
  on: changeable,
  async handle(context) {
    await remove(context, context.subject);
    return undefined;
  },
});

export const listEntitiesForPolicy = action({
  name: "ListEntitiesForPolicy",
  input: { PolicyArn: arn.need, EntityFilter: oneOf("User", "Role", "Group").may, ...paging },
  on: policy,
  async handle({ world, caller, subject }, { PolicyArn, EntityFilter, ...asked }) {
    const kept = "own" in subject ? subject.own.id : PolicyArn;
    const { after, size } = pageOf(asked);
    const found = (await holdersOf(world.database, caller.account.id, kept))
      .filter(({ kind }) => EntityFilter === undefined || kind === EntityFilter.toLowerCase())
      .filter(({ id }) => id > after)
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    const { items, rest } = page(found, size, ({ id }) => id);
    const of = (wanted: string) => items.filter(({ kind }) => kind === wanted);
    return {
      PolicyGroups: of("group").map((one) => ({ GroupName: one.name, GroupId: one.id })),
      PolicyUsers: of("user").map((one) => ({ UserName: one.name, UserId: one.id })),
      PolicyRoles: of("role").map((one) => ({ RoleName: one.name, RoleId: one.id })),
      ...rest,
    };
  },
});

function versionXml({ number, created }: Omit<PolicyVersion, "document">, standing: number | undefined) {
  return { VersionId: `v${number}`, IsDefaultVersion: number === standing, CreateDate: time(created) };
}

async function versions({ world }: Context, known: Known): Promise<PolicyVersion[]> {
  if ("own" in known) return versionsOf(world.database, known.own.id);
  const { version, document, created } = known.managed;
  return [{ number: version, document, created }];
}

function standingOf(known: Known): number | undefined {
  return "own" in known ? known.own.detail.defaultVersion : known.managed.version;
}

function noSuchVersion(id: string, PolicyArn: string): QueryFault {
  return new QueryFault(
    "NoSuchEntity",
    `Policy ${PolicyArn} version ${id} does not exist or is not attachable.`,
  );
}

export const createPolicyVersion = action({
  name: "CreatePolicyVersion",
  input: { PolicyArn: arn.need, PolicyDocument: policyDocument.need, SetAsDefault: flag.may },
  on: changeable,
  async handle(context, { PolicyDocument, SetAsDefault = false }) {
    const { world, subject } = context;
    const document = checked(PolicyDocument);
    const held = await versionsOf(world.database, subject.id);
    if (held.length >= QUOTAS.VersionsPerPolicy) {
      throw new QueryFault(
        "LimitExceeded",
        `A managed policy can have up to ${QUOTAS.VersionsPerPolicy} versions. Before you create a new version, you must delete an existing version.`,
      );
    }
    const number = (subject.detail.lastVersion ?? 1) + 1;
    const created = world.now();
    const standing = SetAsDefault ? { defaultVersion: number } : {};
    const detail = { ...subject.detail, lastVersion: number, updated: created, ...standing };
    const version = { number, document, created };
    await revise(context, subject, { detail, ...(SetAsDefault && { document }) }, [
      insertVersion(subject.id, version),
    ]);
    return { PolicyVersion: versionXml(version, detail.defaultVersion) };
  },
});

export const getPolicyVersion = action({
  name: "GetPolicyVersion",
  input: { PolicyArn: arn.need, VersionId: versionId.need },
  on: policy,
  async handle(context, { PolicyArn, VersionId }) {
    const { subject } = context;
    const found = (await versions(context, subject)).find(({ number }) => `v${number}` === VersionId);
    if (found === undefined) throw noSuchVersion(VersionId, PolicyArn);
    const Document = percentEncode(found.document);
    return { PolicyVersion: { Document, ...versionXml(found, standingOf(subject)) } };
  },
});

export const listPolicyVersions = action({
  name: "ListPolicyVersions",
  input: { PolicyArn: arn.need, ...paging },
  on: policy,
  async handle(context) {
    const { subject } = context;
    const found = await versions(context, subject);
    return { Versions: found.map((one) => versionXml(one, standingOf(subject))), IsTruncated: false };
  },
});

export const setDefaultPolicyVersion = action({
  name: "SetDefaultPolicyVersion",
  input: { PolicyArn: arn.need, VersionId: versionId.need },
  on: changeable,
  async handle(context, { PolicyArn, VersionId }) {
    const { world, subject } = context;
    const found = (await versionsOf(world.database, subject.id)).find(
      ({ number }) => `v${number}` === VersionId,
    );
    if (found === undefined) throw noSuchVersion(VersionId, PolicyArn);
    const detail = { ...subject.detail, defaultVersion: found.number, updated: world.now() };
    await revise(context, subject, { document: found.document, detail });
    return undefined;
  },
});

export const deletePolicyVersion = action({
  name: "DeletePolicyVersion",
  input: { PolicyArn: arn.need, VersionId: versionId.need },
  on: changeable,
  async handle({ world, subject }, { PolicyArn, VersionId }) {
    const number = Number(/^v(\d{1,9})/.exec(VersionId)?.[1]);
    if (number === subject.detail.defaultVersion) {
      throw new QueryFault("DeleteConflict", "Cannot delete the default version of a policy.");
    }
    if (!(await deleteVersion(world.database, subject.id, number))) throw noSuchVersion(VersionId, PolicyArn);
    return undefined;
  },
});
