import { expect, it } from "vitest";
import { allow, faulted, Iam, policy } from "../support/iam.ts";
import { useServer } from "../support/server.ts";

const server = useServer();

const DENIED = policy({ Effect: "Deny", Action: "iam:CreateUser", Resource: "*" });

it("the deployment's root key restricts an account, its root and its users", async () => {
  const deployment = new Iam(server.client);
  const { client, id } = await server.account("restricted");
  const root = new Iam(client);
  const { iam: user } = await root.user("admin");
  await root.iam("PutUserPolicy", { UserName: "admin", PolicyName: "all", PolicyDocument: allow("iam:*") });
  await deployment.iam("PutUserPolicy", { UserName: id, PolicyName: "no", PolicyDocument: DENIED });
  for (const who of [root, user]) {
    faulted(await who.ask("iam", "CreateUser", { UserName: "more" }), 403, "AccessDenied");
    await who.iam("ListUsers");
  }
  expect((await deployment.iam("ListUserPolicies", { UserName: id })).texts("PolicyNames/member")).toEqual([
    "no",
  ]);
  await deployment.iam("DeleteUserPolicy", { UserName: id, PolicyName: "no" });
  await root.iam("CreateUser", { UserName: "more" });
});

it("what it allows an account gives nothing", async () => {
  const { client, id } = await server.account("given");
  const { iam: user } = await new Iam(client).user("nobody");
  await new Iam(server.client).iam("PutUserPolicy", {
    UserName: id,
    PolicyName: "p",
    PolicyDocument: allow("iam:*"),
  });
  faulted(await user.ask("iam", "ListUsers"), 403, "AccessDenied");
});

it("an account can neither see nor undo it, nor do it to another", async () => {
  const deployment = new Iam(server.client);
  const { client, id } = await server.account("bound");
  const root = new Iam(client);
  await deployment.iam("PutUserPolicy", { UserName: id, PolicyName: "no", PolicyDocument: DENIED });
  const named = { UserName: id, PolicyName: "no" };
  const key = await deployment.user("other");
  await deployment.iam("PutUserPolicy", { UserName: "other", PolicyName: "all", PolicyDocument: allow("*") });
  for (const who of [root, key.iam, new Iam((await server.account("stranger")).client)]) {
    faulted(await who.ask("iam", "DeleteUserPolicy", named), 404, "NoSuchEntity");
    faulted(await who.ask("iam", "GetUserPolicy", named), 404, "NoSuchEntity");
    faulted(
      await who.ask("iam", "PutUserPolicy", { ...named, PolicyDocument: allow("*") }),
      404,
      "NoSuchEntity",
    );
  }
  faulted(await root.ask("iam", "CreateUser", { UserName: "more" }), 403, "AccessDenied");
});
