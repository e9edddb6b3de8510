// How conditions are combined, and keys with several values: ForAllValues, ForAnyValue.

import { type Case, conditionCase, IAM, when } from "./case.ts";

const LOGIC = `${IAM}reference_policies_condition-logic-multiple-context-keys-or-values.html`;
const VALUED = `${IAM}reference_policies_condition-single-vs-multi-valued-context-keys.html`;
const EXAMPLES = `${IAM}reference_policies_condition_examples-multi-valued-context-keys.html`;
const CONDITION = `${IAM}reference_policies_elements_condition.html`;

const TAGS = "aws:TagKeys";

export const SET_CASES: readonly Case[] = [
  conditionCase(VALUED, { "ForAllValues:StringEquals": { [TAGS]: ["Department", "Team"] } }, TAGS, [
    ["every value of the request is one of the policy's", ["Team", "Department"], true],
    ["one value, which is one of the policy's", ["Team"], true],
    ["one value is none of the policy's", ["Team", "Cost"], false],
    ["no keys in the request: true", undefined, true],
    ["a null data set: true", [], true],
    ["an empty string is a null data set: true", [""], true],
  ]),
  conditionCase(VALUED, { "ForAnyValue:StringEquals": { [TAGS]: ["Department", "Team"] } }, TAGS, [
    ["at least one value matches", ["Cost", "Team"], true],
    ["no value matches", ["Cost", "Owner"], false],
    ["no matching key in the request: false", undefined, false],
    ["a null data set: false", [], false],
    ["an empty string is a null data set: false", [""], false],
  ]),
  conditionCase(VALUED, { "ForAllValues:StringNotEquals": { [TAGS]: ["Secret", "Hidden"] } }, TAGS, [
    ["no value is one of the policy's", ["Team", "Cost"], true],
    ["one value is one of the policy's", ["Team", "Secret"], false],
    ["no keys in the request", undefined, true],
  ]),
  conditionCase(VALUED, { "ForAnyValue:StringNotEquals": { [TAGS]: ["Department", "Team"] } }, TAGS, [
    ["at least one value is none of the policy's", ["Team", "Cost"], true],
    ["all values are the policy's", ["Team", "Department"], false],
    ["no keys in the request", undefined, false],
  ]),
  conditionCase(VALUED, { "ForAnyValue:StringLike": { [TAGS]: "cost-*" } }, TAGS, [
    ["a pattern matches one value", ["team", "cost-center"], true],
    ["a pattern matches no value", ["team", "costs"], false],
  ]),
  conditionCase(VALUED, { "ForAllValues:StringLike": { [TAGS]: ["cost-*", "t?am"] } }, TAGS, [
    ["patterns match all values", ["team", "cost-center"], true],
    ["patterns do not match one value", ["teeam", "cost-center"], false],
  ]),
  conditionCase(VALUED, { "ForAllValues:StringEqualsIgnoreCase": { [TAGS]: ["environment"] } }, TAGS, [
    ["case is of no matter, of all values", ["Environment", "ENVIRONMENT"], true],
  ]),
  conditionCase(VALUED, { "ForAllValues:StringEquals": { [TAGS]: ["a"] }, Null: { [TAGS]: "false" } }, TAGS, [
    ["Null beside ForAllValues wants the key to be there", undefined, false],
    ["Null beside ForAllValues, the key is there", ["a"], true],
  ]),
  conditionCase(VALUED, { "ForAnyValue:ArnLike": { "example:arns": "arn:aws:s3:::*" } }, "example:arns", [
    ["any ARN", ["arn:aws:sns:x:y:z", "arn:aws:s3:::b"], true],
    ["none of the ARNs", ["arn:aws:sns:x:y:z"], false],
  ]),
  conditionCase(
    EXAMPLES,
    { "ForAllValues:StringLike": { "dynamodb:Attributes": ["ID", "PostDateTime"] } },
    "dynamodb:Attributes",
    [
      ["the attributes listed", ["ID", "PostDateTime"], true],
      ["an attribute that is not listed", ["ID", "UserName"], false],
    ],
  ),
  {
    source: LOGIC,
    kind: "identity",
    policies: [
      when({
        StringEquals: { "aws:PrincipalTag/role": "audit", "aws:RequestedRegion": ["us-east-1", "eu-west-1"] },
        Bool: { "aws:SecureTransport": "true" },
      }),
    ],
    decisions: [
      {
        says: "AND over operators and keys, OR over values",
        context: {
          "aws:PrincipalTag/role": "audit",
          "aws:RequestedRegion": "eu-west-1",
          "aws:SecureTransport": "true",
        },
        answer: "allow",
      },
      {
        says: "the other value is enough",
        context: {
          "aws:PrincipalTag/role": "audit",
          "aws:RequestedRegion": "us-east-1",
          "aws:SecureTransport": "true",
        },
        answer: "allow",
      },
      {
        says: "one key of an operator does not match",
        context: {
          "aws:PrincipalTag/role": "audit",
          "aws:RequestedRegion": "us-west-1",
          "aws:SecureTransport": "true",
        },
        answer: "none",
      },
      {
        says: "one key of an operator is absent",
        context: { "aws:RequestedRegion": "eu-west-1", "aws:SecureTransport": "true" },
        answer: "none",
      },
      {
        says: "the other operator does not match",
        context: {
          "aws:PrincipalTag/role": "audit",
          "aws:RequestedRegion": "eu-west-1",
          "aws:SecureTransport": "false",
        },
        answer: "none",
      },
    ],
  },
  {
    source: LOGIC,
    kind: "identity",
    policies: [
      when(
        { StringNotEquals: { "aws:PrincipalTag/team": ["red", "blue"], "aws:RequestedRegion": "us-east-1" } },
        "Deny",
      ),
    ],
    decisions: [
      {
        says: "NOR over the values of a negated operator",
        context: { "aws:PrincipalTag/team": "green", "aws:RequestedRegion": "eu-west-1" },
        answer: "deny",
      },
      {
        says: "one of the values matches, so the negated operator does not",
        context: { "aws:PrincipalTag/team": "blue", "aws:RequestedRegion": "eu-west-1" },
        answer: "none",
      },
      {
        says: "AND over the keys of a negated operator",
        context: { "aws:PrincipalTag/team": "green", "aws:RequestedRegion": "us-east-1" },
        answer: "none",
      },
      { says: "keys that are absent, negated, in a denial", answer: "deny" },
    ],
  },
  {
    source: CONDITION,
    kind: "identity",
    policies: [when({ StringEquals: { "AWS:PrincipalTAG/Team": "Red" } })],
    decisions: [
      { says: "key names have no case", context: { "aws:principaltag/team": "Red" }, answer: "allow" },
      { says: "values have case", context: { "aws:principaltag/team": "red" }, answer: "none" },
    ],
  },
  {
    source: CONDITION,
    kind: "identity",
    policies: [when({})],
    decisions: [{ says: "an empty condition asks for nothing", answer: "allow" }],
  },
];
