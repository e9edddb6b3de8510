import { describe, expect, it } from "vitest";
import {
  conditionBehind,
  judgeRead,
  judgeRemove,
  judgeWrite,
  namesEtag,
  type ReadConditions,
  timely,
} from "../../src/facts/condition.ts";

const MODIFIED = Date.UTC(2024, 0, 1, 12, 0, 0, 789);
const SECOND = Math.floor(MODIFIED / 1000) * 1000;
const FOUND = { etag: "abc", modified: MODIFIED };

const ETAGS = [undefined, '"abc"', '"other"', "*"];
const TIMES = [undefined, SECOND - 1000, SECOND, SECOND + 1000];

/** RFC 9110 section 13.2.2, step by step; only GET and HEAD come here. */
function byTheBook({ ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince }: ReadConditions) {
  const matches = (header: string | undefined) => header === "*" || header === `"${FOUND.etag}"`;
  // Step 1, or 2 if there is no If-Match.
  if (ifMatch !== undefined && !matches(ifMatch)) return "failed";
  if (ifMatch === undefined && ifUnmodifiedSince !== undefined && !(SECOND <= ifUnmodifiedSince))
    return "failed";
  // Step 3, or 4 if there is no If-None-Match.
  if (ifNoneMatch !== undefined && matches(ifNoneMatch)) return "not modified";
  if (ifNoneMatch === undefined && ifModifiedSince !== undefined && !(SECOND > ifModifiedSince))
    return "not modified";
  return "ok";
}

describe("a conditional read", () => {
  it("is judged by the book for every combination of the four headers", () => {
    const verdicts = new Map<string, number>();
    for (const ifMatch of ETAGS) {
      for (const ifNoneMatch of ETAGS) {
        for (const ifModifiedSince of TIMES) {
          for (const ifUnmodifiedSince of TIMES) {
            const conditions = { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince };
            const verdict = judgeRead(conditions, FOUND);
            expect([conditions, verdict]).toEqual([conditions, byTheBook(conditions)]);
            verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
          }
        }
      }
    }
    expect([...verdicts.keys()].sort()).toEqual(["failed", "not modified", "ok"]);
    expect([...verdicts.values()].reduce((a, b) => a + b)).toBe(256);
  });

  // https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html, "Overriding…" and the notes on conditions.
  it.each<[string, ReadConditions, string]>([
    ["a true If-Match overrules a false If-Unmodified-Since", { ifMatch: "abc", ifUnmodifiedSince: 0 }, "ok"],
    [
      "a false If-None-Match overrules a true If-Modified-Since",
      { ifNoneMatch: "abc", ifModifiedSince: 0 },
      "not modified",
    ],
    [
      "what was modified within the second was not modified since",
      { ifModifiedSince: SECOND },
      "not modified",
    ],
    ["what was modified within the second is unmodified since", { ifUnmodifiedSince: SECOND }, "ok"],
    ["a failure goes before what is not modified", { ifMatch: "x", ifNoneMatch: "abc" }, "failed"],
    ["no condition holds always", {}, "ok"],
  ])("holds to S3's words: %s", (_words, conditions, verdict) => {
    expect(judgeRead(conditions, FOUND)).toBe(verdict);
  });
});

describe("a condition on a time", () => {
  it("is none if it is a since that lies ahead", () => {
    const conditions = { ifMatch: "abc", ifModifiedSince: SECOND, ifUnmodifiedSince: SECOND };
    expect(timely(conditions, SECOND)).toEqual(conditions);
    expect(timely(conditions, SECOND - 1)).toEqual({ ...conditions, ifModifiedSince: undefined });
    expect(timely({}, 0)).toEqual({});
  });
});

describe("the condition behind a verdict", () => {
  it.each([
    [{ ifMatch: "x", ifUnmodifiedSince: 0 }, "failed", "If-Match"],
    [{ ifUnmodifiedSince: 0, ifNoneMatch: "abc" }, "failed", "If-Unmodified-Since"],
    [{ ifNoneMatch: "abc", ifModifiedSince: SECOND }, "not modified", "If-None-Match"],
    [{ ifModifiedSince: SECOND }, "not modified", "If-Modified-Since"],
  ] as const)("of %j, which is %s, is %s", (conditions, verdict, name) => {
    expect(judgeRead(conditions, FOUND)).toBe(verdict);
    expect(conditionBehind(conditions, verdict)).toBe(name);
  });
});

describe("a conditional write", () => {
  const current = { etag: "abc" };

  it.each([
    [{}, undefined, "ok"],
    [{}, current, "ok"],
    [{ ifMatch: '"abc"' }, current, "ok"],
    [{ ifMatch: '"x"' }, current, "failed"],
    [{ ifMatch: '"abc"' }, undefined, "absent"],
    [{ ifMatch: "*" }, current, "ok"],
    [{ ifMatch: "*" }, undefined, "absent"],
    [{ ifNoneMatch: "*" }, undefined, "ok"],
    [{ ifNoneMatch: "*" }, current, "failed"],
    [{ ifNoneMatch: '"abc"' }, current, "failed"],
    [{ ifNoneMatch: '"x"' }, current, "ok"],
    [{ ifNoneMatch: '"abc"' }, undefined, "ok"],
    [{ ifMatch: '"abc"', ifNoneMatch: "*" }, current, "failed"],
    [{ ifMatch: '"abc"', ifNoneMatch: '"x"' }, current, "ok"],
  ] as const)("%j on %j is %s", (conditions, found, verdict) => {
    expect(judgeWrite(conditions, found)).toBe(verdict);
  });
});

describe("a conditional removal", () => {
  const found = { ...FOUND, size: 5 };

  it.each([
    [{}, "ok"],
    [{ ifMatch: '"abc"' }, "ok"],
    [{ ifMatch: "*" }, "ok"],
    [{ ifMatch: '"x"' }, "failed"],
    [{ ifMatchSize: 5 }, "ok"],
    [{ ifMatchSize: 0 }, "failed"],
    [{ ifMatchModified: SECOND }, "ok"],
    [{ ifMatchModified: SECOND - 1000 }, "failed"],
    [{ ifMatchModified: SECOND + 1000 }, "failed"],
    [{ ifMatch: '"abc"', ifMatchSize: 5, ifMatchModified: SECOND }, "ok"],
    [{ ifMatch: '"x"', ifMatchSize: 5, ifMatchModified: SECOND }, "failed"],
    [{ ifMatch: '"abc"', ifMatchSize: 6, ifMatchModified: SECOND }, "failed"],
    [{ ifMatch: '"abc"', ifMatchSize: 5, ifMatchModified: 0 }, "failed"],
  ] as const)(
    "with %j is %s, and where there is nothing it is absent if it has any condition",
    (conditions, verdict) => {
      expect(judgeRemove(conditions, found)).toBe(verdict);
      expect(judgeRemove(conditions, undefined)).toBe(Object.keys(conditions).length === 0 ? "ok" : "absent");
    },
  );
});

describe("a list of etags", () => {
  it.each(["abc", '"abc"', 'W/"abc"', "*", '"x", "abc"', '"x","abc","y"', " abc ", "x, *"])(
    "names abc: %s",
    (list) => {
      expect(namesEtag(list, "abc")).toBe(true);
    },
  );

  it.each(["", '""', '"ABC"', '"abcd"', '"ab"', "abc-1", '"x", "y"', "**", '"abc'])(
    "does not name abc: %s",
    (list) => {
      expect(namesEtag(list, "abc")).toBe(false);
    },
  );
});
