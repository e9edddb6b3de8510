// What is said between a worker and a bucket's index: requests and answers, plain data. Shapes only ever grow, because
// during a deploy a new worker meets an old index and the other way round.

import type { WriteConditions } from "../facts/condition.ts";
import type { Extent } from "../facts/extent.ts";
import type { RangeSpec } from "../facts/range.ts";
import type { Page, Window } from "../facts/rollup.ts";
import type { Draft, Version } from "../facts/version.ts";

/** What the caller remembers of the bucket: the generation of its settings. */
export interface Asker {
  generation: number;
}

/** A mutating call can be sent twice: its answer is remembered under this id and repeated, doing nothing. */
export interface Mutator extends Asker {
  operationId: string;
}

/** The index acts for no one who remembers a bucket that is closed, never opened, or has newer settings. */
export interface Moved {
  moved: "closed" | "stale" | "lost";
}

export interface ReadRequest {
  key: string;
  versionId?: string | undefined;
  /** Which extents to bring along: none, all, those under a range, or that of one part number. */
  want: "none" | "all" | { range: RangeSpec } | { part: number };
}

/** `extents` are those wanted; the first of them begins at the object's byte `start`. */
export type ReadAnswer =
  | { version: Version; extents: Extent[]; start: number }
  | { missing: "key" | "version" };

export interface ListRequest {
  window: Window;
}

/** What a listing shows of a version. */
export type ListEntry = Pick<Version, "key" | "etag" | "size" | "owner" | "modified" | "versionId"> & {
  checksum?: { algorithm: string; type: string };
};

export type ListAnswer = Page<ListEntry>;

/** Where a new version's bytes are: nowhere (empty), one fresh blob, a list of them, or another version's body. */
export type NewBody =
  | { kind: "empty" }
  | { kind: "blob"; blob: string }
  | { kind: "extents"; name: string; extents: Extent[] }
  | { kind: "share"; key: string; sequence: number };

export interface PutRequest {
  draft: Draft;
  body: NewBody;
  conditions?: WriteConditions;
  /** The upload that this commit ends; `unchosen` are its blobs that the object does not use. */
  upload?: { id: string; unchosen: string[] };
}

export interface Committed {
  versionId: string;
  sequence: number;
  etag: string;
  modified: number;
}

/**
 * `failed`/`absent`: a condition did not hold; `source changed`: the shared version is not there any more; `discarded`:
 * the blob is litter already; `forbidden`: the upload was aborted.
 */
export type PutAnswer =
  | { committed: Committed }
  | { refused: "failed" | "absent" | "source changed" | "discarded" | "forbidden" };

export interface RemoveRequest {
  entries: { key: string; versionId?: string | undefined }[];
}

/** One answer an entry, in order: whether there was anything to remove. */
export interface RemoveAnswer {
  removed: boolean[];
}

export interface ForbidRequest {
  upload: string;
  blobs: string[];
}

/** How an upload ended: still open, forbidden for ever, or committed. */
export type UploadOutcome =
  | { outcome: "open" | "forbidden" }
  | { outcome: "committed"; committed: Committed };

export interface DiscardRequest {
  /** The upload that the blobs were parts of: what its committed object uses is spared. */
  upload?: string;
  blobs: string[];
}

/** Rows read and written and calls answered since this object woke, for the bill. */
export interface Rows {
  calls: number;
  read: number;
  written: number;
}

/** The methods of a bucket's index. */
export interface BucketIndexCalls {
  open(): Promise<void>;
  close(): Promise<{ closed: boolean } | Moved>;
  read(asker: Asker, request: ReadRequest): Promise<ReadAnswer | Moved>;
  list(asker: Asker, request: ListRequest): Promise<ListAnswer | Moved>;
  put(mutator: Mutator, request: PutRequest): Promise<PutAnswer | Moved>;
  remove(mutator: Mutator, request: RemoveRequest): Promise<RemoveAnswer | Moved>;
  forbid(mutator: Mutator, request: ForbidRequest): Promise<UploadOutcome | Moved>;
  outcome(asker: Asker, upload: string): Promise<UploadOutcome | Moved>;
  discard(request: DiscardRequest): Promise<void>;
  adopt(generation: number): Promise<void>;
  rows(): Promise<Rows>;
}
