import { createHmac } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { md5 } from "../support/checksums.ts";
import { type Answer, at, type Client } from "../support/client.ts";
import { answered, refused } from "../support/expect.ts";
import { post } from "../support/forms.ts";
import { allow, FORM, faulted, Iam, policy } from "../support/iam.ts";
import { useServer } from "../support/server.ts";
import { settleBucket } from "../support/settle-bucket.ts";
import { xml } from "../support/xml.ts";

const ALL_USERS = 'uri="http://acs.amazonaws.com/groups/global/AllUsers"';
const server = useServer({ legacyAcl: true, vars: { INLINE_BYTES: "0", SIGNATURE_V2: "1" } });
let iam: Iam;
let other: Client;
let third: Client;

beforeAll(async () => {
  iam = new Iam(server.client);
  other = (await server.account("other")).client;
  third = (await server.account("third")).client;
});

const user = (...documents: string[]) => iam.userWith(...documents);

const settle = (bucket: string, subresource: string, body: string) =>
  settleBucket(server.client, bucket, subresource, body);

async function enforced(bucket?: string): Promise<string> {
  const name = bucket ?? (await server.bucket());
  await settle(
    name,
    "ownershipControls",
    "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>",
  );
  return name;
}

/** All that the three stores hold of a bucket's objects. */
async function stored(bucket: string): Promise<unknown> {
  const id = await server.idOf(bucket);
  const keys = "select key from current union all select key from older";
  return {
    blobs: await server.order({ do: "blobs", prefix: id }),
    keys: await server.order({ do: "sql", index: id, text: keys }),
    litter: await server.order({ do: "sql", index: id, text: "select * from litter" }),
    uploads: await server.order({
      do: "d1",
      text: "select key from upload where bucket = ?",
      bindings: [id],
    }),
  };
}
const NOTHING = { blobs: [], keys: [], litter: [], uploads: [] };

const code = ({ status, text }: Answer) => `${status} ${/<Code>(\w+)</.exec(text)?.[1] ?? ""}`.trim();
const uploadIdOf = ({ text }: Answer) => xml(text).get("UploadId") ?? "";

describe("a signature of version 2", () => {
  const expires = 4_102_444_800;
  const link = () => {
    const { accessKeyId, secret } = server.client.settings;
    const signature = createHmac("sha1", secret).update(`GET\n\n\n${expires}\n/`).digest("base64");
    return `/?${new URLSearchParams({ AWSAccessKeyId: accessKeyId, Signature: signature, Expires: String(expires) })}`;
  };

  it("on a link that lists buckets gives nobody a key", async () => {
    answered(await server.client.sendSigned("GET", link(), {}), 200);
    for (const action of ["CreateAccessKey", "ListUsers", "GetSessionToken", "GetCallerIdentity"]) {
      const answer = await server.client.sendSigned("GET", `${link()}&Action=${action}`, {});
      faulted(answer, 403, "MissingAuthenticationToken");
    }
  });

  it("covers no body, and so calls nothing of IAM's", async () => {
    const { accessKeyId, secret } = server.client.settings;
    const date = new Date().toUTCString();
    const type = FORM["content-type"];
    const signature = createHmac("sha1", secret).update(`POST\n\n${type}\n${date}\n/`).digest("base64");
    const headers = { date, ...FORM, authorization: `AWS ${accessKeyId}:${signature}` };
    const body = "Action=CreateUser&UserName=evil&Version=2010-05-08";
    faulted(await server.client.sendSigned("POST", "/", headers, body), 403, "MissingAuthenticationToken");
    faulted(await iam.ask("iam", "GetUser", { UserName: "evil" }), 404, "NoSuchEntity");
  });
});

describe("nobody", () => {
  it.each(["GetCallerIdentity", "GetSessionToken", "GetFederationToken&Name=abc", "ListUsers"])(
    "is told nothing by %s",
    async (action) => {
      const answer = await server.client.sendSigned("POST", "/", FORM, `Action=${action}`);
      faulted(answer, 403, "MissingAuthenticationToken");
    },
  );
});

describe("whoever may act on keys, but not list them,", () => {
  const TAGS = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
  const RETENTION =
    "<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>2099-01-01T00:00:00Z</RetainUntilDate></Retention>";
  const HOLD = "<LegalHold><Status>ON</Status></LegalHold>";
  const withMd5 = (body: string) => ({ "content-md5": md5(body, "base64") });
  const ACTS: [string, (client: Client, path: string, bucket: string) => Promise<Answer>][] = [
    ["reads", (client, path) => client.get(path)],
    ["reads a version", (client, path) => client.get(`${path}?versionId=null`)],
    ["reads if it changed", (client, path) => client.get(path, { "if-none-match": '"x"' })],
    ["heads", (client, path) => client.head(path)],
    [
      "reads attributes",
      (client, path) => client.get(`${path}?attributes`, { "x-amz-object-attributes": "ETag" }),
    ],
    ["reads an ACL", (client, path) => client.get(`${path}?acl`)],
    ["puts an ACL", (client, path) => client.put(`${path}?acl`, "", { "x-amz-acl": "private" })],
    ["reads tags", (client, path) => client.get(`${path}?tagging`)],
    ["puts tags", (client, path) => client.put(`${path}?tagging`, TAGS)],
    ["removes tags", (client, path) => client.delete(`${path}?tagging`)],
    ["reads a retention", (client, path) => client.get(`${path}?retention`)],
    ["puts a retention", (client, path) => client.put(`${path}?retention`, RETENTION, withMd5(RETENTION))],
    ["reads a hold", (client, path) => client.get(`${path}?legal-hold`)],
    ["puts a hold", (client, path) => client.put(`${path}?legal-hold`, HOLD, withMd5(HOLD))],
    ["copies", (client, path, bucket) => client.put(at(bucket, "copy"), "", { "x-amz-copy-source": path })],
  ];

  it.each(ACTS)("learns nothing of a key that is not there: who %s", async (_, act) => {
    for (const acls of [false, true]) {
      const bucket = `locked-${acls}-${crypto.randomUUID()}`;
      answered(
        await server.client.put(`/${bucket}`, "", { "x-amz-bucket-object-lock-enabled": "true" }),
        200,
      );
      if (!acls) await enforced(bucket);
      const client = await user(
        policy({ Effect: "Allow", NotAction: ["s3:ListBucket", "s3:ListBucketVersions"], Resource: "*" }),
      );
      expect((await act(client, at(bucket, "gone"), bucket)).status).toBe(403);
      const lister = await user(allow("s3:*"));
      expect((await act(lister, at(bucket, "gone"), bucket)).status).toBe(404);
    }
  });

  it("learns nothing by renaming", async () => {
    const bucket = await enforced();
    const path = `${at(bucket, "new")}?renameObject`;
    const source = { "x-amz-rename-source": `/${bucket}/gone` };
    const blind = await user(allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]));
    refused(await blind.put(path, "", source), 403, "AccessDenied");
    refused(await server.client.put(path, "", source), 404, "NoSuchKey");
  });

  it("asks about etags, sizes and times only of what it may read", async () => {
    const bucket = await enforced();
    await server.client.put(at(bucket, "here"), "bytes");
    const blind = await user(allow(["s3:PutObject", "s3:DeleteObject"]));
    const conditions: Record<string, string>[] = [
      { "if-match": '"x"' },
      { "x-amz-if-match-size": "77" },
      { "x-amz-if-match-last-modified-time": "Sat, 01 Jan 2000 00:00:00 GMT" },
    ];
    for (const key of ["here", "gone"]) {
      const path = at(bucket, key);
      refused(await blind.put(path, "new", { "if-match": '"x"' }), 403, "AccessDenied");
      for (const condition of conditions) refused(await blind.delete(path, condition), 403, "AccessDenied");
      const entry = `<Delete><Object><Key>${key}</Key><ETag>"x"</ETag></Object></Delete>`;
      const many = answered(
        await blind.post(`/${bucket}?delete`, entry, { "content-md5": md5(entry, "base64") }),
        200,
      );
      expect(code(many)).toBe("200 AccessDenied");
    }
    answered(await blind.put(at(bucket, "new"), "new", { "if-none-match": "*" }), 200);
    refused(
      await server.client.put(at(bucket, "here"), "new", { "if-match": '"x"' }),
      412,
      "PreconditionFailed",
    );
    expect((await server.client.get(at(bucket, "here"))).text).toBe("bytes");
  });
});

describe("a write that says what its writer may not say", () => {
  const until = new Date(Date.now() + 86_400_000).toISOString();
  const SAID: Record<string, string>[] = [
    { "x-amz-acl": "public-read" },
    { "x-amz-acl": "authenticated-read" },
    { "x-amz-grant-read": ALL_USERS },
    { "x-amz-tagging": "a=b" },
    { "x-amz-object-lock-legal-hold": "ON" },
    { "x-amz-object-lock-mode": "GOVERNANCE", "x-amz-object-lock-retain-until-date": until },
  ];

  it.each(SAID.map((headers) => [JSON.stringify(headers), headers] as const))(
    "leaves nothing: %s",
    async (_, headers) => {
      const bucket = `said-${crypto.randomUUID()}`;
      answered(
        await server.client.put(`/${bucket}`, "", { "x-amz-bucket-object-lock-enabled": "true" }),
        200,
      );
      const source = await server.bucket();
      answered(await server.client.put(at(source, "s"), "bytes"), 200);
      const writer = await user(allow(["s3:PutObject", "s3:GetObject"]));
      const path = at(bucket, "k");
      refused(await writer.put(path, "bytes", headers), 403, "AccessDenied");
      refused(await writer.post(`${path}?uploads`, "", headers), 403, "AccessDenied");
      refused(await post(writer, bucket, "bytes", { fields: { key: "k", ...headers } }), 403, "AccessDenied");
      const copy = { "x-amz-copy-source": at(source, "s"), "x-amz-tagging-directive": "REPLACE", ...headers };
      refused(await writer.put(path, "", copy), 403, "AccessDenied");
      expect(await stored(bucket)).toEqual(NOTHING);
      answered(await writer.put(path, "bytes"), 200);
    },
  );

  it("is another account's to lock for nobody, whatever a bucket's ACL lets it write", async () => {
    const bucket = `lock-${crypto.randomUUID()}`;
    const made = { "x-amz-bucket-object-lock-enabled": "true", "x-amz-acl": "public-read-write" };
    answered(await server.client.put(`/${bucket}`, "", made), 200);
    const lock = { "x-amz-object-lock-mode": "COMPLIANCE", "x-amz-object-lock-retain-until-date": until };
    refused(await other.put(at(bucket, "k"), "bytes", lock), 403, "AccessDenied");
    refused(
      await other.put(at(bucket, "k"), "bytes", { "x-amz-object-lock-legal-hold": "ON" }),
      403,
      "AccessDenied",
    );
    expect(await stored(bucket)).toEqual(NOTHING);
    answered(await other.put(at(bucket, "k"), "bytes"), 200);
  });
});

describe("a condition", () => {
  it("on tags is not met by tags that a copy only claims", async () => {
    const bucket = await server.bucket();
    answered(await server.client.put(at(bucket, "s"), "bytes"), 200);
    const Condition = { StringEquals: { "s3:RequestObjectTag/team": "red" } };
    const writer = await user(
      policy({ Effect: "Allow", Action: ["s3:PutObject", "s3:PutObjectTagging"], Resource: "*", Condition }),
      allow("s3:GetObject"),
    );
    const copy = (directive: string) =>
      writer.put(at(bucket, "k"), "", {
        "x-amz-copy-source": at(bucket, "s"),
        "x-amz-tagging": "team=red",
        "x-amz-tagging-directive": directive,
      });
    refused(await writer.put(at(bucket, "k"), "bytes"), 403, "AccessDenied");
    refused(
      await writer.put(at(bucket, "k"), "bytes", { "x-amz-tagging": "team=blue" }),
      403,
      "AccessDenied",
    );
    refused(await copy("COPY"), 403, "AccessDenied");
    answered(await copy("REPLACE"), 200);
    answered(await writer.put(at(bucket, "k"), "bytes", { "x-amz-tagging": "team=red" }), 200);
  });

  it("on a copy's source is met however the source is spelled, and by copies alone", async () => {
    const bucket = await server.bucket();
    for (const key of ["secret", "open"]) answered(await server.client.put(at(bucket, key), "bytes"), 200);
    const Condition = { StringLike: { "s3:x-amz-copy-source": `${bucket}/secre?` } };
    const denied = await user(
      allow("s3:*"),
      policy({ Effect: "Deny", Action: "s3:PutObject", Resource: "*", Condition }),
    );
    for (const source of [
      `${bucket}/secret`,
      `/${bucket}/secret`,
      `${bucket}/%73ecret`,
      `/${bucket}%2Fsecret`,
      `/${bucket}/secret?versionId=null`,
    ]) {
      const answer = await denied.put(at(bucket, "k"), "", { "x-amz-copy-source": source });
      expect([source, code(answer)]).toEqual([source, "403 AccessDenied"]);
    }
    answered(await denied.put(at(bucket, "k"), "", { "x-amz-copy-source": `${bucket}/open` }), 200);
    const copier = await user(policy({ Effect: "Allow", Action: "s3:PutObject", Resource: "*", Condition }));
    const claim = { "x-amz-copy-source": `${bucket}/secret` };
    refused(await post(copier, bucket, "evil", { fields: { key: "k", ...claim } }), 403, "AccessDenied");
    refused(await copier.post(`${at(bucket, "k")}?uploads`, "", claim), 403, "AccessDenied");
  });

  it.each(["cf-connecting-ip", "x-forwarded-for", "x-real-ip", "true-client-ip"])(
    "on the client's address does not believe %s from the client",
    async (name) => {
      const bucket = await server.bucket();
      answered(await server.client.put(at(bucket, "k"), "bytes"), 200);
      const at10 = policy({
        Effect: "Allow",
        Action: "s3:*",
        Resource: "*",
        Condition: { IpAddress: { "aws:SourceIp": "10.0.0.0/8" } },
      });
      refused(await (await user(at10)).get(at(bucket, "k"), { [name]: "10.0.0.1" }), 403, "AccessDenied");
      const here = await user(at10.replace("10.0.0.0/8", "127.0.0.0/8"));
      answered(await here.get(at(bucket, "k"), { [name]: "10.0.0.1" }), 200);
    },
  );

  it("on an object's tags holds for whatever reads or moves it", async () => {
    const bucket = await enforced();
    answered(await server.client.put(at(bucket, "s"), "bytes", { "x-amz-tagging": "secret=yes" }), 200);
    answered(await server.client.put(at(bucket, "o"), "bytes", { "x-amz-tagging": "secret=no" }), 200);
    const Condition = { StringEquals: { "s3:ExistingObjectTag/secret": "yes" } };
    const reader = await user(
      allow("s3:*"),
      policy({
        Effect: "Deny",
        Action: ["s3:GetObject", "s3:DeleteObjectTagging"],
        Resource: "*",
        Condition,
      }),
    );
    const id = uploadIdOf(answered(await reader.post(`${at(bucket, "m")}?uploads`), 200));
    const acts = (key: string): (() => Promise<Answer>)[] => [
      () => reader.get(at(bucket, key)),
      () => reader.head(at(bucket, key)),
      () => reader.get(`${at(bucket, key)}?attributes`, { "x-amz-object-attributes": "ETag" }),
      () => reader.put(at(bucket, "c"), "", { "x-amz-copy-source": at(bucket, key) }),
      () =>
        reader.put(`${at(bucket, "m")}?partNumber=1&uploadId=${id}`, "", {
          "x-amz-copy-source": at(bucket, key),
        }),
      () => reader.put(`${at(bucket, "r")}?renameObject`, "", { "x-amz-rename-source": at(bucket, key) }),
    ];
    for (const act of acts("s")) expect((await act()).status).toBe(403);
    refused(await reader.delete(`${at(bucket, "s")}?tagging`), 403, "AccessDenied");
    for (const act of acts("o")) expect((await act()).status).toBe(200);
  });
});

describe("an upload that will be another account's object", () => {
  it("is for it and the bucket's owner to see, go on with and end", async () => {
    const bucket = await server.bucket();
    answered(await server.client.put(`/${bucket}?acl`, "", { "x-amz-acl": "public-read-write" }), 200);
    const path = at(bucket, "k");
    const id = uploadIdOf(answered(await other.post(`${path}?uploads`), 200));
    const part = answered(await other.put(`${path}?partNumber=1&uploadId=${id}`, "mine"), 200);
    const listed = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${part.headers.etag}</ETag></Part></CompleteMultipartUpload>`;
    refused(await third.put(`${path}?partNumber=1&uploadId=${id}`, "evil"), 404, "NoSuchUpload");
    refused(await third.get(`${path}?uploadId=${id}`), 404, "NoSuchUpload");
    refused(await third.post(`${path}?uploadId=${id}`, listed), 404, "NoSuchUpload");
    refused(await third.delete(`${path}?uploadId=${id}`), 404, "NoSuchUpload");
    const source = await server.bucket(third);
    answered(await third.put(at(source, "s"), "evil"), 200);
    const copy = { "x-amz-copy-source": at(source, "s") };
    refused(await third.put(`${path}?partNumber=1&uploadId=${id}`, "", copy), 404, "NoSuchUpload");
    answered(await server.client.get(`${path}?uploadId=${id}`), 200);
    answered(await other.post(`${path}?uploadId=${id}`, listed), 200);
    expect((await other.get(path)).text).toBe("mine");
  });

  it("is open to all who may write, where all objects are the bucket owner's", async () => {
    const bucket = await enforced();
    const principal = { AWS: "*" };
    const Action = ["s3:PutObject", "s3:ListMultipartUploadParts"];
    const Resource = `arn:aws:s3:::${bucket}/*`;
    await settle(bucket, "policy", policy({ Effect: "Allow", Principal: principal, Action, Resource }));
    const id = uploadIdOf(answered(await other.post(`${at(bucket, "k")}?uploads`), 200));
    answered(await third.put(`${at(bucket, "k")}?partNumber=1&uploadId=${id}`, "ours"), 200);
    answered(await third.get(`${at(bucket, "k")}?uploadId=${id}`), 200);
  });
});

describe("DeleteObjects", () => {
  it("decides each key by itself", async () => {
    const bucket = await enforced();
    for (const key of ["mine/a", "yours/b"]) answered(await server.client.put(at(bucket, key), "x"), 200);
    const client = await user(allow("s3:DeleteObject", `arn:aws:s3:::${bucket}/mine/*`));
    const body = `<Delete>${["mine/a", "yours/b", "yours/gone", "mine/gone"].map((key) => `<Object><Key>${key}</Key></Object>`).join("")}</Delete>`;
    const answer = answered(
      await client.post(`/${bucket}?delete`, body, { "content-md5": md5(body, "base64") }),
      200,
    );
    const result = xml(answer.text);
    expect(result.all("Deleted").map((one) => one.get("Key"))).toEqual(["mine/a", "mine/gone"]);
    expect(result.all("Error").map((one) => [one.get("Key"), one.get("Code")])).toEqual([
      ["yours/b", "AccessDenied"],
      ["yours/gone", "AccessDenied"],
    ]);
    answered(await server.client.get(at(bucket, "yours/b")), 200);
  });
});
