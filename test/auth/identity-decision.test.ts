import { describe, expect, it } from "vitest";
import { ANONYMOUS, type Caller, rootCaller } from "../../src/auth/caller.ts";
import { identityAllows, isDenied } from "../../src/auth/identity-decision.ts";
import type { Policy } from "../../src/auth/policy/language.ts";
import { parsePolicy } from "../../src/auth/policy/parse.ts";
import { firstOf, lookup, principalContext, requestContext } from "../../src/auth/principal-context.ts";

const ACCOUNT = { id: "ab".repeat(32), displayName: "a", number: "123456789012" };

function policy(Effect: "Allow" | "Deny", Action: string, Condition?: object): Policy {
  const statement = { Effect, Action, Resource: "*", ...(Condition && { Condition }) };
  return parsePolicy(JSON.stringify({ Version: "2012-10-17", Statement: [statement] }), "identity");
}

const USER: Caller = {
  kind: "user",
  account: ACCOUNT,
  arn: "arn:aws:iam::123456789012:user/bob",
  userId: "AIDABOB",
  accessKeyId: "AKIABOB",
  userName: "bob",
  tags: { Team: "blue" },
  policies: [],
  sessionPolicies: [],
};

const ASKED = { action: "iam:GetUser", resource: "arn:aws:iam::123456789012:user/x", value: () => undefined };
const [get, all, denied] = [policy("Allow", "iam:GetUser"), policy("Allow", "*"), policy("Deny", "iam:Get*")];
const other = policy("Allow", "s3:*");

describe("a caller may", () => {
  const root = rootCaller(ACCOUNT, "key");
  const cases: [string, Caller, boolean][] = [
    ["nothing that nobody gave", USER, false],
    ["what a policy of theirs allows", { ...USER, policies: [other, get] }, true],
    ["not what one of them denies", { ...USER, policies: [all, denied] }, false],
    ["what a session leaves in", { ...USER, policies: [all], sessionPolicies: [other, get] }, true],
    ["not what a session leaves out", { ...USER, policies: [all], sessionPolicies: [other] }, false],
    ["not what a session alone allows", { ...USER, policies: [other], sessionPolicies: [all] }, false],
    ["not what a session denies", { ...USER, policies: [all], sessionPolicies: [all, denied] }, false],
    ["everything, as root", root, true],
    ["not, as root, what the deployment denies", { ...root, restrictions: [denied] }, false],
    ["not what only the deployment allows", { ...USER, restrictions: [all] }, false],
    ["nothing unsigned", { ...ANONYMOUS, policies: [all] }, false],
  ];
  it.each(cases)("%s", (_, caller, allowed) => {
    expect(identityAllows(caller, ASKED)).toBe(allowed);
  });

  it("be denied before anybody else allows", () => {
    expect(isDenied({ ...USER, restrictions: [denied] }, ASKED)).toBe(true);
    expect(isDenied({ ...USER, policies: [all] }, ASKED)).toBe(false);
  });
});

describe("conditions know of the caller", () => {
  const NOW = Date.UTC(2030, 0, 2, 3, 4, 5, 678);

  it("who they are and when they ask", () => {
    const value = principalContext(USER, NOW);
    expect(value("aws:username")).toEqual(["bob"]);
    expect(value("aws:principaltag/team")).toEqual(["blue"]);
    expect(value("aws:principalarn")).toEqual([USER.arn]);
    expect(value("aws:currenttime")).toEqual(["2030-01-02T03:04:05Z"]);
    expect(value("aws:epochtime")).toEqual(["1893553445"]);
    expect(value("aws:multifactorauthpresent")).toBeUndefined();
    expect(value("aws:tokenissuetime")).toBeUndefined();
  });

  it("the role behind a session, and since when it goes", () => {
    const roleArn = "arn:aws:iam::123456789012:role/r";
    const value = principalContext({ ...USER, kind: "role", roleArn, issued: NOW }, NOW);
    expect(value("aws:principalarn")).toEqual([roleArn]);
    expect(value("aws:principaltype")).toEqual(["AssumedRole"]);
    expect(value("aws:multifactorauthpresent")).toEqual(["false"]);
    expect(value("aws:tokenissuetime")).toEqual(["2030-01-02T03:04:05Z"]);
  });

  it("nothing that a session's own claims make up", () => {
    const claims = { "aws:userid": ["forged"], "idp.example.com:sub": ["someone"] };
    const value = principalContext({ ...USER, claims }, NOW);
    expect(value("aws:userid")).toEqual([USER.userId]);
    expect(value("idp.example.com:sub")).toEqual(["someone"]);
  });

  it("how they came, and nothing of it that was not sent", () => {
    const headers = new Headers({ "user-agent": "test", "cf-connecting-ip": "192.0.2.1" });
    const asked = { sent: headers, secure: true, tlsVersion: undefined };
    const edge = requestContext({ clientAddress: "edge" }, asked);
    const value = firstOf(edge, lookup({ "aws:SourceIp": "forged" }));
    expect(value("aws:sourceip")).toEqual(["192.0.2.1"]);
    expect(value("aws:securetransport")).toEqual(["true"]);
    expect(value("aws:referer")).toBeUndefined();
  });

  it("no address that a client made up where no edge stands in front", () => {
    const asked = {
      sent: new Headers({ "cf-connecting-ip": "192.0.2.1" }),
      secure: false,
      tlsVersion: undefined,
    };
    expect(requestContext({ clientAddress: "127.0.0.1" }, asked)("aws:sourceip")).toEqual(["127.0.0.1"]);
    expect(requestContext({ clientAddress: undefined }, asked)("aws:sourceip")).toBeUndefined();
  });
});
