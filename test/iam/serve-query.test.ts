import { beforeAll, describe, expect, it } from "vitest";
import { Client } from "../support/client.ts";
import { refused } from "../support/expect.ts";
import { FORM, faulted, form, Iam } from "../support/iam.ts";
import { useServer } from "../support/server.ts";

const server = useServer();
let iam: Iam;

beforeAll(() => {
  iam = new Iam(server.client);
});

function signedFor(service: string): Client {
  return new Client({ ...server.client.settings, service });
}

describe("a call of IAM", () => {
  it("is signed for its service, in whatever region", async () => {
    const body = form({ Action: "ListUsers", Version: "2010-05-08" });
    for (const region of ["us-east-1", "aws-global", "eu-central-1", ""]) {
      const client = new Client({ ...server.client.settings, service: "iam", region });
      expect((await client.post("/", body, FORM)).status).toBe(200);
    }
    faulted(await signedFor("s3").post("/", body, FORM), 400, "IncompleteSignature");
    faulted(await signedFor("sts").post("/", body, FORM), 400, "IncompleteSignature");
  });

  it("that nobody signed is refused", async () => {
    const body = form({ Action: "ListUsers", Version: "2010-05-08" });
    faulted(await server.client.sendSigned("POST", "/", FORM, body), 403, "MissingAuthenticationToken");
  });

  it("whose body is not the one that was signed is refused", async () => {
    const client = signedFor("iam");
    const { headers } = await client.sign("POST", "/", { ...FORM, "x-amz-content-sha256": "0".repeat(64) });
    const body = form({ Action: "ListUsers", Version: "2010-05-08" });
    faulted(await client.sendSigned("POST", "/", headers, body), 403, "SignatureDoesNotMatch");
    const unsigned = await client.sign("POST", "/", { ...FORM, "x-amz-content-sha256": "UNSIGNED-PAYLOAD" });
    faulted(await client.sendSigned("POST", "/", unsigned.headers, body), 403, "SignatureDoesNotMatch");
  });

  it("for an action, or a version, that there is none of is refused", async () => {
    faulted(await iam.ask("iam", "MakeCoffee"), 400, "InvalidAction");
    faulted(await iam.ask("iam", "ListUsers", { Version: "2011-06-15" }), 400, "InvalidAction");
    faulted(await iam.ask("iam", "constructor"), 400, "InvalidAction");
    faulted(await signedFor("iam").post("/", "", FORM), 400, "ValidationError");
  });

  it("with more than a form may hold, or with what is none, is refused", async () => {
    const client = signedFor("iam");
    faulted(await client.post("/", "x".repeat(600_000), FORM), 413, "RequestEntityTooLarge");
    faulted(await client.post("/", Buffer.from([0x41, 0xff, 0xfe]), FORM), 400, "MalformedQueryString");
    faulted(await client.post("/", "Action=%zz", FORM), 400, "MalformedQueryString");
    faulted(await client.post("/", "Action=%ff", FORM), 400, "MalformedQueryString");
  });

  it("says everything that is wrong with its parameters at once", async () => {
    const answer = await iam.ask("iam", "CreateUser", { UserName: "a b", Path: "no-slash" });
    const message = faulted(answer, 400, "ValidationError");
    expect(message).toMatch(
      /^2 validation errors detected: Value 'a b' at 'userName' failed to satisfy constraint:/,
    );
    expect(faulted(await iam.ask("iam", "CreateUser"), 400, "ValidationError")).toBe(
      "1 validation error detected: Value null at 'userName' failed to satisfy constraint: Member must not be null",
    );
  });

  it("may come in the query of a GET", async () => {
    const client = signedFor("sts");
    const answer = await client.get("/?Action=GetCallerIdentity&Version=2011-06-15");
    expect([answer.status, answer.text]).toEqual([200, expect.stringContaining(":root</Arn>")]);
  });

  it("is nothing to S3, which keeps the root for itself otherwise", async () => {
    refused(await server.client.post("/", "anything"), 405, "MethodNotAllowed");
    expect((await server.client.get("/")).text).toContain("ListAllMyBucketsResult");
  });
});
