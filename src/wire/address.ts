// What a request is addressed to: bucket and key, path-style or virtual-hosted, and its parameters, decoded strictly.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html

import { MAX_KEY_BYTES, utf8Length } from "../facts/key.ts";
import { S3Error } from "./error.ts";
import { type ReadHeaders, SentHeaders } from "./headers.ts";

/** Query parameters in the order sent, decoded. */
export class Query {
  readonly entries: readonly (readonly [name: string, value: string])[];

  constructor(entries: readonly (readonly [string, string])[]) {
    this.entries = entries;
  }

  /** The first value of a parameter; "" if it stands without one. */
  get(name: string): string | undefined {
    return this.entries.find(([entry]) => entry === name)?.[1];
  }

  has(name: string): boolean {
    return this.entries.some(([entry]) => entry === name);
  }
}

/** A request as S3 sees it, apart from its body. */
export interface Address {
  method: string;
  bucket: string | undefined;
  key: string | undefined;
  /** Whether the bucket stands in the host's name. */
  hosted: boolean;
  /** The path as sent, percent-encoding and dots untouched: what was signed. */
  path: string;
  query: Query;
  /** The headers as sent: what was signed. */
  sent: ReadHeaders;
  /** What the request says in headers, and in a presigned URL's query in their stead. */
  headers: ReadHeaders;
  /** `Accept-Encoding` as the client sent it, if the platform replaced it on the way. */
  clientAcceptEncoding: string | undefined;
  secure: boolean;
  /** The version of TLS that the client speaks to the edge, e.g. `1.3`; undefined where nobody knows. */
  tlsVersion: string | undefined;
  /** Whether keys may be sent over this connection. */
  confidential: boolean;
}

/**
 * Reads a request's address. `domains` are the hosts whose subdomains are buckets; `plainKeys`: encryption keys may come
 * over plain HTTP. Throws InvalidURI for what is not
 * percent-encoded UTF-8, KeyTooLongError.
 */
export function readAddress(
  request: Request,
  { domains, plainKeys }: { domains: readonly string[]; plainKeys: boolean },
): Address {
  const [path, rawQuery] = splitUrl(request.url);
  const sent = new SentHeaders(request.headers);
  const host = (sent.get("host") ?? "").replace(/:\d*$/, "").toLowerCase();
  const [domain] = domains.filter((name) => host.endsWith(`.${name}`)).sort((a, b) => b.length - a.length);
  const hosted = domain === undefined ? undefined : host.slice(0, -domain.length - 1);
  const names = path.slice(1);
  const slash = names.indexOf("/");
  const [first, rest] = slash < 0 ? [names, ""] : [names.slice(0, slash), names.slice(slash + 1)];
  const bucket = hosted ?? percentDecode(first);
  const key = percentDecode(hosted === undefined ? rest : names);
  const keyBytes = utf8Length(key);
  if (keyBytes > MAX_KEY_BYTES) {
    throw new S3Error("KeyTooLongError", {
      elements: { Size: String(keyBytes), MaxSizeAllowed: String(MAX_KEY_BYTES) },
    });
  }
  const query = readQuery(rawQuery);
  const cf = (request as { cf?: { clientAcceptEncoding?: unknown; tlsVersion?: unknown } }).cf;
  return {
    method: request.method,
    bucket: bucket === "" && key === "" ? undefined : bucket,
    key: key === "" ? undefined : key,
    hosted: hosted !== undefined,
    path,
    query,
    sent,
    headers: withHoisted(request, query) ?? sent,
    clientAcceptEncoding: typeof cf?.clientAcceptEncoding === "string" ? cf.clientAcceptEncoding : undefined,
    secure: request.url.startsWith("https:"),
    tlsVersion: /^TLSv(\d\.\d)$/.exec(String(cf?.tlsVersion))?.[1],
    confidential: plainKeys || request.url.startsWith("https:"),
  };
}

/** Path and query of a URL as they were sent; `new URL` would fold `..` and so read another key. */
function splitUrl(url: string): [path: string, query: string] {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  const target = start < 0 ? "/" : url.slice(start);
  const question = target.indexOf("?");
  return question < 0 ? [target, ""] : [target.slice(0, question), target.slice(question + 1)];
}

/**
 * SDKs' presigners move headers into the query. S3 takes metadata, checksums and conditions from there, and nothing else; see
 * https://github.com/aws/aws-sdk-js-v3/issues/4694 and …/3496.
 */
const HOISTED = /^(x-amz-(meta-|checksum-(?!mode$))|if-(none-)?match$)/;

function withHoisted({ headers: sent }: Request, query: Query): ReadHeaders | undefined {
  const hoisted = query.entries.filter(([name]) => HOISTED.test(name.toLowerCase()));
  // Of either version.
  const presigned = query.has("X-Amz-Signature") || query.has("AWSAccessKeyId");
  if (hoisted.length === 0 || !presigned) return undefined;
  const headers = new Headers(sent);
  for (const [name, value] of hoisted) {
    if (!/^[\w.-]+$/.test(name) || /[\r\n\0]/.test(value)) throw new S3Error("InvalidURI");
    // What was signed goes before a header that need not be.
    if (!headers.has(name) || /^if-/i.test(name)) headers.set(name, value);
  }
  return headers;
}

/** Reads a query, or a form of the same spelling. Throws InvalidURI. */
export function readQuery(raw: string): Query {
  const entries = raw.split("&").flatMap((pair): [string, string][] => {
    if (pair === "") return [];
    const equals = pair.indexOf("=");
    const [name, value] = equals < 0 ? [pair, ""] : [pair.slice(0, equals), pair.slice(equals + 1)];
    // In a query, unlike in a path, a plus is a blank.
    return [[percentDecode(name.replaceAll("+", "%20")), percentDecode(value.replaceAll("+", "%20"))]];
  });
  return new Query(entries);
}

/** Percent-decoding that insists on well-formed UTF-8. */
export function percentDecode(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Error("InvalidURI");
  }
}
