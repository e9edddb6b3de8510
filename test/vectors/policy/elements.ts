// Effect, Action, Resource and their Not… forms, and how statements and policies add up.

import { type Case, IAM, policy, S3 } from "./case.ts";

const ACTION = `${IAM}reference_policies_elements_action.html`;
const NOT_ACTION = `${IAM}reference_policies_elements_notaction.html`;
const RESOURCE = `${IAM}reference_policies_elements_resource.html`;
const NOT_RESOURCE = `${IAM}reference_policies_elements_notresource.html`;
const EVALUATION = `${IAM}reference_policies_evaluation-logic_policy-eval-denyallow.html`;
const ARNS = `${S3}s3-arn-format.html`;

const BUCKET = "arn:aws:s3:::amzn-s3-demo-bucket";

const acting = (Action: unknown) => policy({ Effect: "Allow", Action, Resource: "*" });
const about = (Resource: unknown) => policy({ Effect: "Allow", Action: "s3:GetObject", Resource });

const ACTION_CASES: readonly Case[] = [
  {
    source: ACTION,
    kind: "identity",
    policies: [acting("s3:GetObject")],
    decisions: [
      { says: "the action", answer: "allow" },
      { says: "names of actions have no case", action: "S3:getobject", answer: "allow" },
      { says: "an action that begins so", action: "s3:GetObjectAcl", answer: "none" },
      { says: "another action", action: "s3:PutObject", answer: "none" },
      { says: "the same action of another service", action: "s3express:GetObject", answer: "none" },
    ],
  },
  {
    source: ACTION,
    kind: "identity",
    policies: [acting("S3:GETobject")],
    decisions: [{ says: "the policy's spelling has no case either", answer: "allow" }],
  },
  {
    source: ACTION,
    kind: "identity",
    policies: [acting(["sqs:SendMessage", "s3:Get*"])],
    decisions: [
      { says: "a wildcard at the end", action: "s3:GetObjectVersionAcl", answer: "allow" },
      { says: "a wildcard for nothing", action: "s3:Get", answer: "allow" },
      { says: "what the wildcard does not cover", action: "s3:ListBucket", answer: "none" },
      { says: "another action of the list", action: "sqs:SendMessage", answer: "allow" },
    ],
  },
  {
    source: ACTION,
    kind: "identity",
    policies: [acting("iam:*AccessKey*")],
    decisions: [
      { says: "wildcards on both sides", action: "iam:CreateAccessKey", answer: "allow" },
      { says: "wildcards on both sides, plural", action: "iam:ListAccessKeys", answer: "allow" },
      { says: "what is between them has to be there", action: "iam:ListUsers", answer: "none" },
    ],
  },
  {
    source: ACTION,
    kind: "identity",
    policies: [acting("s3:???Object")],
    decisions: [
      { says: "question marks are one character each", action: "s3:PutObject", answer: "allow" },
      { says: "question marks are not more", action: "s3:HeadObject", answer: "none" },
    ],
  },
  {
    source: ACTION,
    kind: "identity",
    policies: [acting("*")],
    decisions: [
      { says: "every action of one service", action: "s3:DeleteBucket", answer: "allow" },
      { says: "every action of every service", action: "iam:CreateUser", answer: "allow" },
    ],
  },
  {
    source: NOT_ACTION,
    kind: "identity",
    policies: [policy({ Effect: "Allow", NotAction: "s3:DeleteBucket", Resource: "arn:aws:s3:::*" })],
    decisions: [
      { says: "NotAction: everything else", action: "s3:DeleteObject", answer: "allow" },
      { says: "NotAction: not this", action: "s3:DeleteBucket", resource: BUCKET, answer: "none" },
      {
        says: "NotAction: only of those resources",
        action: "sqs:DeleteQueue",
        resource: "arn:aws:sqs:::q",
        answer: "none",
      },
    ],
  },
  {
    source: NOT_ACTION,
    kind: "identity",
    policies: [
      policy(
        { Effect: "Allow", Action: "*", Resource: "*" },
        {
          Effect: "Deny",
          NotAction: ["iam:*", "sts:*"],
          Resource: "*",
          Condition: { BoolIfExists: { "aws:MultiFactorAuthPresent": "false" } },
        },
      ),
    ],
    decisions: [
      {
        says: "NotAction with Deny: everything else is denied",
        context: { "aws:MultiFactorAuthPresent": "false" },
        answer: "deny",
      },
      { says: "NotAction with Deny: absent, too", answer: "deny" },
      {
        says: "NotAction with Deny: what is listed is not denied",
        action: "iam:ListUsers",
        context: { "aws:MultiFactorAuthPresent": "false" },
        answer: "allow",
      },
      {
        says: "NotAction with Deny: where the condition does not hold",
        context: { "aws:MultiFactorAuthPresent": "true" },
        answer: "allow",
      },
    ],
  },
];

const RESOURCE_CASES: readonly Case[] = [
  {
    source: ARNS,
    kind: "identity",
    policies: [about(BUCKET)],
    decisions: [
      { says: "a bucket is not its objects", answer: "none" },
      { says: "a bucket", resource: BUCKET, answer: "allow" },
    ],
  },
  {
    source: ARNS,
    kind: "identity",
    policies: [about(`${BUCKET}/*`)],
    decisions: [
      { says: "a bucket's objects", answer: "allow" },
      { says: "a bucket's objects, with slashes", resource: `${BUCKET}/a/b:c`, answer: "allow" },
      { says: "a bucket's objects are not the bucket", resource: BUCKET, answer: "none" },
      {
        says: "a bucket's objects are not those of a bucket that begins so",
        resource: `${BUCKET}2/key`,
        answer: "none",
      },
    ],
  },
  {
    source: ARNS,
    kind: "identity",
    policies: [about(`${BUCKET}*`)],
    decisions: [
      { says: "an asterisk at once: the bucket", resource: BUCKET, answer: "allow" },
      { says: "an asterisk at once: its objects", answer: "allow" },
      {
        says: "an asterisk at once: other buckets that begin so",
        resource: `${BUCKET}2/key`,
        answer: "allow",
      },
    ],
  },
  {
    source: ARNS,
    kind: "identity",
    policies: [about([`${BUCKET}/Development/*.csv`, `${BUCKET}/202?/report`])],
    decisions: [
      { says: "a wildcard within a key", resource: `${BUCKET}/Development/a/b.csv`, answer: "allow" },
      { says: "the end after a wildcard counts", resource: `${BUCKET}/Development/a.csv.gz`, answer: "none" },
      { says: "keys have case", resource: `${BUCKET}/development/a.csv`, answer: "none" },
      { says: "a question mark within a key", resource: `${BUCKET}/2024/report`, answer: "allow" },
      { says: "a question mark is one character", resource: `${BUCKET}/20244/report`, answer: "none" },
    ],
  },
  {
    source: RESOURCE,
    kind: "identity",
    policies: [about("*")],
    decisions: [
      { says: "every resource", answer: "allow" },
      {
        says: "every resource, of another service",
        resource: "arn:aws:iam::111122223333:user/a",
        answer: "allow",
      },
      { says: "what has no resource", resource: "*", answer: "allow" },
    ],
  },
  {
    source: RESOURCE,
    kind: "identity",
    policies: [about("arn:aws:s3:::*")],
    decisions: [
      { says: "every bucket", resource: BUCKET, answer: "allow" },
      { says: "every object of every bucket", answer: "allow" },
      { says: "not what has no resource", resource: "*", answer: "none" },
    ],
  },
  {
    source: NOT_RESOURCE,
    kind: "identity",
    policies: [
      policy(
        { Effect: "Allow", Action: "s3:*", Resource: "*" },
        { Effect: "Deny", Action: "s3:*", NotResource: [`${BUCKET}/HRBucket`, `${BUCKET}/HRBucket/*`] },
      ),
    ],
    decisions: [
      { says: "NotResource: everything else is denied", answer: "deny" },
      { says: "NotResource: not the one", resource: `${BUCKET}/HRBucket`, answer: "allow" },
      { says: "NotResource: not the other", resource: `${BUCKET}/HRBucket/a`, answer: "allow" },
      {
        says: "NotResource: another service's resource",
        resource: "arn:aws:sqs:us-east-1:111122223333:q",
        answer: "deny",
      },
    ],
  },
  {
    source: NOT_RESOURCE,
    kind: "identity",
    policies: [policy({ Effect: "Allow", Action: "s3:*", NotResource: `${BUCKET}/\${aws:username}/*` })],
    decisions: [
      { says: "NotResource that allows: everything else", context: { "aws:username": "a" }, answer: "allow" },
      {
        says: "NotResource that allows: not this",
        resource: `${BUCKET}/a/b`,
        context: { "aws:username": "a" },
        answer: "none",
      },
      { says: "NotResource that allows, with a variable that has no value, allows nothing", answer: "none" },
    ],
  },
];

const allow = { Effect: "Allow", Action: "s3:*", Resource: "*" };
const deny = { Effect: "Deny", Action: "s3:DeleteObject", Resource: `${BUCKET}/*` };
const DELETE = { action: "s3:DeleteObject" };

const SUM_CASES: readonly Case[] = [
  {
    source: EVALUATION,
    kind: "identity",
    policies: [],
    decisions: [{ says: "no policy says nothing: an implicit deny", answer: "none" }],
  },
  {
    source: EVALUATION,
    kind: "identity",
    policies: [policy(allow, deny)],
    decisions: [
      { says: "an explicit deny overrides an allow before it", ...DELETE, answer: "deny" },
      { says: "what is not denied stays allowed", answer: "allow" },
      { says: "what nothing speaks of", action: "iam:ListUsers", answer: "none" },
    ],
  },
  {
    source: EVALUATION,
    kind: "identity",
    policies: [policy(deny, allow)],
    decisions: [{ says: "an explicit deny overrides an allow after it", ...DELETE, answer: "deny" }],
  },
  {
    source: EVALUATION,
    kind: "identity",
    policies: [policy(allow), policy(deny)],
    decisions: [
      { says: "a deny of one policy overrides another policy", ...DELETE, answer: "deny" },
      { says: "policies add up", answer: "allow" },
    ],
  },
  {
    source: EVALUATION,
    kind: "identity",
    policies: [policy(deny)],
    decisions: [
      { says: "a deny alone", ...DELETE, answer: "deny" },
      { says: "a deny does not allow what it does not speak of", answer: "none" },
    ],
  },
  {
    source: EVALUATION,
    kind: "identity",
    policies: [policy({ ...deny, Condition: { Bool: { "aws:SecureTransport": "false" } } }, allow)],
    decisions: [
      {
        says: "a deny whose condition holds",
        ...DELETE,
        context: { "aws:SecureTransport": "false" },
        answer: "deny",
      },
      {
        says: "a deny whose condition does not hold",
        ...DELETE,
        context: { "aws:SecureTransport": "true" },
        answer: "allow",
      },
    ],
  },
  {
    source: `${IAM}access_policies.html#policies_session`,
    kind: "session",
    policies: [policy({ Effect: "Allow", Action: "s3:GetObject", Resource: `${BUCKET}/*` })],
    decisions: [
      { says: "a session policy speaks of what it lists", answer: "allow" },
      { says: "a session policy allows nothing else", ...DELETE, answer: "none" },
    ],
  },
];

export const ELEMENT_CASES: readonly Case[] = [...ACTION_CASES, ...RESOURCE_CASES, ...SUM_CASES];
