// The file given with --accounts: accounts with keys of their own, checked entry by entry before any server starts.

import { readFileSync } from "node:fs";
import { Failure, reason } from "./failure.ts";
import type { RootKey } from "./root-key.ts";

export interface AccountEntry {
  /** The canonical id, 64 hexadecimal digits. */
  id: string;
  displayName: string;
  email: string;
  accessKeyId: string;
  secretAccessKey: string;
}

const FORMS: Record<keyof AccountEntry, { pattern: RegExp; words: string }> = {
  id: { pattern: /^[0-9a-f]{64}$/, words: "64 lower-case hexadecimal digits" },
  displayName: { pattern: /^.+$/, words: "a text that is not empty" },
  email: { pattern: /^[^\s@]+@[^\s@]+$/, words: "an e-mail address" },
  accessKeyId: { pattern: /^[\w.-]{3,128}$/, words: "3 to 128 letters, digits or . _ -" },
  secretAccessKey: { pattern: /^[\x21-\x7e]{8,256}$/, words: "8 to 256 ASCII characters without blanks" },
};

export function readAccounts(file: string): AccountEntry[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new Failure(`cannot read ${file}: ${reason(error)}`);
  }
  try {
    return parseAccounts(text);
  } catch (error) {
    if (error instanceof Failure) throw new Failure(`${file}: ${error.message}`);
    throw error;
  }
}

export function parseAccounts(text: string): AccountEntry[] {
  const entries = parseJson(text);
  if (!Array.isArray(entries)) throw new Failure("it must be a JSON array of accounts");
  const seen = new Set<string>();
  return entries.map((value: unknown, i) => {
    const entry = parseEntry(value, `entry ${i + 1}`);
    if (seen.has(entry.accessKeyId)) throw new Failure(`the access key ${entry.accessKeyId} appears twice`);
    seen.add(entry.accessKeyId);
    return entry;
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Failure(`it is not JSON: ${reason(error)}`);
  }
}

function parseEntry(value: unknown, where: string): AccountEntry {
  const given = new Map<string, unknown>(Object.entries(Object(value)));
  const field = (name: keyof AccountEntry): string => {
    const { pattern, words } = FORMS[name];
    const text = given.get(name);
    if (typeof text !== "string" || !pattern.test(text))
      throw new Failure(`${where}: "${name}" must be ${words}`);
    return text;
  };
  return {
    id: field("id"),
    displayName: field("displayName"),
    email: field("email"),
    accessKeyId: field("accessKeyId"),
    secretAccessKey: field("secretAccessKey"),
  };
}

/** The bindings that name the root account, if the file names it, and the accounts that remain to be put. */
export function withoutRoot(
  entries: AccountEntry[],
  root: RootKey,
): { vars: Record<string, string>; others: AccountEntry[] } {
  const own = entries.find((entry) => entry.accessKeyId === root.accessKeyId);
  const others = entries.filter((entry) => entry !== own);
  if (own === undefined) return { vars: {}, others };
  if (own.secretAccessKey !== root.secretAccessKey) {
    throw new Failure(`the accounts file gives the root access key ${root.accessKeyId} another secret`);
  }
  return { vars: { ROOT_ACCOUNT: own.id, ROOT_NAME: own.displayName, ROOT_EMAIL: own.email }, others };
}
