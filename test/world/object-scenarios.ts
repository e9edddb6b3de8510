// Scenarios of what changes objects: puts, copies, renames, deletions, forms.

import { expect } from "vitest";
import { audit } from "../support/audit.ts";
import { checksum } from "../support/checksums.ts";
import type { Answer } from "../support/client.ts";
import { answered, refused } from "../support/expect.ts";
import { post } from "../support/forms.ts";
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

/** A body as SDKs send it: in chunks, its checksum behind it. */
const CHUNKED = {
  headers: {
    "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    "x-amz-decoded-content-length": String(BYTES.length),
    "x-amz-trailer": "x-amz-checksum-crc32",
    "content-encoding": "aws-chunked",
  },
  body: `${BYTES.length.toString(16)}\r\n${BYTES}\r\n0\r\nx-amz-checksum-crc32:${checksum("CRC32", BYTES)}\r\n\r\n`,
};

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
    operation: "PutObject",
    doubles: versioned,
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
    operation: "CopyObject",
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
  {
    ...put("PutObject in chunks", "what was there"),
    act: (client, { path = "" }) => client.put(path, CHUNKED.body, CHUNKED.headers),
  },
  {
    ...put("PutObject of a byte that its index keeps, over an object", "what was there"),
    act: (client, { path = "" }) => client.put(path, "x"),
    right: (answer) => expect(answered(answer, 200).headers.etag).toBe(etagOf("x")),
    async check(server, made, how) {
      await expectBytes(server, made.path ?? "", "x");
      await sound(server, made, how, { named: 0, litter: 1 });
    },
  },
  {
    ...put("PostObject", "what was there"),
    operation: "PostObject",
    act: (client, { bucket = "" }) => post(client, bucket, BYTES, { fields: { key: "k" } }),
    right: (answer) => expect(answered(answer, 204).headers.etag).toBe(etagOf(BYTES)),
  },
  {
    name: "RenameObject over an object",
    operation: "RenameObject",
    async prepare(server) {
      const made = await ground(server);
      answered(await server.client.put(`/${made.bucket}/old`, BYTES), 200);
      answered(await server.client.put(made.path, "what was there"), 200);
      return made;
    },
    act: (client, { path = "" }) => client.put(`${path}?renameObject`, "", { "x-amz-rename-source": "old" }),
    right: (answer) => void answered(answer, 200),
    repeated: (answer) => void refused(answer, 404, "NoSuchKey"),
    async check(server, made, how) {
      await expectBytes(server, made.path ?? "", BYTES);
      refused(await server.client.get(`/${made.bucket}/old`), 404, "NoSuchKey");
      await sound(server, made, how, { named: 1, litter: 1 });
    },
  },
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
    operation: "DeleteObject",
    doubles: true,
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
    operation: "DeleteObject",
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
    operation: "DeleteObject",
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
    operation: "DeleteObjects",
    async prepare(server) {
      const made = await ground(server);
      for (const key of ["a", "b", "kept"]) {
        answered(await server.client.put(`/${made.bucket}/${key}`, `${key}: ${BYTES}`), 200);
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
