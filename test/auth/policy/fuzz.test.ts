import { describe, expect, it } from "vitest";
import { evaluate } from "../../../src/auth/policy/evaluate.ts";
import { PolicyFault } from "../../../src/auth/policy/fault.ts";
import type { Policy, PolicyKind } from "../../../src/auth/policy/language.ts";
import { parsePolicy } from "../../../src/auth/policy/parse.ts";
import { isPublic } from "../../../src/auth/policy/public.ts";
import { seeded } from "../random.ts";
import { randomAsk, randomStatements } from "./random-policy.ts";

const CASES = 10_000;
const random = seeded(4_445_555);
const KINDS: readonly [PolicyKind, ...PolicyKind[]] = ["identity", "bucket", "session", "trust"];

const WORDS = [
  "Version",
  "2012-10-17",
  "Statement",
  "Effect",
  "Allow",
  "Deny",
  "Principal",
  "NotPrincipal",
  "AWS",
  "Action",
  "NotAction",
  "s3:*",
  "Resource",
  "arn:aws:s3:::b/*",
  "Condition",
  "StringEquals",
  "ForAllValues:NumericLessThan",
  "Null",
  "IpAddress",
  "Sid",
  "Id",
  `\${aws:username}`,
  `\${`,
  "*",
  "",
  "toString",
  "__proto__",
  "constructor",
  "\u0000",
  "\ud800",
] as const;

/** Any JSON, of the language's words. */
function randomJson(depth: number): unknown {
  const kind = random.integer(depth > 0 ? 8 : 5);
  if (kind === 0) return random.pick([null, true, false]);
  if (kind === 1) return random.pick([0, -1, 1.5, 1e21, 12]);
  if (kind < 5) return random.pick(WORDS);
  const length = random.integer(4);
  if (kind === 5) return Array.from({ length }, () => randomJson(depth - 1));
  return Object.fromEntries(Array.from({ length }, () => [random.pick(WORDS), randomJson(depth - 1)]));
}

/** A value with one place in it replaced, removed, wrapped or doubled. */
function mutated(value: unknown): unknown {
  if (typeof value !== "object" || value === null || random.integer(4) === 0) {
    return random.pick([randomJson(2), [value], [], [value, value], { [random.pick(WORDS)]: value }, null]);
  }
  if (Array.isArray(value)) {
    const at = random.integer(value.length);
    return value.map((item, index) => (index === at ? mutated(item) : item));
  }
  const entries = Object.entries(value);
  const at = random.integer(entries.length);
  return Object.fromEntries(
    entries.flatMap(([name, inner], index) => {
      if (index !== at) return [[name, inner]];
      return random.pick<[string, unknown][]>([
        [],
        [[random.pick(WORDS), inner]],
        [[name, mutated(inner)]],
        [[name, mutated(inner)]],
      ]);
    }),
  );
}

/** A text with some of its characters replaced, removed or repeated. */
function garbled(text: string): string {
  const at = random.integer(text.length);
  const until = at + random.integer(4);
  const pieces = ['"', "{", "}", "[", "]", ",", ":", "\\", "\\u0000", "$", "*", "0", " ", "\ud800"] as const;
  return text.slice(0, at) + random.text(pieces, 0, 3) + text.slice(random.pick([at, until, until]));
}

/** Undefined: refused, with a PolicyFault; anything else that is thrown fails the test. */
function parsed(text: string, kind: PolicyKind): Policy | undefined {
  try {
    return parsePolicy(text, kind, { bucket: "b" });
  } catch (error) {
    if (error instanceof PolicyFault && error.message !== "") return undefined;
    throw new Error(`${kind}: ${text}`, { cause: error });
  }
}

function fuzz(name: string, make: () => string): { taken: number; refused: number } {
  const counts = { taken: 0, refused: 0 };
  for (let count = 0; count < CASES; count += 1) {
    const policy = parsed(make(), random.pick(KINDS));
    counts[policy === undefined ? "refused" : "taken"] += 1;
    if (policy === undefined) continue;
    expect(["allow", "deny", "none"]).toContain(evaluate([policy], randomAsk(random)).effect);
    expect(isPublic(policy)).toBeTypeOf("boolean");
  }
  console.log(`${name}: ${CASES} texts, ${JSON.stringify(counts)}, seed ${random.seed}`);
  return counts;
}

const valid = (): object => ({
  Version: "2012-10-17",
  Id: "x",
  Statement: randomStatements(random, random.pick(["bucket", "identity"])),
});

describe(`the parser (seed ${random.seed})`, () => {
  it(`takes or refuses ${CASES} pieces of random JSON`, () => {
    expect(fuzz("random JSON", () => JSON.stringify(randomJson(5))).refused).toBe(CASES);
  });

  it(`takes or refuses ${CASES} mutated policies`, () => {
    const { taken, refused } = fuzz("mutated policies", () => JSON.stringify(mutated(valid())));
    expect(taken).toBeGreaterThan(CASES / 100);
    expect(refused).toBeGreaterThan(CASES / 4);
  });

  it(`takes or refuses ${CASES} garbled texts`, () => {
    const { taken, refused } = fuzz("garbled texts", () => garbled(JSON.stringify(valid())));
    expect(taken).toBeGreaterThan(CASES / 100);
    expect(refused).toBeGreaterThan(CASES / 4);
  });

  it("gets to the end of texts that are made to be slow", () => {
    const slow = [
      `\${${" ".repeat(9000)}`,
      `\${${"a`.repeat(500)}${` ".repeat(11)}`,
      `\${a:b`.repeat(1500),
      "*?".repeat(4000),
      "A".repeat(9000),
      "1".repeat(9000),
      ":".repeat(9000),
    ];
    for (const text of slow) {
      for (const element of [
        { Resource: text },
        { Resource: `arn:aws:s3:::${text}` },
        { Action: text },
        { Sid: text },
        { Principal: { AWS: text } },
        { Condition: { [text]: { "a:b": "c" } } },
        { Condition: { StringLike: { [text]: "c" } } },
        ...["IpAddress", "DateEquals", "NumericEquals", "BinaryEquals", "ArnLike", "Null"].map(
          (operator) => ({
            Condition: { [operator]: { "a:b": text } },
          }),
        ),
      ]) {
        const statement = { Effect: "Allow", Action: "s3:*", Resource: "*", ...element };
        const policy = parsed(JSON.stringify({ Version: "2012-10-17", Statement: statement }), "identity");
        if (policy !== undefined) expect(evaluate([policy], randomAsk(random)).effect).not.toBe("deny");
      }
    }
  });
});
