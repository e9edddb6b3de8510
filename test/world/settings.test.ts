import { describe, expect, it } from "vitest";
import { audit } from "../support/audit.ts";
import { md5 } from "../support/checksums.ts";
import { answered, refused } from "../support/expect.ts";
import { isolates, useServer } from "../support/server.ts";
import { begin, complete, partPath } from "../support/uploads.ts";
import { xml } from "../support/xml.ts";

const server = useServer();

const withMd5 = (body: string) => ({ "content-md5": md5(body, "base64") });

describe("a change of a bucket's settings", () => {
  /** What every change of settings does: the row first, then the index is told. */
  async function change(bucket: string, { told }: { told: boolean }): Promise<void> {
    const index = await server.idOf(bucket);
    const text = "update bucket set generation = generation + 1 where name = ? returning generation";
    const [row] = await server.order<{ generation: number }[]>({ do: "d1", text, bindings: [bucket] });
    if (told) await server.order({ do: "call", index, method: "adopt", args: [row?.generation] });
  }

  it("makes an isolate that remembers the old ones ask again, and it sends no body twice", async () => {
    const { b } = isolates(server);
    const bucket = await server.bucket(b);
    answered(await b.put(`/${bucket}/k`, "bytes"), 200);
    await change(bucket, { told: true });
    const put = answered(await b.put(`/${bucket}/k`, "other bytes"), 200);
    expect(put.bill.trace).toEqual(["r2.put", "index.put", "d1.all", "index.put"]);
    await change(bucket, { told: true });
    const get = answered(await b.get(`/${bucket}/k`), 200);
    expect([get.text, get.bill.index, get.bill.d1]).toEqual(["other bytes", 2, 1]);
    expect((await b.get(`/${bucket}/k`)).bill.d1).toBe(0);
  });

  it("makes what only asks the directory decide again too", async () => {
    const { b } = isolates(server);
    const bucket = await server.bucket(b);
    const path = `/${bucket}/k`;
    await b.get(`/${bucket}?max-keys=0`);
    await change(bucket, { told: false });
    const upload = await begin(b, path);
    await change(bucket, { told: false });
    const put = answered(await b.put(partPath(path, upload, 1), "bytes"), 200);
    expect(put.bill.classA).toBe(1);
    await change(bucket, { told: false });
    const { text } = answered(await b.get(`${path}?uploadId=${upload}`), 200);
    expect(xml(text).texts("Part/Size")).toEqual(["5"]);
    await change(bucket, { told: false });
    expect(xml((await b.get(`/${bucket}?uploads`)).text).texts("Upload/Key")).toEqual(["k"]);
    await change(bucket, { told: false });
    const parts = [{ number: 1, etag: String(put.headers.etag) }];
    answered(await complete(b, path, upload, parts), 200);
    expect((await b.get(path)).text).toBe("bytes");
    await audit(server, await server.idOf(bucket));
  });

  it("reaches an index that was not told, through the first isolate that knows", async () => {
    const { a, b } = isolates(server);
    const bucket = await server.bucket(a);
    answered(await b.put(`/${bucket}/k`, "bytes"), 200);
    await change(bucket, { told: false });
    expect((await b.get(`/${bucket}/k`)).bill.index).toBe(1);
    answered(await isolates(server).a.get(`/${bucket}/k`), 200);
    expect((await b.get(`/${bucket}/k`)).bill.index).toBe(2);
  });

  it("while a copy from another bucket is decided leaves no mixture of two sources", async () => {
    const { a, b } = isolates(server);
    const [from, to] = [await server.bucket(a), await server.bucket(a)];
    answered(await a.put(`/${from}/src`, "first", { "x-amz-meta-n": "1" }), 200);
    answered(await b.get(`/${to}?max-keys=0`), 200);
    const name = crypto.randomUUID();
    const copy = b
      .failing({ store: "index", call: "put", how: "hold", name })
      .put(`/${to}/dst`, "", { "x-amz-copy-source": `/${from}/src` });
    await server.order({ do: "held", name });
    answered(await a.put(`/${from}/src`, "the second, which is longer", { "x-amz-meta-n": "2" }), 200);
    await change(to, { told: true });
    await server.order({ do: "release", name });
    answered(await copy, 200);
    const { text } = await a.get(`/${to}/dst`);
    const { headers } = await a.head(`/${to}/dst`);
    expect([
      { n: "1", length: "5", text: "first" },
      { n: "2", length: "27", text: "the second, which is longer" },
    ]).toContainEqual({ n: headers["x-amz-meta-n"], length: headers["content-length"], text });
  });

  it("while a part is copied leaves no mixture of two sources either", async () => {
    const { a, b } = isolates(server);
    const [from, to] = [await server.bucket(a), await server.bucket(a)];
    answered(await a.put(`/${from}/src`, "first"), 200);
    const upload = await begin(b, `/${to}/dst`);
    const name = crypto.randomUUID();
    const copy = b
      .failing({ store: "d1", call: "insert into part", how: "hold", name })
      .put(partPath(`/${to}/dst`, upload, 1), "", { "x-amz-copy-source": `/${from}/src` });
    await server.order({ do: "held", name });
    answered(await a.put(`/${from}/src`, "the second, which is longer"), 200);
    await change(to, { told: false });
    await server.order({ do: "release", name });
    const etag = xml(answered(await copy, 200).text).get("ETag") ?? "";
    answered(await complete(a, `/${to}/dst`, upload, [{ number: 1, etag }]), 200);
    const { text } = await a.get(`/${to}/dst`);
    expect(["first", "the second, which is longer"]).toContain(text);
    const { headers } = await a.head(`/${to}/dst`);
    expect(headers["content-length"]).toBe(String(text.length));
  });
});

describe("a change of settings that had to be asked for twice, since the index was not told at first,", () => {
  const untold = { store: "index", call: "adopt", how: "before", lapse: 60_000 } as const;

  it("holds for an isolate that remembers a bucket without versions, once it is acknowledged", async () => {
    const { a, b } = isolates(server);
    const bucket = await server.bucket(a);
    answered(await b.put(`/${bucket}/k`, "first"), 200);
    const versions = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    answered(await a.failing(untold).put(`/${bucket}?versioning`, versions), 503);
    answered(await a.put(`/${bucket}?versioning`, versions), 200);
    const { headers } = answered(await b.put(`/${bucket}/k`, "second"), 200);
    expect(headers["x-amz-version-id"]).toMatch(/^[0-9a-z]{32}$/);
    expect((await b.get(`/${bucket}/k?versionId=null`)).text).toBe("first");
  });

  it("takes a policy away from an isolate that remembers it", async () => {
    const { a, b } = isolates(server);
    const bucket = await server.bucket(a);
    const { client, id } = await server.account("reader");
    const [reader, resource] = [
      client.world(String(b.settings.headers?.["x-test-world"])),
      `arn:aws:s3:::${bucket}/*`,
    ];
    const reading = { Effect: "Allow", Action: "s3:GetObject", Resource: resource };
    const allowed = { ...reading, Principal: { CanonicalUser: id } };
    const policy = JSON.stringify({ Version: "2012-10-17", Statement: [allowed] });
    answered(await a.put(`/${bucket}?policy`, policy, withMd5(policy)), 204);
    answered(await a.put(`/${bucket}/k`, "bytes"), 200);
    answered(await reader.get(`/${bucket}/k`), 200);
    answered(await a.failing(untold).delete(`/${bucket}?policy`), 503);
    answered(await a.delete(`/${bucket}?policy`), 204);
    answered(await reader.get(`/${bucket}/k`), 403);
  });
});

describe("a bucket that was set otherwise a moment ago", () => {
  it("takes a lock from an isolate that remembers it without locks", async () => {
    const { a, b } = isolates(server);
    const bucket = await server.bucket(a);
    const path = `/${bucket}/k`;
    answered(await b.put(path, "bytes"), 200);
    await server.version(bucket);
    const configuration =
      "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>";
    answered(await a.put(`/${bucket}?object-lock`, configuration, withMd5(configuration)), 200);
    // A second later: until then, a refusal may rest on what is remembered.
    const later = b.with({ "x-test-now-offset": "2000" });
    const hold = "<LegalHold><Status>ON</Status></LegalHold>";
    answered(await later.put(`${path}?legal-hold`, hold, withMd5(hold)), 200);
    const { b: other } = isolates(server);
    await other.get(path);
    answered(await other.put(path, "more", { "x-amz-object-lock-legal-hold": "ON" }), 200);
    expect((await a.head(path)).headers["x-amz-object-lock-legal-hold"]).toBe("ON");
  });

  it("is gone for one that remembers it, even if nothing of what is asked could be done", async () => {
    const { a, b } = isolates(server);
    const bucket = await server.bucket(a);
    answered(await b.delete(`/${bucket}/k`), 204);
    answered(await a.delete(`/${bucket}`), 204);
    const list = "<Delete><Object><Key>k</Key><VersionId>none</VersionId></Object></Delete>";
    const later = b.with({ "x-test-now-offset": "2000" });
    refused(await later.post(`/${bucket}?delete`, list, withMd5(list)), 404, "NoSuchBucket");
  });

  it("takes an ACL from one that remembers it without ACLs", async () => {
    const { a, b } = isolates(server);
    const bucket = await server.bucket(a);
    answered(await b.put(`/${bucket}/k`, "bytes"), 200);
    const controls =
      "<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>";
    answered(await a.put(`/${bucket}?ownershipControls`, controls, withMd5(controls)), 200);
    answered(await a.delete(`/${bucket}?publicAccessBlock`), 204);
    const later = b.with({ "x-test-now-offset": "2000" });
    answered(await later.put(`/${bucket}/k`, "more", { "x-amz-acl": "authenticated-read" }), 200);
  });
});

describe("what an isolate remembers of a bucket", () => {
  it("it forgets after a minute", async () => {
    const { a } = isolates(server);
    const bucket = await server.bucket(a);
    const readAfter = async (ms: number) =>
      (await a.with({ "x-test-now-offset": String(ms) }).get(`/${bucket}/k`)).bill.d1;
    await readAfter(0);
    expect([await readAfter(0), await readAfter(55_000)]).toEqual([0, 0]);
    expect(await readAfter(65_000)).toBe(1);
    expect(await readAfter(65_000)).toBe(0);
  });

  it("is not what it is asked about the bucket itself", async () => {
    const { a } = isolates(server);
    const bucket = await server.bucket(a);
    for (const query of ["location", "acl", "versioning", "policy"]) {
      expect((await a.get(`/${bucket}?${query}`)).bill.d1).toBe(1);
    }
    expect((await a.head(`/${bucket}`)).bill.d1).toBe(1);
  });
});
