// How IAM and STS write their answers: values as XML, lists in `member` elements, maps in `entry` elements.

import type { Reply } from "../wire/output.ts";
import { escapeXml } from "../wire/xml.ts";
import type { QueryFault } from "./fault.ts";

/** A value of an answer. Names are the wire's; what is undefined is left out. */
export type Xml =
  | string
  | number
  | boolean
  | undefined
  | readonly Xml[]
  | ReadonlyMap<string, Xml>
  | { readonly [name: string]: Xml };

export type Service = "iam" | "sts";

const NAMESPACES: Readonly<Record<Service, string>> = {
  iam: "https://iam.amazonaws.com/doc/2010-05-08/",
  sts: "https://sts.amazonaws.com/doc/2011-06-15/",
};

function inside(value: Xml): string {
  if (value === undefined) return "";
  if (typeof value !== "object") return escapeXml(String(value));
  if (isList(value)) return value.map((item) => element("member", item)).join("");
  if (isMap(value)) {
    return [...value].map(([key, item]) => element("entry", { key, value: item })).join("");
  }
  return Object.entries(value)
    .map(([name, item]) => (item === undefined ? "" : element(name, item)))
    .join("");
}

function isList(value: object): value is readonly Xml[] {
  return Array.isArray(value);
}

function isMap(value: object): value is ReadonlyMap<string, Xml> {
  return value instanceof Map;
}

function element(name: string, value: Xml, attributes = ""): string {
  return `<${name}${attributes}>${inside(value)}</${name}>`;
}

function reply(status: number, root: string, service: Service, value: Xml): Reply {
  const document = element(root, value, ` xmlns="${NAMESPACES[service]}"`);
  return { status, headers: { "content-type": "text/xml" }, body: `${document}\n` };
}

/** The answer to an action; one that gives nothing has no result element. */
export function answer(
  { name, service }: { name: string; service: Service },
  result: Xml,
  requestId: string,
): Reply {
  const metadata = { ResponseMetadata: { RequestId: requestId } };
  const value = result === undefined ? metadata : { [`${name}Result`]: result, ...metadata };
  return reply(200, `${name}Response`, service, value);
}

/** The document of a refusal. */
export function faultReply({ code, message, status }: QueryFault, requestId: string): Reply {
  const error = { Type: status < 500 ? "Sender" : "Receiver", Code: code, Message: message };
  const answer = reply(status, "ErrorResponse", "iam", { Error: error, RequestId: requestId });
  return status === 503 ? { ...answer, headers: { ...answer.headers, "retry-after": "1" } } : answer;
}

/** ms since 1970 as IAM shows times: whole seconds. */
export function time(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}/, "");
}
