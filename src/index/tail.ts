// The tail of a bucket's history: counters, and the records of recent commits with the answers they were given.

import { type Index, query, type Tail } from "./tables.ts";

/** How long an answer is kept to be repeated, in ms. A worker repeats a call for at most 30 s. */
export const RECEIPT_MS = 10 * 60 * 1000;

/** Most answers kept; at the 1,000 commits a second that one index can take this is still a minute. */
export const MAX_RECEIPTS = 60_000;

/** A segment is closed once its records pass this many characters: about one page of SQLite. */
const SEGMENT_CHARACTERS = 3500;

/** What a commit changes; `wrote` stays false if it turned out to change nothing. */
export interface Change {
  /** The last sequence number given out; the next version gets the one after it. */
  sequence: number;
  readonly at: number;
  objects: number;
  bytes: number;
  wrote: boolean;
}

type TailRow = { segment: number; sequence: number; objects: number; bytes: number; records: string };

/** Reads the tail when the object wakes. */
export function loadTail(sql: SqlStorage): Tail {
  const tail: Tail = { segments: [], characters: 0, sequence: 0, objects: 0, bytes: 0, receipts: new Map() };
  for (const row of sql.exec<TailRow>("select * from tail order by segment")) {
    let last = 0;
    for (const line of row.records.split("\n")) {
      if (line === "") continue;
      const [operationId, at, answer] = JSON.parse(line) as [string, number, unknown];
      tail.receipts.set(operationId, { at, answer });
      last = at;
    }
    tail.segments.push({ segment: row.segment, last });
    tail.characters = row.records.length;
    Object.assign(tail, { sequence: row.sequence, objects: row.objects, bytes: row.bytes });
  }
  return tail;
}

/**
 * Runs a mutation once: in one transaction with its record, or not at all if this operation id was answered before, in
 * which case the old answer is repeated.
 */
export function once<Answer>(index: Index, operationId: string, act: (change: Change) => Answer): Answer {
  const { tail } = index;
  const receipt = tail.receipts.get(operationId);
  if (receipt !== undefined) return receipt.answer as Answer;
  const change: Change = { sequence: tail.sequence, at: index.now(), objects: 0, bytes: 0, wrote: false };
  const [answer, record, rolls] = index.transaction(() => {
    const given = act(change);
    const line = `${JSON.stringify([operationId, change.at, given])}\n`;
    return [given, line, change.wrote && writeRecord(index, change, line)] as const;
  });
  if (!change.wrote) return answer;
  remember(tail, change, record, rolls);
  tail.receipts.set(operationId, { at: change.at, answer });
  return answer;
}

/** Appends to the last segment or begins the next; says whether it began one. */
function writeRecord(index: Index, change: Change, record: string): boolean {
  const { tail } = index;
  const last = tail.segments.at(-1);
  const counters = [change.sequence, tail.objects + change.objects, tail.bytes + change.bytes] as const;
  if (last !== undefined && tail.characters + record.length <= SEGMENT_CHARACTERS) {
    query(
      index,
      "update tail set sequence = ?, objects = ?, bytes = ?, records = records || ? where segment = ?",
      ...counters,
      record,
      last.segment,
    );
    return false;
  }
  query(index, "insert into tail values (?, ?, ?, ?, ?)", (last?.segment ?? 0) + 1, ...counters, record);
  for (const { segment } of outdated(tail, change.at))
    query(index, "delete from tail where segment = ?", segment);
  return true;
}

/** Segments whose every answer is too old to be repeated: at most two at a time, so that no commit pays for many. */
function outdated(tail: Tail, now: number): Tail["segments"] {
  return tail.segments.slice(0, 2).filter(({ last }) => last < now - RECEIPT_MS);
}

function remember(tail: Tail, change: Change, record: string, rolled: boolean): void {
  tail.sequence = change.sequence;
  tail.objects += change.objects;
  tail.bytes += change.bytes;
  const last = tail.segments.at(-1);
  if (rolled || last === undefined) {
    tail.segments.splice(0, outdated(tail, change.at).length);
    tail.segments.push({ segment: (last?.segment ?? 0) + 1, last: change.at });
    tail.characters = record.length;
  } else {
    last.last = change.at;
    tail.characters += record.length;
  }
  for (const [operationId, { at }] of tail.receipts) {
    if (at >= change.at - RECEIPT_MS && tail.receipts.size <= MAX_RECEIPTS) break;
    tail.receipts.delete(operationId);
  }
}
