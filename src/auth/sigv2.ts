// Signature version 2, in headers and in URLs: what old boto, s3cmd and Hadoop sign with, and what boto3 and the AWS CLI
// v1 still presign with in us-east-1 unless told otherwise. Pure.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html

import { createHmac } from "node:crypto";
import type { Address } from "../wire/address.ts";
import { invalidArgument, S3Error } from "../wire/error.ts";
import type { Seal } from "../wire/seal.ts";
import { SUBRESOURCES } from "../wire/subresources.ts";
import { MAX_SKEW_MS, noValidDate, requestExpired, timeTooSkewed, withoutKeys } from "./refusals.ts";
import { parseTimestamp, sameSignature } from "./sigv4.ts";

/**
 * Parameters that are part of the resource that was signed; every other one is not signed at all. The list is
 * botocore's (`HmacV1Auth.QSAOfInterest`), which is longer than the documentation's.
 */
const SIGNED_PARAMETERS: ReadonlySet<string> = new Set([
  ...["accelerate", "acl", "analytics", "cors", "defaultObjectAcl", "delete", "inventory", "lifecycle"],
  ...["location", "logging", "metrics", "notification", "object-lock", "partNumber", "policy", "replication"],
  ...["requestPayment", "restore", "select", "select-type", "storageClass", "tagging", "torrent", "uploadId"],
  ...["uploads", "versionId", "versioning", "versions", "website"],
  ...["response-cache-control", "response-content-disposition", "response-content-encoding"],
  ...["response-content-language", "response-content-type", "response-expires"],
]);

/** Whether a request names a subresource that such a signature does not cover: anybody could have added it. */
export function namesUnsigned({ query }: Address): boolean {
  return query.entries.some(([name]) => SUBRESOURCES.has(name) && !SIGNED_PARAMETERS.has(name));
}

/** A signature in base64. `date`: what is signed in the place of the date; in a URL its expiry in seconds since 1970. */
export interface SignedV2 {
  place: "header" | "query";
  accessKeyId: string;
  signature: string;
  date: string;
}

/** Whether there is a header with a signature of version 2, well formed or not. */
export function isHeaderV2({ sent }: Address): boolean {
  return /^\s*AWS(\s|$)/.test(sent.get("authorization") ?? "");
}

/** Reads the signature; undefined if there is none of this kind. Throws InvalidArgument for a malformed header. */
export function readV2(address: Address): SignedV2 | undefined {
  const { sent, query } = address;
  if (isHeaderV2(address)) {
    const authorization = (sent.get("authorization") ?? "").trim();
    const [, accessKeyId, signature] = /^AWS ([^\s:]+):(\S+)$/.exec(authorization) ?? [];
    if (accessKeyId !== undefined && signature !== undefined) {
      // The other date, if it is sent, is a signed header like any other, and this line stays empty.
      const date = sent.has("x-amz-date") ? "" : (sent.get("date") ?? "");
      return { place: "header", accessKeyId, signature, date };
    }
    throw invalidArgument(
      "AWS authorization header is invalid.  Expected AwsAccessKeyId:signature",
      "Authorization",
      authorization,
    );
  }
  const accessKeyId = query.get("AWSAccessKeyId");
  const signature = query.get("Signature");
  const date = query.get("Expires") ?? "";
  if (accessKeyId === undefined || signature === undefined || !/^\d{1,12}$/.test(date)) return undefined;
  return { place: "query", accessKeyId, signature, date };
}

/**
 * What may have been signed; nothing if one text stands for several requests, as a value with `&versionId=…` in it makes
 * it do, since values are signed decoded. botocore signs a bucket's path with a slash behind it that it does not send. Virtual-hosted
 * requests name their bucket in the resource, too.
 */
export function stringsToSignV2(address: Address, signed: SignedV2): string[] {
  const { path, key } = address;
  const parameters = signedParameters(address);
  const names = parameters.flatMap((parameter) =>
    parameter.split("&").map((part) => part.split("=")[0] ?? ""),
  );
  if (names.filter((name) => SIGNED_PARAMETERS.has(name)).length > parameters.length) return [];
  const paths = key === undefined && !path.endsWith("/") ? [path, `${path}/`] : [path];
  const query = parameters.length > 0 ? `?${parameters.join("&")}` : "";
  return paths.map((name) => stringToSign(address, `${name}${query}`, signed));
}

/** In the order of their names, decoded. */
function signedParameters({ query }: Address): string[] {
  return query.entries
    .filter(([name]) => SIGNED_PARAMETERS.has(name))
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, value]) => (value === "" ? name : `${name}=${value}`));
}

function stringToSign(address: Address, target: string, { date, place }: SignedV2): string {
  const { sent, bucket, hosted } = address;
  // A presigned URL carries those that its signer moved there, which are read from there, too.
  const amzHeaders = [...(place === "query" ? address.headers : sent).entries()]
    .filter(([name]) => name.startsWith("x-amz-"))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}:${value.trim()}\n`);
  return [
    address.method,
    sent.get("content-md5") ?? "",
    sent.get("content-type") ?? "",
    date,
    `${amzHeaders.join("")}${hosted ? `/${bucket}` : ""}${target}`,
  ].join("\n");
}

/** The signature, base64. */
export function signV2(secret: string, text: string): string {
  return createHmac("sha1", secret).update(text, "utf8").digest("base64");
}

/** Throws unless the signature holds now. `now` in ms since 1970. */
export function verifyV2(now: number, address: Address, signed: SignedV2, secret: string): void {
  if (signed.place === "header") checkDate(now, address);
  const texts = stringsToSignV2(address, signed);
  if (!texts.some((text) => sameSignature(signV2(secret, text), signed.signature))) {
    throw new S3Error("SignatureDoesNotMatch", {
      elements: {
        AWSAccessKeyId: signed.accessKeyId,
        StringToSign: withoutKeys(texts[0] ?? ""),
        SignatureProvided: signed.signature,
      },
    });
  }
  const expires = Number(signed.date) * 1000;
  if (signed.place === "query" && now > expires) throw requestExpired(expires, now);
}

/** A header's signature is good for as long as clocks may differ. */
function checkDate(now: number, { sent }: Address): void {
  const text = sent.get("x-amz-date") ?? sent.get("date") ?? "";
  // A number alone is no date: it could be the expiry of a URL, whose signature would then be good in a header, too.
  const ms = parseTimestamp(text) ?? (/^\d*$/.test(text) ? Number.NaN : Date.parse(text));
  // Nobody signed anything before 1970; what is no date at all is not greater either.
  if (!(ms >= 0)) throw noValidDate();
  if (Math.abs(now - ms) > MAX_SKEW_MS) throw timeTooSkewed(text, now);
}

/**
 * What vouches for the body: nothing but what it promises of itself. It may still be aws-chunked, with unsigned chunks.
 * Throws InvalidRequest for signed ones, which only version 4 has.
 */
export function sealV2({ sent }: Address): Seal {
  const hash = sent.get("x-amz-content-sha256") ?? "";
  if (hash.startsWith("STREAMING-UNSIGNED-")) return { kind: "chunked", trailer: true, signer: undefined };
  if (hash.startsWith("STREAMING-")) {
    throw new S3Error("InvalidRequest", {
      message: `${hash} needs a signature of version 4. Please use AWS4-HMAC-SHA256.`,
    });
  }
  return { kind: "unsigned" };
}
