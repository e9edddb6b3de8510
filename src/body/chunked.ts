// What Portico knows of aws-chunked: a body cut into chunks, each perhaps signed, perhaps with trailers behind the last.
// Sources: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and …/sigv4-streaming-trailers.html.
// The pages do not say what S3 answers to a broken body; its answers are recorded in versitygw's issues 1666, 1683,
// 1684, 1685, 1690 and 1691: https://github.com/versity/versitygw/issues/1685

import { Buffer } from "node:buffer";
import { createHash, type Hash, timingSafeEqual } from "node:crypto";
import { S3Error } from "../wire/error.ts";
import type { ChunkSigner } from "../wire/seal.ts";

/** A chunk's header line, CRLF included, in bytes; a signed one that names 5 GiB needs 92. */
export const MAX_CHUNK_HEADER_BYTES = 128;
/** One chunk's data, in bytes: as much as S3 takes in one request. */
export const MAX_CHUNK_BYTES = 5 * 1024 ** 3;
/** The least data of a signed chunk that another one follows, in bytes. */
export const MIN_SIGNED_CHUNK_BYTES = 8192;
/** The whole trailer section, in bytes; a checksum with its signature needs about 160. */
export const MAX_TRAILER_BYTES = 8192;

export interface ChunkedOptions {
  /** The payload's length in bytes, as `x-amz-decoded-content-length` says. */
  decodedLength: number;
  /** Present for STREAMING-AWS4-HMAC-SHA256-PAYLOAD[-TRAILER]: then every chunk must carry its signature. */
  verifier?: ChunkSigner;
  /** The names that `x-amz-trailer` announces, lower case: all of them must come, and no others. */
  trailers: readonly string[];
  /** Whether a trailer section follows the last chunk, be it empty: the variants that end in -TRAILER. */
  expectTrailer: boolean;
}

/**
 * What comes next: a chunk's header, its data, the CRLF behind its data, the trailers, nothing more, or nothing at all
 * since something was refused.
 */
type State = "header" | "data" | "delimiter" | "trailer" | "done" | "refused";

const LF = 10;
const CRLF = [13, 10];
const UNSIGNED_HEADER = /^([0-9a-fA-F]{1,16})\r\n$/;
const SIGNED_HEADER = /^([0-9a-fA-F]{1,16});chunk-signature=([0-9a-f]{64})\r\n$/;
const SIGNATURE = /^[0-9a-f]{64}$/;
const TRAILER_SIGNATURE = "x-amz-trailer-signature";
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const PRINTABLE = /^[\t\x20-\x7e]*$/;

/**
 * Decodes one aws-chunked body that is pushed in pieces of any size. The payload's bytes come out before they are
 * vouched for: whoever takes them may commit nothing until `end` has returned. Does no I/O, keeps no payload.
 */
export class ChunkedDecoder {
  readonly #options: ChunkedOptions;
  readonly #header = new Held(MAX_CHUNK_HEADER_BYTES);
  #trailer: Held | undefined;
  #state: State = "header";
  /** How many chunks have begun. */
  #chunks = 0;
  /** The data of the chunk under way, in bytes, and what of it has not come yet. */
  #size = 0;
  #left = 0;
  /** Payload bytes in all chunks begun so far. */
  #announced = 0;
  /** How much of the CRLF behind a chunk has come, in bytes. */
  #delimited = 0;
  /** The signature that the chunk under way claims, the digest of its data, and the signature before it. */
  #claimed = "";
  #hash: Hash | undefined;
  #previous: string;

  constructor(options: ChunkedOptions) {
    this.#options = options;
    this.#previous = options.verifier?.seed ?? "";
  }

  /**
   * Takes the next bytes of the body and returns the payload in them, in order, as views into `bytes`.
   * Throws S3Error: IncompleteBody (malformed, or not of `decodedLength`), SignatureDoesNotMatch,
   * InvalidChunkSizeError, MalformedTrailerError. After that the body stays refused.
   */
  push(bytes: Uint8Array): Uint8Array[] {
    try {
      const payload: Uint8Array[] = [];
      let at = 0;
      while (at < bytes.length) at = this.#step(bytes, at, payload);
      return payload;
    } catch (error) {
      this.#state = "refused";
      throw error;
    }
  }

  /**
   * Says that the body is over; to be called once, after the last `push`. Returns the trailers, names in lower case,
   * values trimmed but not otherwise judged, without the signature. Throws S3Error as `push` does, and IncompleteBody
   * if the body stops short.
   */
  end(): ReadonlyMap<string, string> {
    if (this.#state === "done") return new Map();
    if (this.#state !== "trailer") throw incomplete();
    return this.#readTrailers(this.#trailer?.text() ?? "");
  }

  // Takes what the state asks for from `bytes`, from index `at` on, and returns the index after it.
  #step(bytes: Uint8Array, at: number, payload: Uint8Array[]): number {
    switch (this.#state) {
      case "header":
        return this.#takeHeader(bytes, at);
      case "data": {
        const end = Math.min(bytes.length, at + this.#left);
        const data = bytes.subarray(at, end);
        this.#hash?.update(data);
        payload.push(data);
        this.#left -= data.length;
        if (this.#left === 0) this.#state = "delimiter";
        return end;
      }
      case "delimiter":
        if (bytes[at] !== CRLF[this.#delimited]) throw incomplete();
        this.#delimited++;
        if (this.#delimited === CRLF.length) this.#closeChunk();
        return at + 1;
      case "trailer":
        this.#trailer ??= new Held(MAX_TRAILER_BYTES);
        if (bytes.length - at > this.#trailer.room) throw malformedTrailer();
        this.#trailer.add(bytes.subarray(at));
        return bytes.length;
      case "done":
      case "refused":
        throw incomplete();
    }
  }

  #takeHeader(bytes: Uint8Array, at: number): number {
    const window = bytes.subarray(at, at + this.#header.room);
    const feed = window.indexOf(LF);
    const taken = feed === -1 ? window : window.subarray(0, feed + 1);
    this.#header.add(taken);
    if (feed !== -1) {
      const match = (this.#options.verifier ? SIGNED_HEADER : UNSIGNED_HEADER).exec(this.#header.text());
      if (!match) throw incomplete();
      this.#header.clear();
      this.#openChunk(Number.parseInt(match[1] ?? "", 16), match[2] ?? "");
    } else if (this.#header.room === 0) throw incomplete();
    return at + taken.length;
  }

  // S3 counts a chunk as the last one with data when the next header says zero, so only then is its size judged.
  // It refuses small chunks in unsigned bodies too (issue 1665). Portico takes those: streams cut as they come are
  // common, and only signatures make small chunks dear.
  #openChunk(size: number, signature: string): void {
    const { decodedLength, verifier, expectTrailer } = this.#options;
    if (size > MAX_CHUNK_BYTES) throw incomplete();
    if (verifier && size > 0 && this.#chunks > 0 && this.#size < MIN_SIGNED_CHUNK_BYTES) {
      throw new S3Error("InvalidChunkSizeError", {
        elements: { Chunk: String(this.#chunks + 1), BadChunkSize: String(this.#size) },
      });
    }
    this.#chunks++;
    this.#size = size;
    this.#left = size;
    this.#announced += size;
    if (size === 0 ? this.#announced !== decodedLength : this.#announced > decodedLength) {
      throw lengthMismatch(decodedLength, this.#announced);
    }
    this.#claimed = signature;
    if (verifier) this.#hash = createHash("sha256");
    this.#delimited = 0;
    this.#state = size > 0 ? "data" : "delimiter";
    // A trailer section begins directly behind the last header.
    if (size === 0 && expectTrailer) this.#closeChunk();
  }

  #closeChunk(): void {
    const { verifier, expectTrailer } = this.#options;
    if (verifier) {
      const expected = verifier.chunk(this.#previous, this.#hash?.digest("hex") ?? "");
      if (!sameSignature(expected, this.#claimed)) throw new S3Error("SignatureDoesNotMatch");
      this.#previous = expected;
    }
    if (this.#size > 0) this.#state = "header";
    else this.#state = expectTrailer ? "trailer" : "done";
  }

  #readTrailers(text: string): ReadonlyMap<string, string> {
    const { verifier, trailers: announced } = this.#options;
    const { trailers, canonical, signature } = parseTrailers(text, verifier !== undefined);
    if (trailers.size !== announced.length || announced.some((name) => !trailers.has(name))) {
      throw malformedTrailer();
    }
    if (verifier) {
      if (signature === undefined || !SIGNATURE.test(signature)) throw malformedTrailer();
      const expected = verifier.trailer(this.#previous, createHash("sha256").update(canonical).digest("hex"));
      if (!sameSignature(expected, signature)) throw new S3Error("SignatureDoesNotMatch");
    }
    return trailers;
  }
}

/** Bytes held from one push to the next, in a buffer that never grows. */
class Held {
  readonly #bytes: Uint8Array;
  #length = 0;

  constructor(limitBytes: number) {
    this.#bytes = new Uint8Array(limitBytes);
  }

  /** How many bytes more can be held. */
  get room(): number {
    return this.#bytes.length - this.#length;
  }

  /** Holds `bytes` too, which must not be more than `room`. */
  add(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** What is held, one character a byte, so that no byte can hide. */
  text(): string {
    return Buffer.from(this.#bytes.buffer, 0, this.#length).toString("latin1");
  }

  clear(): void {
    this.#length = 0;
  }
}

interface Trailers {
  trailers: Map<string, string>;
  /** What their signature covers: `name:value\n` for each, in the order of the wire. */
  canonical: string;
  signature: string | undefined;
}

/**
 * Reads a trailer section, `signed` if it carries its signature too. It ends in an empty line. Lines may end in a bare
 * LF, and empty lines may stand between them: minio-go sends `name:value\n\r\nx-amz-trailer-signature:…\r\n\r\n`, and S3
 * takes it. Throws IncompleteBody if the end is missing, MalformedTrailerError for anything else.
 */
function parseTrailers(text: string, signed: boolean): Trailers {
  const lines = text.split("\n").map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
  // A section that ends in LF leaves one empty string behind it; the empty line is the one before.
  if (!text.endsWith("\n") || lines.at(-2) !== "") throw incomplete();
  const trailers = new Map<string, string>();
  let canonical = "";
  let signature: string | undefined;
  for (const line of lines) {
    if (line === "") continue;
    const colon = line.indexOf(":");
    if (colon === -1 || !PRINTABLE.test(line) || signature !== undefined) throw malformedTrailer();
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (!TOKEN.test(name) || trailers.has(name)) throw malformedTrailer();
    if (signed && name === TRAILER_SIGNATURE) {
      signature = value;
      continue;
    }
    trailers.set(name, value);
    canonical += `${name}:${value}\n`;
  }
  return { trailers, canonical, signature };
}

// In constant time, so that an attacker cannot feel a right signature's way digit by digit.
function sameSignature(expected: string, claimed: string): boolean {
  const a = Buffer.from(expected, "latin1");
  const b = Buffer.from(claimed, "latin1");
  return a.length === b.length && timingSafeEqual(a, b);
}

function incomplete(): S3Error {
  return new S3Error("IncompleteBody");
}

// The message names Content-Length although x-amz-decoded-content-length is meant: S3's own words (issue 1684).
function lengthMismatch(expected: number, provided: number): S3Error {
  return new S3Error("IncompleteBody", {
    message: "You did not provide the number of bytes specified by the Content-Length HTTP header",
    elements: { NumberBytesExpected: String(expected), NumberBytesProvided: String(provided) },
  });
}

function malformedTrailer(): S3Error {
  return new S3Error("MalformedTrailerError");
}
