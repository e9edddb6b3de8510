// More bucket policies of the S3 User Guide: addresses, pages, folders, tags, logs, retention.

import { ACCOUNT, type Case, OTHER_ACCOUNT, policy, S3 } from "./case.ts";

const EXAMPLES = `${S3}example-bucket-policies.html`;
const TAGGING = `${S3}tagging-and-policies.html`;
const LOGS = `${S3}enable-server-access-logging.html`;
const LOCK = `${S3}object-lock-managing.html`;

const BUCKET = "arn:aws:s3:::amzn-s3-demo-bucket";
const OBJECTS = `${BUCKET}/*`;
const PUT = { action: "s3:PutObject" } as const;
const LIST = { action: "s3:ListBucket", resource: BUCKET } as const;
const ALL = { Effect: "Allow", Principal: "*", Action: "s3:*", Resource: [BUCKET, OBJECTS] };

export const MORE_BUCKET_EXAMPLES: readonly Case[] = [
  {
    source: EXAMPLES,
    kind: "bucket",
    policies: [
      policy({
        Sid: "AllowIPmix",
        Effect: "Allow",
        Principal: "*",
        Action: "s3:*",
        Resource: [BUCKET, OBJECTS],
        Condition: {
          IpAddress: { "aws:SourceIp": ["192.0.2.0/24", "2001:DB8:1234:5678::/64"] },
          NotIpAddress: { "aws:SourceIp": ["192.0.2.188/30", "2001:DB8:1234:5678:ABCD::/80"] },
        },
      }),
    ],
    decisions: [
      { says: "IPv4 within", context: { "aws:SourceIp": "192.0.2.1" }, answer: "allow everyone" },
      { says: "IPv4 within what is left out", context: { "aws:SourceIp": "192.0.2.189" }, answer: "none" },
      { says: "IPv6 within", context: { "aws:SourceIp": "2001:db8:1234:5678::1" }, answer: "allow everyone" },
      {
        says: "IPv6 within what is left out",
        context: { "aws:SourceIp": "2001:db8:1234:5678:abcd::1" },
        answer: "none",
      },
      { says: "elsewhere", context: { "aws:SourceIp": "198.51.100.1" }, answer: "none" },
    ],
  },
  {
    source: EXAMPLES,
    kind: "bucket",
    policies: [
      policy({
        Sid: "Allow only GET requests originating from www.example.com and example.com.",
        Effect: "Allow",
        Principal: "*",
        Action: ["s3:GetObject", "s3:GetObjectVersion"],
        Resource: OBJECTS,
        Condition: { StringLike: { "aws:Referer": ["http://www.example.com/*", "http://example.com/*"] } },
      }),
    ],
    decisions: [
      {
        says: "a page of the site",
        context: { "aws:Referer": "http://www.example.com/a" },
        answer: "allow everyone",
      },
      {
        says: "a page of its other name",
        context: { "aws:Referer": "http://example.com/" },
        answer: "allow everyone",
      },
      {
        says: "another site",
        context: { "aws:Referer": "http://example.org/http://example.com/" },
        answer: "none",
      },
      { says: "no page at all", answer: "none" },
    ],
  },
  {
    source: EXAMPLES,
    kind: "bucket",
    policies: [
      policy(
        {
          Sid: "AllowUserToSeeFolder",
          Effect: "Allow",
          Principal: { AWS: `arn:aws:iam::${ACCOUNT}:user/JohnDoe` },
          Action: "s3:ListBucket",
          Resource: BUCKET,
          Condition: { StringEquals: { "s3:prefix": ["", "home/", "home/JohnDoe"], "s3:delimiter": ["/"] } },
        },
        {
          Sid: "AllowUserInFolder",
          Effect: "Allow",
          Principal: { AWS: `arn:aws:iam::${ACCOUNT}:user/JohnDoe` },
          Action: "s3:*",
          Resource: `${BUCKET}/home/JohnDoe/*`,
        },
      ),
    ],
    decisions: [
      {
        says: "lists the top",
        ...LIST,
        context: { "s3:prefix": "", "s3:delimiter": "/" },
        answer: "allow principal",
      },
      {
        says: "lists the folder",
        ...LIST,
        context: { "s3:prefix": "home/JohnDoe", "s3:delimiter": "/" },
        answer: "allow principal",
      },
      {
        says: "does not list without a delimiter",
        ...LIST,
        context: { "s3:prefix": "home/" },
        answer: "none",
      },
      {
        says: "does not list another folder",
        ...LIST,
        context: { "s3:prefix": "home/JaneDoe", "s3:delimiter": "/" },
        answer: "none",
      },
      {
        says: "writes in the folder",
        ...PUT,
        resource: `${BUCKET}/home/JohnDoe/a`,
        answer: "allow principal",
      },
      {
        says: "does not write in another folder",
        ...PUT,
        resource: `${BUCKET}/home/JaneDoe/a`,
        answer: "none",
      },
      {
        says: "another user does not",
        by: "jane",
        ...PUT,
        resource: `${BUCKET}/home/JohnDoe/a`,
        answer: "none",
      },
    ],
  },
  {
    source: TAGGING,
    kind: "bucket",
    policies: [
      policy({
        Principal: "*",
        Effect: "Allow",
        Action: ["s3:GetObject", "s3:GetObjectVersion"],
        Resource: OBJECTS,
        Condition: { StringEquals: { "s3:ExistingObjectTag/environment": "production" } },
      }),
    ],
    decisions: [
      {
        says: "an object with that tag",
        context: { "s3:ExistingObjectTag/environment": "production" },
        answer: "allow everyone",
      },
      {
        says: "an object with another value",
        context: { "s3:ExistingObjectTag/environment": "test" },
        answer: "none",
      },
      { says: "an object without tags", answer: "none" },
    ],
  },
  {
    source: TAGGING,
    kind: "bucket",
    policies: [
      policy({
        Principal: { AWS: [`arn:aws:iam::${ACCOUNT}:user/JohnDoe`] },
        Effect: "Allow",
        Action: ["s3:PutObjectTagging"],
        Resource: [OBJECTS],
        Condition: { "ForAllValues:StringLike": { "s3:RequestObjectTagKeys": ["Owner", "CreationDate"] } },
      }),
    ],
    decisions: [
      {
        says: "both tags",
        action: "s3:PutObjectTagging",
        context: { "s3:RequestObjectTagKeys": ["Owner", "CreationDate"] },
        answer: "allow principal",
      },
      {
        says: "one of the tags",
        action: "s3:PutObjectTagging",
        context: { "s3:RequestObjectTagKeys": ["Owner"] },
        answer: "allow principal",
      },
      { says: "no tags", action: "s3:PutObjectTagging", answer: "allow principal" },
      {
        says: "another tag",
        action: "s3:PutObjectTagging",
        context: { "s3:RequestObjectTagKeys": ["Owner", "Cost"] },
        answer: "none",
      },
    ],
  },
  {
    source: LOGS,
    kind: "bucket",
    policies: [
      policy({
        Sid: "S3ServerAccessLogsPolicy",
        Effect: "Allow",
        Principal: { Service: "logging.s3.amazonaws.com" },
        Action: ["s3:PutObject"],
        Resource: `${BUCKET}/logs*`,
        Condition: {
          ArnLike: { "aws:SourceArn": "arn:aws:s3:::amzn-s3-demo-source-bucket" },
          StringEquals: { "aws:SourceAccount": ACCOUNT },
        },
      }),
    ],
    decisions: [
      {
        says: "logs of that bucket",
        by: "logging",
        ...PUT,
        resource: `${BUCKET}/logs/a`,
        context: { "aws:SourceArn": "arn:aws:s3:::amzn-s3-demo-source-bucket", "aws:SourceAccount": ACCOUNT },
        answer: "allow principal",
      },
      {
        says: "logs of another bucket",
        by: "logging",
        ...PUT,
        resource: `${BUCKET}/logs/a`,
        context: { "aws:SourceArn": "arn:aws:s3:::another", "aws:SourceAccount": ACCOUNT },
        answer: "none",
      },
      {
        says: "logs of another account",
        by: "logging",
        ...PUT,
        resource: `${BUCKET}/logs/a`,
        context: {
          "aws:SourceArn": "arn:aws:s3:::amzn-s3-demo-source-bucket",
          "aws:SourceAccount": OTHER_ACCOUNT,
        },
        answer: "none",
      },
    ],
  },
  {
    source: LOCK,
    kind: "bucket",
    policies: [
      policy(ALL, {
        Sid: "SetRetentionLimits",
        Effect: "Deny",
        Principal: "*",
        Action: ["s3:PutObjectRetention"],
        Resource: OBJECTS,
        Condition: { NumericGreaterThan: { "s3:object-lock-remaining-retention-days": "10" } },
      }),
    ],
    decisions: [
      {
        says: "ten days are the most",
        action: "s3:PutObjectRetention",
        context: { "s3:object-lock-remaining-retention-days": "10" },
        answer: "allow everyone",
      },
      {
        says: "eleven are too many",
        action: "s3:PutObjectRetention",
        context: { "s3:object-lock-remaining-retention-days": "11" },
        answer: "deny",
      },
    ],
  },
];
