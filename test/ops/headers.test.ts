import { beforeAll, describe, expect, it } from "vitest";
import { OPERATIONS } from "../../src/operations.ts";
import { demandOf } from "../../src/router.ts";
import { md5 } from "../support/checksums.ts";
import type { Answer, Client } from "../support/client.ts";
import { answered, refused } from "../support/expect.ts";
import { useServer } from "../support/server.ts";
import { xml } from "../support/xml.ts";

const server = useServer();
let bucket: string;

beforeAll(async () => {
  bucket = await server.bucket();
  answered(await server.client.put(`/${bucket}/k`, "0123456789", { "content-type": "text/plain" }), 200);
});

describe("every answer", () => {
  const ANSWERS: [status: number, name: string, act: (client: Client) => Promise<Answer>][] = [
    [200, "a list of buckets", (client) => client.get("/")],
    [200, "a listing", (client) => client.get(`/${bucket}`)],
    [200, "an object", (client) => client.get(`/${bucket}/k`)],
    [200, "an object's headers", (client) => client.head(`/${bucket}/k`)],
    [200, "a put", (client) => client.put(`/${bucket}/other`, "bytes")],
    [204, "a delete", (client) => client.delete(`/${bucket}/other`)],
    [206, "a range", (client) => client.get(`/${bucket}/k`, { range: "bytes=0-1" })],
    [304, "nothing new", (client) => client.get(`/${bucket}/k`, { "if-none-match": "*" })],
    [400, "a bad request", (client) => client.put("/no", "")],
    [403, "nobody's request", () => unsigned()],
    [404, "no key", (client) => client.get(`/${bucket}/none`)],
    [404, "no key's headers", (client) => client.head(`/${bucket}/none`)],
    [404, "no bucket", (client) => client.get("/no-such-bucket")],
    [405, "no such method", (client) => client.send("PATCH", `/${bucket}/k`)],
    [409, "a conflict", (client) => client.delete(`/${bucket}`)],
    [412, "a failed condition", (client) => client.get(`/${bucket}/k`, { "if-match": '"x"' })],
    [416, "no such range", (client) => client.get(`/${bucket}/k`, { range: "bytes=99-" })],
    [501, "what is not built", (client) => client.get(`/${bucket}/k?torrent`)],
  ];
  for (const [status, name, act] of ANSWERS) {
    it(`says who answered, and when: ${status}, ${name}`, async () => {
      const before = Math.floor(Date.now() / 1000) * 1000;
      const answer = await act(server.client);
      const { headers } = answer;
      expect(answer.status, answer.text).toBe(status);
      expect(headers["x-amz-request-id"]).toMatch(/^[0-9A-Z]{16,}$/);
      expect(headers["x-amz-id-2"]).toMatch(/^[0-9A-Za-z+/=]{32,}$/);
      expect(headers.server).toMatch(/\w/);
      expect(headers.date).toMatch(/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
      expect(Date.parse(String(headers.date))).toBeGreaterThanOrEqual(before);
    });
  }

  const unsigned = () => server.client.sendSigned("GET", `/${bucket}/k`, {});

  it("has ids of its own", async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => server.client.get(`/${bucket}/none`)));
    for (const id of ["x-amz-request-id", "x-amz-id-2"]) {
      expect(new Set(answers.map(({ headers }) => headers[id])).size).toBe(answers.length);
    }
  });

  it("that refuses names what was asked for", async () => {
    const key = refused(await server.client.get(`/${bucket}/not%20here`), 404, "NoSuchKey");
    expect([key.get("Key"), key.get("Resource")]).toEqual(["not here", `/${bucket}/not%20here`]);
    const none = refused(await server.client.get("/no-such-bucket/k"), 404, "NoSuchBucket");
    expect([none.get("BucketName"), none.get("Resource")]).toEqual(["no-such-bucket", "/no-such-bucket/k"]);
  });

  it("to HEAD that refuses has no body and promises none", async () => {
    for (const path of ["/no-such-bucket", `/${bucket}/none`, "/no-such-bucket/k", `/${bucket}/%ff`]) {
      const { status, bytes, headers } = await server.client.head(path);
      expect(status).toBeGreaterThanOrEqual(400);
      expect([bytes.length, headers["content-length"] ?? "0"]).toEqual([0, "0"]);
    }
  });

  it("to whoever did not sign is a refusal", async () => {
    refused(await unsigned(), 403, "AccessDenied");
    refused(await server.client.sendSigned("PUT", `/${bucket}/k`, {}, "other"), 403, "AccessDenied");
    refused(await server.client.sendSigned("DELETE", `/${bucket}/k`, {}), 403, "AccessDenied");
    expect((await server.client.get(`/${bucket}/k`)).text).toBe("0123456789");
  });
});

describe("a header that asks for what is not built", () => {
  const ASKING: [name: string, value: string][] = [
    ["x-amz-server-side-encryption", "aws:kms"],
    ["x-amz-write-offset-bytes", "10"],
  ];
  for (const [name, value] of ASKING) {
    it(`is not passed over in silence: ${name}`, async () => {
      const headers = { [name]: value };
      const error = refused(await server.client.put(`/${bucket}/k`, "other", headers), 501, "NotImplemented");
      expect(error.get("Header")).toBe(name);
      refused(await server.client.post(`/${bucket}/k?uploads`, "", headers), 501, "NotImplemented");
      const copy = { ...headers, "x-amz-copy-source": `/${bucket}/k` };
      refused(await server.client.put(`/${bucket}/copy`, "", copy), 501, "NotImplemented");
      expect((await server.client.get(`/${bucket}/k`)).text).toBe("0123456789");
      refused(await server.client.get(`/${bucket}/copy`), 404, "NoSuchKey");
      expect(xml((await server.client.get(`/${bucket}?uploads`)).text).all("Upload")).toEqual([]);
    });
  }

  it("is taken if it asks for what is so anyway", async () => {
    for (const acl of ["private", "bucket-owner-full-control"]) {
      answered(await server.client.put(`/${bucket}/asked`, "bytes", { "x-amz-acl": acl }), 200);
    }
    const controls =
      "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>";
    const strict = await server.bucket();
    const sealed = { "content-md5": md5(controls, "base64") };
    answered(await server.client.put(`/${strict}?ownershipControls`, controls, sealed), 200);
    const own = { "x-amz-acl": "bucket-owner-full-control" };
    answered(await server.client.put(`/${strict}/asked`, "bytes", own), 200);
    const refusal = await server.client.put(`/${strict}/asked`, "bytes", { "x-amz-acl": "private" });
    refused(refusal, 400, "AccessControlListNotSupported");
    answered(await server.client.delete(`/${bucket}/asked`), 204);
  });

  it("of nobody's is passed over", async () => {
    const headers = { "x-amz-nobody-knows": "this", "x-custom": "that" };
    answered(await server.client.put(`/${bucket}/asked`, "bytes", headers), 200);
    answered(await server.client.delete(`/${bucket}/asked`), 204);
  });
});

describe("an operation that is not built", () => {
  const built = new Set(OPERATIONS.flatMap((row) => ("respond" in row ? [row.route] : [])));
  const absent = OPERATIONS.filter((row) => !("respond" in row) && !built.has(row.route));

  it("is known by name", () => {
    expect(absent.length).toBeGreaterThan(5);
  });

  for (const row of absent) {
    it(`is refused, and nothing plainer is taken for it: ${row.name}`, async () => {
      const { method, level, query } = demandOf(row);
      const path = { service: "/", bucket: `/${bucket}`, object: `/${bucket}/k` }[level];
      const asked = query.map(({ name, value }) => `${name}=${value ?? "some"}`);
      const headers = row.header === undefined ? {} : { [row.header]: "some" };
      const body = method === "PUT" || method === "POST" ? "<Some/>" : undefined;
      const answer = await server.client.send(method, `${path}?${asked.join("&")}`, {
        headers: { ...headers, ...(body && { "content-md5": md5(body, "base64") }) },
        ...(body && { body }),
      });
      refused(answer, 501, "NotImplemented");
      const { text, headers: kept } = await server.client.get(`/${bucket}/k`);
      expect([text, kept["content-type"]]).toEqual(["0123456789", "text/plain"]);
    });
  }

  it("nor is a method that a subresource does not have", async () => {
    refused(await server.client.post(`/${bucket}/k?acl`, "other"), 405, "MethodNotAllowed");
    refused(await server.client.delete(`/${bucket}/k?torrent`), 405, "MethodNotAllowed");
    refused(await server.client.put(`/${bucket}?location`, ""), 405, "MethodNotAllowed");
    expect((await server.client.get(`/${bucket}/k`)).text).toBe("0123456789");
  });

  it("nor is a mixture of subresources", async () => {
    const { status } = await server.client.put(`/${bucket}/k?tagging&acl`, "other");
    expect(status).toBeGreaterThanOrEqual(400);
    expect((await server.client.get(`/${bucket}/k`)).text).toBe("0123456789");
  });

  it("but a parameter that S3 does not know is passed over", async () => {
    const { text } = await server.client.get(`/${bucket}/k?x-id=GetObject&utm_source=mail&nobody`);
    expect(text).toBe("0123456789");
  });
});
