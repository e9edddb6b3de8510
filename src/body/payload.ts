// A request's body that vouches for itself: decoded and digested as it passes, settled only if every promise held.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html

import { Buffer } from "node:buffer";
import type { Source, Stored } from "../blobs/receive.ts";
import {
  CHECKSUM_ALGORITHMS,
  CHECKSUM_BYTES,
  type Checksum,
  type ChecksumAlgorithm,
  checksumAlgorithmOf,
  checksumHeader,
} from "../facts/checksum.ts";
import { S3Error } from "../wire/error.ts";
import type { ReadHeaders } from "../wire/headers.ts";
import type { Seal } from "../wire/seal.ts";
import { ChunkedDecoder } from "./chunked.ts";
import { base64, createDigest, type Digest } from "./digest.ts";

/** Largest body of one request, in bytes. */
export const MAX_PUT_BYTES = 5 * 1024 ** 3;

/** What to do about a presigner that digests the body it has not got. */
const EMPTY_TRAP =
  'It is that of an empty body: if an SDK made this URL, set its requestChecksumCalculation to "WHEN_REQUIRED" when presigning.';

/** What S3 checks objects by whose writers name no checksum. */
const DEFAULT_CHECKSUM = "CRC64NVME";

/** How long to wait, where R2 failed, for the sender's own failure behind it, in ms. */
const FAILURE_GRACE_MS = 1000;

/** Bytes asked for at a time where JavaScript has to see them: more takes memory, and is no faster. */
const READ_BYTES = 64 * 1024;

/** What the request's headers promise of its body. */
export interface Promises {
  /** Content-MD5 in hex. */
  md5: string | undefined;
  /** Checksum in a header. */
  checksum: Checksum | undefined;
  /** Checksum announced as a trailer. */
  trailing: ChecksumAlgorithm | undefined;
}

/** The body of one request; it can be taken once, either as a `Source` for R2 or as `bytes`. */
export class Payload implements Source {
  readonly length: number;
  /** Known once settled: the checksum that was promised and held. */
  checksum: Checksum | undefined;
  /** Known once settled, if nobody promised a checksum and the bytes passed here anyway: the one that S3 gives by itself. */
  ownChecksum: Checksum | undefined;
  readonly promises: Promises;
  readonly #body: ReadableStream<Uint8Array> | null;
  readonly #seal: Seal;
  readonly #announced: readonly string[];
  /** Bytes on the wire, if the request says. */
  readonly #sent: number | undefined;
  #flowing: Promise<void> | undefined;
  /** Digests made here where R2's word is not taken: MD5, and SHA-256 if one was signed. */
  #own: { md5: Digest; sha256: Digest | undefined } | undefined;
  md5: string | undefined;

  /** Throws MissingContentLength, EntityTooLarge, and S3's errors for promises that cannot be read. */
  constructor(
    headers: ReadHeaders,
    body: ReadableStream<Uint8Array> | null,
    seal: Seal,
    checksumsAre: "of the body" | "of the object" = "of the body",
  ) {
    this.#body = body;
    this.#seal = seal;
    this.length = readLength(headers, seal);
    this.#sent = Number(headers.get("content-length")) || undefined;
    this.#announced = announcedTrailers(headers);
    this.promises = readPromises(
      checksumsAre === "of the body" ? headers : md5Only(headers),
      this.#announced,
    );
  }

  /** As a stream for R2: the request's own one, untouched by JavaScript, if nothing has to be seen in it. */
  open(alone: boolean): { stream: ReadableStream<Uint8Array>; sha256?: string | undefined } {
    const sha256 = this.#seal.kind === "hash" && !alone ? this.#seal.sha256 : undefined;
    if (this.#body === null) throw new S3Error("IncompleteBody");
    if (alone) this.#own = this.#ownDigests();
    if (!this.#mustBeSeen) return { stream: this.#body, sha256 };
    const { readable, writable } = new FixedLengthStream(this.length);
    const writer = writable.getWriter();
    this.#flowing = this.#flow((chunk) => writer.write(chunk)).then(
      () => writer.close(),
      async (error: unknown) => {
        // Whoever reads the other end fails too; what counts is why.
        await writer.abort(error).catch(() => undefined);
        throw error;
      },
    );
    // Its failure surfaces in settle(); until then it must not count as unhandled.
    this.#flowing.catch(() => undefined);
    return { stream: readable, sha256 };
  }

  /** Resolves if all that was promised held of what R2 stored; else throws what did not. */
  async settle(stored: Stored): Promise<void> {
    // A store that failed may never have read the stream; what went wrong on this side comes first if it is known soon.
    await ("failed" in stored
      ? Promise.race([this.#flowing, scheduler.wait(FAILURE_GRACE_MS)])
      : this.#flowing);
    if ("mismatch" in stored) throw sealMismatch(this.#seal);
    if ("failed" in stored) throw this.#failure(stored.failed);
    if (this.#seal.kind === "hash" && this.promises.checksum?.algorithm === "SHA256") {
      // R2 held the bytes to the signed hash; the checksum is then right if it says the same.
      this.#compare("SHA256", Buffer.from(this.#seal.sha256, "hex").toString("base64"));
    }
    this.#compareMd5(this.md5 ?? stored.md5);
  }

  /**
   * Where the bytes went to R2 untouched, nobody can tell whether it lost its sender or its store: so it is an error that
   * clients repeat, and that S3 gives to senders that fall silent.
   */
  #failure(error: unknown): unknown {
    return this.#flowing === undefined && isLostConnection(error) ? new S3Error("RequestTimeout") : error;
  }

  /** The whole body in memory, at most `most` bytes, everything promised of it verified. */
  async bytes(most: number): Promise<Uint8Array> {
    if (this.length > most) throw new S3Error("MaxMessageLengthExceeded");
    const whole = new Uint8Array(this.length);
    this.#own = this.#ownDigests();
    let at = 0;
    await this.#flow((chunk) => {
      if (at + chunk.byteLength > this.length) throw new S3Error("IncompleteBody");
      whole.set(chunk, at);
      at += chunk.byteLength;
    });
    if (at !== this.length) throw new S3Error("IncompleteBody");
    this.#compareMd5(this.md5 ?? "");
    return whole;
  }

  #ownDigests(): { md5: Digest; sha256: Digest | undefined } {
    return {
      md5: createDigest("MD5"),
      sha256: this.#seal.kind === "hash" ? createDigest("SHA256") : undefined,
    };
  }

  get #mustBeSeen(): boolean {
    const { checksum } = this.promises;
    if (this.#seal.kind === "chunked" || this.#own !== undefined) return true;
    return checksum !== undefined && !(checksum.algorithm === "SHA256" && this.#seal.kind === "hash");
  }

  /** Passes the decoded bytes on, digests them, and checks all but MD5 and the signed hash. */
  async #flow(pass: (chunk: Uint8Array) => Promise<void> | void): Promise<void> {
    const { checksum, trailing } = this.promises;
    const algorithm = checksum?.algorithm ?? trailing;
    const digest = createDigest(algorithm ?? DEFAULT_CHECKSUM);
    const digests = [digest, this.#own?.md5, this.#own?.sha256].filter((one) => one !== undefined);
    const passOn = (chunk: Uint8Array) => {
      for (const one of digests) one.update(chunk);
      return pass(chunk);
    };
    const trailers =
      this.#seal.kind === "chunked"
        ? await this.#flowChunked(this.#seal, passOn)
        : await this.#flowPlain(passOn);
    this.#checkOwn();
    if (algorithm === undefined) {
      this.ownChecksum = { algorithm: DEFAULT_CHECKSUM, value: base64(digest.digest()) };
      return;
    }
    const promised = checksum?.value ?? trailers.get(checksumHeader(algorithm)) ?? "";
    if (!isChecksum(algorithm, promised))
      throw invalidChecksum(checksumHeader(algorithm), checksum === undefined);
    this.#compare(algorithm, base64(digest.digest()), promised);
  }

  /** Where R2 does not vouch for the bytes, the signed hash is checked here. */
  #checkOwn(): void {
    if (this.#own === undefined) return;
    this.md5 = Buffer.from(this.#own.md5.digest()).toString("hex");
    if (this.#seal.kind !== "hash" || this.#own.sha256 === undefined) return;
    const hash = Buffer.from(this.#own.sha256.digest()).toString("hex");
    if (hash !== this.#seal.sha256) throw sealMismatch(this.#seal, hash);
  }

  async #flowPlain(pass: (chunk: Uint8Array) => Promise<void> | void): Promise<ReadonlyMap<string, string>> {
    let seen = 0;
    for await (const bytes of readLarge(this.#body, this.#sent)) {
      seen += bytes.byteLength;
      if (seen > this.length) throw new S3Error("IncompleteBody");
      await pass(bytes);
    }
    if (seen !== this.length) throw new S3Error("IncompleteBody");
    return new Map();
  }

  async #flowChunked(
    { trailer, signer }: Seal & { kind: "chunked" },
    pass: (chunk: Uint8Array) => Promise<void> | void,
  ): Promise<ReadonlyMap<string, string>> {
    const decoder = new ChunkedDecoder({
      decodedLength: this.length,
      trailers: trailer ? this.#announced : [],
      expectTrailer: trailer,
      ...(signer === undefined ? {} : { verifier: signer }),
    });
    for await (const bytes of readLarge(this.#body, this.#sent)) {
      for (const chunk of decoder.push(bytes)) {
        await pass(chunk);
      }
    }
    return decoder.end();
  }

  #compare(algorithm: ChecksumAlgorithm, computed: string, promised = this.promises.checksum?.value): void {
    checkChecksum(algorithm, computed, promised);
    this.checksum = { algorithm, value: computed };
  }

  #compareMd5(computed: string): void {
    checkMd5(computed, this.promises.md5);
  }
}

/** Throws BadDigest unless a checksum, in base64, is the one that was promised. */
export function checkChecksum(
  algorithm: ChecksumAlgorithm,
  computed: string,
  promised: string | undefined,
): void {
  if (computed === promised) return;
  const trap = promised === base64(createDigest(algorithm).digest()) ? ` ${EMPTY_TRAP}` : "";
  throw new S3Error("BadDigest", {
    message: `The ${algorithm} you specified did not match the calculated checksum.${trap}`,
  });
}

/** Throws BadDigest if a Content-MD5 was promised, and this is another; both in hex. */
export function checkMd5(computed: string, promised: string | undefined): void {
  if (promised === undefined || promised === computed) return;
  const inBase64 = (digits: string) => Buffer.from(digits, "hex").toString("base64");
  throw new S3Error("BadDigest", {
    elements: { ExpectedDigest: inBase64(promised), CalculatedDigest: inBase64(computed) },
  });
}

function sealMismatch(seal: Seal, computed?: string): S3Error {
  const elements: Record<string, string> = {};
  if (seal.kind === "hash") elements.ClientComputedContentSHA256 = seal.sha256;
  if (computed !== undefined) elements.S3ComputedContentSHA256 = computed;
  return new S3Error("XAmzContentSHA256Mismatch", { elements });
}

/** Whether a stream ended because whoever sends it went away. */
function isLostConnection(error: unknown): boolean {
  return error instanceof Error && /Network connection lost|disconnected/i.test(error.message);
}

/** Large pieces, of which each is valid until the next is asked for. `sent`: how many bytes will come, if that is known. */
export async function* readLarge(
  body: ReadableStream<Uint8Array> | null,
  sent = Number.POSITIVE_INFINITY,
): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  const reader = body.getReader({ mode: "byob" }) as ReadableStreamBYOBReader & {
    // workerd's own; a plain loop over the stream gives 4 KiB at a time and is seven times slower.
    readAtLeast(bytes: number, view: Uint8Array): Promise<ReadableStreamReadResult<Uint8Array>>;
  };
  let buffer = new ArrayBuffer(Math.min(sent, READ_BYTES));
  // Behind the last byte that was announced nothing can follow: it need not be asked for.
  for (let left = sent; left > 0; ) {
    const { value, done } = await reader
      .readAtLeast(buffer.byteLength, new Uint8Array(buffer))
      .catch((error: unknown) => {
        throw isLostConnection(error) ? new S3Error("IncompleteBody") : error;
      });
    left -= value?.byteLength ?? 0;
    if (value !== undefined && value.byteLength > 0) yield value;
    if (done || value === undefined) return;
    buffer = value.buffer as ArrayBuffer;
  }
}

function readLength(headers: ReadHeaders, seal: Seal): number {
  const name = seal.kind === "chunked" ? "x-amz-decoded-content-length" : "content-length";
  const text = headers.get(name);
  if (text === null) throw new S3Error("MissingContentLength");
  if (!/^\d{1,16}$/.test(text)) {
    throw new S3Error("InvalidArgument", { message: `${name} is not a number of bytes` });
  }
  const length = Number(text);
  if (length > MAX_PUT_BYTES) {
    throw new S3Error("EntityTooLarge", {
      elements: { ProposedSize: text, MaxSizeAllowed: String(MAX_PUT_BYTES) },
    });
  }
  return length;
}

function announcedTrailers(headers: ReadHeaders): string[] {
  const names = (headers.get("x-amz-trailer") ?? "").split(",").map((name) => name.trim().toLowerCase());
  return names.filter((name) => name !== "");
}

/** Headers that begin like a checksum and are none. */
const NOT_CHECKSUMS = new Set(["x-amz-checksum-algorithm", "x-amz-checksum-mode", "x-amz-checksum-type"]);

/** Where checksum headers speak of an object that the body only names, they promise nothing of the body. */
function md5Only(headers: ReadHeaders): ReadHeaders {
  const md5 = headers.get("content-md5");
  return new Headers(md5 === null ? {} : { "content-md5": md5 });
}

/** Reads what headers promise of a body. Throws S3's errors for promises that cannot be read. */
export function readPromises(headers: ReadHeaders, announced: readonly string[]): Promises {
  const named = [...headers.keys()].filter(
    (name) => name.startsWith("x-amz-checksum-") && !NOT_CHECKSUMS.has(name),
  );
  const trailing = announced.filter((name) => name.startsWith("x-amz-checksum-"));
  if (named.length + trailing.length > 1) {
    throw new S3Error("InvalidRequest", {
      message: "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
    });
  }
  checkSdkAlgorithm(headers.get("x-amz-sdk-checksum-algorithm"), named[0] ?? trailing[0]);
  return {
    md5: readMd5(headers.get("content-md5")),
    checksum: named[0] === undefined ? undefined : readChecksum(named[0], headers.get(named[0]) ?? ""),
    trailing: trailing[0] === undefined ? undefined : knownAlgorithm(trailing[0]),
  };
}

/** What an SDK says it computes must be there. */
function checkSdkAlgorithm(algorithm: string | null, header: string | undefined): void {
  if (algorithm === null) return;
  if (header === undefined) {
    throw new S3Error("InvalidRequest", {
      message:
        "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.",
    });
  }
  if (header !== `x-amz-checksum-${algorithm.toLowerCase()}`) {
    throw new S3Error("InvalidRequest", {
      message: "Value for x-amz-sdk-checksum-algorithm header is invalid.",
    });
  }
}

function readMd5(text: string | null): string | undefined {
  if (text === null) return undefined;
  const bytes = Buffer.from(text, "base64");
  if (bytes.byteLength !== 16 || bytes.toString("base64") !== text.trim()) {
    throw new S3Error("InvalidDigest", { elements: { "Content-MD5": text } });
  }
  return bytes.toString("hex");
}

function knownAlgorithm(header: string): ChecksumAlgorithm {
  const algorithm = checksumAlgorithmOf(header);
  if (algorithm !== undefined) return algorithm;
  throw new S3Error("NotImplemented", {
    message: `Of checksums, only ${CHECKSUM_ALGORITHMS.join(", ")} are implemented.`,
    elements: { Header: header },
  });
}

function isChecksum(algorithm: ChecksumAlgorithm, value: string): boolean {
  const bytes = Buffer.from(value, "base64");
  return bytes.byteLength === CHECKSUM_BYTES[algorithm] && bytes.toString("base64") === value;
}

function invalidChecksum(header: string, trailing: boolean): S3Error {
  const place = trailing ? "trailing header" : "header";
  return new S3Error("InvalidRequest", { message: `Value for ${header} ${place} is invalid.` });
}

function readChecksum(header: string, value: string): Checksum {
  const algorithm = knownAlgorithm(header);
  if (!isChecksum(algorithm, value)) throw invalidChecksum(header, false);
  return { algorithm, value };
}
