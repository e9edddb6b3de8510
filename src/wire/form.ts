// How a browser's form says what other requests say in their path and headers.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html

import { MAX_KEY_BYTES, utf8Length } from "../facts/key.ts";
import type { Address } from "./address.ts";
import { invalidArgument, S3Error } from "./error.ts";
import type { ReadHeaders } from "./headers.ts";
import { Tagging } from "./shapes.ts";

/** A form's fields by their names in lower case. */
export type FormFields = ReadonlyMap<string, string>;

/** Fields that are signed as they are: nothing in them stands for the file's name. */
const LITERAL: ReadonlySet<string> = new Set(["policy", "signature", "x-amz-signature"]);

/** Fields that say who asks, and nothing of the object. */
const OF_THE_SIGNATURE: ReadonlySet<string> = new Set([
  "x-amz-algorithm",
  "x-amz-credential",
  "x-amz-date",
  "x-amz-signature",
  "x-amz-security-token",
]);

/** Fields that are headers of a PUT by the same name, besides the `x-amz-` ones. */
const HEADERS: ReadonlySet<string> = new Set([
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-md5",
  "content-type",
  "expires",
]);

/** The fields with the file's name wherever `${filename}` stands: that after its last slash or backslash. */
export function withFileName(fields: FormFields, fileName: string): FormFields {
  const name = fileName.replace(/^.*[/\\]/s, "");
  const entries = [...fields].map(([field, value]): [string, string] => [
    field,
    LITERAL.has(field) ? value : value.replace(/\$\{filename\}/g, () => name),
  ]);
  return new Map(entries);
}

/**
 * The address of a PUT that would say what this form says: the key and the headers are the form's. `acl` becomes
 * x-amz-acl, and the document in `tagging` x-amz-tagging. Throws InvalidArgument, KeyTooLongError, MalformedXML.
 */
export function formAddress(address: Address, fields: FormFields): Address {
  return { ...address, key: keyIn(fields), headers: headersIn(fields) };
}

function keyIn(fields: FormFields): string {
  const key = fields.get("key");
  if (key === undefined) throw missingField("key");
  if (key === "") throw invalidArgument("User key must have a length greater than 0.", "key", "");
  const size = utf8Length(key);
  if (size <= MAX_KEY_BYTES) return key;
  throw new S3Error("KeyTooLongError", {
    elements: { Size: String(size), MaxSizeAllowed: String(MAX_KEY_BYTES) },
  });
}

/** S3's error for a field that must stand before the file. */
export function missingField(name: string): S3Error {
  return invalidArgument(
    `Bucket POST must contain a field named '${name}'.  If it is specified, please check the order of the fields.`,
    name,
    "",
  );
}

function headersIn(fields: FormFields): ReadHeaders {
  const headers = new Headers();
  for (const [name, value] of fields) {
    if (!HEADERS.has(name) && !name.startsWith("x-amz-")) continue;
    if (OF_THE_SIGNATURE.has(name)) continue;
    if (!/^[\w.-]+$/.test(name) || /[\r\n\0]/.test(value)) {
      throw invalidArgument("A field that stands for a header cannot have this name or value.", name, "");
    }
    headers.set(name, value);
  }
  const acl = fields.get("acl");
  if (acl !== undefined) headers.set("x-amz-acl", aclName(acl));
  const tagging = fields.get("tagging");
  if (tagging !== undefined) headers.set("x-amz-tagging", taggingText(tagging));
  return headers;
}

function aclName(acl: string): string {
  if (/^[\w-]*$/.test(acl)) return acl;
  throw invalidArgument("", "x-amz-acl", acl);
}

function taggingText(document: string): string {
  const pairs = (Tagging.read(document).set?.tags ?? []).map(({ key, value }) => [key, value]);
  return new URLSearchParams(pairs).toString();
}
