import { describe, expect, it } from "vitest";
import { BUCKET, reason } from "./reasons.ts";

describe("principals", () => {
  it.each([
    "arn:aws:iam::111122223333:user/a",
    "111122223333",
    "",
    "a",
    {},
    { AWS: [] },
    { AWS: "" },
    { AWS: "11112222333" },
    { AWS: "arn:aws:iam::111122223333:user/*" },
    { AWS: "arn:aws:iam::111122223333:user/a?" },
    { AWS: "arn:aws:iam::*:root" },
    { AWS: "arn:aws:iam::111122223333:group/a" },
    { AWS: "arn:aws:iam::111122223333:user/" },
    { AWS: "arn:aws:sts::111122223333:assumed-role/a" },
    { AWS: "arn:aws:s3:::bucket" },
    { AWS: "AIDACKCEVSQ6C2EXAMPLE" },
    { aws: "*" },
    { Users: "a" },
    { CanonicalUser: "*" },
    { Federated: "*" },
    { Service: "*" },
    { Service: "logging" },
  ])("that cannot be are refused: %j", (Principal) => {
    expect(reason("bucket", { Principal })).toBe("Invalid principal in policy");
  });

  it.each([null, 1, [], ["*"], { AWS: 1 }, { AWS: { a: "*" } }])(
    "of another shape are refused: %j",
    (Principal) => {
      expect(reason("bucket", { Principal })).toBe("Invalid policy syntax.");
    },
  );
});

describe("actions", () => {
  it("of a bucket policy are S3's", () => {
    for (const Action of [
      "s3",
      "GetObject",
      "s3:",
      "iam:ListUsers",
      "s3:Get Object",
      "",
      "s3express:*",
      "*:*",
    ]) {
      expect([Action, reason("bucket", { Action })]).toEqual([Action, "Policy has invalid action"]);
    }
    for (const Action of ["*", "s3:*", "S3:getobject", "s3:Get*", ["s3:PutObject", "s3:?etObject"]]) {
      expect([Action, reason("bucket", { Action })]).toEqual([Action, "taken"]);
    }
  });

  it("of a trust policy are STS's", () => {
    for (const Action of ["s3:GetObject", "*", "sts", "iam:*"]) {
      expect(reason("trust", { Action })).toBe("AssumeRole policy may only specify STS AssumeRole actions.");
    }
    expect(reason("trust", { Action: ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"] })).toBe("taken");
  });

  it("of an identity policy have their service before them", () => {
    const fault = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
    for (const Action of ["GetObject", "s3.GetObject", ":x", "s3:Get/Object"]) {
      expect(reason("identity", { Action })).toBe(fault);
    }
    expect(reason("identity", { Action: ["*", "s3-object-lambda:*", "iam:List*"] })).toBe("taken");
  });
});

describe("resources", () => {
  it("of a bucket policy lie in the bucket", () => {
    const refused = [
      "*",
      "arn:aws:s3:::another",
      "arn:aws:s3:::another/*",
      "arn:aws:s3:::amzn-s3-demo-bucke",
      "arn:aws:s3:::amzn-s3-demo-bucket2/*",
      "arn:aws:s3:::another*",
      "arn:aws:s3:::?/x",
      "arn:aws:s3:::",
      "arn:aws:s3:us-east-1::amzn-s3-demo-bucket",
      "arn:aws:sqs:::amzn-s3-demo-bucket",
      "amzn-s3-demo-bucket",
      "",
    ];
    for (const Resource of refused) {
      expect([Resource, reason("bucket", { Resource })]).toEqual([Resource, "Policy has invalid resource"]);
      expect(reason("bucket", { Resource: undefined, NotResource: Resource })).toBe(
        "Policy has invalid resource",
      );
      expect(reason("bucket", { Resource: [`${BUCKET}/*`, Resource] })).toBe("Policy has invalid resource");
    }
  });

  it("of an identity policy are ARNs, or all", () => {
    for (const Resource of ["bucket", "arn:aws:s3", "arn:aws:s3:::", "**", ""]) {
      expect(reason("identity", { Resource })).toBe(`Resource ${Resource} must be in ARN format or "*".`);
    }
    expect(reason("identity", { Resource: ["*", "arn:aws:s3:::*", "arn:*:sqs:*:*:q"] })).toBe("taken");
  });

  it("with a variable that is none are refused", () => {
    for (const inside of ["", "username", "aws:username, x", "aws:username, 'a", "a,b:c", "'x'"]) {
      expect(reason("identity", { Resource: `${BUCKET}/\${${inside}}` })).toBe(
        `Invalid policy variable: \${${inside}}`,
      );
    }
    for (const rest of [`\${`, `\${aws:username`, `\${aws:\${b}}`]) {
      expect(reason("identity", { Resource: `${BUCKET}/${rest}` })).toBe("Invalid policy syntax.");
    }
  });
});

describe("conditions", () => {
  const condition = (Condition: unknown) => reason("identity", { Condition });

  it.each([
    "StringEqual",
    "stringequals",
    "StringEqualsIfExist",
    "IfExists",
    "ForAllValues:",
    "ForSomeValues:StringEquals",
    "ForAllValues:ForAnyValue:StringEquals",
    "NullIfExists",
    "ForAnyValue:Null",
    "IpNotAddress",
    "BinaryNotEquals",
    "",
  ])("with an operator that there is not are refused: %s", (operator) => {
    expect(condition({ [operator]: { "aws:username": "true" } })).toBe(
      `Invalid Condition type : ${operator}`,
    );
  });

  it("with keys that have no service before them are refused", () => {
    for (const key of ["username", "", ":x", "x:"]) {
      expect(condition({ StringEquals: { [key]: "a" } })).toBe("Policy has an invalid condition key");
    }
  });

  it("of another shape are refused", () => {
    for (const shape of [
      null,
      "a",
      [],
      { StringEquals: "a" },
      { StringEquals: { "a:b": [] } },
      { StringEquals: { "a:b": null } },
    ]) {
      expect(condition(shape)).toBe("Invalid policy syntax.");
    }
  });

  it.each([
    ["NumericEquals", "ten"],
    ["NumericLessThan", ""],
    ["NumericLessThan", "1e400"],
    ["DateEquals", "yesterday"],
    ["DateLessThan", "2020-13-01T00:00:00Z"],
    ["Bool", "yes"],
    ["Null", "maybe"],
    ["BinaryEquals", "%%%"],
    ["IpAddress", "300.0.0.1"],
    ["IpAddress", "10.0.0.0/33"],
    ["IpAddress", "2001:db8::/129"],
    ["IpAddress", "1::2::3"],
    ["IpAddress", "1.2.3.4::"],
    ["NotIpAddress", "*"],
    ["NotIpAddress", "1:2:3:4:5:6:7:8:9"],
  ])("whose values mean nothing are refused: %s %j", (operator, value) => {
    expect(condition({ [operator]: { "a:b": value } })).toBe(`Invalid condition value: ${value}`);
  });

  it("take numbers and booleans of JSON as texts", () => {
    expect(
      condition({
        Bool: { "a:b": true },
        NumericEquals: { "a:c": [1, 2.5] },
        StringEquals: { "a:d": false },
      }),
    ).toBe("taken");
  });
});
