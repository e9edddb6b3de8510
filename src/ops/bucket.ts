// The life of a bucket: create, head, location, delete.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html

import type { Action } from "../auth/authorize.ts";
import { type Bucket, bucketNamed, createBucket as insertBucket } from "../directory/buckets.ts";
import { type Grant, isPublicGrant } from "../facts/grant.ts";
import {
  aclsDisabled,
  type BucketSettings,
  freshSettings,
  type Ownership,
  versioningOf,
} from "../facts/settings.ts";
import { operation, optionalXml } from "../operation.ts";
import type { Address } from "../wire/address.ts";
import { S3Error } from "../wire/error.ts";
import { type Field, header, parsed } from "../wire/input.ts";
import { bucketArn, isBucketName } from "../wire/names.ts";
import { document, empty } from "../wire/output.ts";
import { CreateBucketConfiguration, LocationConstraint } from "../wire/shapes.ts";
import { finishDeletion, type World } from "../world.ts";
import { aclHeaders, grantsFor } from "./acl.ts";
import { nothingUnbuilt } from "./description.ts";
import { ownershipNamed } from "./public-access.ts";
import { tagsOfNewBucket } from "./tagging.ts";

/** The one region that has no location constraint. */
const FIRST_REGION = "us-east-1";

/** `x-amz-object-ownership`. Throws InvalidArgument. */
const ownershipAsked: Field<Ownership | undefined> = parsed(header("x-amz-object-ownership"), (text) => {
  const ownership = ownershipNamed(text);
  if (ownership !== undefined) return ownership;
  throw new S3Error("InvalidArgument", {
    message: `Invalid x-amz-object-ownership header: ${text}`,
    elements: { ArgumentName: "x-amz-object-ownership" },
  });
});

/** What creating a bucket asks for beside the bucket. */
function creationActions({ headers }: Address): Action[] {
  const actions: Action[] = ["s3:CreateBucket"];
  if (headers.has("x-amz-bucket-object-lock-enabled")) {
    actions.push("s3:PutBucketObjectLockConfiguration", "s3:PutBucketVersioning");
  }
  if (headers.has("x-amz-object-ownership")) actions.push("s3:PutBucketOwnershipControls");
  if ([...headers.keys()].some((name) => /^x-amz-(acl$|grant-)/.test(name))) actions.push("s3:PutBucketAcl");
  return actions;
}

export const createBucket = operation({
  name: "CreateBucket",
  route: "PUT /{Bucket}",
  allow: creationActions,
  bucket: "name",
  input: {
    nothingUnbuilt,
    locked: header("x-amz-bucket-object-lock-enabled"),
    ownership: ownershipAsked,
    acl: aclHeaders,
  },
  body: optionalXml(CreateBucketConfiguration),
  output: empty(200),
  async handle({ world, name, caller }, { locked, ownership, acl }, configuration) {
    if (!isBucketName(name)) throw new S3Error("InvalidBucketName", { elements: { BucketName: name } });
    checkLocation(world.config.region, configuration?.locationConstraint);
    const tags = tagsOfNewBucket(configuration?.tags);
    const owner = caller.account.id;
    const { ownershipIsDefault, ...fresh } = freshSettings(world.config.legacyAcl);
    const asked = { ...fresh, ...(ownership ? { ownership } : ownershipIsDefault && { ownershipIsDefault }) };
    const grants = await grantsFor(world, acl, owner, owner);
    if (grants !== undefined) checkAclOf(asked, grants);
    const settings: BucketSettings = {
      ...asked,
      ...(grants && { grants }),
      ...(tags.length > 0 && { tags }),
      ...(locked?.toLowerCase() === "true" ? { versioning: "Enabled", lock: {} } : {}),
    };
    const existing =
      (await bucketNamed(world.database, name)) ?? (await openBucket(world, name, owner, settings));
    if ("created" in existing) return recreated(world, existing, settings, owner);
    return made(name);
  },
});

/** What is said of a bucket that was created, or was there already. */
function made(name: string) {
  return { location: `/${name}`, "x-amz-bucket-arn": bucketArn(name) };
}

/** Opens a fresh index, then makes the row that names it: a row never names an index that is not open. */
async function openBucket(
  world: World,
  name: string,
  owner: string,
  settings: BucketSettings,
): Promise<Bucket | { opened: true }> {
  const bucket: Bucket = {
    name,
    id: crypto.randomUUID(),
    owner,
    region: world.config.region,
    created: world.now(),
    generation: 1,
    settings,
  };
  const index = world.index(bucket);
  await index.open(bucket.id);
  const row = await insertBucket(world.database, bucket);
  if (row?.id === bucket.id) {
    world.memory.buckets.set(name, bucket, world.now());
    return { opened: true };
  }
  await index.close(bucket.id);
  if (row === undefined) throw new S3Error("TooManyBuckets");
  return row;
}

/** Throws unless a bucket may be created with this ACL. */
function checkAclOf(settings: BucketSettings, grants: readonly Grant[]): void {
  if (aclsDisabled(settings)) throw new S3Error("InvalidBucketAclWithObjectOwnership");
  if (settings.publicAccess?.blockPublicAcls === true && grants.some(isPublicGrant)) {
    throw new S3Error("InvalidBucketAclWithBlockPublicAccessError");
  }
}

/**
 * Creating one's own bucket again is nothing in us-east-1, and an error elsewhere, as AWS has it; but it never changes the
 * bucket's ACL, which AWS would reset.
 */
async function recreated(
  world: World,
  bucket: Bucket,
  wanted: BucketSettings,
  caller: string,
): Promise<ReturnType<typeof made>> {
  const { name, owner, settings } = bucket;
  const sameAcl = JSON.stringify(settings.grants) === JSON.stringify(wanted.grants);
  if (owner !== caller || !sameAcl) throw new S3Error("BucketAlreadyExists");
  // A deletion that stopped half-way left the row over a closed index: asking it has the deletion finished first.
  await world.index(bucket).list({ what: "current", window: { prefix: "", delimiter: "", limit: 0 } });
  // Whoever names tags means a new bucket, also if they are the same.
  if (world.config.region !== FIRST_REGION || wanted.tags !== undefined) {
    throw new S3Error("BucketAlreadyOwnedByYou");
  }
  return made(name);
}

function checkLocation(region: string, constraint: string | undefined): void {
  if (constraint === undefined || constraint === "" || constraint === region || constraint === "auto") return;
  if (!/^([a-z]{2}(-[a-z]+)+-\d|EU)$/.test(constraint)) {
    throw new S3Error("InvalidLocationConstraint", { elements: { LocationConstraint: constraint } });
  }
  // As AWS's endpoint in its first region, which takes them all; here the bucket stays where all are.
  if (region === FIRST_REGION) return;
  throw new S3Error("IllegalLocationConstraintException", {
    message: `The ${constraint} location constraint is incompatible for the region specific endpoint this request was sent to.`,
  });
}

export const headBucket = operation({
  name: "HeadBucket",
  route: "HEAD /{Bucket}",
  allow: "s3:ListBucket",
  bucket: "fresh",
  input: {},
  output: empty(200),
  handle: async ({ bucket }) => ({
    "x-amz-bucket-region": bucket.region,
    "x-amz-bucket-arn": bucketArn(bucket.name),
    "x-amz-access-point-alias": "false",
    "content-type": "application/xml",
  }),
});

export const getBucketLocation = operation({
  name: "GetBucketLocation",
  route: "GET /{Bucket}?location",
  allow: "s3:GetBucketLocation",
  bucket: "fresh",
  input: {},
  output: document(LocationConstraint),
  handle: async ({ bucket }) => (bucket.region === FIRST_REGION ? "" : bucket.region),
});

/** S3's words where what is left may be versions, which a listing of objects does not show. */
const VERSIONS_LEFT =
  "The bucket you tried to delete is not empty. You must delete all versions in the bucket.";

export const deleteBucket = operation({
  name: "DeleteBucket",
  route: "DELETE /{Bucket}",
  allow: "s3:DeleteBucket",
  bucket: "fresh",
  input: {},
  output: empty(204),
  async handle({ world, bucket }) {
    const { closed } = await world.index(bucket).close(bucket.id);
    if (!closed) {
      const versioned = versioningOf(bucket.settings) !== "off";
      throw new S3Error("BucketNotEmpty", versioned ? { message: VERSIONS_LEFT } : {});
    }
    await finishDeletion(world, bucket);
    return {};
  },
});
