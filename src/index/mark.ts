// Changes of a version that make no new one: its tags, its ACL, its retention, its legal hold.

import { type Lock, mayReplaceRetention } from "../facts/lock.ts";
import type { MarkAnswer, MarkRequest, Mutator } from "./protocol.ts";
import { type Index, query, type VersionRow } from "./tables.ts";
import { once } from "./tail.ts";
import { touch } from "./touched.ts";
import { currentRow, lockOf, lookUp, versionIdOf } from "./version.ts";

/** Marks the version that is named, the current one if none is. */
export function commitMark(index: Index, { operationId }: Mutator, request: MarkRequest): MarkAnswer {
  return once(index, operationId, (change): MarkAnswer => {
    const found = lookUp(index, request.key, request.versionId);
    if (!("row" in found)) return found;
    const { row } = found;
    const held = lockOf(row);
    const { tags, retention, hold, grants, judged, bypass = false } = request;
    if (judged !== undefined && judged !== row.sequence) return { refused: "changed" };
    if (
      retention !== undefined &&
      !mayReplaceRetention(held?.retention, retention ?? undefined, change.at, bypass)
    ) {
      return { refused: "locked" };
    }
    if (tags !== undefined) write(index, row, "tags", tags);
    if (grants !== undefined) write(index, row, "grants", grants);
    if (retention !== undefined || hold !== undefined) write(index, row, "lock", nextLock(held, request));
    change.wrote = true;
    touch(change.touched, row.key, row.sequence);
    return { marked: { versionId: versionIdOf(row) } };
  });
}

function nextLock(held: Lock = {}, { retention, hold }: MarkRequest): Lock {
  const { retention: heldRetention, ...rest } = held;
  const kept = retention === undefined ? heldRetention : (retention ?? undefined);
  return {
    ...rest,
    ...(kept === undefined ? {} : { retention: kept }),
    ...(hold === undefined ? {} : { hold }),
  };
}

function write(
  index: Index,
  { key, sequence }: VersionRow,
  column: "tags" | "lock" | "grants",
  value: unknown,
): void {
  const table = currentRow(index, key)?.sequence === sequence ? "current" : "older";
  const text = value === null ? null : JSON.stringify(value);
  query(index, `update ${table} set ${column} = ? where key = ? and sequence = ?`, text, key, sequence);
}
