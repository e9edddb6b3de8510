import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Answer, Endpoint, ROOT, type Sent } from "./endpoint.ts";

const SECOND_MS = 1000;
const WEEK_SECONDS = 604_800;
const OBJECT = { path: "/shared/an%20object" };

let endpoint: Endpoint;

beforeAll(async () => {
  endpoint = await Endpoint.start();
  expect((await endpoint.ask({ method: "PUT", path: "/shared" })).status).toBe(200);
  expect((await endpoint.ask({ ...OBJECT, method: "PUT", body: "shared with you" })).status).toBe(200);
});

afterAll(() => endpoint.stop());

function served(answer: Answer): void {
  expect([answer.status, answer.text]).toEqual([200, "shared with you"]);
}

function refused(answer: Answer, status: number, code: string, message: string): void {
  expect([answer.status, answer.code], answer.text).toEqual([status, code]);
  expect(answer.element("Message")).toContain(message);
  expect(answer.text).not.toContain(ROOT.secretAccessKey);
}

/** A presigned URL with one of its parameters changed. */
async function altered(name: string, change: (value: string) => string, at?: number): Promise<Sent> {
  const sent = await endpoint.presign(OBJECT, { expires: 60, ...(at !== undefined && { at }) });
  const target = sent.target.replace(new RegExp(`(?<=[?&]X-Amz-${name}=)[^&]*`), (value) =>
    encodeURIComponent(change(decodeURIComponent(value))),
  );
  expect(target).not.toBe(sent.target);
  return { ...sent, target };
}

describe("a presigned URL", () => {
  it("is good for whoever has it", async () => {
    served(await endpoint.send(await endpoint.presign(OBJECT, { expires: 60 })));
  });

  it("may say that its body is not signed", async () => {
    const plain = await endpoint.presign(OBJECT, { expires: 60 });
    expect(plain.target).not.toContain("Sha256");
    served(await endpoint.send(plain));
    const saying = await endpoint.presign(OBJECT, { expires: 60, payloadHash: "UNSIGNED-PAYLOAD" });
    expect(saying.target).toContain("X-Amz-Content-Sha256=UNSIGNED-PAYLOAD&");
    served(await endpoint.send(saying));
  });

  it("takes any body", async () => {
    for (const body of ["one", "another", ""]) {
      const wanted = { method: "PUT", path: "/shared/uploaded", body };
      const sent = await endpoint.presign(wanted, { expires: 60 });
      expect((await endpoint.send(sent)).status).toBe(200);
      const got = await endpoint.ask({ path: "/shared/uploaded" });
      expect([got.status, got.text]).toEqual([200, body]);
    }
  });

  it("holds a body to its hash if it signs one", async () => {
    const wanted = { method: "PUT", path: "/shared/hashed", body: "what was signed" };
    const payloadHash = "a".repeat(64);
    const sent = await endpoint.presign(wanted, { expires: 60, payloadHash });
    const answer = await endpoint.send(sent);
    expect([answer.status, answer.code]).toEqual([400, "XAmzContentSHA256Mismatch"]);
    expect((await endpoint.ask({ path: "/shared/hashed" })).code).toBe("NoSuchKey");
  });

  it("wants the headers that it signs, with the values that it signs", async () => {
    const wanted = { method: "PUT", path: "/shared/noted", body: "x", headers: { "x-amz-meta-note": "yes" } };
    const sent = await endpoint.presign(wanted, { expires: 60 });
    const { host = "" } = sent.headers;
    expect((await endpoint.send({ ...sent, headers: { host } })).code).toBe("SignatureDoesNotMatch");
    const other = { ...sent, headers: { host, "x-amz-meta-note": "no" } };
    expect((await endpoint.send(other)).code).toBe("SignatureDoesNotMatch");
    expect((await endpoint.send(sent)).status).toBe(200);
    const head = await endpoint.ask({ method: "HEAD", path: "/shared/noted" });
    expect(head.headers["x-amz-meta-note"]).toBe("yes");
  });

  // AWS's presigners for JavaScript, PHP and Ruby put metadata there, and S3 keeps it:
  // https://github.com/aws/aws-sdk-js-v3/issues/4694, https://github.com/aws/aws-sdk-ruby/issues/1808
  it("may say metadata in its query, as in headers", async () => {
    const query = { "x-amz-meta-note": "from the query" };
    const wanted = { method: "PUT", path: "/shared/queried", body: "x", query };
    expect((await endpoint.send(await endpoint.presign(wanted, { expires: 60 }))).status).toBe(200);
    const head = await endpoint.ask({ method: "HEAD", path: "/shared/queried" });
    expect(head.headers["x-amz-meta-note"]).toBe("from the query");
  });

  it("may say a condition in its query, that no header overrules", async () => {
    const path = "/shared/conditional";
    const linked = async (query: Record<string, string>) =>
      endpoint.presign({ method: "PUT", path, body: "from a link", query }, { expires: 60 });
    const once = await linked({ "If-None-Match": "*" });
    expect((await endpoint.send(once)).status).toBe(200);
    expect((await endpoint.send(once)).code).toBe("PreconditionFailed");
    const over = await linked({ "If-Match": '"00000000000000000000000000000000"' });
    expect((await endpoint.send(over)).code).toBe("PreconditionFailed");
    const answer = await endpoint.send({ ...over, headers: { ...over.headers, "if-match": "*" } });
    expect(answer.code).toBe("PreconditionFailed");
  });

  it("takes no header of S3's that it does not sign", async () => {
    const sent = await endpoint.presign({ method: "PUT", path: "/shared/added", body: "x" }, { expires: 60 });
    const answer = await endpoint.send({ ...sent, headers: { ...sent.headers, "x-amz-meta-note": "x" } });
    refused(answer, 403, "AccessDenied", "There were headers present in the request which were not signed");
    expect(answer.element("HeadersNotSigned")).toBe("x-amz-meta-note");
    expect((await endpoint.ask({ path: "/shared/added" })).code).toBe("NoSuchKey");
  });

  it("does not go together with an Authorization header", async () => {
    const sent = await endpoint.presign(OBJECT, { expires: 60 });
    const { authorization = "" } = (await endpoint.sign(OBJECT)).headers;
    const answer = await endpoint.send({ ...sent, headers: { ...sent.headers, authorization } });
    refused(answer, 400, "InvalidArgument", "Only one auth mechanism allowed");
  });

  it("with another secret is told what had to be signed", async () => {
    const credentials = { ...ROOT, secretAccessKey: "another-secret" };
    const answer = await endpoint.send(await endpoint.presign(OBJECT, { expires: 60, credentials }));
    refused(answer, 403, "SignatureDoesNotMatch", "The request signature we calculated does not match");
    expect(answer.element("CanonicalRequest")).toMatch(/^GET\n\/shared\/an%20object\nX-Amz-Algorithm=/);
    expect(answer.element("CanonicalRequest")).not.toContain("X-Amz-Signature");
  });
});

describe("the life of a presigned URL", () => {
  const ago = (seconds: number) => Date.now() - seconds * SECOND_MS;

  it.each([
    [60, 5],
    [60, 50],
    [WEEK_SECONDS, 0],
    [WEEK_SECONDS, WEEK_SECONDS - 60],
    [86_400, 3600],
  ])("of %i seconds is not over after %i", async (expires, age) => {
    served(await endpoint.send(await endpoint.presign(OBJECT, { expires, at: ago(age) })));
  });

  it.each([
    [1, 3],
    [60, 62],
    [WEEK_SECONDS, WEEK_SECONDS + 2],
    [0, 2],
  ])("of %i seconds is over after %i", async (expires, age) => {
    const at = ago(age);
    const answer = await endpoint.send(await endpoint.presign(OBJECT, { expires, at }));
    refused(answer, 403, "AccessDenied", "Request has expired");
    expect(answer.element("X-Amz-Expires")).toBe(String(expires));
    expect(Date.parse(answer.element("Expires") ?? "")).toBe(
      (Math.floor(at / SECOND_MS) + expires) * SECOND_MS,
    );
    expect(answer.element("ServerTime")).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  it("may begin fourteen minutes from now, not sixteen", async () => {
    const expires = 3600;
    served(await endpoint.send(await endpoint.presign(OBJECT, { expires, at: ago(-14 * 60) })));
    const answer = await endpoint.send(await endpoint.presign(OBJECT, { expires, at: ago(-16 * 60) }));
    refused(answer, 403, "AccessDenied", "Request is not valid yet");
  });

  it.each([
    ["604801", "X-Amz-Expires must be less than a week (in seconds)"],
    ["-1", "X-Amz-Expires must be non-negative"],
    ["soon", "X-Amz-Expires should be a number"],
    ["1.5", "X-Amz-Expires should be a number"],
    ["1e3", "X-Amz-Expires should be a number"],
    ["0x10", "X-Amz-Expires should be a number"],
    ["", "X-Amz-Expires should be a number"],
    ["9".repeat(40), "X-Amz-Expires"],
  ])("is not %j seconds", async (expires, message) => {
    const answer = await endpoint.send(await altered("Expires", () => expires));
    refused(answer, 400, "AuthorizationQueryParametersError", message);
  });
});

describe("a presigned URL that cannot be read", () => {
  const CODE = "AuthorizationQueryParametersError";

  it.each(["Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature"])(
    "lacks X-Amz-%s",
    async (name) => {
      const sent = await endpoint.presign(OBJECT, { expires: 60 });
      const target = sent.target.replace(new RegExp(`(?<=[?&])X-Amz-${name}=[^&]*&?`), "");
      expect(target).not.toBe(sent.target);
      const message = "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential";
      refused(await endpoint.send({ ...sent, target }), 400, CODE, message);
    },
  );

  it.each([
    ["Algorithm", () => "AWS4-HMAC-SHA512", 'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"'],
    ["Credential", () => "portico", "the Credential is mal-formed"],
    ["Credential", (text: string) => text.replace("us-east-1", "eu-west-1"), "expecting 'us-east-1'"],
    ["Credential", (text: string) => text.replace("/s3/", "/iam/"), 'incorrect service "iam"'],
    ["Credential", (text: string) => text.replace(/\d{8}/, "20130524"), 'Invalid credential date "20130524"'],
    ["Date", () => "20130524", "X-Amz-Date must be in the ISO8601 Long Format"],
  ] as const)("has an X-Amz-%s that says something else", async (name, change, message) => {
    refused(await endpoint.send(await altered(name, change)), 400, CODE, message);
  });

  it("names the region that it should have named", async () => {
    const answer = await endpoint.send(await endpoint.presign(OBJECT, { expires: 60, region: "eu-west-1" }));
    refused(answer, 400, CODE, "the region 'eu-west-1' is wrong; expecting 'us-east-1'");
    expect(answer.element("Region")).toBe("us-east-1");
    served(await endpoint.send(await endpoint.presign(OBJECT, { expires: 60, region: "auto" })));
  });

  it("has a key that nobody has", async () => {
    const credentials = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "x" };
    const answer = await endpoint.send(await endpoint.presign(OBJECT, { expires: 60, credentials }));
    refused(answer, 403, "InvalidAccessKeyId", "does not exist in our records");
  });
});
