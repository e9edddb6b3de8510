// S3's own encryption, which every object and every bucket has.

import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { md5 } from "../support/checksums.ts";
import type { Answer } from "../support/client.ts";
import { answered, refused } from "../support/expect.ts";
import { useServer } from "../support/server.ts";
import { complete, partPath } from "../support/uploads.ts";
import { xml } from "../support/xml.ts";

const server = useServer();

const SSE = "x-amz-server-side-encryption";
const S3 = { [SSE]: "AES256" };
const KEY = randomBytes(32);
const KEYED = {
  [`${SSE}-customer-algorithm`]: "AES256",
  [`${SSE}-customer-key`]: KEY.toString("base64"),
  [`${SSE}-customer-key-md5`]: md5(KEY, "base64"),
};

/** What an answer shows of encryption. */
function shown({ headers }: Answer): Record<string, string> {
  const found = Object.entries(headers).filter(([name]) => name.startsWith(SSE));
  return Object.fromEntries(found.map(([name, value]) => [name, String(value)]));
}

const copy = (to: string, from: string, headers: Record<string, string> = {}) =>
  server.client.put(to, "", { "x-amz-copy-source": from, ...headers });

/** What S3's encryption is shown on when an object is written in these ways, and read. */
async function answersOf(name: string, asked: Record<string, string>): Promise<Answer[]> {
  const path = `/${name}/k`;
  const written = await server.client.put(path, "bytes", asked);
  const copied = await copy(`/${name}/copy`, path, asked);
  const began = await server.client.post(`/${name}/parts?uploads`, "", asked);
  const id = xml(began.text).get("UploadId") ?? "";
  const sent = await server.client.put(partPath(`/${name}/parts`, id, 1), "bytes");
  const taken = await copy(partPath(`/${name}/parts`, id, 1), path);
  const parts = [{ number: 1, etag: String(sent.headers.etag) }];
  const done = await complete(server.client, `/${name}/parts`, id, parts);
  const reads = ["k", "copy", "parts"].flatMap((key) => [
    server.client.get(`/${name}/${key}`),
    server.client.head(`/${name}/${key}`),
  ]);
  return [written, copied, began, sent, taken, done, ...(await Promise.all(reads))];
}

describe("S3's encryption", () => {
  const rule = (inside: string) =>
    `<Rule><ApplyServerSideEncryptionByDefault>${inside}</ApplyServerSideEncryptionByDefault></Rule>`;
  const AES = "<SSEAlgorithm>AES256</SSEAlgorithm>";
  const configured = (inside: string) =>
    `<ServerSideEncryptionConfiguration>${inside}</ServerSideEncryptionConfiguration>`;
  const configure = (name: string, document: string) =>
    server.client.put(`/${name}?encryption`, document, { "content-md5": md5(document, "base64") });

  it("is shown of every object without a client's key, asked for or not", async () => {
    for (const asked of [S3, {}]) {
      const answers = await answersOf(await server.bucket(), asked);
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
      expect(answers.map(shown)).toEqual(answers.map(() => S3));
    }
  });

  it("is every object's, whether its bucket was set to it or not", async () => {
    const name = await server.bucket();
    const path = `/${name}?encryption`;
    const algorithm = "Rule/ApplyServerSideEncryptionByDefault/SSEAlgorithm";
    const shows = async () => xml(answered(await server.client.get(path), 200).text).get(algorithm);
    const isUnset = async () =>
      refused(await server.client.get(path), 404, "ServerSideEncryptionConfigurationNotFoundError");
    const { client } = await server.account("Stranger");
    refused(await client.put(path, configured(rule(AES))), 403, "AccessDenied");
    await isUnset();
    answered(await configure(name, configured(rule(AES))), 200);
    expect(await shows()).toBe("AES256");
    const answers = await answersOf(name, {});
    expect(answers.map(shown)).toEqual(answers.map(() => S3));
    const own = answered(await server.client.put(`/${name}/own`, "secret", KEYED), 200);
    expect(Object.keys(shown(own)).sort()).toEqual([`${SSE}-customer-algorithm`, `${SSE}-customer-key-md5`]);
    answered(await server.client.delete(path), 204);
    await isUnset();
    expect(shown(await server.client.put(`/${name}/new`, "bytes"))).toEqual(S3);
  });

  it.each([
    ["names KMS", configured(rule("<SSEAlgorithm>aws:kms</SSEAlgorithm>")), 501, "NotImplemented"],
    ["names another", configured(rule("<SSEAlgorithm>AES128</SSEAlgorithm>")), 400, "MalformedXML"],
    [
      "has a key for it",
      configured(rule(`${AES}<KMSMasterKeyID>k</KMSMasterKeyID>`)),
      400,
      "InvalidArgument",
    ],
    ["has two rules", configured(rule(AES) + rule(AES)), 400, "MalformedXML"],
    ["has no rule", configured(""), 400, "MalformedXML"],
    ["has an empty rule", configured("<Rule></Rule>"), 400, "MalformedXML"],
  ])("is no bucket's by a document that %s", async (_what, document, status, code) => {
    const name = await server.bucket();
    const path = `/${name}?encryption`;
    refused(await configure(name, document), status, code);
    refused(await server.client.get(path), 404, "ServerSideEncryptionConfigurationNotFoundError");
  });
});
