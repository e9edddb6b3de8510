// A bucket with everything in it that an index can know, and all that the wire says of it.

import { createHash } from "node:crypto";
import { type Client, at as pathOf } from "./client.ts";
import { answered } from "./expect.ts";
import { IndexClient } from "./index-client.ts";
import type { TestServer } from "./test-server.ts";
import { begin, complete, part } from "./uploads.ts";
import { xml } from "./xml.ts";

const KEY = Buffer.alloc(32, 7);

/** Headers that bring a client's encryption key. */
export const SEALED = {
  "x-amz-server-side-encryption-customer-algorithm": "AES256",
  "x-amz-server-side-encryption-customer-key": KEY.toString("base64"),
  "x-amz-server-side-encryption-customer-key-md5": createHash("md5").update(KEY).digest("base64"),
};

/** Parts of the longest body: three pages, the last not full. */
const PARTS = 600;

function md5(text: string): Record<string, string> {
  return { "content-md5": createHash("md5").update(text).digest("base64") };
}

/** Furnishes a new bucket and gives its name. */
export async function furnished(server: TestServer): Promise<string> {
  const { client } = server;
  const bucket = `everything-${crypto.randomUUID().slice(0, 8)}`;
  const plain = { "x-amz-object-ownership": "ObjectWriter" };
  answered(await client.put(`/${bucket}`, "", plain), 200);
  const at = (key: string) => pathOf(bucket, key);
  const put = async (key: string, body: string, headers: Record<string, string> = {}) =>
    answered(await client.put(at(key), body, headers), 200);
  answered(await client.delete(`/${bucket}?publicAccessBlock`), 204);
  await put("empty", "");
  await put("small", "a few bytes");
  await put("small, with a row of its own", "more bytes".repeat(100));
  await put("large", "x".repeat(5000), { "content-type": "text/html", "x-amz-meta-farbe": "grün" });
  await put("replaced", "first of it ".repeat(200));
  await put("replaced", "second of it ".repeat(200), {
    "x-amz-checksum-sha256": sha256("second of it ".repeat(200)),
  });
  await put("gone", "gone soon");
  answered(await client.delete(at("gone")), 204);
  await put("old name", "renamed ".repeat(300));
  answered(
    await client.put(`${at("new name")}?renameObject`, "", { "x-amz-rename-source": "old%20name" }),
    200,
  );
  await put("copy", "", { "x-amz-copy-source": at("large") });
  await put("shared", "to be replaced under its copy ".repeat(100));
  await put("shared copy", "", { "x-amz-copy-source": at("shared") });
  await put("shared", "replaced");
  await put("sealed", "under a client's key ".repeat(100), SEALED);
  await put("listed", "x", { "x-amz-acl": "public-read", "cache-control": "max-age=1" });
  await put("tagged", "x", { "x-amz-tagging": "a=1&b=%C3%BC" });
  await long(server, bucket);
  await ended(client, at("uploaded"), at("aborted"));
  await versioned(server, bucket);
  return bucket;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("base64");
}

/** An object of so many parts that its body takes several pages; all of them are one blob's bytes. */
async function long(server: TestServer, bucket: string): Promise<void> {
  const id = await server.idOf(bucket);
  const [{ body = "", owner = "" } = {}] = await server.order<{ body: string; owner: string }[]>({
    do: "sql",
    index: id,
    text: "select body, owner from current where key = 'large'",
  });
  const [{ generation = 0 } = {}] = await server.order<{ generation: number }[]>({
    do: "d1",
    text: "select generation from bucket where id = ?",
    bindings: [id],
  });
  const extents = Array.from({ length: PARTS }, (_, n) => ({ number: n + 1, blob: body, size: 5000 }));
  const index = new IndexClient(server, id, generation);
  const draft = {
    key: "long",
    etag: `${"0".repeat(32)}-${PARTS}`,
    size: PARTS * 5000,
    owner,
    description: { headers: {}, metadata: {}, parts: PARTS },
  };
  const more = { draft, body: { kind: "extents", name: "upload-of-long", extents } };
  const { committed } = await index.put("put-long", "long", "", more);
  if (committed === undefined) throw new Error("the long object was refused");
}

/** An upload that is completed, and one that is aborted. */
async function ended(client: Client, completed: string, aborted: string): Promise<void> {
  const id = await begin(client, completed, { "x-amz-meta-from": "parts" });
  const parts = [await part(client, completed, id, 3, "one part")];
  answered(await complete(client, completed, id, parts), 200);
  const other = await begin(client, aborted);
  await part(client, aborted, other, 1, "in vain");
  answered(await client.delete(`${aborted}?uploadId=${other}`), 204);
}

/** Versions, markers, locks and holds; then versions under suspension. */
async function versioned(server: TestServer, bucket: string): Promise<void> {
  const { client } = server;
  const at = (key: string) => pathOf(bucket, key);
  await server.version(bucket);
  const lock =
    "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>";
  const versions: string[] = [];
  for (const body of ["one", "two", "three".repeat(300)]) {
    const { headers } = answered(await client.put(at("versions"), body), 200);
    versions.push(String(headers["x-amz-version-id"]));
  }
  const tags = "<Tagging><TagSet><Tag><Key>of</Key><Value>an older one</Value></Tag></TagSet></Tagging>";
  answered(await client.put(`${at("versions")}?tagging&versionId=${versions[0]}`, tags, md5(tags)), 200);
  answered(await client.delete(`${at("versions")}?versionId=${versions[1]}`), 204);
  answered(await client.put(at("small"), "over the null version"), 200);
  answered(await client.delete(at("marked")), 204);
  answered(await client.put(at("marked"), "between two markers"), 200);
  answered(await client.delete(at("marked")), 204);
  answered(await client.put(`/${bucket}?object-lock`, lock, md5(lock)), 200);
  const until = new Date(Date.now() + 60_000 * 60).toISOString();
  const retained = { "x-amz-object-lock-mode": "GOVERNANCE", "x-amz-object-lock-retain-until-date": until };
  answered(await client.put(at("retained"), "for an hour", retained), 200);
  answered(await client.put(at("held"), "until released", { "x-amz-object-lock-legal-hold": "ON" }), 200);
}

/** All that the wire says of a bucket: its listings, and of each version its bytes, headers, tags, ACL and locks. */
export async function allOf(client: Client, bucket: string): Promise<Record<string, unknown>> {
  const listing = answered(await client.get(`/${bucket}?versions`), 200).text;
  const said: Record<string, unknown> = {
    listing,
    current: (await client.get(`/${bucket}?list-type=2`)).text,
  };
  for (const entry of xml(listing).all("Version")) {
    const key = entry.get("Key") ?? "";
    const path = pathOf(bucket, key);
    const version = `versionId=${entry.get("VersionId")}`;
    const sealed = key === "sealed" ? SEALED : {};
    const range = key === "long" ? { range: "bytes=1290000-1310000" } : {};
    const answer = await client.get(`${path}?${version}`, { ...sealed, ...range });
    const { headers, text } = answer;
    const { date: _, "x-amz-request-id": __, "x-amz-id-2": ___, "x-test-bill": ____, ...rest } = headers;
    const more = ["tagging", "acl", "retention", "legal-hold"].map(async (name) => {
      const of = await client.get(`${path}?${name}&${version}`);
      return [name, of.status, of.text.replace(/<(RequestId|HostId)>[^<]*/g, "")];
    });
    answered({ ...answer, text: "" }, "range" in range ? 206 : 200);
    said[`${key} ${version}`] = { headers: rest, text, more: await Promise.all(more) };
  }
  return said;
}
