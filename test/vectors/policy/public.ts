// Statements that allow, and whether S3 calls a bucket policy with them public.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status

const EVERYONE = { Principal: "*" };

const under = (Condition: object) => ({ ...EVERYONE, Condition });

/** What the statement is, its elements beside Effect, Action and Resource, and whether it is public. */
export const PUBLIC_CASES: readonly (readonly [says: string, elements: object, isPublic: boolean])[] = [
  ["everyone", EVERYONE, true],
  ["everyone, in the other spelling", { Principal: { AWS: "*" } }, true],
  ["everyone, beside somebody", { Principal: { AWS: ["111122223333", "*"] } }, true],
  ["an account", { Principal: { AWS: "111122223333" } }, false],
  ["an account of radosgw's", { Principal: { AWS: "arn:aws:iam::s3tenant1:root" } }, false],
  ["a user", { Principal: { AWS: "arn:aws:iam::111122223333:user/a" } }, false],
  ["a service", { Principal: { Service: "logging.s3.amazonaws.com" } }, false],
  ["a canonical id", { Principal: { CanonicalUser: "abc" } }, false],
  ["everyone of a VPC", under({ StringEquals: { "aws:SourceVpc": "vpc-91237329" } }), false],
  ["everyone of any VPC", under({ StringLike: { "aws:SourceVpc": "vpc-*" } }), true],
  [
    "everyone of a VPC, as a pattern without wildcards",
    under({ StringLike: { "aws:SourceVpc": "vpc-91237329" } }),
    false,
  ],
  ["everyone of several VPCs", under({ StringEquals: { "aws:SourceVpc": ["vpc-1", "vpc-2"] } }), false],
  ["everyone of a VPC, and of any", under({ StringLike: { "aws:SourceVpc": ["vpc-1", "vpc-?"] } }), true],
  [
    "everyone of a VPC that a variable names",
    under({ StringEquals: { "aws:SourceVpc": `\${aws:PrincipalTag/vpc}` } }),
    true,
  ],
  ["everyone of a VPC, or without", under({ StringEqualsIfExists: { "aws:SourceVpc": "vpc-1" } }), true],
  ["everyone not of a VPC", under({ StringNotEquals: { "aws:SourceVpc": "vpc-1" } }), true],
  [
    "everyone whose VPCs are all this one, or who has none",
    under({ "ForAllValues:StringEquals": { "aws:SourceVpc": "vpc-1" } }),
    true,
  ],
  ["everyone of a VPC endpoint", under({ StringEquals: { "aws:sourceVpce": "vpce-1a2b3c4d" } }), false],
  ["everyone through an account", under({ StringEquals: { "aws:SourceAccount": "111122223333" } }), false],
  ["everyone through an owner", under({ StringEquals: { "AWS:SourceOwner": "111122223333" } }), false],
  [
    "everyone through an ARN",
    under({ ArnEquals: { "aws:SourceArn": "arn:aws:sns:us-east-1:111122223333:topic" } }),
    false,
  ],
  ["everyone through any ARN", under({ ArnLike: { "aws:SourceArn": "arn:aws:sns:*:*:*" } }), true],
  ["everyone of an organisation", under({ StringEquals: { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } }), false],
  ["everyone of any organisation", under({ StringLike: { "aws:PrincipalOrgID": "o-*" } }), true],
  ["a user by its id", under({ StringEquals: { "aws:userid": "AIDACKCEVSQ6C2EXAMPLE" } }), false],
  [
    "a session of a role by its id",
    under({ StringEquals: { "aws:userid": "AROACKCEVSQ6C2EXAMPLE:name" } }),
    true,
  ],
  ["sessions of a role by its id", under({ StringLike: { "aws:userid": "AROACKCEVSQ6C2EXAMPLE:*" } }), true],
  [
    "everyone through an access point",
    under({ StringEquals: { "s3:DataAccessPointArn": "arn:aws:s3:us-west-2:111122223333:accesspoint/a" } }),
    false,
  ],
  [
    "everyone through the access points of an account",
    under({ ArnLike: { "s3:DataAccessPointArn": "arn:aws:s3:us-west-2:111122223333:accesspoint/*" } }),
    false,
  ],
  [
    "everyone through the access points of any account",
    under({ ArnLike: { "s3:DataAccessPointArn": "arn:aws:s3:us-west-2:*:accesspoint/*" } }),
    true,
  ],
  [
    "everyone with a KMS key",
    under({ StringEquals: { "s3:x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:a:1:key/b" } }),
    false,
  ],
  ["everyone at an address", under({ IpAddress: { "aws:SourceIp": "10.0.0.0/32" } }), false],
  [
    "everyone in a range of IPv4",
    under({ IpAddress: { "aws:SourceIp": ["203.0.113.0/24", "198.0.0.0/8"] } }),
    false,
  ],
  ["everyone in too broad a range of IPv4", under({ IpAddress: { "aws:SourceIp": "198.0.0.0/7" } }), true],
  ["everyone in half of all addresses", under({ IpAddress: { "aws:SourceIp": "0.0.0.0/1" } }), true],
  [
    "everyone in a range, or in too broad a one",
    under({ IpAddress: { "aws:SourceIp": ["203.0.113.0/24", "0.0.0.0/0"] } }),
    true,
  ],
  ["everyone in a range of IPv6", under({ IpAddress: { "aws:SourceIp": "2001:db8::/32" } }), false],
  ["everyone in too broad a range of IPv6", under({ IpAddress: { "aws:SourceIp": "2001:d00::/24" } }), true],
  ["everyone not at an address", under({ NotIpAddress: { "aws:SourceIp": "203.0.113.0/24" } }), true],
  ["everyone over TLS", under({ Bool: { "aws:SecureTransport": "true" } }), true],
  ["everyone from a page", under({ StringLike: { "aws:Referer": "http://example.com/*" } }), true],
  ["everyone, what is tagged so", under({ StringEquals: { "s3:ExistingObjectTag/public": "yes" } }), true],
  [
    "everyone of a VPC, over TLS",
    under({ StringEquals: { "aws:SourceVpc": "vpc-1" }, Bool: { "aws:SecureTransport": "true" } }),
    false,
  ],
];
