// How uploads end in the index: committed or forbidden, whichever comes first.

import { litterBlobs } from "./litter.ts";
import type { Committed, ForbidRequest, Mutator, OutcomeRequest, UploadOutcome } from "./protocol.ts";
import { type Index, query } from "./tables.ts";
import { type Change, once } from "./tail.ts";

/** Ends an upload as forbidden, its blobs as litter; unless it was committed, which then is the answer. */
export function commitForbid(index: Index, { operationId }: Mutator, request: ForbidRequest): UploadOutcome {
  return once(index, operationId, (change) => {
    const ended = uploadOutcome(index, request);
    if (ended.outcome === "committed") return ended;
    endUpload(index, change, request, null, request.blobs);
    change.wrote = true;
    return { outcome: "forbidden" };
  });
}

/** Writes down how an upload ended: `answer` null is forbidden. Blobs that nothing uses become litter. */
export function endUpload(
  index: Index,
  { at, touched }: Change,
  { upload, key }: OutcomeRequest,
  answer: Committed | null,
  blobs: readonly string[],
): void {
  const text = answer === null ? null : JSON.stringify(answer);
  query(index, "insert or replace into ended values (?, ?, ?, ?)", upload, key, at, text);
  touched.uploads.push(upload);
  litterBlobs(index, blobs, at);
}

/** How an upload ended here, if it did. */
export function uploadOutcome(index: Index, { upload, key }: OutcomeRequest): UploadOutcome {
  const statement = "select answer from ended where upload = ? and key = ?";
  const [ended] = query<{ answer: string | null }>(index, statement, upload, key);
  if (ended === undefined) return { outcome: "open" };
  if (ended.answer === null) return { outcome: "forbidden" };
  return { outcome: "committed", committed: JSON.parse(ended.answer) as Committed };
}
