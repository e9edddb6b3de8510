// The commits that make and remove versions, each judged and made in one synchronous transaction.

import { birthOf, GRACE_MS } from "../facts/blob-name.ts";
import { judgeRemove, judgeWrite } from "../facts/condition.ts";
import { isLocked } from "../facts/lock.ts";
import { freshNonce } from "../facts/order.ts";
import type { Versioning } from "../facts/version.ts";
import { holdBody, isLitter, litterBlobs, releaseBody } from "./litter.ts";
import type {
  Committed,
  Mutator,
  NewBody,
  PutAnswer,
  PutRequest,
  RemoveAnswer,
  Removed,
  RemoveRequest,
} from "./protocol.ts";
import { spare } from "./search.ts";
import { dropBytes, layBytes, withAllBytes } from "./small.ts";
import { type Index, query, type VersionRow } from "./tables.ts";
import { type Change, once } from "./tail.ts";
import { touch } from "./touched.ts";
import { endUpload, uploadOutcome } from "./uploads.ts";
import {
  currentRow,
  findVersion,
  lockOf,
  newestOlder,
  olderNull,
  versionAt,
  versionIdOf,
  writePages,
} from "./version.ts";

/** From this size of an index on, in bytes, it keeps no more small objects' bytes itself; an object's storage ends at 10 GB. */
const MAX_DATA_INDEX_BYTES = 8e9;

/** From this size on it takes no new versions at all, so that there is always room to delete. */
const MAX_INDEX_BYTES = 9.5e9;

/** How many new versions go by between two looks at the size; what that many can add is far below what is left then. */
const VERSIONS_A_LOOK = 64;

type PutRefusal = Extract<PutAnswer, { refused: string }>["refused"];

/** Makes `draft` the current version of its key, if conditions, locks, body and upload allow; else says why not. */
export function commitPut(index: Index, { operationId }: Mutator, request: PutRequest): PutAnswer {
  return once(index, operationId, (change) => {
    const { draft, body, conditions, upload, versioning } = request;
    const ended = upload && uploadOutcome(index, { upload: upload.id, key: draft.key });
    if (ended?.outcome === "committed") return { committed: ended.committed };
    if (ended?.outcome === "forbidden") return { refused: "forbidden" };
    const current = currentRow(index, draft.key);
    const { name, blobs } = freshOf(request);
    // A commit that stands although its answer was lost and forgotten.
    if (name !== undefined && current?.body === name) return { committed: committedOf(current) };
    const verdict = judgeWrite(conditions ?? {}, current);
    if (verdict !== "ok") return refuse(index, change, blobs, verdict);
    const victim = replacedBy(index, draft.key, current, versioning);
    if (victim !== undefined && isLocked(lockOf(victim), change.at, false)) {
      return refuse(index, change, blobs, "locked");
    }
    const names = new Set(name === undefined ? [] : [name, ...blobs]);
    if ([...names].some((each) => mayVanish(index, each, change.at))) {
      return refuse(index, change, blobs, "discarded");
    }
    const lying = layBody(index, body);
    if ("refused" in lying) return refuse(index, change, blobs, lying.refused);
    const row = makeRow(change, versioning, {
      ...draft,
      ...lying,
      marker: 0,
      description: JSON.stringify(draft.description),
      tags: draft.tags === undefined ? null : JSON.stringify(draft.tags),
      lock: draft.lock === undefined ? null : JSON.stringify(draft.lock),
      grants: draft.grants === undefined ? null : JSON.stringify(draft.grants),
    });
    supersede(index, change, current, victim);
    writeRow(index, "current", row);
    touch(change.touched, row.key, row.sequence, ...(victim === undefined ? [] : [victim.sequence]));
    if (body.kind === "extents") change.touched.bodies.push(body.name);
    change.objects += current === undefined ? 1 : 0;
    change.bytes += row.size;
    const { checksum } = draft.description;
    const committed = { ...committedOf(row), ...(upload && checksum ? { checksum } : {}) };
    if (upload !== undefined)
      endUpload(index, change, { upload: upload.id, key: draft.key }, committed, upload.unchosen);
    return { committed };
  });
}

function committedOf(row: VersionRow): Committed {
  const { sequence, etag, modified } = row;
  return { versionId: versionIdOf(row), sequence, etag, modified };
}

/** A version with its place in history: an id of its own, or in the null version's stead. */
function makeRow(
  change: Change,
  versioning: Versioning,
  facts: Omit<VersionRow, "sequence" | "nonce" | "modified">,
): VersionRow {
  change.sequence += 1;
  change.wrote = true;
  const nonce = versioning === "enabled" ? freshNonce() : "";
  return { ...facts, sequence: change.sequence, nonce, modified: change.at };
}

/** Writes a version as it is, with its bytes. */
export function writeRow(index: Index, table: "current" | "older", row: VersionRow): void {
  const { key, sequence, nonce, marker, size, etag, modified, owner, body, pages } = row;
  const { description, tags, lock, grants } = row;
  const values = [
    key,
    sequence,
    nonce,
    marker,
    size,
    etag,
    modified,
    owner,
    body,
    pages,
    description,
    tags,
    lock,
    grants,
    layBytes(index, row),
  ];
  query(
    index,
    `insert or replace into ${table} values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...values,
  );
}

/** The version that a new one takes the place of for good: the null version, unless each gets an id of its own. */
function replacedBy(
  index: Index,
  key: string,
  current: VersionRow | undefined,
  versioning: Versioning,
): VersionRow | undefined {
  if (versioning === "enabled") return undefined;
  if (current?.nonce === "") return current;
  return versioning === "off" ? undefined : olderNull(index, key);
}

/** Makes way for a new latest version: what it replaces goes, any other current one becomes an older one. */
function supersede(
  index: Index,
  change: Change,
  current: VersionRow | undefined,
  victim: VersionRow | undefined,
): void {
  if (current !== undefined && current !== victim) {
    query(index, "insert into older select * from current where key = ?", current.key);
  }
  if (victim === undefined) return;
  if (victim !== current) {
    query(index, "delete from older where key = ? and sequence = ?", victim.key, victim.sequence);
  }
  letGo(index, change, victim);
}

function letGo(index: Index, change: Change, row: VersionRow): void {
  releaseBody(index, row.body, row.pages !== null, change.at);
  dropBytes(index, row);
  change.bytes -= row.size;
  change.wrote = true;
}

/** A body that this commit alone can name, and its blobs; an upload's parts stay its own, and may be completed again. */
function freshOf({ body, upload }: PutRequest): { name?: string; blobs: string[] } {
  if (body.kind === "blob") return { name: body.blob, blobs: [body.blob] };
  if (body.kind !== "extents" || upload !== undefined) return { blobs: [] };
  return { name: body.name, blobs: body.extents.map(({ blob }) => blob) };
}

/** Whether a fresh blob is litter, or was on its way for so long that it may have been, and is swept already. */
function mayVanish(index: Index, blob: string, at: number): boolean {
  return at - (birthOf(blob) ?? at) > GRACE_MS || isLitter(index, blob);
}

/** A refused commit leaves its fresh blobs as litter. */
function refuse(index: Index, change: Change, blobs: readonly string[], refused: PutRefusal): PutAnswer {
  if (blobs.length > 0) {
    litterBlobs(index, blobs, change.at);
    change.wrote = true;
  }
  return { refused };
}

/** The index's size in bytes, as last looked at: SQLite takes longer to say it than to find a row. */
function sizeOf({ sql, size }: Index): number {
  if (size.versions % VERSIONS_A_LOOK === 0) size.bytes = sql.databaseSize;
  size.versions += 1;
  return size.bytes;
}

/** How the version's row names its bytes, or why it cannot. */
function layBody(
  index: Index,
  body: NewBody,
): Pick<VersionRow, "body" | "pages" | "data"> | { refused: "source changed" | "full" | "blobs only" } {
  const size = sizeOf(index);
  if (size > MAX_INDEX_BYTES) return { refused: "full" };
  switch (body.kind) {
    case "empty":
      return { body: "", pages: null, data: null };
    case "data":
      return size > MAX_DATA_INDEX_BYTES
        ? { refused: "blobs only" }
        : { body: "", pages: null, data: body.data };
    case "blob":
      spare(index, body.blob);
      return { body: body.blob, pages: null, data: null };
    case "extents":
      spare(index, ...body.extents.map(({ blob }) => blob));
      return { body: body.name, pages: writePages(index, body.name, body.extents), data: null };
    case "share": {
      const source = versionAt(index, body.key, body.sequence);
      if (source === undefined) return { refused: "source changed" };
      holdBody(index, source.body);
      spare(index, source.body);
      return { body: source.body, pages: source.pages, data: withAllBytes(index, source).data };
    }
  }
}

/** Removes what each entry names, in order, or puts a delete marker over it; an entry may be refused alone. */
export function commitRemove(index: Index, { operationId }: Mutator, request: RemoveRequest): RemoveAnswer {
  return once(index, operationId, (change) => ({
    removed: request.entries.map((entry) => removeEntry(index, change, entry, request)),
  }));
}

function removeEntry(
  index: Index,
  change: Change,
  { key, versionId, conditions = {} }: RemoveRequest["entries"][number],
  request: RemoveRequest,
): Removed {
  const { versioning, bypass } = request;
  const current = currentRow(index, key);
  const named = versionId === undefined ? current : findVersion(index, key, versionId, current);
  const hasConditions = Object.values(conditions).some((condition) => condition !== undefined);
  if (hasConditions) {
    // A delete marker is a latest version too, with no bytes and no etag.
    const judged = named ?? (versionId === undefined ? newestOlder(index, key) : undefined);
    const verdict = judgeRemove(conditions, judged);
    if (verdict === "failed") return { refused: verdict };
    if (verdict === "absent" && versionId !== undefined) return { versionId };
    if (verdict === "absent") return conditions.ifMatch === undefined ? {} : { refused: verdict };
  }
  if (versionId === undefined && versioning !== "off") {
    return coverWithMarker(index, change, key, named, request);
  }
  if (named === undefined) return versionId === undefined ? {} : { versionId };
  if (isLocked(lockOf(named), change.at, bypass)) return { refused: "locked" };
  removeVersion(index, change, named, current, versioning);
  if (versionId === undefined) return {};
  return named.marker === 0 ? { versionId } : { versionId, marker: true };
}

function removeVersion(
  index: Index,
  change: Change,
  row: VersionRow,
  current: VersionRow | undefined,
  versioning: Versioning,
): void {
  const { key, sequence } = row;
  const isCurrent = current?.sequence === sequence;
  if (isCurrent) query(index, "delete from current where key = ?", key);
  else query(index, "delete from older where key = ? and sequence = ?", key, sequence);
  letGo(index, change, row);
  touch(change.touched, key, sequence);
  change.objects -= isCurrent ? 1 : 0;
  // A bucket whose versioning is off never had versions, so nothing lies behind.
  if (versioning !== "off" && (isCurrent || current === undefined)) promote(index, change, key);
}

/** The newest version becomes current again, unless it is a delete marker. */
function promote(index: Index, change: Change, key: string): void {
  const newest = newestOlder(index, key);
  if (newest === undefined || newest.marker === 1) return;
  query(
    index,
    "insert into current select * from older where key = ? and sequence = ?",
    key,
    newest.sequence,
  );
  query(index, "delete from older where key = ? and sequence = ?", key, newest.sequence);
  spare(index, newest.body);
  change.objects += 1;
}

function coverWithMarker(
  index: Index,
  change: Change,
  key: string,
  current: VersionRow | undefined,
  { versioning, owner }: RemoveRequest,
): Removed {
  const victim = replacedBy(index, key, current, versioning);
  if (victim !== undefined && isLocked(lockOf(victim), change.at, false)) return { refused: "locked" };
  const nothing = {
    size: 0,
    etag: "",
    owner,
    body: "",
    pages: null,
    description: "{}",
    tags: null,
    lock: null,
    grants: null,
    data: null,
  };
  const marker = makeRow(change, versioning, { key, marker: 1, ...nothing });
  supersede(index, change, current, victim);
  if (current !== undefined) query(index, "delete from current where key = ?", key);
  writeRow(index, "older", marker);
  touch(change.touched, key, marker.sequence, ...(victim === undefined ? [] : [victim.sequence]));
  change.objects -= current === undefined ? 0 : 1;
  return { versionId: versionIdOf(marker), marker: true };
}
