// Tokens of web identities (OpenID Connect): taken apart, and verified with the keys that their issuer publishes.
// Source: https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation

import { Buffer } from "node:buffer";
import type { World } from "../world.ts";
import { QueryFault } from "./fault.ts";

/** Largest document taken from an issuer, in bytes, and how long to wait for it, in ms. */
const MAX_DOCUMENT_BYTES = 256 * 1024;
const DOCUMENT_MS = 5_000;

/** Most keys of an issuer that are looked at. */
const MAX_KEYS = 100;

/** How old a key set is at the least before it is asked for again, for the sake of a key that it has not, in ms. */
const REFETCH_MS = 10_000;

/** How far the issuer's clock may be ahead, in ms. */
const MAX_SKEW_MS = 5 * 60_000;

interface Algorithm {
  key: { name: string; hash?: string; namedCurve?: string };
  verify: { name: string; hash?: string };
}

/** What a token may be signed with, as WebCrypto has it. */
const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map<string, Algorithm>([
  ...["256", "384", "512"].map((bits): [string, Algorithm] => {
    const name = "RSASSA-PKCS1-v1_5";
    return [`RS${bits}`, { key: { name, hash: `SHA-${bits}` }, verify: { name } }];
  }),
  ...["256", "384"].map((bits): [string, Algorithm] => {
    const name = "ECDSA";
    return [`ES${bits}`, { key: { name, namedCurve: `P-${bits}` }, verify: { name, hash: `SHA-${bits}` } }];
  }),
]);

export type Claims = Readonly<Record<string, unknown>>;

/** A token taken apart, nothing of it verified yet. */
export interface WebToken {
  algorithm: string;
  keyId: string | undefined;
  claims: Claims;
  /** What was signed, and the signature. */
  signed: Uint8Array;
  signature: Uint8Array;
}

export function invalidToken(message: string): QueryFault {
  return new QueryFault("InvalidIdentityToken", message);
}

function idpError(message: string): QueryFault {
  return new QueryFault("IDPCommunicationError", message);
}

/** Throws InvalidIdentityToken for what is no signed JWT. */
export function readToken(token: string): WebToken {
  const [head = "", body = "", signature = "", ...more] = token.split(".");
  const [header, claims] = [readPart(head), readPart(body)];
  const { alg, kid } = header ?? {};
  if (claims === undefined || typeof alg !== "string" || signature === "" || more.length > 0) {
    throw invalidToken(
      "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
    );
  }
  return {
    algorithm: alg,
    keyId: typeof kid === "string" ? kid : undefined,
    claims,
    signed: new TextEncoder().encode(`${head}.${body}`),
    signature: new Uint8Array(Buffer.from(signature, "base64url")),
  };
}

function readPart(part: string): Claims | undefined {
  return readObject(Buffer.from(part, "base64url").toString("utf8"));
}

function readObject(text: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Claims)
      : undefined;
  } catch {
    return undefined;
  }
}

/** A claim's texts: of one, or of a list. */
export function textsOf(claim: unknown): string[] {
  const values = Array.isArray(claim) ? claim : [claim];
  return values.flatMap((value) =>
    ["string", "number", "boolean"].includes(typeof value) ? [String(value)] : [],
  );
}

/** Throws ExpiredTokenException, and InvalidIdentityToken for a token of another time. */
export function checkTimes({ exp, nbf, iat }: Claims, now: number): void {
  if (typeof exp !== "number") throw invalidToken("The token has no expiration time.");
  if (now >= exp * 1000) {
    throw new QueryFault(
      "ExpiredTokenException",
      `Token expired: current date/time must be before the expiration date/time`,
    );
  }
  const begins = Math.max(typeof nbf === "number" ? nbf : 0, typeof iat === "number" ? iat : 0);
  if (begins * 1000 > now + MAX_SKEW_MS) throw invalidToken("The token is not valid yet.");
}

/** Verifies the signature with the issuer's keys. Throws InvalidIdentityToken and IDPCommunicationError. */
export async function verify(world: World, token: WebToken, issuer: string): Promise<void> {
  const algorithm = ALGORITHMS.get(token.algorithm);
  if (algorithm === undefined)
    throw invalidToken(`The token's algorithm is not supported: ${token.algorithm.slice(0, 16)}`);
  const known = world.memory.keySets.get(issuer, world.now());
  const remembered = matching(known?.value ?? [], token);
  // Issuers change their keys: one that nobody remembers may be new.
  const isSettled = remembered.length > 0 || (known !== undefined && known.age < REFETCH_MS);
  for (const key of isSettled ? remembered : matching(await fetchKeys(world, issuer), token)) {
    const imported = await crypto.subtle
      .importKey("jwk", { ...key, key_ops: ["verify"], use: "sig" }, algorithm.key, false, ["verify"])
      .catch(() => undefined);
    if (imported && (await crypto.subtle.verify(algorithm.verify, imported, token.signature, token.signed)))
      return;
  }
  throw invalidToken(
    "Couldn't retrieve verification key from your identity provider, or the signature does not match.",
  );
}

function matching(keys: readonly JsonWebKey[], { keyId, algorithm }: WebToken): JsonWebKey[] {
  const type = algorithm.startsWith("RS") ? "RSA" : "EC";
  return keys.filter((key) => {
    const { kid, alg = algorithm, use = "sig" } = key as JsonWebKey & { kid?: string };
    return key.kty === type && alg === algorithm && use === "sig" && (keyId === undefined || kid === keyId);
  });
}

async function fetchKeys(world: World, issuer: string): Promise<readonly JsonWebKey[]> {
  const document = await fetchJson(world, `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
  if (document.issuer !== issuer) throw invalidToken("The issuer's configuration names another issuer.");
  const { keys } = await fetchJson(world, String(document.jwks_uri));
  if (!Array.isArray(keys)) throw idpError("The identity provider's key set has no keys.");
  const found = keys
    .slice(0, MAX_KEYS)
    .filter((key): key is JsonWebKey => typeof key === "object" && key !== null);
  world.memory.keySets.set(issuer, found, world.now());
  return found;
}

/** Over HTTPS; over plain HTTP from this machine alone, where the deployment itself is on it. */
function isReachable(url: string, local: boolean): boolean {
  return (
    /^https:\/\//.test(url) || (local && /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?\//.test(url))
  );
}

async function fetchJson(world: World, url: string): Promise<Claims> {
  if (!isReachable(url, world.config.plainKeys))
    throw idpError("The identity provider is not reached over HTTPS.");
  const failed = idpError("Couldn't reach the identity provider.");
  const text = await readBounded(world, url).catch(() => undefined);
  if (text === undefined) throw failed;
  const document = readObject(text);
  if (document === undefined) throw idpError("The identity provider's answer is no JSON object.");
  return document;
}

async function readBounded(world: World, url: string): Promise<string> {
  const signal = AbortSignal.timeout(DOCUMENT_MS);
  const response = await world.request(url, {
    signal,
    redirect: "manual",
    headers: { accept: "application/json" },
  });
  if (response.status !== 200 || response.body === null)
    throw new Error(`the provider answered ${response.status}`);
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body) {
    bytes += part.byteLength;
    if (bytes > MAX_DOCUMENT_BYTES) throw new Error("the provider's answer is too long");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}
