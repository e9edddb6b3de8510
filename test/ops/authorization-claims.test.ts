import { beforeAll, describe, expect, it } from "vitest";
import { md5 } from "../support/checksums.ts";
import { at } from "../support/client.ts";
import { answered, refused } from "../support/expect.ts";
import { post } from "../support/forms.ts";
import { allow, Iam, policy } from "../support/iam.ts";
import { useServer } from "../support/server.ts";
import { settleBucket } from "../support/settle-bucket.ts";
import { xml } from "../support/xml.ts";

const server = useServer({ legacyAcl: true });
const TAGGED = { "x-amz-tagging": "public=yes" };
let iam: Iam;

beforeAll(() => {
  iam = new Iam(server.client);
});

const user = (...documents: string[]) => iam.userWith(...documents);

const settle = (bucket: string, subresource: string, body: string) =>
  settleBucket(server.client, bucket, subresource, body);

async function openTo(action: string | string[], ownership: string): Promise<string> {
  const bucket = await server.bucket();
  const rule = `<Rule><ObjectOwnership>${ownership}</ObjectOwnership></Rule>`;
  await settle(bucket, "ownershipControls", `<OwnershipControls>${rule}</OwnershipControls>`);
  const Resource = `arn:aws:s3:::${bucket}/*`;
  await settle(bucket, "policy", policy({ Effect: "Allow", Principal: "*", Action: action, Resource }));
  return bucket;
}

describe("whoever does not sign, and may put objects,", () => {
  it("gives no tags to what will be the bucket owner's", async () => {
    const bucket = await openTo("s3:PutObject", "BucketOwnerEnforced");
    const path = at(bucket, "k");
    refused(await server.client.sendSigned("PUT", path, TAGGED, "bytes"), 403, "AccessDenied");
    refused(await server.client.sendSigned("POST", `${path}?uploads`, TAGGED), 403, "AccessDenied");
    refused(await server.client.get(path), 404, "NoSuchKey");
    answered(await server.client.sendSigned("PUT", path, {}, "bytes"), 200);
  });

  it("does so if a policy says that, too", async () => {
    const bucket = await openTo(["s3:PutObject", "s3:PutObjectTagging"], "BucketOwnerEnforced");
    answered(await server.client.sendSigned("PUT", at(bucket, "k"), TAGGED, "bytes"), 200);
  });

  it("gives them to what will be its own", async () => {
    const bucket = await openTo("s3:PutObject", "ObjectWriter");
    answered(await server.client.sendSigned("PUT", at(bucket, "k"), TAGGED, "bytes"), 200);
  });
});

describe("a condition on the version", () => {
  async function versions(): Promise<{ bucket: string; path: string; ids: [string, string] }> {
    const bucket = await server.bucket();
    await server.version(bucket);
    const path = at(bucket, "k");
    const put = async (bytes: string) =>
      String(answered(await server.client.put(path, bytes), 200).headers["x-amz-version-id"]);
    return { bucket, path, ids: [await put("secret"), await put("open")] };
  }
  const only = (id: string, Action: string[]) =>
    policy({
      Effect: "Allow",
      Action,
      Resource: "*",
      Condition: { StringEquals: { "s3:VersionId": id } },
    });

  it("is about the version that a copy takes, whatever its own parameters claim", async () => {
    const {
      bucket,
      path,
      ids: [secret, open],
    } = await versions();
    const client = await user(allow("s3:PutObject"), only(open, ["s3:GetObjectVersion"]));
    const copy = (id: string, claim: string) =>
      client.put(`${at(bucket, "copy")}${claim}`, "", { "x-amz-copy-source": `${path}?versionId=${id}` });
    refused(await client.get(`${path}?versionId=${secret}`), 403, "AccessDenied");
    refused(await copy(secret, ""), 403, "AccessDenied");
    refused(await copy(secret, `?versionId=${open}`), 403, "AccessDenied");
    answered(await copy(open, ""), 200);
    answered(await copy(open, `?versionId=${secret}`), 200);
  });

  it("is about each version that DeleteObjects names", async () => {
    const {
      bucket,
      path,
      ids: [kept, free],
    } = await versions();
    const client = await user(only(free, ["s3:DeleteObjectVersion"]));
    const objects = [kept, free].map((id) => `<Object><Key>k</Key><VersionId>${id}</VersionId></Object>`);
    const body = `<Delete>${objects.join("")}</Delete>`;
    const answer = await client.post(`/${bucket}?delete&versionId=${free}`, body, {
      "content-md5": md5(body, "base64"),
    });
    const result = xml(answered(answer, 200).text);
    expect(result.all("Deleted").map((one) => one.get("VersionId"))).toEqual([free]);
    expect(result.all("Error").map((one) => [one.get("VersionId"), one.get("Code")])).toEqual([
      [kept, "AccessDenied"],
    ]);
    answered(await server.client.get(`${path}?versionId=${kept}`), 200);
  });
});

describe("a condition on tags", () => {
  const Condition = { StringEquals: { "s3:RequestObjectTag/public": "yes" } };

  it("is met by tags that are given, in a header or in a form", async () => {
    const bucket = await server.bucket();
    const Action = ["s3:PutObject", "s3:PutObjectTagging"];
    const client = await user(policy({ Effect: "Allow", Action, Resource: "*", Condition }));
    const tagging = "<Tagging><TagSet><Tag><Key>public</Key><Value>yes</Value></Tag></TagSet></Tagging>";
    answered(await client.put(at(bucket, "k"), "bytes", TAGGED), 200);
    answered(await post(client, bucket, "bytes", { fields: { key: "f", tagging } }), 204);
    answered(await client.put(`${at(bucket, "k")}?tagging`, tagging), 200);
    const other = tagging.replace("yes", "no");
    refused(
      await post(client, bucket, "bytes", { fields: { key: "f", tagging: other } }),
      403,
      "AccessDenied",
    );
    refused(await client.put(`${at(bucket, "k")}?tagging`, other), 403, "AccessDenied");
    refused(await client.put(`${at(bucket, "k")}?tagging`, other, TAGGED), 403, "AccessDenied");
  });

  it("is not met by a new name, which gives none", async () => {
    const bucket = await server.bucket();
    answered(await server.client.put(at(bucket, "k"), "bytes"), 200);
    const client = await user(
      policy({ Effect: "Allow", Action: "s3:PutObject", Resource: "*", Condition }),
      allow(["s3:GetObject", "s3:DeleteObject"]),
    );
    const source = { "x-amz-rename-source": at(bucket, "k") };
    const answer = await client.put(`${at(bucket, "new")}?renameObject`, "", { ...source, ...TAGGED });
    refused(answer, 403, "AccessDenied");
  });
});
