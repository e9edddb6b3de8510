// The journal of a bucket in R2: how its objects are named and headed, and which of them make its index anew.

/** The form of the journal's objects; one that is greater was written by a later Portico. */
export const JOURNAL_FORMAT = 1;

/** Longest line, in characters: what is longer was not written by Portico. */
export const MAX_LINE_CHARACTERS = 1024 * 1024;

/**
 * How long before its journal ends, in ms, a blob may have been uploaded that a commit behind that end names: a worker
 * repeats a commit for 30 s, and clocks differ.
 */
export const YOUNG_MS = 60_000;

const NUMBER_DIGITS = 16;

/**
 * What the first line of an object of the journal says, and R2's metadata of it too. A `segment` tells what commits
 * touched, a `page` is a piece of a checkpoint: versions in the order of their keys.
 */
export interface JournalHeader {
  bucket: string;
  /** Its place in the journal: what stands in a later object wins. */
  number: number;
  what: "segment" | "page";
  /** When it was drawn up, by the index's clock, in ms since 1970. */
  at: number;
  /** The last sequence number given out by then. */
  sequence: number;
  /** The journal up to here tells all that was committed until `at`. */
  whole: boolean;
  /** The checkpoint that this object completes, by the number of its first object: those before it tell nothing more. */
  completes?: number | undefined;
}

/** What the names of a bucket's journal begin with. No blob's name does: those begin with a bucket's id. */
export function journalPrefix(bucket: string): string {
  return `journal/${bucket}/`;
}

export function journalName(bucket: string, number: number): string {
  return journalPrefix(bucket) + String(number).padStart(NUMBER_DIGITS, "0");
}

/** An object of the journal, ready to be written under a name that nothing has yet. */
export interface JournalObject {
  name: string;
  /** Its header, which is the first line of its text too. */
  header: string;
  text: string;
  /** Whether there is certainly more to be written behind it. */
  more: boolean;
}

/** Of a bucket's journal, whatever is named before this tells nothing more. */
export interface SpentJournal {
  bucket: string;
  before: string;
}

export function spellHeader(header: JournalHeader): string {
  return JSON.stringify({ portico: "journal", format: JOURNAL_FORMAT, ...header });
}

/** A header as it was spelled; else why it is none, in a few words. */
export function readHeader(text: string): JournalHeader | { unreadable: string } {
  const value = parsed(text);
  if (value === undefined || value.portico !== "journal") return { unreadable: "it has no journal's header" };
  const { format, bucket, number, what, at, sequence, whole, completes } = value;
  if (!isCount(format) || format > JOURNAL_FORMAT) {
    return { unreadable: `its format is ${JSON.stringify(format)}, of which this Portico knows nothing` };
  }
  const named = typeof bucket === "string" && (what === "segment" || what === "page");
  const counted = isCount(number) && isCount(at) && isCount(sequence) && typeof whole === "boolean";
  if (!named || !counted || (completes !== undefined && !isCount(completes))) {
    return { unreadable: "its header is malformed" };
  }
  return { bucket, number, what, at, sequence, whole, completes };
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** How an index is made anew from its journal. */
export interface Replay {
  /** Numbers of the first and the last object to be replayed, all in between too; `until` less than `from`: none. */
  from: number;
  until: number;
  /**
   * The last object that makes the journal whole. Those behind it may tell that a version is gone, but not yet what
   * replaced it: there, only what exists counts. 0: there is none.
   */
  whole: number;
  /** Up to when the journal tells everything, in ms since 1970. */
  told: number;
  /** The last sequence number known to have been given out. */
  sequence: number;
  /** Whether it begins with a complete checkpoint: else what was committed before it is told by nothing. */
  complete: boolean;
}

/** Plans a replay from all headers: the newest complete checkpoint, and whatever was written since it began. */
export function planReplay(headers: Iterable<JournalHeader>): Replay {
  const replay = { from: 1, until: 0, whole: 0, told: 0, sequence: 0, complete: false };
  for (const { number, at, sequence, whole, completes } of headers) {
    replay.until = Math.max(replay.until, number);
    replay.sequence = Math.max(replay.sequence, sequence);
    if (whole && number > replay.whole) Object.assign(replay, { whole: number, told: at });
    if (completes !== undefined && (!replay.complete || completes > replay.from)) {
      Object.assign(replay, { from: completes, complete: true });
    }
  }
  return replay;
}
