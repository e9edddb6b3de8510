// How a lost index is made anew, a bounded step at a time: its tables are emptied, the journal is replayed into them, what
// follows from the versions is found out again, and younger blobs are made versions of by their metadata.

import { YOUNG_MS } from "../facts/birth.ts";
import { arm } from "./alarm.ts";
import { writeRow } from "./commit.ts";
import { writeJournal } from "./journal.ts";
import { readLine } from "./journal-lines.ts";
import { freshJournal } from "./journal-state.ts";
import { reloadIndex, writeState } from "./open.ts";
import type { RebuildAnswer, RebuildProgress, RebuildRequest } from "./protocol.ts";
import { restoreBlob } from "./restore.ts";
import { settleVersions } from "./settle.ts";
import { forgetBytes } from "./small.ts";
import { type Index, query, type VersionRow } from "./tables.ts";

/** Rows that one step reads or removes, of each kind. */
const ROWS_A_STEP = 1000;

/** What a rebuild empties, with what tells its rows apart. */
const EMPTIED = {
  current: "key",
  older: "key, sequence",
  small: "sequence",
  extents: "body, page",
  holders: "body",
  litter: "name",
  ended: "upload",
  tail: "segment",
  job: "name",
  departed: "key",
} as const;

const UNTOLD = "Its journal does not tell its last commits yet: try again, with less being written.";

/** One step. A step that is sent twice, or comes out of turn, changes nothing: the answer says where the index stands. */
export function rebuildIndex(index: Index, request: RebuildRequest): RebuildAnswer {
  const answer = index.transaction(() => step(index, request));
  const anew = "stage" in answer && (request.step === "begin" || answer.stage === "done");
  if (anew) reloadIndex(index);
  if (anew && index.state.phase === "open") arm(index, index.now());
  return answer;
}

function step(index: Index, request: RebuildRequest): RebuildAnswer {
  const known = progressOf(index);
  if (request.step === "begin") return begin(index, known, request);
  if (known === undefined) return { refused: "No rebuild of this index has begun." };
  switch (request.step) {
    case "go on":
      return goOn(index, known);
    case "replay":
      return replay(index, known, request);
    case "restore":
      return restore(index, known, request);
  }
}

/** How far the rebuild of this index came, if one is under way. */
export function progressOf(index: Index): RebuildProgress | undefined {
  const [row] = query<{ state: string }>(index, "select state from rebuild");
  return row && (JSON.parse(row.state) as RebuildProgress);
}

function keep(index: Index, progress: RebuildProgress): RebuildProgress {
  query(index, "insert or replace into rebuild values (1, ?)", JSON.stringify(progress));
  return progress;
}

function begin(
  index: Index,
  known: RebuildProgress | undefined,
  { bucket, generation, plan, force, next }: Extract<RebuildRequest, { step: "begin" }>,
): RebuildAnswer {
  const { phase } = index.state;
  if (phase === "closed") return { refused: "Its index is closed: the bucket was deleted." };
  if (phase === "open" && !force) return { refused: "Its index is in place.", inPlace: true };
  if (known !== undefined && !force) return known;
  // What it was told and has not told is nowhere else.
  const tells = index.tail.untold > 0 || (index.journal !== undefined && index.journal.next !== next);
  if (phase === "open" && tells) return { refused: UNTOLD, untold: true };
  // Until it is made anew it answers as a lost one does.
  writeState(index, { phase: "new", generation: 0, rebuilt: false });
  const nothing = { versions: 0, restored: 0, partly: 0, missing: 0, objects: 0, bytes: 0 };
  return keep(index, {
    stage: "empty",
    bucket,
    generation,
    plan,
    number: plan.from,
    line: 1,
    sequence: plan.sequence,
    since: Math.max(0, plan.told - YOUNG_MS),
    cursor: "",
    ...nothing,
  });
}

/** What the index can do by itself. */
function goOn(index: Index, progress: RebuildProgress): RebuildAnswer {
  switch (progress.stage) {
    case "empty":
      return keep(index, emptied(index) ? { ...progress, stage: "replay" } : progress);
    case "settle":
      return keep(index, settleVersions(index, progress, ROWS_A_STEP));
    case "trim":
      return keep(index, trim(index, progress));
    case "finish":
      return finish(index, progress);
    default:
      return progress;
  }
}

function emptied(index: Index): boolean {
  for (const [table, columns] of Object.entries(EMPTIED)) {
    const some = `select ${columns} from ${table} limit ${ROWS_A_STEP}`;
    if (query(index, `delete from ${table} where (${columns}) in (${some}) returning 1`).length > 0)
      return false;
  }
  return true;
}

/** Replays lines of the object whose turn it is; all versions lie in `older` until they are settled. */
function replay(
  index: Index,
  progress: RebuildProgress,
  { number, line, lines, at, last }: Extract<RebuildRequest, { step: "replay" }>,
): RebuildAnswer {
  if (progress.stage !== "replay") return progress;
  const { plan } = progress;
  if (progress.number > plan.until) return keep(index, { ...progress, stage: "settle", cursor: "" });
  if (number !== progress.number || line !== progress.line) return progress;
  const read = lines.map(readLine);
  for (const [offset, each] of read.entries()) {
    if ("unreadable" in each) {
      return { refused: `Line ${line + offset + 1} of object ${number} of the journal: ${each.unreadable}.` };
    }
  }
  for (const each of read) {
    if ("version" in each) tellVersion(index, each.version);
    else if ("extents" in each) insertRow(index, "extents", each.extents);
    else if ("ended" in each) insertRow(index, "ended", each.ended);
    else if ("gone" in each && number <= plan.whole) forgetVersion(index, progress, each.gone, at);
  }
  const next = last ? { number: number + 1, line: 1 } : { number, line: line + lines.length };
  const missing = progress.missing + (at === 0 ? 1 : 0);
  const stage = next.number > plan.until ? ("settle" as const) : progress.stage;
  return keep(index, { ...progress, ...next, missing, stage });
}

/** A version may have been told before, with tags that left its bytes no room beside them. */
function tellVersion(index: Index, version: VersionRow): void {
  if (version.data !== null) forgetBytes(index, version.sequence);
  writeRow(index, "older", version);
}

/** What was known of a version goes; lately, that it went is remembered. */
function forgetVersion(
  index: Index,
  { since }: RebuildProgress,
  { key, sequence }: { key: string; sequence: number },
  at: number,
): void {
  query(index, "delete from older where key = ? and sequence = ?", key, sequence);
  forgetBytes(index, sequence);
  if (at >= since) query(index, "insert or replace into departed values (?, ?)", key, at);
}

function insertRow(
  index: Index,
  table: "extents" | "ended",
  row: Record<string, string | number | null>,
): void {
  const columns = Object.keys(row);
  const marks = columns.map(() => "?").join(", ");
  query(index, `insert or replace into ${table} (${columns}) values (${marks})`, ...Object.values(row));
}

/** Makes versions of blobs that the journal does not know, in the order in which they were uploaded. */
function restore(
  index: Index,
  progress: RebuildProgress,
  { blobs, from, behind, last }: Extract<RebuildRequest, { step: "restore" }>,
): RebuildAnswer {
  if (progress.stage !== "restore" || from !== progress.cursor) return progress;
  const next = { ...progress, cursor: behind };
  for (const blob of blobs.toSorted((a, b) => a.uploaded - b.uploaded)) {
    restoreBlob(index, next, blob);
  }
  return keep(index, last ? { ...next, stage: "trim", cursor: "" } : next);
}

/** Takes away pages of bodies that nothing names, then what counts holders of bodies that only one version names. */
function trim(index: Index, progress: RebuildProgress): RebuildProgress {
  const [stage, body = "", page = "0"] =
    progress.cursor === "" ? ["pages"] : (JSON.parse(progress.cursor) as string[]);
  if (stage === "pages") {
    const rows = query<{ body: string; page: number; named: number }>(
      index,
      `select body, page, body in (select body from holders) as named from extents
       where (body, page) > (?, ?) order by body, page limit ?`,
      body,
      Number(page),
      ROWS_A_STEP,
    );
    for (const row of rows.filter(({ named }) => named === 0)) {
      query(index, "delete from extents where body = ? and page = ?", row.body, row.page);
    }
    const end = rows.at(-1);
    const cursor = end === undefined ? ["holders"] : ["pages", end.body, String(end.page)];
    return { ...progress, cursor: JSON.stringify(cursor) };
  }
  const statement = "select body, count from holders where body > ? order by body limit ?";
  const rows = query<{ body: string; count: number }>(index, statement, body, ROWS_A_STEP);
  for (const row of rows.filter(({ count }) => count < 2)) {
    query(index, "delete from holders where body = ?", row.body);
  }
  const end = rows.at(-1);
  if (end === undefined) return { ...progress, stage: "finish", cursor: "" };
  return { ...progress, cursor: JSON.stringify(["holders", end.body]) };
}

/** Opens it again. It removes nothing until it was looked over, and its journal begins with a checkpoint. */
function finish(index: Index, progress: RebuildProgress): RebuildAnswer {
  const { bucket, generation, plan, sequence, objects, bytes } = progress;
  const at = index.now();
  const record = `${JSON.stringify(["rebuild", at, { rebuilt: true }, []])}\n`;
  query(index, "delete from departed");
  query(index, "delete from rebuild");
  query(index, "insert into tail values (1, ?, ?, ?, ?)", sequence, objects, bytes, record);
  writeJournal(index, freshJournal(bucket, { segment: 1, characters: record.length }, plan.until + 1));
  writeState(index, { phase: "open", generation, rebuilt: true });
  return { ...progress, stage: "done" };
}
