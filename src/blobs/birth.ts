// What R2's metadata of a blob say of the object that it is the whole of: enough to make its version again.
// Parts, and extents of what came without a length, say nothing: they are no objects of their own.

import type { Birth } from "../facts/birth.ts";

/** What R2 takes of custom metadata, names and values together, in bytes. */
const MAX_METADATA_BYTES = 8192;

/** The one name that Portico's metadata has. */
const NAME = "object";

/** Without these no version could rightly be made again. */
const NEEDED = ["key", "versioning", "conditions", "owner", "lock", "encryption"] as const;

/** Fields in the order in which they get room: what protects an object comes before what describes it. */
const FIELDS = [...NEEDED, "grants", "etag", "headers", "tags", "metadata", "checksum"] as const;

type Fields = Partial<Record<(typeof FIELDS)[number], unknown>>;

/**
 * A birth as custom metadata, in ASCII: which characters a value may have is said nowhere. What does not fit is left
 * out whole, the less important first, and named in `left`; nothing is said where something needed does not fit.
 */
export function spellBirth({ description, ...birth }: Birth): Record<string, string> {
  const fields: Fields = { ...birth, ...description };
  const said: Fields = {};
  // What there is nothing of is read as nothing, too.
  for (const field of FIELDS) if (isSomething(fields[field])) said[field] = fields[field];
  const text = ascii(said);
  return NAME.length + text.length <= MAX_METADATA_BYTES ? { [NAME]: text } : spellWhatFits(said);
}

function isSomething(value: unknown): boolean {
  return typeof value === "object" && value !== null ? Object.keys(value).length > 0 : value !== undefined;
}

function spellWhatFits(fields: Fields): Record<string, string> {
  const said: Fields = {};
  const left: string[] = [];
  // Less what naming all fields would take, so that what was left out can always be said.
  let room = MAX_METADATA_BYTES - NAME.length - JSON.stringify({ left: FIELDS }).length;
  for (const field of FIELDS.filter((each) => each in fields)) {
    const { length } = ascii({ [field]: fields[field] });
    if (length > room && isNeeded(field)) return {};
    if (length > room) {
      left.push(field);
      continue;
    }
    said[field] = fields[field];
    room -= length;
  }
  return { [NAME]: ascii({ ...said, left }) };
}

function isNeeded(field: (typeof FIELDS)[number]): boolean {
  return (NEEDED as readonly string[]).includes(field);
}

function ascii(value: unknown): string {
  const text = JSON.stringify(value);
  if (/^[ -~]*$/.test(text)) return text;
  return text.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A birth as it was spelled; undefined: the blob is not the whole of an object, or is older than such metadata. */
export function readBirth(metadata: Record<string, string> | undefined): Birth | undefined {
  const text = metadata?.[NAME];
  if (text === undefined) return undefined;
  const said = parsed(text);
  const { key, versioning, conditions, owner, etag, tags, lock, grants, left } = said as Partial<Birth>;
  if (key === undefined || versioning === undefined || owner === undefined) return undefined;
  const { headers = {}, metadata: user = {}, checksum, encryption } = said as Partial<Birth["description"]>;
  const description = {
    headers,
    metadata: user,
    ...(checksum && { checksum }),
    ...(encryption && { encryption }),
  };
  return { key, versioning, conditions, owner, etag, tags, lock, grants, left, description };
}

function parsed(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
