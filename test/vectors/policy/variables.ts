// Policy variables: in resources and conditions, with fallbacks, without values, and in the old version of the language.

import { type Case, conditionCase, IAM, policy } from "./case.ts";

const VARIABLES = `${IAM}reference_policies_variables.html`;
const WHERE = `${VARIABLES}#policy-vars-wheretouse`;
const SPECIAL = `${VARIABLES}#policy-vars-specialchars`;
const NO_VALUE = `${VARIABLES}#policy-vars-no-value`;
const VERSION = `${IAM}reference_policies_elements_version.html`;

const BUCKET = "arn:aws:s3:::amzn-s3-demo-bucket";
const JOHN = { "aws:username": "JohnDoe" };

export const VARIABLE_CASES: readonly Case[] = [
  {
    source: VARIABLES,
    kind: "identity",
    policies: [
      policy(
        {
          Action: ["s3:ListBucket"],
          Effect: "Allow",
          Resource: [BUCKET],
          Condition: { StringLike: { "s3:prefix": [`\${aws:username}/*`] } },
        },
        {
          Action: ["s3:GetObject", "s3:PutObject"],
          Effect: "Allow",
          Resource: [`${BUCKET}/\${aws:username}/*`],
        },
      ),
    ],
    decisions: [
      {
        says: "a user reads in a folder of that name",
        resource: `${BUCKET}/JohnDoe/a/b`,
        context: JOHN,
        answer: "allow",
      },
      {
        says: "a user does not read in another's folder",
        resource: `${BUCKET}/JaneDoe/a`,
        context: JOHN,
        answer: "none",
      },
      { says: "the name has case", resource: `${BUCKET}/johndoe/a`, context: JOHN, answer: "none" },
      { says: "no name: the resource does not match", resource: `${BUCKET}/JohnDoe/a`, answer: "none" },
      {
        says: "no name: not even the variable's own text matches",
        resource: `${BUCKET}/\${aws:username}/a`,
        answer: "none",
      },
      {
        says: "wildcards in a value are text, in a resource",
        resource: `${BUCKET}/JaneDoe/a`,
        context: { "aws:username": "*" },
        answer: "none",
      },
      {
        says: "wildcards in a value match themselves",
        resource: `${BUCKET}/*/a`,
        context: { "aws:username": "*" },
        answer: "allow",
      },
      {
        says: "a variable in a value is not looked up again",
        resource: `${BUCKET}/JohnDoe/a`,
        context: { "aws:username": `\${aws:userid}`, "aws:userid": "JohnDoe" },
        answer: "none",
      },
      {
        says: "a user lists a folder of that name",
        action: "s3:ListBucket",
        resource: BUCKET,
        context: { ...JOHN, "s3:prefix": "JohnDoe/x" },
        answer: "allow",
      },
      {
        says: "a user does not list another's folder",
        action: "s3:ListBucket",
        resource: BUCKET,
        context: { ...JOHN, "s3:prefix": "JaneDoe/x" },
        answer: "none",
      },
      {
        says: "wildcards in a value are text, in a condition",
        action: "s3:ListBucket",
        resource: BUCKET,
        context: { "aws:username": "J*", "s3:prefix": "JaneDoe/x" },
        answer: "none",
      },
    ],
  },
  {
    source: VARIABLES,
    kind: "identity",
    policies: [
      policy({
        Effect: "Allow",
        Action: "s3:GetObject",
        Resource: `${BUCKET}/\${aws:PrincipalTag/team, 'company-wide'}/*`,
      }),
    ],
    decisions: [
      {
        says: "a fallback stands where the key is absent",
        resource: `${BUCKET}/company-wide/a`,
        answer: "allow",
      },
      {
        says: "a fallback does not stand where the key is there",
        resource: `${BUCKET}/company-wide/a`,
        context: { "aws:PrincipalTag/team": "yellow" },
        answer: "none",
      },
      {
        says: "the value stands where the key is there",
        resource: `${BUCKET}/yellow/a`,
        context: { "aws:PrincipalTag/team": "yellow" },
        answer: "allow",
      },
      {
        says: "the value stands there whatever the case of the key",
        resource: `${BUCKET}/yellow/a`,
        context: { "AWS:PrincipalTag/TEAM": "yellow" },
        answer: "allow",
      },
    ],
  },
  conditionCase(VARIABLES, { StringEquals: { "example:a": `\${aws:username, 'no*body'}` } }, "example:a", [
    ["a fallback is text", "no*body", true],
    ["wildcards in a fallback are none", "no-body", false],
  ]),
  conditionCase(VARIABLES, { StringLike: { "example:a": `\${aws:username, 'no*body'}` } }, "example:a", [
    ["wildcards in a fallback are none, even in a pattern", "no-body", false],
    ["a fallback matches itself in a pattern", "no*body", true],
  ]),
  conditionCase(SPECIAL, { StringLike: { "example:a": `a\${*}b*` } }, "example:a", [
    ["an asterisk spelled as a variable is one", "a*bc", true],
    ["an asterisk spelled as a variable is no wildcard", "axbc", false],
  ]),
  conditionCase(SPECIAL, { StringLike: { "example:a": `a\${?}b` } }, "example:a", [
    ["a question mark spelled as a variable is one", "a?b", true],
    ["a question mark spelled as a variable is no wildcard", "axb", false],
  ]),
  conditionCase(SPECIAL, { StringEquals: { "example:a": `\${$}{aws:username}` } }, "example:a", [
    ["a dollar spelled as a variable begins no variable", `\${aws:username}`, true],
    ["a dollar spelled as a variable is only a dollar", "{aws:username}", false],
  ]),
  {
    source: SPECIAL,
    kind: "identity",
    policies: [policy({ Effect: "Allow", Action: "*", Resource: `${BUCKET}/folder\${*}/*` })],
    decisions: [
      { says: "a resource with an asterisk in its name", resource: `${BUCKET}/folder*/a`, answer: "allow" },
      { says: "a resource without that asterisk", resource: `${BUCKET}/folder1/a`, answer: "none" },
    ],
  },
  {
    source: WHERE,
    kind: "identity",
    policies: [
      policy({
        Effect: "Allow",
        Action: "s3:*",
        Resource: "*",
        Condition: { ArnLike: { "aws:SourceArn": `arn:aws:sns:us-east-1:123456789012:\${aws:username}-*` } },
      }),
    ],
    decisions: [
      {
        says: "a variable in an ARN of a condition",
        context: { ...JOHN, "aws:SourceArn": "arn:aws:sns:us-east-1:123456789012:JohnDoe-topic" },
        answer: "allow",
      },
      {
        says: "another's ARN",
        context: { ...JOHN, "aws:SourceArn": "arn:aws:sns:us-east-1:123456789012:JaneDoe-topic" },
        answer: "none",
      },
    ],
  },
  {
    source: WHERE,
    kind: "identity",
    policies: [
      policy({
        Effect: "Allow",
        Action: "s3:*",
        Resource: "*",
        Condition: { StringEqualsIgnoreCase: { "aws:PrincipalTag/owner": `\${aws:username}` } },
      }),
    ],
    decisions: [
      {
        says: "a variable's value where case does not count",
        context: { ...JOHN, "aws:PrincipalTag/owner": "JOHNDOE" },
        answer: "allow",
      },
      {
        says: "an empty value is a value",
        context: { "aws:username": "", "aws:PrincipalTag/owner": "" },
        answer: "allow",
      },
      {
        says: "several values of a key are no value of a variable",
        context: { "aws:username": ["a", "b"], "aws:PrincipalTag/owner": "a" },
        answer: "none",
      },
    ],
  },
  {
    source: WHERE,
    kind: "identity",
    policies: [
      policy({
        Effect: "Allow",
        Action: "s3:*",
        Resource: "*",
        Condition: { NumericLessThan: { "s3:max-keys": `\${aws:PrincipalTag/keys}` } },
      }),
    ],
    decisions: [
      {
        says: "a variable whose value is a number",
        context: { "aws:PrincipalTag/keys": "10", "s3:max-keys": "9" },
        answer: "allow",
      },
      {
        says: "a variable whose value is no number matches nothing",
        context: { "aws:PrincipalTag/keys": "many", "s3:max-keys": "9" },
        answer: "none",
      },
      {
        says: "a variable without a value matches no number",
        context: { "s3:max-keys": "9" },
        answer: "none",
      },
    ],
  },
  {
    source: NO_VALUE,
    kind: "identity",
    policies: [
      policy(
        { Effect: "Allow", Action: "*", Resource: "*" },
        {
          Effect: "Deny",
          Action: "*",
          Resource: "*",
          Condition: { StringNotEquals: { "s3:ExistingObjectTag/team": `\${aws:PrincipalTag/team}` } },
        },
      ),
    ],
    decisions: [
      {
        says: "an inverted operator matches a variable without value",
        context: { "s3:ExistingObjectTag/team": "red" },
        answer: "deny",
      },
      {
        says: "an inverted operator does not match what is equal",
        context: { "s3:ExistingObjectTag/team": "red", "aws:PrincipalTag/team": "red" },
        answer: "allow",
      },
      {
        says: "an inverted operator matches what is not equal",
        context: { "s3:ExistingObjectTag/team": "red", "aws:PrincipalTag/team": "blue" },
        answer: "deny",
      },
    ],
  },
  conditionCase(NO_VALUE, { StringLike: { "example:a": [`\${aws:username}`, "plain"] } }, "example:a", [
    ["another value can still match where a variable has none", "plain", true],
    ["a variable without value is like nothing", "", false],
  ]),
  {
    source: VERSION,
    kind: "identity",
    policies: [
      {
        Version: "2008-10-17",
        Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: `${BUCKET}/\${aws:username}/*` }],
      },
    ],
    decisions: [
      {
        says: "in the old version a variable is text",
        resource: `${BUCKET}/\${aws:username}/a`,
        context: JOHN,
        answer: "allow",
      },
      {
        says: "in the old version nothing is filled in",
        resource: `${BUCKET}/JohnDoe/a`,
        context: JOHN,
        answer: "none",
      },
    ],
  },
  {
    source: VERSION,
    kind: "identity",
    policies: [
      { Statement: { Effect: "Allow", Action: "s3:GetObject", Resource: `${BUCKET}/\${aws:username}/*` } },
    ],
    decisions: [
      {
        says: "without a version it is the old one",
        resource: `${BUCKET}/\${aws:username}/a`,
        context: JOHN,
        answer: "allow",
      },
      {
        says: "without a version nothing is filled in",
        resource: `${BUCKET}/JohnDoe/a`,
        context: JOHN,
        answer: "none",
      },
    ],
  },
];
