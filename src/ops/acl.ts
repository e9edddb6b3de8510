// ACLs of buckets and objects: read, put, and asked for with a write.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html

import type { Access } from "../auth/authorize.ts";
import {
  CANNED_ACLS,
  type CannedAcl,
  cannedGrants,
  GROUPS,
  type Grant,
  isPublicGrant,
  MAX_GRANTS,
  PERMISSIONS,
  type Permission,
  privateGrants,
} from "../facts/grant.ts";
import { aclsDisabled } from "../facts/settings.ts";
import { type BucketContext, operation, optionalXml, versioned } from "../operation.ts";
import { invalidArgument, S3Error } from "../wire/error.ts";
import type { Field } from "../wire/input.ts";
import { document, documentAndHeaders, empty } from "../wire/output.ts";
import { AccessControlPolicy } from "../wire/shapes.ts";
import type { ShapeValue } from "../wire/xml.ts";
import type { World } from "../world.ts";
import { versionIdHeader } from "./description.ts";
import { accountsMeant, ownersShown } from "./owners.ts";
import { missingOrMarker, readAllowed, versionId } from "./read.ts";
import { setBucket } from "./settings.ts";
import { markedOr } from "./tagging.ts";

/** Largest ACL document read, in bytes: a hundred grants, well spelled. */
export const MAX_ACL_BYTES = 128 * 1024;

const GROUP_URIS = {
  AllUsers: "http://acs.amazonaws.com/groups/global/AllUsers",
  AuthenticatedUsers: "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
  LogDelivery: "http://acs.amazonaws.com/groups/s3/LogDelivery",
} as const;

/** A grant as it was asked for: whoever it names has yet to be found. */
interface NamedGrant {
  permission: Permission;
  to: { id: string } | { email: string } | { uri: string };
}

/** What a request's headers ask for: a canned ACL, or grants one by one, or nothing. */
export interface AclAsked {
  canned?: CannedAcl;
  named: NamedGrant[];
}

const GRANT_HEADERS: Readonly<Record<string, Permission>> = {
  "x-amz-grant-full-control": "FULL_CONTROL",
  "x-amz-grant-read": "READ",
  "x-amz-grant-read-acp": "READ_ACP",
  "x-amz-grant-write": "WRITE",
  "x-amz-grant-write-acp": "WRITE_ACP",
};

/** `x-amz-acl` and `x-amz-grant-*`. */
export const aclHeaders: Field<AclAsked> = ({ headers }) => {
  const named = Object.entries(GRANT_HEADERS).flatMap(([name, permission]) => {
    const text = headers.get(name);
    return text === null ? [] : grantees(name, text).map((to) => ({ permission, to }));
  });
  if (named.length > MAX_GRANTS) throw tooMany();
  const canned = headers.get("x-amz-acl");
  if (canned === null || canned === "") return { named };
  if (!(CANNED_ACLS as readonly string[]).includes(canned)) throw invalidArgument("", "x-amz-acl", canned);
  if (named.length > 0) {
    throw new S3Error("InvalidRequest", {
      message: "Specifying both Canned ACLs and Header Grants is not allowed",
    });
  }
  return { canned: canned as CannedAcl, named };
};

/** `id="…", emailAddress="…", uri="…"`, quotes optional. */
function grantees(header: string, text: string): NamedGrant["to"][] {
  return text.split(",").map((item) => {
    const [, kind = "", quoted, bare = ""] =
      /^\s*(id|emailAddress|uri)\s*=\s*(?:"([^"]*)"|([^"]*?))\s*$/i.exec(item) ?? [];
    const value = quoted ?? bare;
    switch (kind.toLowerCase()) {
      case "id":
        return { id: value };
      case "emailaddress":
        return { email: value };
      case "uri":
        return { uri: value };
    }
    throw invalidArgument("Argument format not recognized", header, text);
  });
}

function tooMany(): S3Error {
  return new S3Error("MalformedACLError", { message: `An ACL has at most ${MAX_GRANTS} grants.` });
}

function isAsked({ canned, named }: AclAsked): boolean {
  return canned !== undefined || named.length > 0;
}

/** Finds out who is meant. Throws InvalidArgument, UnresolvableGrantByEmailAddress. */
async function resolve(world: World, named: readonly NamedGrant[]): Promise<Grant[]> {
  const ids = named.flatMap(({ to }) => ("id" in to ? [to.id] : []));
  const emails = named.flatMap(({ to }) => ("email" in to ? [to.email] : []));
  const known = ids.length + emails.length > 0 ? await accountsMeant(world, { ids, emails }) : [];
  return named.map(({ to, permission }): Grant => {
    if ("uri" in to) {
      const group = GROUPS.find((name) => GROUP_URIS[name] === to.uri);
      if (group === undefined) throw invalidArgument("Invalid group uri", "Grantee/URI", to.uri);
      return { to: { group }, permission };
    }
    if ("email" in to) {
      const account = known.find(({ email }) => email !== "" && email === to.email);
      if (account === undefined) {
        throw new S3Error("UnresolvableGrantByEmailAddress", { elements: { EmailAddress: to.email } });
      }
      return { to: { id: account.id }, permission };
    }
    if (!known.some(({ id }) => id === to.id)) throw invalidArgument("Invalid id", "CanonicalUser/ID", to.id);
    return { to: { id: to.id }, permission };
  });
}

/** The grants asked for, of something of `owner` in a bucket of `bucketOwner`; undefined: those of whatever is private. */
export async function grantsFor(
  world: World,
  { canned, named }: AclAsked,
  owner: string,
  bucketOwner: string,
): Promise<Grant[] | undefined> {
  const grants =
    canned === undefined ? await resolve(world, named) : cannedGrants(canned, owner, bucketOwner);
  if (canned === undefined && named.length === 0) return undefined;
  return isPrivate(grants, owner) ? undefined : grants;
}

function isPrivate(grants: readonly Grant[], owner: string): boolean {
  const [only] = grants;
  return (
    grants.length === 1 &&
    only?.permission === "FULL_CONTROL" &&
    JSON.stringify(only.to) === JSON.stringify({ id: owner })
  );
}

/**
 * Throws if the bucket takes no ACLs, and one is asked for other than what is so anyway: the bucket's owner has full
 * control. `private` says that, too, and clients from before (rclone until 1.60) say it of all they write: it is refused,
 * as in AWS, only where somebody asked for ACLs to be disabled. Throws, too, if it takes none that reach just anybody, and
 * this one does.
 */
function checkTaken(
  access: Access,
  asked: AclAsked | "document",
  grants: readonly Grant[] | undefined,
): void {
  const { settings } = access.bucket;
  if (aclsDisabled(settings)) {
    const saysSo =
      asked === "document" ||
      asked.named.length > 0 ||
      asked.canned === "bucket-owner-full-control" ||
      settings.ownershipIsDefault === true;
    if (grants === undefined && (saysSo || !isAsked(asked))) return;
    access.requireFreshSettings();
    throw new S3Error("AccessControlListNotSupported");
  }
  if (grants === undefined) return;
  if (settings.publicAccess?.blockPublicAcls === true && grants.some(isPublicGrant)) {
    access.requireFreshSettings();
    throw new S3Error("AccessDenied");
  }
}

/**
 * Whose a new object is, and its ACL. Throws unless the caller may give it that ACL: who will own the object may, and
 * whoever a policy allows it.
 */
export async function newObjectAcl(
  { world, access, caller }: Pick<BucketContext, "world" | "access" | "caller">,
  key: string,
  asked: AclAsked,
): Promise<{ owner: string; grants: Grant[] | undefined }> {
  const { settings, owner: bucketOwner } = access.bucket;
  const given = asked.canned === "bucket-owner-full-control";
  const owner =
    aclsDisabled(settings) || (settings.ownership === "BucketOwnerPreferred" && given)
      ? bucketOwner
      : caller.account.id;
  const grants = await grantsFor(world, asked, owner, bucketOwner);
  checkTaken(access, asked, grants);
  // What only gives the bucket's owner its due needs no permission, nor does what an anonymous writer says of its own.
  const beyond = grants?.some(({ to }) => !("id" in to && [owner, bucketOwner].includes(to.id))) ?? false;
  if (beyond && caller.kind !== "anonymous")
    access.require(["s3:PutObjectAcl"], key, { version: { owner, isNew: true } });
  return { owner, grants };
}

/** An ACL in a document or in headers, one of the two. */
async function aclPut(
  world: World,
  asked: AclAsked,
  body: ShapeValue<typeof AccessControlPolicy> | undefined,
  owner: string,
  bucketOwner: string,
): Promise<Grant[] | undefined> {
  const inHeaders = isAsked(asked);
  if (body === undefined && !inHeaders) {
    throw new S3Error("MissingSecurityHeader", { elements: { MissingHeaderName: "x-amz-acl" } });
  }
  if (body !== undefined && inHeaders) throw new S3Error("UnexpectedContent");
  if (body === undefined) return grantsFor(world, asked, owner, bucketOwner);
  if (body.owner?.id !== undefined && body.owner.id !== owner) throw new S3Error("AccessDenied");
  if (body.grants.grant.length > MAX_GRANTS) throw tooMany();
  const grants = await resolve(world, body.grants.grant.map(readGrant));
  return isPrivate(grants, owner) ? undefined : grants;
}

function readGrant({
  grantee: { id, email, uri },
  permission,
}: ShapeValue<typeof AccessControlPolicy>["grants"]["grant"][number]): NamedGrant {
  const known = PERMISSIONS.find((name) => name === permission);
  if (known === undefined) throw new S3Error("MalformedACLError");
  if (id !== undefined) return { permission: known, to: { id } };
  if (email !== undefined) return { permission: known, to: { email } };
  if (uri !== undefined) return { permission: known, to: { uri } };
  throw new S3Error("MalformedACLError");
}

/** An ACL as documents show it: groups first. */
async function shownAcl(world: World, owner: string, grants: readonly Grant[] = privateGrants(owner)) {
  const named = grants.flatMap(({ to }) => ("id" in to ? [to.id] : []));
  const shown = await ownersShown(world, [owner, ...named]);
  const inOrder = [...grants.filter(({ to }) => "group" in to), ...grants.filter(({ to }) => "id" in to)];
  return {
    owner: shown(owner),
    grants: {
      grant: inOrder.map(({ to, permission }) => ({
        grantee: "id" in to ? shown(to.id) : { uri: GROUP_URIS[to.group] },
        permission,
      })),
    },
  };
}

export const getBucketAcl = operation({
  name: "GetBucketAcl",
  route: "GET /{Bucket}?acl",
  allow: "s3:GetBucketAcl",
  bucket: "fresh",
  input: {},
  output: document(AccessControlPolicy),
  handle: async ({ world, bucket: { owner, settings } }) =>
    shownAcl(world, owner, aclsDisabled(settings) ? undefined : settings.grants),
});

export const putBucketAcl = operation({
  name: "PutBucketAcl",
  route: "PUT /{Bucket}?acl",
  allow: "s3:PutBucketAcl",
  bucket: "fresh",
  input: { asked: aclHeaders },
  body: optionalXml(AccessControlPolicy, { most: MAX_ACL_BYTES }),
  output: empty(200),
  async handle({ world, bucket, access }, { asked }, body) {
    const granted = await aclPut(world, asked, body, bucket.owner, bucket.owner);
    checkTaken(access, body === undefined ? asked : "document", granted);
    const { grants: _old, ...rest } = bucket.settings;
    await setBucket(world, bucket, granted === undefined ? rest : { ...rest, grants: granted });
    return {};
  },
});

export const getObjectAcl = operation({
  name: "GetObjectAcl",
  route: "GET /{Bucket}/{Key}?acl",
  allow: versioned("s3:GetObjectAcl", "s3:GetObjectVersionAcl"),
  judged: "with the object",
  input: { versionId },
  output: documentAndHeaders(AccessControlPolicy),
  async handle(context, { versionId }) {
    const { world, bucket, key } = context;
    const { version } = await readAllowed(context, { key, versionId, want: "none" });
    const disabled = aclsDisabled(bucket.settings);
    return {
      document: await shownAcl(
        world,
        disabled ? bucket.owner : version.owner,
        disabled ? undefined : version.grants,
      ),
      headers: versionIdHeader(bucket, version.versionId),
    };
  },
});

/** How often an ACL is decided anew because its object was replaced meanwhile. */
const MAX_TRIES = 4;

export const putObjectAcl = operation({
  name: "PutObjectAcl",
  route: "PUT /{Bucket}/{Key}?acl",
  allow: versioned("s3:PutObjectAcl", "s3:PutObjectVersionAcl"),
  judged: "with the object",
  input: { versionId, asked: aclHeaders },
  body: optionalXml(AccessControlPolicy, { most: MAX_ACL_BYTES }),
  output: empty(200),
  async handle(context, { versionId, asked }, body) {
    const { world, bucket, key, access } = context;
    for (let tries = 1; ; tries++) {
      // The owner of the object is named in its ACL, so this write always looks first.
      const { version } = await readAllowed(context, { key, versionId, want: "none" }, missingOrMarker);
      const owner = aclsDisabled(bucket.settings) ? bucket.owner : version.owner;
      const granted = await aclPut(world, asked, body, owner, bucket.owner);
      checkTaken(access, body === undefined ? asked : "document", granted);
      const { sequence: judged } = version;
      const request = { key, versionId, grants: granted ?? null, judged };
      const answer = await world.index(bucket).mark(request);
      if ("refused" in answer && answer.refused === "changed" && tries < MAX_TRIES) continue;
      return versionIdHeader(bucket, markedOr(answer, access, { key, versionId }, missingOrMarker));
    }
  },
});
