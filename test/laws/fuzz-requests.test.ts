import { existsSync, readFileSync } from "node:fs";
import { Agent } from "node:http";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ACTIONS } from "../../src/iam/actions.ts";
import { childOf } from "../cli/portico-process.ts";
import { md5 } from "../support/checksums.ts";
import { sendAll, sendable } from "../support/civility.ts";
import { type Answer, Client, encode } from "../support/client.ts";
import { documents } from "../support/documents.ts";
import { answered } from "../support/expect.ts";
import { BOUNDARY, multipart, signedFields } from "../support/forms.ts";
import { garbled, texts } from "../support/fuzzing.ts";
import { FORM, form } from "../support/iam.ts";
import { useServer } from "../support/server.ts";
import { speak } from "../support/socket.ts";

const server = useServer({ vars: { INLINE_BYTES: "100" } });
let bucket = "";

beforeAll(async () => {
  server.agent = new Agent({ keepAlive: true });
  bucket = await server.bucket();
  for (const key of ["key", "other"]) answered(await server.client.put(`/${bucket}/${key}`, "bytes"), 200);
});
afterAll(() => server.agent?.destroy());

/** Memory of workerd with all its isolates, in MiB; it takes about 150 when it does nothing. */
const MAX_MIB = 800;

/** Sends one request for each input; in the end the object that nobody may touch is what it was. */
async function send<T>(
  name: string,
  inputs: fc.Arbitrary<T>,
  numRuns: number,
  act: (input: T) => Promise<Answer>,
) {
  const statuses = await sendAll({ name, inputs, numRuns }, act);
  answered(await server.client.get(`/${bucket}/key`), 200);
  return statuses;
}

const PARAMETERS = [
  "versionId",
  "partNumber",
  "uploadId",
  "prefix",
  "delimiter",
  "max-keys",
  "marker",
  "key-marker",
  "encoding-type",
  "continuation-token",
  "response-content-type",
  "list-type",
];
const SUBRESOURCES = [
  "acl",
  "tagging",
  "uploads",
  "versions",
  "policy",
  "cors",
  "encryption",
  "versioning",
  "object-lock",
  "retention",
  "legal-hold",
  "attributes",
  "delete",
  "location",
  "ownershipControls",
  "publicAccessBlock",
  "renameObject",
  "website",
];
const HEADERS = [
  "range",
  "x-amz-copy-source",
  "x-amz-copy-source-range",
  "x-amz-tagging",
  "x-amz-acl",
  "x-amz-grant-read",
  "x-amz-meta-a",
  "x-amz-checksum-crc32",
  "x-amz-checksum-algorithm",
  "x-amz-sdk-checksum-algorithm",
  "x-amz-trailer",
  "x-amz-decoded-content-length",
  "content-md5",
  "content-type",
  "content-encoding",
  "if-match",
  "if-none-match",
  "if-modified-since",
  "x-amz-object-lock-mode",
  "x-amz-object-lock-retain-until-date",
  "x-amz-server-side-encryption",
  "x-amz-server-side-encryption-customer-algorithm",
  "x-amz-server-side-encryption-customer-key",
  "x-amz-object-attributes",
  "x-amz-rename-source",
  "x-amz-expected-bucket-owner",
  "x-amz-if-match-size",
  "x-amz-storage-class",
  "expires",
  "origin",
  "access-control-request-method",
];

describe("the running server answers civilly", () => {
  it("any request that is signed", async () => {
    const pair = fc
      .tuple(fc.constantFrom(...PARAMETERS), texts())
      .map(([name, value]) => `${name}=${encode(value.toWellFormed())}`);
    const query = fc.tuple(
      fc.option(fc.constantFrom(...SUBRESOURCES), { freq: 2 }),
      fc.array(pair, { maxLength: 3 }),
    );
    const inputs = fc.record({
      method: fc.constantFrom("GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"),
      key: fc.oneof(
        fc.constantFrom("", "/", "/key", "/other"),
        texts("/", "key", "%20").map((text) => `/${encode(text.toWellFormed())}`),
      ),
      query: query.map(([sub, pairs]) => [...(sub === null ? [] : [sub]), ...pairs].join("&")),
      headers: fc.array(
        fc.tuple(
          fc.constantFrom(...HEADERS),
          texts("bytes=0-", "other", '"etag"', "CRC32", "private", "AAAAAA==").map(sendable),
        ),
        { maxLength: 4 },
      ),
      hash: fc.constantFrom(
        undefined,
        "UNSIGNED-PAYLOAD",
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
      ),
      body: fc.oneof(fc.constant(""), texts("5\r\nhello\r\n0\r\n\r\n", "<Delete>")),
    });
    const statuses = await send(
      "signed requests",
      inputs,
      2500,
      ({ method, key, query, headers, hash, body }) => {
        // Only what changes the one object that is read in between is left out.
        const target = `/${bucket}${method === "GET" || key !== "/key" ? key : "/changed"}${query === "" ? "" : `?${query}`}`;
        const all = Object.fromEntries([
          ...headers,
          ...(hash ? [["x-amz-content-sha256", hash] as const] : []),
        ]);
        // The bucket is to stay as it is.
        const client =
          ["", "/"].includes(key) && /^(PUT|DELETE)$/.test(method)
            ? server.client.with({ "x-amz-expected-bucket-owner": "0".repeat(64) })
            : server.client;
        return client.send(method, target, { headers: all, ...(/^(PUT|POST)$/.test(method) && { body }) });
      },
    );
    expect([...statuses.keys()]).toEqual(expect.arrayContaining([200, 400, 404]));
  });

  it("documents like those that are right", async () => {
    const routes: Record<string, [method: string, path: string]> = {
      CompleteMultipartUpload: ["POST", "/k?uploadId=x"],
      DeleteObjects: ["POST", "?delete"],
      PutBucketAcl: ["PUT", "?acl"],
      PutBucketCors: ["PUT", "?cors"],
      PutBucketEncryption: ["PUT", "?encryption"],
      PutBucketOwnershipControls: ["PUT", "?ownershipControls"],
      PutBucketPolicy: ["PUT", "?policy"],
      PutBucketTagging: ["PUT", "?tagging"],
      PutObjectAcl: ["PUT", "/k?acl"],
      PutObjectLegalHold: ["PUT", "/k?legal-hold"],
      PutObjectRetention: ["PUT", "/k?retention"],
      PutObjectTagging: ["PUT", "/k?tagging"],
      PutPublicAccessBlock: ["PUT", "?publicAccessBlock"],
    };
    const other = await server.bucket();
    answered(await server.client.put(`/${other}/k`, "bytes"), 200);
    const inputs = fc
      .constantFrom(...Object.entries(routes))
      .chain(([name, route]) => fc.tuple(fc.constant(route), garbled(fc.constant(documents[name] ?? ""))));
    await send("documents", inputs, 1000, ([[method, path], text]) =>
      server.client.send(method, `/${other}${path}`, {
        body: text,
        headers: { "content-md5": md5(text, "base64") },
      }),
    );
  });

  it("signatures that are garbled", async () => {
    const { headers } = await server.client.sign("GET", `/${bucket}/key`, {
      "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
    });
    const names = Object.keys(headers).filter((name) => name !== "host");
    const inputs = fc
      .constantFrom(...names)
      .chain((name) => fc.tuple(fc.constant(name), garbled(fc.constant(headers[name] ?? ""))));
    const statuses = await send("garbled signatures", inputs, 700, ([name, value]) =>
      server.client.sendSigned("GET", `/${bucket}/key`, { ...headers, [name]: sendable(value) }),
    );
    expect(statuses.get(403)).toBeGreaterThan(100);
  });

  it.each(["host;a b", "host;é", "host;\u{1}", "host;;", ";".repeat(1000), "host;__proto__"])(
    "a signature of the headers %j",
    async (names) => {
      const { headers } = await server.client.sign("GET", `/${bucket}/key`, {
        "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
      });
      const authorization = (headers.authorization ?? "").replace(
        /SignedHeaders=[^,]*/,
        `SignedHeaders=${sendable(names)}`,
      );
      const answer = await server.client.sendSigned("GET", `/${bucket}/key`, { ...headers, authorization });
      expect(answer.status).toBe(403);
      const query = new URLSearchParams({
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": /Credential=([^,]*)/.exec(headers.authorization ?? "")?.[1] ?? "",
        "X-Amz-Date": headers["x-amz-date"] ?? "",
        "X-Amz-Expires": "600",
        "X-Amz-SignedHeaders": names,
        "X-Amz-Signature": "0".repeat(64),
      });
      const linked = await server.client.sendSigned("GET", `/${bucket}/key?${query}`, {});
      expect(linked.status, linked.text).toBe(403);
    },
  );

  it("calls of IAM and STS", async () => {
    const names = [
      "UserName",
      "RoleName",
      "GroupName",
      "PolicyName",
      "PolicyArn",
      "PolicyDocument",
      "AssumeRolePolicyDocument",
      "Path",
      "Marker",
      "MaxItems",
      "Tags.member.1.Key",
      "Tags.member.1.Value",
      "TagKeys.member.1",
      "AccessKeyId",
      "VersionId",
      "Url",
      "RoleArn",
      "RoleSessionName",
      "DurationSeconds",
      "WebIdentityToken",
      "Version",
    ];
    const { client } = await server.account("fuzz");
    const inputs = fc.tuple(
      fc.constantFrom(...ACTIONS.values()),
      fc.array(
        fc.tuple(
          fc.constantFrom(...names),
          fc.oneof(
            texts("name", "arn:aws:iam::123456789012:policy/x", "10"),
            garbled(fc.constant(documents.PutBucketPolicy ?? "")),
          ),
        ),
        { maxLength: 5 },
      ),
    );
    await send("calls of IAM and STS", inputs, 700, ([{ name, service }, parameters]) => {
      const said = parameters.map(([key, value]): [string, string] => [key, value.toWellFormed()]);
      const asking = new Client({ ...client.settings, service });
      return asking.post("/", form({ Action: name, ...Object.fromEntries(said) }), FORM);
    });
  });

  it("commands of the admin route", async () => {
    const commands = [
      "account/create",
      "account/put",
      "account/list",
      "key/create",
      "key/list",
      "key/disable",
      "key/delete",
      "sweep/step",
      "rebuild/step",
      "fsck/step",
      "fsck/strangers",
      "no/such",
      "%00/__proto__",
    ];
    const names = [
      "displayName",
      "email",
      "id",
      "account",
      "accessKeyId",
      "secretAccessKey",
      "cursor",
      "bucket",
      "dry",
    ];
    const value = fc.oneof(
      texts("name", "0".repeat(64), "PK0123456789ABCDEF01"),
      fc.jsonValue({ maxDepth: 2 }),
    );
    const good = fc
      .dictionary(fc.constantFrom(...names), value, { maxKeys: 6 })
      .map((input) => JSON.stringify(input));
    const inputs = fc.tuple(
      fc.constantFrom(...commands),
      fc.oneof({ weight: 4, arbitrary: good }, garbled(good), texts()),
    );
    await send("commands of the admin route", inputs, 500, ([command, text]) =>
      server.client.post(`/_portico/admin/${command}`, text),
    );
  });

  it("browsers' forms", async () => {
    const good = multipart([
      ...Object.entries(signedFields(server.client, bucket)),
      ["file", "bytes", "f.txt"],
    ]).toString("latin1");
    const type = `multipart/form-data; boundary=${BOUNDARY}`;
    const inputs = fc.tuple(
      fc.oneof({ weight: 9, arbitrary: fc.constant(type) }, garbled(fc.constant(type))),
      garbled(fc.constant(good)),
    );
    await send("forms", inputs, 500, ([said, text]) => {
      const body = Buffer.from(text.replace(/[^\0-\xff]/g, "?"), "latin1");
      const headers = { "content-type": sendable(said), "content-length": String(body.length) };
      return server.client.sendSigned("POST", `/${bucket}`, headers, body);
    });
  });

  it("what a socket says", async () => {
    const line = texts("/", bucket, "key", "?", "uploads").map(
      (text) => `/${text.replace(/[\0-\x20\x7f-\u{10ffff}]/gu, "")}`,
    );
    const inputs = fc.tuple(
      fc.constantFrom("GET", "PUT", "POST", "HEAD", "DELETE"),
      line,
      fc.array(
        fc.tuple(
          fc.constantFrom(...HEADERS, "authorization", "x-amz-date", "date"),
          texts().map((text) => text.replace(/[\r\n\0]/g, "")),
        ),
        { maxLength: 3 },
      ),
    );
    await send("requests over a bare socket", inputs, 400, async ([method, path, headers]) => {
      const all = {
        host: "h",
        "content-length": "0",
        connection: "close",
        ...Object.fromEntries(headers.map(([name, value]) => [name, Buffer.from(value).toString("latin1")])),
      };
      const heard = await speak(server.url, { method, path, headers: all });
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(heard)?.[1] ?? 0);
      return { status, text: "", headers: {} } as Answer;
    });
  });

  it.runIf(existsSync("/proc/self/status"))("in bounded memory", () => {
    const status = readFileSync(`/proc/${childOf(process.pid, "workerd")}/status`, "utf8");
    const peak = Number(/VmHWM:\s*(\d+) kB/.exec(status)?.[1]) / 1024;
    console.log(`fuzz: workerd took ${peak.toFixed(0)} MiB at the most`);
    expect(peak).toBeLessThan(MAX_MIB);
  });

  it("and is what it was", async () => {
    expect(answered(await server.client.get(`/${bucket}/key`), 200).text).toBe("bytes");
  });
});
