import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { credentialsOf, FORM, faulted, form, Iam, policy } from "../support/iam.ts";
import { useServer } from "../support/server.ts";
import { xml } from "../support/xml.ts";

const server = useServer();

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 });

/** What the provider answers, and how often it was asked. */
const provider = { url: "", asked: 0, keys: [] as object[], answer: "" };
let web: http.Server;

function published(key: KeyObject, kid: string, alg: string): object {
  return { ...key.export({ format: "jwk" }), kid, alg, use: "sig" };
}

let iam: Iam;
let roleArn: string;

type Claims = Record<string, unknown>;

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

function token(claims: Claims = {}, { alg = "RS256", kid = "rsa", key = rsa.privateKey } = {}): string {
  const exp = Math.floor(Date.now() / 1000) + 600;
  const all = { iss: provider.url, aud: "app", sub: "someone", exp, ...claims };
  const signed = `${part({ alg, kid, typ: "JWT" })}.${part(all)}`;
  const signature = sign("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" });
  return `${signed}.${signature.toString("base64url")}`;
}

async function ask(WebIdentityToken: string, more: Record<string, string> = {}) {
  const parameters = {
    Action: "AssumeRoleWithWebIdentity",
    Version: "2011-06-15",
    RoleArn: roleArn,
    RoleSessionName: "web",
    WebIdentityToken,
    ...more,
  };
  return server.client.sendSigned("POST", "/", FORM, form(parameters));
}

beforeAll(async () => {
  web = http.createServer((request, response) => {
    provider.asked += 1;
    const document =
      request.url === "/realm/.well-known/openid-configuration"
        ? { issuer: provider.url, jwks_uri: `${provider.url}/keys` }
        : { keys: provider.keys };
    response.end(provider.answer === "" ? JSON.stringify(document) : provider.answer);
  });
  await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
  provider.url = `http://127.0.0.1:${(web.address() as AddressInfo).port}/realm`;
  provider.keys = [published(rsa.publicKey, "rsa", "RS256"), published(ec.publicKey, "ec", "ES256")];
  iam = new Iam((await server.account("web")).client);
  const made = await iam.iam("CreateOpenIDConnectProvider", {
    Url: provider.url,
    "ClientIDList.member.1": "app",
  });
  const bare = provider.url.replace("http://", "");
  const trust = policy({
    Effect: "Allow",
    Principal: { Federated: made.get("OpenIDConnectProviderArn") },
    Action: ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
    Condition: { StringEquals: { [`${bare}:aud`]: "app" }, StringLike: { [`${bare}:sub`]: "some*" } },
  });
  const role = await iam.iam("CreateRole", { RoleName: "Web", AssumeRolePolicyDocument: trust });
  roleArn = role.get("Role/Arn") ?? "";
});

afterAll(() => new Promise((resolve) => web.close(resolve)));

describe("a web identity", () => {
  it.each([
    ["RS256", "rsa", rsa.privateKey],
    ["ES256", "ec", ec.privateKey],
  ])("assumes a role with a token signed %s", async (alg, kid, key) => {
    const answer = await ask(token({}, { alg, kid, key }));
    expect(answer.text).toContain("<AssumeRoleWithWebIdentityResult>");
    const result = xml(answer.text).all("AssumeRoleWithWebIdentityResult")[0];
    expect([result?.get("SubjectFromWebIdentityToken"), result?.get("Audience")]).toEqual(["someone", "app"]);
    const session = iam.as(result === undefined ? { accessKeyId: "", secret: "" } : credentialsOf(result));
    expect((await session.sts("GetCallerIdentity")).get("Arn")).toMatch(/:assumed-role\/Web\/web$/);
  });

  it("asks the provider for its keys once", async () => {
    await ask(token());
    const before = provider.asked;
    for (let i = 0; i < 3; i++) expect((await ask(token())).status).toBe(200);
    expect(provider.asked).toBe(before);
  });

  it("is refused with a token that is not this provider's", async () => {
    const forged = token({}, { key: stranger.privateKey });
    const good = token();
    const [head = "", body = "", signature = ""] = good.split(".");
    const other = part({ ...JSON.parse(Buffer.from(body, "base64url").toString()), sub: "somebody-else" });
    const bad = [
      forged,
      `${head}.${other}.${signature}`,
      `${part({ alg: "none" })}.${body}.`,
      `${part({ alg: "none" })}.${body}.AAAA`,
      `${part({ alg: "HS256", kid: "rsa" })}.${body}.${signature}`,
      `${part({ alg: "ES256", kid: "rsa" })}.${body}.${signature}`,
      `${head}.${body}`,
      "nonsense",
      token({ iss: "https://elsewhere.example.com" }),
      token({ aud: "another" }),
      token({ exp: undefined }),
      token({ nbf: Math.floor(Date.now() / 1000) + 3_600 }),
      token({}, { kid: "unknown" }),
    ];
    for (const one of bad) faulted(await ask(one), 400, "InvalidIdentityToken");
  });

  it("is refused with a token of the past", async () => {
    const expired = token({ exp: Math.floor(Date.now() / 1000) - 1 });
    faulted(await ask(expired), 400, "ExpiredTokenException");
  });

  it("is refused where the role's trust policy does not let it in", async () => {
    faulted(await ask(token({ sub: "nobody" })), 403, "AccessDenied");
  });

  it("that no account here vouches for learns nothing of roles: there are none of any name", async () => {
    const strange = token({ iss: "https://stranger.example" });
    const messages = [];
    for (const RoleArn of [roleArn, roleArn.replace("Web", "None")]) {
      const answer = await ask(strange, { RoleArn });
      faulted(answer, 400, "InvalidIdentityToken");
      messages.push(/<Message>(.*)<\/Message>/.exec(answer.text)?.[1]);
    }
    expect(messages[0]).toContain("stranger.example");
    expect(messages[1]).toBe(messages[0]);
  });

  it("brings tags of its provider into the session", async () => {
    const trust = policy({
      Effect: "Allow",
      Principal: { Federated: roleArn.replace(":role/Web", `:oidc-provider/${provider.url.slice(7)}`) },
      Action: ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
      Condition: { StringEquals: { "aws:RequestTag/team": "blue" } },
    });
    await iam.iam("CreateRole", { RoleName: "Tagged", AssumeRolePolicyDocument: trust });
    const RoleArn = roleArn.replace("Web", "Tagged");
    faulted(await ask(token(), { RoleArn }), 403, "AccessDenied");
    const tags = { "https://aws.amazon.com/tags": { principal_tags: { team: ["blue"] } } };
    expect((await ask(token(tags), { RoleArn })).status).toBe(200);
  });

  it("is told when the provider cannot be asked, or answers nonsense without end", async () => {
    const fresh = { "x-test-world": "provider-down" };
    const parameters = {
      Action: "AssumeRoleWithWebIdentity",
      Version: "2011-06-15",
      RoleArn: roleArn,
      RoleSessionName: "web",
    };
    for (const answer of ["nonsense", `{"issuer":"${"x".repeat(300_000)}"}`]) {
      provider.answer = answer;
      const body = form({ ...parameters, WebIdentityToken: token() });
      const asked = await server.client.sendSigned("POST", "/", { ...FORM, ...fresh }, body);
      faulted(asked, 400, "IDPCommunicationError");
    }
    provider.answer = "";
  });
});

describe("providers", () => {
  it("are kept with their clients and thumbprints", async () => {
    const thumbprint = "3768084dfb3d2b68b7897bf5f565da8efEXAMPLE";
    const made = await iam.iam("CreateOpenIDConnectProvider", {
      Url: "https://id.example.com/realms/one",
      "ClientIDList.member.1": "a",
      "ThumbprintList.member.1": thumbprint,
    });
    const named = { OpenIDConnectProviderArn: made.get("OpenIDConnectProviderArn") ?? "" };
    expect(named.OpenIDConnectProviderArn).toMatch(
      /^arn:aws:iam::\d{12}:oidc-provider\/id\.example\.com\/realms\/one$/,
    );
    await iam.iam("AddClientIDToOpenIDConnectProvider", { ...named, ClientID: "b" });
    await iam.iam("AddClientIDToOpenIDConnectProvider", { ...named, ClientID: "b" });
    await iam.iam("RemoveClientIDFromOpenIDConnectProvider", { ...named, ClientID: "a" });
    const got = await iam.iam("GetOpenIDConnectProvider", named);
    expect([got.texts("ClientIDList/member"), got.texts("ThumbprintList/member")]).toEqual([
      ["b"],
      [thumbprint],
    ]);
    const again = await iam.ask("iam", "CreateOpenIDConnectProvider", {
      Url: "https://id.example.com/realms/one",
    });
    faulted(again, 409, "EntityAlreadyExists");
    await iam.iam("DeleteOpenIDConnectProvider", named);
    faulted(await iam.ask("iam", "GetOpenIDConnectProvider", named), 404, "NoSuchEntity");
  });

  it("have URLs of the web", async () => {
    for (const Url of [
      "ftp://id.example.com",
      "id.example.com",
      "https://",
      "https://id.example.com?x=1",
      "https://aws",
    ]) {
      faulted(await iam.ask("iam", "CreateOpenIDConnectProvider", { Url }), 400, "InvalidInput");
    }
  });
});
