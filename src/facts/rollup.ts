// How any listing rolls rows in key order up into entries and common prefixes; every store that lists uses it.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-prefixes.html

import { prefixSuccessor } from "./key.ts";

/** What a caller asks to see. `delimiter` empty: no rolling up. `limit`: entries and common prefixes together. */
export interface Window {
  prefix: string;
  delimiter: string;
  limit: number;
  /** The listing starts after this key, or after everything below it if it is itself a common prefix. */
  after?: string | undefined;
  /** With `after`: rows of that very key whose `id` follows this one are still to come. */
  afterId?: string | undefined;
}

/** Where a store has to look next: the first row at `key` (`inclusive`), or behind it (behind `id` of that key). */
export interface Bound {
  key: string;
  inclusive: boolean;
  id?: string | undefined;
}

/** One page of a listing. `last` is the last entry's key or the last common prefix: what the next page starts after. */
export interface Page<Row> {
  entries: Row[];
  commonPrefixes: string[];
  truncated: boolean;
  last?: string | undefined;
}

/**
 * Takes rows in byte order of their keys, one at a time, and says after each what the store should do: give the `next`
 * row, `seek` to the new bound (past a common prefix), or stop because the page is `full`.
 */
export class Rollup<Row extends { key: string }> {
  readonly page: Page<Row> = { entries: [], commonPrefixes: [], truncated: false };
  bound: Bound | undefined;
  /** First text behind the prefix; undefined: no upper end. */
  readonly end: string | undefined;
  readonly #window: Window;

  constructor(window: Window) {
    this.#window = window;
    this.end = window.prefix === "" ? undefined : prefixSuccessor(window.prefix);
    this.bound = this.#firstBound();
  }

  /** Rows that may still be wanted: one more than fit, to learn whether the page is truncated. */
  get wanted(): number {
    return this.#window.limit - this.page.entries.length - this.page.commonPrefixes.length + 1;
  }

  offer(row: Row): "next" | "seek" | "full" {
    const common = commonPrefixOf(row.key, this.#window);
    if (this.wanted <= 1) {
      this.page.truncated = this.#window.limit > 0;
      return "full";
    }
    if (common === undefined) {
      this.page.entries.push(row);
      this.page.last = row.key;
      return "next";
    }
    this.page.commonPrefixes.push(common);
    this.page.last = common;
    const successor = prefixSuccessor(common);
    this.bound = successor === undefined ? undefined : { key: successor, inclusive: true };
    return "seek";
  }

  #firstBound(): Bound | undefined {
    const { prefix, after, afterId } = this.#window;
    const start: Bound = { key: prefix, inclusive: true };
    if (after === undefined || after === "") return start;
    if (after.startsWith(prefix) && commonPrefixOf(after, this.#window) === after) {
      const successor = prefixSuccessor(after);
      return successor === undefined ? undefined : { key: successor, inclusive: true };
    }
    // A marker before the prefix changes nothing; the store compares bytes, so ask which of both comes later there.
    return compareUtf8(after, prefix) < 0
      ? start
      : { key: after, inclusive: false, id: after.startsWith(prefix) ? afterId : undefined };
  }
}

/**
 * The window behind a marker (`after`, with `afterId`): one inside a common prefix is behind all of that, since what is shown
 * must itself come after the marker.
 */
export function behindMarker(window: Window): Window {
  const { prefix, after = "" } = window;
  const common = after.startsWith(prefix) ? commonPrefixOf(after, window) : undefined;
  return common === undefined || common === after ? window : { ...window, after: common, afterId: undefined };
}

function commonPrefixOf(
  key: string,
  { prefix, delimiter }: Pick<Window, "prefix" | "delimiter">,
): string | undefined {
  if (delimiter === "") return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}

/** Byte order of two texts' UTF-8: negative, zero or positive. (`<` compares UTF-16 units, which order otherwise.) */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    const xSurrogate = x >= 0xd800 && x <= 0xdfff;
    const ySurrogate = y >= 0xd800 && y <= 0xdfff;
    if (xSurrogate !== ySurrogate) return xSurrogate ? 1 : -1;
    return x - y;
  }
  return a.length - b.length;
}
