// Scenarios of IAM: what each changing action does to an account.

import { accountNumber } from "../../src/facts/account.ts";
import { Client } from "../support/client.ts";
import { answered } from "../support/expect.ts";
import { allow, faulted, Iam, type Parameters, policy } from "../support/iam.ts";
import type { TestServer } from "../support/test-server.ts";
import type { Seen } from "../support/visible.ts";
import type { Ground, Scenario } from "./scenarios.ts";

/** NUMBER in a value stands for the account's number, KEY for the id of the key that was made first. */
type Call = [action: string, parameters: Parameters];

const TRUST = policy({ Effect: "Allow", Principal: { AWS: "NUMBER" }, Action: "sts:AssumeRole" });
const READ = allow("s3:GetObject");
const WRITE = allow("s3:PutObject");
const USER = { UserName: "ann" };
const GROUP = { GroupName: "staff" };
const ROLE = { RoleName: "ci" };
const POLICY = { PolicyArn: "arn:aws:iam::NUMBER:policy/read" };
const PROVIDER = { OpenIDConnectProviderArn: "arn:aws:iam::NUMBER:oidc-provider/idp.example" };
const TAG = { "Tags.member.1.Key": "team", "Tags.member.1.Value": "blue" };
const TAG_KEY = { "TagKeys.member.1": "team" };

const user: Call = ["CreateUser", USER];
const group: Call = ["CreateGroup", GROUP];
const role: Call = ["CreateRole", { ...ROLE, AssumeRolePolicyDocument: TRUST }];
const managed: Call = ["CreatePolicy", { PolicyName: "read", PolicyDocument: READ }];
const provider: Call = [
  "CreateOpenIDConnectProvider",
  { Url: "https://idp.example", "ClientIDList.member.1": "app", "ThumbprintList.member.1": "a".repeat(40) },
];
const member: Call = ["AddUserToGroup", { ...GROUP, ...USER }];
const key: Call = ["CreateAccessKey", USER];
const second: Call = ["CreatePolicyVersion", { ...POLICY, PolicyDocument: WRITE }];

/** What a repetition may be told that finds its work done. */
type Told = "EntityAlreadyExists" | "NoSuchEntity" | "one more" | undefined;

const THERE = "EntityAlreadyExists";
const GONE = "NoSuchEntity";

/** Each action: what is there before, what it is asked, what its repetition may be told. */
const ACTIONS: readonly [name: string, first: Call[], asked: Parameters, told?: Told][] = [
  ["CreateUser", [], { ...USER, ...TAG }, THERE],
  ["UpdateUser", [user], { ...USER, NewUserName: "eve", NewPath: "/ops/" }, GONE],
  ["DeleteUser", [user], USER, GONE],
  ["CreateAccessKey", [user], USER, "one more"],
  ["UpdateAccessKey", [user, key], { ...USER, AccessKeyId: "KEY", Status: "Inactive" }],
  ["DeleteAccessKey", [user, key], { ...USER, AccessKeyId: "KEY" }, GONE],
  ["CreateGroup", [], GROUP, THERE],
  ["UpdateGroup", [group], { ...GROUP, NewGroupName: "crew" }, GONE],
  ["DeleteGroup", [group], GROUP, GONE],
  ["AddUserToGroup", [user, group], member[1]],
  ["RemoveUserFromGroup", [user, group, member], member[1], GONE],
  ["CreateRole", [], { ...role[1], ...TAG }, THERE],
  ["UpdateRole", [role], { ...ROLE, Description: "publishes", MaxSessionDuration: "7200" }],
  ["UpdateRoleDescription", [role], { ...ROLE, Description: "publishes" }],
  [
    "UpdateAssumeRolePolicy",
    [role],
    { ...ROLE, PolicyDocument: TRUST.replace("sts:AssumeRole", "sts:TagSession") },
  ],
  ["DeleteRole", [role], ROLE, GONE],
  ...(["User", "Group", "Role"] as const).flatMap((what): [string, Call[], Parameters, Told?][] => {
    const [made, named] = { User: [user, USER], Group: [group, GROUP], Role: [role, ROLE] }[what] as [
      Call,
      Parameters,
    ];
    const inline = { ...named, PolicyName: "inline" };
    return [
      [`Put${what}Policy`, [made], { ...inline, PolicyDocument: READ }],
      [
        `Delete${what}Policy`,
        [made, [`Put${what}Policy`, { ...inline, PolicyDocument: READ }]],
        inline,
        GONE,
      ],
      [`Attach${what}Policy`, [made, managed], { ...named, ...POLICY }],
      [
        `Detach${what}Policy`,
        [made, managed, [`Attach${what}Policy`, { ...named, ...POLICY }]],
        { ...named, ...POLICY },
        GONE,
      ],
    ];
  }),
  ["CreatePolicy", [], managed[1], THERE],
  ["DeletePolicy", [managed], POLICY, GONE],
  ["CreatePolicyVersion", [managed], { ...second[1], SetAsDefault: "true" }, "one more"],
  ["SetDefaultPolicyVersion", [managed, second], { ...POLICY, VersionId: "v2" }],
  ["DeletePolicyVersion", [managed, second], { ...POLICY, VersionId: "v2" }, GONE],
  ["CreateOpenIDConnectProvider", [], provider[1], THERE],
  ["DeleteOpenIDConnectProvider", [provider], PROVIDER, GONE],
  ["AddClientIDToOpenIDConnectProvider", [provider], { ...PROVIDER, ClientID: "other" }],
  ["RemoveClientIDFromOpenIDConnectProvider", [provider], { ...PROVIDER, ClientID: "app" }],
  [
    "UpdateOpenIDConnectProviderThumbprint",
    [provider],
    { ...PROVIDER, "ThumbprintList.member.1": "b".repeat(40) },
  ],
  ["TagUser", [user], { ...USER, ...TAG }],
  ["UntagUser", [["CreateUser", { ...USER, ...TAG }]], { ...USER, ...TAG_KEY }],
  ["TagRole", [role], { ...ROLE, ...TAG }],
  ["UntagRole", [["CreateRole", { ...role[1], ...TAG }]], { ...ROLE, ...TAG_KEY }],
  ["TagPolicy", [managed], { ...POLICY, ...TAG }],
  ["UntagPolicy", [["CreatePolicy", { ...managed[1], ...TAG }]], { ...POLICY, ...TAG_KEY }],
  ["TagOpenIDConnectProvider", [provider], { ...PROVIDER, ...TAG }],
  ["UntagOpenIDConnectProvider", [[provider[0], { ...provider[1], ...TAG }]], { ...PROVIDER, ...TAG_KEY }],
];

function meant(parameters: Parameters, { number = "", key: made = "" }: Ground): Parameters {
  const entries = Object.entries(parameters).map(([name, value]): [string, string] => [
    name,
    value.replaceAll("NUMBER", number).replaceAll("KEY", made),
  ]);
  return Object.fromEntries(entries);
}

const OF = "in (select id from identity where account = ?1)";
const TABLES = [
  "select kind, name, path, tags, document, detail from identity where account = ?1",
  `select * from inline_policy where owner ${OF}`,
  `select * from attachment where owner ${OF}`,
  `select * from member where user ${OF}`,
  `select policy, number, document from policy_version where policy ${OF}`,
  "select user, disabled from access_key where account = ?1",
];

/** All that the directory knows of an account, without ids and times. */
async function account(server: TestServer, { account: id = "", number = "" }: Ground): Promise<Seen> {
  const rows = await server.order<unknown[][]>({
    do: "several",
    orders: TABLES.map((text) => ({ do: "d1", text, bindings: [id] })),
  });
  const plain = (row: unknown) =>
    JSON.stringify(row)
      .replace(/\b(AIDA|AGPA|AROA|ANPA)[A-Z2-7]{17}\b/g, "$1")
      .replace(/\b1\d{12}\b/g, "TIME")
      .replaceAll(number, "NUMBER");
  return { objects: JSON.stringify(rows.map((table) => table.map(plain).sort())), rest: "" };
}

export const IAM_SCENARIOS: readonly Scenario[] = ACTIONS.map(([name, first, asked, told]) => ({
  name,
  operation: name,
  doubles: told === "one more",
  async prepare(server) {
    const { client, id } = await server.account(name);
    const { accessKeyId, secret } = client.settings;
    const made: Ground = { account: id, number: accountNumber(id), accessKeyId, secret };
    const iam = new Iam(client);
    for (const [action, parameters] of first) {
      const result = await iam.iam(action, meant(parameters, made));
      if (action === "CreateAccessKey") made.key = result.get("AccessKey/AccessKeyId") ?? "";
    }
    return made;
  },
  act(client, made) {
    const { accessKeyId = "", secret = "" } = made;
    const iam = new Iam(new Client({ ...client.settings, accessKeyId, secret }));
    return iam.ask("iam", name, meant(asked, made));
  },
  right: (answer) => void answered(answer, 200),
  ...((told === THERE || told === GONE) && {
    repeated: (answer) => void faulted(answer, told === GONE ? 404 : 409, told),
  }),
  look: account,
}));
