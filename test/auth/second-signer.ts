// A signer that is not ours: AWS's own for JavaScript, set up as its S3 client sets it up.

import { createHash, createHmac, type Hash, type Hmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

export interface Unsigned {
  method: string;
  /** Percent-encoded. */
  path: string;
  /** Not encoded; a name that comes several times has several values. */
  query?: Record<string, string | string[]>;
  headers: Record<string, string>;
}

export interface Signing {
  credentials: Credentials;
  region?: string;
  service?: string;
  /** ms since 1970. */
  at?: number;
}

type SourceData = string | ArrayBuffer | ArrayBufferView;

class Sha256 {
  readonly #hash: Hash | Hmac;

  constructor(secret?: SourceData) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", bytes(secret));
  }

  update(chunk: SourceData): void {
    this.#hash.update(bytes(chunk));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    throw new Error("nobody starts a digest over");
  }
}

function bytes(data: SourceData): Uint8Array {
  if (typeof data === "string") return Buffer.from(data);
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

function signer({ credentials, region = "us-east-1", service = "s3" }: Signing): SignatureV4 {
  return new SignatureV4({ credentials, region, service, sha256: Sha256, uriEscapePath: false });
}

function smithyRequest({ method, path, query = {}, headers }: Unsigned) {
  return { method, protocol: "http:", hostname: headers.host ?? "", path, query, headers };
}

function when({ at }: Signing): Date {
  return at === undefined ? new Date() : new Date(at);
}

/** The headers that go with the request, `authorization` among them. */
export async function signed(request: Unsigned, signing: Signing): Promise<Record<string, string>> {
  const done = await signer(signing).sign(smithyRequest(request), { signingDate: when(signing) });
  return done.headers;
}

export interface Presigning extends Signing {
  /** Life in seconds. */
  expires: number;
  /** What vouches for the body, said in the query as AWS's presigner for S3 does; absent: unsigned, and not said. */
  payloadHash?: string;
}

/** The query of a presigned URL; `headers` (lower case, beside host) are signed and have to be sent. */
export async function presigned(
  { headers, ...request }: Unsigned,
  signing: Presigning,
): Promise<Record<string, string | string[]>> {
  const { payloadHash } = signing;
  // The signer moves this header into the query, and takes a body that it cannot hash for an unsigned one.
  const said = payloadHash === undefined ? {} : { "X-Amz-Content-Sha256": payloadHash };
  const original = { ...smithyRequest({ ...request, headers: { ...headers, ...said } }), body: {} };
  const done = await signer(signing).presign(original, {
    signingDate: when(signing),
    expiresIn: signing.expires,
    unhoistableHeaders: new Set(Object.keys(headers)),
  });
  return present(done.query ?? {});
}

/** Signs any text with a signing key of the scope. */
export function signText(text: string, signing: Signing): Promise<string> {
  return signer(signing).sign(text, { signingDate: when(signing) });
}

function present(query: Record<string, string | string[] | null>): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(query).filter((pair): pair is [string, string | string[]] => pair[1] !== null),
  );
}

/** Percent-encoding as AWS's clients do it, byte by byte; everything but the unreserved characters. */
export function encode(text: string, kept = ""): string {
  return Array.from(new TextEncoder().encode(text), (byte: number) => {
    const character = String.fromCharCode(byte);
    if (byte < 0x80 && (/[A-Za-z0-9\-._~]/.test(character) || kept.includes(character))) return character;
    return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");
}

/** A query as it goes over the wire, in the order of `query`. */
export function wireQuery(query: Record<string, string | string[]>): string {
  return Object.entries(query)
    .flatMap(([name, values]) => [values].flat().map((value) => `${encode(name)}=${encode(value)}`))
    .join("&");
}
