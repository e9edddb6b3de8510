import { beforeAll, describe, expect, it, vi } from "vitest";
import { faulted, Iam } from "../support/iam.ts";
import { useServer } from "../support/server.ts";

const server = useServer();
let iam: Iam;

const TABLES = [
  "access_key",
  "account",
  "identity",
  "inline_policy",
  "attachment",
  "member",
  "policy_version",
];

/** All that the directory holds, as one text. */
async function directory(): Promise<string> {
  const rows = await Promise.all(
    TABLES.map((table) => server.order<unknown[]>({ do: "d1", text: `select * from ${table}` })),
  );
  return JSON.stringify(rows);
}

beforeAll(async () => {
  iam = new Iam((await server.account("keys")).client);
});

describe("access keys", () => {
  it("show their secret once, and keep it sealed", async () => {
    const { keys, iam: user } = await iam.user("secretive");
    expect(keys.accessKeyId).toMatch(/^AKIA[A-Z2-7]{16}$/);
    expect(keys.secret).toMatch(/^[A-Za-z0-9+/]{40}$/);
    expect((await user.sts("GetCallerIdentity")).get("Arn")).toMatch(/:user\/secretive$/);
    const held = await directory();
    expect(held).toContain(keys.accessKeyId);
    expect(held).not.toContain(keys.secret);
    for (const action of ["ListAccessKeys", "GetUser"]) {
      const { text } = await iam.ask("iam", action, { UserName: "secretive" });
      expect(text).not.toContain(keys.secret);
    }
  });

  it("are two to a user at the most, however many are asked for at once", async () => {
    await iam.iam("CreateUser", { UserName: "greedy" });
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => iam.ask("iam", "CreateAccessKey", { UserName: "greedy" })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2);
    for (const answer of answers.filter(({ status }) => status !== 200))
      faulted(answer, 409, "LimitExceeded");
    const list = await iam.iam("ListAccessKeys", { UserName: "greedy" });
    expect(list.texts("AccessKeyMetadata/member/AccessKeyId")).toHaveLength(2);
  });

  it("are switched off, on again, and removed", async () => {
    const { keys, iam: user } = await iam.user("switched");
    const named = { UserName: "switched", AccessKeyId: keys.accessKeyId };
    await iam.iam("UpdateAccessKey", { ...named, Status: "Inactive" });
    faulted(await user.ask("sts", "GetCallerIdentity"), 403, "InvalidClientTokenId");
    await iam.iam("UpdateAccessKey", { ...named, Status: "Active" });
    await user.sts("GetCallerIdentity");
    faulted(await iam.ask("iam", "UpdateAccessKey", { ...named, Status: "Broken" }), 400, "ValidationError");
    await iam.iam("DeleteAccessKey", named);
    faulted(await user.ask("sts", "GetCallerIdentity"), 403, "InvalidClientTokenId");
    faulted(await iam.ask("iam", "DeleteAccessKey", named), 404, "NoSuchEntity");
  });

  it("of a user are not another's to touch", async () => {
    const { keys } = await iam.user("owner");
    await iam.iam("CreateUser", { UserName: "thief" });
    const named = { UserName: "thief", AccessKeyId: keys.accessKeyId };
    faulted(await iam.ask("iam", "DeleteAccessKey", named), 404, "NoSuchEntity");
    const other = new Iam((await server.account("thieves")).client);
    faulted(
      await other.ask("iam", "DeleteAccessKey", { AccessKeyId: keys.accessKeyId }),
      404,
      "NoSuchEntity",
    );
    faulted(
      await other.ask("iam", "GetAccessKeyLastUsed", { AccessKeyId: keys.accessKeyId }),
      403,
      "AccessDenied",
    );
  });

  it("of the account's root speak for the root", async () => {
    const key = await iam.iam("CreateAccessKey");
    const keys = {
      accessKeyId: key.get("AccessKey/AccessKeyId") ?? "",
      secret: key.get("AccessKey/SecretAccessKey") ?? "",
    };
    expect((await iam.as(keys).sts("GetCallerIdentity")).get("Arn")).toMatch(/:root$/);
    await iam.iam("DeleteAccessKey", { AccessKeyId: keys.accessKeyId });
  });

  it("of a user that is gone speak for nobody", async () => {
    const { id, iam: user } = await iam.user("ghost");
    await server.order({ do: "d1", text: "delete from identity where id = ?", bindings: [id] });
    const elsewhere = new Iam(user.client.world("elsewhere"));
    faulted(await elsewhere.ask("sts", "GetCallerIdentity"), 403, "InvalidClientTokenId");
  });

  it("say when they were last used, after the answer", async () => {
    const { keys, iam: user } = await iam.user("used");
    const use = () => iam.iam("GetAccessKeyLastUsed", { AccessKeyId: keys.accessKeyId });
    const before = await use();
    expect([before.get("UserName"), before.get("AccessKeyLastUsed/ServiceName")]).toEqual(["used", "N/A"]);
    await user.sts("GetCallerIdentity");
    await vi.waitUntil(async () => (await use()).get("AccessKeyLastUsed/ServiceName") === "sts");
    expect((await use()).get("AccessKeyLastUsed/LastUsedDate")).toMatch(/^\d{4}-.*Z$/);
  });
});
