// What each changing operation does to a bucket, and how one sees that it was done once, wholly.

import { createHash } from "node:crypto";
import { expect } from "vitest";
import { audit, type Holdings } from "../support/audit.ts";
import type { Answer, Client } from "../support/client.ts";
import { answered, refused } from "../support/expect.ts";
import type { TestServer } from "../support/test-server.ts";
import { begin, complete, part, partPath } from "../support/uploads.ts";
import { xml } from "../support/xml.ts";

/** What a scenario begins with: names of things, by what they are. */
type Ground = Record<string, string>;

export interface Scenario {
  name: string;
  prepare(server: TestServer): Promise<Ground>;
  act(client: Client, ground: Ground): Promise<Answer>;
  /** Expects the answer that it gives when all is well. */
  right(answer: Answer, ground: Ground): void;
  /** Expects the refusal that a repetition may get because the first time stood. */
  repeated?: (answer: Answer, ground: Ground) => void;
  /** Expects what is so afterwards. */
  check(server: TestServer, ground: Ground, how: How): Promise<void>;
}

/** `inTime`: the failure passed while the Worker was repeating; `repeated`: the client had to do so. */
export interface How {
  inTime: boolean;
  repeated: boolean;
  calls: string;
}

const BYTES = "the bytes of an object";
const etagOf = (text: string) => `"${createHash("md5").update(text).digest("hex")}"`;

/** Audits the bucket; what nothing knows may lie in R2 only if a failure outlasted the Worker's patience. */
async function sound(
  server: TestServer,
  { id = "" }: Ground,
  how: How,
  expected: { named: number; litter: number; versioned?: boolean },
): Promise<Holdings> {
  const holdings = await audit(server, id);
  const { named, litter, orphans } = holdings;
  // Whoever repeats a write in a versioned bucket makes another version.
  const versions =
    expected.versioned && how.repeated ? [expected.named, expected.named + 1] : [expected.named];
  expect(versions, how.calls).toContain(named.length);
  if (how.inTime) {
    expect({ litter: litter.length, orphans }).toEqual({ litter: expected.litter, orphans: [] });
  } else {
    // A repetition may replace what the first time made.
    expect(litter.length).toBeGreaterThanOrEqual(expected.litter);
    expect(litter.length + orphans.length).toBeLessThanOrEqual(expected.litter + 1);
  }
  return holdings;
}

async function ground(
  server: TestServer,
  { versioned = false } = {},
): Promise<Ground & { bucket: string; id: string; path: string }> {
  const bucket = await server.bucket();
  if (versioned) await server.version(bucket);
  return { bucket, id: await server.idOf(bucket), path: `/${bucket}/k` };
}

async function expectBytes(server: TestServer, path: string, bytes: string): Promise<void> {
  const answer = answered(await server.client.get(path), 200);
  expect([answer.text, answer.headers["content-length"]]).toEqual([bytes, String(bytes.length)]);
}

const failedCondition = (answer: Answer) => void refused(answer, 412, "PreconditionFailed");

/** A PutObject of BYTES: `over` what was there before, with these headers. */
function put(
  name: string,
  over: string | undefined,
  headers: Record<string, string> = {},
  versioned = false,
): Scenario {
  return {
    name,
    async prepare(server) {
      const made = await ground(server, { versioned });
      if (over !== undefined) answered(await server.client.put(made.path, over), 200);
      return made;
    },
    act: (client, { path = "" }) => client.put(path, BYTES, headers),
    right: (answer) => expect(answered(answer, 200).headers.etag).toBe(etagOf(BYTES)),
    ...(Object.keys(headers).length > 0 && { repeated: failedCondition }),
    async check(server, made, how) {
      await expectBytes(server, made.path ?? "", BYTES);
      const [named, litter] = versioned ? [2, 0] : [1, over === undefined ? 0 : 1];
      await sound(server, made, how, { named, litter, versioned });
    },
  };
}

/** A CopyObject of BYTES within a bucket, or from another. */
function copy(
  name: string,
  { from, over, headers = {} }: { from: "here" | "itself" | "elsewhere"; over?: string; headers?: Ground },
): Scenario {
  return {
    name,
    async prepare(server) {
      const made = await ground(server);
      const source = from === "elsewhere" ? `/${await server.bucket()}/src` : `/${made.bucket}/src`;
      answered(await server.client.put(source, BYTES), 200);
      const path = from === "itself" ? source : made.path;
      if (over !== undefined) answered(await server.client.put(path, over), 200);
      return { ...made, path, source };
    },
    act: (client, { path = "", source = "" }) =>
      client.put(path, "", { "x-amz-copy-source": source, ...headers }),
    right: (answer) => expect(xml(answered(answer, 200).text).get("ETag")).toBe(etagOf(BYTES)),
    async check(server, made, how) {
      const { path = "", source = "" } = made;
      await expectBytes(server, path, BYTES);
      await sound(server, made, how, { named: 1, litter: over === undefined ? 0 : 1 });
      if (from === "itself") return;
      // Neither of the two takes the other's bytes along.
      answered(await server.client.delete(source), 204);
      await expectBytes(server, path, BYTES);
      await audit(server, made.id ?? "");
    },
  };
}

export const OBJECT_SCENARIOS: readonly Scenario[] = [
  put("PutObject of a new key", undefined),
  put("PutObject over an object", "what was there"),
  put("PutObject that must not replace anything", undefined, { "if-none-match": "*" }),
  put("PutObject that must replace the right object", "old", { "if-match": etagOf("old") }),
  put("PutObject with a checksum to be verified", undefined, { "content-md5": base64Md5(BYTES) }),
  copy("CopyObject within a bucket", { from: "here" }),
  copy("CopyObject within a bucket over an object", { from: "here", over: "what was there" }),
  copy("CopyObject of an object to itself", {
    from: "itself",
    headers: { "x-amz-metadata-directive": "REPLACE", "x-amz-meta-new": "yes" },
  }),
  copy("CopyObject between buckets", { from: "elsewhere" }),
  copy("CopyObject between buckets over an object", { from: "elsewhere", over: "what was there" }),
  put("PutObject over an object that is kept as a version", "what was there", {}, true),
  {
    name: "DeleteObject that leaves a delete marker",
    async prepare(server) {
      const made = await ground(server, { versioned: true });
      answered(await server.client.put(made.path, BYTES), 200);
      return made;
    },
    act: (client, { path = "" }) => client.delete(path),
    right: (answer) => expect(answered(answer, 204).headers["x-amz-delete-marker"]).toBe("true"),
    async check(server, made, how) {
      refused(await server.client.get(made.path ?? ""), 404, "NoSuchKey");
      const { text } = await server.client.get(`/${made.bucket}?versions`);
      expect(xml(text).all("Version")).toHaveLength(1);
      const markers = xml(text).all("DeleteMarker").length;
      expect(how.repeated ? [1, 2] : [1], how.calls).toContain(markers);
      await sound(server, made, how, { named: 1, litter: 0 });
    },
  },
  {
    name: "DeleteObject of a version",
    async prepare(server) {
      const made = await ground(server, { versioned: true });
      answered(await server.client.put(made.path, BYTES), 200);
      const { headers } = answered(await server.client.put(made.path, "the latest"), 200);
      return { ...made, version: String(headers["x-amz-version-id"]) };
    },
    act: (client, { path = "", version = "" }) => client.delete(`${path}?versionId=${version}`),
    right: (answer, { version }) => expect(answered(answer, 204).headers["x-amz-version-id"]).toBe(version),
    async check(server, made, how) {
      await expectBytes(server, made.path ?? "", BYTES);
      await sound(server, made, how, { named: 1, litter: 1 });
    },
  },
  {
    name: "DeleteObject",
    async prepare(server) {
      const made = await ground(server);
      answered(await server.client.put(made.path, BYTES), 200);
      return made;
    },
    act: (client, { path = "" }) => client.delete(path),
    right: (answer) => void answered(answer, 204),
    async check(server, made, how) {
      refused(await server.client.get(made.path ?? ""), 404, "NoSuchKey");
      await sound(server, made, how, { named: 0, litter: 1 });
    },
  },
  {
    name: "DeleteObjects",
    async prepare(server) {
      const made = await ground(server);
      for (const key of ["a", "b", "kept"]) {
        answered(await server.client.put(`/${made.bucket}/${key}`, key), 200);
      }
      return made;
    },
    act(client, { bucket }) {
      const keys = ["a", "b", "none"].map((key) => `<Object><Key>${key}</Key></Object>`);
      const body = `<Delete>${keys.join("")}</Delete>`;
      return client.post(`/${bucket}?delete`, body, { "content-md5": base64Md5(body) });
    },
    right: (answer) =>
      expect(xml(answered(answer, 200).text).texts("Deleted/Key")).toEqual(["a", "b", "none"]),
    async check(server, made, how) {
      const { text } = await server.client.get(`/${made.bucket}?list-type=2`);
      expect(xml(text).texts("Contents/Key")).toEqual(["kept"]);
      await sound(server, made, how, { named: 1, litter: 2 });
    },
  },
];

function base64Md5(text: string): string {
  return createHash("md5").update(text).digest("base64");
}

async function uploading(server: TestServer, ...parts: string[]) {
  const made = await ground(server);
  const upload = await begin(server.client, made.path);
  for (const [index, body] of parts.entries()) {
    await part(server.client, made.path, upload, index + 1, body);
  }
  return { ...made, upload };
}

const uploads = async (server: TestServer, { bucket }: Ground) =>
  xml((await server.client.get(`/${bucket}?uploads`)).text).texts("Upload/UploadId");

function uploadedPart(name: string, before: string[], source?: "copied"): Scenario {
  return {
    name,
    async prepare(server) {
      const made = await uploading(server, ...before);
      const other = `/${await server.bucket()}/src`;
      answered(await server.client.put(other, BYTES), 200);
      return { ...made, source: other };
    },
    act: (client, { path = "", upload = "", source: from = "" }) =>
      source === undefined
        ? client.put(partPath(path, upload, 1), BYTES)
        : client.put(partPath(path, upload, 1), "", { "x-amz-copy-source": from }),
    right: (answer) => {
      const { headers, text } = answered(answer, 200);
      expect(source === undefined ? headers.etag : xml(text).get("ETag")).toBe(etagOf(BYTES));
    },
    async check(server, made, how) {
      const { path = "", upload = "", id = "" } = made;
      const listed = xml((await server.client.get(`${path}?uploadId=${upload}`)).text);
      expect([listed.texts("Part/PartNumber"), listed.texts("Part/ETag")]).toEqual([["1"], [etagOf(BYTES)]]);
      const { orphans } = await audit(server, id);
      if (how.inTime) expect(orphans).toEqual([]);
      answered(await complete(server.client, path, upload, [{ number: 1, etag: etagOf(BYTES) }]), 200);
      await expectBytes(server, path, BYTES);
      await sound(server, made, how, { named: 1, litter: before.length });
    },
  };
}

const noSuchUpload = (answer: Answer) => void refused(answer, 404, "NoSuchUpload");

export const UPLOAD_SCENARIOS: readonly Scenario[] = [
  {
    name: "CreateMultipartUpload",
    prepare: ground,
    act: (client, { path }) => client.post(`${path}?uploads`),
    right: (answer) => expect(xml(answered(answer, 200).text).get("UploadId")).toMatch(/^\w{20,}$/),
    async check(server, made, how) {
      const begun = await uploads(server, made);
      expect(begun.length).toBeGreaterThanOrEqual(1);
      expect(begun.length).toBeLessThanOrEqual(how.repeated ? 2 : 1);
    },
  },
  uploadedPart("UploadPart", []),
  uploadedPart("UploadPart of a part uploaded before", ["what was there"]),
  uploadedPart("UploadPartCopy", [], "copied"),
  {
    name: "CompleteMultipartUpload",
    async prepare(server) {
      const made = await uploading(server, BYTES, "not wanted");
      answered(await server.client.put(made.path, "what was there"), 200);
      return made;
    },
    act: (client, { path = "", upload = "" }) =>
      complete(client, path, upload, [{ number: 1, etag: etagOf(BYTES) }]),
    right: (answer) => expect(xml(answered(answer, 200).text).get("ETag")).toMatch(/^"[0-9a-f]{32}-1"$/),
    async check(server, made, how) {
      const { path = "", upload = "" } = made;
      await expectBytes(server, path, BYTES);
      if (how.inTime) expect(await uploads(server, made)).toEqual([]);
      const again = await complete(server.client, path, upload, [{ number: 1, etag: etagOf(BYTES) }]);
      const { etag } = (await server.client.head(path)).headers;
      expect(xml(answered(again, 200).text).get("ETag")).toBe(etag);
      expect(await uploads(server, made)).toEqual([]);
      await sound(server, made, how, { named: 1, litter: 2 });
    },
  },
  {
    name: "AbortMultipartUpload",
    prepare: (server) => uploading(server, BYTES, "and more"),
    act: (client, { path, upload }) => client.delete(`${path}?uploadId=${upload}`),
    right: (answer) => void answered(answer, 204),
    repeated: noSuchUpload,
    async check(server, made, how) {
      const { path = "", upload = "" } = made;
      expect(await uploads(server, made)).toEqual([]);
      noSuchUpload(await complete(server.client, path, upload, [{ number: 1, etag: etagOf(BYTES) }]));
      await sound(server, made, how, { named: 0, litter: 2 });
    },
  },
];

let names = 0;

export const BUCKET_SCENARIOS: readonly Scenario[] = [
  {
    name: "CreateBucket",
    async prepare() {
      names += 1;
      return { bucket: `made-${names}` };
    },
    act: (client, { bucket }) => client.put(`/${bucket}`),
    right: (answer, { bucket }) => expect(answered(answer, 200).headers.location).toBe(`/${bucket}`),
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
