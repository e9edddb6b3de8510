// The condition operators: how each reads what a policy asks for, and compares it with what the request says.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html

import { PolicyFault } from "./fault.ts";
import { isWithin, readIpRange } from "./ip-range.ts";
import type { Ask, Template } from "./language.ts";
import { fill } from "./template.ts";
import { matches, type Piece, type Steps } from "./wildcard.ts";

/** Whether one value of the request is what one value of the policy asks for. */
export type Test = (asked: string, ask: Ask) => boolean;

export interface Operator {
  /** It holds where no value of the policy fits, so also where the request has none. */
  negated: boolean;
  wildcards: boolean;
  /** Throws PolicyFault if the template can never be a value of this kind. */
  bind(template: Template): Test;
}

/** Compares pieces, filled in, with a text. */
function byPieces(
  compare: (pieces: readonly Piece[], asked: string, steps?: Steps) => boolean,
): Operator["bind"] {
  return (template) => (asked, ask) => {
    const pieces = fill(template, ask);
    return pieces !== undefined && compare(pieces, asked, ask.steps);
  };
}

const lowered = (pieces: readonly Piece[]): Piece[] =>
  pieces.map((piece) => (typeof piece === "string" ? piece.toLowerCase() : piece));

const ARN_PARTS = 6;

/** The six parts of an ARN, each as pieces: the last one has all other colons. */
function arnParts(pieces: readonly Piece[]): Piece[][] {
  const parts: Piece[][] = [[]];
  for (const piece of pieces) {
    let rest = piece;
    while (typeof rest === "string" && parts.length < ARN_PARTS && rest.includes(":")) {
      const colon = rest.indexOf(":");
      parts.at(-1)?.push(rest.slice(0, colon));
      parts.push([]);
      rest = rest.slice(colon + 1);
    }
    parts.at(-1)?.push(rest);
  }
  return parts;
}

/** Each of the six parts is matched for itself: no wildcard spans a colon, except within the last part. */
function matchesArn(pieces: readonly Piece[], asked: string, steps?: Steps): boolean {
  const wanted = arnParts(pieces);
  const found = arnParts([asked]);
  return (
    wanted.length === ARN_PARTS &&
    found.length === ARN_PARTS &&
    wanted.every((part, index) => matches(part, (found[index] ?? []).join(""), steps))
  );
}

/** Compares what both sides mean. Where a side means nothing, they are not equal. */
function byMeaning<T>(
  read: (text: string) => T | undefined,
  compare: (asked: T, wanted: T) => boolean,
): Operator["bind"] {
  return (template) => {
    const constant = template.fixed ? read(template.pieces.join("")) : undefined;
    if (template.fixed && constant === undefined) {
      throw new PolicyFault(`Invalid condition value: ${template.pieces.join("")}`);
    }
    return (asked, ask) => {
      const wanted = template.fixed ? constant : read(fill(template, ask)?.join("") ?? "");
      const given = read(asked);
      return wanted !== undefined && given !== undefined && compare(given, wanted);
    };
  };
}

function readNumber(text: string): number | undefined {
  return /^[+-]?\d{1,30}(\.\d{1,30})?$/.test(text) ? Number(text) : undefined;
}

const ISO_DATE = /^\d{4}-\d\d(-\d\d)?$/;
const ISO_TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d)(:\d\d(?:\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?$/;

/** Milliseconds since 1970, of an ISO 8601 date (W3C's profile; without a zone: UTC) or of seconds since 1970. */
function readDate(text: string): number | undefined {
  if (/^\d{1,12}(\.\d{1,9})?$/.test(text)) return Number(text) * 1000;
  const [, minutes, seconds = ":00", zone = "Z"] = ISO_TIME.exec(text) ?? [];
  const iso = minutes === undefined ? text : minutes + seconds + zone.replace(/^(...)(\d\d)$/, "$1:$2");
  if (minutes === undefined && !ISO_DATE.test(text)) return undefined;
  const time = Date.parse(iso);
  return Number.isNaN(time) ? undefined : time;
}

export function readBoolean(text: string): boolean | undefined {
  const lower = text.toLowerCase();
  return lower === "true" ? true : lower === "false" ? false : undefined;
}

/** The bytes, as hexadecimal digits. */
function readBase64(text: string): string | undefined {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/.test(text)) return undefined;
  return Array.from(atob(text), (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join("");
}

const same = <T>(asked: T, wanted: T): boolean => asked === wanted;

const EQUAL = byPieces((pieces, asked) => pieces.join("") === asked);
const EQUAL_IGNORING_CASE = byPieces((pieces, asked) => lowered(pieces).join("") === asked.toLowerCase());
const LIKE = byPieces(matches);
const ARN = byPieces(matchesArn);
const NUMBER = byMeaning(readNumber, same);
const DATE = byMeaning(readDate, same);
const IP = byMeaning(readIpRange, isWithin);

const plain = (bind: Operator["bind"]): Operator => ({ negated: false, wildcards: false, bind });
const negated = (bind: Operator["bind"]): Operator => ({ negated: true, wildcards: false, bind });
const wild = (operator: Operator): Operator => ({ ...operator, wildcards: true });

/** Every operator but Null, which asks whether the key is there. */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map([
  ["StringEquals", plain(EQUAL)],
  ["StringNotEquals", negated(EQUAL)],
  ["StringEqualsIgnoreCase", plain(EQUAL_IGNORING_CASE)],
  ["StringNotEqualsIgnoreCase", negated(EQUAL_IGNORING_CASE)],
  ["StringLike", wild(plain(LIKE))],
  ["StringNotLike", wild(negated(LIKE))],
  ["NumericEquals", plain(NUMBER)],
  ["NumericNotEquals", negated(NUMBER)],
  ["NumericLessThan", plain(byMeaning(readNumber, (asked, wanted) => asked < wanted))],
  ["NumericLessThanEquals", plain(byMeaning(readNumber, (asked, wanted) => asked <= wanted))],
  ["NumericGreaterThan", plain(byMeaning(readNumber, (asked, wanted) => asked > wanted))],
  ["NumericGreaterThanEquals", plain(byMeaning(readNumber, (asked, wanted) => asked >= wanted))],
  ["DateEquals", plain(DATE)],
  ["DateNotEquals", negated(DATE)],
  ["DateLessThan", plain(byMeaning(readDate, (asked, wanted) => asked < wanted))],
  ["DateLessThanEquals", plain(byMeaning(readDate, (asked, wanted) => asked <= wanted))],
  ["DateGreaterThan", plain(byMeaning(readDate, (asked, wanted) => asked > wanted))],
  ["DateGreaterThanEquals", plain(byMeaning(readDate, (asked, wanted) => asked >= wanted))],
  ["Bool", plain(byMeaning(readBoolean, same))],
  ["BinaryEquals", plain(byMeaning(readBase64, same))],
  ["IpAddress", plain(IP)],
  ["NotIpAddress", negated(IP)],
  ["ArnEquals", wild(plain(ARN))],
  ["ArnLike", wild(plain(ARN))],
  ["ArnNotEquals", wild(negated(ARN))],
  ["ArnNotLike", wild(negated(ARN))],
]);
