// The circumstances of a request, as the condition keys of policies name them. Pure.
// Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html and
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html

import type { Tag } from "../facts/version.ts";
import { type Address, percentDecode } from "../wire/address.ts";
import type { Caller } from "./caller.ts";
import type { Ask } from "./policy/language.ts";
import { type Lookup, principalContext, requestContext } from "./principal-context.ts";

/** How a request was signed. `signedAt`: ms since 1970. */
export interface SignedHow {
  place: "header" | "query" | "form" | "none";
  version: "v4" | "v2" | "none";
  signedAt?: number;
}

/** What a request says of itself and of who sent it. */
export interface Circumstances {
  address: Address;
  caller: Caller;
  signed: SignedHow;
  /** ms since 1970. */
  now: number;
  /** Where the client's address is known from: see `Config`. */
  clientAddress: "edge" | (string & {}) | undefined;
  region: string;
}

/** What is known beside the request's head: tags in its body, tags that the object has, the bucket's account. */
export interface Surroundings {
  requestTags?: readonly Tag[] | undefined;
  existingTags?: readonly Tag[] | undefined;
  /** Gives twelve digits. */
  resourceAccount?: () => string;
  /** What stands instead of what the request itself says, by condition key in lower case; undefined: no value. */
  stated?: Readonly<Record<string, string | undefined>> | undefined;
}

/** Request headers that are condition keys of their own, `s3:<header>`. */
const HEADER_KEYS: ReadonlySet<string> = new Set([
  "x-amz-acl",
  "x-amz-content-sha256",
  "x-amz-grant-full-control",
  "x-amz-grant-read",
  "x-amz-grant-read-acp",
  "x-amz-grant-write",
  "x-amz-grant-write-acp",
  "x-amz-metadata-directive",
  "x-amz-object-ownership",
  "x-amz-server-side-encryption",
  "x-amz-server-side-encryption-aws-kms-key-id",
  "x-amz-server-side-encryption-customer-algorithm",
  "x-amz-storage-class",
  "x-amz-website-redirect-location",
]);

/** Request headers that are condition keys under another name. */
const RENAMED_HEADERS: Readonly<Record<string, string>> = {
  "s3:if-match": "if-match",
  "s3:if-none-match": "if-none-match",
  "s3:object-lock-mode": "x-amz-object-lock-mode",
  "s3:object-lock-retain-until-date": "x-amz-object-lock-retain-until-date",
  "s3:object-lock-legal-hold": "x-amz-object-lock-legal-hold",
};

const PARAMETERS: Readonly<Record<string, string>> = {
  "s3:prefix": "prefix",
  "s3:delimiter": "delimiter",
  "s3:max-keys": "max-keys",
  "s3:versionid": "versionId",
};

const DAY_MS = 24 * 3600 * 1000;

function valueNamed(entries: readonly (readonly [string, string])[], name: string): string | undefined {
  return entries.find(([key]) => key.toLowerCase() === name)?.[1];
}

/** What policies may ask about a request, key by key (in lower case). */
export function contextOf(circumstances: Circumstances, surroundings: Surroundings = {}): Ask["value"] {
  const { caller, address, now } = circumstances;
  const ofPrincipal = lazily(() => principalContext(caller, now));
  const ofRequest = lazily(() => requestContext(circumstances, address));
  return (key) =>
    stated(surroundings, key) ??
    ofPrincipal(key) ??
    ofRequest(key) ??
    signatureValue(circumstances, key) ??
    tagValue(circumstances, surroundings, key) ??
    requestValue(circumstances, key);
}

/** Made when the first key is asked for: most decisions ask for none. */
function lazily(make: () => Lookup): Lookup {
  let made: Lookup | undefined;
  return (key) => {
    made ??= make();
    return made(key);
  };
}

function stated({ stated: values, resourceAccount }: Surroundings, key: string): string[] | undefined {
  if (values !== undefined && Object.hasOwn(values, key)) return asList(values[key]) ?? [];
  const ofResource = key === "aws:resourceaccount" || key === "s3:resourceaccount";
  return ofResource && resourceAccount !== undefined ? [resourceAccount()] : undefined;
}

/** How, when and for where it was signed. */
function signatureValue({ signed, now, region }: Circumstances, key: string): string[] | undefined {
  switch (key) {
    case "aws:requestedregion":
      return [region];
    case "s3:authtype":
      return { header: ["REST-HEADER"], query: ["REST-QUERY-STRING"], form: ["POST"], none: undefined }[
        signed.place
      ];
    case "s3:signatureversion":
      return { v4: ["AWS4-HMAC-SHA256"], v2: ["AWS"], none: undefined }[signed.version];
    case "s3:signatureage":
      return signed.signedAt === undefined ? undefined : [String(Math.max(0, now - signed.signedAt))];
  }
  return undefined;
}

function tagValue(
  { address }: Circumstances,
  { requestTags, existingTags }: Surroundings,
  key: string,
): string[] | undefined {
  if (!/^s3:(existing|request)objecttag/.test(key)) return undefined;
  const given = requestTags ?? tagsInHeader(address);
  const [, kind, name = ""] = /^s3:(existing|request)objecttag\/(.+)$/.exec(key) ?? [];
  if (kind !== undefined) {
    const value = valueNamed((kind === "existing" ? existingTags : given) ?? [], name);
    return value === undefined ? undefined : [value];
  }
  return key === "s3:requestobjecttagkeys" ? given?.map(([tag]) => tag) : undefined;
}

/** A copy that takes its source's tags along gives none, nor does a new name, whatever stands in this header. */
function tagsInHeader(address: Address): Tag[] | undefined {
  const { headers, query } = address;
  if (query.has("renameObject")) return undefined;
  const isCopied = sourceOf(address) !== undefined && headers.get("x-amz-tagging-directive") !== "REPLACE";
  const text = isCopied ? null : headers.get("x-amz-tagging");
  return text === null ? undefined : [...new URLSearchParams(text).entries()];
}

/**
 * Whether a write makes an object: all do but the beginning of an upload and its parts, which can have no condition.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
 */
function makesObject({ method, key, query }: Address): boolean {
  if (key === undefined) return false;
  if (method === "POST") return !query.has("uploads");
  return !(query.has("uploadId") && query.has("partNumber"));
}

function requestValue({ address, now }: Circumstances, key: string): string[] | undefined {
  const { headers, query } = address;
  const parameter = PARAMETERS[key];
  if (parameter !== undefined) return asList(query.get(parameter));
  if (key === "s3:x-amz-copy-source") return asList(sourceOf(address));
  const name = RENAMED_HEADERS[key] ?? (HEADER_KEYS.has(key.slice(3)) ? key.slice(3) : undefined);
  if (name !== undefined) return asList(headers.get(name));
  switch (key) {
    case "s3:objectcreationoperation":
      return [String(makesObject(address))];
    case "s3:object-lock-remaining-retention-days": {
      const until = Date.parse(headers.get("x-amz-object-lock-retain-until-date") ?? "");
      return Number.isNaN(until) ? undefined : [String(Math.ceil((until - now) / DAY_MS))];
    }
  }
  return undefined;
}

/** A copy's source as policies write it, however it was spelled and of whichever version: `bucket/key`. Only a PUT copies. */
function sourceOf({ method, headers }: Address): string | undefined {
  const text = method === "PUT" ? headers.get("x-amz-copy-source") : null;
  const [path] = text?.split("?versionId=") ?? [];
  return path === undefined ? undefined : percentDecode(path).replace(/^\//, "");
}

function asList(text: string | null | undefined): string[] | undefined {
  return text === null || text === undefined ? undefined : [text];
}
