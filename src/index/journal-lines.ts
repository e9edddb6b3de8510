// The lines of a journal: a version as its row says, that one is gone, a page of a long body, how an upload ended.

import { Buffer } from "node:buffer";
import { MAX_LINE_CHARACTERS } from "../facts/journal.ts";
import type { VersionRow } from "./tables.ts";

/** A page of a long body, as its row says. */
export type ExtentsRow = { body: string; page: number; list: string };

/** How an upload ended, as its row says. */
export type EndedRow = { upload: string; key: string; at: number; answer: string | null };

export type JournalLine =
  | { version: VersionRow }
  | { gone: { key: string; sequence: number } }
  | { extents: ExtentsRow }
  | { ended: EndedRow };

type Kind = "text" | "count" | "json" | "json or null" | "base64 or null";

/** The columns of a version in a line's order, each with how its values are told. New ones stand last, and may be null. */
const VERSION = {
  key: "text",
  sequence: "count",
  nonce: "text",
  marker: "count",
  size: "count",
  etag: "text",
  modified: "count",
  owner: "text",
  body: "text",
  pages: "json or null",
  description: "json",
  tags: "json or null",
  lock: "json or null",
  grants: "json or null",
  data: "base64 or null",
} as const satisfies Record<keyof VersionRow, Kind>;

const LINES = {
  version: VERSION,
  gone: { key: "text", sequence: "count" },
  extents: { body: "text", page: "count", list: "json" },
  ended: { upload: "text", key: "text", at: "count", answer: "json or null" },
} as const satisfies Record<string, Record<string, Kind>>;

/** `["version", …]`, `["gone", …]` and so on, without a line's end. */
export function spellLine(line: JournalLine): string {
  if ("version" in line) {
    const { data, ...row } = line.version;
    return spell("version", VERSION, { ...row, data: data && Buffer.from(data).toString("base64") });
  }
  if ("gone" in line) return spell("gone", LINES.gone, line.gone);
  if ("extents" in line) return spell("extents", LINES.extents, line.extents);
  return spell("ended", LINES.ended, line.ended);
}

function spell<Field extends string>(
  name: string,
  fields: Record<Field, Kind>,
  values: Record<Field, unknown>,
): string {
  return JSON.stringify([name, ...(Object.keys(fields) as Field[]).map((field) => values[field])]);
}

/** A line as it was spelled; else what is wrong with it, in a few words. */
export function readLine(text: string): JournalLine | { unreadable: string } {
  if (text.length > MAX_LINE_CHARACTERS) {
    return { unreadable: `it is longer than ${MAX_LINE_CHARACTERS} characters` };
  }
  const list = parse(text);
  if (!Array.isArray(list)) return { unreadable: "it is no JSON list" };
  const [name, ...values] = list as unknown[];
  const fields =
    typeof name === "string" && Object.hasOwn(LINES, name) ? LINES[name as keyof typeof LINES] : null;
  if (fields === null) {
    return {
      unreadable: `of lines called ${JSON.stringify(name ?? null).slice(0, 40)} this Portico knows nothing`,
    };
  }
  const row = read(fields, values);
  if ("unreadable" in row) return { unreadable: String(row.unreadable) };
  if (typeof row.data === "string") row.data = bytesOf(row.data);
  // Each field was found to be what LINES says it is.
  return { [name as string]: row } as unknown as JournalLine;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function read(fields: Record<string, Kind>, values: readonly unknown[]): Record<string, unknown> {
  const names = Object.entries(fields);
  if (values.length > names.length) return { unreadable: "it has more fields than this Portico knows" };
  const row: Record<string, unknown> = {};
  for (const [at, [name, kind]] of names.entries()) {
    const value = values[at] ?? null;
    if (!isOf(kind, value)) return { unreadable: `its ${name} is malformed` };
    row[name] = value;
  }
  return row;
}

function isOf(kind: Kind, value: unknown): boolean {
  if (kind === "count") return Number.isSafeInteger(value) && (value as number) >= 0;
  if (value === null) return kind.endsWith(" or null");
  if (typeof value !== "string") return false;
  if (kind.startsWith("json")) return parse(value) !== undefined;
  return !kind.startsWith("base64") || /^[A-Za-z0-9+/]*={0,2}$/.test(value);
}

function bytesOf(base64: string): ArrayBuffer {
  return new Uint8Array(Buffer.from(base64, "base64")).buffer;
}
