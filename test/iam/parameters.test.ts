import { describe, expect, it } from "vitest";
import { QueryFault } from "../../src/iam/fault.ts";
import { type Field, flag, integer, oneOf, path, readFields, tags, text } from "../../src/iam/parameters.ts";

/** The value of a field, or what the refusal says. */
function read<T>(field: Field<T>, sent: Record<string, string>): T | string {
  try {
    return readFields({ Field: field }, new Map(Object.entries(sent))).Field;
  } catch (error) {
    if (error instanceof QueryFault) return error.message;
    throw error;
  }
}

describe("a field", () => {
  it("that is needed has to be there; another one may be left out", () => {
    const short = text({ min: 2, max: 4, pattern: /^[a-z]+$/ });
    expect(read(short.need, {})).toContain("Value null at 'field' failed to satisfy constraint");
    expect(read(short.may, {})).toBeUndefined();
    expect(read(short.need, { Field: "abcd" })).toBe("abcd");
  });

  it("says which bound it does not keep", () => {
    const short = text({ min: 2, max: 4, pattern: /^[a-z]+$/ }).need;
    expect(read(short, { Field: "abcde" })).toContain("Member must have length less than or equal to 4");
    expect(read(short, { Field: "a" })).toContain("Member must have length greater than or equal to 2");
    expect(read(short, { Field: "AB" })).toContain("Member must satisfy regular expression pattern: [a-z]+");
    const few = integer({ min: 1, max: 10 }).need;
    expect(read(few, { Field: "0" })).toContain("greater than or equal to 1");
    expect(read(few, { Field: "11" })).toContain("less than or equal to 10");
    for (const bad of ["", "1.5", "1e3", "0x1", " 1", "9".repeat(400)]) {
      expect(read(few, { Field: bad })).toContain("Member must be an integer");
    }
    expect(read(oneOf("A", "B").need, { Field: "C" })).toContain("enum value set: [A, B]");
    expect(read(flag.need, { Field: "TRUE" })).toBe(true);
    expect(read(flag.need, { Field: "1" })).toContain("boolean");
  });

  it("shows no more of a bad value than a ticket needs", () => {
    expect(String(read(text({ max: 4 }).need, { Field: "x".repeat(100_000) })).length).toBeLessThan(600);
  });

  it("may be a list, in order, up to the first gap, and within its bound", () => {
    const words = text({ max: 4 }).list(2);
    const sent = { "Field.member.1": "a", "Field.member.2": "b", "Field.member.4": "d" };
    expect(read(words, sent)).toEqual(["a", "b"]);
    expect(read(words, {})).toBeUndefined();
    expect(read(words, { Field: "" })).toEqual([]);
    expect(read(words, { ...sent, "Field.member.3": "c" })).toContain("less than or equal to 2");
  });

  it("of tags is by name, with no name twice", () => {
    const one = { "Field.member.1.Key": "a", "Field.member.1.Value": "1" };
    expect(read(tags, one)).toEqual({ a: "1" });
    expect(read(tags, { ...one, "Field.member.2.Key": "A" })).toContain("Duplicate tag keys");
    expect(read(tags, { ...one, "Field.member.1.Value": "x".repeat(257) })).toContain(
      "less than or equal to 256",
    );
  });

  it("that is a path begins and ends with a slash", () => {
    for (const good of ["/", "/a/", "/a/b/"]) expect(read(path.need, { Field: good })).toBe(good);
    for (const bad of ["a/", "/a", "", "/a b/", `/${"x".repeat(511)}/`]) {
      expect(read(path.need, { Field: bad })).toContain("failed to satisfy constraint");
    }
  });
});
