// Signature version 2 once more, by the rules and not by the code under test, and requests sent as they were signed.

import { createHmac } from "node:crypto";
import type { Answer, Client } from "../support/client.ts";
import { ROOT_ACCESS_KEY, ROOT_SECRET } from "../support/test-server.ts";

/** What signing takes. */
export interface Wanted {
  method?: string;
  /** As it is signed; `path` as it is sent, if that is something else. */
  resource: string;
  path?: string;
  /** In place of the date. */
  date?: string;
  md5?: string;
  type?: string;
  /** Lower-case names in order. */
  amz?: Record<string, string>;
  /** Sent, and not signed. */
  more?: Record<string, string>;
  body?: string;
}

function signature(
  { method = "GET", resource, md5 = "", type = "", amz = {} }: Wanted,
  date: string,
  secret = ROOT_SECRET,
): string {
  const headers = Object.entries(amz).map(([name, value]) => `${name}:${value}\n`);
  const text = `${method}\n${md5}\n${type}\n${date}\n${headers.join("")}${resource}`;
  return createHmac("sha1", secret).update(text).digest("base64");
}

/** A request signed in its header, as it will be sent. */
export function signed(wanted: Wanted, secret = ROOT_SECRET): Sent {
  const { method = "GET", resource, path = resource, md5, type, amz = {}, more, body } = wanted;
  const date = wanted.date ?? new Date().toUTCString();
  const inAmz = "x-amz-date" in amz;
  const headers = {
    ...(!inAmz && { date }),
    ...(md5 !== undefined && { "content-md5": md5 }),
    ...(type !== undefined && { "content-type": type }),
    ...amz,
    authorization: `AWS ${ROOT_ACCESS_KEY}:${signature(wanted, inAmz ? "" : date, secret)}`,
    ...more,
  };
  return { method, path, headers, ...(body !== undefined && { body }) };
}

export interface Sent {
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: string;
}

/** A URL's path and query, as boto3 signs it. */
export function link(wanted: Wanted, expires = 4_102_444_800): string {
  const query = new URLSearchParams({
    AWSAccessKeyId: ROOT_ACCESS_KEY,
    Expires: String(expires),
    Signature: signature(wanted, String(expires)),
  });
  const { path = wanted.resource } = wanted;
  return `${path}${path.includes("?") ? "&" : "?"}${query}`;
}

export function send(client: Client, { method, path, headers, body }: Sent): Promise<Answer> {
  return client.sendSigned(method, path, { host: new URL(client.settings.url).host, ...headers }, body);
}
