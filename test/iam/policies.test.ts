import { beforeAll, describe, expect, it } from "vitest";
import { allow, faulted, Iam, policy } from "../support/iam.ts";
import { useServer } from "../support/server.ts";

const server = useServer();
let iam: Iam;

beforeAll(async () => {
  iam = new Iam((await server.account("policies")).client);
  await iam.iam("CreateUser", { UserName: "u" });
  await iam.iam("CreateGroup", { GroupName: "g" });
  const PolicyDocument = policy({ Effect: "Allow", Principal: { AWS: "*" }, Action: "sts:AssumeRole" });
  await iam.iam("CreateRole", { RoleName: "r", AssumeRolePolicyDocument: PolicyDocument });
});

const OWNERS = [
  ["User", { UserName: "u" }],
  ["Group", { GroupName: "g" }],
  ["Role", { RoleName: "r" }],
] as const;

describe.each(OWNERS)("inline policies of a %s", (what, owner) => {
  it("come back as they were put, percent-encoded, and go", async () => {
    const document = allow("s3:Get*", "arn:aws:s3:::a b+c/é*");
    await iam.iam(`Put${what}Policy`, { ...owner, PolicyName: "p", PolicyDocument: document });
    const got = await iam.iam(`Get${what}Policy`, { ...owner, PolicyName: "p" });
    expect(decodeURIComponent(got.get("PolicyDocument") ?? "")).toBe(document);
    expect(got.get("PolicyDocument")).toMatch(/^[\w.~%-]+$/);
    const names = async () => (await iam.iam(`List${what}Policies`, owner)).texts("PolicyNames/member");
    expect(await names()).toEqual(["p"]);
    await iam.iam(`Delete${what}Policy`, { ...owner, PolicyName: "p" });
    expect(await names()).toEqual([]);
    const gone = { ...owner, PolicyName: "p" };
    faulted(await iam.ask("iam", `Get${what}Policy`, gone), 404, "NoSuchEntity");
    faulted(await iam.ask("iam", `Delete${what}Policy`, gone), 404, "NoSuchEntity");
  });

  it("have to be policies, and not too long together", async () => {
    const put = (PolicyName: string, PolicyDocument: string) =>
      iam.ask("iam", `Put${what}Policy`, { ...owner, PolicyName, PolicyDocument });
    for (const bad of ["{", "[]", '{"Version":"2012-10-17"}', policy({ Effect: "Allow", Action: "*" })]) {
      faulted(await put("bad", bad), 400, "MalformedPolicyDocument");
    }
    const half = { User: 1_200, Group: 3_000, Role: 6_000 }[what];
    const long = allow("s3:*", `arn:aws:s3:::${"x".repeat(half)}`);
    expect((await put("one", long)).status).toBe(200);
    expect((await put("one", long)).status).toBe(200);
    faulted(await put("two", long), 409, "LimitExceeded");
    await iam.iam(`Delete${what}Policy`, { ...owner, PolicyName: "one" });
  });

  it("are not the only ones: managed ones are attached, once, and detached", async () => {
    const PolicyArn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
    for (let times = 0; times < 2; times++) await iam.iam(`Attach${what}Policy`, { ...owner, PolicyArn });
    const list = await iam.iam(`ListAttached${what}Policies`, owner);
    expect(list.texts("AttachedPolicies/member/PolicyName")).toEqual(["AmazonS3ReadOnlyAccess"]);
    await iam.iam(`Detach${what}Policy`, { ...owner, PolicyArn });
    faulted(await iam.ask("iam", `Detach${what}Policy`, { ...owner, PolicyArn }), 404, "NoSuchEntity");
    const nothing = { ...owner, PolicyArn: "arn:aws:iam::aws:policy/Nothing" };
    faulted(await iam.ask("iam", `Attach${what}Policy`, nothing), 404, "NoSuchEntity");
    faulted(
      await iam.ask("iam", `Attach${what}Policy`, { ...owner, PolicyArn: "x".repeat(30) }),
      400,
      "InvalidInput",
    );
  });

  it("are attached up to a quota", async () => {
    const arns: string[] = [];
    for (let i = 0; i <= 10; i++) {
      const made = await iam.iam("CreatePolicy", {
        PolicyName: `${what}${i}`,
        PolicyDocument: allow("s3:*"),
      });
      arns.push(made.get("Policy/Arn") ?? "");
    }
    const answers = [];
    for (const PolicyArn of arns)
      answers.push(await iam.ask("iam", `Attach${what}Policy`, { ...owner, PolicyArn }));
    expect(answers.map(({ status }) => status)).toEqual([...Array(10).fill(200), 409]);
    for (const PolicyArn of arns.slice(0, 10)) await iam.iam(`Detach${what}Policy`, { ...owner, PolicyArn });
  });
});

describe("managed policies", () => {
  it("have versions, of which one is in force", async () => {
    const made = await iam.iam("CreatePolicy", {
      PolicyName: "Versions",
      PolicyDocument: allow("iam:ListUsers"),
    });
    const PolicyArn = made.get("Policy/Arn") ?? "";
    const { iam: reader } = await iam.user("reader");
    await iam.iam("AttachUserPolicy", { UserName: "reader", PolicyArn });
    await reader.iam("ListUsers");
    const PolicyDocument = allow("iam:ListGroups");
    await iam.iam("CreatePolicyVersion", { PolicyArn, PolicyDocument });
    await reader.iam("ListUsers");
    await iam.iam("SetDefaultPolicyVersion", { PolicyArn, VersionId: "v2" });
    faulted(await reader.ask("iam", "ListUsers"), 403, "AccessDenied");
    await reader.iam("ListGroups");
    const versions = await iam.iam("ListPolicyVersions", { PolicyArn });
    expect(versions.texts("Versions/member/VersionId")).toEqual(["v2", "v1"]);
    const standing = { PolicyArn, VersionId: "v2" };
    faulted(await iam.ask("iam", "DeletePolicyVersion", standing), 409, "DeleteConflict");
    await iam.iam("DeletePolicyVersion", { PolicyArn, VersionId: "v1" });
    faulted(await iam.ask("iam", "GetPolicyVersion", { PolicyArn, VersionId: "v1" }), 404, "NoSuchEntity");
    for (let i = 3; i <= 6; i++) await iam.iam("CreatePolicyVersion", { PolicyArn, PolicyDocument });
    faulted(await iam.ask("iam", "CreatePolicyVersion", { PolicyArn, PolicyDocument }), 409, "LimitExceeded");
  });

  it("are not removed while anybody has them", async () => {
    const made = await iam.iam("CreatePolicy", { PolicyName: "Held", PolicyDocument: allow("s3:*") });
    const PolicyArn = made.get("Policy/Arn") ?? "";
    await iam.iam("AttachGroupPolicy", { GroupName: "g", PolicyArn });
    faulted(await iam.ask("iam", "DeletePolicy", { PolicyArn }), 409, "DeleteConflict");
    const held = await iam.iam("ListEntitiesForPolicy", { PolicyArn });
    expect(held.texts("PolicyGroups/member/GroupName")).toEqual(["g"]);
    expect((await iam.iam("GetPolicy", { PolicyArn })).get("Policy/AttachmentCount")).toBe("1");
    await iam.iam("DetachGroupPolicy", { GroupName: "g", PolicyArn });
    await iam.iam("DeletePolicy", { PolicyArn });
    faulted(await iam.ask("iam", "GetPolicy", { PolicyArn }), 404, "NoSuchEntity");
  });

  it("of AWS's are there to be read, and nobody's to change", async () => {
    const PolicyArn = "arn:aws:iam::aws:policy/AdministratorAccess";
    const got = await iam.iam("GetPolicyVersion", { PolicyArn, VersionId: "v1" });
    const document: unknown = JSON.parse(decodeURIComponent(got.get("PolicyVersion/Document") ?? ""));
    expect(document).toMatchObject({ Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] });
    faulted(await iam.ask("iam", "DeletePolicy", { PolicyArn }), 403, "AccessDenied");
    faulted(
      await iam.ask("iam", "CreatePolicyVersion", { PolicyArn, PolicyDocument: allow("*") }),
      403,
      "AccessDenied",
    );
    const names = (await iam.iam("ListPolicies", { Scope: "AWS" })).texts("Policies/member/PolicyName");
    expect(names).toContain("AmazonS3FullAccess");
  });

  it("of one account are nothing to another", async () => {
    const made = await iam.iam("CreatePolicy", { PolicyName: "Private", PolicyDocument: allow("s3:*") });
    const PolicyArn = made.get("Policy/Arn") ?? "";
    const other = new Iam((await server.account("other")).client);
    await other.iam("CreateUser", { UserName: "u" });
    faulted(await other.ask("iam", "GetPolicy", { PolicyArn }), 404, "NoSuchEntity");
    faulted(await other.ask("iam", "AttachUserPolicy", { UserName: "u", PolicyArn }), 404, "NoSuchEntity");
  });
});
