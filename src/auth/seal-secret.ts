// How an access key's secret is kept: encrypted under the master secret, bound to its access key id.

import { Buffer } from "node:buffer";

/** Purpose of the key derived for access keys' secrets; another purpose gets another key. */
const PURPOSE = "portico access key secret v1";
const VERSION = "v1";
const NONCE_BYTES = 12;

/** The key for access keys' secrets. */
export function secretsKey(masterSecret: string): Promise<CryptoKey> {
  return deriveKey(masterSecret, PURPOSE);
}

/** AES-256-GCM key for one purpose, derived with HKDF-SHA-256. */
export async function deriveKey(masterSecret: string, purpose: string): Promise<CryptoKey> {
  const encoder = new TextEncoder();
  const base = await crypto.subtle.importKey("raw", encoder.encode(masterSecret), "HKDF", false, [
    "deriveKey",
  ]);
  const derivation = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: encoder.encode(purpose) };
  return crypto.subtle.deriveKey(derivation, base, { name: "AES-GCM", length: 256 }, false, [
    "encrypt",
    "decrypt",
  ]);
}

/** Seals a secret: `v1.<nonce>.<ciphertext and tag>`, both base64. */
export async function sealSecret(key: CryptoKey, accessKeyId: string, secret: string): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const additionalData = new TextEncoder().encode(accessKeyId);
  const sealed = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv, additionalData },
    key,
    new TextEncoder().encode(secret),
  );
  return [VERSION, Buffer.from(iv).toString("base64"), Buffer.from(sealed).toString("base64")].join(".");
}

/** Opens a sealed secret; rejects if it was made under another master secret or for another access key. */
export async function openSecret(key: CryptoKey, accessKeyId: string, sealed: string): Promise<string> {
  const [version, iv = "", text = ""] = sealed.split(".");
  if (version !== VERSION) throw new Error("a sealed secret has an unknown version");
  const additionalData = new TextEncoder().encode(accessKeyId);
  const algorithm = { name: "AES-GCM", iv: Buffer.from(iv, "base64"), additionalData };
  return new TextDecoder().decode(await crypto.subtle.decrypt(algorithm, key, Buffer.from(text, "base64")));
}
