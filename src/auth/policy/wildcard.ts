// How `*` and `?` match: without regular expressions, in time bounded by the two lengths multiplied.

/**
 * The longest text that wildcards are matched against, in UTF-16 units: twice a key. Only headers such as Referer can
 * be longer, and they come from anybody: with a policy's length this bounds what a decision costs.
 */
export const MAX_MATCHED_LENGTH = 2048;

/** How many more steps matching may take; one is well under a microsecond. */
export interface Steps {
  left: number;
}

export interface Wild {
  readonly wild: "*" | "?";
}

/** Any text, also none; spans `/` and `:`. */
export const ANY: Wild = { wild: "*" };
/** One character. */
export const ONE: Wild = { wild: "?" };

/** A text that stands for itself, or a wildcard. */
export type Piece = string | Wild;

/** The pieces of a text in which `*` and `?` are wildcards. Several `*` in a row are one. */
export function readPieces(text: string): Piece[] {
  const parts = text.replace(/\*+/g, "*").split(/([*?])/);
  return parts.filter((part) => part !== "").map((part) => (part === "*" ? ANY : part === "?" ? ONE : part));
}

/** How many UTF-16 units the character here has. */
function width(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}

/** Where the text goes on after this piece, which is no `*`; undefined: the piece does not match here. */
function after(piece: Piece, text: string, at: number): number | undefined {
  if (typeof piece === "string") return text.startsWith(piece, at) ? at + piece.length : undefined;
  return at < text.length ? at + width(text, at) : undefined;
}

/** Where the piece behind a `*` can next match, from here on; undefined: nowhere. */
function next(piece: Piece | undefined, text: string, at: number): number | undefined {
  // A literal that begins in the middle of a character is nobody's; step by step it is found nowhere.
  if (typeof piece !== "string" || /^[\uDC00-\uDFFF]/.test(piece)) return at;
  const found = text.indexOf(piece, at);
  return found < 0 ? undefined : found;
}

/**
 * Whether the pieces match the whole text. A mismatch goes back to the last `*` only, which takes one character more:
 * an earlier one never needs to. Throws RangeError if the text is too long to be matched, or this takes too many steps.
 */
export function matches(pieces: readonly Piece[], text: string, steps?: Steps): boolean {
  if (pieces.every((piece) => typeof piece === "string")) return pieces.join("") === text;
  if (text.length > MAX_MATCHED_LENGTH) throw new RangeError("too long to be matched");
  let piece = 0;
  let at = 0;
  let retry: { piece: number; at: number } | undefined;
  while (piece < pieces.length || at < text.length) {
    if (steps !== undefined) {
      steps.left -= 1;
      if (steps.left < 0) throw new RangeError("too much to be matched");
    }
    const asked = pieces[piece];
    if (asked === ANY) {
      piece += 1;
      if (piece === pieces.length) return true;
      retry = { piece, at };
      continue;
    }
    const moved = asked === undefined ? undefined : after(asked, text, at);
    if (moved !== undefined) {
      piece += 1;
      at = moved;
      continue;
    }
    if (retry === undefined || retry.at >= text.length) return false;
    const again = next(pieces[retry.piece], text, retry.at + width(text, retry.at));
    if (again === undefined) return false;
    retry.at = again;
    piece = retry.piece;
    at = again;
  }
  return true;
}

/** Whether some text that begins so would match the pieces. Only what comes before the first `*` decides. */
export function canBegin(pieces: readonly Piece[], start: string): boolean {
  let at = 0;
  for (const piece of pieces) {
    if (piece === ANY || at >= start.length) return true;
    if (typeof piece === "string" && start.length - at < piece.length) {
      return piece.startsWith(start.slice(at));
    }
    const moved = after(piece, start, at);
    if (moved === undefined) return false;
    at = moved;
  }
  return at >= start.length;
}
