// Session tokens: temporary credentials that nobody stores, sealed under the master secret, with all they stand for.

import { Buffer } from "node:buffer";
import { deriveKey } from "./seal-secret.ts";

const PURPOSE = "portico session token v1";
const VERSION = 1;
const NONCE_BYTES = 12;

/** Bytes that AES-GCM puts behind what it seals. */
const TAG_BYTES = 16;

/** Longest token made or read, in characters: it has to fit into a URL beside a key of 1,024 bytes, percent-encoded. */
export const MAX_TOKEN_CHARACTERS = 8_192;

/** What a token stands for. */
export interface Session {
  /** `ASIA…`. */
  accessKeyId: string;
  secret: string;
  /** `user`: a user or an account's root themselves. */
  kind: "user" | "role" | "federated";
  /** Canonical id of the account, and the id of the user or role in it; "": the account's root. */
  account: string;
  identity: string;
  /** The session's name, of a role, or of a federated user. */
  name: string;
  /** Policies that cut it down, as JSON, and the ARNs of AWS's own among them. */
  policies: readonly string[];
  policyArns: readonly string[];
  tags: Readonly<Record<string, string>>;
  /** Names of tags that go on into sessions begun with this one. */
  transitive: readonly string[];
  /** By condition key in lower case. */
  claims: Readonly<Record<string, readonly string[]>>;
  /** ms since 1970. */
  issued: number;
  expires: number;
}

/** AES-256-GCM key for session tokens. */
export function sessionsKey(masterSecret: string): Promise<CryptoKey> {
  return deriveKey(masterSecret, PURPOSE);
}

/** Seals a session: version, nonce, ciphertext and tag, in base64url. Undefined if it would be too long. */
export async function sealSession(key: CryptoKey, session: Session): Promise<string | undefined> {
  const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const text = new TextEncoder().encode(JSON.stringify(session));
  const head = Uint8Array.of(VERSION);
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: head }, key, text);
  const token = Buffer.concat([head, iv, new Uint8Array(sealed)]).toString("base64url");
  return token.length > MAX_TOKEN_CHARACTERS ? undefined : token;
}

/** Opens a token, expired or not; undefined for anything that was not sealed under this key, to the last bit. */
export async function openSession(key: CryptoKey, token: string): Promise<Session | undefined> {
  if (token.length > MAX_TOKEN_CHARACTERS || !/^[\w-]+$/.test(token)) return undefined;
  const bytes = Buffer.from(token, "base64url");
  // Several spellings of base64url decode alike; a token has one.
  if (bytes.length <= 1 + NONCE_BYTES + TAG_BYTES || bytes.toString("base64url") !== token) return undefined;
  const [head, iv] = [bytes.subarray(0, 1), bytes.subarray(1, 1 + NONCE_BYTES)];
  const opened = await crypto.subtle
    .decrypt({ name: "AES-GCM", iv, additionalData: head }, key, bytes.subarray(1 + NONCE_BYTES))
    .catch(() => undefined);
  if (opened === undefined || head[0] !== VERSION) return undefined;
  return JSON.parse(new TextDecoder().decode(opened)) as Session;
}
