import { describe, expect, it } from "vitest";
import { SentHeaders } from "../../src/wire/headers.ts";

describe("headers as sent", () => {
  const platform = new Headers([
    ["X-Amz-Date", "20260101T000000Z"],
    ["x-amz-meta-a", " one "],
    ["X-AMZ-META-A", "two"],
    ["x-empty", ""],
  ]);
  const sent = new SentHeaders(platform);

  it("answer as the platform's do", () => {
    for (const name of ["x-amz-date", "x-amz-meta-a", "x-empty", "absent", "__proto__", "constructor"]) {
      expect([sent.get(name), sent.has(name)]).toEqual([platform.get(name), platform.has(name)]);
    }
    expect(sent.get("x-amz-meta-a")).toBe("one, two");
    expect([...sent.keys()]).toEqual([...platform.keys()]);
    expect([...sent.entries()]).toEqual([...platform.entries()]);
  });

  it("join what the platform tells one by one", () => {
    const cookies = new Headers([
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
    ]);
    expect([...cookies.entries()]).toHaveLength(2);
    expect(new SentHeaders(cookies).get("set-cookie")).toBe(cookies.get("set-cookie"));
  });
});
