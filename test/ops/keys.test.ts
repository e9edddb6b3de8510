import { beforeAll, describe, expect, it } from "vitest";
import { md5 } from "../support/checksums.ts";
import { at, encode } from "../support/client.ts";
import { inBatches } from "../support/cost.ts";
import { answered, refused } from "../support/expect.ts";
import { useServer } from "../support/server.ts";
import { begin, complete, part } from "../support/uploads.ts";
import { escapeXml, xml } from "../support/xml.ts";

const server = useServer();

/** Keys that something or other has stumbled over. */
const KEYS = [
  "/",
  "//",
  "a//b",
  "/leading",
  "trailing/",
  ".",
  "..",
  "./a",
  "../a",
  "a/./b",
  "a/../b",
  "a/..",
  "sp ace",
  " leading",
  "trailing ",
  "plus+plus",
  "100%",
  "per%25cent",
  "%2F",
  "%zz",
  "amp&ersand",
  "quest?ion",
  "hash#",
  "semi;colon",
  "equals=",
  "at@colon:comma,dollar$",
  "quotes\"'",
  "<xml>]]>",
  "back\\slash",
  "pipe|caret^tick`",
  "{}[]()!*~",
  "emoji 😀",
  "naïve é",
  "naïve e\u0301",
  "日本語",
  "ключ",
  "\u0001\u001f\u007f",
  "tab\tfeed\nreturn\r",
  "nul\u0000nul",
  "\ue000 private",
  "\u{10000} beyond",
  "\ufffd",
  "\u{10ffff}",
  "a".repeat(1024),
  "é".repeat(512),
];

const inByteOrder = (keys: string[]) =>
  keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

let bucket: string;

beforeAll(async () => {
  bucket = await server.bucket();
  await inBatches(
    KEYS.map((key) => async () => {
      answered(await server.client.put(at(bucket, key), `bytes of ${key}`), 200);
    }),
  );
});

describe("a key", () => {
  for (const key of KEYS) {
    it(`may be ${JSON.stringify(key).slice(0, 40)}`, async () => {
      const bytes = `bytes of ${key}`;
      const get = answered(await server.client.get(at(bucket, key)), 200);
      expect([get.text, get.headers.etag]).toEqual([bytes, `"${md5(bytes)}"`]);
      expect((await server.client.head(at(bucket, key))).status).toBe(200);

      const query = `list-type=2&encoding-type=url&max-keys=1&prefix=${encode(key)}`;
      const listed = xml(answered(await server.client.get(`/${bucket}?${query}`), 200).text);
      expect(decodeURIComponent(listed.get("Contents/Key") ?? "")).toBe(key);
      expect(decodeURIComponent(listed.get("Prefix") ?? "")).toBe(key);

      const copy = { "x-amz-copy-source": `/${bucket}/${encode(key)}` };
      answered(await server.client.put(at(bucket, "copy"), "", copy), 200);
      expect((await server.client.get(at(bucket, "copy"))).text).toBe(bytes);
      answered(await server.client.delete(at(bucket, "copy")), 204);
    });
  }

  it("is listed in the order of its bytes, and each once", async () => {
    const { text } = await server.client.get(`/${bucket}?encoding-type=url`);
    expect(xml(text).texts("Contents/Key").map(decodeURIComponent)).toEqual(inByteOrder(KEYS));
  });

  it("can be listed as it is", async () => {
    const { text } = await server.client.get(`/${bucket}?list-type=2`);
    expect(xml(text).texts("Contents/Key")).toEqual(inByteOrder(KEYS));
  });

  it("can be walked past page by page", async () => {
    const seen: string[] = [];
    let next = "";
    for (let pages = 0; pages <= KEYS.length; pages++) {
      const document = xml((await server.client.get(`/${bucket}?list-type=2&max-keys=4${next}`)).text);
      seen.push(...document.texts("Contents/Key"));
      const token = document.get("NextContinuationToken");
      if (token === undefined) break;
      next = `&continuation-token=${encode(token)}`;
    }
    expect(seen).toEqual(inByteOrder(KEYS));
  });

  it("can be given to DeleteObjects, whatever is in it", async () => {
    const doomed = await server.bucket();
    const keys = KEYS.filter((key) => key !== "nul\u0000nul");
    await inBatches(keys.map((key) => () => server.client.put(at(doomed, key))));
    const objects = keys.map((key) => `<Object><Key>${escapeXml(key)}</Key></Object>`);
    const body = `<Delete>${objects.join("")}</Delete>`;
    const answer = await server.client.post(`/${doomed}?delete`, body, {
      "content-md5": md5(body, "base64"),
    });
    const deleted = xml(answered(answer, 200).text).texts("Deleted/Key");
    expect(deleted).toEqual(keys);
    expect(xml((await server.client.get(`/${doomed}`)).text).all("Contents")).toEqual([]);
  });

  it("can be uploaded to in parts", async () => {
    for (const key of ["a/../b", "sp ace", "plus+plus", "emoji 😀", "<xml>]]>", "100%"]) {
      const path = at(bucket, key);
      const id = await begin(server.client, path);
      const { text } = await server.client.get(`/${bucket}?uploads&encoding-type=url`);
      expect(xml(text).texts("Upload/Key").map(decodeURIComponent)).toEqual([key]);
      const parts = [await part(server.client, path, id, 1, `bytes of ${key}`)];
      const done = xml(answered(await complete(server.client, path, id, parts), 200).text);
      expect(done.get("Key")).toBe(key);
      expect(decodeURIComponent(done.get("Location") ?? "")).toBe(`${server.url}/${bucket}/${key}`);
      expect((await server.client.get(path)).text).toBe(`bytes of ${key}`);
    }
  });

  it("is deleted and nothing near it", async () => {
    const near = await server.bucket();
    const keys = ["a", "a/", "a//", "a/b", "a/./b", "a/../b", "A"];
    for (const key of keys) answered(await server.client.put(at(near, key)), 200);
    for (const key of keys) {
      answered(await server.client.delete(at(near, key)), 204);
      refused(await server.client.get(at(near, key)), 404, "NoSuchKey");
      const left = keys.slice(keys.indexOf(key) + 1);
      const { text } = await server.client.get(`/${near}`);
      expect(xml(text).texts("Contents/Key")).toEqual(inByteOrder(left));
    }
  });

  it("is at most 1024 bytes long", async () => {
    for (const key of ["a".repeat(1025), "é".repeat(513)]) {
      const path = at(bucket, key);
      const error = refused(await server.client.put(path), 400, "KeyTooLongError");
      expect(error.get("MaxSizeAllowed")).toBe("1024");
      refused(await server.client.get(path), 400, "KeyTooLongError");
      expect((await server.client.head(path)).status).toBe(400);
    }
  });

  for (const path of ["%ff", "%c3%28", "%ed%a0%80", "%zz", "a%", "%"]) {
    it(`has to be UTF-8, percent-encoded as it should be: not ${path}`, async () => {
      refused(await server.client.put(`/${bucket}/${path}`), 400, "InvalidURI");
    });
  }

  it("may be spelled with more percents than it needs", async () => {
    answered(await server.client.put(`/${bucket}/%70lain%2Fkey`, "plain"), 200);
    expect((await server.client.get(`/${bucket}/plain/key`)).text).toBe("plain");
    answered(await server.client.delete(`/${bucket}/plain%2fkey`), 204);
  });
});
