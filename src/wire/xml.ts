// How an XML document is declared: one value that reads it, writes it and types it. PascalCase names are the wire's.

import { XMLParser, XMLValidator } from "fast-xml-parser";
import { S3Error } from "./error.ts";

/** Largest document read, in bytes: DeleteObjects with 1,000 keys of 1,024 bytes, escaped, fits. */
export const MAX_XML_BYTES = 8 * 1024 * 1024;

/** Most tags in a document read: Complete with 10,000 parts, each with a checksum, has about 80,000. */
const MAX_XML_TAGS = 120_000;

/** Deepest nesting read; no document of S3's goes beyond 10. */
const MAX_XML_DEPTH = 16;

const NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";

/** An element as read: its text, or its children. */
interface Node {
  name: string;
  text: string;
  children: Node[];
}

/** Writes a value as an element's inside, and reads it back. */
export interface Codec<T> {
  write(value: T): string;
  read(node: Node): T;
}

/** A child element of a structure. */
interface Member<T, Kind extends "one" | "optional" | "many"> {
  kind: Kind;
  wire: string;
  write(value: T): string;
  read(nodes: Node[]): T;
}

// biome-ignore lint/suspicious/noExplicitAny: a structure's members differ in type; `Shaped` gives each its own again.
type Members = Record<string, Member<any, "one" | "optional" | "many">>;
type ValueOf<M> = M extends Member<infer T, "one" | "optional" | "many"> ? T : never;
type OptionalNames<M extends Members> = {
  [K in keyof M]: M[K] extends Member<unknown, "optional"> ? K : never;
}[keyof M];
type Shaped<M extends Members> = { [K in Exclude<keyof M, OptionalNames<M>>]: ValueOf<M[K]> } & {
  [K in OptionalNames<M>]?: ValueOf<M[K]> | undefined;
};

/** A whole document: a root element with a structure in it. */
export interface Shape<T> {
  write(value: T): string;
  /** Throws MalformedXML for anything that is not this document. */
  read(text: string): T;
}

export type ShapeValue<S> = S extends Shape<infer T> ? T : never;

function malformed(): S3Error {
  return new S3Error("MalformedXML");
}

/** Escapes text for XML. Control characters become references, as S3 writes them, although XML 1.0 has none. */
export function escapeXml(text: string): string {
  return /[&<>"\x00-\x1f\x7f]/.test(text) ? text.replace(/[&<>"\x00-\x1f\x7f]/g, escapeCharacter) : text;
}

function escapeCharacter(character: string): string {
  const named: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return named[character] ?? `&#${character.charCodeAt(0)};`;
}

export const text: Codec<string> = {
  write: escapeXml,
  read: (node) => node.text,
};

export const integer: Codec<number> = {
  write: String,
  read({ text: digits }) {
    if (!/^\s*-?\d{1,15}\s*$/.test(digits)) throw malformed();
    return Number(digits);
  },
};

export const flag: Codec<boolean> = {
  write: String,
  read({ text: word }) {
    const value = new Map([
      ["true", true],
      ["false", false],
    ]).get(word.trim().toLowerCase());
    if (value === undefined) throw malformed();
    return value;
  },
};

/** ms since 1970, written as S3 does: whole seconds, with milliseconds of zero. */
export const time: Codec<number> = {
  write: (ms) => new Date(Math.floor(ms / 1000) * 1000).toISOString(),
  read(node) {
    const ms = Date.parse(node.text.trim());
    if (Number.isNaN(ms)) throw malformed();
    return ms;
  },
};

/** ms since 1970, to the millisecond: what is read can be put back. */
export const instant: Codec<number> = {
  write: (ms) => new Date(ms).toISOString(),
  read: time.read,
};

/** An etag: written in quotes, read with or without them. */
export const etag: Codec<string> = {
  write: (value) => `&quot;${escapeXml(value)}&quot;`,
  read: (node) => node.text.trim().replace(/^"(.*)"$/, "$1"),
};

/** `attributes` stands in the start tag as it is, e.g. an xsi:type. */
function element(wire: string, inside: string, attributes = ""): string {
  return `<${wire}${attributes && ` ${attributes}`}>${inside}</${wire}>`;
}

export function one<T>(
  wire: string,
  codec: Codec<T>,
  attributes: (value: T) => string = () => "",
): Member<T, "one"> {
  return {
    kind: "one",
    wire,
    write: (value) => element(wire, codec.write(value), attributes(value)),
    read([first, ...more]) {
      if (first === undefined || more.length > 0) throw malformed();
      return codec.read(first);
    },
  };
}

export function optional<T>(wire: string, codec: Codec<T>): Member<T | undefined, "optional"> {
  return {
    kind: "optional",
    wire,
    write: (value) => (value === undefined ? "" : element(wire, codec.write(value))),
    read([first, ...more]) {
      if (more.length > 0) throw malformed();
      return first && codec.read(first);
    },
  };
}

export function many<T>(wire: string, codec: Codec<T>): Member<T[], "many"> {
  return {
    kind: "many",
    wire,
    write(values) {
      let all = "";
      for (const value of values) all += element(wire, codec.write(value));
      return all;
    },
    read: (nodes) => nodes.map(codec.read),
  };
}

/** Elements of several kinds in one order, each value naming its kind. Written only: no document read has them. */
export function interleaved<M extends Members>(
  members: M,
): Member<{ [K in keyof M]: { [P in K]: ValueOf<M[K]> } }[keyof M][], "many"> {
  return {
    kind: "many",
    wire: "",
    write: (values) =>
      values
        .map((value) =>
          Object.entries(value)
            .map(([name, one]) => members[name]?.write(one) ?? "")
            .join(""),
        )
        .join(""),
    read: () => [],
  };
}

/** An element with children, written in the order declared, read in any; unknown children are passed over, as S3 does. */
export function struct<M extends Members>(members: M): Codec<Shaped<M>> {
  const list = Object.entries(members);
  return {
    write(value) {
      const record = value as Record<string, unknown>;
      let inside = "";
      for (const [name, member] of list) inside += member.write(record[name]);
      return inside;
    },
    read(node) {
      const found = list.map(([name, member]) => {
        const nodes = node.children.filter((child) => child.name === member.wire);
        return [name, member.read(nodes)] as const;
      });
      return Object.fromEntries(found.filter(([, value]) => value !== undefined)) as Shaped<M>;
    },
  };
}

/** A document with this root. Written with S3's namespace, or with none; read with or without it. */
export function shape<T>(root: string, codec: Codec<T>, { bare = false }: { bare?: boolean } = {}): Shape<T> {
  return {
    write: (value) =>
      `<?xml version="1.0" encoding="UTF-8"?>\n${element(root, codec.write(value), bare ? undefined : `xmlns="${NAMESPACE}"`)}`,
    read(source) {
      const node = parse(source);
      if (node.name !== root) throw malformed();
      return codec.read(node);
    },
  };
}

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: true,
  removeNSPrefix: true,
  parseTagValue: false,
  trimValues: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  processEntities: false,
  cdataPropName: "#cdata",
  // It does not count the root.
  maxNestedTags: MAX_XML_DEPTH - 1,
});

function parse(source: string): Node {
  // No document of S3's has a DTD: refusing it unread refuses every entity but XML's own five.
  if (source.includes("<!DOCTYPE") || source.includes("<!ENTITY")) throw malformed();
  if (tagsIn(source) > MAX_XML_TAGS) throw malformed();
  const roots = nodes(parsed(source));
  const [root] = roots.children;
  if (root === undefined || roots.children.length !== 1 || roots.text.trim() !== "") throw malformed();
  return root;
}

/** Counted before anything is parsed: a tree takes many times the memory of its text. */
function tagsIn(source: string): number {
  let tags = 0;
  for (let at = source.indexOf("<"); at >= 0; at = source.indexOf("<", at + 1)) tags += 1;
  return tags;
}

/** The parser throws plain errors of its own for what it does not like: depth, and names such as `__proto__`. */
function parsed(source: string): unknown {
  try {
    if (XMLValidator.validate(source) === true) return parser.parse(source);
  } catch {
    // Malformed, whatever it was.
  }
  throw malformed();
}

/** The parser's ordered output: `[{ Tag: [children…] }, { "#text": "…" }, …]`. */
function nodes(parsed: unknown): Pick<Node, "text" | "children"> {
  const inside = { text: "", children: [] as Node[] };
  for (const item of Array.isArray(parsed) ? (parsed as Record<string, unknown>[]) : []) {
    for (const [name, content] of Object.entries(item)) {
      if (name === "#text") inside.text += unescapeXml(String(content));
      else if (name === "#cdata") inside.text += cdataText(content);
      else if (name !== ":@") inside.children.push({ name, ...nodes(content) });
    }
  }
  return inside;
}

function cdataText(content: unknown): string {
  const [first] = Array.isArray(content) ? (content as Record<string, unknown>[]) : [];
  return String(first?.["#text"] ?? "");
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
]);

function unescapeXml(source: string): string {
  return source.replace(/&([^;&\s]{0,10});?/g, (_whole, name: string) => {
    const known = ENTITIES.get(name);
    if (known !== undefined) return known;
    const digits = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(name);
    const point =
      digits === null ? Number.NaN : Number.parseInt(digits[1] ?? digits[2] ?? "", digits[1] ? 16 : 10);
    if (!(point > 0 && point <= 0x10ffff) || (point >= 0xd800 && point <= 0xdfff)) throw malformed();
    return String.fromCodePoint(point);
  });
}
