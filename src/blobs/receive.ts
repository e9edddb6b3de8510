// How bytes get into R2: one pass under a fresh name, kept only if the source vouches for them.

import type { Birth } from "../facts/birth.ts";
import { spellBirth } from "./birth.ts";

/** What R2 found: the MD5 of what it stored, or why it stored nothing. */
export type Stored = { md5: string } | { mismatch: true } | { failed: unknown };

/** Bytes on their way in. `length` in bytes is exact: R2 refuses a stream that turns out otherwise. */
export interface Source {
  readonly length: number;
  /** Known once settled, if the source had to digest its bytes itself: `md5` in hex. */
  readonly md5?: string | undefined;
  /**
   * The stream to store, and a SHA-256 (hex) for R2 to hold it to. Called once. `alone`: R2 will not say what it stored,
   * so the source has to digest its bytes itself.
   */
  open(alone: boolean): { stream: ReadableStream<Uint8Array>; sha256?: string | undefined };
  /** Resolves only if everything the sender promised of these bytes held; rejects with what did not. */
  settle(stored: Stored): Promise<void>;
}

/** A blob that was received: `md5` in hex, which is the etag of an object or part put whole. */
export interface Received {
  blob: string;
  size: number;
  md5: string;
}

/** The etag of no bytes at all. */
export const EMPTY_MD5 = "d41d8cd98f00b204e9800998ecf8427e";

/** How a blob is stored: `ssecKey`: R2 encrypts with it; `birth`: of which object it is the whole. */
export interface Storing {
  ssecKey?: Uint8Array | undefined;
  birth?: Birth | undefined;
}

/**
 * Stores a source under `blob`. If the source does not vouch for it, nothing stays and the source's own error is thrown.
 * The name must be fresh: it has been told to no store, so it may be deleted here.
 */
export async function receive(
  r2: R2Bucket,
  blob: string,
  source: Source,
  { ssecKey, birth }: Storing = {},
): Promise<Received> {
  // What R2 says of bytes that it encrypts with a client's key is not relied upon.
  const { stream, sha256 } = source.open(ssecKey !== undefined);
  const options = {
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(ssecKey && { ssecKey: bytesOf(ssecKey) }),
    ...(birth && { customMetadata: spellBirth(birth) }),
  };
  const stored = await put(r2, blob, stream, options);
  try {
    await source.settle(stored);
  } catch (error) {
    // R2 may have stored it even if it says that it failed: the stream was broken off behind its last byte.
    await r2.delete(blob);
    throw error;
  }
  if (!("md5" in stored)) throw new Error("a source vouched for bytes that R2 did not store");
  return { blob, size: source.length, md5: source.md5 ?? stored.md5 };
}

async function put(
  r2: R2Bucket,
  blob: string,
  stream: ReadableStream<Uint8Array>,
  options: R2PutOptions,
): Promise<Stored> {
  try {
    const object = await r2.put(blob, stream, options);
    return { md5: object.etag };
  } catch (error) {
    // R2's own code for "the hash in the options does not match".
    return error instanceof Error && error.message.includes("(10037)")
      ? { mismatch: true }
      : { failed: error };
  }
}

/** A copy as the plain buffer that R2's options take. */
export function bytesOf(key: Uint8Array): ArrayBuffer {
  return new Uint8Array(key).buffer;
}
