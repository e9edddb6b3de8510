import { describe, expect, it } from "vitest";
import { parsePolicy } from "../../../src/auth/policy/parse.ts";
import { isPublic } from "../../../src/auth/policy/public.ts";
import { PUBLIC_CASES } from "../../vectors/policy/public.ts";

const BASE = { Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::b/*" };
const judged = (...statements: readonly object[]) =>
  isPublic(
    parsePolicy(JSON.stringify({ Version: "2012-10-17", Statement: statements }), "bucket", { bucket: "b" }),
  );

describe("a bucket policy that lets in", () => {
  it.each(PUBLIC_CASES)("%s", (_says, elements, expected) => {
    expect(judged({ ...BASE, ...elements })).toBe(expected);
  });
});

describe("a bucket policy", () => {
  const denying = { ...BASE, Effect: "Deny", Principal: "*" };
  const everyone = { ...BASE, Principal: "*" };
  const somebody = { ...BASE, Principal: { AWS: "111122223333" } };

  it("that only denies is not public", () => {
    expect(judged(denying)).toBe(false);
    expect(judged({ ...BASE, Effect: "Deny", NotPrincipal: { AWS: "111122223333" } })).toBe(false);
  });

  it("is public by one of its statements, in any order", () => {
    expect(judged(somebody, everyone)).toBe(true);
    expect(judged(everyone, somebody)).toBe(true);
    expect(judged(somebody, denying)).toBe(false);
  });

  it("is public that names the user id of whoever does not sign", () => {
    const id = (value: string) => ({ ...everyone, Condition: { StringEquals: { "aws:userid": value } } });
    expect(judged(id("anonymous"))).toBe(true);
    expect(judged(id("AIDA0123456789ABCDEF"))).toBe(false);
  });

  it("is public whatever else it denies", () => {
    expect(judged(everyone, denying)).toBe(true);
  });
});
