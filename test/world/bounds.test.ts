import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { at } from "../support/client.ts";
import { inBatches } from "../support/cost.ts";
import { answered } from "../support/expect.ts";
import { IndexClient } from "../support/index-client.ts";
import { isolates, useServer } from "../support/server.ts";
import { speak, verdictOf } from "../support/socket.ts";
import { begin } from "../support/uploads.ts";
import { xml } from "../support/xml.ts";

const server = useServer();

/** What src/index/tail.ts allows, in characters. */
const MOST = 8 * 1024 * 1024;

describe("the records that an index keeps to repeat its answers", () => {
  it("are bounded by their size, and so is its waking", async () => {
    const index = await new IndexClient(server).open();
    const entries = Array.from({ length: 1000 }, (_, number) => ({ key: `k${number}` }));
    const request = { entries, versioning: "enabled", bypass: false, owner: "o" };
    const remove = (operationId: string) => index.call("remove", { generation: 5, operationId }, request);
    await remove("first");
    for (let call = 0; call < 160; call++) await remove(`call-${call}`);
    const last = await remove("last");
    const [{ size, rows } = { size: 0, rows: 0 }] = await index.sql<{ size: number; rows: number }>(
      "select sum(length(records)) as size, count(*) as rows from tail",
    );
    expect(rows).toBeGreaterThan(100);
    expect(size).toBeGreaterThan(MOST / 2);
    expect(size).toBeLessThan(MOST * 1.1);
    await index.restart();
    expect(await remove("last")).toEqual(last);
    const [counters] = await index.sql<{ sequence: number }>("select max(sequence) as sequence from tail");
    expect(counters?.sequence).toBe(162_000);
  });
});

describe("a request that is decided again", () => {
  it("copies from a bucket whose settings changed in another isolate", async () => {
    const { a, b } = isolates(server);
    const source = await server.bucket(a);
    const target = await server.bucket(a);
    answered(await a.put(at(source, "k"), "bytes"), 200);
    answered(await b.get(at(source, "k")), 200);
    answered(await b.get(at(target, "k")), 404);
    const body = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    answered(await a.put(`/${source}?versioning`, body), 200);
    answered(await b.put(at(target, "copy"), "", { "x-amz-copy-source": `/${source}/k` }), 200);
    const upload = await begin(b, at(target, "parts"));
    const suspended = body.replace("Enabled", "Suspended");
    answered(await a.put(`/${source}?versioning`, suspended), 200);
    const part = `${at(target, "parts")}?partNumber=1&uploadId=${upload}`;
    answered(await b.put(part, "", { "x-amz-copy-source": `/${source}/k` }), 200);
    expect((await a.get(at(target, "copy"))).text).toBe("bytes");
  });
});

describe("a list of uploads", () => {
  it("rolls many prefixes up in few queries, and each is given once", async () => {
    const { client } = server;
    const bucket = await server.bucket();
    const names = Array.from({ length: 230 }, (_, number) => `p${String(number).padStart(3, "0")}`);
    await inBatches(names.map((name) => () => begin(client, at(bucket, `${name}/x`))));
    const whole = await client.get(`/${bucket}?uploads&delimiter=/`);
    expect(xml(whole.text).all("CommonPrefixes")).toHaveLength(names.length);
    expect(whole.bill.d1).toBeLessThanOrEqual(3);
    const seen: string[] = [];
    for (let marker = "", more = true; more; ) {
      const page = await client.get(`/${bucket}?uploads&delimiter=/&max-uploads=37&key-marker=${marker}`);
      seen.push(...[...page.text.matchAll(/<CommonPrefixes><Prefix>([^<]*)/g)].map(([, name = ""]) => name));
      more = page.text.includes("<IsTruncated>true");
      marker = encodeURIComponent(/<NextKeyMarker>([^<]*)/.exec(page.text)?.[1] ?? "");
    }
    expect(seen).toEqual(names.map((name) => `${name}/`));
  });
});

describe("a document", () => {
  it("of more tags than any of S3's is refused before it is read", async () => {
    const bucket = await server.bucket();
    const body = `<Delete><Object><Key>k</Key></Object>${"<a/>".repeat(130_000)}</Delete>`;
    const md5 = createHash("md5").update(body).digest("base64");
    const answer = await server.client.post(`/${bucket}?delete`, body, { "content-md5": md5 });
    expect([answer.status, answer.text.includes("MalformedXML")]).toEqual([400, true]);
  });

  it("takes no word of JavaScript's for a flag", async () => {
    const bucket = await server.bucket();
    const body = "<Delete><Quiet>constructor</Quiet><Object><Key>k</Key></Object></Delete>";
    const md5 = createHash("md5").update(body).digest("base64");
    const answer = await server.client.post(`/${bucket}?delete`, body, { "content-md5": md5 });
    expect([answer.status, answer.text.includes("MalformedXML")]).toEqual([400, true]);
  });
});

describe("a header that a link asks for", () => {
  it.each(["a%0d%0ab", "a%00b"])("is refused if no header can have that value: %s", async (value) => {
    const bucket = await server.bucket();
    answered(await server.client.put(at(bucket, "k"), "x"), 200);
    const answer = await server.client.get(`${at(bucket, "k")}?response-content-type=${value}`);
    expect([answer.status, answer.text.includes("<Code>InvalidArgument</Code>")]).toEqual([400, true]);
    expect(answer.headers["x-amz-request-id"]).toMatch(/^[0-9A-F]{16}$/);
  });
});

describe("a plain body that stops short", () => {
  it("is told to be sent again, if anybody listens, and the old object stays", async () => {
    const bucket = await server.bucket();
    const path = at(bucket, "k");
    answered(await server.client.put(path, "old"), 200);
    const { headers } = await server.client.sign("PUT", path, {
      "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
    });
    const said = { ...headers, "content-length": "100000" };
    const body = Buffer.alloc(5000, "x");
    const heard = await speak(server.url, { method: "PUT", path, headers: said, body, hangUp: true });
    expect(verdictOf(heard)).toEqual([400, "RequestTimeout"]);
    expect((await server.client.get(path)).text).toBe("old");
  });
});
