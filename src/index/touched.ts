// What commits touch: the versions, long bodies and ended uploads that the journal has to tell anew.

/**
 * `versions`: each key once, behind it the sequences of its versions that were made, changed or removed; `bodies`: those
 * in pages that were written; `uploads`: those that ended.
 */
export interface Touched {
  versions: (string | number)[];
  bodies: string[];
  uploads: string[];
}

export function untouched(): Touched {
  return { versions: [], bodies: [], uploads: [] };
}

/** Notes versions of one key, by their sequences. */
export function touch({ versions }: Touched, key: string, ...sequences: number[]): void {
  if (sequences.length > 0) versions.push(key, ...sequences);
}

/**
 * The same in pieces, each with versions of so many characters or little more: a key's are in one piece, bodies and
 * uploads in the last.
 */
export function inPieces({ versions, bodies, uploads }: Touched, most: number): Touched[] {
  const pieces: Touched[] = [];
  let piece: Touched["versions"] = [];
  let characters = 0;
  for (const item of versions) {
    if (typeof item === "string" && characters >= most) {
      pieces.push({ versions: piece, bodies: [], uploads: [] });
      [piece, characters] = [[], 0];
    }
    piece.push(item);
    characters += typeof item === "string" ? item.length : 1;
  }
  return [...pieces, { versions: piece, bodies, uploads }];
}

/** As it stands behind a record's answer; what is empty at the end is left out. */
export function spellTouched({ versions, bodies, uploads }: Touched): unknown[] {
  if (uploads.length > 0) return [versions, bodies, uploads];
  return bodies.length > 0 ? [versions, bodies] : [versions];
}

/** What a record says that was touched; undefined: it was written before records said so. */
export function readTouched([versions, bodies = [], uploads = []]: readonly unknown[]): Touched | undefined {
  if (versions === undefined) return undefined;
  return { versions, bodies, uploads } as Touched;
}

/** Each version that was touched, by key and sequence. */
export function* touchedVersions({ versions }: Touched): Generator<[key: string, sequence: number]> {
  let key = "";
  for (const item of versions) {
    if (typeof item === "string") key = item;
    else yield [key, item];
  }
}
