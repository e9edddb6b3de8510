import { beforeAll, describe, expect, it } from "vitest";
import { type Answer, at, type Client } from "../support/client.ts";
import { answered, refused } from "../support/expect.ts";
import { allow, credentialsOf, Iam, policy } from "../support/iam.ts";
import { useServer } from "../support/server.ts";
import { settleBucket } from "../support/settle-bucket.ts";

const server = useServer({ legacyAcl: true });

/** Everybody who asks, and what they can do by themselves. */
const CALLERS = [
  "root",
  "user without policies",
  "user who may read",
  "user who may do all but read",
  "session of a role that may read",
  "session of that role cut down to listing",
  "session of a role without policies",
  "other account's root",
  "other account's user without policies",
  "other account's user who may read",
  "nobody",
] as const;
type CallerName = (typeof CALLERS)[number];

/** Those of the owner's account whose own policies let them read. */
const OWN: CallerName[] = ["root", "user who may read", "session of a role that may read"];
/** All of the owner's account that nothing denies or cuts down. */
const ACCOUNT: CallerName[] = [...OWN, "user without policies", "session of a role without policies"];
const OTHERS: CallerName[] = ["other account's root", "other account's user who may read"];

type Ask = (method: string, path: string) => Promise<Answer>;

const askers = new Map<CallerName, Ask>();
const arns = new Map<CallerName, string>();
let owner: { client: Client; id: string; iam: Iam };
let other: { client: Client; id: string; iam: Iam };

const arnOf = (name: CallerName): string => arns.get(name) ?? "no arn";
const accountOf = (name: CallerName): string => /:(\d{12}):/.exec(arnOf(name))?.[1] ?? "no account";

async function add(name: CallerName, iam: Iam): Promise<void> {
  askers.set(name, (method, path) => iam.client.send(method, path));
  arns.set(name, (await iam.sts("GetCallerIdentity")).get("Arn") ?? "");
}

async function user(of: Iam, UserName: string, ...documents: string[]): Promise<Iam> {
  const { iam } = await of.user(UserName);
  for (const [i, PolicyDocument] of documents.entries()) {
    await of.iam("PutUserPolicy", { UserName, PolicyName: `p${i}`, PolicyDocument });
  }
  return iam;
}

/** A session of a role that its account's root assumes. */
async function session(RoleName: string, document?: string, cut?: string): Promise<Iam> {
  const trust = policy({ Effect: "Allow", Principal: { AWS: arnOf("root") }, Action: "sts:AssumeRole" });
  const made = await owner.iam.iam("CreateRole", { RoleName, AssumeRolePolicyDocument: trust });
  if (document !== undefined) {
    await owner.iam.iam("PutRolePolicy", { RoleName, PolicyName: "p", PolicyDocument: document });
  }
  const RoleArn = made.get("Role/Arn") ?? "";
  const asked = { RoleArn, RoleSessionName: "session", ...(cut && { Policy: cut }) };
  return owner.iam.as(credentialsOf(await owner.iam.sts("AssumeRole", asked)));
}

beforeAll(async () => {
  const [one, two] = [await server.account("owner"), await server.account("other")];
  owner = { ...one, iam: new Iam(one.client) };
  other = { ...two, iam: new Iam(two.client) };
  await add("root", owner.iam);
  await add("user without policies", await user(owner.iam, "none"));
  await add("user who may read", await user(owner.iam, "reader", allow("s3:GetObject")));
  const butRead = policy({ Effect: "Deny", Action: "s3:GetObject", Resource: "*" });
  await add("user who may do all but read", await user(owner.iam, "denied", allow("s3:*"), butRead));
  await add("session of a role that may read", await session("Reader", allow("s3:GetObject")));
  await add(
    "session of that role cut down to listing",
    await session("Cut", allow("s3:GetObject"), allow("s3:ListBucket")),
  );
  await add("session of a role without policies", await session("Bare"));
  await add("other account's root", other.iam);
  await add("other account's user without policies", await user(other.iam, "none"));
  await add("other account's user who may read", await user(other.iam, "reader", allow("s3:GetObject")));
  askers.set("nobody", (method, path) => server.client.sendSigned(method, path, {}));
});

const speaks = (Effect: "Allow" | "Deny", Principal: unknown, Action = "s3:GetObject") => ({
  Effect,
  ...(typeof Principal === "object" && Principal !== null && "NotPrincipal" in Principal
    ? Principal
    : { Principal }),
  Action,
});
type Statement = ReturnType<typeof speaks> & { Condition?: unknown };

const settle = (bucket: string, subresource: string, body: string) =>
  settleBucket(owner.client, bucket, subresource, body);

const ownership = (value: string) =>
  `<OwnershipControls><Rule><ObjectOwnership>${value}</ObjectOwnership></Rule></OwnershipControls>`;
const block = (name: string) =>
  `<PublicAccessBlockConfiguration><${name}>true</${name}></PublicAccessBlockConfiguration>`;

/** What a bucket is set to, and what its one object is. */
interface Setting {
  statements?: () => Statement[];
  /** Headers that the object is put with. */
  acl?: () => Record<string, string>;
  /** The other account put it. */
  foreign?: boolean;
  enforced?: boolean;
  block?: "IgnorePublicAcls" | "RestrictPublicBuckets";
}

async function prepare({ statements, acl, foreign, enforced, block: one }: Setting): Promise<string> {
  const bucket = await server.bucket(owner.client);
  if (foreign) await settle(bucket, "policy", inBucket(bucket, [speaks("Allow", "*", "s3:PutObject")]));
  const writer = foreign ? other.client : owner.client;
  answered(await writer.put(at(bucket, "object"), "bytes", acl?.() ?? {}), 200);
  if (statements !== undefined) await settle(bucket, "policy", inBucket(bucket, statements()));
  if (enforced) await settle(bucket, "ownershipControls", ownership("BucketOwnerEnforced"));
  if (one !== undefined) await settle(bucket, "publicAccessBlock", block(one));
  return bucket;
}

function inBucket(bucket: string, statements: Statement[]): string {
  const Resource = `arn:aws:s3:::${bucket}/*`;
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: statements.map((statement) => ({ ...statement, Resource })),
  });
}

/** Who may read an object, everybody else being refused. */
const TABLE: { when: string; setting: Setting; may: CallerName[] }[] = [
  { when: "nothing is said", setting: { enforced: true }, may: OWN },
  { when: "nothing is said, and ACLs count", setting: {}, may: OWN },
  {
    when: "a policy allows everyone",
    setting: { statements: () => [speaks("Allow", "*")], enforced: true },
    may: [...ACCOUNT, ...OTHERS, "nobody"],
  },
  {
    when: "a policy allows everyone, and the public is restricted",
    setting: { statements: () => [speaks("Allow", "*")], block: "RestrictPublicBuckets" },
    may: ACCOUNT,
  },
  {
    when: "a policy allows everyone and the other account by name, and the public is restricted",
    setting: {
      statements: () => [speaks("Allow", "*"), speaks("Allow", { AWS: accountOf("other account's root") })],
      block: "RestrictPublicBuckets",
    },
    may: ACCOUNT,
  },
  {
    when: "a policy allows the other account alone, and the public is restricted",
    setting: {
      statements: () => [speaks("Allow", { AWS: accountOf("other account's root") })],
      block: "RestrictPublicBuckets",
    },
    may: [...OWN, ...OTHERS],
  },
  {
    when: "a policy allows the owner's own account, which leaves it to the account's own policies",
    setting: { statements: () => [speaks("Allow", { AWS: accountOf("root") })] },
    may: OWN,
  },
  {
    when: "a policy allows a user of the account by name",
    setting: { statements: () => [speaks("Allow", { AWS: arnOf("user without policies") })] },
    may: [...OWN, "user without policies"],
  },
  {
    when: "a policy allows a user whose own policy denies",
    setting: { statements: () => [speaks("Allow", { AWS: arnOf("user who may do all but read") })] },
    may: OWN,
  },
  {
    when: "a policy allows a session by name, which then needs no word of the session's own policy",
    setting: {
      statements: () => [speaks("Allow", { AWS: arnOf("session of that role cut down to listing") })],
    },
    may: [...OWN, "session of that role cut down to listing"],
  },
  {
    when: "a policy allows roles by name, whose sessions stay cut down",
    setting: {
      statements: () => [
        speaks("Allow", {
          AWS: ["Bare", "Cut"].map((role) => `arn:aws:iam::${accountOf("root")}:role/${role}`),
        }),
      ],
    },
    may: [...OWN, "session of a role without policies"],
  },
  {
    when: "a policy allows the other account",
    setting: { statements: () => [speaks("Allow", { AWS: accountOf("other account's root") })] },
    may: [...OWN, ...OTHERS],
  },
  {
    when: "a policy allows the other account by its canonical id",
    setting: { statements: () => [speaks("Allow", { CanonicalUser: other.id })] },
    may: [...OWN, ...OTHERS],
  },
  {
    when: "a policy allows users of the other account, who need their own account's word, too",
    setting: {
      statements: () => [
        speaks("Allow", {
          AWS: [arnOf("other account's user without policies"), arnOf("other account's user who may read")],
        }),
      ],
    },
    may: [...OWN, "other account's user who may read"],
  },
  {
    when: "a policy allows everyone and denies a user of the account",
    setting: {
      statements: () => [speaks("Deny", { AWS: arnOf("user who may read") }), speaks("Allow", "*")],
    },
    may: [...ACCOUNT.filter((name) => name !== "user who may read"), ...OTHERS, "nobody"],
  },
  {
    when: "a policy allows everyone and denies the other account",
    setting: {
      statements: () => [speaks("Allow", "*"), speaks("Deny", { AWS: accountOf("other account's root") })],
    },
    may: [...ACCOUNT, "nobody"],
  },
  {
    when: "a policy denies everyone, the account's root too",
    setting: { statements: () => [speaks("Deny", "*"), speaks("Allow", "*")] },
    may: [],
  },
  {
    when: "a policy denies all but a user and their account",
    setting: {
      statements: () => [
        speaks("Allow", "*"),
        speaks("Deny", { NotPrincipal: { AWS: [accountOf("root"), arnOf("user who may read")] } }),
      ],
    },
    may: ["root", "user who may read"],
  },
  {
    when: "a policy allows everyone who comes from elsewhere",
    setting: {
      statements: () => [
        { ...speaks("Allow", "*"), Condition: { NotIpAddress: { "aws:SourceIp": "127.0.0.0/8" } } },
      ],
    },
    may: OWN,
  },
  {
    when: "a policy allows those who sign, by a condition",
    setting: {
      statements: () => [
        { ...speaks("Allow", "*"), Condition: { StringEquals: { "s3:authType": "REST-HEADER" } } },
      ],
    },
    may: [...ACCOUNT, ...OTHERS],
  },
  {
    when: "a policy denies whatever comes without TLS",
    setting: {
      statements: () => [
        speaks("Allow", "*"),
        { ...speaks("Deny", "*"), Condition: { Bool: { "aws:SecureTransport": "false" } } },
      ],
    },
    may: [],
  },
  {
    when: "the object's ACL is public-read",
    setting: { acl: () => ({ "x-amz-acl": "public-read" }) },
    may: [...OWN, ...OTHERS, "nobody"],
  },
  {
    when: "its ACL is public-read, and public ACLs are ignored",
    setting: { acl: () => ({ "x-amz-acl": "public-read" }), block: "IgnorePublicAcls" },
    may: OWN,
  },
  {
    when: "its ACL is public-read, and ACLs are disabled",
    setting: { acl: () => ({ "x-amz-acl": "public-read" }), enforced: true },
    may: OWN,
  },
  {
    when: "its ACL is public-read, and a policy denies nobody's requests",
    setting: {
      acl: () => ({ "x-amz-acl": "public-read" }),
      statements: () => [
        { ...speaks("Deny", "*"), Condition: { StringEquals: { "aws:PrincipalType": "Anonymous" } } },
      ],
    },
    may: [...OWN, ...OTHERS],
  },
  {
    when: "its ACL is authenticated-read",
    setting: { acl: () => ({ "x-amz-acl": "authenticated-read" }) },
    may: [...OWN, ...OTHERS],
  },
  {
    when: "its ACL lets the other account read",
    setting: { acl: () => ({ "x-amz-grant-read": `id=${other.id}` }) },
    may: [...OWN, ...OTHERS],
  },
  {
    when: "its ACL lets the other account read, and public ACLs, of which this is none, are ignored",
    setting: { acl: () => ({ "x-amz-grant-read": `id=${other.id}` }), block: "IgnorePublicAcls" },
    may: [...OWN, ...OTHERS],
  },
  {
    when: "its ACL lets the other account read its ACL only",
    setting: { acl: () => ({ "x-amz-grant-read-acp": `id=${other.id}` }) },
    may: OWN,
  },
  { when: "the other account put it", setting: { foreign: true }, may: OTHERS },
  {
    when: "the other account put it, and a policy, which cannot speak of it, allows everyone",
    setting: { foreign: true, statements: () => [speaks("Allow", "*")] },
    may: OTHERS,
  },
  {
    when: "the other account put it, and a policy denies everyone",
    setting: { foreign: true, statements: () => [speaks("Deny", "*")] },
    may: [],
  },
  {
    when: "the other account put it, and ACLs are disabled, which makes it the bucket owner's",
    setting: { foreign: true, enforced: true },
    may: OWN,
  },
  {
    when: "the other account put it, and lets the bucket's owner read",
    setting: { foreign: true, acl: () => ({ "x-amz-acl": "bucket-owner-read" }) },
    may: [...OWN, ...OTHERS],
  },
  {
    when: "the other account put it, and gives the bucket's owner full control",
    setting: { foreign: true, acl: () => ({ "x-amz-acl": "bucket-owner-full-control" }) },
    may: [...OWN, ...OTHERS],
  },
];

describe("an object is read by these, and by nobody else, when", () => {
  it.each(TABLE)("$when", async ({ setting, may }) => {
    const path = at(await prepare(setting), "object");
    const found: Record<string, string> = {};
    for (const name of CALLERS) {
      const answer = await askers.get(name)?.("GET", path);
      const code = answer?.status === 200 ? answer.text : /<Code>(\w+)</.exec(answer?.text ?? "")?.[1];
      found[name] = `${answer?.status} ${code}`;
    }
    const wanted = CALLERS.map((name) => [name, may.includes(name) ? "200 bytes" : "403 AccessDenied"]);
    expect(found).toEqual(Object.fromEntries(wanted));
  });
});

describe("the account that owns a bucket", () => {
  it("can mend its policy by its root, whatever that policy denies, and by nobody else", async () => {
    const bucket = await server.bucket(owner.client);
    const all = [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`];
    const deny = policy({ Effect: "Deny", Principal: "*", Action: "s3:*", Resource: all });
    answered(await owner.client.put(`/${bucket}?policy`, deny), 204);
    const admin = (await user(owner.iam, "admin", allow("*"))).client;
    refused(await owner.client.get(`/${bucket}`), 403, "AccessDenied");
    refused(await owner.client.delete(`/${bucket}`), 403, "AccessDenied");
    refused(await owner.client.get(`/${bucket}?acl`), 403, "AccessDenied");
    refused(await admin.get(`/${bucket}?policy`), 403, "AccessDenied");
    refused(await admin.delete(`/${bucket}?policy`), 403, "AccessDenied");
    refused(await other.client.delete(`/${bucket}?policy`), 403, "AccessDenied");
    answered(await owner.client.get(`/${bucket}?policy`), 200);
    answered(await owner.client.delete(`/${bucket}?policy`), 204);
    answered(await admin.get(`/${bucket}`), 200);
  });
});
