// What an S3 operation is: one declaration of name, route, permission, input, body, output and handler.

import { isUtf8 } from "node:buffer";
import type { Access, Action, Asker } from "./auth/authorize.ts";
import type { Caller } from "./auth/caller.ts";
import type { Circumstances } from "./auth/context.ts";
import type { FormFile } from "./body/form-file.ts";
import type { Payload } from "./body/payload.ts";
import type { Bucket } from "./directory/buckets.ts";
import type { Address } from "./wire/address.ts";
import { S3Error } from "./wire/error.ts";
import type { FormFields } from "./wire/form.ts";
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
  /** What the operation wants allowed, for what this request asks. */
  actions: readonly Action[];
  caller: Caller;
  /** The caller with how long ago that was looked up, for decisions about other buckets than the request's. */
  asker: Asker;
  circumstances: Circumstances;
  address: Address;
  /** Does work that must not be done again when the request is decided anew on fresh settings. */
  once<T>(work: () => Promise<T>): Promise<T>;
}
export interface NameContext extends ServiceContext {
  name: string;
}
export interface BucketContext extends NameContext {
  bucket: Bucket;
  /** Decides whatever else the handler has to know about what the caller may do here. */
  access: Access;
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

/** The actions that the caller must be allowed, for what this request asks. */
export type Allowance = Action | ((address: Address) => readonly Action[]);

/**
 * Where the decision falls: before anything is read; by the handler, with the object that it reads (`readAllowed`,
 * `judgeObject`); or by the handler alone.
 */
export type Judged = "before" | "with the object" | "by the handler";

/** A browser's form whose sender was allowed in: its fields, and its file on its way in. */
export interface Upload {
  fields: FormFields;
  file: FormFile;
}

/** How an operation takes a form. Its fields stand where headers would, and say who asks, so they are read first. */
export interface FormReader<B> {
  form: true;
  read(upload: Upload): B;
}

interface Declaration<R extends Route, N extends BucketNeed, F extends Fields, B, O> {
  name: string;
  route: R;
  /** Headers that, besides the route, tell this operation from a plainer one; lower case. */
  header?: string;
  allow: Allowance;
  judged?: Judged;
  bucket?: N;
  input: F;
  body?: BodyReader<B> | FormReader<B>;
  output: Output<O>;
  handle(context: ContextOf<R, N>, input: FieldValues<F>, body: B): Promise<O>;
}

/** An operation as the table, the router and serve() see it. */
export interface Operation {
  name: string;
  route: Route;
  header: string | undefined;
  allow(address: Address): readonly Action[];
  judged: Judged;
  bucket: BucketNeed;
  body: BodyReader<unknown> | FormReader<unknown> | undefined;
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
  const { name, route, header, allow, judged = "before", bucket = "remembered" } = declaration;
  const { input, body, output, handle } = declaration;
  return {
    name,
    route,
    header,
    allow: typeof allow === "function" ? allow : () => [allow],
    judged,
    bucket,
    body,
    read: (address) => readFields(input, address),
    // The one cast, where the table closes over types: serve() hands each operation what its own declaration reads.
    respond: async (context, values, read) =>
      output(await handle(context as ContextOf<R, N>, values as FieldValues<F>, read as B)),
  };
}

/** An action on the object or, if the request names one, on a version of it. */
export function versioned(object: Action, version: Action): (address: Address) => readonly Action[] {
  return ({ query }) => [query.has("versionId") ? version : object];
}

/** The body as it comes, for a handler that stores it. */
export const stream: BodyReader<Payload> = { required: true, read: (payload) => payload };

/** A browser's form as it comes, for a handler that stores its file. */
export const form: FormReader<Upload> = { form: true, read: (upload) => upload };

/** An XML document of at most `most` bytes; `integrity`: S3 demands a checksum or Content-MD5 with it. */
export function xml<T>(
  shape: Shape<T>,
  {
    integrity = false,
    checksumsAre = "of the body",
    most = MAX_XML_BYTES,
  }: { integrity?: boolean; checksumsAre?: "of the body" | "of the object"; most?: number } = {},
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
      return shape.read(utf8(await payload.bytes(most)));
    },
  };
}

/** An XML document that may be left out. */
export function optionalXml<T>(
  shape: Shape<T>,
  {
    checksumsAre = "of the body",
    most = MAX_XML_BYTES,
  }: { checksumsAre?: "of the body" | "of the object"; most?: number } = {},
): BodyReader<T | undefined> {
  return {
    required: false,
    checksumsAre,
    async read(payload) {
      const bytes = await payload.bytes(most);
      return bytes.byteLength === 0 ? undefined : shape.read(utf8(bytes));
    },
  };
}

function utf8(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw new S3Error("MalformedXML");
  return new TextDecoder().decode(bytes);
}
