// How versions of a key are ordered and named: by the sequence of their commits, spelled into an opaque version id.

import { freshBytes } from "./random.ts";

/** The id of the one version of a key that has no id of its own. */
export const NULL_VERSION = "null";

const SEQUENCE_DIGITS = 11;
const NONCE_DIGITS = 21;
const VERSION_ID = new RegExp(`^([0-9a-z]{${SEQUENCE_DIGITS}})([0-9a-f]{${NONCE_DIGITS}})$`);

/** A nonce that makes a version id unguessable. */
export function freshNonce(): string {
  const bytes = freshBytes(Math.ceil(NONCE_DIGITS / 2));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
    .join("")
    .slice(0, NONCE_DIGITS);
}

/** 32 characters; `nonce` empty: the null version. */
export function spellVersionId(sequence: number, nonce: string): string {
  return nonce === "" ? NULL_VERSION : sequence.toString(36).padStart(SEQUENCE_DIGITS, "0") + nonce;
}

/** Sequence and nonce of a version id, so that finding one is a seek; undefined if it is none, or the null version's. */
export function readVersionId(text: string): { sequence: number; nonce: string } | undefined {
  const found = VERSION_ID.exec(text);
  if (found === null) return undefined;
  const [, sequence = "", nonce = ""] = found;
  return { sequence: Number.parseInt(sequence, 36), nonce };
}

/** Whether a text could name a version at all. */
export function isVersionId(text: string): boolean {
  return text === NULL_VERSION || VERSION_ID.test(text);
}
