import { beforeAll, describe, expect, it } from "vitest";
import { refused } from "../support/expect.ts";
import { allow, credentialsOf, faulted, Iam, policy } from "../support/iam.ts";
import { useServer } from "../support/server.ts";

const server = useServer();
let iam: Iam;
let other: Iam;
let made = 0;

beforeAll(async () => {
  iam = new Iam((await server.account("roles")).client);
  other = new Iam((await server.account("others")).client);
});

function trust(AWS: string, condition: Record<string, unknown> = {}): string {
  return policy({
    Effect: "Allow",
    Principal: { AWS },
    Action: ["sts:AssumeRole", "sts:TagSession"],
    ...condition,
  });
}

async function role(
  document: string,
  more: Record<string, string> = {},
): Promise<{ name: string; arn: string }> {
  made += 1;
  const name = `Role${made}`;
  const answer = await iam.iam("CreateRole", { RoleName: name, AssumeRolePolicyDocument: document, ...more });
  return { name, arn: answer.get("Role/Arn") ?? "" };
}

async function user(of: Iam = iam) {
  made += 1;
  return of.user(`user${made}`);
}

const SESSION = { RoleSessionName: "session" };

describe("a role", () => {
  it("is assumed by the user whom its trust policy names", async () => {
    const { arn: userArn, iam: bob } = await user();
    const { arn, name } = await role(trust(userArn));
    const result = await bob.sts("AssumeRole", { RoleArn: arn, ...SESSION });
    expect(result.get("AssumedRoleUser/Arn")).toMatch(new RegExp(`:assumed-role/${name}/session$`));
    const session = bob.as(credentialsOf(result));
    const who = await session.sts("GetCallerIdentity");
    expect([who.get("Arn"), who.get("UserId")]).toEqual([
      result.get("AssumedRoleUser/Arn"),
      result.get("AssumedRoleUser/AssumedRoleId"),
    ]);
  });

  it("is nobody else's", async () => {
    const [{ arn: named }, { iam: eve }] = [await user(), await user()];
    const { arn } = await role(trust(named));
    const message = faulted(
      await eve.ask("sts", "AssumeRole", { RoleArn: arn, ...SESSION }),
      403,
      "AccessDenied",
    );
    expect(message).toContain(`is not authorized to perform: sts:AssumeRole on resource: ${arn}`);
    const nowhere = { RoleArn: arn.replace(/Role\d+$/, "Nothing"), ...SESSION };
    faulted(await eve.ask("sts", "AssumeRole", nowhere), 403, "AccessDenied");
  });

  it("that trusts the account needs the user's own policy, too", async () => {
    const { arn: userArn, iam: bob } = await user();
    const root = userArn.replace(/:user\/.*/, ":root");
    const { arn } = await role(trust(root));
    const ask = () => bob.ask("sts", "AssumeRole", { RoleArn: arn, ...SESSION });
    faulted(await ask(), 403, "AccessDenied");
    const UserName = userArn.replace(/.*\//, "");
    await iam.iam("PutUserPolicy", {
      UserName,
      PolicyName: "p",
      PolicyDocument: allow("sts:AssumeRole", arn),
    });
    expect((await ask()).status).toBe(200);
  });

  it("of another account needs both sides, even if it names the user", async () => {
    const { arn: userArn, iam: bob } = await user(other);
    const { arn } = await role(trust(userArn));
    const ask = () => bob.ask("sts", "AssumeRole", { RoleArn: arn, ...SESSION });
    faulted(await ask(), 403, "AccessDenied");
    const UserName = userArn.replace(/.*\//, "");
    await other.iam("PutUserPolicy", {
      UserName,
      PolicyName: "p",
      PolicyDocument: allow("sts:AssumeRole", arn),
    });
    expect((await ask()).status).toBe(200);
  });

  it("is not assumed by a user whose own policy denies it", async () => {
    const { arn: userArn, iam: bob } = await user();
    const { arn } = await role(trust(userArn));
    const PolicyDocument = policy({ Effect: "Deny", Action: "sts:*", Resource: "*" });
    const UserName = userArn.replace(/.*\//, "");
    await iam.iam("PutUserPolicy", { UserName, PolicyName: "p", PolicyDocument });
    faulted(await bob.ask("sts", "AssumeRole", { RoleArn: arn, ...SESSION }), 403, "AccessDenied");
  });

  it("may ask for an external id, and for tags of the session", async () => {
    const { arn: userArn, iam: bob } = await user();
    const Condition = { StringEquals: { "sts:ExternalId": "42", "aws:RequestTag/team": "blue" } };
    const { arn } = await role(trust(userArn, { Condition }));
    const tag = { "Tags.member.1.Key": "team", "Tags.member.1.Value": "blue" };
    const asked = { RoleArn: arn, ...SESSION };
    faulted(await bob.ask("sts", "AssumeRole", { ...asked, ...tag }), 403, "AccessDenied");
    faulted(await bob.ask("sts", "AssumeRole", { ...asked, ExternalId: "42" }), 403, "AccessDenied");
    await bob.sts("AssumeRole", { ...asked, ...tag, ExternalId: "42" });
  });

  it("takes no tags of a session where it does not trust anyone with them", async () => {
    const { arn: userArn, iam: bob } = await user();
    const { arn } = await role(
      policy({ Effect: "Allow", Principal: { AWS: userArn }, Action: "sts:AssumeRole" }),
    );
    const tag = { "Tags.member.1.Key": "team", "Tags.member.1.Value": "blue" };
    faulted(await bob.ask("sts", "AssumeRole", { RoleArn: arn, ...SESSION, ...tag }), 403, "AccessDenied");
    await bob.sts("AssumeRole", { RoleArn: arn, ...SESSION });
  });

  it("may be the deployment's own", async () => {
    const own = new Iam(server.client);
    const document = trust((await own.iam("GetUser")).get("User/Arn") ?? "");
    const made = await own.iam("CreateRole", { RoleName: "Own", AssumeRolePolicyDocument: document });
    const result = await own.sts("AssumeRole", { RoleArn: made.get("Role/Arn") ?? "", ...SESSION });
    const who = await own.as(credentialsOf(result)).sts("GetCallerIdentity");
    expect(who.get("Arn")).toMatch(/:assumed-role\/Own\/session$/);
  });

  it("passes on the tags that are to go with it, which nobody gives anew", async () => {
    const { arn: userArn, iam: bob } = await user();
    const first = await role(trust(userArn));
    const Condition = { StringEquals: { "aws:PrincipalTag/team": "blue" } };
    const next = await role(trust(first.arn, { Condition }));
    const last = await role(trust(next.arn, { Condition }));
    const tag = (value: string) => ({ "Tags.member.1.Key": "team", "Tags.member.1.Value": value });
    const begin = async (from: Iam, RoleArn: string, more: Record<string, string>) =>
      from.as(credentialsOf(await from.sts("AssumeRole", { RoleArn, ...SESSION, ...more })));
    const passing = await begin(bob, first.arn, { ...tag("blue"), "TransitiveTagKeys.member.1": "team" });
    await begin(await begin(passing, next.arn, tag("red")), last.arn, {});
    const keeping = await begin(await begin(bob, first.arn, tag("blue")), next.arn, {});
    faulted(await keeping.ask("sts", "AssumeRole", { RoleArn: last.arn, ...SESSION }), 403, "AccessDenied");
  });

  it("keeps sessions within its time", async () => {
    const { arn: userArn, iam: bob } = await user();
    const { arn } = await role(trust(userArn), { MaxSessionDuration: "7200" });
    const ask = (seconds: number) =>
      bob.ask("sts", "AssumeRole", { RoleArn: arn, ...SESSION, DurationSeconds: String(seconds) });
    for (const seconds of [899, 43_201, 7201]) faulted(await ask(seconds), 400, "ValidationError");
    for (const seconds of [900, 7200]) expect((await ask(seconds)).status).toBe(200);
  });
});

describe("a session", () => {
  it("may what its role may, cut down to its own policy", async () => {
    const { arn: userArn, iam: bob } = await user();
    const { arn, name } = await role(trust(userArn));
    const asked = { RoleArn: arn, ...SESSION };
    const whole = bob.as(credentialsOf(await bob.sts("AssumeRole", asked)));
    faulted(await whole.ask("iam", "ListRoles"), 403, "AccessDenied");
    const PolicyArn = "arn:aws:iam::aws:policy/IAMReadOnlyAccess";
    await iam.iam("AttachRolePolicy", { RoleName: name, PolicyArn });
    await whole.iam("ListRoles");
    const cut = await bob.sts("AssumeRole", { ...asked, Policy: allow(["iam:GetRole", "iam:DeleteRole"]) });
    const part = bob.as(credentialsOf(cut));
    await part.iam("GetRole", { RoleName: name });
    faulted(await part.ask("iam", "ListRoles"), 403, "AccessDenied");
    faulted(await part.ask("iam", "DeleteRole", { RoleName: name }), 403, "AccessDenied");
    const byArn = await bob.sts("AssumeRole", { ...asked, "PolicyArns.member.1.arn": PolicyArn });
    await bob.as(credentialsOf(byArn)).iam("ListRoles");
  });

  it("ends with its time, with its role, and with its user", async () => {
    const { arn: userArn, iam: bob, keys } = await user();
    const { arn, name } = await role(trust(userArn));
    const assumed = credentialsOf(await bob.sts("AssumeRole", { RoleArn: arn, ...SESSION }));
    const own = credentialsOf(await bob.sts("GetSessionToken", { DurationSeconds: "900" }));
    for (const session of [assumed, own]) {
      const late = bob.as(session).client.with({ "x-test-now-offset": String(3_601_000) });
      faulted(await new Iam(late).ask("sts", "GetCallerIdentity"), 403, "ExpiredToken");
      expect(refused(await late.get("/"), 400, "ExpiredToken").get("Message")).toBe(
        "The provided token has expired.",
      );
    }
    await iam.iam("DeleteRole", { RoleName: name });
    faulted(await bob.as(assumed).ask("sts", "GetCallerIdentity"), 403, "InvalidClientTokenId");
    await bob.as(own).sts("GetCallerIdentity");
    const UserName = userArn.replace(/.*\//, "");
    await iam.iam("DeleteAccessKey", { UserName, AccessKeyId: keys.accessKeyId });
    await iam.iam("DeleteUser", { UserName });
    faulted(await bob.as(own).ask("sts", "GetCallerIdentity"), 403, "InvalidClientTokenId");
  });

  it("is its token, its key and its secret together", async () => {
    const { iam: bob, keys } = await user();
    const [one, two] = [
      credentialsOf(await bob.sts("GetSessionToken")),
      credentialsOf(await bob.sts("GetSessionToken")),
    ];
    const mixed = [
      { accessKeyId: one.accessKeyId, secret: one.secret },
      { ...one, token: two.token ?? "" },
      { ...keys, token: one.token ?? "" },
      { ...one, token: "x".repeat(9_000) },
    ];
    for (const credentials of mixed) {
      faulted(await bob.as(credentials).ask("sts", "GetCallerIdentity"), 403, "InvalidClientTokenId");
    }
    const wrong = bob.as({ ...one, secret: two.secret });
    faulted(await wrong.ask("sts", "GetCallerIdentity"), 403, "SignatureDoesNotMatch");
    refused(await bob.as({ ...one, token: two.token ?? "" }).client.get("/"), 400, "InvalidToken");
    expect(one.accessKeyId).toMatch(/^ASIA/);
  });

  it("of a user or root gives no further ones, and does not manage identities", async () => {
    for (const who of [(await user()).iam, iam]) {
      const session = who.as(credentialsOf(await who.sts("GetSessionToken")));
      faulted(await session.ask("sts", "GetSessionToken"), 403, "AccessDenied");
      faulted(await session.ask("iam", "ListUsers"), 403, "InvalidClientTokenId");
    }
  });

  it("of a federated user names them", async () => {
    const result = await iam.sts("GetFederationToken", { Name: "guest", Policy: allow("s3:*") });
    expect(result.get("FederatedUser/Arn")).toMatch(/^arn:aws:sts::\d{12}:federated-user\/guest$/);
    const who = await iam.as(credentialsOf(result)).sts("GetCallerIdentity");
    expect([who.get("Arn"), who.get("UserId")]).toEqual([
      result.get("FederatedUser/Arn"),
      result.get("FederatedUser/FederatedUserId"),
    ]);
    faulted(
      await (await user()).iam.ask("sts", "GetFederationToken", { Name: "guest" }),
      403,
      "AccessDenied",
    );
  });

  it("that does not fit into its token is refused", async () => {
    const parts: Record<string, string> = {};
    for (let i = 1; i <= 3; i++) {
      const Statement = { Effect: "Allow", Action: "s3:*", Resource: `arn:aws:s3:::${"x".repeat(4_000)}` };
      const made = await iam.iam("CreatePolicy", {
        PolicyName: `big${i}`,
        PolicyDocument: policy(Statement),
      });
      parts[`PolicyArns.member.${i}.arn`] = made.get("Policy/Arn") ?? "";
    }
    faulted(
      await iam.ask("sts", "GetFederationToken", { Name: "guest", ...parts }),
      400,
      "PackedPolicyTooLarge",
    );
  });
});
