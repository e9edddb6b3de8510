// Who asks: from a request to the one whose key signed it, and to what vouches for its body.

import { Buffer } from "node:buffer";
import type { Address } from "../wire/address.ts";
import { invalidArgument, S3Error } from "../wire/error.ts";
import { readSeal, type Seal, UNSIGNED_PAYLOAD } from "../wire/seal.ts";
import type { World } from "../world.ts";
import type { Asker } from "./authorize.ts";
import { ANONYMOUS } from "./caller.ts";
import { credentialsOf } from "./credentials.ts";
import { MAX_SKEW_MS, noValidDate, requestExpired, timeTooSkewed, withoutKeys } from "./refusals.ts";
import { isHeaderV2, namesUnsigned, readV2, sealV2, verifyV2 } from "./sigv2.ts";
import {
  ALGORITHM,
  canonicalRequest,
  chunkSigner,
  formatTimestamp,
  parseCredential,
  parseTimestamp,
  type Signed,
  sameSignature,
  sign,
  signingKey,
  stringToSign,
} from "./sigv4.ts";

/** Longest life of a presigned URL, in seconds. */
export const PRESIGN_SECONDS_MAX = 7 * 24 * 3600;

/** Someone whose signature held, or nobody; and what vouches for the body. */
export interface Authenticated extends Asker {
  seal: Seal;
}

/** What a call of IAM or STS is signed as: for any region, and over a body whose SHA-256 (hex) no header repeats. */
export interface QueryCall {
  services: readonly string[];
  bodyHash: string;
}

/** Verifies the request's signature, if it has one. Throws S3's error for each way in which it does not hold. */
export async function authenticate(
  world: World,
  address: Address,
  queryCall?: QueryCall,
): Promise<Authenticated> {
  const signed = readSigned(address, queryCall);
  // A call of IAM or STS is signed whole, its body and the service's name, which no version but the fourth does.
  if (signed === undefined && queryCall !== undefined) throw new S3Error("AccessDenied");
  if (signed === undefined) return authenticateV2(world, address);
  checkScope(world, signed, queryCall);
  const signedAt = checkTime(world.now(), signed, address);
  const { scope, place } = signed;
  const { secret, asker } = await credentialsOf(world, scope.accessKeyId, tokenOf(address, place));
  const key = rememberedSigningKey(world, secret, signed);
  const canonical = canonicalRequest(address, signed);
  const text = stringToSign(canonical, signed);
  if (!sameSignature(sign(key, text), signed.signature)) throw mismatch(signed, canonical, text);
  checkAllSigned(address, signed);
  const seal = readSeal(bodyHash(address, signed), () => chunkSigner(key, signed));
  return { ...(await asker(scope)), seal, signed: { place, version: "v4", signedAt } };
}

/** The session token, from where the signature stands: a header, or a parameter that the signature covers. */
function tokenOf({ sent, query }: Address, place: Signed["place"]): string | undefined {
  const inHeader = sent.get("x-amz-security-token") ?? undefined;
  return place === "header" ? inHeader : (query.get("X-Amz-Security-Token") ?? inHeader);
}

/** Nobody's request: its body may still be hashed, or aws-chunked with unsigned chunks. */
function anonymous({ sent }: Address): Authenticated {
  const value = sent.get("x-amz-content-sha256") ?? UNSIGNED_PAYLOAD;
  const seal = readSeal(value, () => {
    throw new S3Error("AccessDenied");
  });
  return { ...NOBODY, seal };
}

/** Who asks where nobody signed: known without asking anybody. */
export const NOBODY: Asker = {
  caller: ANONYMOUS,
  signed: { place: "none", version: "none" },
  age: 0,
  forget: () => undefined,
};

/** A signature of version 2, where the deployment takes those; anything else unsigned is anonymous. */
async function authenticateV2(world: World, address: Address): Promise<Authenticated> {
  const taken = world.config.signatureV2 && !namesUnsigned(address);
  if (isHeaderV2(address) && !taken) throw unsupportedVersion();
  const signed = readV2(address);
  if (signed === undefined) return anonymous(address);
  if (!taken) throw unsupportedVersion();
  const { place, accessKeyId } = signed;
  const { secret, asker } = await credentialsOf(world, accessKeyId, tokenOf(address, place));
  verifyV2(world.now(), address, signed, secret);
  const use = { service: "s3", region: world.config.region };
  return { ...(await asker(use)), seal: sealV2(address), signed: { place, version: "v2" } };
}

/** A presigned URL signs no payload, but what is sent to it may still be aws-chunked with unsigned chunks. */
function bodyHash(address: Address, signed: Signed): string {
  const sent = address.sent.get("x-amz-content-sha256");
  if (signed.place === "query" && sent?.startsWith("STREAMING-UNSIGNED-")) return sent;
  return signed.payloadHash;
}

function readSigned(address: Address, queryCall: QueryCall | undefined): Signed | undefined {
  const authorization = address.sent.get("authorization");
  const inQuery = address.query.has("X-Amz-Algorithm") || address.query.has("X-Amz-Signature");
  if (authorization !== null && inQuery) {
    throw invalidArgument(
      "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified",
      "Authorization",
      authorization,
    );
  }
  if (isHeaderV2(address)) return undefined;
  const read =
    authorization !== null
      ? readHeader(address, authorization.trim(), queryCall)
      : inQuery
        ? readQuery(address)
        : undefined;
  return read && queryCall ? { ...read, payloadHash: queryCall.bodyHash } : read;
}

/** S3's error for a signature of version 2 where none is taken. */
export function unsupportedVersion(): S3Error {
  return new S3Error("InvalidRequest", {
    message: "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
  });
}

function malformed(message: string, elements: Record<string, string> = {}): S3Error {
  return new S3Error("AuthorizationHeaderMalformed", {
    message: `The authorization header is malformed; ${message}`,
    elements,
  });
}

function readHeader(address: Address, authorization: string, queryCall: QueryCall | undefined): Signed {
  if (!authorization.startsWith(`${ALGORITHM} `)) {
    throw invalidArgument("Unsupported Authorization Type", "Authorization", authorization);
  }
  const parts = new Map(
    authorization
      .slice(ALGORITHM.length)
      .split(",")
      .map((part) => {
        const [name = "", ...value] = part.trim().split("=");
        return [name, value.join("=")];
      }),
  );
  const scope = parseCredential(parts.get("Credential") ?? "");
  if (scope === undefined) {
    throw malformed(
      'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
    );
  }
  const names = parts.get("SignedHeaders") ?? "";
  const signature = parts.get("Signature") ?? "";
  if (names === "") throw malformed("missing SignedHeaders.");
  if (!/^[0-9a-f]{64}$/.test(signature)) throw malformed("the Signature is mal-formed.");
  const payloadHash = queryCall?.bodyHash ?? address.sent.get("x-amz-content-sha256");
  if (payloadHash === null) {
    throw new S3Error("InvalidRequest", {
      message: "Missing required header for this request: x-amz-content-sha256",
    });
  }
  const timestamp = headerTimestamp(address);
  return { place: "header", scope, signedHeaders: headerNames(names), signature, timestamp, payloadHash };
}

function headerNames(list: string): string[] {
  return list.split(";").map((name) => name.toLowerCase());
}

/** x-amz-date, or the Date header, which S3 takes as well. */
function headerTimestamp({ sent: headers }: Address): string {
  const amzDate = headers.get("x-amz-date");
  const text = amzDate ?? headers.get("date") ?? "";
  if (parseTimestamp(text) !== undefined) return text;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw noValidDate();
  return formatTimestamp(ms);
}

function queryError(message: string): S3Error {
  return new S3Error("AuthorizationQueryParametersError", { message });
}

function readQuery(address: Address): Signed {
  const { query } = address;
  const need = (name: string): string => {
    const value = query.get(`X-Amz-${name}`);
    if (value !== undefined) return value;
    throw queryError(
      "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
    );
  };
  if (need("Algorithm") !== ALGORITHM) throw queryError(`X-Amz-Algorithm only supports "${ALGORITHM}"`);
  const signature = need("Signature");
  const timestamp = need("Date");
  const signedHeaders = headerNames(need("SignedHeaders"));
  const scope = parseCredential(need("Credential"));
  checkExpires(need("Expires"));
  if (scope === undefined) {
    throw queryError(
      'Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
    );
  }
  if (parseTimestamp(timestamp) === undefined) {
    throw queryError("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"");
  }
  const sent = signedHeaders.includes("x-amz-content-sha256")
    ? address.sent.get("x-amz-content-sha256")
    : null;
  const payloadHash = query.get("X-Amz-Content-Sha256") ?? sent ?? UNSIGNED_PAYLOAD;
  return { place: "query", scope, signedHeaders, signature, timestamp, payloadHash };
}

function checkExpires(text: string): void {
  if (!/^-?\d{1,15}$/.test(text)) throw queryError("X-Amz-Expires should be a number");
  if (Number(text) < 0) throw queryError("X-Amz-Expires must be non-negative");
  if (Number(text) > PRESIGN_SECONDS_MAX) {
    throw queryError(
      `X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than ${PRESIGN_SECONDS_MAX} seconds`,
    );
  }
}

/** Throws unless the credential is for this region and service, and of the day of the signature. */
export function checkScope(
  { config }: World,
  { place, scope, timestamp }: Pick<Signed, "place" | "scope" | "timestamp">,
  queryCall?: QueryCall,
): void {
  const refuse = (message: string, elements: Record<string, string> = {}) =>
    place === "header"
      ? malformed(message, elements)
      : new S3Error("AuthorizationQueryParametersError", {
          message: `Error parsing the X-Amz-Credential parameter; ${message}`,
          elements,
        });
  const services = queryCall?.services ?? ["s3"];
  // IAM and STS are the same everywhere, and SDKs differ in what region they take that for.
  if (queryCall === undefined && scope.region !== config.region && scope.region !== "auto") {
    throw refuse(`the region '${scope.region}' is wrong; expecting '${config.region}'`, {
      Region: config.region,
    });
  }
  if (!services.includes(scope.service)) {
    throw refuse(
      `incorrect service "${scope.service}". This endpoint belongs to "${services.join('" or "')}".`,
    );
  }
  if (scope.date !== timestamp.slice(0, 8)) {
    throw refuse(
      `Invalid credential date "${scope.date}". This date is not the same as X-Amz-Date: "${timestamp.slice(0, 8)}".`,
    );
  }
}

/** When it was signed, in ms since 1970. Throws unless that is now, or not longer ago than a presigned URL says. */
function checkTime(now: number, { place, timestamp }: Signed, { query }: Address): number {
  const signedAt = parseTimestamp(timestamp) ?? 0;
  if (place === "header") {
    if (Math.abs(now - signedAt) <= MAX_SKEW_MS) return signedAt;
    throw timeTooSkewed(timestamp, now);
  }
  if (signedAt - now > MAX_SKEW_MS)
    throw new S3Error("AccessDenied", { message: "Request is not valid yet" });
  const expires = Number(query.get("X-Amz-Expires"));
  if (now <= signedAt + expires * 1000) return signedAt;
  throw requestExpired(signedAt + expires * 1000, now, { "X-Amz-Expires": String(expires) });
}

/** The host, and every x-amz-* header sent, must be under the signature: else anybody could add one. */
function checkAllSigned({ sent: headers }: Address, { place, signedHeaders }: Signed): void {
  const needed = [...headers.keys()].filter((name) => name.startsWith("x-amz-"));
  const exempt = place === "query" ? ["x-amz-content-sha256", "x-amz-user-agent"] : [];
  const missing = ["host", ...needed].filter(
    (name) => !signedHeaders.includes(name) && !exempt.includes(name),
  );
  if (missing.length === 0) return;
  throw new S3Error("AccessDenied", {
    message: "There were headers present in the request which were not signed",
    elements: { HeadersNotSigned: missing.join(", ") },
  });
}

function mismatch({ scope, signature }: Signed, request: string, text: string): S3Error {
  const canonical = withoutKeys(request);
  const bytes = (source: string) =>
    Buffer.from(source, "utf8")
      .toString("hex")
      .replace(/..(?=.)/g, "$& ");
  return new S3Error("SignatureDoesNotMatch", {
    elements: {
      AWSAccessKeyId: scope.accessKeyId,
      StringToSign: text,
      SignatureProvided: signature,
      StringToSignBytes: bytes(text),
      CanonicalRequest: canonical,
      CanonicalRequestBytes: bytes(canonical),
    },
  });
}

/** The signing key of a scope, made once. */
export function rememberedSigningKey(
  { memory, now }: World,
  secret: string,
  { scope }: Pick<Signed, "scope">,
): Uint8Array {
  const name = `${scope.accessKeyId}/${scope.date}/${scope.region}/${scope.service}`;
  const known = memory.signingKeys.get(name, now());
  if (known?.value.secret === secret) return known.value.key;
  const key = signingKey(secret, scope);
  memory.signingKeys.set(name, { secret, key }, now());
  return key;
}
