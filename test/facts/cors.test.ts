import { describe, expect, it } from "vitest";
import {
  askedHeaders,
  type CorsRule,
  type CrossOrigin,
  corsHeaders,
  MAX_ASKED_HEADERS,
  matchCors,
} from "../../src/facts/cors.ts";

function rule(parts: Partial<CorsRule>): CorsRule {
  return { origins: ["*"], methods: ["GET"], headers: [], exposed: [], ...parts };
}

function ask(parts: Partial<CrossOrigin> = {}): CrossOrigin {
  return { origin: "https://a.example", method: "GET", headers: [], ...parts };
}

describe("an origin", () => {
  it.each<[pattern: string, origin: string, fits: boolean]>([
    ["*", "https://a.example", true],
    ["*", "null", true],
    ["https://a.example", "https://a.example", true],
    ["https://a.example", "https://a.example:8443", false],
    ["https://a.example", "http://a.example", false],
    ["https://a.example", "https://A.example", false],
    ["https://*.example", "https://a.example", true],
    ["https://*.example", "https://a.b.example", true],
    ["https://*.example", "https://.example", true],
    ["https://*.example", "https://example", false],
    ["https://*.example", "https://a.example.evil", false],
    ["https://a.*", "https://a.example", true],
    ["*suffix", "foo.suffix", true],
    ["*suffix", "foo.suffix.get", false],
    ["start*end", "startend", true],
    ["start*end", "start12end", true],
    ["start*end", "0start12end", false],
    ["prefix*", "bla.prefix", false],
    // One text may not serve as both ends.
    ["aba*aba", "ababa", false],
    ["aba*aba", "abaaba", true],
    // A dot is a dot, whatever a regular expression would say.
    ["https://a.example", "https://aXexample", false],
    ["", "", true],
    ["", "https://a.example", false],
  ])("%j and %j: %s", (pattern, origin, fits) => {
    const match = matchCors([rule({ origins: [pattern] })], ask({ origin }));
    expect(match !== undefined).toBe(fits);
  });
});

describe("a method", () => {
  it.each<[methods: string[], method: string, fits: boolean]>([
    [["GET"], "GET", true],
    [["GET"], "HEAD", false],
    [["GET"], "get", false],
    [["GET", "PUT"], "PUT", true],
    [["GET", "PUT", "POST", "DELETE", "HEAD"], "PATCH", false],
  ])("%j and %j: %s", (methods, method, fits) => {
    expect(matchCors([rule({ methods })], ask({ method })) !== undefined).toBe(fits);
  });
});

describe("the headers asked for", () => {
  it.each<[patterns: string[], asked: string, fits: boolean]>([
    [[], "", true],
    [[], "x-a", false],
    [["*"], "x-a, authorization", true],
    [["x-amz-*"], "x-amz-date", true],
    [["X-Amz-*"], "x-AMZ-date", true],
    [["x-amz-*"], "x-amz-date,content-type", false],
    [["x-amz-*", "Content-Type"], "x-amz-date , content-type", true],
    [["content-type"], "content-typ", false],
    [["*-type"], "content-type,", true],
  ])("%j and %j: %s", (headers, asked, fits) => {
    expect(matchCors([rule({ headers })], ask({ headers: askedHeaders(asked) })) !== undefined).toBe(fits);
  });

  it("are read in lower case, each once", () => {
    expect(askedHeaders(" X-A,x-a ,, Content-Type")).toEqual(["x-a", "content-type"]);
    expect(askedHeaders("")).toEqual([]);
  });

  it("are not too many", () => {
    const rules = [rule({ headers: ["*"] })];
    const headers = Array.from({ length: MAX_ASKED_HEADERS }, (_, i) => `x-${i}`);
    expect(matchCors(rules, ask({ headers }))?.rule).toBe(rules[0]);
    expect(matchCors(rules, ask({ headers: [...headers, "x"] }))).toBeUndefined();
  });
});

describe("of several rules", () => {
  const rules = [
    rule({ id: "one", origins: ["https://a.example"], methods: ["PUT"], headers: ["x-a"] }),
    rule({ id: "two", origins: ["https://a.example", "*"], methods: ["PUT", "GET"], headers: ["x-b"] }),
    rule({ id: "three", methods: ["PUT"], headers: ["*"] }),
  ];

  it.each<[what: string, asked: Partial<CrossOrigin>, id: string | undefined]>([
    ["the first that fits", { method: "PUT" }, "one"],
    ["the next if the headers do not fit", { method: "PUT", headers: ["x-b"] }, "two"],
    ["the last if nothing else takes all headers", { method: "PUT", headers: ["x-a", "x-b"] }, "three"],
    ["the next if the origin does not fit", { method: "PUT", origin: "https://b.example" }, "two"],
    ["none if no method fits", { method: "DELETE" }, undefined],
  ])("it is %s", (_what, asked, id) => {
    expect(matchCors(rules, ask(asked))?.rule.id).toBe(id);
  });

  it("there is none in an empty list", () => {
    expect(matchCors([], ask())).toBeUndefined();
  });
});

describe("what an answer says", () => {
  function said(parts: Partial<CorsRule>, asked: CrossOrigin): Record<string, string | undefined> {
    const match = matchCors([rule(parts)], asked);
    if (match === undefined) throw new Error("no rule was met");
    return corsHeaders(match, asked);
  }

  const vary = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method";

  it("is everything that the rule has", () => {
    const asked = ask({ method: "PUT", headers: ["x-a", "x-b"] });
    const full = {
      origins: ["https://*.example"],
      methods: ["GET", "PUT"],
      headers: ["*"],
      exposed: ["ETag", "x-amz-version-id"],
      maxAge: 3000,
    };
    expect(said(full, asked)).toEqual({
      "access-control-allow-origin": "https://a.example",
      "access-control-allow-methods": "GET, PUT",
      "access-control-allow-headers": "x-a, x-b",
      "access-control-expose-headers": "ETag, x-amz-version-id",
      "access-control-max-age": "3000",
      "access-control-allow-credentials": "true",
      vary,
    });
  });

  it("is `*`, and no credentials, where the rule lets anyone in", () => {
    expect(said({ maxAge: 0 }, ask())).toEqual({
      "access-control-allow-origin": "*",
      "access-control-allow-methods": "GET",
      "access-control-max-age": "0",
      vary,
    });
  });

  it("is the origin that the rule names first", () => {
    const origins = ["https://a.example", "*"];
    const named = said({ origins }, ask());
    expect(named["access-control-allow-origin"]).toBe("https://a.example");
    expect(named["access-control-allow-credentials"]).toBe("true");
    const other = said({ origins }, ask({ origin: "https://b.example" }));
    expect(other["access-control-allow-origin"]).toBe("*");
    expect(other["access-control-allow-credentials"]).toBeUndefined();
  });
});
