// How bytes get out of R2: one stream over the pieces of a body, the next blob opening while the last one flows.

import type { Piece } from "../facts/extent.ts";
import { bytesOf } from "./receive.ts";

/** The bytes are gone: the object was replaced, and its old blob swept, after the index was read. */
export class BlobGone extends Error {
  override readonly name = "BlobGone";
}

/**
 * Streams the pieces in turn, decrypted with `ssecKey` if they were stored under one, `length` bytes altogether. Throws BlobGone if the first one is not there; a later one that
 * is not there breaks the stream, so that no reader takes half an object for a whole one.
 */
export async function readBlobs(
  r2: R2Bucket,
  pieces: readonly Piece[],
  ssecKey: Uint8Array | undefined,
  later: (what: string, work: Promise<unknown>) => void,
): Promise<ReadableStream<Uint8Array>> {
  const [first, ...rest] = pieces;
  if (first === undefined) return new Blob([]).stream() as ReadableStream<Uint8Array>;
  const open = (piece: Piece) => openPiece(r2, piece, ssecKey);
  const opened = await open(first);
  if (rest.length === 0) return opened;
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const { readable, writable } = new FixedLengthStream(length);
  later("stream an object's extents", pump(open, opened, rest, writable));
  return readable;
}

async function pump(
  open: (piece: Piece) => Promise<ReadableStream<Uint8Array>>,
  first: ReadableStream<Uint8Array>,
  rest: readonly Piece[],
  writable: WritableStream<Uint8Array>,
): Promise<void> {
  let current = first;
  for (const piece of rest) {
    const next = open(piece);
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
  { blob, size, data, offset, length }: Piece,
  ssecKey: Uint8Array | undefined,
): Promise<ReadableStream<Uint8Array>> {
  if (data !== undefined) return new Blob([data.slice(offset, offset + length)]).stream();
  const whole = offset === 0 && length === size;
  const key = ssecKey && { ssecKey: bytesOf(ssecKey) };
  const object = await r2.get(blob, whole ? { ...key } : { ...key, range: { offset, length } });
  if (object === null) throw new BlobGone(`blob ${blob} is not there`);
  return object.body;
}
