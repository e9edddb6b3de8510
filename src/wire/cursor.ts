// How the place where a listing goes on is written into an opaque token, and read back.

import { Buffer } from "node:buffer";
import { invalidArgument } from "./error.ts";
import { type Field, parsed, query } from "./input.ts";

/** Longest token read, in characters: a key of 1,024 bytes in base64, and some. */
const MAX_TOKEN_CHARACTERS = 2048;

export function writeCursor(after: string): string {
  return Buffer.from(`1${after}`, "utf8").toString("base64url");
}

/** Throws InvalidArgument for anything that `writeCursor` did not write. */
export function readCursor(token: string): string {
  const text = token.length > MAX_TOKEN_CHARACTERS ? "" : Buffer.from(token, "base64url").toString("utf8");
  if (text.startsWith("1") && writeCursor(text.slice(1)) === token) return text.slice(1);
  throw invalidArgument("The continuation token provided is incorrect", "continuation-token", token);
}

/** Where a listing goes on, if its request says so; an empty token says nothing. */
export const continuation: Field<string | undefined> = parsed(query("continuation-token"), (token) =>
  token === "" ? undefined : readCursor(token),
);
