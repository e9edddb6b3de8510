// How bytes of unknown length get into R2: cut into extents, each of them buffered and put in turn.

import type { Extent } from "../facts/extent.ts";
import { bytesOf } from "./receive.ts";

/** Bytes of an extent, but for the last one; this much memory a stream takes. */
export const EXTENT_BYTES = 8 * 1024 * 1024;

/** Smallest buffer, in bytes. */
const MIN_BUFFER_BYTES = 64 * 1024;

/**
 * Stores a stream as extents under names that `freshName` makes: none if it is empty. If the stream fails, or R2 does,
 * nothing stays and the failure is thrown: the names must be fresh, since they have been told to no store. A piece need
 * be valid only until the next is asked for. `most`: about how many bytes can come. `ssecKey`: R2 encrypts with it.
 */
export async function receiveExtents(
  r2: R2Bucket,
  freshName: () => string,
  stream: AsyncIterable<Uint8Array>,
  { most = EXTENT_BYTES, ssecKey }: { most?: number; ssecKey?: Uint8Array | undefined } = {},
): Promise<Extent[]> {
  const extents: Extent[] = [];
  const buffer = new Uint8Array(Math.max(MIN_BUFFER_BYTES, Math.min(most, EXTENT_BYTES)));
  let filled = 0;
  const put = async () => {
    const blob = freshName();
    extents.push({ number: extents.length + 1, blob, size: filled });
    const options = ssecKey && { ssecKey: bytesOf(ssecKey) };
    await r2.put(blob, buffer.subarray(0, filled), options);
    filled = 0;
  };
  try {
    for await (let piece of stream) {
      while (piece.byteLength > 0) {
        if (filled === buffer.byteLength) await put();
        const taken = piece.subarray(0, buffer.byteLength - filled);
        buffer.set(taken, filled);
        filled += taken.byteLength;
        piece = piece.subarray(taken.byteLength);
      }
    }
    if (filled > 0) await put();
  } catch (error) {
    await Promise.all(extents.map(({ blob }) => r2.delete(blob)));
    throw error;
  }
  return extents;
}
