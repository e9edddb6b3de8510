// AWS's own managed policies that mean something here, by ARN, with AWS's documents.
// Source: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html

/** `document`: JSON. `version`: the number of AWS's version that it is. `created`: ms since 1970. */
export interface ManagedPolicy {
  arn: string;
  /** AWS's `ANPA…`. */
  id: string;
  name: string;
  path: string;
  description: string;
  version: number;
  created: number;
  document: string;
}

function managed(
  name: string,
  id: string,
  [version, created]: [number, string],
  description: string,
  statements: unknown[],
): [string, ManagedPolicy] {
  const arn = `arn:aws:iam::aws:policy/${name}`;
  const document = JSON.stringify({ Version: "2012-10-17", Statement: statements });
  return [arn, { arn, id, name, path: "/", description, version, created: Date.parse(created), document }];
}

const allow = (actions: string | string[]) => ({ Effect: "Allow", Action: actions, Resource: "*" });

export const AWS_POLICIES: ReadonlyMap<string, ManagedPolicy> = new Map([
  managed(
    "AdministratorAccess",
    "ANPAIWMBCKSKIEE64ZLYK",
    [1, "2015-02-06T18:39:46Z"],
    "Provides full access to AWS services and resources.",
    [allow("*")],
  ),
  managed(
    "AmazonS3FullAccess",
    "ANPAIFIR6V6BVTRAHWINE",
    [2, "2015-02-06T18:40:58Z"],
    "Provides full access to all buckets via the AWS Management Console.",
    [allow(["s3:*", "s3-object-lambda:*"])],
  ),
  managed(
    "AmazonS3ReadOnlyAccess",
    "ANPAIZTJ4DXE7G6AGAE6M",
    [3, "2015-02-06T18:40:59Z"],
    "Provides read only access to all buckets via the AWS Management Console.",
    [allow(["s3:Get*", "s3:List*", "s3:Describe*", "s3-object-lambda:Get*", "s3-object-lambda:List*"])],
  ),
  managed(
    "IAMFullAccess",
    "ANPAI7XKCFMBPM3QQRRVQ",
    [2, "2015-02-06T18:40:38Z"],
    "Provides full access to IAM via the AWS Management Console.",
    [
      allow([
        "iam:*",
        "organizations:DescribeAccount",
        "organizations:DescribeOrganization",
        "organizations:DescribeOrganizationalUnit",
        "organizations:DescribePolicy",
        "organizations:ListChildren",
        "organizations:ListParents",
        "organizations:ListPoliciesForTarget",
        "organizations:ListRoots",
        "organizations:ListPolicies",
        "organizations:ListTargetsForPolicy",
      ]),
    ],
  ),
  managed(
    "IAMReadOnlyAccess",
    "ANPAJKSO7NDY4T57MWDSQ",
    [4, "2015-02-06T18:40:39Z"],
    "Provides read only access to IAM via the AWS Management Console.",
    [
      allow([
        "iam:GenerateCredentialReport",
        "iam:GenerateServiceLastAccessedDetails",
        "iam:Get*",
        "iam:List*",
        "iam:SimulateCustomPolicy",
        "iam:SimulatePrincipalPolicy",
      ]),
    ],
  ),
  // AWS's names some thousand actions; these are the ones of the services that there are here.
  managed(
    "ReadOnlyAccess",
    "ANPAILL3HVNFSB6DCOWYQ",
    [1, "2015-02-06T18:39:48Z"],
    "Provides read-only access to AWS services and resources.",
    [
      allow([
        "iam:Generate*",
        "iam:Get*",
        "iam:List*",
        "iam:Simulate*",
        "s3:DescribeJob",
        "s3:Get*",
        "s3:List*",
        "sts:GetAccessKeyInfo",
        "sts:GetCallerIdentity",
        "sts:GetSessionToken",
      ]),
    ],
  ),
]);
