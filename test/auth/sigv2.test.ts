import { createHmac } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { linkStringsToSign, signLink } from "../../src/auth/sigv2.ts";
import { type Server, startServer } from "../../src/cli/server.ts";
import { addressOf } from "../wire/asked.ts";

const SECRET = "portico-secret";
const OPTIONS = {
  host: "127.0.0.1",
  port: 0,
  rootKey: `portico:${SECRET}`,
  masterSecret: "x".repeat(32),
  region: "us-east-1",
  domains: [],
  legacyAcl: false,
};

/** A link as boto3 makes it, signed here by the rules and not by the code under test. */
function link(
  url: string,
  { method = "GET", path = "/bucket/a%20key", sub = "", type = "", amz = "", expires = 4102444800 } = {},
): string {
  const text = `${method}\n\n${type}\n${expires}\n${amz}${path}${sub && `?${sub}`}`;
  const signature = createHmac("sha1", SECRET).update(text).digest("base64");
  const query = new URLSearchParams({
    AWSAccessKeyId: "portico",
    Expires: String(expires),
    Signature: signature,
  });
  return `${url}${path}?${sub && `${sub}&`}${query}`;
}

const wait = { signal: AbortSignal.timeout(60_000) };

describe("what a link signs", () => {
  it("is as in the documentation's examples", () => {
    // https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html, "Query string request authentication".
    const documented = addressOf({
      target: "/photos/puppy.jpg?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Expires=1141889120&Signature=x",
      host: "awsexamplebucket1.us-west-1.s3.amazonaws.com",
    });
    const hosted = { ...documented, hosted: true, bucket: "awsexamplebucket1" };
    const [text] = linkStringsToSign(hosted, { accessKeyId: "", signature: "", expires: 1141889120 });
    expect(text).toBe("GET\n\n\n1141889120\n/awsexamplebucket1/photos/puppy.jpg");
  });

  it("is signed with HMAC-SHA1", () => {
    expect(signLink("key", "The quick brown fox jumps over the lazy dog")).toBe(
      "3nybhbi3iqa8ino29wqQcBydtNk=",
    );
  });
});

describe("a link signed with version 2", () => {
  let server: Server;

  beforeAll(async () => {
    server = await startServer(OPTIONS);
    const created = await fetch(link(server.url, { method: "PUT", path: "/bucket" }), {
      method: "PUT",
      ...wait,
    });
    expect(created.status, await created.text()).toBe(200);
  });
  afterAll(() => server.stop());

  it("puts, gets and overrides headers", async () => {
    const put = await fetch(
      link(server.url, { method: "PUT", type: "text/plain", amz: "x-amz-meta-a:b\n" }),
      {
        method: "PUT",
        body: "hello",
        headers: { "content-type": "text/plain", "x-amz-meta-a": "b" },
        ...wait,
      },
    );
    expect(put.status, await put.text()).toBe(200);
    const sub = "response-content-type=text/x-a";
    const got = await fetch(link(server.url, { sub }), wait);
    expect([got.status, await got.text(), got.headers.get("content-type")]).toEqual([
      200,
      "hello",
      "text/x-a",
    ]);
    expect(got.headers.get("x-amz-meta-a")).toBe("b");
  });

  it("is good for its method, path, parameters and headers only", async () => {
    // A subresource that such signatures do not know may have been added by anybody.
    const unsigned = await fetch(`${link(server.url)}&attributes`, wait);
    expect(unsigned.status).toBe(400);
    const good = link(server.url, { sub: "response-content-type=text/x-a" });
    for (const bad of [
      good.replace("a%20key", "a%20kez"),
      good.replace("text/x-a", "text/x-b"),
      `${good}&acl`,
    ]) {
      expect((await fetch(bad, wait)).status, bad).toBe(403);
    }
    const posted = await fetch(good, { method: "DELETE", ...wait });
    expect([posted.status, (await posted.text()).includes("SignatureDoesNotMatch")]).toEqual([403, true]);
    const added = await fetch(good, { headers: { "x-amz-meta-b": "c" }, ...wait });
    expect(added.status).toBe(403);
  });

  it("expires", async () => {
    const answer = await fetch(link(server.url, { expires: 1141889120 }), wait);
    expect([answer.status, (await answer.text()).includes("Request has expired")]).toEqual([403, true]);
  });

  it("is refused where the deployment does not take them, in words that say what to do", async () => {
    const strict = await startServer({ ...OPTIONS, vars: { PRESIGN_V2: "" } });
    try {
      const answer = await fetch(link(strict.url, {}), wait);
      expect([answer.status, (await answer.text()).includes("AWS4-HMAC-SHA256")]).toEqual([400, true]);
    } finally {
      await strict.stop();
    }
  });
});
