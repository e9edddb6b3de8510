// The commits: every change of what a bucket holds, each judged and made in one synchronous transaction.

import { judgeWrite } from "../facts/condition.ts";
import { NULL_VERSION } from "../facts/version.ts";
import { anyLitter, holdBody, litterBlobs, releaseBody } from "./litter.ts";
import { type Index, query } from "./open.ts";
import type {
  Committed,
  ForbidRequest,
  Mutator,
  NewBody,
  PutAnswer,
  PutRequest,
  RemoveAnswer,
  RemoveRequest,
  UploadOutcome,
} from "./protocol.ts";
import { type Change, once } from "./tail.ts";
import { type CurrentRow, currentRow, writePages } from "./version.ts";

/** Makes `draft` the current version of its key, if conditions, body and upload allow; else says why not. */
export function commitPut(index: Index, { operationId }: Mutator, request: PutRequest): PutAnswer {
  return once(index, operationId, (change) => {
    const { draft, body, conditions, upload } = request;
    const ended = upload && uploadOutcome(index, upload.id);
    if (ended?.outcome === "committed") return { committed: ended.committed };
    if (ended?.outcome === "forbidden") return { refused: "forbidden" };
    const current = currentRow(index, draft.key);
    // A commit that stands although its answer was lost and forgotten.
    if (body.kind === "blob" && current?.body === body.blob) return { committed: committedOf(current) };
    const verdict = judgeWrite(conditions ?? {}, current);
    if (verdict !== "ok") return refuse(index, change, body, verdict);
    const lying = layBody(index, body);
    if ("refused" in lying) return refuse(index, change, body, lying.refused);
    if (current !== undefined) releaseBody(index, current.body, current.pages !== null, change.at);
    const row: CurrentRow = {
      ...draft,
      ...lying,
      sequence: change.sequence,
      modified: change.at,
      description: JSON.stringify(draft.description),
    };
    writeCurrent(index, row);
    change.wrote = true;
    change.objects += current === undefined ? 1 : 0;
    change.bytes += draft.size - (current?.size ?? 0);
    const committed = committedOf(row);
    if (upload !== undefined) endUpload(index, upload.id, committed, upload.unchosen, change.at);
    return { committed };
  });
}

function committedOf({ sequence, etag, modified }: CurrentRow): Committed {
  return { versionId: NULL_VERSION, sequence, etag, modified };
}

function writeCurrent(index: Index, row: CurrentRow): void {
  const { key, sequence, size, etag, modified, owner, body, pages, description } = row;
  query(
    index,
    "insert or replace into current values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    key,
    sequence,
    size,
    etag,
    modified,
    owner,
    body,
    pages,
    description,
  );
}

/** A refused commit leaves its fresh blob as litter; an upload's parts stay its own, and may be completed again. */
function refuse(
  index: Index,
  change: Change,
  body: NewBody,
  refused: "failed" | "absent" | "source changed" | "discarded",
): PutAnswer {
  if (body.kind === "blob") {
    litterBlobs(index, [body.blob], change.at);
    change.wrote = true;
  }
  return { refused };
}

function layBody(
  index: Index,
  body: NewBody,
): Pick<CurrentRow, "body" | "pages"> | { refused: "source changed" | "discarded" } {
  switch (body.kind) {
    case "empty":
      return { body: "", pages: null };
    case "blob":
      return anyLitter(index, [body.blob]) ? { refused: "discarded" } : { body: body.blob, pages: null };
    case "extents": {
      const blobs = body.extents.map(({ blob }) => blob);
      if (anyLitter(index, blobs)) return { refused: "discarded" };
      return { body: body.name, pages: writePages(index, body.name, body.extents) };
    }
    case "share": {
      const source = currentRow(index, body.key);
      if (source?.sequence !== body.sequence) return { refused: "source changed" };
      holdBody(index, source.body);
      return { body: source.body, pages: source.pages };
    }
  }
}

/** Removes current versions, in order. An entry that names nothing changes nothing. */
export function commitRemove(index: Index, { operationId }: Mutator, request: RemoveRequest): RemoveAnswer {
  return once(index, operationId, (change) => ({
    removed: request.entries.map(({ key, versionId }) => {
      if (versionId !== undefined && versionId !== NULL_VERSION) return false;
      const current = currentRow(index, key);
      if (current === undefined) return false;
      query(index, "delete from current where key = ?", key);
      releaseBody(index, current.body, current.pages !== null, change.at);
      change.objects -= 1;
      change.bytes -= current.size;
      change.wrote = true;
      return true;
    }),
  }));
}

/** Ends an upload as forbidden, its blobs as litter; unless it was committed, which then is the answer. */
export function commitForbid(index: Index, { operationId }: Mutator, request: ForbidRequest): UploadOutcome {
  return once(index, operationId, (change) => {
    const ended = uploadOutcome(index, request.upload);
    if (ended.outcome === "committed") return ended;
    endUpload(index, request.upload, null, request.blobs, change.at);
    change.wrote = true;
    return { outcome: "forbidden" };
  });
}

function endUpload(
  index: Index,
  upload: string,
  answer: Committed | null,
  blobs: string[],
  at: number,
): void {
  const text = answer === null ? null : JSON.stringify(answer);
  query(index, "insert or replace into ended values (?, ?, ?)", upload, at, text);
  litterBlobs(index, blobs, at);
}

/** How an upload ended here, if it did. */
export function uploadOutcome(index: Index, upload: string): UploadOutcome {
  const [ended] = query<{ answer: string | null }>(
    index,
    "select answer from ended where upload = ?",
    upload,
  );
  if (ended === undefined) return { outcome: "open" };
  if (ended.answer === null) return { outcome: "forbidden" };
  return { outcome: "committed", committed: JSON.parse(ended.answer) as Committed };
}
