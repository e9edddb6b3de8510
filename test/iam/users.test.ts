import { beforeAll, describe, expect, it } from "vitest";
import { allow, faulted, Iam } from "../support/iam.ts";
import { useServer } from "../support/server.ts";

const server = useServer();
let iam: Iam;

beforeAll(async () => {
  iam = new Iam((await server.account("users")).client);
});

describe("users", () => {
  it("are made, found in any case of letters, renamed, moved and removed", async () => {
    const made = await iam.iam("CreateUser", { UserName: "Ann", Path: "/dev/" });
    expect(made.get("User/UserId")).toMatch(/^AIDA[A-Z2-7]{17}$/);
    expect(made.get("User/Arn")).toMatch(/^arn:aws:iam::\d{12}:user\/dev\/Ann$/);
    const again = await iam.ask("iam", "CreateUser", { UserName: "aNN" });
    expect(faulted(again, 409, "EntityAlreadyExists")).toContain("aNN");
    expect((await iam.iam("GetUser", { UserName: "ANN" })).get("User/UserName")).toBe("Ann");
    await iam.iam("UpdateUser", { UserName: "ann", NewUserName: "Anna", NewPath: "/ops/" });
    const moved = await iam.iam("GetUser", { UserName: "anna" });
    expect(moved.get("User/UserId")).toBe(made.get("User/UserId"));
    expect(moved.get("User/Arn")).toMatch(/:user\/ops\/Anna$/);
    await iam.iam("DeleteUser", { UserName: "ANNA" });
    faulted(await iam.ask("iam", "GetUser", { UserName: "anna" }), 404, "NoSuchEntity");
  });

  it("do not take each other's names", async () => {
    await iam.iam("CreateUser", { UserName: "one" });
    await iam.iam("CreateUser", { UserName: "two" });
    const answer = await iam.ask("iam", "UpdateUser", { UserName: "two", NewUserName: "ONE" });
    faulted(answer, 409, "EntityAlreadyExists");
    await iam.iam("UpdateUser", { UserName: "two", NewUserName: "TWO" });
  });

  it("are listed in order of their names, page by page, below a path", async () => {
    for (const name of ["d", "B", "a", "C"]) await iam.iam("CreateUser", { UserName: name, Path: "/list/" });
    const names: string[] = [];
    let more: Record<string, string> = {};
    for (let pages = 1; ; pages++) {
      const page = await iam.iam("ListUsers", { PathPrefix: "/li", MaxItems: "3", ...more });
      names.push(...page.texts("Users/member/UserName"));
      expect(page.get("IsTruncated")).toBe(String(pages === 1));
      if (pages === 2) break;
      more = { Marker: page.get("Marker") ?? "" };
    }
    expect(names).toEqual(["a", "B", "C", "d"]);
    faulted(await iam.ask("iam", "ListUsers", { Marker: "!" }), 400, "ValidationError");
  });

  it("of one account are nothing to another", async () => {
    const other = new Iam((await server.account("other")).client);
    await iam.iam("CreateUser", { UserName: "mine" });
    faulted(await other.ask("iam", "GetUser", { UserName: "mine" }), 404, "NoSuchEntity");
    faulted(await other.ask("iam", "DeleteUser", { UserName: "mine" }), 404, "NoSuchEntity");
    await other.iam("CreateUser", { UserName: "mine" });
    expect((await iam.iam("GetUser", { UserName: "mine" })).get("User/UserName")).toBe("mine");
  });

  it("who are nobody's are the account's root itself", async () => {
    expect((await iam.iam("GetUser")).get("User/Arn")).toMatch(/^arn:aws:iam::\d{12}:root$/);
  });

  it("are not removed while anything hangs on them", async () => {
    const { keys } = await iam.user("busy");
    await iam.iam("PutUserPolicy", { UserName: "busy", PolicyName: "p", PolicyDocument: allow("s3:*") });
    await iam.iam("AttachUserPolicy", {
      UserName: "busy",
      PolicyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess",
    });
    await iam.iam("CreateGroup", { GroupName: "g" });
    await iam.iam("AddUserToGroup", { GroupName: "g", UserName: "busy" });
    const conflicts = async () =>
      faulted(await iam.ask("iam", "DeleteUser", { UserName: "busy" }), 409, "DeleteConflict");
    expect(await conflicts()).toContain("detach");
    await iam.iam("DetachUserPolicy", {
      UserName: "busy",
      PolicyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess",
    });
    expect(await conflicts()).toContain("policies");
    await iam.iam("DeleteUserPolicy", { UserName: "busy", PolicyName: "p" });
    expect(await conflicts()).toContain("access keys");
    await iam.iam("DeleteAccessKey", { UserName: "busy", AccessKeyId: keys.accessKeyId });
    expect(await conflicts()).toContain("groups");
    await iam.iam("RemoveUserFromGroup", { GroupName: "g", UserName: "busy" });
    await iam.iam("DeleteUser", { UserName: "busy" });
  });

  it("have tags, whose names are one in any case of letters", async () => {
    const UserName = "tagged";
    await iam.iam("CreateUser", { UserName, "Tags.member.1.Key": "a", "Tags.member.1.Value": "1" });
    await iam.iam("TagUser", { UserName, "Tags.member.1.Key": "A", "Tags.member.1.Value": "2" });
    const tags = await iam.iam("ListUserTags", { UserName });
    expect([tags.texts("Tags/member/Key"), tags.texts("Tags/member/Value")]).toEqual([["A"], ["2"]]);
    const twice = { "Tags.member.1.Key": "x", "Tags.member.2.Key": "X" };
    faulted(await iam.ask("iam", "TagUser", { UserName, ...twice }), 400, "InvalidInput");
    await iam.iam("UntagUser", { UserName, "TagKeys.member.1": "a" });
    expect((await iam.iam("ListUserTags", { UserName })).texts("Tags/member/Key")).toEqual([]);
    const many = Object.fromEntries(
      Array.from({ length: 51 }, (_, i) => [`Tags.member.${i + 1}.Key`, `k${i}`]),
    );
    faulted(await iam.ask("iam", "TagUser", { UserName, ...many }), 400, "ValidationError");
  });

  it("with a permissions boundary are refused, rather than made without it", async () => {
    const PermissionsBoundary = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    const answer = await iam.ask("iam", "CreateUser", { UserName: "bound", PermissionsBoundary });
    faulted(answer, 400, "InvalidInput");
    faulted(await iam.ask("iam", "GetUser", { UserName: "bound" }), 404, "NoSuchEntity");
  });
});

describe("who may", () => {
  it("is decided by the caller's policies, on the ARN with its path", async () => {
    const { iam: bob } = await iam.user("bob", "/dev/");
    faulted(await bob.ask("iam", "GetUser"), 403, "AccessDenied");
    const own = allow("iam:GetUser", `arn:aws:iam::*:user/dev/\${aws:username}`);
    await iam.iam("PutUserPolicy", { UserName: "bob", PolicyName: "own", PolicyDocument: own });
    expect((await bob.iam("GetUser")).get("User/UserName")).toBe("bob");
    const message = faulted(await bob.ask("iam", "ListUsers"), 403, "AccessDenied");
    expect(message).toMatch(
      /^User: arn:aws:iam::\d{12}:user\/dev\/bob is not authorized to perform: iam:ListUsers on/,
    );
  });

  it("is decided before anybody learns what is there", async () => {
    const { iam: eve } = await iam.user("eve");
    await iam.iam("CreateUser", { UserName: "there" });
    for (const UserName of ["there", "not-there"]) {
      faulted(await eve.ask("iam", "GetUser", { UserName }), 403, "AccessDenied");
      faulted(await eve.ask("iam", "DeleteUser", { UserName }), 403, "AccessDenied");
    }
  });

  it("follows the groups a user is in, and their managed policies", async () => {
    const { iam: carl } = await iam.user("carl");
    await iam.iam("CreateGroup", { GroupName: "readers" });
    await iam.iam("AttachGroupPolicy", {
      GroupName: "readers",
      PolicyArn: "arn:aws:iam::aws:policy/IAMReadOnlyAccess",
    });
    faulted(await carl.ask("iam", "ListGroups"), 403, "AccessDenied");
    await iam.iam("AddUserToGroup", { GroupName: "readers", UserName: "carl" });
    expect((await carl.iam("ListGroups")).texts("Groups/member/GroupName")).toContain("readers");
    await iam.iam("RemoveUserFromGroup", { GroupName: "readers", UserName: "carl" });
    faulted(await carl.ask("iam", "ListGroups"), 403, "AccessDenied");
  });
});

describe("conditions", () => {
  it("see what a user is to become, which policy is attached, and the tags of both sides", async () => {
    const { iam: admin } = await iam.user("limited");
    const PolicyDocument = JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Action: "iam:UpdateUser", Resource: "arn:aws:iam::*:user/dev/*" },
        {
          Effect: "Allow",
          Action: "iam:AttachUserPolicy",
          Resource: "*",
          Condition: { ArnLike: { "iam:PolicyARN": "arn:aws:iam::aws:policy/*ReadOnlyAccess" } },
        },
        {
          Effect: "Allow",
          Action: "iam:DeleteUser",
          Resource: "*",
          Condition: { StringEquals: { "aws:ResourceTag/kind": "temporary" } },
        },
      ],
    });
    await iam.iam("PutUserPolicy", { UserName: "limited", PolicyName: "p", PolicyDocument });
    const temporary = { "Tags.member.1.Key": "kind", "Tags.member.1.Value": "temporary" };
    await iam.iam("CreateUser", { UserName: "subject", Path: "/dev/" });
    const UserName = "subject";
    await admin.iam("UpdateUser", { UserName, NewPath: "/dev/more/" });
    faulted(await admin.ask("iam", "UpdateUser", { UserName, NewPath: "/ops/" }), 403, "AccessDenied");
    const arn = (name: string) => ({ UserName, PolicyArn: `arn:aws:iam::aws:policy/${name}` });
    faulted(await admin.ask("iam", "AttachUserPolicy", arn("AdministratorAccess")), 403, "AccessDenied");
    await admin.iam("AttachUserPolicy", arn("ReadOnlyAccess"));
    await iam.iam("DetachUserPolicy", arn("ReadOnlyAccess"));
    faulted(await admin.ask("iam", "DeleteUser", { UserName }), 403, "AccessDenied");
    await iam.iam("TagUser", { UserName, ...temporary });
    await admin.iam("DeleteUser", { UserName });
  });
});
