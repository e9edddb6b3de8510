// Reads the documents that S3 answers with, by a parser of their own.

import { XMLParser } from "fast-xml-parser";

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: false,
  ignoreDeclaration: true,
  processEntities: false,
});

type Parsed = { [name: string]: Parsed[] | string };

/** An element: what stands directly in it, and its children by name. */
export class Element {
  readonly name: string;
  readonly #inside: readonly Parsed[];

  constructor(name: string, inside: readonly Parsed[]) {
    this.name = name;
    this.#inside = inside;
  }

  /** Names of the children in order. */
  get names(): string[] {
    return this.#inside.flatMap((item) => Object.keys(item)).filter((name) => name !== "#text");
  }

  /** The children in order. */
  get elements(): Element[] {
    return this.#inside.flatMap((item) =>
      Object.entries(item).flatMap(([name, content]) =>
        Array.isArray(content) ? [new Element(name, content)] : [],
      ),
    );
  }

  get text(): string {
    return this.#inside
      .map((item) => (typeof item["#text"] === "string" ? plain(item["#text"]) : ""))
      .join("");
  }

  /** All children of a name, or at the end of a path such as `Buckets/Bucket`. */
  all(path: string): Element[] {
    const [name = "", ...rest] = path.split("/");
    const here = this.#inside.flatMap((item) => {
      const content = item[name];
      return Array.isArray(content) ? [new Element(name, content)] : [];
    });
    return rest.length === 0 ? here : here.flatMap((child) => child.all(rest.join("/")));
  }

  /** The text of the only child of this name; undefined if there is none. */
  get(path: string): string | undefined {
    const [first, second] = this.all(path);
    if (second !== undefined) throw new Error(`several ${path} in ${this.name}`);
    return first?.text;
  }

  texts(path: string): string[] {
    return this.all(path).map(({ text }) => text);
  }
}

/** The root of a document. */
export function xml(text: string): Element {
  const roots = parser.parse(text) as Parsed[];
  const [name, inside] = Object.entries(roots[0] ?? {})[0] ?? [];
  if (name === undefined || !Array.isArray(inside) || roots.length !== 1) {
    throw new Error(`not a document: ${JSON.stringify(text.slice(0, 500))}`);
  }
  return new Element(name, inside);
}

const NAMED: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function plain(text: string): string {
  return text.replace(/&(#x[0-9a-fA-F]+|#\d+|\w+);/g, (whole, name: string) => {
    if (name.startsWith("#x")) return String.fromCodePoint(Number.parseInt(name.slice(2), 16));
    if (name.startsWith("#")) return String.fromCodePoint(Number(name.slice(1)));
    return NAMED[name] ?? whole;
  });
}

/** Text as a document carries it. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"\x00-\x1f\x7f]/g, (character) => `&#${character.charCodeAt(0)};`);
}
