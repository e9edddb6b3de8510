import { describe, expect, it } from "vitest";
import { MAX_POLICY_LENGTH, parsePolicy } from "../../../src/auth/policy/parse.ts";
import { BUCKET, document, IDENTITY, PUBLIC, reason, reasonOf, VALID } from "./reasons.ts";

describe("a policy that is taken", () => {
  it.each(["identity", "session", "bucket", "trust"] as const)("is a minimal one: %s", (kind) => {
    expect(reason(kind, {})).toBe("taken");
  });

  it("may have one statement that is not in a list, and an Id", () => {
    expect(reasonOf(JSON.stringify({ Id: "mine", Statement: IDENTITY }))).toBe("taken");
    expect(reasonOf(JSON.stringify({ Version: "2008-10-17", Statement: IDENTITY }))).toBe("taken");
  });

  it("may be about every bucket, or about names that its bucket matches", () => {
    const taken = [
      "arn:aws:s3:::*",
      "arn:aws:s3:::*/*",
      `${BUCKET}*`,
      `${BUCKET}/a?b/*.txt`,
      "arn:aws:s3:::amzn-s3-????-bucket/x",
      "arn:aws:s3:::amzn*/x",
      `${BUCKET}/\${aws:username}/*`,
      "arn:aws:s3::tenant:amzn-s3-demo-bucket/x",
    ];
    for (const resource of taken)
      expect([resource, reason("bucket", { Resource: resource })]).toEqual([resource, "taken"]);
  });

  it("may name principals as AWS's clients and as radosgw's clients write them", () => {
    const taken = [
      { AWS: "*" },
      { AWS: ["111122223333", "arn:aws:iam::111122223333:root"] },
      { AWS: "arn:aws:iam::111122223333:user/team/a" },
      { AWS: "arn:aws:iam::111122223333:role/service-role/a" },
      { AWS: "arn:aws:sts::111122223333:assumed-role/role/session" },
      { AWS: "arn:aws:sts::111122223333:federated-user/Pat" },
      { AWS: "arn:aws:iam::s3tenant1:root" },
      { AWS: "arn:aws:iam:::user/testid" },
      { CanonicalUser: "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be" },
      { Service: "logging.s3.amazonaws.com" },
      { Federated: "arn:aws:iam::111122223333:oidc-provider/localhost:8080/auth/realms/demo" },
    ];
    for (const Principal of taken)
      expect([Principal, reason("bucket", { Principal })]).toEqual([Principal, "taken"]);
  });

  it("may have one Sid twice where S3 keeps it", () => {
    expect(reasonOf(document({ ...PUBLIC, Sid: "a" }, { ...PUBLIC, Sid: "a" }), "bucket")).toBe("taken");
  });

  it("knows every key that a decision may look at", () => {
    const text = document({
      ...IDENTITY,
      Resource: `${BUCKET}/\${aws:PrincipalTag/Team}/*`,
      Condition: {
        StringEquals: { "S3:ExistingObjectTag/A": `\${aws:username, 'x'}` },
        Null: { "aws:userid": "true" },
      },
    });
    expect([...parsePolicy(text, "identity").keys].toSorted()).toEqual([
      "aws:principaltag/team",
      "aws:userid",
      "aws:username",
      "s3:existingobjecttag/a",
    ]);
  });
});

describe("a document", () => {
  const JSON_FAULT = "Policies must be valid JSON and the first byte must be '{'";

  it.each(["", " {}", "null", "[]", '"{}"', "{", "{]}", '{"Statement":[}', "{'Statement': []}", "\ufeff{}"])(
    "that is not the JSON of an object is refused: %j",
    (text) => {
      expect(reasonOf(text)).toBe(JSON_FAULT);
    },
  );

  it("is refused that is deeper than the language", () => {
    const deep = `${"[".repeat(5000)}${"]".repeat(5000)}`;
    expect(reasonOf(`{"Statement":${deep}}`)).toBe("The policy is nested too deeply.");
    expect(reasonOf(`{"Statement":${"[".repeat(7)}${"]".repeat(7)}}`)).toBe("Invalid policy syntax.");
  });

  it("may have brackets in its texts, as many as it likes", () => {
    expect(reason("identity", { Resource: `${BUCKET}/${'[{\\"'.repeat(20)}` })).toBe("taken");
  });

  it("must have a version that there is", () => {
    const fault = "The policy must contain a valid version string";
    for (const Version of ["2010-10-17", "2012-10-18", "", 2012, null]) {
      expect(reasonOf(JSON.stringify({ Version, Statement: IDENTITY }))).toBe(fault);
    }
  });

  it("must have statements", () => {
    expect(reasonOf('{"Version":"2012-10-17"}')).toBe("Missing required field Statement");
    expect(reasonOf('{"Version":"2012-10-17","Statement":[]}')).toBe("Statement is empty!");
    expect(reasonOf('{"Version":"2012-10-17","Statement":["a"]}')).toBe("Invalid policy syntax.");
    expect(reasonOf('{"Version":"2012-10-17","Statement":[[]]}')).toBe("Invalid policy syntax.");
    expect(reasonOf('{"Version":"2012-10-17","Statement":null}')).toBe("Invalid policy syntax.");
  });

  it("must have no field that the language does not", () => {
    expect(reasonOf(JSON.stringify({ Statement: IDENTITY, Statements: [] }))).toBe(
      "Unknown field Statements",
    );
    expect(reasonOf('{"Statement":[],"__proto__":{}}')).toBe("Unknown field __proto__");
    expect(reasonOf(JSON.stringify({ Statement: IDENTITY, Id: 1 }))).toBe("Invalid policy syntax.");
  });
});

describe("a statement", () => {
  it.each(["identity", "bucket", "trust"] as const)("must have its elements: %s", (kind) => {
    expect(reason(kind, { Effect: undefined })).toBe("Missing required field Effect");
    expect(reason(kind, { Action: undefined })).toBe("Missing required field Action");
    expect(reason(kind, { Effect: "allow" })).toBe("Invalid effect: allow");
    expect(reason(kind, { Effect: ["Allow"] })).toBe("Invalid policy syntax.");
    expect(reason(kind, { Action: [] })).toBe("Policy statement must contain actions.");
    expect(reason(kind, { Action: ["s3:*", 1] })).not.toBe("taken");
    expect(reason(kind, { NotAction: VALID[kind].Action })).toBe("Invalid policy syntax.");
    expect(reason(kind, { Actions: "s3:*" })).toBe("Unknown field Actions");
    expect(reason(kind, { Sid: 1 })).toBe("Invalid policy syntax.");
  });

  it("of an identity, of a session and of a bucket must have resources, that of a role's trust must not", () => {
    for (const kind of ["identity", "session", "bucket"] as const) {
      expect(reason(kind, { Resource: undefined })).toBe("Missing required field Resource");
      expect(reason(kind, { Resource: [] })).toBe("Policy statement must contain resources.");
      expect(reason(kind, { NotResource: "*" })).toBe("Invalid policy syntax.");
    }
    expect(reason("trust", { Resource: "*" })).toBe("Has prohibited field Resource");
    expect(reason("trust", { NotResource: "*" })).toBe("Has prohibited field NotResource");
  });

  it("of a bucket and of a role's trust must name principals, that of an identity must not", () => {
    for (const kind of ["identity", "session"] as const) {
      for (const element of ["Principal", "NotPrincipal"]) {
        expect(reason(kind, { [element]: "*" })).toBe("Policy document should not specify a principal.");
      }
    }
    for (const kind of ["bucket", "trust"] as const) {
      expect(reason(kind, { Principal: undefined })).toBe("Missing required field Principal");
    }
  });

  it("that spares principals must deny, and stand at a bucket", () => {
    const sparing = { Principal: undefined, NotPrincipal: { AWS: "arn:aws:iam::s3tenant1:root" } };
    expect(reason("bucket", sparing)).toBe("Allow with NotPrincipal is not allowed.");
    expect(reason("bucket", { ...sparing, Effect: "Deny" })).toBe("taken");
    expect(reason("trust", { ...sparing, Effect: "Deny" })).toBe("Has prohibited field NotPrincipal");
  });

  it("has a Sid of letters and digits, and of its own, in IAM", () => {
    const repeated = "Statement IDs (SID) in a single policy must be unique.";
    expect(reasonOf(document({ ...IDENTITY, Sid: "98AB54CF" }, { ...IDENTITY, Sid: "98AB54CF" }))).toBe(
      repeated,
    );
    expect(reasonOf(document({ ...IDENTITY, Sid: "a" }, { ...IDENTITY, Sid: "b" }))).toBe("taken");
    expect(reason("identity", { Sid: "a b" })).toBe("Statement IDs (SID) must be alpha-numeric.");
    expect(reason("bucket", { Sid: "Allow Public Access to All Objects" })).toBe("taken");
  });
});

describe("limits", () => {
  const padded = (kind: keyof typeof VALID, spaces: number) => document(VALID[kind]) + " ".repeat(spaces);

  it("of a bucket policy count bytes, white space too", () => {
    const room = MAX_POLICY_LENGTH.bucket - document(PUBLIC).length;
    expect(reasonOf(padded("bucket", room), "bucket")).toBe("taken");
    expect(reasonOf(padded("bucket", room + 1), "bucket")).toBe(
      "Maximum policy size of 20480 bytes exceeded.",
    );
    const wide = document({ ...PUBLIC, Sid: "\u{1F600}".repeat(MAX_POLICY_LENGTH.bucket / 4) });
    expect(wide.length).toBeLessThan(MAX_POLICY_LENGTH.bucket);
    expect(reasonOf(wide, "bucket")).toBe("Maximum policy size of 20480 bytes exceeded.");
  });

  it.each([
    ["identity", 10_240],
    ["session", 2048],
    ["trust", 4096],
  ] as const)("of other policies count characters, white space not: %s", (kind, limit) => {
    expect(reasonOf(padded(kind, limit), kind)).toBe("taken");
    const long = document({ ...VALID[kind], Sid: "a".repeat(limit) });
    expect(reasonOf(long, kind)).toBe(`Maximum policy size of ${limit} characters exceeded.`);
    expect(reasonOf(padded(kind, 200_000), kind)).toBe("The policy is too long.");
  });

  it("may be narrower where a policy will stand, and say that it is only the length", () => {
    const text = document(IDENTITY);
    expect(() => parsePolicy(text, "identity", { maxLength: text.length })).not.toThrow();
    expect(() => parsePolicy(text, "identity", { maxLength: text.length - 1 })).toThrow(
      expect.objectContaining({ name: "PolicyFault", isTooLong: true }),
    );
    expect(() => parsePolicy("{}", "identity")).toThrow(expect.objectContaining({ isTooLong: false }));
  });

  it("hold for statements, conditions, values and variables", () => {
    const many = (count: number) => Array.from({ length: count }, (_, index) => index);
    const size = { maxLength: 100_000 };
    const parsing = (statements: readonly object[]) => () =>
      parsePolicy(document(...statements), "identity", size);
    const keys = Object.fromEntries(many(101).map((index) => [`a:${index}`, "x"]));
    expect(parsing(many(501).map(() => IDENTITY))).toThrow("Too many statements.");
    expect(parsing([{ ...IDENTITY, Action: many(1001).map(() => "a:b") }])).toThrow(
      "Too many values in a list.",
    );
    expect(parsing([{ ...IDENTITY, Condition: { StringEquals: keys } }])).toThrow("Too many conditions");
    expect(parsing([{ ...IDENTITY, Resource: BUCKET + `\${a:b}`.repeat(33) }])).toThrow(
      "Too many policy variables.",
    );
    expect(
      parsing([{ ...IDENTITY, Condition: { StringEquals: { [`a:${"b".repeat(512)}`]: "x" } } }]),
    ).toThrow("Policy has an invalid condition key");
  });
});
