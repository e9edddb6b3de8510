import { beforeEach, describe, expect, it } from "vitest";
import { checksum, md5 } from "../support/checksums.ts";
import { type Answer, at } from "../support/client.ts";
import { inBatches } from "../support/cost.ts";
import { answered, refused } from "../support/expect.ts";
import { useServer } from "../support/server.ts";
import { escapeXml, xml } from "../support/xml.ts";

const server = useServer();
let bucket: string;

beforeEach(async () => {
  bucket = await server.bucket();
});

async function fill(...keys: string[]): Promise<void> {
  await inBatches(
    keys.map((key) => async () => answered(await server.client.put(at(bucket, key), key), 200)),
  );
}

async function left(): Promise<string[]> {
  return xml((await server.client.get(`/${bucket}?list-type=2`)).text).texts("Contents/Key");
}

const listOf = (keys: string[], more = "") =>
  `<Delete>${more}${keys.map((key) => `<Object><Key>${escapeXml(key)}</Key></Object>`).join("")}</Delete>`;

/** Sends a document with its MD5. */
function post(body: string): Promise<Answer> {
  return server.client.post(`/${bucket}?delete`, body, { "content-md5": md5(body, "base64") });
}

describe("DeleteObject", () => {
  it("takes an object away", async () => {
    await fill("k", "kept");
    const { text } = answered(await server.client.delete(`/${bucket}/k`), 204);
    expect(text).toBe("");
    refused(await server.client.get(`/${bucket}/k`), 404, "NoSuchKey");
    expect(await left()).toEqual(["kept"]);
  });

  it("is nothing, and right, for what is not there", async () => {
    await fill("kept");
    answered(await server.client.delete(`/${bucket}/none`), 204);
    answered(await server.client.delete(`/${bucket}/none`), 204);
    expect(await left()).toEqual(["kept"]);
  });

  it("needs a bucket", async () => {
    refused(await server.client.delete("/not-there/k"), 404, "NoSuchBucket");
  });
});

describe("DeleteObjects", () => {
  it("tells of what it left alone in the order in which that was named", async () => {
    await fill("a", "b");
    const entry = (key: string, more: string) => `<Object><Key>${key}</Key>${more}</Object>`;
    const [other, malformed] = ["<ETag>&quot;0&quot;</ETag>", "<VersionId>none</VersionId>"];
    const entries = [entry("a", other), entry("c", malformed), entry("b", other)];
    const { text } = answered(await post(`<Delete>${entries.join("")}</Delete>`), 200);
    expect(xml(text).texts("Error/Key")).toEqual(["a", "c", "b"]);
    expect(xml(text).texts("Error/Code")).toEqual([
      "PreconditionFailed",
      "NoSuchVersion",
      "PreconditionFailed",
    ]);
  });

  it("takes away what it names, there or not, and says so", async () => {
    await fill("a", "b", "kept");
    const document = xml(answered(await post(listOf(["b", "none", "a"])), 200).text);
    expect(document.name).toBe("DeleteResult");
    expect(document.texts("Deleted/Key")).toEqual(["b", "none", "a"]);
    expect(document.all("Error")).toEqual([]);
    expect(await left()).toEqual(["kept"]);
  });

  for (const quiet of ["true", "TRUE"]) {
    it(`says nothing if it is told to be quiet: ${quiet}`, async () => {
      await fill("a", "kept");
      const { text } = answered(await post(listOf(["a", "none"], `<Quiet>${quiet}</Quiet>`)), 200);
      expect([xml(text).name, xml(text).names]).toEqual(["DeleteResult", []]);
      expect(await left()).toEqual(["kept"]);
    });
  }

  it("is not quiet if it is told not to be", async () => {
    const { text } = answered(await post(listOf(["a"], "<Quiet>false</Quiet>")), 200);
    expect(xml(text).texts("Deleted/Key")).toEqual(["a"]);
  });

  it("says of each key that it cannot take away why, and takes the others", async () => {
    await fill("a", "b");
    const long = "x".repeat(1025);
    for (const more of ["", "<Quiet>true</Quiet>"]) {
      const document = xml(answered(await post(listOf(["a", long, "b"], more)), 200).text);
      expect(document.texts("Error/Key")).toEqual([long]);
      expect(document.texts("Error/Code")).toEqual(["KeyTooLongError"]);
      expect(document.texts("Error/Message")).toHaveLength(1);
      expect(document.texts("Deleted/Key")).toEqual(more === "" ? ["a", "b"] : []);
    }
    expect(await left()).toEqual([]);
  });

  it("may name a key twice", async () => {
    await fill("a");
    const document = xml(answered(await post(listOf(["a", "a"])), 200).text);
    expect(new Set(document.texts("Deleted/Key"))).toEqual(new Set(["a"]));
    expect(await left()).toEqual([]);
  });

  it("takes a thousand keys and not one more", async () => {
    await fill("n0000", "n0999", "n1000");
    const names = Array.from({ length: 1001 }, (_, i) => `n${String(i).padStart(4, "0")}`);
    refused(await post(listOf(names)), 400, "MalformedXML");
    expect(await left()).toEqual(["n0000", "n0999", "n1000"]);
    const document = xml(answered(await post(listOf(names.slice(0, 1000))), 200).text);
    expect(document.all("Deleted")).toHaveLength(1000);
    expect(await left()).toEqual(["n1000"]);
  });

  it("takes a thousand keys of the greatest length", async () => {
    const names = Array.from({ length: 1000 }, (_, i) => "é".repeat(510) + String(i).padStart(4, "0"));
    await fill(names[0] ?? "", names[999] ?? "", "kept");
    expect(xml(answered(await post(listOf(names)), 200).text).all("Deleted")).toHaveLength(1000);
    expect(await left()).toEqual(["kept"]);
  });

  it("is read however it is written", async () => {
    await fill("a & b", "<c>", "d", "e", "kept");
    const body = `<?xml version="1.0" encoding="UTF-8"?>
      <!-- a comment -->
      <s3:Delete xmlns:s3="http://s3.amazonaws.com/doc/2006-03-01/">
        <s3:Object><s3:Key>a &amp; b</s3:Key></s3:Object>
        <s3:Object>
          <s3:Unknown>thing</s3:Unknown>
          <s3:Key><![CDATA[<c>]]></s3:Key>
        </s3:Object>
        <s3:Object><s3:Key>&#100;</s3:Key></s3:Object>
        <s3:Object><s3:Key>&#x65;</s3:Key></s3:Object>
      </s3:Delete>`;
    const document = xml(answered(await post(body), 200).text);
    expect(document.texts("Deleted/Key")).toEqual(["a & b", "<c>", "d", "e"]);
    expect(await left()).toEqual(["kept"]);
  });

  const MALFORMED: [what: string, body: string][] = [
    ["names nothing", "<Delete></Delete>"],
    ["is not XML", "not XML"],
    ["is another document", "<Remove><Object><Key>k</Key></Object></Remove>"],
    ["is not closed", "<Delete><Object><Key>k</Key></Object>"],
    ["has an object without a key", "<Delete><Object><Key>k</Key></Object><Object/></Delete>"],
    ["has an object with two keys", "<Delete><Object><Key>k</Key><Key>l</Key></Object></Delete>"],
    ["is neither quiet nor not", "<Delete><Quiet>maybe</Quiet><Object><Key>k</Key></Object></Delete>"],
    [
      "has a document type",
      '<!DOCTYPE Delete [<!ENTITY k "k">]><Delete><Object><Key>&k;</Key></Object></Delete>',
    ],
    ["is two documents", "<Delete><Object><Key>k</Key></Object></Delete><Delete/>"],
    ["is nested beyond reason", `${"<Delete>".repeat(500)}<Object/>${"</Delete>".repeat(500)}`],
  ];
  for (const [what, body] of MALFORMED) {
    it(`takes nothing away if its document ${what}`, async () => {
      await fill("k");
      refused(await post(body), 400, "MalformedXML");
      expect(await left()).toEqual(["k"]);
    });
  }

  it("takes nothing away if its document is not UTF-8", async () => {
    await fill("k");
    const body = Buffer.from(
      "<Delete><Object><Key>k</Key></Object><Object><Key>\xff</Key></Object></Delete>",
      "latin1",
    );
    const headers = { "content-md5": md5(body, "base64") };
    refused(await server.client.post(`/${bucket}?delete`, body, headers), 400, "MalformedXML");
    expect(await left()).toEqual(["k"]);
  });

  it("takes nothing away if there is no document", async () => {
    await fill("k");
    for (const body of ["", " "]) {
      const { status, text } = await post(body);
      expect([status, xml(text).name]).toEqual([400, "Error"]);
    }
    expect(await left()).toEqual(["k"]);
  });

  it("wants to know that its document has come as it was sent", async () => {
    await fill("k");
    const body = listOf(["k"]);
    const send = (headers: Record<string, string>) => server.client.post(`/${bucket}?delete`, body, headers);
    refused(await send({}), 400, "InvalidRequest");
    refused(await send({ "content-md5": md5("other", "base64") }), 400, "BadDigest");
    refused(await send({ "content-md5": "nonsense" }), 400, "InvalidDigest");
    refused(await send({ "x-amz-checksum-crc32": checksum("CRC32", "other") }), 400, "BadDigest");
    expect(await left()).toEqual(["k"]);
    for (const algorithm of ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"] as const) {
      await fill("k");
      answered(await send({ [`x-amz-checksum-${algorithm.toLowerCase()}`]: checksum(algorithm, body) }), 200);
      expect(await left()).toEqual([]);
    }
  });

  it("is refused to strangers, and in a bucket that is not there", async () => {
    await fill("k");
    const { client } = await server.account("Stranger");
    const body = listOf(["k"]);
    const headers = { "content-md5": md5(body, "base64") };
    const { status, text } = await client.post(`/${bucket}?delete`, body, headers);
    // As a whole, or key by key.
    expect([403, 200]).toContain(status);
    expect(text).toContain("<Code>AccessDenied</Code>");
    expect(await left()).toEqual(["k"]);
    refused(await server.client.post("/not-there?delete", body, headers), 404, "NoSuchBucket");
  });
});
