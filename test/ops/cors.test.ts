import { createHash } from "node:crypto";
import { AwsV4Signer } from "aws4fetch";
import { describe, expect, it } from "vitest";
import type { Answer, Client } from "../support/client.ts";
import { answered, refused } from "../support/expect.ts";
import { isolates, useServer } from "../support/server.ts";
import { ROOT_ACCESS_KEY, ROOT_SECRET } from "../support/test-server.ts";
import { xml } from "../support/xml.ts";

const server = useServer();

const ORIGIN = "https://app.example";
const VARY = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method";

/** The same rules as elements, and as what an answer to a script of ORIGIN says. */
const RULES = `<CORSRule><ID>app</ID><AllowedHeader>x-amz-*</AllowedHeader><AllowedHeader>Content-Type</AllowedHeader>
  <AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod><AllowedMethod>POST</AllowedMethod>
  <AllowedOrigin>https://*.example</AllowedOrigin>
  <ExposeHeader>ETag</ExposeHeader><ExposeHeader>x-amz-request-id</ExposeHeader>
  <MaxAgeSeconds>600</MaxAgeSeconds></CORSRule>
  <CORSRule><AllowedMethod>HEAD</AllowedMethod><AllowedOrigin>*</AllowedOrigin></CORSRule>`;
const SAID = {
  "access-control-allow-origin": ORIGIN,
  "access-control-allow-methods": "GET, PUT, POST",
  "access-control-expose-headers": "ETag, x-amz-request-id",
  "access-control-max-age": "600",
  "access-control-allow-credentials": "true",
  vary: VARY,
};

function put(client: Client, bucket: string, rules: string): Promise<Answer> {
  const body = `<CORSConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${rules}</CORSConfiguration>`;
  const md5 = createHash("md5").update(body).digest("base64");
  return client.put(`/${bucket}?cors`, body, { "content-md5": md5 });
}

async function bucketWith(rules = RULES, client = server.client): Promise<string> {
  const bucket = await server.bucket(client);
  answered(await put(client, bucket, rules), 200);
  return bucket;
}

/** What an answer says to scripts. */
function said({ headers }: Answer): Record<string, unknown> {
  const names = Object.keys(headers).filter((name) => name.startsWith("access-control-") || name === "vary");
  return Object.fromEntries(names.map((name) => [name, headers[name]]));
}

interface Asked {
  origin?: string;
  method?: string;
  headers?: string;
}

/** A preflight, unsigned. */
function preflight(
  path: string,
  { origin, method, headers }: Asked,
  client: Client = server.client,
): Promise<Answer> {
  const { settings } = client;
  const sent = {
    ...settings.headers,
    host: new URL(settings.url).host,
    ...(origin !== undefined && { origin }),
    ...(method !== undefined && { "access-control-request-method": method }),
    ...(headers !== undefined && { "access-control-request-headers": headers }),
  };
  return client.sendSigned("OPTIONS", path, sent);
}

describe("a configuration", () => {
  it("is put, read back and deleted", async () => {
    const bucket = await server.bucket();
    refused(await server.client.get(`/${bucket}?cors`), 404, "NoSuchCORSConfiguration");
    answered(await put(server.client, bucket, RULES), 200);
    const read = xml(answered(await server.client.get(`/${bucket}?cors`), 200).text);
    expect(read.name).toBe("CORSConfiguration");
    expect(read.texts("CORSRule/ID")).toEqual(["app"]);
    expect(read.texts("CORSRule/AllowedOrigin")).toEqual(["https://*.example", "*"]);
    expect(read.texts("CORSRule/AllowedMethod")).toEqual(["GET", "PUT", "POST", "HEAD"]);
    expect(read.texts("CORSRule/AllowedHeader")).toEqual(["x-amz-*", "Content-Type"]);
    expect(read.texts("CORSRule/ExposeHeader")).toEqual(["ETag", "x-amz-request-id"]);
    expect(read.texts("CORSRule/MaxAgeSeconds")).toEqual(["600"]);
    for (const _ of [1, 2]) answered(await server.client.delete(`/${bucket}?cors`), 204);
    refused(await server.client.get(`/${bucket}?cors`), 404, "NoSuchCORSConfiguration");
  });

  const minimal = (more = "", origin = "*", method = "GET") =>
    `<CORSRule><AllowedOrigin>${origin}</AllowedOrigin><AllowedMethod>${method}</AllowedMethod>${more}</CORSRule>`;

  it.each<[what: string, rules: string, code: string, message: string]>([
    ["no rule", "", "MalformedXML", ""],
    [
      "a rule without an origin",
      "<CORSRule><AllowedMethod>GET</AllowedMethod></CORSRule>",
      "MalformedXML",
      "",
    ],
    ["a rule without a method", "<CORSRule><AllowedOrigin>*</AllowedOrigin></CORSRule>", "MalformedXML", ""],
    [
      "a method that there is not",
      minimal("", "*", "OPTIONS"),
      "InvalidRequest",
      "Found unsupported HTTP method in CORS config. Unsupported method is OPTIONS",
    ],
    ["a method in lower case", minimal("", "*", "get"), "InvalidRequest", "Unsupported method is get"],
    [
      "an origin with two wildcards",
      minimal("", "https://*.*"),
      "InvalidRequest",
      'AllowedOrigin "https://*.*" can not have more than one wildcard.',
    ],
    [
      "a header with two wildcards",
      minimal("<AllowedHeader>*x*</AllowedHeader>"),
      "InvalidRequest",
      'AllowedHeader "*x*" can not have more than one wildcard.',
    ],
    [
      "an exposed wildcard",
      minimal("<ExposeHeader>x-amz-*</ExposeHeader>"),
      "InvalidRequest",
      'ExposeHeader "x-amz-*" contains wildcard.',
    ],
    [
      "an exposed line break",
      minimal("<ExposeHeader>etag&#10;set-cookie: a</ExposeHeader>"),
      "InvalidRequest",
      "invalid character",
    ],
    ["an exposed nothing", minimal("<ExposeHeader/>"), "InvalidRequest", "invalid character"],
    ["a time that is none", minimal("<MaxAgeSeconds>soon</MaxAgeSeconds>"), "MalformedXML", ""],
    ["a time before now", minimal("<MaxAgeSeconds>-1</MaxAgeSeconds>"), "MalformedXML", ""],
    ["a time too long", minimal("<MaxAgeSeconds>2147483648</MaxAgeSeconds>"), "MalformedXML", ""],
    ["an id too long", minimal(`<ID>${"i".repeat(256)}</ID>`), "InvalidArgument", "255"],
    ["101 rules", minimal().repeat(101), "InvalidRequest", "100 rules"],
    ["more than 64 KB", minimal(`<!--${"x".repeat(65_536)}-->`), "MaxMessageLengthExceeded", ""],
  ])("is refused with %s, and the old one stays", async (_what, rules, code, message) => {
    const bucket = await bucketWith();
    const error = refused(await put(server.client, bucket, rules), 400, code);
    expect(error.get("Message")).toContain(message);
    const { text } = answered(await server.client.get(`/${bucket}?cors`), 200);
    expect(xml(text).texts("CORSRule/ID")).toEqual(["app"]);
  });

  it("is taken with 100 rules, and the longest id", async () => {
    const bucket = await bucketWith(minimal(`<ID>${"i".repeat(255)}</ID>`) + minimal().repeat(99));
    const { text } = answered(await server.client.get(`/${bucket}?cors`), 200);
    expect(xml(text).all("CORSRule")).toHaveLength(100);
  });

  it("needs a checksum or Content-MD5", async () => {
    const bucket = await server.bucket();
    const body = `<CORSConfiguration>${minimal()}</CORSConfiguration>`;
    refused(await server.client.put(`/${bucket}?cors`, body), 400, "InvalidRequest");
    const md5 = createHash("md5").update("other").digest("base64");
    refused(await server.client.put(`/${bucket}?cors`, body, { "content-md5": md5 }), 400, "BadDigest");
    refused(await server.client.get(`/${bucket}?cors`), 404, "NoSuchCORSConfiguration");
  });

  it("is its owner's alone", async () => {
    const bucket = await bucketWith();
    const { client } = await server.account("stranger");
    refused(await put(client, bucket, minimal()), 403, "AccessDenied");
    refused(await client.get(`/${bucket}?cors`), 403, "AccessDenied");
    refused(await client.delete(`/${bucket}?cors`), 403, "AccessDenied");
  });
});

describe("a preflight", () => {
  it("is allowed with what the rule says, for buckets and objects, there or not", async () => {
    const bucket = await bucketWith();
    const headers = "X-Amz-Date, content-type";
    for (const path of [`/${bucket}`, `/${bucket}/`, `/${bucket}/none`, `/${bucket}/a?uploads&x=1`]) {
      const answer = answered(await preflight(path, { origin: ORIGIN, method: "PUT", headers }), 200);
      expect(said(answer)).toEqual({ ...SAID, "access-control-allow-headers": "x-amz-date, content-type" });
      expect([answer.text, answer.headers["content-length"]]).toEqual(["", "0"]);
      expect(answer.headers["x-amz-request-id"]).toMatch(/^[0-9A-F]{16}$/);
    }
    const anyone = answered(await preflight(`/${bucket}`, { origin: "null", method: "HEAD" }), 200);
    expect(said(anyone)).toEqual({
      "access-control-allow-origin": "*",
      "access-control-allow-methods": "HEAD",
      vary: VARY,
    });
  });

  it.each([
    ["another origin", { origin: "https://app.other", method: "GET" }],
    ["another method", { origin: ORIGIN, method: "DELETE" }],
    ["another header", { origin: ORIGIN, method: "GET", headers: "x-amz-date, x-b" }],
  ])("is refused for %s, without a word on what is allowed", async (_what, asked) => {
    const bucket = await bucketWith();
    const answer = await preflight(`/${bucket}/k`, asked);
    const error = refused(answer, 403, "AccessForbidden");
    expect(error.get("Message")).toMatch(/^CORSResponse: This CORS request is not allowed\. .*evalution/);
    expect([error.get("Method"), error.get("ResourceType")]).toEqual([asked.method, "OBJECT"]);
    expect(said(answer)).toEqual({});
  });

  it("is refused where there are no rules, and where there is no bucket", async () => {
    const bucket = await server.bucket();
    const asked = { origin: ORIGIN, method: "GET" };
    const none = refused(await preflight(`/${bucket}`, asked), 403, "AccessForbidden");
    expect([none.get("Message"), none.get("ResourceType")]).toEqual([
      "CORSResponse: CORS is not enabled for this bucket.",
      "BUCKET",
    ]);
    for (const path of ["/no-such-bucket/k", "/"]) {
      const gone = refused(await preflight(path, asked), 403, "AccessForbidden");
      expect(gone.get("Message")).toBe("CORSResponse: Bucket not found");
    }
  });

  it("must name an origin and a method, whatever the bucket", async () => {
    const bucket = await bucketWith();
    for (const path of [`/${bucket}/k`, "/no-such-bucket"]) {
      const origin = refused(await preflight(path, { method: "GET" }), 400, "BadRequest");
      expect(origin.get("Message")).toBe("Insufficient information. Origin request header needed.");
      const method = refused(await preflight(path, { origin: ORIGIN }), 400, "BadRequest");
      expect(method.get("Message")).toBe("Invalid Access-Control-Request-Method: null");
      const odd = refused(await preflight(path, { origin: ORIGIN, method: "PATCH" }), 400, "BadRequest");
      expect(odd.get("Message")).toBe("Invalid Access-Control-Request-Method: PATCH");
    }
  });

  it("reads nothing of a bucket that is known", async () => {
    const bucket = await bucketWith();
    const answer = answered(await preflight(`/${bucket}/k`, { origin: ORIGIN, method: "GET" }), 200);
    expect(answer.bill.trace).toEqual([]);
  });
});

describe("an answer to a script", () => {
  it("says what the rule says: read, written, listed, headed, not modified", async () => {
    const bucket = await bucketWith();
    const script = server.client.with({ origin: ORIGIN });
    const written = answered(await script.put(`/${bucket}/k`, "hello"), 200);
    const read = answered(await script.get(`/${bucket}/k`), 200);
    expect(read.text).toBe("hello");
    const same = answered(
      await script.get(`/${bucket}/k`, { "if-none-match": String(read.headers.etag) }),
      304,
    );
    const part = answered(await script.get(`/${bucket}/k`, { range: "bytes=0-1" }), 206);
    const listed = answered(await script.get(`/${bucket}`), 200);
    for (const answer of [written, read, same, part, listed]) expect(said(answer)).toEqual(SAID);
    const head = answered(await script.head(`/${bucket}/k`), 200);
    expect(said(head)).toEqual({
      "access-control-allow-origin": "*",
      "access-control-allow-methods": "HEAD",
      vary: VARY,
    });
  });

  it("says so when it is a refusal, too", async () => {
    const bucket = await bucketWith();
    const script = server.client.with({ origin: ORIGIN });
    answered(await script.put(`/${bucket}/k`, "hello"), 200);
    const { client: stranger } = await server.account("stranger");
    const unsigned = { host: new URL(server.url).host, origin: ORIGIN };
    const refusals: [Answer, number, string][] = [
      [await script.get(`/${bucket}/none`), 404, "NoSuchKey"],
      [await script.get(`/${bucket}/k`, { "if-match": '"x"' }), 412, "PreconditionFailed"],
      [await script.get(`/${bucket}/k`, { range: "bytes=9-" }), 416, "InvalidRange"],
      [await script.get(`/${bucket}?website`), 404, "NoSuchWebsiteConfiguration"],
      [await script.get(`/${bucket}/k?torrent`), 501, "NotImplemented"],
      [await stranger.with({ origin: ORIGIN }).get(`/${bucket}/k`), 403, "AccessDenied"],
      [await script.sendSigned("GET", `/${bucket}/k`, unsigned), 403, "AccessDenied"],
      [await script.sendSigned("POST", `/${bucket}/k`, unsigned, ""), 405, "MethodNotAllowed"],
    ];
    for (const [answer, status, code] of refusals) {
      refused(answer, status, code);
      expect(said(answer)).toEqual(SAID);
    }
    const head = answered(await script.head(`/${bucket}/none`), 404);
    expect(said(head)["access-control-allow-origin"]).toBe("*");
  });

  it("says so of a presigned URL, good or changed", async () => {
    const bucket = await bucketWith();
    answered(await server.client.put(`/${bucket}/k`, "hello"), 200);
    const { url } = await new AwsV4Signer({
      url: `${server.url}/${bucket}/k?X-Amz-Expires=60`,
      accessKeyId: ROOT_ACCESS_KEY,
      secretAccessKey: ROOT_SECRET,
      service: "s3",
      region: "us-east-1",
      signQuery: true,
    }).sign();
    const headers = { host: url.host, origin: ORIGIN };
    const good = await server.client.sendSigned("GET", `${url.pathname}${url.search}`, headers);
    expect([answered(good, 200).text, said(good)]).toEqual(["hello", SAID]);
    const bad = await server.client.sendSigned("GET", `${url.pathname}x${url.search}`, headers);
    refused(bad, 403, "SignatureDoesNotMatch");
    expect(said(bad)).toEqual(SAID);
  });

  it("says nothing to others, but that it depends on who asks", async () => {
    const bucket = await bucketWith();
    answered(await server.client.put(`/${bucket}/k`, "hello"), 200);
    const other = server.client.with({ origin: "https://app.other" });
    expect(said(answered(await other.get(`/${bucket}/k`), 200))).toEqual({ vary: VARY });
    const method = server.client.with({ origin: ORIGIN });
    expect(said(answered(await method.delete(`/${bucket}/none`), 204))).toEqual({ vary: VARY });
    expect(said(answered(await server.client.get(`/${bucket}/k`), 200))).toEqual({});
    const bare = await server.bucket();
    expect(said(answered(await method.get(`/${bare}`), 200))).toEqual({});
    expect(said(await method.get("/no-such-bucket/k"))).toEqual({});
    expect(said(answered(await method.get("/"), 200))).toEqual({});
  });

  it("repeats any origin that fits, letters of all kinds included", async () => {
    const bucket = await bucketWith();
    for (const origin of [
      "https://\u00fc.example",
      "https://\u{1f600}.example",
      `https://${"a".repeat(2000)}.example`,
    ]) {
      const bytes = Buffer.from(origin).toString("latin1");
      const answer = await preflight(`/${bucket}`, { origin: bytes, method: "GET" });
      expect(answered(answer, 200).headers["access-control-allow-origin"]).toBe(bytes);
    }
  });

  it("costs no more than any other answer", async () => {
    const bucket = await bucketWith();
    answered(await server.client.put(`/${bucket}/k`, "hello"), 200);
    const { bill } = await server.client.with({ origin: ORIGIN }).get(`/${bucket}/k`);
    expect(bill.trace).toEqual((await server.client.get(`/${bucket}/k`)).bill.trace);
  });

  it("is given without CORS headers if the bucket's settings cannot be read", async () => {
    const bucket = await bucketWith();
    const { a } = isolates(server);
    // Refused before the bucket is asked for, so that the headers are what asks.
    const path = `/${bucket}/k?torrent`;
    const failing = a.failing({ store: "d1", call: "from bucket", times: 20, how: "before", lapse: 60_000 });
    const answer = await failing.with({ origin: ORIGIN }).get(path);
    refused(answer, 501, "NotImplemented");
    expect([said(answer), answer.bill.trace.length > 0]).toEqual([{}, true]);
    expect(said(await a.with({ origin: ORIGIN }).get(path))).toEqual(SAID);
  });
});

describe("a change of the rules", () => {
  const asked = { origin: ORIGIN, method: "GET" };

  it("is seen at once by the isolate that made it", async () => {
    const bucket = await server.bucket();
    refused(await preflight(`/${bucket}/k`, asked), 403, "AccessForbidden");
    answered(await put(server.client, bucket, RULES), 200);
    answered(await preflight(`/${bucket}/k`, asked), 200);
    answered(await server.client.delete(`/${bucket}?cors`), 204);
    refused(await preflight(`/${bucket}/k`, asked), 403, "AccessForbidden");
    answered(await put(server.client, bucket, RULES), 200);
    answered(await preflight(`/${bucket}/k`, asked), 200);
  });

  it("is seen by another isolate: by answers at once, and by what would be refused within a second", async () => {
    const { a, b } = isolates(server);
    const bucket = await server.bucket(a);
    answered(await b.put(`/${bucket}/k`, "hello"), 200);
    const script = b.with({ origin: ORIGIN });
    expect(said(answered(await script.get(`/${bucket}/k`), 200))).toEqual({});
    answered(await put(a, bucket, RULES), 200);
    // Its memory is a second old at the time of asking, so that the refusal is thought over.
    const later = b.with({ "x-test-now-offset": "2000" });
    const again = answered(await preflight(`/${bucket}/k`, asked, later), 200);
    expect(again.bill.trace).toEqual(["d1.all"]);
    answered(await a.delete(`/${bucket}?cors`), 204);
    expect(said(answered(await script.get(`/${bucket}/k`), 200))).toEqual({});
    answered(await put(a, bucket, RULES), 200);
    expect(said(answered(await script.get(`/${bucket}/k`), 200))).toEqual(SAID);
    const gone = isolates(server).a;
    refused(await preflight("/no-such-bucket", asked, gone), 403, "AccessForbidden");
  });
});
