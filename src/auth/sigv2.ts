// Signature version 2 in a URL: what boto3 and the AWS CLI v1 still presign with in us-east-1 unless told otherwise. Pure.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html

import { createHmac } from "node:crypto";
import type { Address } from "../wire/address.ts";
import { SUBRESOURCES } from "../wire/subresources.ts";

/** Parameters that are part of the resource that was signed; every other one is not signed at all. */
const SIGNED_PARAMETERS: ReadonlySet<string> = new Set([
  ...[
    "acl",
    "lifecycle",
    "location",
    "logging",
    "notification",
    "partNumber",
    "policy",
    "requestPayment",
    "torrent",
  ],
  ...[
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
    "delete",
    "tagging",
    "cors",
    "restore",
  ],
  ...["response-cache-control", "response-content-disposition", "response-content-encoding"],
  ...["response-content-language", "response-content-type", "response-expires"],
]);

/** Whether a URL names a subresource that such a signature does not cover: anybody could have added it. */
export function namesUnsigned({ query }: Address): boolean {
  return query.entries.some(([name]) => SUBRESOURCES.has(name) && !SIGNED_PARAMETERS.has(name));
}

/** A signature in a URL. `expires` in seconds since 1970, `signature` in base64. */
export interface SignedLink {
  accessKeyId: string;
  expires: number;
  signature: string;
}

/** Reads the signature; undefined if the URL has none of this kind. */
export function readLink({ query }: Address): SignedLink | undefined {
  const accessKeyId = query.get("AWSAccessKeyId");
  const signature = query.get("Signature");
  const expires = query.get("Expires") ?? "";
  if (accessKeyId === undefined || signature === undefined || !/^\d{1,12}$/.test(expires)) return undefined;
  return { accessKeyId, signature, expires: Number(expires) };
}

/**
 * What may have been signed: botocore signs a bucket's path with a slash behind it that it does not send. Virtual-hosted
 * requests name their bucket in the resource, too.
 */
export function linkStringsToSign(address: Address, link: SignedLink): string[] {
  const { path, key } = address;
  const paths = key === undefined && !path.endsWith("/") ? [path, `${path}/`] : [path];
  return paths.map((signed) => stringToSign(address, signed, link));
}

function stringToSign(address: Address, path: string, { expires }: SignedLink): string {
  const { sent, query, bucket, hosted } = address;
  const amzHeaders = [...sent.entries()]
    .filter(([name]) => name.startsWith("x-amz-"))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}:${value.trim()}\n`);
  const parameters = query.entries
    .filter(([name]) => SIGNED_PARAMETERS.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => (value === "" ? name : `${name}=${value}`));
  const resource = `${hosted ? `/${bucket}` : ""}${path}${parameters.length > 0 ? `?${parameters.join("&")}` : ""}`;
  return [
    address.method,
    sent.get("content-md5") ?? "",
    sent.get("content-type") ?? "",
    String(expires),
    `${amzHeaders.join("")}${resource}`,
  ].join("\n");
}

/** The signature, base64. */
export function signLink(secret: string, text: string): string {
  return createHmac("sha1", secret).update(text, "utf8").digest("base64");
}
