import { beforeAll, describe, expect, it } from "vitest";
import { seeded } from "../auth/random.ts";
import { audit } from "../support/audit.ts";
import { md5 } from "../support/checksums.ts";
import { at } from "../support/client.ts";
import { answered, refused } from "../support/expect.ts";
import { BOUNDARY, type FormOptions, multipart, post, postForm, signedFields } from "../support/forms.ts";
import { useServer } from "../support/server.ts";
import { xml } from "../support/xml.ts";

const server = useServer();
let bucket: string;

beforeAll(async () => {
  bucket = await server.bucket();
});

const send = (file: string | Uint8Array, options: FormOptions & { fileName?: string } = {}) =>
  post(server.client, bucket, file, options);
const read = (key: string) => server.client.get(at(bucket, key));

/** What a field says where the file's name is to stand. */
const FILE_NAME = "$" + "{filename}";

describe("PostObject", () => {
  it("makes an object of a form's file, and answers with its etag and its place", async () => {
    const { headers, text } = answered(await send("some bytes", { fields: { key: "a/b c" } }), 204);
    expect([text, headers.etag]).toEqual(["", `"${md5("some bytes")}"`]);
    expect(headers.location).toBe(`${server.url}/${bucket}/a%2Fb%20c`);
    const found = answered(await read("a/b c"), 200);
    expect([found.text, found.headers["content-type"]]).toEqual(["some bytes", "binary/octet-stream"]);
  });

  it("keeps what the fields say, as a PUT keeps its headers", async () => {
    const said = {
      "content-type": "text/plain",
      "cache-control": "max-age=60",
      "content-disposition": 'attachment; filename="x"',
      "content-encoding": "identity",
      "content-language": "de",
      expires: "Wed, 21 Oct 2037 07:28:00 GMT",
      "x-amz-meta-color": "green",
      "x-amz-website-redirect-location": "/other",
      "x-amz-server-side-encryption": "AES256",
      "x-amz-storage-class": "STANDARD",
    };
    const tagging = "<Tagging><TagSet><Tag><Key>a+b</Key><Value>1=2</Value></Tag></TagSet></Tagging>";
    answered(
      await send("x", { fields: { key: "said", acl: "bucket-owner-full-control", tagging, ...said } }),
      204,
    );
    const { headers } = answered(await read("said"), 200);
    const { "x-amz-storage-class": _standard, ...shown } = said;
    expect(headers).toMatchObject({ ...shown, "x-amz-tagging-count": "1" });
    const tags = answered(await server.client.get(`${at(bucket, "said")}?tagging`), 200);
    expect(tags.text).toContain("<Key>a+b</Key><Value>1=2</Value>");
  });

  it("takes names beyond ASCII in keys and metadata", async () => {
    const fields = { key: "grün/\u{1f600}", "x-amz-meta-name": "Grüße" };
    answered(await send("x", { fields }), 204);
    const { headers } = answered(await read("grün/\u{1f600}"), 200);
    expect(Buffer.from(String(headers["x-amz-meta-name"]), "latin1").toString()).toBe("Grüße");
  });

  it("puts the file's name where a field says so, without its folders", async () => {
    const fields = { key: `in/${FILE_NAME}`, "x-amz-meta-from": FILE_NAME };
    const conditions = [
      ["starts-with", "$key", "in/"],
      ["starts-with", "$x-amz-meta-from", ""],
    ];
    const uncovered = ["key", "x-amz-meta-from"];
    answered(await send("x", { fields, conditions, uncovered, fileName: "C:\\dir\\note.txt" }), 204);
    expect(answered(await read("in/note.txt"), 200).headers["x-amz-meta-from"]).toBe("note.txt");
  });

  it("holds the policy against the key with the file's name in it", async () => {
    const fields = { key: FILE_NAME };
    const options = { fields, uncovered: ["key"], conditions: [["starts-with", "$key", "mine/"]] };
    refused(await send("x", { ...options, fileName: "theirs.txt" }), 403, "AccessDenied");
    refused(await send("x", { fields, fileName: "x.txt" }), 403, "AccessDenied");
  });

  it("passes over whatever comes behind the file", async () => {
    const parts = Object.entries(signedFields(server.client, bucket, { fields: { key: "early" } }));
    const late = [["key", "late"] as const, ["submit", "Upload"] as const];
    answered(await postForm(server.client, `/${bucket}`, [...parts, ["file", "x", "f"], ...late]), 204);
    answered(await read("early"), 200);
    refused(await read("late"), 404, "NoSuchKey");
  });

  it("makes a version where there are versions", async () => {
    const versioned = await server.bucket();
    await server.version(versioned);
    const first = answered(await post(server.client, versioned, "one"), 204).headers["x-amz-version-id"];
    const second = answered(await post(server.client, versioned, "two"), 204).headers["x-amz-version-id"];
    expect(first).not.toBe(second);
    expect((await server.client.get(`/${versioned}/form?versionId=${first}`)).text).toBe("one");
  });

  it("stores under a client's key, and gives it back for that key only", async () => {
    const key = Buffer.alloc(32, 7);
    const name = "x-amz-server-side-encryption-customer";
    const fields = {
      [`${name}-algorithm`]: "AES256",
      [`${name}-key`]: key.toString("base64"),
      [`${name}-key-md5`]: Buffer.from(md5(key), "hex").toString("base64"),
    };
    answered(await send("secret", { fields: { key: "sealed", ...fields } }), 204);
    refused(await read("sealed"), 400, "InvalidRequest");
    expect(answered(await server.client.get(at(bucket, "sealed"), fields), 200).text).toBe("secret");
  });
});

describe("the answer to a form", () => {
  it.each([
    ["200", 200],
    ["204", 204],
    ["404", 204],
    ["", 204],
  ])("that asks for status %j is %i, with nothing in it", async (status, expected) => {
    const fields = { key: "status", success_action_status: status };
    expect(answered(await send("x", { fields }), expected).text).toBe("");
  });

  it("that asks for status 201 is a document", async () => {
    const fields = { key: "a/<b>", success_action_status: "201" };
    const { text, headers } = answered(await send("x", { fields }), 201);
    const document = xml(text);
    expect([document.name, document.get("Bucket"), document.get("Key")]).toEqual([
      "PostResponse",
      bucket,
      "a/<b>",
    ]);
    expect([document.get("Location"), document.get("ETag")]).toEqual([headers.location, headers.etag]);
    expect(text).not.toContain("xmlns");
  });

  it.each([
    ["success_action_redirect", "http://example.com/done", "?"],
    ["redirect", "https://example.com/done?a=b", "&"],
  ])("that asks for a redirect by %s goes there, told what was made", async (name, url, joint) => {
    const { headers, text } = answered(await send("x", { fields: { key: "to/go", [name]: url } }), 303);
    const told = `bucket=${bucket}&key=to%2Fgo&etag=%22${md5("x")}%22`;
    expect([headers.location, text]).toEqual([`${url}${joint}${told}`, ""]);
  });

  it.each(["not a url", "ftp://example.com/", "javascript:alert(1)", "http://", "http://a\r\nx: y"])(
    "that asks for a redirect to %j is none",
    async (url) => {
      const { headers } = answered(await send("x", { fields: { success_action_redirect: url } }), 204);
      expect(headers.location).toBe(`${server.url}/${bucket}/form`);
    },
  );
});

describe("a form", () => {
  it("signed with version 2 is taken", async () => {
    answered(await send("x", { version: 2, fields: { key: "old" } }), 204);
    const change = { signature: "YWFhYWFhYWFhYWFhYWFhYWFhYWE=" };
    refused(await send("x", { version: 2, change }), 403, "SignatureDoesNotMatch");
    refused(await send("x", { version: 2, change: { AWSAccessKeyId: "foo" } }), 403, "InvalidAccessKeyId");
  });

  it("of a stranger's key is refused, and changes nothing", async () => {
    const { client } = await server.account("Stranger");
    refused(await post(client, bucket, "x", { fields: { key: "theirs" } }), 403, "AccessDenied");
    refused(await read("theirs"), 404, "NoSuchKey");
  });

  it("that nobody signed is refused", async () => {
    refused(
      await postForm(server.client, `/${bucket}`, [
        ["key", "k"],
        ["file", "x", "f"],
      ]),
      403,
      "AccessDenied",
    );
  });

  it("for a bucket that is not there is refused", async () => {
    refused(await post(server.client, "not-there", "x"), 404, "NoSuchBucket");
  });

  it("that is none is refused", async () => {
    const odd = (headers: Record<string, string>, body: string | Buffer) =>
      server.client.sendSigned(
        "POST",
        `/${bucket}`,
        { "content-length": String(body.length), ...headers },
        body,
      );
    const error = refused(
      await odd({ "content-type": "application/x-www-form-urlencoded" }, "key=k"),
      412,
      "PreconditionFailed",
    );
    expect(error.get("Condition")).toContain("multipart/form-data");
    refused(await odd({}, ""), 412, "PreconditionFailed");
    refused(await odd({ "content-type": "multipart/form-data" }, "x"), 400, "MalformedPOSTRequest");
    refused(
      await odd({ "content-type": "multipart/form-data; boundary=x" }, ""),
      400,
      "MalformedPOSTRequest",
    );
    const wrong = multipart(
      [
        ["key", "k"],
        ["file", "x", "f"],
      ],
      "other",
    );
    refused(
      await odd({ "content-type": "multipart/form-data; boundary=x" }, wrong),
      400,
      "MalformedPOSTRequest",
    );
  });

  it("without a key, or with an impossible one, is refused", async () => {
    const error = refused(await send("x", { change: { key: undefined } }), 400, "InvalidArgument");
    expect(error.get("ArgumentName")).toBe("key");
    refused(await send("x", { fields: { key: "" } }), 400, "InvalidArgument");
    refused(await send("x", { fields: { key: "k".repeat(1025) } }), 400, "KeyTooLongError");
  });

  it("whose file never ends leaves nothing", async () => {
    const own = await server.bucket();
    const whole = multipart([
      ...Object.entries(signedFields(server.client, own)),
      ["file", "x".repeat(300_000), "f"],
    ]);
    const body = whole.subarray(0, -6);
    const headers = {
      "content-type": "multipart/form-data; boundary=----form-of-a-test",
      "content-length": String(body.length),
    };
    refused(await server.client.sendSigned("POST", `/${own}`, headers, body), 400, "MalformedPOSTRequest");
    expect(await audit(server, await server.idOf(own))).toMatchObject({ named: [], orphans: [] });
  });

  it("with a field that no header can carry is refused", async () => {
    refused(await send("x", { fields: { "x-amz-meta-a": "b\r\nc" } }), 400, "InvalidArgument");
    refused(await send("x", { fields: { "x-amz-meta-ü": "b" } }), 400, "InvalidArgument");
    refused(await send("x", { fields: { tagging: "<Tagging>" } }), 400, "MalformedXML");
    refused(await send("x", { fields: { "x-amz-storage-class": "LUKEWARM" } }), 400, "InvalidStorageClass");
  });

  it("for a bucket whose settings changed is decided again, and its file sent once", async () => {
    const own = await server.bucket();
    const late = server.client.world("late");
    answered(await post(late, own, "first"), 204);
    await server.version(own);
    const { headers, bill } = answered(await post(late, own, "second"), 204);
    expect([bill.classA, typeof headers["x-amz-version-id"]]).toEqual([1, "string"]);
    expect((await server.client.get(`/${own}/form`)).text).toBe("second");
  });

  it("spoilt by chance is taken or refused, and never an internal error", async () => {
    const random = seeded(20_260_903);
    const ROUNDS = 250;
    const words = [
      "\r\n",
      "--",
      BOUNDARY,
      '"',
      "\\",
      "\u0000",
      "ü",
      ";",
      "=",
      "name=",
      "$" + "{filename}",
    ] as const;
    const statuses = new Map<number, number>();
    for (let round = 0; round < ROUNDS; round++) {
      const fields = signedFields(server.client, bucket, { version: random.pick([2, 4]) });
      const names = Object.keys(fields);
      const spoilt = names[random.integer(names.length)] ?? "key";
      if (random.next() < 0.5) fields[spoilt] = random.text([...words], 0, 3);
      let body = multipart([...Object.entries(fields), ["file", random.text([...words], 0, 9), "f"]]);
      if (random.next() < 0.7) {
        const at = random.integer(body.length);
        const inserted = Buffer.from(random.text([...words], 0, 2));
        body = Buffer.concat([body.subarray(0, at), inserted, body.subarray(at + random.integer(9))]);
      }
      const sent = {
        "content-type": `multipart/form-data; boundary=${BOUNDARY}`,
        "content-length": String(body.length),
      };
      const { status, text } = await server.client.sendSigned("POST", `/${bucket}`, sent, body);
      expect([random.seed, round, status < 500 || text]).toEqual([random.seed, round, true]);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    console.log(`${ROUNDS} spoilt forms (seed ${random.seed}):`, Object.fromEntries(statuses));
    expect([...statuses.keys()]).toEqual(expect.arrayContaining([204, 400, 403]));
  });
});
