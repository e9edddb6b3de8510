import { describe, expect, it } from "vitest";
import { evaluate, mentionsKey } from "../../../src/auth/policy/evaluate.ts";
import type { Ask, Verdict } from "../../../src/auth/policy/language.ts";
import { parsePolicy } from "../../../src/auth/policy/parse.ts";
import { ASKING, policy, when } from "../../vectors/policy/case.ts";
import { seeded } from "../random.ts";
import {
  randomAsk,
  randomStatement,
  randomStatements,
  read,
  type Statement,
  shuffled,
} from "./random-policy.ts";

const CASES = 4_000;
const random = seeded(111_122_223);
const KINDS = ["bucket", "identity"] as const;

const ask = (change: Partial<Ask> = {}): Ask => ({
  principal: ASKING.user,
  action: "s3:GetObject",
  resource: "arn:aws:s3:::b/a",
  value: () => undefined,
  ...change,
});

/** Asks `CASES` questions, and that no answer is rare: a property of one answer alone would say little. */
function forMany(property: (kind: "bucket" | "identity", asked: Ask) => Verdict): void {
  const counts = { allow: 0, deny: 0, none: 0 };
  for (let count = 0; count < CASES; count += 1)
    counts[property(random.pick(KINDS), randomAsk(random)).effect] += 1;
  console.log(`${CASES} decisions: ${JSON.stringify(counts)}, seed ${random.seed}`);
  for (const times of Object.values(counts)) expect(times).toBeGreaterThan(CASES / 20);
}

/** From least to most that is allowed. */
const RANK = { deny: 0, none: 1, allow: 2 };

function turned(statement: Statement): Statement {
  return Object.fromEntries(
    shuffled(
      random,
      Object.entries(statement).map(([name, value]) => [name, turnedValue(value)] as const),
    ),
  ) as Statement;
}

/** The same with every list, and every object's fields, in another order. */
function turnedValue(value: unknown): unknown {
  if (Array.isArray(value)) return shuffled(random, value);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    shuffled(
      random,
      Object.entries(value).map(([name, inner]) => [name, turnedValue(inner)] as const),
    ),
  );
}

describe(`decisions (seed ${random.seed})`, () => {
  it("do not depend on the order of statements, elements or values", () => {
    forMany((kind, asked) => {
      const statements = randomStatements(random, kind);
      const verdict = evaluate([read(statements, kind)], asked);
      const other = shuffled(random, statements).map(turned);
      expect([statements, evaluate([read(other, kind)], asked)]).toEqual([statements, verdict]);
      return verdict;
    });
  });

  it("do not depend on which policy a statement stands in, nor on their order", () => {
    forMany((kind, asked) => {
      const statements = randomStatements(random, kind);
      const verdict = evaluate([read(statements, kind)], asked);
      const apart = shuffled(random, statements).map((statement) => read([statement], kind));
      expect([statements, evaluate(apart, asked)]).toEqual([statements, verdict]);
      return verdict;
    });
  });

  it("never allow more for a denial that is added", () => {
    forMany((kind, asked) => {
      const statements = randomStatements(random, kind);
      const denial: Statement = { ...randomStatement(random, kind), Effect: "Deny" };
      const before = evaluate([read(statements, kind)], asked);
      const after = evaluate([read([...statements, denial], kind)], asked);
      const alone = evaluate([read([denial], kind)], asked);
      expect(RANK[after.effect]).toBeLessThanOrEqual(RANK[before.effect]);
      expect(after).toEqual(alone.effect === "deny" ? { effect: "deny" } : before);
      return before;
    });
  });

  it("never deny for a permission that is added, and never take one away", () => {
    forMany((kind, asked) => {
      const statements = randomStatements(random, kind);
      const { NotPrincipal = "*", ...rest } = randomStatement(random, kind);
      const permission: Statement = {
        ...(kind === "bucket" && { Principal: NotPrincipal }),
        ...rest,
        Effect: "Allow",
      };
      const before = evaluate([read(statements, kind)], asked);
      const after = evaluate([read([...statements, permission], kind)], asked);
      expect(RANK[after.effect]).toBeGreaterThanOrEqual(RANK[before.effect]);
      if (before.effect === "deny") expect(after.effect).toBe("deny");
      return after;
    });
  });
});

describe(`variables (seed ${random.seed})`, () => {
  const within = policy({ Effect: "Allow", Action: "*", Resource: `arn:aws:s3:::b/\${aws:username}/*` });
  const like = when({ StringLike: { "a:b": `\${aws:username}` } });

  it(`never bring wildcards in, in ${CASES} cases`, () => {
    const [resource, condition] = [within, like].map((document) =>
      parsePolicy(JSON.stringify(document), "identity"),
    );
    if (resource === undefined || condition === undefined) return expect.fail("both policies are read");
    let equal = 0;
    for (let count = 0; count < CASES; count += 1) {
      const pieces = ["*", "?", "a", "b", "/", "$", `\${aws:username}`, `\${*}`] as const;
      const name = random.text(pieces, 0, 4);
      const text = random.integer(3) === 0 ? name : random.text(pieces, 0, 4);
      equal += name === text ? 1 : 0;
      const value = (key: string) => (key === "aws:username" ? [name] : key === "a:b" ? [text] : undefined);
      const effect = name === text ? "allow" : "none";
      expect([name, text, evaluate([condition], ask({ value })).effect]).toEqual([name, text, effect]);
      const folder = evaluate([resource], ask({ value, resource: `arn:aws:s3:::b/${text}/c` })).effect;
      expect([name, text, folder]).toEqual([
        name,
        text,
        `${text}/c`.startsWith(`${name}/`) ? "allow" : "none",
      ]);
    }
    expect(equal).toBeGreaterThan(CASES / 20);
    expect(equal).toBeLessThan(CASES);
  });
});

describe("a key with several values that is asked as if it had one", () => {
  const answer = (operator: string, values: readonly string[]) =>
    evaluate(
      [parsePolicy(JSON.stringify(when({ [operator]: { "aws:TagKeys": ["a", "b"] } })), "identity")],
      ask({ value: () => values }),
    ).effect;

  it("matches by one of them", () => {
    expect(answer("StringEquals", ["c", "a"])).toBe("allow");
    expect(answer("StringEquals", ["c", "d"])).toBe("none");
  });

  it("does not match, negated, by one of them", () => {
    expect(answer("StringNotEquals", ["c", "a"])).toBe("none");
    expect(answer("StringNotEquals", ["c", "d"])).toBe("allow");
  });
});

describe("an error while evaluating", () => {
  const failing = () => {
    throw new TypeError("no such thing");
  };
  const everything = parsePolicy(
    JSON.stringify(policy({ Effect: "Allow", Action: "*", Resource: "*" })),
    "identity",
  );
  const conditional = parsePolicy(JSON.stringify(when({ StringEquals: { "a:b": "c" } })), "identity");

  it("is a denial, wherever it comes up", () => {
    expect(evaluate([everything], ask()).effect).toBe("allow");
    expect(evaluate([everything, conditional], ask({ value: failing })).effect).toBe("deny");
    expect(evaluate([conditional, everything], ask({ value: failing })).effect).toBe("deny");
  });

  it("is a header that is too long to be matched, too", () => {
    const referred = parsePolicy(
      JSON.stringify(when({ StringLike: { "aws:Referer": "http://a/*" } })),
      "identity",
    );
    const from = (text: string) => evaluate([referred], ask({ value: () => [text] })).effect;
    expect(from(`http://a/${"b".repeat(1000)}`)).toBe("allow");
    expect(from(`http://a/${"b".repeat(3000)}`)).toBe("deny");
  });

  it("does not come up where nothing is looked at", () => {
    expect(evaluate([everything], ask({ value: failing })).effect).toBe("allow");
  });
});

describe("keys that a decision may look at", () => {
  const tagged = parsePolicy(
    JSON.stringify(when({ StringEquals: { "s3:ExistingObjectTag/Team": `\${aws:PrincipalTag/team}` } })),
    "identity",
  );
  const variable = parsePolicy(
    JSON.stringify(policy({ Effect: "Deny", Action: "*", NotResource: `arn:aws:s3:::b/\${s3:prefix}` })),
    "identity",
  );

  it("are those of conditions and of variables, of any of the policies", () => {
    expect(mentionsKey([variable, tagged], "s3:existingobjecttag/")).toBe(true);
    expect(mentionsKey([tagged], "aws:principaltag/")).toBe(true);
    expect(mentionsKey([variable], "s3:prefix")).toBe(true);
    expect(mentionsKey([variable], "s3:existingobjecttag/")).toBe(false);
    expect(mentionsKey([], "")).toBe(false);
  });
});

describe("the work of one decision", () => {
  const hostile = `arn:aws:s3:::b/*${"?".repeat(500)}Z*`;
  const asked = { resource: `arn:aws:s3:::b/${"a".repeat(1024)}` };
  const allowing = (Resource: string[]) =>
    parsePolicy(
      JSON.stringify(policy({ Effect: "Allow", Principal: "*", Action: "s3:*", Resource })),
      "bucket",
    );

  it("is bounded: a policy that would take more lets nobody in, whatever else it says", () => {
    expect(evaluate([allowing(["arn:aws:s3:::b/*"])], ask(asked)).effect).toBe("allow");
    expect(evaluate([allowing([hostile, "arn:aws:s3:::b/*"])], ask(asked)).effect).toBe("deny");
    expect(evaluate([allowing([hostile, "arn:aws:s3:::b/*"])], ask()).effect).toBe("allow");
  });

  it("leaves room for as many plain patterns as fit into a policy, and for the longest key", () => {
    const patterns = Array.from({ length: 700 }, (_, i) => `arn:aws:s3:::b/*x${i}*`);
    expect(evaluate([allowing([...patterns, "arn:aws:s3:::b/*aa"])], ask(asked)).effect).toBe("allow");
  });
});
