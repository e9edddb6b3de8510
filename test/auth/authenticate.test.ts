import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Answer, Endpoint, ROOT, type Sent } from "./endpoint.ts";
import { signText } from "./second-signer.ts";

const MINUTE_MS = 60_000;
const EMPTY_SHA256 = createHash("sha256").digest("hex");

let endpoint: Endpoint;

beforeAll(async () => {
  endpoint = await Endpoint.start();
});

afterAll(() => endpoint.stop());

/** ListBuckets, whose answer says who asked. */
const WANTED = { path: "/" };

function accepted(answer: Answer): void {
  expect(answer.status, answer.text).toBe(200);
  expect(answer.text).toContain("<ListAllMyBucketsResult");
}

function refused(answer: Answer, status: number, code: string, message?: string | RegExp): void {
  expect([answer.status, answer.code], answer.text).toEqual([status, code]);
  if (message !== undefined) expect(answer.element("Message")).toMatch(message);
  expect(answer.headers["content-type"]).toBe("application/xml");
  expect(answer.text).not.toContain(ROOT.secretAccessKey);
}

async function withAuthorization(change: (authorization: string) => string): Promise<Sent> {
  const sent = await endpoint.sign(WANTED);
  const authorization = change(sent.headers.authorization ?? "");
  expect(authorization).not.toBe(sent.headers.authorization);
  return { ...sent, headers: { ...sent.headers, authorization } };
}

describe("a signed request", () => {
  it("is served to whom its key belongs", async () => {
    const answer = await endpoint.ask(WANTED);
    accepted(answer);
    expect(answer.element("DisplayName")).toBe("root");
  });

  it.each([
    ["no space behind the commas", (text: string) => text.replaceAll(", ", ",")],
    ["more space behind the commas", (text: string) => text.replaceAll(", ", " ,  ")],
    ["its parts in another order", (text: string) => text.replace(/ (.*), (.*), (.*)$/, " $3, $1, $2")],
  ])("may be authorised with %s", async (_how, change) => {
    accepted(await endpoint.send(await withAuthorization(change)));
  });

  it("may spell its path in another way", async () => {
    const bucket = await endpoint.ask({ method: "PUT", path: "/spelled" });
    expect(bucket.status).toBe(200);
    const sent = await endpoint.sign({ method: "PUT", path: "/spelled/%C3%A9%21%2B~", body: "x" });
    const answer = await endpoint.send({ ...sent, target: "/spelled/%c3%a9!+%7e" });
    expect([answer.status, answer.text]).toEqual([200, ""]);
    expect(await endpoint.keys("spelled")).toEqual(["é!+~"]);
  });

  it("may have its parameters in any order", async () => {
    const sent = await endpoint.sign({ ...WANTED, query: { "max-buckets": "2", "x-id": "ListBuckets" } });
    accepted(await endpoint.send({ ...sent, target: "/?x-id=ListBuckets&max-buckets=2" }));
  });

  it("keeps the dots and slashes of its path", async () => {
    const body = "dots";
    expect((await endpoint.ask({ method: "PUT", path: "/dotted" })).status).toBe(200);
    for (const key of ["a/../b", "./c", "..", "d//e", "/f"]) {
      const answer = await endpoint.ask({ method: "PUT", path: `/dotted/${key}`, body });
      expect([key, answer.status, answer.text]).toEqual([key, 200, ""]);
    }
    expect(await endpoint.keys("dotted")).toEqual(["..", "./c", "/f", "a/../b", "d//e"]);
    expect((await endpoint.ask({ path: "/dotted/../dotted/d//e" })).code).toBe("NoSuchKey");
    expect((await endpoint.ask({ path: "/dotted/a/../b" })).text).toBe(body);
  });

  it("may carry headers that are not signed unless they are S3's", async () => {
    const sent = await endpoint.sign(WANTED);
    accepted(
      await endpoint.send({
        ...sent,
        headers: { ...sent.headers, "x-forwarded-for": "127.0.0.1", range: "bytes=0-1" },
      }),
    );
    for (const name of ["x-amz-meta-added", "x-amz-acl", "X-Amz-Copy-Source"]) {
      const answer = await endpoint.send({ ...sent, headers: { ...sent.headers, [name]: "private" } });
      refused(answer, 403, "AccessDenied", "There were headers present in the request which were not signed");
      expect(answer.element("HeadersNotSigned")).toBe(name.toLowerCase());
    }
  });

  it("signs its host", async () => {
    const unhosted = await handSigned({ date: "x-amz-date", names: ["x-amz-content-sha256", "x-amz-date"] });
    refused(await endpoint.send(unhosted), 403, "AccessDenied", "not signed");
  });
});

/** A request signed by hand: any headers, any date. */
async function handSigned(how: { date: "date" | "x-amz-date"; names: string[]; at?: number }): Promise<Sent> {
  const at = how.at ?? Date.now();
  const timestamp = new Date(at).toISOString().replace(/[-:]|\.\d{3}/g, "");
  const headers: Record<string, string> = {
    host: endpoint.host,
    "x-amz-content-sha256": EMPTY_SHA256,
    [how.date]: how.date === "date" ? new Date(at).toUTCString() : timestamp,
  };
  const lines = how.names.map((name) => `${name}:${headers[name]}\n`);
  const canonical = ["GET", "/", "", lines.join(""), how.names.join(";"), EMPTY_SHA256].join("\n");
  const scope = `${timestamp.slice(0, 8)}/us-east-1/s3/aws4_request`;
  const digest = createHash("sha256").update(canonical).digest("hex");
  const text = ["AWS4-HMAC-SHA256", timestamp, scope, digest].join("\n");
  const signature = await signText(text, { credentials: ROOT, at });
  const authorization = `AWS4-HMAC-SHA256 Credential=${ROOT.accessKeyId}/${scope},SignedHeaders=${how.names.join(";")},Signature=${signature}`;
  return { method: "GET", target: "/", headers: { ...headers, authorization } };
}

describe("the date of a signed request", () => {
  it("may be fourteen minutes off", async () => {
    for (const off of [-14, 14]) {
      accepted(await endpoint.ask(WANTED, { at: Date.now() + off * MINUTE_MS }));
    }
  });

  it.each([-16, 16, -24 * 60, 365 * 24 * 60])("may not be %i minutes off", async (off) => {
    const at = Date.now() + off * MINUTE_MS;
    const answer = await endpoint.ask(WANTED, { at });
    refused(
      answer,
      403,
      "RequestTimeTooSkewed",
      "The difference between the request time and the current time",
    );
    expect(answer.element("RequestTime")).toMatch(new RegExp(`^${new Date(at).getUTCFullYear()}`));
    expect(answer.element("ServerTime")).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(answer.element("MaxAllowedSkewMilliseconds")).toBe("900000");
  });

  it("is the day of its credential", async () => {
    const sent = await withAuthorization((text) => text.replace(/\/\d{8}\//, "/20130524/"));
    refused(
      await endpoint.send(sent),
      400,
      "AuthorizationHeaderMalformed",
      'Invalid credential date "20130524"',
    );
  });

  it("may stand in the Date header alone", async () => {
    const names = ["date", "host", "x-amz-content-sha256"];
    accepted(await endpoint.send(await handSigned({ date: "date", names })));
    const late = await handSigned({ date: "date", names, at: Date.now() - 16 * MINUTE_MS });
    refused(await endpoint.send(late), 403, "RequestTimeTooSkewed");
  });

  it("is x-amz-date where both stand", async () => {
    const sent = await handSigned({
      date: "x-amz-date",
      names: ["host", "x-amz-content-sha256", "x-amz-date"],
    });
    accepted(await endpoint.send({ ...sent, headers: { ...sent.headers, date: new Date(0).toUTCString() } }));
  });

  it("is not left out, nor anything else than a date", async () => {
    const sent = await endpoint.sign(WANTED);
    const { "x-amz-date": _date, ...rest } = sent.headers;
    const message = "AWS authentication requires a valid Date or x-amz-date header";
    refused(await endpoint.send({ ...sent, headers: rest }), 403, "AccessDenied", message);
    const odd = { ...sent, headers: { ...rest, "x-amz-date": "yesterday" } };
    refused(await endpoint.send(odd), 403, "AccessDenied", message);
  });
});

describe("the scope of a signature", () => {
  it("names this endpoint's region, which a refusal tells", async () => {
    const answer = await endpoint.ask(WANTED, { region: "eu-west-1" });
    const message = "the region 'eu-west-1' is wrong; expecting 'us-east-1'";
    refused(answer, 400, "AuthorizationHeaderMalformed", message);
    expect(answer.element("Region")).toBe("us-east-1");
  });

  it("may name the region auto", async () => {
    accepted(await endpoint.ask(WANTED, { region: "auto" }));
  });

  it("names the service s3", async () => {
    const answer = await endpoint.ask(WANTED, { service: "iam" });
    refused(
      answer,
      400,
      "AuthorizationHeaderMalformed",
      'incorrect service "iam". This endpoint belongs to "s3".',
    );
  });
});

describe("an authorization that cannot be read", () => {
  it.each([
    ["no credential", (text: string) => text.replace(/Credential=[^,]*, /, "")],
    ["half a credential", (text: string) => text.replace("/aws4_request", "")],
    ["no signed headers", (text: string) => text.replace(/SignedHeaders=[^,]*, /, "")],
    ["no signature", (text: string) => text.replace(/, Signature=.*/, "")],
    ["a short signature", (text: string) => text.slice(0, -1)],
    ["a signature of other letters", (text: string) => text.replace(/.$/, "g")],
  ])("is malformed: %s", async (_what, change) => {
    refused(await endpoint.send(await withAuthorization(change)), 400, "AuthorizationHeaderMalformed");
  });

  it("is of a kind that S3 does not know", async () => {
    for (const authorization of ["Basic cG9ydGljbzpwb3J0aWNv", "Bearer x", "AWS4-HMAC-SHA512 Credential=x"]) {
      const sent = await withAuthorization(() => authorization);
      refused(await endpoint.send(sent), 400, "InvalidArgument", "Unsupported Authorization Type");
    }
  });
});

describe("a request", () => {
  it("without any authorization is denied, whatever it asks for", async () => {
    const headers = { host: endpoint.host };
    refused(await endpoint.send({ method: "GET", target: "/", headers }), 403, "AccessDenied");
    // Who signs nothing is somebody all the same, and S3 tells anybody that there is no such bucket.
    for (const target of ["/no-such-bucket", "/no-such-bucket/key", "/b?versions"]) {
      refused(await endpoint.send({ method: "GET", target, headers }), 404, "NoSuchBucket");
    }
    const put = await endpoint.send({ method: "PUT", target: "/anonymous-bucket", headers });
    refused(put, 403, "AccessDenied");
    accepted(await endpoint.ask(WANTED));
    expect((await endpoint.ask(WANTED)).text).not.toContain("anonymous-bucket");
  });

  it("with an unknown key is told so", async () => {
    const credentials = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: ROOT.secretAccessKey };
    const answer = await endpoint.ask(WANTED, { credentials });
    refused(answer, 403, "InvalidAccessKeyId");
    expect(answer.element("AWSAccessKeyId")).toBe(credentials.accessKeyId);
  });

  it("with a security token is refused, wherever the token stands", async () => {
    const credentials = { ...ROOT, sessionToken: "FwoGZXIvYXdzEXAMPLE" };
    refused(await endpoint.ask(WANTED, { credentials }), 400, "InvalidToken");
    const inQuery = await endpoint.presign(WANTED, { credentials, expires: 60 });
    expect(inQuery.target).toContain("X-Amz-Security-Token=");
    refused(await endpoint.send(inQuery), 400, "InvalidToken");
  });

  it("says what vouches for its body", async () => {
    const sent = await endpoint.sign(WANTED);
    const { "x-amz-content-sha256": _sha256, ...headers } = sent.headers;
    const message = "Missing required header for this request: x-amz-content-sha256";
    refused(await endpoint.send({ ...sent, headers }), 400, "InvalidRequest", message);
    for (const odd of ["", "x", EMPTY_SHA256.toUpperCase(), "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"]) {
      const answer = await endpoint.ask({ ...WANTED, headers: { "x-amz-content-sha256": odd } });
      refused(answer, 400, "InvalidArgument", "x-amz-content-sha256 must be");
    }
  });
});

describe("a signature that does not match", () => {
  const credentials = { ...ROOT, secretAccessKey: "another-secret" };

  it("is answered with what had to be signed, and without any secret", async () => {
    const wanted = { path: "/some/key", query: { "x-id": "a<b&c" } };
    const answer = await endpoint.ask(wanted, { credentials });
    refused(answer, 403, "SignatureDoesNotMatch");
    const at = Date.parse(answer.headers.date ?? "");
    const right = await endpoint.sign(wanted, { at });
    const wrong = await endpoint.sign(wanted, { credentials, at });
    const signatureOf = ({ headers }: Sent) => headers.authorization?.slice(-64) ?? "";
    const canonical = answer.element("CanonicalRequest") ?? "";
    const text = answer.element("StringToSign") ?? "";
    const names = "host;x-amz-content-sha256;x-amz-date";
    const [method, path, query, host, sha256, date, ...rest] = canonical.split("\n");
    expect([method, path, query]).toEqual(["GET", "/some/key", "x-id=a%3Cb%26c"]);
    expect([host, sha256]).toEqual([`host:${endpoint.host}`, `x-amz-content-sha256:${EMPTY_SHA256}`]);
    expect(rest).toEqual(["", names, EMPTY_SHA256]);
    const timestamp = date?.slice("x-amz-date:".length) ?? "";
    expect(text.split("\n")).toEqual([
      "AWS4-HMAC-SHA256",
      timestamp,
      `${timestamp.slice(0, 8)}/us-east-1/s3/aws4_request`,
      createHash("sha256").update(canonical).digest("hex"),
    ]);
    const spaced = (shown: string) =>
      Buffer.from(shown)
        .toString("hex")
        .replace(/..(?=.)/g, "$& ");
    expect(answer.element("StringToSignBytes")).toBe(spaced(text));
    expect(answer.element("CanonicalRequestBytes")).toBe(spaced(canonical));
    expect(answer.element("AWSAccessKeyId")).toBe(ROOT.accessKeyId);
    expect(answer.element("SignatureProvided")).toMatch(/^[0-9a-f]{64}$/);
    expect(signatureOf(right)).not.toBe(signatureOf(wrong));
    expect(answer.text).not.toContain(await rightSignature(text));
  });

  it("is answered to HEAD by the status alone", async () => {
    const answer = await endpoint.ask({ method: "HEAD", path: "/some/key" }, { credentials });
    expect([answer.status, answer.text]).toEqual([403, ""]);
  });
});

/** The signature that would have let the request in. */
function rightSignature(text: string): Promise<string> {
  const day = /\n(\d{4})(\d\d)(\d\d)T/.exec(text);
  const at = Date.parse(`${day?.[1]}-${day?.[2]}-${day?.[3]}`);
  return signText(text, { credentials: ROOT, at });
}
