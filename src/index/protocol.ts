// What is said between a worker and a bucket's index: requests and answers, plain data. Shapes only ever grow, because
// during a deploy a new worker meets an old index and the other way round.

import type { YoungBlob } from "../facts/birth.ts";
import type { ObjectChecksum } from "../facts/checksum.ts";
import type { ReadConditions, RemoveConditions, WriteConditions } from "../facts/condition.ts";
import type { Extent } from "../facts/extent.ts";
import type { FsckAnswer, FsckRequest } from "../facts/fsck.ts";
import type { Grant } from "../facts/grant.ts";
import type { Replay } from "../facts/journal.ts";
import type { SweepAnswer, SweepRequest } from "../facts/litter.ts";
import type { Retention } from "../facts/lock.ts";
import type { RangeSpec } from "../facts/range.ts";
import type { Page, Window } from "../facts/rollup.ts";
import type { Draft, Tag, Version, Versioning } from "../facts/version.ts";

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

/** A delete marker, where a version was looked for. */
export interface Marker {
  versionId: string;
  modified: number;
}

/**
 * `extents` are those wanted; the first of them begins at the object's byte `start`. Missing: the key (behind a delete
 * marker, perhaps), or that version of it. `marker`: the version asked for is a delete marker.
 */
export type ReadAnswer =
  | { version: Version; extents: Extent[]; start: number }
  | { missing: "key"; behind?: Marker }
  | { missing: "version" }
  | { missing: "bytes"; marker: Marker };

export interface ListRequest {
  window: Window;
  /** Current versions only, or all versions and delete markers. */
  what: "current" | "versions";
}

/** What a listing shows of a version. */
export type ListEntry = Pick<Version, "key" | "etag" | "size" | "owner" | "modified" | "versionId"> & {
  checksum?: { algorithm: string; type: string };
  marker: boolean;
  latest: boolean;
};

export type ListAnswer = Page<ListEntry>;

/** Where a new version's bytes are: nowhere (empty), here, in one fresh blob, in a list of them, in another version's body. */
export type NewBody =
  | { kind: "empty" }
  | { kind: "data"; data: ArrayBuffer }
  | { kind: "blob"; blob: string }
  | { kind: "extents"; name: string; extents: Extent[] }
  | { kind: "share"; key: string; sequence: number };

export interface PutRequest {
  draft: Draft;
  body: NewBody;
  versioning: Versioning;
  conditions?: WriteConditions;
  /** The upload that this commit ends; `unchosen` are its blobs that the object does not use. */
  upload?: { id: string; unchosen: string[] };
}

export interface Committed {
  versionId: string;
  sequence: number;
  etag: string;
  modified: number;
  /** Of an upload that was completed, so that completing it again gives the same answer. */
  checksum?: ObjectChecksum;
}

/**
 * `failed`/`absent`: a condition did not hold; `source changed`: the shared version is not there any more; `discarded`:
 * the blob is litter already; `forbidden`: the upload was aborted; `locked`: it would have replaced a locked version;
 * `blobs only`: the index is too large to keep bytes itself; `full`: it is too large for anything new.
 */
export type PutAnswer =
  | { committed: Committed }
  | {
      refused:
        | "failed"
        | "absent"
        | "source changed"
        | "discarded"
        | "forbidden"
        | "locked"
        | "blobs only"
        | "full";
    };

export interface RemoveRequest {
  entries: { key: string; versionId?: string | undefined; conditions?: RemoveConditions }[];
  versioning: Versioning;
  /** Whose delete markers these will be. */
  owner: string;
  /** Whether the caller may remove what GOVERNANCE retains, and asked to. */
  bypass: boolean;
}

/**
 * What became of one entry: `versionId` of the version removed or of the marker made (`marker`), if there are versions;
 * or why nothing was done.
 */
export type Removed = { versionId?: string; marker?: boolean } | { refused: "locked" | "failed" | "absent" };

/** One answer an entry, in order. */
export interface RemoveAnswer {
  removed: Removed[];
}

/** Moves the current version of one key to another, in a bucket that never had versions. */
export interface RenameRequest {
  from: string;
  to: string;
  sourceConditions: ReadConditions;
  conditions: ReadConditions;
  /** Names the rename across requests: sent again, it is done once. */
  token?: string | undefined;
  /** The commit of the version that was judged, if one had to be: no other is moved. */
  judged?: number | undefined;
}

/** `mismatch`: the token was another rename's; `changed`: the source is not the version that was judged. */
export type RenameAnswer =
  | { renamed: { from: string; to: string } }
  | { missing: "key" }
  | { refused: "failed" | "mismatch" | "changed" };

/** Changes of a version that make no new one. `null` takes away. */
export interface MarkRequest {
  key: string;
  versionId?: string | undefined;
  tags?: Tag[] | null;
  retention?: Retention | null;
  hold?: boolean;
  bypass?: boolean;
  grants?: Grant[] | null;
  /** The version that the caller was judged on, by its commit: no other one is marked. */
  judged?: number | undefined;
}

export type MarkAnswer =
  | { marked: { versionId: string } }
  | Exclude<ReadAnswer, { version: Version }>
  | { refused: "locked" | "changed" };

export interface ForbidRequest {
  upload: string;
  key: string;
  blobs: string[];
}

/** An upload is asked for by its id and the key it was for. */
export interface OutcomeRequest {
  upload: string;
  key: string;
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

/**
 * A step of making an index anew. `begin`: by a plan, over an index that is in place only if forced; else it goes on with
 * one that is under way. `go on`: whatever the index can do by itself. `replay`: lines of an object of the journal, which
 * was drawn up `at` (0: it is missing) and of which `line` have been replayed; `last`: there are no more of them. `restore`: the blobs
 * that have metadata behind the name `from`, up to `behind`; `last`: there are no more.
 */
export type RebuildRequest =
  | {
      step: "begin";
      bucket: string;
      generation: number;
      plan: Replay;
      force: boolean;
      /** Of an index that is in place: the number of its journal's next object before `plan` was made. */
      next?: number | undefined;
    }
  | { step: "go on" }
  | { step: "replay"; number: number; line: number; lines: string[]; at: number; last: boolean }
  | { step: "restore"; blobs: YoungBlob[]; from: string; behind: string; last: boolean };

/** How far it came. The worker has to do something only in the stages `replay` and `restore`. */
export interface RebuildProgress {
  stage: "empty" | "replay" | "settle" | "restore" | "trim" | "finish" | "done";
  bucket: string;
  generation: number;
  plan: Replay;
  /** The object of the journal whose turn it is, and how many of its lines have been read, its header among them. */
  number: number;
  line: number;
  /** The last sequence number given out. */
  sequence: number;
  /** Blobs that were uploaded from then on may be younger than the journal, in ms since 1970. */
  since: number;
  /** Where the stage goes on, in its own words; of `restore`, a blob's name. */
  cursor: string;
  /** Versions there are so far; those made by blobs' metadata; those among them that lack something it had no room for. */
  versions: number;
  restored: number;
  partly: number;
  /** Objects that the journal lacks. */
  missing: number;
  objects: number;
  bytes: number;
}

/** `refused`: why not, in a sentence; `inPlace`: because there is no need; `untold`: because R2 has not heard of all yet. */
export type RebuildAnswer = RebuildProgress | { refused: string; inPlace?: true; untold?: true };

/**
 * Rows read and written and calls answered since this object woke, for the bill. Setting its alarm writes a row too, once
 * for all commits of some while: those are counted apart.
 */
export interface Rows {
  calls: number;
  read: number;
  written: number;
  alarms: number;
}

/** The methods of a bucket's index. */
export interface BucketIndexCalls {
  /** `bucket`: the bucket's id. */
  open(bucket?: string): Promise<void>;
  close(bucket?: string): Promise<{ closed: boolean } | Moved>;
  read(asker: Asker, request: ReadRequest): Promise<ReadAnswer | Moved>;
  list(asker: Asker, request: ListRequest): Promise<ListAnswer | Moved>;
  put(mutator: Mutator, request: PutRequest): Promise<PutAnswer | Moved>;
  remove(mutator: Mutator, request: RemoveRequest): Promise<RemoveAnswer | Moved>;
  rename(mutator: Mutator, request: RenameRequest): Promise<RenameAnswer | Moved>;
  mark(mutator: Mutator, request: MarkRequest): Promise<MarkAnswer | Moved>;
  forbid(mutator: Mutator, request: ForbidRequest): Promise<UploadOutcome | Moved>;
  outcome(asker: Asker, upload: OutcomeRequest): Promise<UploadOutcome | Moved>;
  discard(request: DiscardRequest): Promise<void>;
  adopt(generation: number): Promise<void>;
  /** Sets the alarm's daily jobs going, if they are not; `bucket`: the bucket's id. */
  tend(bucket: string): Promise<{ phase: "new" | "open" | "closed" }>;
  /** R2 has blobs of this bucket (its id), which the directory does not know: a closed index sees to them. */
  leftover(bucket: string): Promise<{ phase: "new" | "open" | "closed" }>;
  fsck(request: FsckRequest): Promise<FsckAnswer>;
  sweep(request: SweepRequest): Promise<SweepAnswer>;
  rebuild(request: RebuildRequest): Promise<RebuildAnswer>;
  /** Has an index that is in place tell R2 all that was committed; gives the number of its journal's next object. */
  tell(): Promise<{ next?: number | undefined }>;
  rows(): Promise<Rows>;
}
