// Bytes that pass from R2 to R2 through JavaScript, because a checksum of them is wanted.

import type { Source, Stored } from "../blobs/receive.ts";
import type { Checksum, ChecksumAlgorithm } from "../facts/checksum.ts";
import { base64, createDigest, hex } from "./digest.ts";

/** A source that digests another stream of known length on its way; `checksum` is known once settled. */
export class DigestingSource implements Source {
  readonly length: number;
  checksum: Checksum | undefined;
  md5: string | undefined;
  readonly #stream: ReadableStream<Uint8Array>;
  readonly #algorithm: ChecksumAlgorithm | undefined;
  #flowing: Promise<void> | undefined;

  constructor(stream: ReadableStream<Uint8Array>, length: number, algorithm: ChecksumAlgorithm | undefined) {
    this.#stream = stream;
    this.length = length;
    this.#algorithm = algorithm;
  }

  /** The stream itself, untouched, if nothing of it is wanted. */
  open(alone: boolean): { stream: ReadableStream<Uint8Array> } {
    const algorithm = this.#algorithm;
    if (algorithm === undefined && !alone) return { stream: this.#stream };
    const digest = algorithm && createDigest(algorithm);
    const md5 = alone ? createDigest("MD5") : undefined;
    const { readable, writable } = new FixedLengthStream(this.length);
    const watching = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        digest?.update(chunk);
        md5?.update(chunk);
        controller.enqueue(chunk);
      },
    });
    this.#flowing = this.#stream
      .pipeThrough(watching)
      .pipeTo(writable)
      .then(() => {
        if (algorithm && digest) this.checksum = { algorithm, value: base64(digest.digest()) };
        this.md5 = md5 && hex(md5.digest());
      });
    // Its failure surfaces in settle(); until then it must not count as unhandled.
    this.#flowing.catch(() => undefined);
    return { stream: readable };
  }

  async settle(stored: Stored): Promise<void> {
    await this.#flowing;
    if ("failed" in stored) throw stored.failed;
  }
}
