// The file of a form, that vouches for itself: its length is known only at its end, and so are its MD5 and its checksum.

import type { Checksum } from "../facts/checksum.ts";
import { S3Error } from "../wire/error.ts";
import type { ReadHeaders } from "../wire/headers.ts";
import { base64, createDigest, hex } from "./digest.ts";
import { checkChecksum, checkMd5, MAX_PUT_BYTES, type Promises, readPromises } from "./payload.ts";

/** How many bytes a file may have. */
export interface LengthRange {
  least: number;
  most: number;
}

/** A file on its way in, to be read once. */
export class FormFile implements AsyncIterable<Uint8Array> {
  /** Bytes that have passed. */
  size = 0;
  /** Known once all bytes have passed: their MD5, in hex. */
  md5 = "";
  /** Known once all bytes have passed: the checksum that was promised and held. */
  checksum: Checksum | undefined;
  readonly #pieces: AsyncIterable<Uint8Array>;
  readonly #promises: Promises;
  readonly #range: LengthRange;

  /** `headers` may promise a Content-MD5 and a checksum; throws S3's errors for those that cannot be read. */
  constructor(pieces: AsyncIterable<Uint8Array>, headers: ReadHeaders, range: LengthRange) {
    this.#pieces = pieces;
    this.#promises = readPromises(headers, []);
    this.#range = { ...range, most: Math.min(range.most, MAX_PUT_BYTES) };
  }

  /**
   * The bytes as they come. Ends only if everything that was promised of them held: throws EntityTooLarge as soon as
   * they are too many, and at their end EntityTooSmall and BadDigest.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const promised = this.#promises.checksum;
    const md5 = createDigest("MD5");
    const digest = promised && createDigest(promised.algorithm);
    for await (const piece of this.#pieces) {
      this.size += piece.byteLength;
      if (this.size > this.#range.most) throw tooLarge(this.size, this.#range.most);
      md5.update(piece);
      digest?.update(piece);
      yield piece;
    }
    if (this.size < this.#range.least) throw tooSmall(this.size, this.#range.least);
    this.md5 = hex(md5.digest());
    checkMd5(this.md5, this.#promises.md5);
    if (promised === undefined || digest === undefined) return;
    const value = base64(digest.digest());
    checkChecksum(promised.algorithm, value, promised.value);
    this.checksum = { algorithm: promised.algorithm, value };
  }
}

function tooLarge(size: number, most: number): S3Error {
  return new S3Error("EntityTooLarge", {
    elements: { ProposedSize: String(size), MaxSizeAllowed: String(most) },
  });
}

function tooSmall(size: number, least: number): S3Error {
  return new S3Error("EntityTooSmall", {
    elements: { ProposedSize: String(size), MinSizeAllowed: String(least) },
  });
}
