import { createHash } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { checksum, md5 } from "../support/checksums.ts";
import { answered, refused } from "../support/expect.ts";
import { useServer } from "../support/server.ts";
import { begin, complete, completion, MIN_PART, type Part, part, partPath } from "../support/uploads.ts";
import { xml } from "../support/xml.ts";

const server = useServer();
let bucket: string;
let keys = 0;

beforeAll(async () => {
  bucket = await server.bucket();
});

/** An upload of a new key, with these parts. */
async function uploading(...bodies: (string | Uint8Array)[]) {
  keys += 1;
  const path = `/${bucket}/k${keys}`;
  const id = await begin(server.client, path);
  const parts: Part[] = [];
  for (const [index, body] of bodies.entries()) {
    parts.push(await part(server.client, path, id, index + 1, body));
  }
  return { path, key: `k${keys}`, id, parts };
}

const partsOf = async (path: string, id: string) =>
  xml(answered(await server.client.get(`${path}?uploadId=${id}`), 200).text);

describe("CreateMultipartUpload", () => {
  it("says what was begun, each time anew", async () => {
    const ids = new Set<string>();
    for (let times = 0; times < 3; times++) {
      const { text } = answered(await server.client.post(`/${bucket}/begun?uploads`), 200);
      const document = xml(text);
      expect(document.name).toBe("InitiateMultipartUploadResult");
      expect([document.get("Bucket"), document.get("Key")]).toEqual([bucket, "begun"]);
      ids.add(document.get("UploadId") ?? "");
    }
    expect(ids.size).toBe(3);
  });

  it("makes no object, and leaves the one that is there", async () => {
    const { path } = await uploading("some bytes");
    refused(await server.client.get(path), 404, "NoSuchKey");
    expect(
      xml((await server.client.get(`/${bucket}?prefix=${path.split("/")[2]}`)).text).all("Contents"),
    ).toEqual([]);
    answered(await server.client.put(path, "the old one"), 200);
    const id = await begin(server.client, path);
    await part(server.client, path, id, 1, "new");
    expect((await server.client.get(path)).text).toBe("the old one");
  });

  it("is where everything about the object is said", async () => {
    const said = {
      "cache-control": "no-cache",
      "content-disposition": "inline",
      "content-language": "de",
      "content-type": "text/plain",
      "x-amz-meta-greek": "αβγ",
    };
    const path = `/${bucket}/said`;
    const id = await begin(server.client, path, said);
    const { headers: sent } = await server.client.put(partPath(path, id, 1), "bytes", {
      "content-type": "text/html",
      "x-amz-meta-greek": "other",
    });
    const parts = [{ number: 1, etag: String(sent.etag) }];
    answered(await complete(server.client, path, id, parts, { "x-amz-meta-late": "1" }), 200);
    const { headers } = await server.client.head(path);
    const { "x-amz-meta-greek": greek, ...others } = said;
    expect(headers).toMatchObject(others);
    expect(Buffer.from(String(headers["x-amz-meta-greek"]), "latin1").toString()).toBe(greek);
    expect(headers["x-amz-meta-late"]).toBeUndefined();
  });

  it("is refused where the object would be", async () => {
    refused(await server.client.post("/not-there/k?uploads"), 404, "NoSuchBucket");
    const large = { "x-amz-meta-a": "x".repeat(2048) };
    refused(await server.client.post(`/${bucket}/k?uploads`, "", large), 400, "MetadataTooLarge");
  });
});

describe("UploadPart", () => {
  it("answers with the etag, which is the MD5 of the part", async () => {
    const { path, id } = await uploading();
    for (const body of ["", "x", "some bytes"]) {
      const { headers, text } = answered(await server.client.put(partPath(path, id, 7), body), 200);
      expect([headers.etag, text]).toEqual([`"${md5(body)}"`, ""]);
    }
  });

  for (const number of ["0", "-1", "10001", "one", "1.5", ""]) {
    it(`has a number from 1 to 10000, not "${number}"`, async () => {
      const { path, id } = await uploading();
      const answer = await server.client.put(`${path}?partNumber=${number}&uploadId=${id}`, "bytes");
      expect(refused(answer, 400, "InvalidArgument").get("ArgumentName")).toBe("partNumber");
      expect((await partsOf(path, id)).all("Part")).toEqual([]);
    });
  }

  it("of an upload that is not there is refused, and puts no object", async () => {
    const { path, id } = await uploading();
    refused(await server.client.put(partPath(path, "nonsense", 1), "bytes"), 404, "NoSuchUpload");
    refused(await server.client.put(partPath(`${path}-other`, id, 1), "bytes"), 404, "NoSuchUpload");
    const elsewhere = await server.bucket();
    refused(await server.client.put(partPath(`/${elsewhere}/k`, id, 1), "bytes"), 404, "NoSuchUpload");
    for (const query of [`uploadId=${id}`, "uploadId=", "uploads"]) {
      expect((await server.client.put(`${path}?${query}`, "bytes")).status).toBeGreaterThanOrEqual(400);
    }
    refused(await server.client.get(path), 404, "NoSuchKey");
    expect((await partsOf(path, id)).all("Part")).toEqual([]);
  });

  it("stores only what was promised", async () => {
    const { path, id } = await uploading("the old part");
    const put = (headers: Record<string, string>) =>
      server.client.put(partPath(path, id, 1), "bytes", headers);
    refused(await put({ "content-md5": md5("other", "base64") }), 400, "BadDigest");
    refused(await put({ "x-amz-checksum-sha1": checksum("SHA1", "other") }), 400, "BadDigest");
    refused(await put({ "x-amz-content-sha256": "0".repeat(64) }), 400, "XAmzContentSHA256Mismatch");
    expect((await partsOf(path, id)).texts("Part/ETag")).toEqual([`"${md5("the old part")}"`]);
    answered(await put({ "content-md5": md5("bytes", "base64") }), 200);
    expect((await partsOf(path, id)).texts("Part/ETag")).toEqual([`"${md5("bytes")}"`]);
  });

  it("counts as it was put last, whichever way round", async () => {
    for (const bodies of [
      ["first", "second"],
      ["", "bytes", ""],
      ["bytes", "", "bytes"],
      ["same", "same"],
    ]) {
      const { path, id } = await uploading();
      let last: Part = { number: 1, etag: "" };
      for (const body of bodies) last = await part(server.client, path, id, 1, body);
      expect((await partsOf(path, id)).texts("Part/ETag")).toEqual([last.etag]);
      answered(await complete(server.client, path, id, [last]), 200);
      expect((await server.client.get(path)).text).toBe(bodies.at(-1));
    }
  });
});

describe("CompleteMultipartUpload", () => {
  it("makes the object of its parts, in order, and says where it is", async () => {
    const large = Buffer.alloc(MIN_PART, "a");
    const { path, key, id, parts } = await uploading(large, "the end");
    const document = xml(answered(await complete(server.client, path, id, parts), 200).text);
    expect(document.name).toBe("CompleteMultipartUploadResult");
    expect([document.get("Bucket"), document.get("Key")]).toEqual([bucket, key]);
    expect(document.get("Location")).toBe(`${server.url}${path}`);
    const digests = parts.map(({ etag }) => Buffer.from(etag.replaceAll('"', ""), "hex"));
    const etag = `"${createHash("md5").update(Buffer.concat(digests)).digest("hex")}-2"`;
    const { bytes, headers } = answered(await server.client.get(path), 200);
    expect([document.get("ETag"), headers.etag]).toEqual([etag, etag]);
    expect(md5(bytes)).toBe(md5(Buffer.concat([large, Buffer.from("the end")])));
    const listed = xml((await server.client.get(`/${bucket}?prefix=${key}`)).text);
    expect([listed.get("Contents/ETag"), listed.get("Contents/Size")]).toEqual([etag, String(bytes.length)]);
    refused(await server.client.get(`${path}?uploadId=${id}`), 404, "NoSuchUpload");
  });

  it("repeats its answer as it was, though the bucket has begun to keep versions since", async () => {
    const own = await server.bucket();
    const path = `/${own}/k`;
    const versionIds: unknown[] = [];
    for (const status of [undefined, "Enabled", "Suspended"] as const) {
      if (status !== undefined) await server.version(own, status);
      const id = await begin(server.client, path);
      const parts = [await part(server.client, path, id, 1, "bytes")];
      const first = answered(await complete(server.client, path, id, parts), 200);
      await server.version(own, status === "Enabled" ? "Suspended" : "Enabled");
      const again = answered(await complete(server.client, path, id, parts), 200);
      expect(again.headers["x-amz-version-id"]).toBe(first.headers["x-amz-version-id"]);
      versionIds.push(first.headers["x-amz-version-id"]);
    }
    expect(versionIds).toEqual([undefined, expect.stringMatching(/^[0-9a-z]{32}$/), undefined]);
  });

  it("takes numbers with gaps, and leaves parts that it does not name", async () => {
    const { path, id } = await uploading();
    const first = await part(server.client, path, id, 17, Buffer.alloc(MIN_PART, "a"));
    await part(server.client, path, id, 400, "not named");
    const last = await part(server.client, path, id, 10_000, "the end");
    answered(await complete(server.client, path, id, [first, last]), 200);
    const { bytes } = await server.client.get(path);
    expect(bytes.length).toBe(MIN_PART + 7);
    expect((await server.client.get(path, { range: "bytes=-8" })).text).toBe("athe end");
  });

  it("takes etags with quotes, without, and in references", async () => {
    for (const spell of [
      (etag: string) => etag,
      (etag: string) => etag.replaceAll('"', ""),
      (etag: string) => etag.replaceAll('"', "&quot;"),
      (etag: string) => etag.replaceAll('"', "&#34;"),
    ]) {
      const { path, id, parts } = await uploading("bytes");
      const spelled = parts.map(({ number, etag }) => ({ number, etag: spell(etag) }));
      answered(await complete(server.client, path, id, spelled), 200);
      expect((await server.client.get(path)).text).toBe("bytes");
    }
  });

  it("may make an empty object", async () => {
    const { path, id, parts } = await uploading("");
    answered(await complete(server.client, path, id, parts), 200);
    const { text, headers } = answered(await server.client.get(path), 200);
    expect([text, headers["content-length"]]).toEqual(["", "0"]);
  });

  const WRONG: [what: string, wrong: (parts: Part[]) => Part[], code: string][] = [
    [
      "its parts in another order",
      ([a, b]) => [b, a].filter((each) => each !== undefined),
      "InvalidPartOrder",
    ],
    ["a part twice", ([a]) => [a, a].filter((each) => each !== undefined), "InvalidPartOrder"],
    ["a part that was not uploaded", (parts) => [...parts, { number: 9, etag: md5("x") }], "InvalidPart"],
    ["another etag", (parts) => parts.map(({ number }) => ({ number, etag: md5("x") })), "InvalidPart"],
    ["no etag", (parts) => parts.map(({ number }) => ({ number, etag: "" })), "InvalidPart"],
    ["a part that is too small, and not the last", (parts) => parts, "EntityTooSmall"],
    ["nothing", () => [], "MalformedXML"],
  ];
  for (const [what, wrong, code] of WRONG) {
    it(`is refused if it names ${what}, and may be tried again`, async () => {
      const { path, id, parts } = await uploading("small", "the end");
      answered(await server.client.put(path, "the old one"), 200);
      refused(await complete(server.client, path, id, wrong(parts)), 400, code);
      expect((await server.client.get(path)).text).toBe("the old one");
      expect((await partsOf(path, id)).texts("Part/PartNumber")).toEqual(["1", "2"]);
      answered(await complete(server.client, path, id, parts.slice(1)), 200);
      expect((await server.client.get(path)).text).toBe("the end");
    });
  }

  it("without a document names no part, of an upload that is there", async () => {
    const { path, id, parts } = await uploading("the end");
    refused(await server.client.post(`${path}?uploadId=${id}`, ""), 400, "MalformedXML");
    refused(await server.client.post(`${path}?uploadId=none`, ""), 404, "NoSuchUpload");
    const wrong = refused(
      await complete(server.client, path, id, [{ number: 2, etag: md5("x") }]),
      400,
      "InvalidPart",
    );
    expect([wrong.get("UploadId"), wrong.get("PartNumber")]).toEqual([id, "2"]);
    answered(await complete(server.client, path, id, parts), 200);
  });

  it("says which part is too small", async () => {
    const { path, id, parts } = await uploading(Buffer.alloc(MIN_PART - 1, "a"), "the end");
    const error = refused(await complete(server.client, path, id, parts), 400, "EntityTooSmall");
    expect(error.get("ProposedSize")).toBe(String(MIN_PART - 1));
    expect(error.get("MinSizeAllowed")).toBe(String(MIN_PART));
    expect(error.get("PartNumber")).toBe("1");
  });

  it("knows a part by its last etag only", async () => {
    const { path, id, parts } = await uploading("first");
    const again = await part(server.client, path, id, 1, "second");
    refused(await complete(server.client, path, id, parts), 400, "InvalidPart");
    answered(await complete(server.client, path, id, [again]), 200);
    expect((await server.client.get(path)).text).toBe("second");
  });

  const PART = "<Part><PartNumber>1</PartNumber><ETag>x</ETag></Part>";
  for (const body of [
    "",
    "not XML",
    "<Complete/>",
    "<CompleteMultipartUpload>",
    "<CompleteMultipartUpload><Part><ETag>x</ETag></Part></CompleteMultipartUpload>",
    "<CompleteMultipartUpload><Part><PartNumber>one</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>",
    `<CompleteMultipartUpload>${PART.repeat(10_001)}</CompleteMultipartUpload>`,
  ]) {
    it(`is refused without a list of parts: ${body.slice(0, 60)}`, async () => {
      const { path, id, parts } = await uploading("bytes");
      const answer = await server.client.post(`${path}?uploadId=${id}`, body);
      expect([answer.status, xml(answer.text).name]).toEqual([400, "Error"]);
      answered(await complete(server.client, path, id, parts), 200);
    });
  }

  it("can be repeated, and says the same", async () => {
    const { path, id, parts } = await uploading("bytes");
    const first = answered(await complete(server.client, path, id, parts), 200);
    const second = answered(await complete(server.client, path, id, parts), 200);
    expect(xml(second.text).get("ETag")).toBe(xml(first.text).get("ETag"));
    expect((await server.client.get(path)).text).toBe("bytes");
  });

  it("of an upload that is not there is refused", async () => {
    const { path, id, parts } = await uploading("bytes");
    refused(await complete(server.client, path, "nonsense", parts), 404, "NoSuchUpload");
    refused(await complete(server.client, `${path}-other`, id, parts), 404, "NoSuchUpload");
    refused(await server.client.post(`/not-there/k?uploadId=${id}`, completion(parts)), 404, "NoSuchBucket");
    refused(await server.client.get(path), 404, "NoSuchKey");
  });
});

describe("AbortMultipartUpload", () => {
  it("leaves nothing of the upload, and the object that was there", async () => {
    const { path, id, parts } = await uploading("bytes");
    answered(await server.client.put(path, "the old one"), 200);
    const { text } = answered(await server.client.delete(`${path}?uploadId=${id}`), 204);
    expect(text).toBe("");
    refused(await server.client.get(`${path}?uploadId=${id}`), 404, "NoSuchUpload");
    refused(await server.client.put(partPath(path, id, 1), "bytes"), 404, "NoSuchUpload");
    refused(await complete(server.client, path, id, parts), 404, "NoSuchUpload");
    refused(await server.client.delete(`${path}?uploadId=${id}`), 404, "NoSuchUpload");
    expect((await server.client.get(path)).text).toBe("the old one");
  });

  it("ends one upload of a key, and not another", async () => {
    const { path, id } = await uploading("one");
    const other = await begin(server.client, path);
    const parts = [await part(server.client, path, other, 1, "other")];
    answered(await server.client.delete(`${path}?uploadId=${id}`), 204);
    answered(await complete(server.client, path, other, parts), 200);
    expect((await server.client.get(path)).text).toBe("other");
  });

  it("of an upload that is not there deletes no object", async () => {
    const { path, id, parts } = await uploading("bytes");
    answered(await complete(server.client, path, id, parts), 200);
    refused(await server.client.delete(`${path}?uploadId=${id}`), 404, "NoSuchUpload");
    refused(await server.client.delete(`${path}?uploadId=nonsense`), 404, "NoSuchUpload");
    refused(await server.client.delete(`${path}?uploadId=`), 404, "NoSuchUpload");
    expect((await server.client.get(path)).text).toBe("bytes");
  });
});

describe("an upload of somebody else's", () => {
  it("is nobody's business", async () => {
    const { path, id, parts } = await uploading("bytes");
    const { client } = await server.account("Stranger");
    refused(await client.post(`${path}?uploads`), 403, "AccessDenied");
    refused(await client.put(partPath(path, id, 1), "theirs"), 403, "AccessDenied");
    refused(await client.get(`${path}?uploadId=${id}`), 403, "AccessDenied");
    refused(await client.get(`/${bucket}?uploads`), 403, "AccessDenied");
    refused(await complete(client, path, id, parts), 403, "AccessDenied");
    refused(await client.delete(`${path}?uploadId=${id}`), 403, "AccessDenied");
    answered(await complete(server.client, path, id, parts), 200);
    expect((await server.client.get(path)).text).toBe("bytes");
  });
});
