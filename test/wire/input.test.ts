import { describe, expect, it } from "vitest";
import { S3Error } from "../../src/wire/error.ts";
import { count, encodingType, header, httpDate, parsed, query, readFields } from "../../src/wire/input.ts";
import { addressOf } from "./asked.ts";

const asking = (search: string) => addressOf({ target: `/b${search}` });

function refusal(read: () => unknown): S3Error {
  try {
    read();
  } catch (error) {
    if (error instanceof S3Error) return error;
    throw error;
  }
  throw new Error("not refused");
}

describe("a count", () => {
  const maxKeys = count("max-keys", 1000, 1000);

  it.each([
    ["", 1000],
    ["?max-keys", 1000],
    ["?max-keys=", 1000],
    ["?max-keys=0", 0],
    ["?max-keys=1", 1],
    ["?max-keys=007", 7],
    ["?max-keys=1000", 1000],
    ["?max-keys=1001", 1000],
    ["?max-keys=2147483647", 1000],
    ["?max-keys=5&max-keys=6", 5],
    ["?Max-Keys=5", 1000],
  ])("of %j is %i", (search, value) => {
    expect(maxKeys(asking(search))).toBe(value);
  });

  it.each(["abc", "1.5", "1e3", "0x10", " 5", "5 ", "+5", "--5", "-", "NaN", "٣", "9".repeat(30)])(
    "is a number: not %j",
    (text) => {
      const error = refusal(() => maxKeys(asking(`?max-keys=${encodeURIComponent(text)}`)));
      expect([error.code, error.status]).toEqual(["InvalidArgument", 400]);
      expect(error.message).toBe("Provided max-keys not an integer or within integer range");
      expect(error.elements).toEqual({ ArgumentName: "max-keys", ArgumentValue: text });
    },
  );

  it.each(["-1", "-2147483649", "2147483648", "999999999999999999"])("is in range: not %s", (text) => {
    const error = refusal(() => maxKeys(asking(`?max-keys=${text}`)));
    expect(error.code).toBe("InvalidArgument");
    expect(error.message).toBe("Argument max-keys must be an integer between 0 and 2147483647");
  });

  it("has a least value, where there is one", () => {
    const number = count("partNumber", 1, 10_000, 1);
    expect(number(asking("?partNumber=1"))).toBe(1);
    expect(refusal(() => number(asking("?partNumber=0"))).message).toContain("between 1 and");
  });
});

describe("encoding-type", () => {
  it.each([
    ["", undefined],
    ["?encoding-type=url", "url"],
    ["?encoding-type=URL", "url"],
  ])("of %j is %j", (search, value) => {
    expect(encodingType(asking(search))).toBe(value);
  });

  it("is nothing else", () => {
    for (const value of ["base64", ""]) {
      const error = refusal(() => encodingType(asking(`?encoding-type=${value}`)));
      expect([error.code, error.message]).toEqual([
        "InvalidArgument",
        "Invalid Encoding Method specified in Request",
      ]);
    }
  });
});

describe("an HTTP date", () => {
  const since = (value?: string) =>
    httpDate("if-modified-since")(
      addressOf({ target: "/b/k", headers: value === undefined ? {} : { "if-modified-since": value } }),
    );
  const ms = Date.UTC(1994, 10, 6, 8, 49, 37);

  it("is read in the form that RFC 9110 prefers, and in ISO 8601, which clients send too", () => {
    expect(since("Sun, 06 Nov 1994 08:49:37 GMT")).toBe(ms);
    expect(since("1994-11-06T08:49:37Z")).toBe(ms);
  });

  it("that cannot be read is not there", () => {
    for (const value of [undefined, "", "yesterday", "Sun, 99 Nov 1994 08:49:37 GMT"]) {
      expect([value, since(value)]).toEqual([value, undefined]);
    }
  });
});

describe("the fields of a request", () => {
  it("are read by name, each from its place", () => {
    const fields = {
      prefix: query("prefix"),
      type: header("content-type"),
      length: parsed(query("prefix"), (text) => text.length),
      none: parsed(header("x-none"), () => "read"),
    };
    const address = addressOf({ target: "/b?prefix=a%2Fb", headers: { "Content-Type": " text/plain " } });
    expect(readFields(fields, address)).toEqual({
      prefix: "a/b",
      type: "text/plain",
      length: 3,
      none: undefined,
    });
  });

  it("tell an empty parameter from an absent one", () => {
    expect(query("prefix")(asking("?prefix"))).toBe("");
    expect(query("prefix")(asking(""))).toBeUndefined();
    expect(parsed(query("prefix"), (text) => [text])(asking("?prefix"))).toEqual([""]);
  });
});
