// How bytes get out of R2: one stream over the pieces of a body, the next blob opening while the last one flows.

import type { Piece } from "../facts/extent.ts";

/** The bytes are gone: the object was replaced, and its old blob swept, after the index was read. */
export class BlobGone extends Error {
  override readonly name = "BlobGone";
}

/**
 * Streams the pieces in turn, `length` bytes altogether. Throws BlobGone if the first one is not there; a later one that
 * is not there breaks the stream, so that no reader takes half an object for a whole one.
 */
export async function readBlobs(
  r2: R2Bucket,
  pieces: readonly Piece[],
  later: (what: string, work: Promise<unknown>) => void,
): Promise<ReadableStream<Uint8Array>> {
  const [first, ...rest] = pieces;
  if (first === undefined) return new Blob([]).stream() as ReadableStream<Uint8Array>;
  const opened = await openPiece(r2, first);
  if (rest.length === 0) return opened;
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const { readable, writable } = new FixedLengthStream(length);
  later("stream an object's extents", pump(r2, opened, rest, writable));
  return readable;
}

async function pump(
  r2: R2Bucket,
  first: ReadableStream<Uint8Array>,
  rest: readonly Piece[],
  writable: WritableStream<Uint8Array>,
): Promise<void> {
  let current = first;
  for (const piece of rest) {
    const next = openPiece(r2, piece);
    // Its failure is dealt with when its turn comes; until then it must not count as unhandled.
    next.catch(() => undefined);
    await current.pipeTo(writable, { preventClose: true });
    try {
      current = await next;
    } catch (error) {
      await writable.abort(error);
      throw error;
    }
  }
  await current.pipeTo(writable);
}

async function openPiece(
  r2: R2Bucket,
  { blob, size, offset, length }: Piece,
): Promise<ReadableStream<Uint8Array>> {
  const whole = offset === 0 && length === size;
  const object = await r2.get(blob, whole ? {} : { range: { offset, length } });
  if (object === null) throw new BlobGone(`blob ${blob} is not there`);
  return object.body;
}
