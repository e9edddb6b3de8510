// The journal of a bucket's index: what commits touched, as it is now, and checkpoints of everything, drawn up as
// objects for R2, so that the index can be made anew from R2 alone.

import { YOUNG_MS } from "../facts/birth.ts";
import {
  type JournalHeader,
  type JournalObject,
  journalName,
  type SpentJournal,
  spellHeader,
} from "../facts/journal.ts";
import { arm } from "./alarm.ts";
import { type EndedRow, type ExtentsRow, spellLine } from "./journal-lines.ts";
import {
  freshJournal,
  type JournalSize,
  type JournalState,
  type Place,
  WALK_START,
  type Walk,
} from "./journal-state.ts";
import { withBytes } from "./small.ts";
import { type Index, query } from "./tables.ts";
import { tellTail } from "./tail.ts";
import { readTouched, type Touched, touchedVersions, untouched } from "./touched.ts";
import { versionAt } from "./version.ts";
import { walkOn } from "./walk.ts";

/** How large the journal's objects become, and what of them a checkpoint has to be worth, in characters and objects. */
export interface JournalLimits {
  /** A segment ends with the record that takes it past this. */
  segment: number;
  /** A page of a checkpoint ends with the row that takes it past this. */
  page: number;
  /** Segments are never too many for a new checkpoint while they are no more than this. */
  grown: JournalSize;
}

const LIMITS: JournalLimits = {
  segment: 4 * 1024 * 1024,
  page: 256 * 1024,
  grown: { characters: 16 * 1024 * 1024, objects: 1000 },
};

/** How many times the last checkpoint its segments may be: a rebuild reads so much more, and each row is written so much less often. */
const GROWTH = 3;

/** How many of the tail's last segments are looked through for what went lately: some thousands of commits. */
const MAX_DEPARTURE_SEGMENTS = 400;

/** An object that was drawn up. */
export interface Drawn extends JournalObject {
  /** How far the journal came once it is written. */
  after: JournalState;
}

/** A new bucket's journal is whole from its beginning: there is nothing that a checkpoint could tell. */
export function beginJournal(index: Index, bucket: string): void {
  const journal = freshJournal(bucket, { segment: 0, characters: 0 });
  setJournal(index, { ...journal, base: { began: 1, objects: 0, characters: 0 } });
}

/** The journal of an index that is older than journals begins with a checkpoint, at the next alarm. */
export function adoptJournal(index: Index, bucket: string): void {
  if (index.journal !== undefined || index.state.phase !== "open") return;
  setJournal(index, freshJournal(bucket, endOf(index)));
  arm(index, index.now());
}

/** Writes how far it came; it is remembered once that stands. */
export function writeJournal(index: Index, journal: JournalState): void {
  query(index, "insert or replace into journal values (1, ?)", JSON.stringify(journal));
}

function setJournal(index: Index, journal: JournalState): void {
  writeJournal(index, journal);
  index.journal = journal;
  tellTail(index.tail, journal.told);
}

/** The next object of the journal; undefined: R2 has all of it. Whole within one call, whatever commits come behind it. */
export function drawJournal(index: Index, limits = LIMITS): Drawn | undefined {
  const known = index.journal;
  if (known === undefined || index.state.phase !== "open") return undefined;
  if (hasGap(index, known)) return drawPage(index, limits, beginWalk(index, known, true));
  const { walk } = known;
  const walking = walk !== undefined && walk.place.rows !== "none";
  if (walking && (known.turn === "page" || !isUntold(index, known)))
    return drawPage(index, limits, { ...known, walk });
  if (walk !== undefined || isUntold(index, known)) {
    return drawSegment(index, limits, known) ?? drawPage(index, limits, beginWalk(index, known, true));
  }
  return wantsCheckpoint(known, limits) ? drawPage(index, limits, beginWalk(index, known)) : undefined;
}

/** Notes that R2 has an object of that name: this one, or (not `ours`) one whose writing was never confirmed. */
export function journalWritten(index: Index, { after }: Drawn, ours: boolean): void {
  const known = index.journal;
  if (known === undefined) return;
  setJournal(index, ours ? after : { ...known, next: after.next });
}

/**
 * Up to when the journal tells all there is to be told, in ms since 1970. An index made anew from it names again what
 * became litter since: that must not be gone.
 */
export function toldUntil({ journal, tail, state }: Index): number {
  if (state.phase !== "open" || journal === undefined) return Number.POSITIVE_INFINITY;
  const lacks = tail.untold > 0 || journal.walk?.bridges === true;
  return lacks ? journal.at : Number.POSITIVE_INFINITY;
}

/** What a checkpoint made superfluous, if any of it may be left, and nobody has to look at it yet. */
export function spentJournal({ journal, state }: Index): SpentJournal | undefined {
  if (!journal?.spent || journal.base === undefined || state.rebuilt) return undefined;
  return { bucket: journal.bucket, before: journalName(journal.bucket, journal.base.began) };
}

/** Notes that they are gone. */
export function spentGone(index: Index): void {
  if (index.journal !== undefined) setJournal(index, { ...index.journal, spent: false });
}

function wantsCheckpoint({ base, grown }: JournalState, limits: JournalLimits): boolean {
  if (base === undefined) return true;
  return (
    grown.characters > Math.max(GROWTH * base.characters, limits.grown.characters) ||
    grown.objects > Math.max(GROWTH * base.objects, limits.grown.objects)
  );
}

/** From here on the tail is told by segments, and all that stands before it by the pages that follow. */
function beginWalk(index: Index, known: JournalState, bridges = false): JournalState & { walk: Walk } {
  const walk = { began: known.next, place: WALK_START, size: { objects: 0, characters: 0 } };
  return { ...known, told: endOf(index), walk: bridges ? { ...walk, bridges } : walk };
}

function endOf({ tail }: Index): Place {
  const last = tail.segments.at(-1);
  return { segment: last?.segment ?? 0, characters: last?.characters ?? 0 };
}

function isUntold(index: Index, { told }: JournalState): boolean {
  const end = endOf(index);
  return end.segment > told.segment || (end.segment === told.segment && end.characters > told.characters);
}

/** Whether segments went that were not told: then only a checkpoint tells what they did. */
function hasGap({ tail }: Index, { told }: JournalState): boolean {
  const oldest = tail.segments[0]?.segment ?? 0;
  return oldest > Math.max(told.segment, 1);
}

/** What commits touched since the last segment, as it is now; undefined if not all of them say what they touched. */
function drawSegment(index: Index, limits: JournalLimits, known: JournalState): Drawn | undefined {
  const lines: string[] = [];
  const seen = new Set<string>();
  let size = 0;
  let told = known.told;
  for (const { touched, end } of recordsFrom(index, known.told)) {
    if (touched === undefined) return undefined;
    for (const line of linesOf(index, touched, seen)) {
      lines.push(line);
      size += line.length + 1;
    }
    told = end;
    if (size > limits.segment) break;
  }
  const at = index.now();
  const { walk } = known;
  const toItsEnd = !isUntold(index, { ...known, told });
  // What a checkpoint under way has to bridge is not told by what comes behind.
  const whole = toItsEnd && (walk?.bridges !== true || walk.place.rows === "none");
  const after: JournalState = { ...known, next: known.next + 1, told, grown: larger(known.grown, size) };
  if (toItsEnd) after.turn = "page";
  if (whole) after.at = at;
  const base = whole && walk?.place.rows === "none" ? { ...walk.size, began: walk.began } : undefined;
  if (base !== undefined) {
    Object.assign(after, { walk: undefined, base, spent: base.began > 1 });
    lines.push(...departures(index, at - YOUNG_MS, seen));
  }
  // Nothing stands before the first object of a new bucket's journal.
  const completes = base?.began ?? (known.base?.began === known.next ? known.next : undefined);
  return drawn(index, limits, after, { what: "segment", whole, completes }, lines);
}

function drawPage(index: Index, limits: JournalLimits, known: JournalState & { walk: Walk }): Drawn {
  const { walk } = known;
  const { lines, place } = walkOn(index, walk.place, limits.page);
  const size = lines.reduce((sum, line) => sum + line.length + 1, 0);
  const after: JournalState = {
    ...known,
    next: known.next + 1,
    walk: { ...walk, place, size: larger(walk.size, size) },
    turn: "segment",
  };
  // What grew before the checkpoint began is in it.
  if (walk.size.objects === 0) after.grown = { objects: 0, characters: 0 };
  return drawn(index, limits, after, { what: "page", whole: false }, lines);
}

function larger({ objects, characters }: JournalSize, by: number): JournalSize {
  return { objects: objects + 1, characters: characters + by };
}

function drawn(
  index: Index,
  limits: JournalLimits,
  after: JournalState,
  said: Pick<JournalHeader, "what" | "whole" | "completes">,
  lines: readonly string[],
): Drawn {
  const { bucket } = after;
  const number = after.next - 1;
  const header = spellHeader({ bucket, number, at: index.now(), sequence: index.tail.sequence, ...said });
  const text = `${[header, ...lines].join("\n")}\n`;
  const more = !said.whole || after.walk !== undefined || wantsCheckpoint(after, limits);
  return { name: journalName(bucket, number), header, text, more, after };
}

/** The records behind a place in the tail, each with what it touched and where it ends. */
function* recordsFrom(index: Index, { segment, characters }: Place) {
  const next = "select segment, records from tail where segment >= ? order by segment limit 1";
  let from = { segment, characters };
  for (;;) {
    const [row] = query<{ segment: number; records: string }>(index, next, from.segment);
    if (row === undefined) return;
    let end = row.segment === from.segment ? from.characters : 0;
    for (const record of row.records.slice(end).split("\n").slice(0, -1)) {
      end += record.length + 1;
      const [, , , ...touched] = JSON.parse(record) as unknown[];
      yield { touched: readTouched(touched), end: { segment: row.segment, characters: end } };
    }
    from = { segment: row.segment + 1, characters: 0 };
  }
}

/**
 * A line for each version that went since, in ms since 1970: the objects that said so are superfluous from now on, but a
 * rebuild must not take the blobs of those versions for young ones.
 */
function* departures(index: Index, since: number, seen: Set<string>): Generator<string> {
  const recent = index.tail.segments.filter(({ last }) => last >= since).slice(-MAX_DEPARTURE_SEGMENTS);
  const [first] = recent;
  if (first === undefined) return;
  for (const { touched } of recordsFrom(index, { segment: first.segment, characters: 0 })) {
    for (const [key, sequence] of touchedVersions(touched ?? untouched())) {
      const isNew = seen.size < seen.add(`${sequence} ${key}`).size;
      if (isNew && versionAt(index, key, sequence) === undefined)
        yield spellLine({ gone: { key, sequence } });
    }
  }
}

/** A line for all that was touched and was not seen before. */
function* linesOf(index: Index, touched: Touched, seen: Set<string>): Generator<string> {
  const isNew = (name: string) => seen.size < seen.add(name).size;
  for (const body of touched.bodies.filter((each) => isNew(`body ${each}`))) {
    const pages = query<ExtentsRow>(index, "select * from extents where body = ? order by page", body);
    for (const extents of pages) yield spellLine({ extents });
  }
  for (const [key, sequence] of touchedVersions(touched)) {
    if (!isNew(`${sequence} ${key}`)) continue;
    const version = versionAt(index, key, sequence);
    yield spellLine(
      version === undefined ? { gone: { key, sequence } } : { version: withBytes(index, version) },
    );
  }
  for (const upload of touched.uploads.filter((each) => isNew(`upload ${each}`))) {
    const [ended] = query<EndedRow>(index, "select * from ended where upload = ?", upload);
    if (ended !== undefined) yield spellLine({ ended });
  }
}
