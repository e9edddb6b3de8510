import { describe, expect, it } from "vitest";
import { answered, refused } from "../support/expect.ts";
import { useServer } from "../support/server.ts";
import { ROOT_ACCESS_KEY } from "../support/test-server.ts";
import { type Sent, send, signed, type Wanted } from "./second-signer-v2.ts";

const server = useServer({ domains: ["s3.test"] });

describe("a header signed with version 2", () => {
  it("creates, puts, gets, lists and deletes", async () => {
    const { client } = server;
    const ask = (wanted: Wanted) => send(client, signed(wanted));
    answered(await ask({ method: "PUT", resource: "/v2-life" }), 200);
    const md5 = "XUFAKrxLKna5cZ2REBfFkg==";
    const amz = { "x-amz-meta-a": "b", "x-amz-meta-c": "d  e" };
    const key = "/v2-life/a%20key%2Bc";
    answered(await ask({ method: "PUT", resource: key, md5, type: "text/plain", amz, body: "hello" }), 200);
    const got = answered(await ask({ resource: `${key}?response-content-type=text/x` }), 200);
    expect([got.text, got.headers["content-type"], got.headers["x-amz-meta-c"]]).toEqual([
      "hello",
      "text/x",
      "d  e",
    ]);
    for (const resource of ["/v2-life", "/v2-life/"]) {
      const path = "/v2-life?list-type=2&prefix=a";
      expect(answered(await ask({ resource, path }), 200).text).toContain("<Key>a key+c</Key>");
    }
    expect(answered(await ask({ resource: "/" }), 200).text).toContain("<Name>v2-life</Name>");
    const wrong = { md5, body: "jello" };
    refused(await ask({ method: "PUT", resource: key, ...wrong }), 400, "BadDigest");
    answered(await ask({ method: "DELETE", resource: key }), 204);
    answered(await ask({ method: "DELETE", resource: "/v2-life" }), 204);
  });

  it("is taken with either date, in its usual spellings", async () => {
    const now = new Date();
    const basic = now.toISOString().replace(/[:-]|\.\d{3}/g, "");
    for (const date of [now.toUTCString(), now.toUTCString().replace("GMT", "+0000"), basic]) {
      answered(await send(server.client, signed({ resource: "/", date })), 200);
      const amz = { "x-amz-date": date };
      answered(await send(server.client, signed({ resource: "/", amz })), 200);
      const other = { date: "Tue, 27 Mar 2007 21:20:27 +0000" };
      answered(await send(server.client, signed({ resource: "/", amz, more: other })), 200);
    }
  });

  it("names a bucket in the host, too", async () => {
    const bucket = await server.bucket();
    const more = { host: `${bucket}.s3.test` };
    answered(
      await send(server.client, signed({ method: "PUT", resource: `/${bucket}/k`, path: "/k", more })),
      200,
    );
    answered(await send(server.client, signed({ resource: `/${bucket}/?acl`, path: "/?acl", more })), 200);
    refused(await send(server.client, signed({ resource: "/k", more })), 403, "SignatureDoesNotMatch");
  });

  it("takes a body in unsigned chunks, and none in signed ones", async () => {
    const bucket = await server.bucket();
    const wanted = (hash: string): Wanted => ({
      method: "PUT",
      resource: `/${bucket}/k`,
      amz: { "x-amz-content-sha256": hash, "x-amz-decoded-content-length": "5" },
      more: { "content-encoding": "aws-chunked" },
      body: "5\r\nhello\r\n0\r\n\r\n",
    });
    answered(await send(server.client, signed(wanted("STREAMING-UNSIGNED-PAYLOAD-TRAILER"))), 200);
    expect((await server.client.get(`/${bucket}/k`)).text).toBe("hello");
    const refusedOne = await send(server.client, signed(wanted("STREAMING-AWS4-HMAC-SHA256-PAYLOAD")));
    refused(refusedOne, 400, "InvalidRequest");
  });

  it("is refused once anything that it signs is another thing", async () => {
    const bucket = await server.bucket();
    const good = signed({
      method: "PUT",
      resource: `/${bucket}/key?response-expires=1`,
      md5: "XUFAKrxLKna5cZ2REBfFkg==",
      type: "text/plain",
      amz: { "x-amz-meta-a": "b", "x-amz-meta-c": "d" },
      body: "hello",
    });
    answered(await send(server.client, good), 200);
    const change = (headers: Record<string, string>): Sent => ({
      ...good,
      headers: { ...good.headers, ...headers },
    });
    const without = (name: string): Sent => {
      const { [name]: _gone, ...headers } = good.headers;
      return { ...good, headers };
    };
    const { authorization = "" } = good.headers;
    const flipped = authorization.replace(/(.)=$/, (_all, last: string) => `${last === "A" ? "E" : "A"}=`);
    const bad: Record<string, Sent> = {
      method: { ...good, method: "DELETE" },
      key: { ...good, path: good.path.replace("key", "kez") },
      encoding: { ...good, path: good.path.replace("key", "k%65y") },
      bucket: { ...good, path: good.path.replace(bucket, "other") },
      parameter: { ...good, path: good.path.replace("=1", "=2") },
      "further parameter": { ...good, path: `${good.path}&tagging` },
      "lost parameter": { ...good, path: `/${bucket}/key` },
      type: change({ "content-type": "text/plain2" }),
      "lost type": without("content-type"),
      md5: change({ "content-md5": "XUFAKrxLKna5cZ2REBfFkA==" }),
      "lost md5": without("content-md5"),
      metadata: change({ "x-amz-meta-a": "c" }),
      "lost metadata": without("x-amz-meta-c"),
      "further metadata": change({ "x-amz-meta-d": "e" }),
      "further acl": change({ "x-amz-acl": "private" }),
      date: change({ date: new Date(Date.now() + 1000).toUTCString() }),
      "further date": change({ "x-amz-date": good.headers.date ?? "" }),
      signature: change({ authorization: flipped }),
      "short signature": change({ authorization: authorization.slice(0, -2) }),
      secret: signed({ resource: `/${bucket}/key` }, "another-secret"),
    };
    for (const [what, sent] of Object.entries(bad)) {
      const answer = await send(server.client, sent);
      expect([what, answer.status, answer.text.includes("SignatureDoesNotMatch")]).toEqual([what, 403, true]);
    }
    expect((await server.client.get(`/${bucket}/key`)).text).toBe("hello");
  });

  it("says what was to be signed, without the keys in it", async () => {
    const amz = { "x-amz-server-side-encryption-customer-key": "c2VjcmV0" };
    const sent = signed({ resource: "/b/k", amz }, "another-secret");
    const error = refused(await send(server.client, sent), 403, "SignatureDoesNotMatch");
    expect(error.get("AWSAccessKeyId")).toBe(ROOT_ACCESS_KEY);
    expect(sent.headers.authorization).toBe(`AWS ${ROOT_ACCESS_KEY}:${error.get("SignatureProvided")}`);
    expect(error.get("StringToSign")).toBe(
      `GET\n\n\n${sent.headers.date}\nx-amz-server-side-encryption-customer-key:…\n/b/k`,
    );
  });

  it("is good for a quarter of an hour", async () => {
    const at = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toUTCString();
    for (const minutes of [-14, 14])
      answered(await send(server.client, signed({ resource: "/", date: at(minutes) })), 200);
    for (const date of [at(-16), at(16), "Tue, 07 Jul 2010 21:53:04 GMT", "Tue, 07 Jul 9999 21:53:04 GMT"]) {
      for (const wanted of [{ date }, { amz: { "x-amz-date": date } }]) {
        const answer = await send(server.client, signed({ resource: "/", ...wanted }));
        const error = refused(answer, 403, "RequestTimeTooSkewed");
        expect([error.get("RequestTime"), error.get("MaxAllowedSkewMilliseconds")]).toEqual([date, "900000"]);
      }
    }
  });

  it("needs a date", async () => {
    const bare = signed({ resource: "/", date: "" });
    const { date: _gone, ...headers } = bare.headers;
    const seconds = String(Math.floor(Date.now() / 1000));
    const undated = [
      { ...bare, headers },
      ...["Bad Date", "", seconds, "2026", "Tue, 07 Jul 1950 21:53:04 GMT"].flatMap((date) => [
        signed({ resource: "/", date }),
        signed({ resource: "/", amz: { "x-amz-date": date } }),
      ]),
    ];
    for (const sent of undated) {
      const error = refused(await send(server.client, sent), 403, "AccessDenied");
      expect(error.get("Message")).toBe("AWS authentication requires a valid Date or x-amz-date header");
    }
  });

  it("is well formed", async () => {
    for (const authorization of ["AWS HAHAHA", "AWS", "AWS :x", "AWS x:", "AWS a b:c", "AWS a:b c"]) {
      const sent = signed({ resource: "/", more: { authorization } });
      const error = refused(await send(server.client, sent), 400, "InvalidArgument");
      expect(error.get("Message")).toBe(
        "AWS authorization header is invalid.  Expected AwsAccessKeyId:signature",
      );
    }
    const unknown = signed({ resource: "/", more: { authorization: "AWS AKIAIOSFODNN7EXAMPLE:x" } });
    refused(await send(server.client, unknown), 403, "InvalidAccessKeyId");
  });

  it("is refused where it does not sign the subresource", async () => {
    const bucket = await server.bucket();
    for (const subresource of ["encryption", "publicAccessBlock", "ownershipControls"]) {
      const sent = signed({ resource: `/${bucket}`, path: `/${bucket}?${subresource}` });
      const error = refused(await send(server.client, sent), 400, "InvalidRequest");
      expect(error.get("Message")).toContain("AWS4-HMAC-SHA256");
    }
  });

  it("is one mechanism, and the only one", async () => {
    const sent = signed({ resource: "/", path: "/?X-Amz-Algorithm=AWS4-HMAC-SHA256" });
    refused(await send(server.client, sent), 400, "InvalidArgument");
  });
});
