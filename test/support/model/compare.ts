// Holds an answer against what had to be answered, field by field; what only the server can choose is learnt from the first
// answer that shows it, and has to stay so.

import type { Answer } from "../client.ts";
import { type Element, xml } from "../xml.ts";
import { copyState, type Expected, nameOf, type Opaque, type State, type Value } from "./state.ts";

/** Headers of HTTP and of this server, which S3 does not define. */
const OTHERS = new Set(
  "date server connection keep-alive transfer-encoding x-amz-request-id x-amz-id-2 x-test-bill".split(" "),
);

/** How far the clocks of client and server may differ, in ms; workerd's stands still while it computes. */
const SLACK_MS = 1500;

const FORMS: Record<Opaque["opaque"], RegExp> = {
  version: /^[0-9a-z]{32}$/,
  upload: /^[0-9a-z]{20,}$/,
  time: /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z|\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT)$/,
  until: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
  owner: /./,
  token: /^[\w-]+$/,
};

class Differs extends Error {}

/** The state with what was learnt from the answer, or in what it differs. */
export function compare(state: State, expected: Expected, answer: Answer): State | string {
  const next = copyState(state);
  try {
    compareAll(next, expected, answer);
    return next;
  } catch (error) {
    if (error instanceof Differs) return error.message;
    throw error;
  }
}

function compareAll(state: State, expected: Expected, answer: Answer): void {
  const { status, text } = answer;
  if (status !== expected.status) {
    const wanted = `${expected.status} ${expected.error?.Code ?? ""}`;
    throw new Differs(`the status is ${status}, and should be ${wanted}: ${text.slice(0, 600)}`);
  }
  compareHeaders(state, expected, answer);
  if (expected.error !== undefined) compareError(state, expected.error, answer);
  else if (expected.document !== undefined) {
    const root = xml(text);
    if (root.name !== expected.document.name) throw new Differs(`the document is ${root.name}`);
    compareElement(state, root.name, expected.document.inside, root);
  } else {
    const bytes = expected.bytes ?? Buffer.alloc(0);
    if (!bytes.equals(answer.bytes)) {
      throw new Differs(`the body is ${excerpt(answer.bytes)}, and should be ${excerpt(bytes)}`);
    }
  }
}

const excerpt = (bytes: Buffer): string =>
  `${bytes.length} bytes ${JSON.stringify(bytes.toString("utf8", 0, 40))}`;

function compareHeaders(state: State, { headers, error }: Expected, { headers: sent }: Answer): void {
  const wanted: Expected["headers"] = error ? { "content-type": "application/xml", ...headers } : headers;
  const names = new Set([...Object.keys(wanted), ...Object.keys(sent)]);
  for (const name of names) {
    const value = wanted[name];
    const is = sent[name] === undefined ? undefined : String(sent[name]);
    // A document's length is the platform's to say.
    if (OTHERS.has(name) || (name === "content-length" && value === undefined)) continue;
    if (value === undefined || is === undefined) {
      if (value !== is) throw new Differs(`the header ${name} is ${is}, and should be ${inWords(value)}`);
    } else compareText(state, `the header ${name}`, value, is);
  }
}

function compareError(state: State, error: Record<string, Value>, answer: Answer): void {
  // A HEAD's has no body.
  if (answer.bytes.length === 0) return;
  const root = xml(answer.text);
  if (root.name !== "Error") throw new Differs(`the document is ${root.name}`);
  for (const name of ["Message", "Resource", "RequestId", "HostId"]) {
    if (!root.get(name)) throw new Differs(`the error has no ${name}`);
  }
  const { headers } = answer;
  const [id, host] = [root.get("RequestId"), root.get("HostId")];
  if (id !== headers["x-amz-request-id"] || host !== headers["x-amz-id-2"]) {
    throw new Differs("the error's ids are not those of the headers");
  }
  const same = Object.fromEntries(
    ["Message", "Resource", "RequestId", "HostId"].map((name) => [name, root.get(name)]),
  );
  compareElement(state, "Error", { ...same, ...error }, root);
}

const INTERLEAVED = "Version or DeleteMarker";

function compareElement(state: State, path: string, wanted: Value, element: Element): void {
  if (!isRecord(wanted)) {
    if (element.names.length > 0) throw new Differs(`${path} holds elements`);
    compareText(state, path, wanted, element.text);
    return;
  }
  const children = childrenOf(element);
  for (const name of new Set([...Object.keys(wanted), ...children.keys()])) {
    const value = wanted[name];
    const list: Value[] = value === undefined ? [] : isList(value) ? [...value] : [value];
    const found = children.get(name) ?? [];
    // Of an entry that was refused within an answer.
    if (name === "Message" && value === undefined && found[0]?.text) continue;
    if (list.length !== found.length) {
      const shown = `${found.map(inShort).join(" ")}, and should be ${list.map(inWords).join(" ")}`;
      throw new Differs(`${path} has ${found.length} ${name} instead of ${list.length}: ${shown}`);
    }
    for (const [at, each] of found.entries()) {
      const asked = list[at];
      const place = `${path}/${name}${list.length > 1 ? `[${at}]` : ""}`;
      if (name !== INTERLEAVED) compareElement(state, place, asked, each);
      else {
        const { is, ...inside } = asked as Record<string, Value>;
        if (is !== each.name)
          throw new Differs(`${place} is ${inShort(each)}, and should be ${inWords(asked)}`);
        compareElement(state, place, inside, each);
      }
    }
  }
}

/** An element's children by name; versions and delete markers together, as they come. */
function childrenOf(element: Element): Map<string, Element[]> {
  const children = new Map<string, Element[]>();
  const passed = new Map<string, number>();
  for (const name of element.names) {
    const at = passed.get(name) ?? 0;
    passed.set(name, at + 1);
    const child = element.all(name)[at];
    const isEntry = element.name === "ListVersionsResult" && /^(Version|DeleteMarker)$/.test(name);
    const group = isEntry ? INTERLEAVED : name;
    if (child === undefined) continue;
    const list = children.get(group);
    if (list === undefined) children.set(group, [child]);
    else list.push(child);
  }
  return children;
}

const isList = (value: Value): value is readonly Value[] => Array.isArray(value);

function isRecord(value: Value): value is { readonly [name: string]: Value } {
  return typeof value === "object" && !isList(value) && !("opaque" in value);
}

function compareText(state: State, place: string, wanted: Value, is: string): void {
  if (typeof wanted === "object" && "opaque" in wanted) {
    learn(state, place, wanted as Opaque, is);
  } else if (String(wanted) !== is) {
    throw new Differs(`${place} is ${JSON.stringify(is)}, and should be ${JSON.stringify(String(wanted))}`);
  }
}

/** Takes what is shown for what it stands for, if it may be that. */
function learn(state: State, place: string, opaque: Opaque, is: string): void {
  const name = nameOf(opaque);
  const known = state.seen.get(name);
  if (known === is) return;
  if (known !== undefined) throw new Differs(`${place} was ${known}, and is now ${is}`);
  if (!FORMS[opaque.opaque].test(is)) throw new Differs(`${place} is ${JSON.stringify(is)}`);
  if (opaque.opaque === "version" || opaque.opaque === "upload") {
    const other = [...state.seen].find(([, value]) => value === is);
    if (other !== undefined)
      throw new Differs(`${place} is ${is}, which was shown for another (${other[0]})`);
  }
  if (opaque.opaque === "time") learnTime(state, place, opaque, is);
  state.seen.set(name, is);
}

function learnTime(state: State, place: string, opaque: Opaque, is: string): void {
  const ms = Date.parse(is);
  const windows = state.windows.get(opaque.n) ?? [[-Infinity, Infinity]];
  if (!windows.some(([from, to]) => ms >= from - SLACK_MS && ms <= to + SLACK_MS)) {
    throw new Differs(`${place} is ${is}, when nothing was written`);
  }
  if (opaque.as === "header") return;
  const inHeaders = nameOf({ ...opaque, as: "header" });
  const seconds = new Date(ms).toUTCString();
  const known = state.seen.get(inHeaders);
  if (known !== undefined && known !== seconds) throw new Differs(`${place} is ${is}, and was ${known}`);
  state.seen.set(inHeaders, seconds);
}

function inWords(value: Value): string {
  return JSON.stringify(value) ?? "absent";
}

function inShort(element: Element): string {
  const key = element.names.includes("Key") ? element.get("Key") : element.text;
  return `${element.name}(${key})`;
}
