// What conditions may ask about the one who asks and the way they came: the aws:* keys that every service shares. Pure.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html

import type { Address } from "../wire/address.ts";
import type { Caller, PrincipalKind } from "./caller.ts";
import type { AskedPrincipal } from "./policy/language.ts";

/** The values of a condition key, given in lower case; undefined: it is not there. */
export type Lookup = (key: string) => readonly string[] | undefined;

const PRINCIPAL_TYPES: Readonly<Record<PrincipalKind, string>> = {
  root: "Account",
  user: "User",
  role: "AssumedRole",
  federated: "FederatedUser",
  anonymous: "Anonymous",
};

/** A lookup in values by key; keys in any case, a value that is undefined is not there. */
export function lookup(values: Readonly<Record<string, string | readonly string[] | undefined>>): Lookup {
  const known = new Map(
    Object.entries(values).flatMap(([key, value]) =>
      value === undefined ? [] : [[key.toLowerCase(), typeof value === "string" ? [value] : value] as const],
    ),
  );
  return (key) => known.get(key);
}

/** Asks one after the other; the first that knows a key answers. */
export function firstOf(...lookups: Lookup[]): Lookup {
  return (key) => {
    for (const one of lookups) {
      const values = one(key);
      if (values !== undefined) return values;
    }
    return undefined;
  };
}

/** Who asks, and when. `now` in ms since 1970. */
export function principalContext(caller: Caller, now: number): Lookup {
  const { kind, arn, roleArn, account, userId, userName, tags, issued, claims = {} } = caller;
  const signed = kind !== "anonymous";
  const principalTags = Object.entries(tags).map(([name, value]) => [`aws:PrincipalTag/${name}`, value]);
  return lookup({
    // A session's own words come first, so that nothing in it can stand for what is said below.
    ...claims,
    ...(Object.fromEntries(principalTags) as Record<string, string>),
    "aws:CurrentTime": isoTime(now),
    "aws:EpochTime": String(Math.floor(now / 1000)),
    "aws:userid": userId,
    "aws:username": userName,
    "aws:PrincipalType": PRINCIPAL_TYPES[kind],
    "aws:PrincipalIsAWSService": "false",
    "aws:PrincipalArn": signed ? (roleArn ?? arn) : undefined,
    "aws:PrincipalAccount": signed ? account.number : undefined,
    // Only temporary credentials have these; no Portico session was made with a second factor.
    "aws:TokenIssueTime": issued === undefined ? undefined : isoTime(issued),
    "aws:MultiFactorAuthPresent": issued === undefined ? undefined : "false",
  });
}

/** How the request came. `clientAddress`: see `Config`; only the edge's word for an address is taken from a header. */
export function requestContext(
  { clientAddress }: { clientAddress: "edge" | (string & {}) | undefined },
  { sent, secure, tlsVersion }: Pick<Address, "sent" | "secure" | "tlsVersion">,
): Lookup {
  const atEdge = clientAddress === "edge";
  return lookup({
    "aws:SecureTransport": String(secure),
    "aws:SourceIp": atEdge ? (sent.get("cf-connecting-ip") ?? undefined) : clientAddress,
    "aws:UserAgent": sent.get("user-agent") ?? undefined,
    "aws:Referer": sent.get("referer") ?? undefined,
    "s3:TlsVersion": tlsVersion,
  });
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}/, "");
}

/** The caller as policies match principals. */
export function askedPrincipal({ kind, arn, roleArn, account }: Caller): AskedPrincipal {
  return { kind, arn, roleArn, accountNumber: account.number, canonicalId: account.id };
}
