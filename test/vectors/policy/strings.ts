// Conditions on strings, ARNs, booleans, bytes and on keys being there, as the page on condition operators has them.

import { type Case, conditionCase, IAM } from "./case.ts";

const OPERATORS = `${IAM}reference_policies_elements_condition_operators.html`;
const STRINGS = `${OPERATORS}#Conditions_String`;
const ARNS = `${OPERATORS}#Conditions_ARN`;
const BOOLEAN = `${OPERATORS}#Conditions_Boolean`;
const BINARY = `${OPERATORS}#Conditions_BinaryEquals`;
const NULL = `${OPERATORS}#Conditions_Null`;
const IF_EXISTS = `${OPERATORS}#Conditions_IfExists`;

const JOB = "aws:PrincipalTag/job-category";
const AGENT = "aws:UserAgent";
const SOURCE_ARN = "aws:SourceArn";

const STRING_CASES: readonly Case[] = [
  conditionCase(STRINGS, { StringEquals: { [JOB]: "iamuser-admin" } }, JOB, [
    ["the same text", "iamuser-admin", true],
    ["other case is another text", "IamUser-Admin", false],
    ["another text", "developer", false],
    ["longer text", "iamuser-admin-2", false],
    ["absent: the values do not match", undefined, false],
    ["an empty value is not that text", "", false],
  ]),
  conditionCase(STRINGS, { StringEquals: { [AGENT]: ["Example Corp Java Client", "Other"] } }, AGENT, [
    ["one of the values is enough", "Other", true],
    ["the other of the values is enough", "Example Corp Java Client", true],
    ["none of the values", "Example Corp", false],
  ]),
  conditionCase(STRINGS, { StringEquals: { [AGENT]: "a*" } }, AGENT, [
    ["an asterisk is no wildcard", "abc", false],
    ["an asterisk is an asterisk", "a*", true],
  ]),
  conditionCase(STRINGS, { StringNotEquals: { [JOB]: ["iamuser-admin", "auditor"] } }, JOB, [
    ["neither of the values", "developer", true],
    ["one of the values", "auditor", false],
    ["the other of the values", "iamuser-admin", false],
    ["other case is another text", "AUDITOR", true],
    ["absent: a negated operator matches", undefined, true],
  ]),
  conditionCase(STRINGS, { StringEqualsIgnoreCase: { [JOB]: "Admin" } }, JOB, [
    ["lower case", "admin", true],
    ["upper case", "ADMIN", true],
    ["another text", "administrator", false],
    ["absent", undefined, false],
  ]),
  conditionCase(STRINGS, { StringNotEqualsIgnoreCase: { [JOB]: "Admin" } }, JOB, [
    ["lower case is the same", "admin", false],
    ["another text", "auditor", true],
    ["absent", undefined, true],
  ]),
  conditionCase(STRINGS, { StringLike: { "s3:prefix": ["", "home/", "home/JohnDoe/*"] } }, "s3:prefix", [
    ["an empty pattern matches empty text", "", true],
    ["an empty pattern matches nothing else", "h", false],
    ["a pattern without wildcards", "home/", true],
    ["a pattern without wildcards is whole", "home", false],
    ["an asterisk matches several characters", "home/JohnDoe/a/b", true],
    ["an asterisk matches none", "home/JohnDoe/", true],
    ["text before the asterisk counts", "home/JaneDoe/a", false],
    ["case counts", "HOME/", false],
    ["absent", undefined, false],
  ]),
  conditionCase(STRINGS, { StringLike: { [AGENT]: "v?.*" } }, AGENT, [
    ["a question mark is one character", "v1.0", true],
    ["a question mark is not none", "v.0", false],
    ["a question mark is not two", "v10.0", false],
    ["a question mark is one character of any plane", "v\u{1F600}.", true],
  ]),
  conditionCase(STRINGS, { StringNotLike: { [AGENT]: ["curl/*", "wget/*"] } }, AGENT, [
    ["neither pattern", "aws-cli/2", true],
    ["the first pattern", "curl/8", false],
    ["the second pattern", "wget/1", false],
    ["absent", undefined, true],
  ]),
];

const ARN_CASES: readonly Case[] = [
  conditionCase(
    ARNS,
    { ArnEquals: { [SOURCE_ARN]: "arn:aws:sns:us-east-1:123456789012:TOPIC-ID" } },
    SOURCE_ARN,
    [
      ["the same ARN", "arn:aws:sns:us-east-1:123456789012:TOPIC-ID", true],
      ["another topic", "arn:aws:sns:us-east-1:123456789012:OTHER", false],
      ["case counts", "arn:aws:sns:us-east-1:123456789012:topic-id", false],
      ["absent", undefined, false],
    ],
  ),
  conditionCase(ARNS, { ArnLike: { [SOURCE_ARN]: "arn:aws:s3:*:*:amzn-s3-demo-bucket" } }, SOURCE_ARN, [
    ["a wildcard matches an empty part", "arn:aws:s3:::amzn-s3-demo-bucket", true],
    ["a wildcard matches a part", "arn:aws:s3:us-east-1:123456789012:amzn-s3-demo-bucket", true],
    ["the last part is whole", "arn:aws:s3:::amzn-s3-demo-bucket2", false],
    ["another service", "arn:aws:sns:::amzn-s3-demo-bucket", false],
    ["not an ARN", "amzn-s3-demo-bucket", false],
  ]),
  conditionCase(ARNS, { ArnLike: { [SOURCE_ARN]: "arn:aws:s3:*:amzn-s3-demo-bucket" } }, SOURCE_ARN, [
    [
      "each of the six parts is matched by itself: no wildcard spans two",
      "arn:aws:s3:::amzn-s3-demo-bucket",
      false,
    ],
  ]),
  conditionCase(ARNS, { ArnEquals: { [SOURCE_ARN]: "arn:aws:iam::*:role/*" } }, SOURCE_ARN, [
    ["ArnEquals behaves as ArnLike", "arn:aws:iam::123456789012:role/path/Admin", true],
    ["not a role", "arn:aws:iam::123456789012:user/Admin", false],
    ["the last part may have colons", "arn:aws:iam::123456789012:role/a:b", true],
  ]),
  conditionCase(
    ARNS,
    { ArnNotLike: { [SOURCE_ARN]: ["arn:aws:iam::*:role/A*", "arn:aws:iam::*:role/B?"] } },
    SOURCE_ARN,
    [
      ["neither pattern", "arn:aws:iam::123456789012:role/C", true],
      ["the first pattern", "arn:aws:iam::123456789012:role/Admin", false],
      ["the second pattern", "arn:aws:iam::123456789012:role/B1", false],
      ["one character too many", "arn:aws:iam::123456789012:role/B12", true],
      ["absent: a negated operator matches", undefined, true],
    ],
  ),
  conditionCase(ARNS, { ArnNotEquals: { [SOURCE_ARN]: "arn:aws:iam::123456789012:role/*" } }, SOURCE_ARN, [
    ["ArnNotEquals behaves as ArnNotLike", "arn:aws:iam::123456789012:role/x", false],
    ["another account", "arn:aws:iam::999999999999:role/x", true],
    ["absent", undefined, true],
  ]),
];

const OTHER_CASES: readonly Case[] = [
  conditionCase(BOOLEAN, { Bool: { "aws:SecureTransport": "true" } }, "aws:SecureTransport", [
    ["true", "true", true],
    ["false", "false", false],
    ["absent", undefined, false],
    ["case is of no matter", "True", true],
    ["not a boolean", "yes", false],
  ]),
  conditionCase(BOOLEAN, { Bool: { "aws:SecureTransport": false } }, "aws:SecureTransport", [
    ["a boolean of JSON is a text, too", "false", true],
    ["a boolean of JSON, the other", "true", false],
    ["absent is not false", undefined, false],
  ]),
  conditionCase(BINARY, { BinaryEquals: { "example:key": "QmluYXJ5VmFsdWVJbkJhc2U2NA==" } }, "example:key", [
    ["the same bytes", "QmluYXJ5VmFsdWVJbkJhc2U2NA==", true],
    ["the same bytes without padding", "QmluYXJ5VmFsdWVJbkJhc2U2NA", true],
    ["other bytes", "QmluYXJ5", false],
    ["base64 has case", "qmluYXJ5VmFsdWVJbkJhc2U2NA==", false],
    ["absent", undefined, false],
  ]),
  conditionCase(NULL, { Null: { "aws:TokenIssueTime": "true" } }, "aws:TokenIssueTime", [
    ["true: the key is not there", undefined, true],
    ["true, but the key is there", "2011-05-03T00:00:00Z", false],
    ["a key without values is not there", [], true],
  ]),
  conditionCase(NULL, { Null: { "aws:TokenIssueTime": "false" } }, "aws:TokenIssueTime", [
    ["false: the key is there", "2011-05-03T00:00:00Z", true],
    ["false, but the key is not there", undefined, false],
  ]),
  conditionCase(
    IF_EXISTS,
    { StringLikeIfExists: { "ec2:InstanceType": ["t1.*", "t2.*"] } },
    "ec2:InstanceType",
    [
      ["present, it is processed as specified", "t2.micro", true],
      ["present, but no pattern matches", "m5.large", false],
      ["absent: true", undefined, true],
    ],
  ),
  conditionCase(
    IF_EXISTS,
    { StringNotEqualsIfExists: { "aws:RequestTag/Data": "public" } },
    "aws:RequestTag/Data",
    [
      ["absent: a negated operator matches as it does without the suffix", undefined, true],
      ["present and equal", "public", false],
      ["present and not equal", "private", true],
    ],
  ),
  conditionCase(
    IF_EXISTS,
    { "ForAnyValue:StringEqualsIfExists": { "aws:TagKeys": ["a", "b"] } },
    "aws:TagKeys",
    [
      ["absent", undefined, true],
      ["one of the values", ["c", "b"], true],
      ["none of the values", ["c"], false],
    ],
  ),
  conditionCase(
    IF_EXISTS,
    { BoolIfExists: { "aws:MultiFactorAuthPresent": "false" } },
    "aws:MultiFactorAuthPresent",
    [
      ["absent, as with long-term credentials", undefined, true],
      ["present and false", "false", true],
      ["present and true", "true", false],
    ],
  ),
  conditionCase(
    IF_EXISTS,
    { NumericLessThanIfExists: { "aws:MultiFactorAuthAge": "3600" } },
    "aws:MultiFactorAuthAge",
    [
      ["absent", undefined, true],
      ["less", "10", true],
      ["more", "3601", false],
    ],
  ),
  conditionCase(IF_EXISTS, { ArnLikeIfExists: { [SOURCE_ARN]: "arn:aws:s3:::*" } }, SOURCE_ARN, [
    ["absent", undefined, true],
    ["another service", "arn:aws:sns:us-east-1:123456789012:x", false],
  ]),
  conditionCase(IF_EXISTS, { IpAddressIfExists: { "aws:SourceIp": "203.0.113.0/24" } }, "aws:SourceIp", [
    ["absent", undefined, true],
    ["outside", "198.51.100.1", false],
  ]),
];

export const OPERATOR_CASES: readonly Case[] = [...STRING_CASES, ...ARN_CASES, ...OTHER_CASES];
