// The source text of the house, file by file, and what each file imports.

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

const ROOT = path.resolve(import.meta.dirname, "../..");

export interface Source {
  /** From the root on, e.g. `src/wire/xml.ts`. */
  name: string;
  text: string;
  /** The text without comments. */
  code: string;
}

/** All TypeScript below these folders. */
export function sourcesOf(...folders: string[]): Source[] {
  return folders.flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => path.posix.join(folder, name.replaceAll(path.sep, "/")))
      .toSorted()
      .map((name) => {
        const text = readText(name);
        return { name, text, code: withoutComments(text) };
      }),
  );
}

export function readText(name: string): string {
  return readFileSync(path.join(ROOT, name), "utf8");
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "$1");
}

/** What a file imports or passes on, types too, as written. */
export function importsOf({ code }: Source): string[] {
  const found = code.matchAll(
    /^\s*(?:import|export)\b(?:[^"';]*?\bfrom)?\s*"([^"]+)"|\bimport\(\s*["'`]([^"'`]+)["'`]/gm,
  );
  return [...found].map(([, plain, called]) => plain ?? called ?? "");
}

/** The files of ours that a file imports, from the root on. */
export function neighboursOf(source: Source): string[] {
  return importsOf(source)
    .filter((target) => target.startsWith("."))
    .map((target) => path.posix.join(path.posix.dirname(source.name), target));
}

/** The room that a file is in: the folder below src, or the file itself, e.g. `wire`, `serve`. */
export function roomOf(name: string): string {
  const [, first = "", second] = name.split("/");
  return second === undefined ? first.replace(/\.ts$/, "") : first;
}
