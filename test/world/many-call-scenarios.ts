// Scenarios of requests that take more calls than their like: bytes that pass through, objects that are looked at first, two
// commits.

import { createHash } from "node:crypto";
import { expect } from "vitest";
import { audit } from "../support/audit.ts";
import { answered, refused } from "../support/expect.ts";
import type { TestServer } from "../support/test-server.ts";
import { xml } from "../support/xml.ts";
import {
  BYTES,
  base64Md5,
  etagOf,
  expectBytes,
  type Ground,
  ground,
  type Scenario,
  sound,
} from "./scenarios.ts";

const KEY = Buffer.alloc(32, "k");
const CUSTOMER = {
  "x-amz-server-side-encryption-customer-algorithm": "AES256",
  "x-amz-server-side-encryption-customer-key": KEY.toString("base64"),
  "x-amz-server-side-encryption-customer-key-md5": createHash("md5").update(KEY).digest("base64"),
};

async function set(server: TestServer, path: string, document: string): Promise<void> {
  const { status } = await server.client.put(path, document, { "content-md5": base64Md5(document) });
  expect([200, 204]).toContain(status);
}

/** An object of two extents, made in the index itself: the least that an upload's part may have is 5 MiB. */
async function twoExtents(server: TestServer, bucket: string, key: string): Promise<void> {
  const id = await server.idOf(bucket);
  const born = Date.now().toString(36).padStart(9, "0");
  const blobs = [1, 2].map(() => `${id}/${born}-${crypto.randomUUID()}`);
  await server.order({ do: "strew", blobs });
  const extents = blobs.map((blob, i) => ({ number: i + 1, blob, size: 1 }));
  const owner = "75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a";
  const description = { headers: {}, metadata: {}, parts: 2 };
  const draft = { key, etag: `${"0".repeat(32)}-2`, size: 2, owner, description };
  const request = { draft, body: { kind: "extents", name: crypto.randomUUID(), extents }, versioning: "off" };
  const asker = { generation: 1, operationId: crypto.randomUUID() };
  const answer = await server.order({ do: "call", index: id, method: "put", args: [asker, request] });
  expect(answer).toHaveProperty("committed");
}

const tagged = (kind: string) =>
  `<Tagging><TagSet><Tag><Key>kind</Key><Value>${kind}</Value></Tag></TagSet></Tagging>`;

/** Who may touch an object depends on its tags, so that each write to it reads it first. */
const byTags = (bucket: string) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Deny",
        Principal: "*",
        Action: ["s3:PutObjectTagging", "s3:PutObjectAcl"],
        Resource: `arn:aws:s3:::${bucket}/*`,
        Condition: { StringEquals: { "s3:ExistingObjectTag/kind": "secret" } },
      },
    ],
  });

/** Whose locks may be bypassed depends on the key, so that a removal of several is made in two commits. */
const byKeys = (bucket: string) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Deny",
        Principal: "*",
        Action: "s3:BypassGovernanceRetention",
        Resource: `arn:aws:s3:::${bucket}/plain`,
      },
    ],
  });

const UNTIL = `${new Date().getUTCFullYear() + 1}-06-01T12:00:00.000Z`;

export const MANY_CALL_SCENARIOS: readonly Scenario[] = [
  {
    name: "PutObject under a client's key",
    operation: "PutObject",
    async prepare(server) {
      const made = await ground(server);
      answered(await server.client.put(made.path, "what was there"), 200);
      return made;
    },
    act: (client, { path = "" }) => client.put(path, BYTES, CUSTOMER),
    right: (answer) => void answered(answer, 200),
    // What is kept of the key is salted, and so never the same.
    look: async (server, { path = "" }) => {
      const { status } = await server.client.get(path, CUSTOMER);
      return { objects: String(status), rest: "" };
    },
    async check(server, made, how) {
      const { path = "" } = made;
      expect(answered(await server.client.get(path, CUSTOMER), 200).text).toBe(BYTES);
      await sound(server, made, how, { named: 1, litter: 1 });
    },
  },
  {
    name: "CopyObject between buckets of an object in parts",
    operation: "CopyObject",
    async prepare(server) {
      const [from, made] = [await server.bucket(), await ground(server)];
      await twoExtents(server, from, "src");
      return { ...made, source: `/${from}/src` };
    },
    act: (client, { path = "", source = "" }) => client.put(path, "", { "x-amz-copy-source": source }),
    right: (answer) => expect(xml(answered(answer, 200).text).get("ETag")).toBe(etagOf("xx")),
    async check(server, made, how) {
      await expectBytes(server, made.path ?? "", "xx");
      await sound(server, made, how, { named: 1, litter: 0 });
    },
  },
  {
    name: "CopyObject within a bucket, with a checksum that is not known yet",
    operation: "CopyObject",
    async prepare(server) {
      const made = await ground(server);
      answered(await server.client.put(`/${made.bucket}/src`, BYTES), 200);
      return made;
    },
    act: (client, { path = "", bucket }) =>
      client.put(path, "", { "x-amz-copy-source": `/${bucket}/src`, "x-amz-checksum-algorithm": "SHA256" }),
    right: (answer) => expect(xml(answered(answer, 200).text).get("ChecksumSHA256")).toMatch(/=$/),
    async check(server, made, how) {
      await expectBytes(server, made.path ?? "", BYTES);
      await sound(server, made, how, { named: 2, litter: 0 });
    },
  },
  {
    name: "PutObjectTagging of an object whose tags decide",
    operation: "PutObjectTagging",
    async prepare(server) {
      const made = await ground(server);
      answered(await server.client.put(made.path, BYTES, { "x-amz-tagging": "kind=open" }), 200);
      await set(server, `/${made.bucket}?policy`, byTags(made.bucket));
      return made;
    },
    act(client, { path }) {
      const document = tagged("secret");
      return client.put(`${path}?tagging`, document, { "content-md5": base64Md5(document) });
    },
    right: (answer) => void answered(answer, 200),
    // Once it stands, nobody may do it again.
    repeated: (answer) => void refused(answer, 403, "AccessDenied"),
    async check(server, { path = "", id = "" }) {
      const { text } = answered(await server.client.get(`${path}?tagging`), 200);
      expect(xml(text).texts("TagSet/Tag/Value")).toEqual(["secret"]);
      await audit(server, id);
    },
  },
  {
    name: "DeleteObjects in two commits",
    operation: "DeleteObjects",
    piecemeal: true,
    prepare: lockedAndPlain,
    act(client, { bucket, locked, plain }) {
      const object = (key: string, version = "") =>
        `<Object><Key>${key}</Key><VersionId>${version}</VersionId></Object>`;
      const body = `<Delete>${object("locked", locked)}${object("plain", plain)}</Delete>`;
      const bypass = { "x-amz-bypass-governance-retention": "true" };
      return client.post(`/${bucket}?delete`, body, { "content-md5": base64Md5(body), ...bypass });
    },
    right: (answer) =>
      expect(xml(answered(answer, 200).text).texts("Deleted/Key")).toEqual(["locked", "plain"]),
    async check(server, made, how) {
      const { text } = await server.client.get(`/${made.bucket}?versions`);
      expect(xml(text).all("Version")).toEqual([]);
      await sound(server, made, how, { named: 0, litter: 2 });
    },
  },
];

async function lockedAndPlain(server: TestServer): Promise<Ground> {
  const made = await ground(server, { versioned: true });
  const lock =
    "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>";
  await set(server, `/${made.bucket}?object-lock`, lock);
  await set(server, `/${made.bucket}?policy`, byKeys(made.bucket));
  const version = async (key: string, headers: Record<string, string>) => {
    const answer = answered(
      await server.client.put(`/${made.bucket}/${key}`, `${key} ${BYTES}`, headers),
      200,
    );
    return String(answer.headers["x-amz-version-id"]);
  };
  const locked = await version("locked", {
    "x-amz-object-lock-mode": "GOVERNANCE",
    "x-amz-object-lock-retain-until-date": UNTIL,
  });
  return { ...made, locked, plain: await version("plain", {}) };
}
