// Scenarios of multipart uploads.

import { expect } from "vitest";
import { audit } from "../support/audit.ts";
import type { Answer } from "../support/client.ts";
import { answered, refused } from "../support/expect.ts";
import type { TestServer } from "../support/test-server.ts";
import { complete, partPath } from "../support/uploads.ts";
import { xml } from "../support/xml.ts";
import {
  BYTES,
  etagOf,
  expectBytes,
  type Ground,
  ground,
  type Scenario,
  sound,
  uploading,
} from "./scenarios.ts";

const uploads = async (server: TestServer, { bucket }: Ground) =>
  xml((await server.client.get(`/${bucket}?uploads`)).text).texts("Upload/UploadId");

function uploadedPart(name: string, before: string[], source?: "copied"): Scenario {
  return {
    name,
    operation: source === undefined ? "UploadPart" : "UploadPartCopy",
    doubles: true,
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
    operation: "CreateMultipartUpload",
    doubles: true,
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
    operation: "CompleteMultipartUpload",
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
    operation: "AbortMultipartUpload",
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
