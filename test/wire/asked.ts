// A request as the Worker is handed it, from raw text: Node's own Request would fold the path and drop the host.

import { type Address, readAddress } from "../../src/wire/address.ts";

export interface Asked {
  method?: string;
  /** Path and query as they stand in the request line. */
  target: string;
  host?: string;
  headers?: Record<string, string>;
  /** What the platform says beside the request. */
  cf?: { clientAcceptEncoding: string };
  scheme?: "http" | "https";
}

export function requestOf({
  method = "GET",
  target,
  host = "s3.test",
  headers = {},
  cf,
  scheme,
}: Asked): Request {
  const sent = new Headers(headers);
  if (!sent.has("host")) sent.set("host", host);
  const request = { method, url: `${scheme ?? "http"}://${host}${target}`, headers: sent, cf };
  // What an address is read from is all that is there.
  return request as unknown as Request;
}

export function addressOf(asked: Asked, domains: readonly string[] = [], plainKeys = false): Address {
  return readAddress(requestOf(asked), { domains, plainKeys });
}
