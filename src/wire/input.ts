// How an operation's fields are declared and read: parameters and headers become types at the border.

import type { Address } from "./address.ts";
import { invalidArgument } from "./error.ts";

/** Reads one value of a request; throws S3's error for a bad one. */
export type Field<T> = (address: Address) => T;

export type Fields = Record<string, Field<unknown>>;
export type FieldValues<F extends Fields> = { [K in keyof F]: F[K] extends Field<infer T> ? T : never };

export function readFields<F extends Fields>(fields: F, address: Address): FieldValues<F> {
  const values: Record<string, unknown> = {};
  for (const name in fields) values[name] = fields[name]?.(address);
  return values as FieldValues<F>;
}

/** A query parameter as sent, "" if it stands without a value. */
export function query(name: string): Field<string | undefined> {
  return (address) => address.query.get(name);
}

/** A request header, trimmed; undefined if absent. */
export function header(name: string): Field<string | undefined> {
  return (address) => address.headers.get(name) ?? undefined;
}

/** Reads a field further; the reader sees only what is there. */
export function parsed<T>(field: Field<string | undefined>, read: (text: string) => T): Field<T | undefined> {
  return (address) => {
    const text = field(address);
    return text === undefined ? undefined : read(text);
  };
}

/** Largest number S3 takes for a count. */
const MAX_COUNT = 2_147_483_647;

/** A count such as `max-keys`: `otherwise` if absent or empty, cut down to `most`. */
export function count(name: string, otherwise: number, most: number, least = 0): Field<number> {
  return (address) => {
    const text = address.query.get(name);
    if (text === undefined || text === "") return otherwise;
    if (!/^-?\d{1,18}$/.test(text)) {
      throw invalidArgument(`Provided ${name} not an integer or within integer range`, name, text);
    }
    const value = Number(text);
    if (value < least || value > MAX_COUNT) {
      throw invalidArgument(
        `Argument ${name} must be an integer between ${least} and ${MAX_COUNT}`,
        name,
        text,
      );
    }
    return Math.min(value, most);
  };
}

/** An HTTP date as ms since 1970; one that cannot be read is ignored, as RFC 9110 wants. */
export function httpDate(name: string): Field<number | undefined> {
  return (address) => {
    const ms = Date.parse(address.headers.get(name) ?? "");
    return Number.isNaN(ms) ? undefined : ms;
  };
}

/** `encoding-type`: only `url` is known. */
export const encodingType: Field<"url" | undefined> = (address) => {
  const text = address.query.get("encoding-type");
  if (text === undefined) return undefined;
  if (text.toLowerCase() === "url") return "url";
  throw invalidArgument("Invalid Encoding Method specified in Request", "encoding-type", text);
};
