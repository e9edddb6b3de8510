// The bucket policies that the S3 User Guide shows, and what it says that they do.

import { ACCOUNT, type Case, OTHER_ACCOUNT, policy, S3 } from "./case.ts";

const EXAMPLES = `${S3}example-bucket-policies.html`;
const KEYS = `${S3}amazon-s3-policy-keys.html`;
const WEBSITE = `${S3}WebsiteAccessPermissionsReqd.html`;

const BUCKET = "arn:aws:s3:::amzn-s3-demo-bucket";
const OBJECTS = `${BUCKET}/*`;
const PUT = { action: "s3:PutObject" } as const;
const LIST = { action: "s3:ListBucket", resource: BUCKET } as const;
const ALL = { Effect: "Allow", Principal: "*", Action: "s3:*", Resource: [BUCKET, OBJECTS] };

export const BUCKET_EXAMPLES: readonly Case[] = [
  {
    source: WEBSITE,
    kind: "bucket",
    policies: [
      policy({
        Sid: "PublicReadGetObject",
        Effect: "Allow",
        Principal: "*",
        Action: ["s3:GetObject"],
        Resource: [OBJECTS],
      }),
    ],
    decisions: [
      { says: "everyone reads a website", by: "anonymous", answer: "allow everyone" },
      { says: "nobody writes it", by: "anonymous", ...PUT, answer: "none" },
      { says: "nobody lists it", by: "anonymous", ...LIST, answer: "none" },
    ],
  },
  {
    source: EXAMPLES,
    kind: "bucket",
    policies: [
      policy(ALL, {
        Sid: "RestrictToTLSRequestsOnly",
        Action: "s3:*",
        Effect: "Deny",
        Resource: [BUCKET, OBJECTS],
        Condition: { Bool: { "aws:SecureTransport": "false" } },
        Principal: "*",
      }),
    ],
    decisions: [
      { says: "HTTP is denied", context: { "aws:SecureTransport": "false" }, answer: "deny" },
      {
        says: "HTTP is denied for the bucket itself",
        ...LIST,
        context: { "aws:SecureTransport": "false" },
        answer: "deny",
      },
      { says: "HTTPS is not denied", context: { "aws:SecureTransport": "true" }, answer: "allow everyone" },
    ],
  },
  {
    source: EXAMPLES,
    kind: "bucket",
    policies: [
      policy(ALL, {
        Sid: "DenyObjectsThatAreNotSSEKMS",
        Principal: "*",
        Effect: "Deny",
        Action: "s3:PutObject",
        Resource: OBJECTS,
        Condition: { Null: { "s3:x-amz-server-side-encryption-aws-kms-key-id": "true" } },
      }),
    ],
    decisions: [
      { says: "an upload that names no key is denied", ...PUT, answer: "deny" },
      {
        says: "an upload that names a key is not",
        ...PUT,
        context: {
          "s3:x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:us-east-1:111122223333:key/a",
        },
        answer: "allow everyone",
      },
      { says: "reading is not denied", answer: "allow everyone" },
    ],
  },
  {
    source: KEYS,
    kind: "bucket",
    policies: [
      policy(ALL, {
        Sid: "Deny uploads with another algorithm",
        Principal: "*",
        Effect: "Deny",
        Action: "s3:PutObject",
        Resource: OBJECTS,
        Condition: { StringNotEquals: { "s3:x-amz-server-side-encryption": "AES256" } },
      }),
    ],
    decisions: [
      { says: "no header: the negated operator matches", ...PUT, answer: "deny" },
      {
        says: "another algorithm",
        ...PUT,
        context: { "s3:x-amz-server-side-encryption": "aws:kms" },
        answer: "deny",
      },
      {
        says: "that algorithm",
        ...PUT,
        context: { "s3:x-amz-server-side-encryption": "AES256" },
        answer: "allow everyone",
      },
    ],
  },
  {
    source: EXAMPLES,
    kind: "bucket",
    policies: [
      policy({
        Sid: "PolicyForAllowUploadWithACL",
        Effect: "Allow",
        Principal: { AWS: ACCOUNT },
        Action: "s3:PutObject",
        Resource: OBJECTS,
        Condition: { StringEquals: { "s3:x-amz-acl": "bucket-owner-full-control" } },
      }),
    ],
    decisions: [
      {
        says: "uploads with this ACL",
        ...PUT,
        context: { "s3:x-amz-acl": "bucket-owner-full-control" },
        answer: "allow account",
      },
      {
        says: "uploads with another ACL",
        ...PUT,
        context: { "s3:x-amz-acl": "public-read" },
        answer: "none",
      },
      { says: "uploads without one", ...PUT, answer: "none" },
      {
        says: "uploads by another account",
        by: "bob",
        ...PUT,
        context: { "s3:x-amz-acl": "bucket-owner-full-control" },
        answer: "none",
      },
    ],
  },
  {
    source: EXAMPLES,
    kind: "bucket",
    policies: [
      policy({
        Sid: "AddCannedAcl",
        Effect: "Allow",
        Principal: { AWS: [`arn:aws:iam::${ACCOUNT}:root`, `arn:aws:iam::${OTHER_ACCOUNT}:root`] },
        Action: ["s3:PutObject", "s3:PutObjectAcl"],
        Resource: OBJECTS,
        Condition: { StringEquals: { "s3:x-amz-acl": ["public-read"] } },
      }),
    ],
    decisions: [
      {
        says: "the first account with this ACL",
        ...PUT,
        context: { "s3:x-amz-acl": "public-read" },
        answer: "allow account",
      },
      {
        says: "the second account with this ACL",
        by: "otherRoot",
        ...PUT,
        context: { "s3:x-amz-acl": "public-read" },
        answer: "allow principal",
      },
      {
        says: "setting the ACL later",
        action: "s3:PutObjectAcl",
        context: { "s3:x-amz-acl": "public-read" },
        answer: "allow account",
      },
      { says: "without the ACL", ...PUT, answer: "none" },
    ],
  },
  {
    source: EXAMPLES,
    kind: "bucket",
    policies: [
      policy(ALL, {
        Sid: "SourceIP",
        Effect: "Deny",
        Principal: "*",
        Action: "s3:*",
        Resource: [BUCKET, OBJECTS],
        Condition: { NotIpAddress: { "aws:SourceIp": "192.0.2.0/24" } },
      }),
    ],
    decisions: [
      { says: "from elsewhere", context: { "aws:SourceIp": "198.51.100.9" }, answer: "deny" },
      { says: "from there", context: { "aws:SourceIp": "192.0.2.200" }, answer: "allow everyone" },
    ],
  },
];
