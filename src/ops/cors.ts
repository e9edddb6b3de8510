// The CORS rules of a bucket: what a configuration may say, and how it is kept.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketCors.html

import type { CorsRule } from "../facts/cors.ts";
import { operation, xml } from "../operation.ts";
import { CORSConfiguration } from "../wire/bucket-shapes.ts";
import { invalidArgument, S3Error } from "../wire/error.ts";
import { document, empty } from "../wire/output.ts";
import type { ShapeValue } from "../wire/xml.ts";
import { removalOf, setBucket } from "./settings.ts";

/** Largest configuration, in bytes, and most rules in it. */
const MAX_CORS_BYTES = 64 * 1024;
const MAX_RULES = 100;

/** Longest id of a rule, in characters. */
const MAX_ID = 255;

/** Longest time that a browser may be told to remember, in seconds. */
const MAX_AGE_SECONDS = 2_147_483_647;

const METHODS: ReadonlySet<string> = new Set(["GET", "PUT", "POST", "DELETE", "HEAD"]);

/** A header's name. What is exposed goes out in a header again, so nothing else may be in it. */
const HEADER_NAME = /^[\w!#$%&'+.^`|~-]+$/;

type SentRule = ShapeValue<typeof CORSConfiguration>["rules"][number];

function invalid(message: string): S3Error {
  return new S3Error("InvalidRequest", { message });
}

function checkedRule({ id, headers, methods, origins, exposed, maxAge }: SentRule): CorsRule {
  if (methods.length === 0 || origins.length === 0) throw new S3Error("MalformedXML");
  if (maxAge !== undefined && (maxAge < 0 || maxAge > MAX_AGE_SECONDS)) throw new S3Error("MalformedXML");
  if (id !== undefined && [...id].length > MAX_ID) {
    throw invalidArgument(`ID length should not exceed allowed limit of ${MAX_ID}`, "ID", id);
  }
  for (const method of methods) {
    if (METHODS.has(method)) continue;
    throw invalid(`Found unsupported HTTP method in CORS config. Unsupported method is ${method}`);
  }
  oneStar("AllowedOrigin", origins);
  oneStar("AllowedHeader", headers);
  for (const name of exposed) {
    if (name.includes("*")) {
      throw invalid(
        `ExposeHeader "${name}" contains wildcard. We currently do not support wildcard for ExposeHeader.`,
      );
    }
    if (!HEADER_NAME.test(name)) throw invalid(`ExposeHeader "${name}" contains invalid character.`);
  }
  return {
    ...(id !== undefined && { id }),
    origins,
    methods,
    headers,
    exposed,
    ...(maxAge !== undefined && { maxAge }),
  };
}

function oneStar(element: string, patterns: readonly string[]): void {
  const bad = patterns.find((pattern) => pattern.indexOf("*") !== pattern.lastIndexOf("*"));
  if (bad !== undefined) throw invalid(`${element} "${bad}" can not have more than one wildcard.`);
}

export const putBucketCors = operation({
  name: "PutBucketCors",
  route: "PUT /{Bucket}?cors",
  allow: "s3:PutBucketCORS",
  bucket: "fresh",
  input: {},
  body: xml(CORSConfiguration, { integrity: true, most: MAX_CORS_BYTES }),
  output: empty(200),
  async handle({ world, bucket }, _input, { rules }) {
    if (rules.length === 0) throw new S3Error("MalformedXML");
    if (rules.length > MAX_RULES) {
      throw invalid(`The number of CORS rules should not exceed allowed limit of ${MAX_RULES} rules.`);
    }
    await setBucket(world, bucket, { ...bucket.settings, cors: rules.map(checkedRule) });
    return {};
  },
});

export const getBucketCors = operation({
  name: "GetBucketCors",
  route: "GET /{Bucket}?cors",
  allow: "s3:GetBucketCORS",
  bucket: "fresh",
  input: {},
  output: document(CORSConfiguration),
  async handle({ bucket }) {
    const { cors } = bucket.settings;
    if (cors === undefined) throw new S3Error("NoSuchCORSConfiguration");
    return { rules: cors };
  },
});

export const deleteBucketCors = removalOf("cors", {
  name: "DeleteBucketCors",
  subresource: "cors",
  allow: "s3:PutBucketCORS",
});
