// What a browser's form is on the wire: multipart/form-data, read as a stream up to its file, and the file as a stream.
// Source: RFC 7578, RFC 2046 section 5.1, https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html

import { Buffer } from "node:buffer";
import { invalidArgument, S3Error } from "../wire/error.ts";

/** Most bytes before those of the file: fields, boundaries and headers. */
export const MAX_FORM_BYTES = 20 * 1024;

/** Most fields before the file. */
export const MAX_FORM_FIELDS = 200;

/** Longest boundary, in characters; RFC 2046 allows 70. */
const MAX_BOUNDARY = 200;

/** Most bytes of one part's headers. */
const MAX_PART_HEADER_BYTES = 4096;

/** Most blanks behind a boundary, in bytes. */
const MAX_PADDING = 64;

/** Most bytes behind the file that are read and passed over, so that the connection can be used again. */
const MAX_TRAILING_BYTES = 1024 * 1024;

const [TAB, LF, CR, BLANK, DASH] = [0x09, 0x0a, 0x0d, 0x20, 0x2d];

/** A form up to its file. */
export interface Form {
  /** By their names in lower case, in the order sent; each once. */
  fields: ReadonlyMap<string, string>;
  /** The file's name as its part gives it, "" if it gives none. */
  fileName: string;
  /**
   * The file's bytes, to be read once, in pieces of which each is valid until the next is asked for. Throws
   * MalformedPOSTRequest if they end without a boundary. What comes behind the file is passed over.
   */
  file: AsyncIterable<Uint8Array>;
}

/**
 * Reads a form up to its file. `pieces` may be cut anywhere, and each need be valid only until the next is asked for.
 * Throws PreconditionFailed for another type of content, MalformedPOSTRequest, MaxPostPreDataLengthExceededError, and
 * InvalidArgument for a form without a file.
 */
export async function readForm(contentType: string | null, pieces: AsyncIterator<Uint8Array>): Promise<Form> {
  const delimiter = Buffer.from(`\r\n--${boundaryOf(contentType)}`);
  const begun = await gather(pieces, MAX_FORM_BYTES);
  const { fields, fileName, end } = readFields(begun, delimiter);
  return { fields, fileName, file: fileBytes(begun.subarray(end), pieces, delimiter) };
}

function malformed(): S3Error {
  return new S3Error("MalformedPOSTRequest");
}

function boundaryOf(contentType: string | null): string {
  if (!/^multipart\/form-data\s*(;|$)/i.test(contentType ?? "")) {
    throw new S3Error("PreconditionFailed", {
      elements: { Condition: "Bucket POST must be of the enclosure-type multipart/form-data" },
    });
  }
  const found = /;\s*boundary=(?:"([^"]*)"|([^\s;"]*))/i.exec(contentType ?? "");
  const boundary = found?.[1] ?? found?.[2] ?? "";
  if (boundary === "" || boundary.length > MAX_BOUNDARY) throw malformed();
  return boundary;
}

/** At least so many bytes, if there are as many. */
async function gather(pieces: AsyncIterator<Uint8Array>, least: number): Promise<Buffer> {
  const gathered: Buffer[] = [];
  for (let size = 0; size < least; ) {
    const { value, done } = await pieces.next();
    if (done) break;
    gathered.push(Buffer.from(value));
    size += value.byteLength;
  }
  return Buffer.concat(gathered);
}

/** A boundary's line: where it begins, where what follows it begins, whether it is the last one. */
interface Delimiter {
  at: number;
  end: number;
  last: boolean;
}

/** The next boundary's line from an offset on; `unsure` is where one may begin whose end is not there yet. */
function nextDelimiter(
  bytes: Buffer,
  delimiter: Buffer,
  from: number,
): Delimiter | { unsure: number } | undefined {
  for (let at = bytes.indexOf(delimiter, from); at >= 0; at = bytes.indexOf(delimiter, at + 1)) {
    const start = at + delimiter.length;
    if (bytes[start] === DASH && bytes[start + 1] === DASH) return { at, end: start + 2, last: true };
    let end = start;
    while (end < start + MAX_PADDING && (bytes[end] === BLANK || bytes[end] === TAB)) end += 1;
    if (bytes[end] === CR && bytes[end + 1] === LF) return { at, end: end + 2, last: false };
    const seen = bytes[end] === CR || (end === start && bytes[end] === DASH) ? end + 1 : end;
    if (seen >= bytes.length) return { unsure: at };
  }
  return undefined;
}

/** The fields before the file, and where its bytes begin. */
function readFields(begun: Buffer, delimiter: Buffer): Omit<Form, "file"> & { end: number } {
  const window = begun.subarray(0, MAX_FORM_BYTES);
  // The first boundary may stand at the very beginning; every other one has a line's end before it.
  const shift = 2;
  const bytes = Buffer.concat([Buffer.from("\r\n"), window]);
  const unfinished = () =>
    begun.length < MAX_FORM_BYTES ? malformed() : new S3Error("MaxPostPreDataLengthExceededError");
  const next = (from: number): Delimiter => {
    const found = nextDelimiter(bytes, delimiter, from);
    if (found === undefined || "unsure" in found) throw unfinished();
    return found;
  };
  const fields = new Map<string, string>();
  let here = next(0);
  while (!here.last) {
    if (bytes[here.end] === CR) throw malformed();
    const blank = bytes.subarray(here.end, here.end + MAX_PART_HEADER_BYTES).indexOf("\r\n\r\n");
    if (blank < 0) throw here.end + MAX_PART_HEADER_BYTES > bytes.length ? unfinished() : malformed();
    const start = here.end + blank + 4;
    const { name, fileName } = readPartHeaders(utf8(bytes.subarray(here.end, start)));
    if (name === "file") return { fields, fileName, end: start - shift };
    here = next(start);
    if (fields.has(name)) throw malformed();
    fields.set(name, utf8(bytes.subarray(start, here.at)));
    if (fields.size > MAX_FORM_FIELDS) throw new S3Error("MaxPostPreDataLengthExceededError");
  }
  throw invalidArgument("POST requires exactly one file upload per request.", "file", "0");
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw malformed();
  }
}

const PARAMETER = /;\s*(name|filename|filename\*)\s*=\s*("(?:\\"|[^"])*"|[^\s;"]*)/gi;

function readPartHeaders(headers: string): { name: string; fileName: string } {
  const [, disposition = ""] =
    /(?:^|\r\n)content-disposition:\s*form-data\s*(;[^\r\n]*)/i.exec(headers) ?? [];
  const parameters = new Map<string, string>();
  for (const [, name = "", value = ""] of disposition.matchAll(PARAMETER)) {
    if (!parameters.has(name.toLowerCase())) parameters.set(name.toLowerCase(), unquoted(value));
  }
  const name = parameters.get("name")?.toLowerCase();
  if (name === undefined || name === "") throw malformed();
  const extended = /^utf-8''(.*)$/i.exec(parameters.get("filename*") ?? "")?.[1];
  return { name, fileName: extended === undefined ? (parameters.get("filename") ?? "") : decoded(extended) };
}

/** Backslashes stay, but for those before a quote: old browsers send whole Windows paths. */
function unquoted(value: string): string {
  return value.startsWith('"') ? value.slice(1, -1).replaceAll('\\"', '"') : value;
}

function decoded(text: string): string {
  return utf8(
    Buffer.from(
      text.replace(/%([0-9a-f]{2})/gi, (_all, digits: string) => byte(digits)),
      "latin1",
    ),
  );
}

function byte(digits: string): string {
  return String.fromCharCode(Number.parseInt(digits, 16));
}

async function* fileBytes(
  begun: Buffer,
  pieces: AsyncIterator<Uint8Array>,
  delimiter: Buffer,
): AsyncGenerator<Uint8Array> {
  let held = begun;
  for (;;) {
    const found = nextDelimiter(held, delimiter, 0);
    if (found !== undefined && "end" in found) {
      if (found.at > 0) yield held.subarray(0, found.at);
      return passOver(pieces);
    }
    const kept = found?.unsure ?? Math.max(0, held.length - delimiter.length + 1);
    if (kept > 0) yield held.subarray(0, kept);
    const rest = Buffer.from(held.subarray(kept));
    const { value, done } = await pieces.next();
    if (done) throw malformed();
    held = Buffer.concat([rest, value]);
  }
}

async function passOver(pieces: AsyncIterator<Uint8Array>): Promise<void> {
  for (let seen = 0; seen <= MAX_TRAILING_BYTES; ) {
    const { value, done } = await pieces.next();
    if (done) return;
    seen += value.byteLength;
  }
}
