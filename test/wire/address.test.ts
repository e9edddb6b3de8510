import { describe, expect, it } from "vitest";
import { percentDecode, Query } from "../../src/wire/address.ts";
import { S3Error } from "../../src/wire/error.ts";
import { type Asked, addressOf } from "./asked.ts";

const DOMAINS = ["s3.test", "s3.example.com"];

function refusal(read: () => unknown): S3Error {
  try {
    read();
  } catch (error) {
    if (error instanceof S3Error) return error;
    throw error;
  }
  throw new Error("not refused");
}

function place(asked: Asked, domains = DOMAINS): [bucket: string | undefined, key: string | undefined] {
  const { bucket, key } = addressOf(asked, domains);
  return [bucket, key];
}

describe("a path-style address", () => {
  it.each([
    ["/", undefined, undefined],
    ["/b", "b", undefined],
    ["/b/", "b", undefined],
    ["/b/k", "b", "k"],
    ["/b/k/", "b", "k/"],
    ["/b//", "b", "/"],
    ["/b//k", "b", "/k"],
    ["/b/a//c", "b", "a//c"],
    ["/b/../c", "b", "../c"],
    ["/b/a/./../c/..", "b", "a/./../c/.."],
    ["/b/%2e%2e/c", "b", "../c"],
    ["/b/a%2Fc", "b", "a/c"],
    ["/b/%2F", "b", "/"],
    ["/b%2Fk", "b/k", undefined],
    ["//k", "", "k"],
    ["/b/a+c", "b", "a+c"],
    ["/b/a%20c", "b", "a c"],
    ["/b/a%2Bc", "b", "a+c"],
    ["/b/100%25", "b", "100%"],
    ["/b/%2525", "b", "%25"],
    ["/b/caf%C3%A9", "b", "café"],
    ["/b/cafe%CC%81", "b", "cafe\u0301"],
    ["/b/%F0%9F%98%80", "b", "😀"],
    ["/b/%00%0A%7F", "b", "\0\n\x7f"],
    ["/b/a?x/y", "b", "a"],
    ["/b/a%3Fx", "b", "a?x"],
    ["/b/a;x=1,2", "b", "a;x=1,2"],
  ])("reads %s", (target, bucket, key) => {
    expect(place({ target, host: "s3.test" })).toEqual([bucket, key]);
    expect(place({ target, host: "127.0.0.1:9000" })).toEqual([bucket, key]);
  });
});

describe("a virtual-hosted address", () => {
  it.each([
    ["b.s3.test", "/", "b", undefined],
    ["b.s3.test", "/k", "b", "k"],
    ["b.s3.test", "/a/k/", "b", "a/k/"],
    ["b.s3.test", "//k", "b", "/k"],
    ["b.s3.test", "/../k", "b", "../k"],
    ["b.s3.test", "/b%2Fk", "b", "b/k"],
    ["b.s3.test:9000", "/k", "b", "k"],
    ["B.S3.Test", "/k", "b", "k"],
    ["a.b.c.s3.test", "/k", "a.b.c", "k"],
    ["b.s3.example.com", "/k", "b", "k"],
    ["s3.test", "/b/k", "b", "k"],
    ["s3.test:443", "/b/k", "b", "k"],
    ["xs3.test", "/b/k", "b", "k"],
    ["b.s3.test.example.org", "/b/k", "b", "k"],
    ["[::1]:9000", "/b/k", "b", "k"],
  ])("reads http://%s%s", (host, target, bucket, key) => {
    expect(place({ target, host })).toEqual([bucket, key]);
  });

  it("is an ordinary one where no domain is set up", () => {
    expect(place({ target: "/b/k", host: "x.s3.test" }, [])).toEqual(["b", "k"]);
  });
});

describe("an address", () => {
  it("keeps its path as it was sent", () => {
    for (const path of ["/b/a/../c", "/b//%7e%2F", "/b/a+c%20"]) {
      expect(addressOf({ target: `${path}?x=1` }).path).toBe(path);
    }
  });

  it("knows whether it came over TLS, and how", () => {
    expect(addressOf({ target: "/", scheme: "https" }).secure).toBe(true);
    expect(addressOf({ target: "/", scheme: "http" }).secure).toBe(false);
    expect(addressOf({ target: "/", scheme: "https" }).confidential).toBe(true);
    expect(addressOf({ target: "/", scheme: "http" }).confidential).toBe(false);
    expect(addressOf({ target: "/", scheme: "http" }, [], true).confidential).toBe(true);
    expect(addressOf({ target: "/" }).clientAcceptEncoding).toBeUndefined();
    expect(addressOf({ target: "/", cf: { clientAcceptEncoding: "br" } }).clientAcceptEncoding).toBe("br");
    expect(addressOf({ target: "/", method: "PUT" }).method).toBe("PUT");
  });

  it.each([
    "/b/%",
    "/b/%2",
    "/b/%zz",
    "/b/%%20",
    "/%ff",
    "/b/%C3%28",
    "/b/%C0%80",
    "/b/%ED%A0%80",
    "/b/%F4%90%80%80",
    "/b?prefix=%",
    "/b?%E9",
    "/b?x=%C3",
  ])("that is not percent-encoded UTF-8 is InvalidURI: %s", (target) => {
    const { code, status } = refusal(() => addressOf({ target }));
    expect([code, status]).toEqual(["InvalidURI", 400]);
  });

  it.each([
    ["a", 1024],
    ["é", 512],
    ["中", 341],
    ["😀", 256],
  ])("has a key of at most 1,024 bytes of UTF-8: %s", (character, most) => {
    const target = (count: number) => `/b/${encodeURIComponent(character.repeat(count))}`;
    expect(addressOf({ target: target(most) }).key).toHaveLength(character.length * most);
    const error = refusal(() => addressOf({ target: target(most + 1) }));
    const size = Buffer.byteLength(character) * (most + 1);
    expect([error.code, error.status]).toEqual(["KeyTooLongError", 400]);
    expect(error.elements).toEqual({ Size: String(size), MaxSizeAllowed: "1024" });
  });

  it("has a key of at most 1,024 bytes, virtual-hosted too, slashes counted", () => {
    const asked = { host: "b.s3.test", target: `/${"a/".repeat(512)}` };
    expect(addressOf(asked, DOMAINS).key).toHaveLength(1024);
    expect(refusal(() => addressOf({ ...asked, target: `${asked.target}a` }, DOMAINS)).code).toBe(
      "KeyTooLongError",
    );
  });
});

describe("a query", () => {
  const entries = (query: string) => addressOf({ target: `/b${query}` }).query.entries;

  it.each([
    ["", []],
    ["?", []],
    ["?&&", []],
    ["?acl", [["acl", ""]]],
    ["?acl=", [["acl", ""]]],
    ["?=x", [["", "x"]]],
    ["?a=b=c", [["a", "b=c"]]],
    [
      "?a=1&b=2&a=3",
      [
        ["a", "1"],
        ["b", "2"],
        ["a", "3"],
      ],
    ],
    ["?a+b=c+d%2B", [["a b", "c d+"]]],
    ["?a%3Db=c%26d", [["a=b", "c&d"]]],
    ["?a=/b/?c", [["a", "/b/?c"]]],
    ["?caf%C3%A9=%F0%9F%98%80", [["café", "😀"]]],
  ])("reads %j", (query, expected) => {
    expect(entries(query)).toEqual(expected);
  });

  it("gives the first value of a name, exactly as it is spelled", () => {
    const query = new Query([
      ["a", "1"],
      ["a", "2"],
      ["B", ""],
    ]);
    expect([query.get("a"), query.get("B"), query.get("b"), query.get("A")]).toEqual([
      "1",
      "",
      undefined,
      undefined,
    ]);
    expect([query.has("a"), query.has("B"), query.has("b")]).toEqual([true, true, false]);
  });
});

describe("percent-decoding", () => {
  it("is done once, and leaves what is not encoded alone", () => {
    expect(percentDecode("%2541 +é")).toBe("%41 +é");
    expect(percentDecode("plain +")).toBe("plain +");
  });
});
