// How far a bucket's journal came: what of it R2 has, and what an index remembers of that.

/** A place in the tail: that many characters into the records of a segment. */
export interface Place {
  segment: number;
  characters: number;
}

/** Size of a part of the journal. */
export interface JournalSize {
  objects: number;
  characters: number;
}

/** Where a checkpoint goes on: behind this row of these. */
export type WalkPlace =
  | { rows: "versions"; key: string; sequence: number }
  | { rows: "extents"; body: string; page: number }
  | { rows: "ended"; upload: string }
  | { rows: "none" };

/** Where a checkpoint begins: no key is empty, so that all of them come behind it. */
export const WALK_START: WalkPlace = { rows: "versions", key: "", sequence: 0 };

/** A checkpoint under way: all rows, in pages, while segments go on between them. */
export interface Walk {
  /** Number of the first object that belongs to it. */
  began: number;
  place: WalkPlace;
  /** The size of its pages so far. */
  size: JournalSize;
  /** It stands for commits that no segment tells: until it is complete, the journal lacks those. */
  bridges?: true | undefined;
}

export interface JournalState {
  bucket: string;
  /** Number of the next object. */
  next: number;
  /** The tail is told up to here. */
  told: Place;
  /** All that was committed until then is told, in ms since 1970. */
  at: number;
  walk?: Walk | undefined;
  /** The last checkpoint that is complete: the number of its first object, and its size. */
  base?: (JournalSize & { began: number }) | undefined;
  /** The size of the segments since `base` began. */
  grown: JournalSize;
  /** What a page does not come before: after each one it is the tail's turn. */
  turn: "segment" | "page";
  /** Objects before `base` may be there still. */
  spent: boolean;
}

/** The journal of a bucket that has none yet, told up to a place in its tail. */
export function freshJournal(bucket: string, told: Place, next = 1): JournalState {
  const nothing = { objects: 0, characters: 0 };
  return { bucket, next, told, at: 0, grown: nothing, turn: "segment", spent: next > 1 };
}

/** As its row says; undefined: there is none. */
export function loadJournal(sql: SqlStorage): JournalState | undefined {
  const [row] = sql.exec<{ state: string }>("select state from journal").toArray();
  return row && (JSON.parse(row.state) as JournalState);
}
