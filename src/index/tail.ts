// The tail of a bucket's history: counters, and the records of recent commits with the answers they were given.

import { arm } from "./alarm.ts";
import { cool } from "./hot.ts";
import type { Place } from "./journal-state.ts";
import { type Index, query, type Tail } from "./tables.ts";
import { inPieces, spellTouched, type Touched, touchedVersions, untouched } from "./touched.ts";

/** How long an answer is kept to be repeated, in ms. A worker repeats a call for at most 30 s. */
export const RECEIPT_MS = 10 * 60 * 1000;

/** Most characters of records kept, so that neither memory nor waking grows with what clients send. */
export const MAX_RECEIPT_CHARACTERS = 8 * 1024 * 1024;

/**
 * Most characters kept for the journal while R2 takes none of it. What has to go beyond this, a checkpoint tells later.
 */
export const MAX_UNTOLD_CHARACTERS = 32 * 1024 * 1024;

/** How long after a commit the journal tells it, in ms; commits in between are told together. */
export const TELL_AFTER_MS = 30_000;

/** The same for a body in pages, in ms: its blobs do not say which object they are, so that nothing else in R2 tells it. */
const TELL_PAGED_AFTER_MS = 1_000;

/** How many characters of records do not wait for that. */
const TELL_CHARACTERS = 512 * 1024;

/** A segment is closed once its records pass this many characters: about one page of SQLite. */
const SEGMENT_CHARACTERS = 3500;

/** Characters of records from which on the next ones get a row of their own: SQLite takes 2 MB, a character may be 3 bytes. */
const ROW_CHARACTERS = 128 * 1024;

/** What a commit changes; `wrote` stays false if it turned out to change nothing. */
export interface Change {
  /** The last sequence number given out; the next version gets the one after it. */
  sequence: number;
  readonly at: number;
  objects: number;
  bytes: number;
  wrote: boolean;
  readonly touched: Touched;
}

type TailRow = { segment: number; sequence: number; objects: number; bytes: number; records: string };

/** Reads the tail when the object wakes: the newest answers that can still be asked for; the others are let go. */
export function loadTail(sql: SqlStorage, now: number, told?: Place): Tail {
  const tail: Tail = {
    segments: [],
    characters: 0,
    sequence: 0,
    objects: 0,
    bytes: 0,
    receipts: new Map(),
    receiptCharacters: 0,
    keptFrom: told?.segment ?? Number.POSITIVE_INFINITY,
    untold: 0,
    unwritten: undefined,
  };
  const rows: TailRow[] = [];
  let kept = 0;
  for (const row of sql.exec<TailRow>("select * from tail order by segment desc")) {
    const wanted = rows.length === 0 || (kept < MAX_RECEIPT_CHARACTERS && lastOf(row) >= now - RECEIPT_MS);
    if (!wanted) break;
    kept += row.records.length;
    rows.unshift(row);
  }
  const oldest = rows[0]?.segment ?? 0;
  sql.exec("delete from tail where segment < ?", Math.min(oldest, tail.keptFrom));
  tail.segments = olderSegments(sql, oldest);
  let pieces = 0;
  for (const row of rows) {
    for (const line of row.records.split("\n").slice(0, -1)) {
      const [operationId, at, answer] = JSON.parse(line) as StoredRecord;
      pieces += line.length + 1;
      if (answer === null) continue;
      tail.receipts.set(operationId, { at, answer, characters: pieces });
      pieces = 0;
    }
    tail.segments.push({ segment: row.segment, last: lastOf(row), characters: row.records.length });
    Object.assign(tail, { sequence: row.sequence, objects: row.objects, bytes: row.bytes });
  }
  tail.characters = tail.segments.reduce((sum, { characters }) => sum + characters, 0);
  tail.receiptCharacters = kept;
  if (told !== undefined) tail.untold = untoldAfter(tail, told);
  return tail;
}

/** Segments that are kept for the journal alone: nobody can ask for their answers any more. */
function olderSegments(sql: SqlStorage, before: number): Tail["segments"] {
  const statement =
    "select segment, length(records) as characters from tail where segment < ? order by segment";
  return sql
    .exec<{ segment: number; characters: number }>(statement, before)
    .toArray()
    .map((row) => ({ ...row, last: 0 }));
}

/** How many characters of records stand behind a place. */
function untoldAfter({ segments }: Tail, { segment, characters }: Place): number {
  const from = segments.filter((each) => each.segment >= segment);
  return from.reduce((sum, each) => sum + each.characters, from[0]?.segment === segment ? -characters : 0);
}

/** The journal tells what was committed up to here: segments before it are kept no longer. */
export function tellTail(tail: Tail, told: Place): void {
  tail.keptFrom = told.segment;
  tail.untold = untoldAfter(tail, told);
}

/** `answer` null: the record goes on in the next one. */
type StoredRecord = [operationId: string, at: number, answer: unknown, ...touched: unknown[]];

/** The records of a commit: one, unless it touched so much that no row would take it. */
function spellRecords(operationId: string, at: number, answer: unknown, touched: Touched): string[] {
  const pieces = inPieces(touched, ROW_CHARACTERS);
  return pieces.map((piece, i) => {
    const told = i === pieces.length - 1 ? answer : null;
    return `${JSON.stringify([operationId, at, told, ...spellTouched(piece)] satisfies StoredRecord)}\n`;
  });
}

/** The time of a segment's last record. */
function lastOf({ records }: TailRow): number {
  const line = records.slice(records.lastIndexOf("\n", records.length - 2) + 1);
  return (JSON.parse(line) as StoredRecord)[1];
}

/**
 * Runs mutations as one group: one transaction, one row of the tail, one commit of SQLite. If that fails none of them
 * happened, and memory is what the tables say again.
 */
export function grouped<T>(index: Index, act: () => T): T {
  index.tail.unwritten = [];
  try {
    return index.transaction(() => {
      const answer = act();
      writeRecords(index);
      return answer;
    });
  } catch (error) {
    index.tail = loadTail(index.sql, index.now(), index.journal?.told);
    throw error;
  } finally {
    index.tail.unwritten = undefined;
  }
}

/**
 * Runs a mutation once: with its record, or not at all if this operation id was answered before, in which case the old
 * answer is repeated. It belongs to the group that is under way, else it is one of its own.
 */
export function once<Answer>(index: Index, operationId: string, act: (change: Change) => Answer): Answer {
  const { tail } = index;
  const { unwritten } = tail;
  if (unwritten === undefined) return grouped(index, () => once(index, operationId, act));
  const receipt = tail.receipts.get(operationId);
  if (receipt !== undefined) return receipt.answer as Answer;
  const change: Change = {
    sequence: tail.sequence,
    at: index.now(),
    objects: 0,
    bytes: 0,
    wrote: false,
    touched: untouched(),
  };
  const answer = index.transaction(() => act(change));
  if (!change.wrote) return answer;
  for (const [key] of touchedVersions(change.touched)) cool(index, key);
  const records = spellRecords(operationId, change.at, answer, change.touched);
  unwritten.push(...records);
  if (change.touched.bodies.length > 0 && index.journal) arm(index, change.at + TELL_PAGED_AFTER_MS);
  tail.sequence = change.sequence;
  tail.objects += change.objects;
  tail.bytes += change.bytes;
  const characters = answerWeight(records, answer);
  tail.receipts.set(operationId, { at: change.at, answer, characters });
  tail.receiptCharacters += characters;
  forgetReceipts(tail, change.at);
  return answer;
}

/** What memory keeps of some records is the answer: where they say much besides, others' answers need not make way for that. */
function answerWeight(records: readonly string[], answer: unknown): number {
  const characters = records.reduce((sum, { length }) => sum + length, 0);
  return characters < SEGMENT_CHARACTERS ? characters : JSON.stringify(answer).length;
}

/** Writes a group's records: into one row, unless they are too many for it. */
function writeRecords(index: Index): void {
  let records = "";
  for (const record of index.tail.unwritten ?? []) {
    if (records.length >= ROW_CHARACTERS) {
      appendRecords(index, records);
      records = "";
    }
    records += record;
  }
  if (records !== "") appendRecords(index, records);
}

/** Appends records to the last segment, or begins the next one with them. */
function appendRecords(index: Index, records: string): void {
  const { tail } = index;
  const now = index.now();
  const last = tail.segments.at(-1);
  const counters = [tail.sequence, tail.objects, tail.bytes] as const;
  if (last !== undefined && last.characters + records.length <= SEGMENT_CHARACTERS) {
    query(
      index,
      "update tail set sequence = ?, objects = ?, bytes = ?, records = records || ? where segment = ?",
      ...counters,
      records,
      last.segment,
    );
    last.last = now;
    last.characters += records.length;
  } else {
    const segment = (last?.segment ?? 0) + 1;
    query(index, "insert into tail values (?, ?, ?, ?, ?)", segment, ...counters, records);
    for (const gone of outdated(tail, now)) {
      query(index, "delete from tail where segment = ?", gone.segment);
      tail.segments.shift();
      tail.characters -= gone.characters;
    }
    tail.segments.push({ segment, last: now, characters: records.length });
  }
  tail.characters += records.length;
  if (index.journal !== undefined) tellLater(index, records.length, now);
}

/** Has the journal tell some more characters of records soon: at once each time that they have become many. */
function tellLater(index: Index, characters: number, now: number): void {
  const { tail } = index;
  const many = Math.floor(tail.untold / TELL_CHARACTERS);
  tail.untold += characters;
  arm(index, Math.floor(tail.untold / TELL_CHARACTERS) > many ? now : now + TELL_AFTER_MS);
}

/** Segments to let go, for age or for room: at most two at a time, so that no commit pays for many. */
function outdated(tail: Tail, now: number): Tail["segments"] {
  let characters = tail.characters;
  return tail.segments.slice(0, Math.min(2, tail.segments.length - 1)).filter((segment) => {
    const goes =
      segment.segment < tail.keptFrom
        ? segment.last < now - RECEIPT_MS || characters > MAX_RECEIPT_CHARACTERS
        : characters > MAX_UNTOLD_CHARACTERS;
    if (goes) characters -= segment.characters;
    return goes;
  });
}

/** What is remembered in memory is bounded at once; its rows follow, two at a time. */
function forgetReceipts(tail: Tail, now: number): void {
  for (const [operationId, { at, characters }] of tail.receipts) {
    if (at >= now - RECEIPT_MS && tail.receiptCharacters <= MAX_RECEIPT_CHARACTERS) return;
    tail.receiptCharacters -= characters;
    tail.receipts.delete(operationId);
  }
}
