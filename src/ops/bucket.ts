// The life of a bucket: create, head, location, delete.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html

import { type Bucket, bucketNamed, createBucket as insertBucket } from "../directory/buckets.ts";
import type { BucketSettings } from "../facts/settings.ts";
import { operation, optionalXml } from "../operation.ts";
import { S3Error } from "../wire/error.ts";
import { header } from "../wire/input.ts";
import { isBucketName } from "../wire/names.ts";
import { document, empty } from "../wire/output.ts";
import { CreateBucketConfiguration, LocationConstraint } from "../wire/shapes.ts";
import { finishDeletion, type World } from "../world.ts";
import { nothingUnbuilt } from "./description.ts";

/** The one region that has no location constraint. */
const FIRST_REGION = "us-east-1";

export const createBucket = operation({
  name: "CreateBucket",
  route: "PUT /{Bucket}",
  allow: "s3:CreateBucket",
  bucket: "name",
  input: { nothingUnbuilt, locked: header("x-amz-bucket-object-lock-enabled") },
  body: optionalXml(CreateBucketConfiguration),
  output: empty(200),
  async handle({ world, name, caller }, { locked }, configuration) {
    if (!isBucketName(name)) throw new S3Error("InvalidBucketName", { elements: { BucketName: name } });
    checkLocation(world.config.region, configuration?.locationConstraint);
    const owner = caller.account.id;
    const settings: BucketSettings =
      locked?.toLowerCase() === "true" ? { versioning: "Enabled", lock: {} } : {};
    const existing =
      (await bucketNamed(world.database, name)) ?? (await openBucket(world, name, owner, settings));
    if ("created" in existing) return recreated(world, existing, owner);
    return { location: `/${name}` };
  },
});

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
  await index.open();
  const row = await insertBucket(world.database, bucket);
  if (row?.id === bucket.id) {
    world.memory.buckets.set(name, bucket, world.now());
    return { opened: true };
  }
  await index.close();
  if (row === undefined) throw new S3Error("TooManyBuckets");
  return row;
}

/** Creating one's own bucket again is nothing in us-east-1, and an error elsewhere, as AWS has it. */
async function recreated(world: World, bucket: Bucket, caller: string): Promise<{ location: string }> {
  const { name, owner } = bucket;
  if (owner !== caller) throw new S3Error("BucketAlreadyExists");
  // A deletion that stopped half-way left the row over a closed index: asking it has the deletion finished first.
  await world.index(bucket).list({ what: "current", window: { prefix: "", delimiter: "", limit: 0 } });
  if (world.config.region !== FIRST_REGION) throw new S3Error("BucketAlreadyOwnedByYou");
  return { location: `/${name}` };
}

function checkLocation(region: string, constraint: string | undefined): void {
  if (constraint === undefined || constraint === "" || constraint === region || constraint === "auto") return;
  if (!/^([a-z]{2}(-[a-z]+)+-\d|EU)$/.test(constraint)) throw new S3Error("InvalidLocationConstraint");
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

export const deleteBucket = operation({
  name: "DeleteBucket",
  route: "DELETE /{Bucket}",
  allow: "s3:DeleteBucket",
  bucket: "fresh",
  input: {},
  output: empty(204),
  async handle({ world, bucket }) {
    const { closed } = await world.index(bucket).close();
    if (!closed) throw new S3Error("BucketNotEmpty");
    await finishDeletion(world, bucket);
    return {};
  },
});
