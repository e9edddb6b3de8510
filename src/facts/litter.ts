// What goes with nobody asking, as it is spoken of between a bucket's index and the jobs of its alarm.

/** Rows that go once their blobs are gone: of litter by name, of long bodies' lists by body and page. */
export interface Spent {
  names: string[];
  pages: [body: string, page: number][];
}

/** A blob; `size` in bytes, if it is known. */
export interface SizedBlob {
  blob: string;
  size?: number | undefined;
}

/** `next`: where to look on; undefined: that was the end. `oldest`: the time of the oldest litter that stays, if any. */
export interface OldLitter {
  blobs: SizedBlob[];
  spent: Spent;
  next: string | undefined;
  oldest: number | undefined;
}

/** An upload as its index knows it. */
export interface UploadName {
  upload: string;
  key: string;
}

/** Blobs of a bucket that R2 has, some of them perhaps unknown to the bucket's index. */
export interface Search {
  /** Goes on through the index's rows; true once all have been seen. */
  look(): boolean;
  /** Those that no row has been seen to name, so far, and that are no litter. */
  unnamed(): string[];
  /** Something else is known to need these. */
  spare(blobs: readonly string[]): void;
  /** The rest becomes litter; gives how many they were. */
  litter(): number;
  /** Ends it. */
  drop(): void;
}

/**
 * One step of a bucket's sweep, asked for by somebody. `cursor`: where the last step said to go on; absent: at the beginning.
 * `dry`: nothing is changed.
 */
export interface SweepRequest {
  bucket: string;
  dry: boolean;
  cursor?: string | undefined;
}

/** What a step came upon: how many there were, and the first of them. `bytes`: what they take in R2, if it was asked. */
export interface Found {
  count: number;
  bytes?: number;
  first: string[];
}

/** `skipped`: why this bucket is not swept. `cursor`: where to go on; absent: that was all. */
export interface SweepAnswer {
  removed: Found;
  orphans: Found;
  uploads: Found;
  skipped?: "lost" | "closed" | "rebuilt";
  cursor?: string;
}
