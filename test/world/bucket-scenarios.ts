// Scenarios of buckets, of their settings, and of what is said of objects beside their bytes.

import { expect } from "vitest";
import { audit } from "../support/audit.ts";
import { answered, refused } from "../support/expect.ts";
import type { TestServer } from "../support/test-server.ts";
import { visible } from "../support/visible.ts";
import { xml } from "../support/xml.ts";
import { BYTES, base64Md5, expectBytes, type Ground, ground, type Scenario, uploading } from "./scenarios.ts";

let names = 0;

const LIFE: readonly Scenario[] = [
  {
    name: "CreateBucket",
    operation: "CreateBucket",
    async prepare() {
      names += 1;
      return { bucket: `made-${names}` };
    },
    act: (client, { bucket }) => client.put(`/${bucket}`),
    right: (answer, { bucket }) => expect(answered(answer, 200).headers.location).toBe(`/${bucket}`),
    async look(server, { bucket = "" }) {
      const text = "select id from bucket where name = ?";
      const [row] = await server.order<{ id: string }[]>({ do: "d1", text, bindings: [bucket] });
      return row === undefined ? { objects: "none", rest: "no bucket" } : visible(server, bucket, row.id);
    },
    async check(server, made) {
      const { bucket } = made;
      answered(await server.client.put(`/${bucket}/k`, BYTES), 200);
      await expectBytes(server, `/${bucket}/k`, BYTES);
      const { text } = await server.client.get(`/?prefix=${bucket}`);
      expect(
        xml(text)
          .texts("Buckets/Bucket/Name")
          .filter((name) => name === bucket),
      ).toHaveLength(1);
    },
  },
  {
    name: "DeleteBucket",
    operation: "DeleteBucket",
    prepare: (server) => uploading(server, BYTES),
    act: (client, { bucket }) => client.delete(`/${bucket}`),
    right: (answer) => void answered(answer, 204),
    repeated: (answer) => void refused(answer, 404, "NoSuchBucket"),
    async check(server, made, how) {
      const { bucket, path = "" } = made;
      expect((await server.client.head(`/${bucket}`)).status).toBe(404);
      const { litter, parts, orphans } = await audit(server, made.id ?? "");
      expect(parts).toEqual([]);
      expect(litter.length + orphans.length).toBe(1);
      if (how.inTime && !how.calls.includes("d1.batch d1.batch")) expect(orphans).toEqual([]);
      answered(await server.client.put(`/${bucket}`), 200);
      answered(await server.client.put(path, BYTES), 200);
      await expectBytes(server, path, BYTES);
    },
  },
];

/** How a setting is said, and what shows it. A text with BUCKET in it means the bucket's name. */
interface Setting {
  /** The subresource. */
  of: string;
  put?: string;
  headers?: Record<string, string>;
  /** What a GET shows once it is set. */
  shows: string;
  /** What has to be set before. */
  first?: [subresource: string, document: string][];
}

const send = (server: TestServer, bucket: string, path: string, document: string) => {
  const body = document.replaceAll("BUCKET", bucket);
  return server.client.put(`/${bucket}${path}`, body, { "content-md5": base64Md5(body) });
};

async function prepared(server: TestServer, first: Setting["first"] = []): Promise<Ground> {
  const made = await ground(server);
  answered(await server.client.put(made.path, BYTES), 200);
  for (const [sub, document] of first) {
    const { status, text } = await send(server, made.bucket, `?${sub}`, document);
    expect({ sub, text, isSet: status < 300 }).toEqual({ sub, text, isSet: true });
  }
  return made;
}

/** Setting it, on the bucket or (`at`) on its object. */
function sets(operation: string, { of, put = "", headers, shows, first = [] }: Setting, at = ""): Scenario {
  return {
    name: operation,
    operation,
    prepare: (server) => prepared(server, first),
    act(client, { bucket = "" }) {
      const body = put.replaceAll("BUCKET", bucket);
      const md5: Record<string, string> = body === "" ? {} : { "content-md5": base64Md5(body) };
      return client.put(`/${bucket}${at}?${of}`, body, { ...md5, ...headers });
    },
    right: (answer) => expect([200, 204], answer.text).toContain(answer.status),
    async check(server, { bucket = "", id = "" }) {
      const { text } = answered(await server.client.get(`/${bucket}${at}?${of}`), 200);
      expect(text).toContain(shows.replaceAll("BUCKET", bucket));
      await expectBytes(server, `/${bucket}/k`, BYTES);
      await audit(server, id);
    },
  };
}

/** Taking it away again. */
function removes(operation: string, code: string, { of, put = "", first = [] }: Setting, at = ""): Scenario {
  return {
    name: operation,
    operation,
    async prepare(server) {
      const made = await prepared(server, first);
      const { status } = await send(server, made.bucket ?? "", `${at}?${of}`, put);
      expect([200, 204]).toContain(status);
      return made;
    },
    act: (client, { bucket }) => client.delete(`/${bucket}${at}?${of}`),
    right: (answer) => void answered(answer, 204),
    async check(server, { bucket = "", id = "" }) {
      const answer = await server.client.get(`/${bucket}${at}?${of}`);
      if (code === "") expect(xml(answered(answer, 200).text).all("TagSet/Tag")).toEqual([]);
      else refused(answer, 404, code);
      await audit(server, id);
    },
  };
}

const CORS: Setting = {
  of: "cors",
  put: "<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>https://a.example</AllowedOrigin></CORSRule></CORSConfiguration>",
  shows: "<AllowedOrigin>https://a.example</AllowedOrigin>",
};
const ENCRYPTION: Setting = {
  of: "encryption",
  put: "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>",
  shows: "<SSEAlgorithm>AES256</SSEAlgorithm>",
};
const ownership = (rule: string) =>
  `<OwnershipControls><Rule><ObjectOwnership>${rule}</ObjectOwnership></Rule></OwnershipControls>`;
const OWNERSHIP: Setting = {
  of: "ownershipControls",
  put: ownership("BucketOwnerPreferred"),
  shows: "BucketOwnerPreferred",
};
const POLICY: Setting = {
  of: "policy",
  put: '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":{"AWS":"123456789012"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::BUCKET/*"}]}',
  shows: '"Resource":"arn:aws:s3:::BUCKET/*"',
};
const TAGS: Setting = {
  of: "tagging",
  put: "<Tagging><TagSet><Tag><Key>kind</Key><Value>cat</Value></Tag></TagSet></Tagging>",
  shows: "<Value>cat</Value>",
};
const ACCESS: Setting = {
  of: "publicAccessBlock",
  put: "<PublicAccessBlockConfiguration><IgnorePublicAcls>true</IgnorePublicAcls></PublicAccessBlockConfiguration>",
  shows: "<IgnorePublicAcls>true</IgnorePublicAcls>",
};
const VERSIONING: Setting = {
  of: "versioning",
  put: "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
  shows: "<Status>Enabled</Status>",
};
const LOCK: Setting = {
  of: "object-lock",
  put: "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>",
  shows: "<ObjectLockEnabled>Enabled</ObjectLockEnabled>",
  first: [["versioning", VERSIONING.put ?? ""]],
};
const LOCKED: Setting["first"] = [...(LOCK.first ?? []), ["object-lock", LOCK.put ?? ""]];
const UNTIL = `${new Date().getUTCFullYear() + 1}-06-01T12:00:00.000Z`;
const OWNER = "75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a";
/** A grant to the owner: ACLs are the same whomever they name. */
const ACL: Setting = {
  of: "acl",
  headers: { "x-amz-grant-read-acp": `id=${OWNER}` },
  shows: "<Permission>READ_ACP</Permission>",
  first: [["ownershipControls", ownership("ObjectWriter")]],
};

export const BUCKET_SCENARIOS: readonly Scenario[] = [
  ...LIFE,
  sets("PutBucketAcl", ACL),
  sets("PutObjectAcl", ACL, "/k"),
  sets("PutBucketCors", CORS),
  removes("DeleteBucketCors", "NoSuchCORSConfiguration", CORS),
  sets("PutBucketEncryption", ENCRYPTION),
  {
    ...removes("DeleteBucketEncryption", "", ENCRYPTION),
    // Encryption reads the same without the setting; but a copy onto itself is then one that changes nothing.
    async check(server, { bucket = "", id = "" }) {
      const source = `/${bucket}/k`;
      refused(await server.client.put(source, "", { "x-amz-copy-source": source }), 400, "InvalidRequest");
      await audit(server, id);
    },
  },
  sets("PutBucketOwnershipControls", OWNERSHIP),
  removes("DeleteBucketOwnershipControls", "OwnershipControlsNotFoundError", OWNERSHIP),
  sets("PutBucketPolicy", POLICY),
  removes("DeleteBucketPolicy", "NoSuchBucketPolicy", POLICY),
  sets("PutBucketTagging", TAGS),
  removes("DeleteBucketTagging", "NoSuchTagSet", TAGS),
  sets("PutBucketVersioning", VERSIONING),
  sets("PutPublicAccessBlock", ACCESS),
  removes("DeletePublicAccessBlock", "NoSuchPublicAccessBlockConfiguration", ACCESS),
  sets("PutObjectLockConfiguration", LOCK),
  sets("PutObjectTagging", TAGS, "/k"),
  removes("DeleteObjectTagging", "", TAGS, "/k"),
  sets(
    "PutObjectRetention",
    {
      of: "retention",
      put: `<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>${UNTIL}</RetainUntilDate></Retention>`,
      shows: "<Mode>GOVERNANCE</Mode>",
      first: LOCKED,
    },
    "/k",
  ),
  sets(
    "PutObjectLegalHold",
    {
      of: "legal-hold",
      put: "<LegalHold><Status>ON</Status></LegalHold>",
      shows: "<Status>ON</Status>",
      first: LOCKED,
    },
    "/k",
  ),
];
