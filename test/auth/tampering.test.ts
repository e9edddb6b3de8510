import { createHash } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { encodeChunks } from "../support/chunk-signer.ts";
import { Endpoint, ROOT, type Sent, tampered } from "./endpoint.ts";

const BUCKET = "guarded";

let endpoint: Endpoint;
let original: Sent;
/** What R2 may hold: what objects left that were stored on purpose. */
let stored: string[] = [];

beforeAll(async () => {
  endpoint = await Endpoint.start();
  expect((await endpoint.ask({ method: "PUT", path: `/${BUCKET}` })).status).toBe(200);
});

afterAll(() => endpoint.stop());

const WANTED = {
  method: "PUT",
  path: `/${BUCKET}/a/key%20of%C3%A9`,
  query: { "x-id": "PutObject", other: "a b" },
  headers: { "x-amz-meta-note": "noted", "content-type": "text/plain" },
  body: "hello, world",
};

/** Refused with one of these, and nothing is stored: not in the bucket, not in R2. */
async function refused(sent: Sent, ...codes: string[]): Promise<void> {
  const answer = await endpoint.send(sent);
  expect(codes, `${sent.method} ${sent.target}: ${answer.status} ${answer.text}`).toContain(
    answer.code ?? `HTTP ${answer.status}`,
  );
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.status).toBeLessThan(500);
}

afterEach(async () => {
  expect(await endpoint.keys(BUCKET)).toEqual([]);
  expect(await endpoint.blobs()).toEqual(stored);
});

/** A header's value with each of its bytes changed in turn. */
function changed(name: string): Sent[] {
  const value = original.headers[name] ?? "";
  expect(value).not.toBe("");
  return tampered(value).map((other) => ({ ...original, headers: { ...original.headers, [name]: other } }));
}

describe("a PUT signed in its headers stores nothing once one byte is changed", () => {
  beforeAll(async () => {
    original = await endpoint.sign(WANTED);
  });

  it("of its method", async () => {
    for (const method of ["POST", "DELETE", "GET", "PATCH"]) {
      await refused({ ...original, method }, "SignatureDoesNotMatch", "MethodNotAllowed", "InvalidRequest");
    }
    const head = await endpoint.send({ ...original, method: "HEAD" });
    expect([head.status, head.text]).toEqual([403, ""]);
  });

  it("of its path or query", async () => {
    for (const target of tampered(original.target, 1)) {
      await refused({ ...original, target }, "SignatureDoesNotMatch", "InvalidURI", "MethodNotAllowed");
    }
  });

  it("of its path, which is cut short or goes on", async () => {
    const [path = "", query = ""] = original.target.split("?");
    for (const other of [
      path.slice(0, -6),
      `${path}x`,
      `${path}/`,
      path.replace("/a/", "/a//"),
      `/${path}`,
    ]) {
      await refused({ ...original, target: `${other}?${query}` }, "SignatureDoesNotMatch");
    }
  });

  it("of its query, which loses or gains a parameter", async () => {
    const { target } = original;
    const targets = [
      target.split("?")[0] ?? "",
      `${target}&more`,
      `${target}&x-id=PutObject`,
      `${target}&X-Amz-Signature=a`,
    ];
    for (const other of targets) {
      await refused({ ...original, target: other }, "SignatureDoesNotMatch", "InvalidArgument");
    }
  });

  it("of a signed header", async () => {
    for (const name of ["x-amz-meta-note", "content-type", "x-amz-content-sha256"]) {
      for (const sent of changed(name)) await refused(sent, "SignatureDoesNotMatch");
    }
    for (const host of tampered(endpoint.host)) {
      await refused({ ...original, headers: { ...original.headers, host } }, "SignatureDoesNotMatch");
    }
  });

  it("of its date", async () => {
    const codes = [
      "SignatureDoesNotMatch",
      "RequestTimeTooSkewed",
      "AuthorizationHeaderMalformed",
      "AccessDenied",
    ];
    for (const sent of changed("x-amz-date")) await refused(sent, ...codes);
  });

  it("of its authorization", async () => {
    const codes = [
      "AuthorizationHeaderMalformed",
      "InvalidAccessKeyId",
      "InvalidArgument",
      "SignatureDoesNotMatch",
    ];
    for (const sent of changed("authorization")) await refused(sent, ...codes);
  });

  it("of its body", async () => {
    for (const body of [...tampered(WANTED.body), "", WANTED.body.slice(1), `${WANTED.body}!`]) {
      await refused({ ...original, body }, "XAmzContentSHA256Mismatch");
    }
  });

  it("by a header that is left out", async () => {
    for (const name of ["x-amz-meta-note", "content-type", "x-amz-content-sha256", "x-amz-date"]) {
      const headers = Object.fromEntries(
        Object.entries(original.headers).filter(([header]) => header !== name),
      );
      await refused({ ...original, headers }, "SignatureDoesNotMatch", "InvalidRequest", "AccessDenied");
    }
  });
});

describe("a PUT signed in its query stores nothing once one byte is changed", () => {
  const codes = [
    "SignatureDoesNotMatch",
    "InvalidURI",
    "AuthorizationQueryParametersError",
    "InvalidAccessKeyId",
    "AccessDenied",
  ];

  beforeAll(async () => {
    original = await endpoint.presign(WANTED, { expires: 600 });
  });

  it("of its path or query", async () => {
    for (const target of tampered(original.target, 1))
      await refused({ ...original, target }, ...codes, "MethodNotAllowed");
  });

  it("of its query, which loses or gains a parameter", async () => {
    const [path = "", query = ""] = original.target.split("?");
    const parameters = query.split("&");
    expect(parameters.length).toBeGreaterThan(7);
    for (const parameter of parameters) {
      const others = parameters.filter((other) => other !== parameter);
      await refused({ ...original, target: `${path}?${others.join("&")}` }, ...codes);
      // What is put behind the signature is not signed; a second one is passed over.
      if (parameter.startsWith("X-Amz-Signature=")) continue;
      await refused({ ...original, target: `${path}?${query}&${parameter.replace("=", "=1")}` }, ...codes);
    }
  });

  it("of a signed header", async () => {
    for (const name of ["x-amz-meta-note", "content-type"]) {
      for (const sent of changed(name)) await refused(sent, "SignatureDoesNotMatch");
    }
  });

  it("of its method", async () => {
    for (const method of ["POST", "DELETE", "GET"]) {
      await refused({ ...original, method }, "SignatureDoesNotMatch", "MethodNotAllowed");
    }
  });
});

describe("a PUT whose body is vouched for in another way stores nothing once one byte of it is changed", () => {
  it.each([
    ["Content-MD5", { "content-md5": createHash("md5").update(WANTED.body).digest("base64") }],
    ["a checksum", { "x-amz-checksum-sha1": createHash("sha1").update(WANTED.body).digest("base64") }],
  ])("by %s", async (_how, vouching) => {
    const headers = { ...vouching, "x-amz-content-sha256": "UNSIGNED-PAYLOAD" };
    const sent = await endpoint.sign({ ...WANTED, headers });
    for (const body of tampered(WANTED.body)) await refused({ ...sent, body }, "BadDigest");
    for (const body of [WANTED.body.slice(1), `${WANTED.body}!`, ""]) {
      await refused({ ...sent, body }, "BadDigest", "IncompleteBody");
    }
  });

  it("by the signatures of its chunks and of its trailer", async () => {
    const headers = {
      "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
      "x-amz-decoded-content-length": String(WANTED.body.length),
      "x-amz-trailer": "x-amz-checksum-sha1",
    };
    const sent = await endpoint.sign({ ...WANTED, headers });
    const body = Buffer.from(
      encodeChunks({
        chunks: [Buffer.from(WANTED.body)],
        trailers: [["x-amz-checksum-sha1", createHash("sha1").update(WANTED.body).digest("base64")]],
        signing: {
          secret: ROOT.secretAccessKey,
          timestamp: sent.headers["x-amz-date"] ?? "",
          region: "us-east-1",
          seed: sent.headers.authorization?.slice(-64) ?? "",
        },
      }),
    ).toString("latin1");
    const codes = [
      "SignatureDoesNotMatch",
      "IncompleteBody",
      "MalformedTrailerError",
      "InvalidChunkSizeError",
    ];
    for (const other of tampered(body)) await refused({ ...sent, body: other }, ...codes);
    for (const other of [body.slice(0, -1), body.slice(0, 110)]) {
      await refused({ ...sent, body: other }, ...codes);
    }
    expect((await endpoint.send({ ...sent, body })).status).toBe(200);
    expect((await endpoint.ask({ method: "DELETE", path: WANTED.path })).status).toBe(204);
    stored = await endpoint.blobs();
    expect(stored).toHaveLength(1);
  });
});
