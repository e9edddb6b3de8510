// What an S3 operation is: one declaration of name, route, permission, input, body, output and handler.

import { isUtf8 } from "node:buffer";
import type { Action } from "./auth/authorize.ts";
import type { Caller } from "./auth/caller.ts";
import type { Payload } from "./body/payload.ts";
import type { Bucket } from "./directory/buckets.ts";
import type { Address } from "./wire/address.ts";
import { S3Error } from "./wire/error.ts";
import { type Fields, type FieldValues, readFields } from "./wire/input.ts";
import type { Output, Reply } from "./wire/output.ts";
import { MAX_XML_BYTES, type Shape } from "./wire/xml.ts";
import type { World } from "./world.ts";

/** A route as the S3 reference writes it: method, template, and after `?` what the query must have. */
export type Route = `${"GET" | "HEAD" | "PUT" | "POST" | "DELETE"} /${string}`;

/** How an operation knows its bucket: remembered (its index says if that is out of date), read now, or by name only. */
export type BucketNeed = "remembered" | "fresh" | "name";

export interface ServiceContext {
  world: World;
  caller: Caller;
  address: Address;
  /** Does work that must not be done again when the request is decided anew on fresh settings. */
  once<T>(work: () => Promise<T>): Promise<T>;
}
export interface NameContext extends ServiceContext {
  name: string;
}
export interface BucketContext extends NameContext {
  bucket: Bucket;
}
export interface ObjectContext extends BucketContext {
  key: string;
}

/** What a handler gets follows from the text of its route. */
type ContextOf<R extends Route, N extends BucketNeed> = R extends `${string} /{Bucket}/{Key}${string}`
  ? ObjectContext
  : R extends `${string} /{Bucket}${string}`
    ? N extends "name"
      ? NameContext
      : BucketContext
    : ServiceContext;

/** How an operation takes its body. Read only after the caller was allowed in. */
export interface BodyReader<B> {
  /** Whether a request without a body, and so without a Content-Length, is refused. */
  required: boolean;
  /** Checksum headers are promises of the body, except where it names an object that they are of. */
  checksumsAre?: "of the body" | "of the object";
  read(payload: Payload): Promise<B> | B;
}

interface Declaration<R extends Route, N extends BucketNeed, F extends Fields, B, O> {
  name: string;
  route: R;
  /** Headers that, besides the route, tell this operation from a plainer one; lower case. */
  header?: string;
  allow: Action;
  bucket?: N;
  input: F;
  body?: BodyReader<B>;
  output: Output<O>;
  handle(context: ContextOf<R, N>, input: FieldValues<F>, body: B): Promise<O>;
}

/** An operation as the table, the router and serve() see it. */
export interface Operation {
  name: string;
  route: Route;
  header: string | undefined;
  allow: Action;
  bucket: BucketNeed;
  body: BodyReader<unknown> | undefined;
  read(address: Address): unknown;
  respond(context: ServiceContext, input: unknown, body: unknown): Promise<Reply>;
}

/** Makes an operation of its declaration. */
export function operation<
  const R extends Route,
  F extends Fields,
  O,
  B = undefined,
  const N extends BucketNeed = "remembered",
>(declaration: Declaration<R, N, F, B, O>): Operation {
  const { name, route, header, allow, bucket = "remembered", input, body, output, handle } = declaration;
  return {
    name,
    route,
    header,
    allow,
    bucket,
    body,
    read: (address) => readFields(input, address),
    // The one cast, where the table closes over types: serve() hands each operation what its own declaration reads.
    respond: async (context, values, read) =>
      output(await handle(context as ContextOf<R, N>, values as FieldValues<F>, read as B)),
  };
}

/** The body as it comes, for a handler that stores it. */
export const stream: BodyReader<Payload> = { required: true, read: (payload) => payload };

/** An XML document; `integrity`: S3 demands a checksum or Content-MD5 with it. */
export function xml<T>(
  shape: Shape<T>,
  {
    integrity = false,
    checksumsAre = "of the body",
  }: { integrity?: boolean; checksumsAre?: "of the body" | "of the object" } = {},
): BodyReader<T> {
  return {
    required: true,
    checksumsAre,
    async read(payload) {
      const { md5, checksum, trailing } = payload.promises;
      if (integrity && md5 === undefined && checksum === undefined && trailing === undefined) {
        throw new S3Error("InvalidRequest", {
          message: "Missing required header for this request: Content-MD5 OR x-amz-checksum-*",
        });
      }
      if (payload.length === 0) throw new S3Error("MalformedXML");
      return shape.read(utf8(await payload.bytes(MAX_XML_BYTES)));
    },
  };
}

/** An XML document that may be left out. */
export function optionalXml<T>(shape: Shape<T>): BodyReader<T | undefined> {
  return {
    required: false,
    async read(payload) {
      const bytes = await payload.bytes(MAX_XML_BYTES);
      return bytes.byteLength === 0 ? undefined : shape.read(utf8(bytes));
    },
  };
}

function utf8(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw new S3Error("MalformedXML");
  return new TextDecoder().decode(bytes);
}
