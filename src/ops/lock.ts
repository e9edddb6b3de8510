// Object lock: a bucket's default, and each version's retention and legal hold.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html

import type { Access } from "../auth/authorize.ts";
import { type Lock, RETENTION_MODES, type Retention, type RetentionMode } from "../facts/lock.ts";
import type { DefaultRetention } from "../facts/settings.ts";
import { operation, xml } from "../operation.ts";
import { ObjectLockConfiguration } from "../wire/bucket-shapes.ts";
import { invalidArgument, S3Error } from "../wire/error.ts";
import { type Field, header } from "../wire/input.ts";
import { document, empty } from "../wire/output.ts";
import { LegalHold, Retention as RetentionShape } from "../wire/shapes.ts";
import type { ShapeValue } from "../wire/xml.ts";
import { judgeObject, readAllowed, versionId } from "./read.ts";
import { setBucket } from "./settings.ts";
import { markedOr } from "./tagging.ts";

const DAY_MS = 24 * 3600 * 1000;

/** Longest default retention, in days and in years: a hundred years. */
const MAX_DAYS = 36_500;
const MAX_YEARS = 100;

/** Largest document about one version's lock, in bytes. */
const MAX_LOCK_BYTES = 16 * 1024;

/** What a write's headers ask for: a retention, a hold, or nothing. */
export const lockHeaders: Field<Lock> = ({ headers }) => {
  const mode = headers.get("x-amz-object-lock-mode");
  const until = headers.get("x-amz-object-lock-retain-until-date");
  const hold = headers.get("x-amz-object-lock-legal-hold");
  if ((mode === null) !== (until === null)) {
    throw new S3Error("InvalidArgument", {
      message: "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied",
    });
  }
  if (hold !== null && hold !== "ON" && hold !== "OFF") {
    throw invalidArgument("Legal Hold must be either of 'ON' or 'OFF'", "x-amz-object-lock-legal-hold", hold);
  }
  const lock: Lock = hold === null ? {} : { hold: hold === "ON" };
  if (mode === null || until === null) return lock;
  if (!isMode(mode)) throw invalidArgument("Unknown wormMode directive.", "x-amz-object-lock-mode", mode);
  const ms = Date.parse(until);
  if (Number.isNaN(ms) || !/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(until)) {
    throw invalidArgument(
      "The retain until date must be provided in ISO 8601 format",
      "x-amz-object-lock-retain-until-date",
      until,
    );
  }
  return { ...lock, retention: { mode, until: ms } };
};

function isMode(text: string): text is RetentionMode {
  return (RETENTION_MODES as readonly string[]).includes(text);
}

/** `x-amz-bypass-governance-retention`. */
export const bypassHeader: Field<boolean> = (address) =>
  header("x-amz-bypass-governance-retention")(address)?.toLowerCase() === "true";

/** The lock of a new version: what its writer asks for, else the bucket's default. Throws if the bucket has no locks. */
export function lockFor(access: Access, asked: Lock, now: number): Lock | undefined {
  const { settings } = access.bucket;
  if (settings.lock === undefined) {
    if (asked.retention === undefined && asked.hold === undefined) return undefined;
    throw lockless(access);
  }
  if (asked.retention !== undefined) checkFuture(asked.retention, now);
  const retention = asked.retention ?? defaultRetention(settings.lock.default, now);
  const lock = { ...(asked.hold === undefined ? {} : { hold: asked.hold }), ...(retention && { retention }) };
  return Object.keys(lock).length === 0 ? undefined : lock;
}

/** The bucket may have got its locks a moment ago, from another isolate: throws BucketMoved if that is not known yet. */
function lockless(access: Access): S3Error {
  access.requireFreshSettings();
  return new S3Error("InvalidRequest", { message: "Bucket is missing Object Lock Configuration" });
}

function checkFuture({ until }: Retention, now: number): void {
  if (until > now) return;
  throw new S3Error("InvalidArgument", { message: "The retain until date must be in the future!" });
}

function defaultRetention(rule: DefaultRetention | undefined, now: number): Retention | undefined {
  if (rule === undefined) return undefined;
  if ("days" in rule) return { mode: rule.mode, until: now + rule.days * DAY_MS };
  const until = new Date(now);
  until.setUTCFullYear(until.getUTCFullYear() + rule.years);
  return { mode: rule.mode, until: until.getTime() };
}

export const getObjectLockConfiguration = operation({
  name: "GetObjectLockConfiguration",
  route: "GET /{Bucket}?object-lock",
  allow: "s3:GetBucketObjectLockConfiguration",
  bucket: "fresh",
  input: {},
  output: document(ObjectLockConfiguration),
  async handle({ bucket }) {
    const { lock } = bucket.settings;
    if (lock === undefined) {
      throw new S3Error("ObjectLockConfigurationNotFoundError", { elements: { BucketName: bucket.name } });
    }
    return { enabled: "Enabled", rule: lock.default && { default: lock.default } };
  },
});

export const putObjectLockConfiguration = operation({
  name: "PutObjectLockConfiguration",
  route: "PUT /{Bucket}?object-lock",
  allow: "s3:PutBucketObjectLockConfiguration",
  bucket: "fresh",
  input: {},
  body: xml(ObjectLockConfiguration, { integrity: true }),
  output: empty(200),
  async handle({ world, bucket }, _input, configuration) {
    const rule = readRule(configuration);
    if (bucket.settings.versioning !== "Enabled") {
      throw new S3Error("InvalidBucketState", {
        message: "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
      });
    }
    await setBucket(world, bucket, { ...bucket.settings, lock: rule === undefined ? {} : { default: rule } });
    return {};
  },
});

function readRule({
  enabled,
  rule,
}: ShapeValue<typeof ObjectLockConfiguration>): DefaultRetention | undefined {
  if (enabled !== "Enabled") throw new S3Error("MalformedXML");
  if (rule === undefined) return undefined;
  const { mode, days, years } = rule.default;
  if (!isMode(mode) || (days === undefined) === (years === undefined)) throw new S3Error("MalformedXML");
  const period = days ?? years ?? 0;
  if (period <= 0) {
    throw new S3Error("InvalidRetentionPeriod", {
      message: "Default retention period must be a positive integer value.",
    });
  }
  if (period > (days === undefined ? MAX_YEARS : MAX_DAYS)) {
    throw new S3Error("InvalidRetentionPeriod", { message: "Default retention period is too large." });
  }
  return days === undefined ? { mode, years: period } : { mode, days: period };
}

export const getObjectRetention = operation({
  name: "GetObjectRetention",
  route: "GET /{Bucket}/{Key}?retention",
  allow: "s3:GetObjectRetention",
  judged: "with the object",
  input: { versionId },
  output: document(RetentionShape),
  async handle(context, { versionId }) {
    const { bucket, key, access } = context;
    const { version } = await readAllowed(context, { key, versionId, want: "none" });
    if (bucket.settings.lock === undefined) throw lockless(access);
    const retention = version.lock?.retention;
    if (retention === undefined) throw new S3Error("NoSuchObjectLockConfiguration");
    return retention;
  },
});

export const putObjectRetention = operation({
  name: "PutObjectRetention",
  route: "PUT /{Bucket}/{Key}?retention",
  allow: "s3:PutObjectRetention",
  judged: "with the object",
  input: { versionId, bypass: bypassHeader },
  body: xml(RetentionShape, { integrity: true, most: MAX_LOCK_BYTES }),
  output: empty(200),
  async handle(context, { versionId, bypass: asked }, { mode, until }) {
    const { world, bucket, key, access } = context;
    const judged = await judgeObject(context, { key, versionId });
    const bypass = asked && access.may("s3:BypassGovernanceRetention", key);
    if (bucket.settings.lock === undefined) throw lockless(access);
    if ((mode === undefined) !== (until === undefined)) throw new S3Error("MalformedXML");
    const retention = mode === undefined || until === undefined ? null : { mode: modeOr(mode), until };
    if (retention !== null) checkFuture(retention, world.now());
    markedOr(await world.index(bucket).mark({ key, versionId, retention, bypass, judged }), access, {
      key,
      versionId,
    });
    return {};
  },
});

function modeOr(text: string): RetentionMode {
  if (isMode(text)) return text;
  throw new S3Error("MalformedXML");
}

export const getObjectLegalHold = operation({
  name: "GetObjectLegalHold",
  route: "GET /{Bucket}/{Key}?legal-hold",
  allow: "s3:GetObjectLegalHold",
  judged: "with the object",
  input: { versionId },
  output: document(LegalHold),
  async handle(context, { versionId }) {
    const { bucket, key, access } = context;
    const { version } = await readAllowed(context, { key, versionId, want: "none" });
    if (bucket.settings.lock === undefined) throw lockless(access);
    const hold = version.lock?.hold;
    if (hold === undefined) throw new S3Error("NoSuchObjectLockConfiguration");
    return { status: hold ? "ON" : "OFF" };
  },
});

export const putObjectLegalHold = operation({
  name: "PutObjectLegalHold",
  route: "PUT /{Bucket}/{Key}?legal-hold",
  allow: "s3:PutObjectLegalHold",
  judged: "with the object",
  input: { versionId },
  body: xml(LegalHold, { integrity: true, most: MAX_LOCK_BYTES }),
  output: empty(200),
  async handle(context, { versionId }, { status }) {
    const { world, bucket, key, access } = context;
    const judged = await judgeObject(context, { key, versionId });
    if (bucket.settings.lock === undefined) throw lockless(access);
    if (status !== "ON" && status !== "OFF") throw new S3Error("MalformedXML");
    markedOr(await world.index(bucket).mark({ key, versionId, hold: status === "ON", judged }), access, {
      key,
      versionId,
    });
    return {};
  },
});
