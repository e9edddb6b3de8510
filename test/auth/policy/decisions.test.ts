import { describe, expect, it } from "vitest";
import { evaluate } from "../../../src/auth/policy/evaluate.ts";
import { parsePolicy } from "../../../src/auth/policy/parse.ts";
import { BUCKET_EXAMPLES } from "../../vectors/policy/bucket-examples.ts";
import { type Answer, ASKING, type Case, type Context, type Decision } from "../../vectors/policy/case.ts";
import { ELEMENT_CASES } from "../../vectors/policy/elements.ts";
import { IDENTITY_EXAMPLES } from "../../vectors/policy/identity-examples.ts";
import { MORE_BUCKET_EXAMPLES } from "../../vectors/policy/more-bucket-examples.ts";
import { MEASURE_CASES } from "../../vectors/policy/numbers.ts";
import { PRINCIPAL_CASES } from "../../vectors/policy/principals.ts";
import { SET_CASES } from "../../vectors/policy/sets.ts";
import { OPERATOR_CASES } from "../../vectors/policy/strings.ts";
import { VARIABLE_CASES } from "../../vectors/policy/variables.ts";

const TABLES: Readonly<Record<string, readonly Case[]>> = {
  "conditions on texts, ARNs and booleans": OPERATOR_CASES,
  "conditions on numbers, dates and addresses": MEASURE_CASES,
  "conditions combined, and keys with several values": SET_CASES,
  "policy variables": VARIABLE_CASES,
  principals: PRINCIPAL_CASES,
  "actions, resources and effects": ELEMENT_CASES,
  "bucket policies of the S3 User Guide": [...BUCKET_EXAMPLES, ...MORE_BUCKET_EXAMPLES],
  "identity policies of the User Guides": IDENTITY_EXAMPLES,
};
const DECISIONS = 300;

function lookUp(context: Context): (key: string) => readonly string[] | undefined {
  const byKey = new Map(
    Object.entries(context).map(([key, value]) => [
      key.toLowerCase(),
      typeof value === "string" ? [value] : value,
    ]),
  );
  return (key) => byKey.get(key);
}

function answer({ kind, policies }: Case, decision: Decision): Answer {
  const parsed = policies.map((document) =>
    parsePolicy(JSON.stringify(document), kind, { bucket: "amzn-s3-demo-bucket" }),
  );
  const verdict = evaluate(parsed, {
    principal: ASKING[decision.by ?? "user"],
    action: decision.action ?? "s3:GetObject",
    resource: decision.resource ?? "arn:aws:s3:::amzn-s3-demo-bucket/key",
    value: lookUp(decision.context ?? {}),
  });
  if (verdict.effect !== "allow") return verdict.effect;
  return kind === "bucket" || kind === "trust" ? `allow ${verdict.named}` : "allow";
}

for (const [title, cases] of Object.entries(TABLES)) {
  describe(title, () => {
    for (const row of cases) {
      for (const decision of row.decisions) {
        it(`${decision.says} (${row.source})`, () => {
          expect(answer(row, decision)).toBe(decision.answer);
        });
      }
    }
  });
}

describe("the tables of decisions", () => {
  const all = Object.values(TABLES).flat();

  it(`have at least ${DECISIONS} rows`, () => {
    expect(all.flatMap(({ decisions }) => decisions).length).toBeGreaterThanOrEqual(DECISIONS);
  });

  it("name a page of AWS's documentation for each row", () => {
    expect(all.filter(({ source }) => !source.startsWith("https://docs.aws.amazon.com/"))).toEqual([]);
  });

  it("have no row twice", () => {
    const said = all.flatMap((row) =>
      row.decisions.map((decision) => JSON.stringify([row.kind, row.policies, decision])),
    );
    expect(new Set(said).size).toBe(said.length);
  });
});
