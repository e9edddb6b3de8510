// The identity policies that the IAM and the S3 User Guide show, and what they say that they do.

import { type Case, IAM, policy, S3 } from "./case.ts";

const EXAMPLES = `${S3}example-policies-s3.html`;
const FOLDERS = `${S3}walkthrough1.html`;
const KEYS = `${S3}amazon-s3-policy-keys.html`;
const SIGV4 = "https://docs.aws.amazon.com/AmazonS3/latest/API/bucket-policy-s3-sigv4-conditions.html";

const BUCKET = "arn:aws:s3:::amzn-s3-demo-bucket";
const LIST = { action: "s3:ListBucket", resource: BUCKET } as const;
const PUT = { action: "s3:PutObject" } as const;

export const IDENTITY_EXAMPLES: readonly Case[] = [
  {
    source: EXAMPLES,
    kind: "identity",
    policies: [
      policy(
        { Effect: "Allow", Action: "s3:ListAllMyBuckets", Resource: "*" },
        { Effect: "Allow", Action: ["s3:ListBucket", "s3:GetBucketLocation"], Resource: BUCKET },
        {
          Effect: "Allow",
          Action: ["s3:PutObject", "s3:PutObjectAcl", "s3:GetObject", "s3:GetObjectAcl", "s3:DeleteObject"],
          Resource: `${BUCKET}/*`,
        },
      ),
    ],
    decisions: [
      { says: "lists all buckets", action: "s3:ListAllMyBuckets", resource: "*", answer: "allow" },
      { says: "lists its bucket", ...LIST, answer: "allow" },
      { says: "does not list another", ...LIST, resource: "arn:aws:s3:::another", answer: "none" },
      { says: "deletes objects of its bucket", action: "s3:DeleteObject", answer: "allow" },
      { says: "does not delete versions", action: "s3:DeleteObjectVersion", answer: "none" },
      { says: "does not delete the bucket", action: "s3:DeleteBucket", resource: BUCKET, answer: "none" },
    ],
  },
  {
    source: EXAMPLES,
    kind: "identity",
    policies: [
      policy({
        Effect: "Allow",
        Action: [
          "s3:PutObject",
          "s3:GetObject",
          "s3:GetObjectVersion",
          "s3:DeleteObject",
          "s3:DeleteObjectVersion",
        ],
        Resource: `${BUCKET}/\${aws:username}/*`,
      }),
    ],
    decisions: [
      {
        says: "each user has a folder",
        ...PUT,
        resource: `${BUCKET}/Alice/a`,
        context: { "aws:username": "Alice" },
        answer: "allow",
      },
      {
        says: "the folder of another user",
        ...PUT,
        resource: `${BUCKET}/Bob/a`,
        context: { "aws:username": "Alice" },
        answer: "none",
      },
      { says: "roles have no name", ...PUT, resource: `${BUCKET}/Alice/a`, answer: "none" },
    ],
  },
  {
    source: FOLDERS,
    kind: "identity",
    policies: [
      policy(
        {
          Sid: "AllowRootLevelListingOfCompanyBucket",
          Action: ["s3:ListBucket"],
          Effect: "Allow",
          Resource: [BUCKET],
          Condition: { StringEquals: { "s3:prefix": [""], "s3:delimiter": ["/"] } },
        },
        {
          Sid: "AllowListBucketIfSpecificPrefixIsIncludedInRequest",
          Action: ["s3:ListBucket"],
          Effect: "Allow",
          Resource: [BUCKET],
          Condition: { StringLike: { "s3:prefix": ["Development/*"] } },
        },
        {
          Sid: "AllowUserToReadWriteObjectDataInDevelopmentFolder",
          Action: ["s3:GetObject", "s3:PutObject"],
          Effect: "Allow",
          Resource: [`${BUCKET}/Development/*`],
        },
        {
          Sid: "ExplicitlyDenyAccessToPrivateFolderToEveryoneInTheGroup",
          Action: ["s3:*"],
          Effect: "Deny",
          Resource: [`${BUCKET}/Private/*`],
        },
        {
          Sid: "DenyListBucketOnPrivateFolder",
          Action: ["s3:ListBucket"],
          Effect: "Deny",
          Resource: ["arn:aws:s3:::*"],
          Condition: { StringLike: { "s3:prefix": ["Private/"] } },
        },
      ),
    ],
    decisions: [
      {
        says: "lists the root level",
        ...LIST,
        context: { "s3:prefix": "", "s3:delimiter": "/" },
        answer: "allow",
      },
      {
        says: "does not list the root level without a delimiter",
        ...LIST,
        context: { "s3:prefix": "" },
        answer: "none",
      },
      { says: "does not list without a prefix", ...LIST, context: { "s3:delimiter": "/" }, answer: "none" },
      { says: "lists its folder", ...LIST, context: { "s3:prefix": "Development/a" }, answer: "allow" },
      { says: "does not list another folder", ...LIST, context: { "s3:prefix": "Finance/" }, answer: "none" },
      {
        says: "is denied to list the private folder",
        ...LIST,
        context: { "s3:prefix": "Private/" },
        answer: "deny",
      },
      { says: "reads in its folder", resource: `${BUCKET}/Development/a`, answer: "allow" },
      { says: "is denied to read in the private folder", resource: `${BUCKET}/Private/a`, answer: "deny" },
      { says: "does not read in another folder", resource: `${BUCKET}/Finance/a`, answer: "none" },
    ],
  },
  {
    source: KEYS,
    kind: "identity",
    policies: [
      policy(
        { Effect: "Allow", Action: "s3:ListBucket", Resource: BUCKET },
        {
          Effect: "Deny",
          Action: "s3:ListBucket",
          Resource: BUCKET,
          Condition: { NumericGreaterThan: { "s3:max-keys": "10" } },
        },
      ),
    ],
    decisions: [
      { says: "lists ten keys at most", ...LIST, context: { "s3:max-keys": "10" }, answer: "allow" },
      { says: "does not list a thousand", ...LIST, context: { "s3:max-keys": "1000" }, answer: "deny" },
    ],
  },
  {
    source: KEYS,
    kind: "identity",
    policies: [
      policy(
        { Effect: "Allow", Action: "s3:*", Resource: "*" },
        {
          Effect: "Deny",
          Action: "s3:*",
          Resource: "*",
          Condition: { NumericLessThan: { "s3:TlsVersion": 1.2 } },
        },
      ),
    ],
    decisions: [
      { says: "TLS 1.1 is denied", context: { "s3:TlsVersion": "1.1" }, answer: "deny" },
      { says: "TLS 1.2 is not", context: { "s3:TlsVersion": "1.2" }, answer: "allow" },
      { says: "TLS 1.3 is not", context: { "s3:TlsVersion": "1.3" }, answer: "allow" },
    ],
  },
  {
    source: KEYS,
    kind: "identity",
    policies: [
      policy(
        { Effect: "Allow", Action: ["s3:GetObjectVersion"], Resource: `${BUCKET}/key` },
        {
          Effect: "Deny",
          Action: ["s3:GetObjectVersion"],
          Resource: `${BUCKET}/key`,
          Condition: { StringNotEquals: { "s3:VersionId": "AaaHbAQitwiL_h47_44lRO2DDfLlBO5e" } },
        },
      ),
    ],
    decisions: [
      {
        says: "that version",
        action: "s3:GetObjectVersion",
        context: { "s3:VersionId": "AaaHbAQitwiL_h47_44lRO2DDfLlBO5e" },
        answer: "allow",
      },
      {
        says: "another version",
        action: "s3:GetObjectVersion",
        context: { "s3:VersionId": "b" },
        answer: "deny",
      },
    ],
  },
  {
    source: KEYS,
    kind: "identity",
    policies: [
      policy(
        { Effect: "Allow", Action: ["s3:PutObject"], Resource: `${BUCKET}/*` },
        {
          Effect: "Deny",
          Action: "s3:PutObject",
          Resource: `${BUCKET}/*`,
          Condition: {
            StringNotLike: { "s3:x-amz-copy-source": "amzn-s3-demo-bucket/public/*" },
            Null: { "s3:x-amz-copy-source": "false" },
          },
        },
      ),
    ],
    decisions: [
      {
        says: "copies from that folder",
        ...PUT,
        context: { "s3:x-amz-copy-source": "amzn-s3-demo-bucket/public/a" },
        answer: "allow",
      },
      {
        says: "does not copy from elsewhere",
        ...PUT,
        context: { "s3:x-amz-copy-source": "amzn-s3-demo-bucket/a" },
        answer: "deny",
      },
      { says: "uploads that are no copies", ...PUT, answer: "allow" },
    ],
  },
  {
    source: SIGV4,
    kind: "identity",
    policies: [
      policy(
        { Effect: "Allow", Action: "s3:*", Resource: "*" },
        {
          Sid: "DenyOld",
          Effect: "Deny",
          Action: "s3:*",
          Resource: `${BUCKET}/*`,
          Condition: { NumericGreaterThan: { "s3:signatureAge": "600000" } },
        },
        {
          Sid: "HeadersOnly",
          Effect: "Deny",
          Action: "s3:*",
          Resource: `${BUCKET}/*`,
          Condition: { StringNotEquals: { "s3:authType": "REST-HEADER" } },
        },
      ),
    ],
    decisions: [
      {
        says: "a fresh signature",
        context: { "s3:signatureAge": "600000", "s3:authType": "REST-HEADER" },
        answer: "allow",
      },
      {
        says: "an old signature",
        context: { "s3:signatureAge": "600001", "s3:authType": "REST-HEADER" },
        answer: "deny",
      },
      {
        says: "a presigned URL",
        context: { "s3:signatureAge": "1", "s3:authType": "REST-QUERY-STRING" },
        answer: "deny",
      },
    ],
  },
  {
    source: `${IAM}reference_policies_examples_aws_deny-ip.html`,
    kind: "identity",
    policies: [
      policy(
        { Effect: "Allow", Action: "*", Resource: "*" },
        {
          Effect: "Deny",
          Action: "*",
          Resource: "*",
          Condition: {
            NotIpAddress: { "aws:SourceIp": ["192.0.2.0/24", "203.0.113.0/24"] },
            Bool: { "aws:ViaAWSService": "false" },
          },
        },
      ),
    ],
    decisions: [
      {
        says: "from elsewhere",
        context: { "aws:SourceIp": "10.0.0.1", "aws:ViaAWSService": "false" },
        answer: "deny",
      },
      {
        says: "from elsewhere, through a service",
        context: { "aws:SourceIp": "10.0.0.1", "aws:ViaAWSService": "true" },
        answer: "allow",
      },
      {
        says: "from there",
        context: { "aws:SourceIp": "203.0.113.9", "aws:ViaAWSService": "false" },
        answer: "allow",
      },
    ],
  },
  {
    source: `${IAM}reference_policies_examples_aws-dates.html`,
    kind: "identity",
    policies: [
      policy({
        Effect: "Allow",
        Action: "s3:GetObject",
        Resource: "*",
        Condition: {
          DateGreaterThan: { "aws:CurrentTime": "2020-04-01T00:00:00Z" },
          DateLessThan: { "aws:CurrentTime": "2020-06-30T23:59:59Z" },
        },
      }),
    ],
    decisions: [
      {
        says: "between the two dates",
        context: { "aws:CurrentTime": "2020-05-01T00:00:00Z" },
        answer: "allow",
      },
      { says: "before them", context: { "aws:CurrentTime": "2020-03-31T23:59:59Z" }, answer: "none" },
      { says: "after them", context: { "aws:CurrentTime": "2020-07-01T00:00:00Z" }, answer: "none" },
    ],
  },
  {
    source: `${IAM}tutorial_attribute-based-access-control.html`,
    kind: "identity",
    policies: [
      policy({
        Effect: "Allow",
        Action: "s3:PutObject",
        Resource: "*",
        Condition: {
          StringEquals: {
            "aws:ResourceTag/access-project": `\${aws:PrincipalTag/access-project}`,
            "aws:RequestTag/cost-center": [`\${aws:PrincipalTag/cost-center}`],
          },
          "ForAllValues:StringEquals": { "aws:TagKeys": ["cost-center", "Name"] },
        },
      }),
    ],
    decisions: [
      {
        says: "tags of the principal and of the resource agree",
        ...PUT,
        context: {
          "aws:ResourceTag/access-project": "peg",
          "aws:PrincipalTag/access-project": "peg",
          "aws:RequestTag/cost-center": "987654",
          "aws:PrincipalTag/cost-center": "987654",
          "aws:TagKeys": ["cost-center"],
        },
        answer: "allow",
      },
      {
        says: "tags of the principal and of the resource do not agree",
        ...PUT,
        context: {
          "aws:ResourceTag/access-project": "uni",
          "aws:PrincipalTag/access-project": "peg",
          "aws:RequestTag/cost-center": "987654",
          "aws:PrincipalTag/cost-center": "987654",
        },
        answer: "none",
      },
      {
        says: "a tag that may not be set",
        ...PUT,
        context: {
          "aws:ResourceTag/access-project": "peg",
          "aws:PrincipalTag/access-project": "peg",
          "aws:RequestTag/cost-center": "987654",
          "aws:PrincipalTag/cost-center": "987654",
          "aws:TagKeys": ["cost-center", "team"],
        },
        answer: "none",
      },
    ],
  },
];
