import { describe, expect, it } from "vitest";
import { md5 } from "../support/checksums.ts";
import { at, encode } from "../support/client.ts";
import { answered, refused } from "../support/expect.ts";
import { useServer } from "../support/server.ts";
import { begin, part } from "../support/uploads.ts";
import { type Element, xml } from "../support/xml.ts";

const server = useServer();

async function read(path: string, root: string): Promise<Element> {
  const document = xml(answered(await server.client.get(path), 200).text);
  expect(document.name).toBe(root);
  return document;
}

const parts = (path: string, id: string, query = "") =>
  read(`${path}?uploadId=${id}${query}`, "ListPartsResult");
const uploads = (bucket: string, query = "") =>
  read(`/${bucket}?uploads${query}`, "ListMultipartUploadsResult");

describe("ListParts", () => {
  it("shows what is held, and by whom", async () => {
    const path = `/${await server.bucket()}/k`;
    const id = await begin(server.client, path);
    const before = Math.floor(Date.now() / 1000) * 1000;
    for (const [number, body] of [
      [3, "third"],
      [1, "first, replaced"],
      [10, ""],
      [1, "first"],
    ] as const) {
      await part(server.client, path, id, number, body);
    }
    const page = await parts(path, id);
    expect([page.get("Bucket"), page.get("Key"), page.get("UploadId")]).toEqual([
      path.split("/")[1],
      "k",
      id,
    ]);
    expect(page.texts("Part/PartNumber")).toEqual(["1", "3", "10"]);
    expect(page.texts("Part/Size")).toEqual(["5", "5", "0"]);
    expect(page.texts("Part/ETag")).toEqual(["first", "third", ""].map((body) => `"${md5(body)}"`));
    for (const time of page.texts("Part/LastModified")) {
      expect(Date.parse(time)).toBeGreaterThanOrEqual(before);
    }
    const owner = xml((await server.client.get("/")).text).get("Owner/ID");
    expect([page.get("Owner/ID"), page.get("Initiator/ID")]).toEqual([owner, owner]);
    expect([page.get("StorageClass"), page.get("IsTruncated")]).toEqual(["STANDARD", "false"]);
    expect([page.get("PartNumberMarker"), page.get("MaxParts")]).toEqual(["0", "1000"]);
  });

  it("gives pages that make up the whole", async () => {
    const path = `/${await server.bucket()}/k`;
    const id = await begin(server.client, path);
    for (const number of [2, 4, 6, 8, 10]) await part(server.client, path, id, number, `${number}`);
    const seen: string[][] = [];
    let marker = "0";
    for (let pages = 0; pages < 9; pages++) {
      const page = await parts(path, id, `&max-parts=2&part-number-marker=${marker}`);
      expect([page.get("MaxParts"), page.get("PartNumberMarker")]).toEqual(["2", marker]);
      seen.push(page.texts("Part/PartNumber"));
      if (page.get("IsTruncated") === "false") break;
      marker = page.get("NextPartNumberMarker") ?? "";
    }
    expect(seen).toEqual([["2", "4"], ["6", "8"], ["10"]]);
    expect((await parts(path, id, "&part-number-marker=5")).texts("Part/PartNumber")).toEqual([
      "6",
      "8",
      "10",
    ]);
    expect((await parts(path, id, "&part-number-marker=10")).all("Part")).toEqual([]);
    expect((await parts(path, id, "&max-parts=5")).get("IsTruncated")).toBe("false");
    expect((await parts(path, id, "&max-parts=5000")).get("MaxParts")).toBe("1000");
  });

  for (const query of ["max-parts=-1", "max-parts=x", "part-number-marker=-1", "part-number-marker=x"]) {
    it(`refuses ${query}`, async () => {
      const path = `/${await server.bucket()}/k`;
      const id = await begin(server.client, path);
      const error = refused(
        await server.client.get(`${path}?uploadId=${id}&${query}`),
        400,
        "InvalidArgument",
      );
      expect(error.get("ArgumentName")).toBe(query.split("=")[0]);
    });
  }

  it("knows no upload that is not there", async () => {
    const bucket = await server.bucket();
    const id = await begin(server.client, `/${bucket}/k`);
    for (const path of [`/${bucket}/k?uploadId=nonsense`, `/${bucket}/other?uploadId=${id}`]) {
      refused(await server.client.get(path), 404, "NoSuchUpload");
    }
  });
});

describe("ListMultipartUploads", () => {
  it("shows what was begun, and by whom", async () => {
    const bucket = await server.bucket();
    const empty = await uploads(bucket);
    expect([empty.get("Bucket"), empty.get("IsTruncated"), empty.get("MaxUploads")]).toEqual([
      bucket,
      "false",
      "1000",
    ]);
    expect(empty.all("Upload")).toEqual([]);
    const before = Math.floor(Date.now() / 1000) * 1000;
    const id = await begin(server.client, `/${bucket}/k`);
    const owner = xml((await server.client.get("/")).text).get("Owner/ID");
    const [upload] = (await uploads(bucket)).all("Upload");
    expect([upload?.get("Key"), upload?.get("UploadId")]).toEqual(["k", id]);
    expect([upload?.get("Owner/ID"), upload?.get("Initiator/ID")]).toEqual([owner, owner]);
    expect(upload?.get("StorageClass")).toBe("STANDARD");
    expect(Date.parse(upload?.get("Initiated") ?? "")).toBeGreaterThanOrEqual(before);
  });

  it("is in order of keys, and then of time", async () => {
    const bucket = await server.bucket();
    const ids: string[] = [];
    // The clock has moved on before the next of the same key begins.
    for (const [index, key] of ["b", "a", "b", "é", "b", "a/b"].entries()) {
      const later = server.client.with({ "x-test-now-offset": String(index * 10) });
      ids.push(await begin(later, at(bucket, key)));
    }
    const page = await uploads(bucket);
    expect(page.texts("Upload/Key")).toEqual(["a", "a/b", "b", "b", "b", "é"]);
    expect(page.texts("Upload/UploadId")).toEqual([1, 5, 0, 2, 4, 3].map((index) => ids[index]));
  });

  it("gives pages that make up the whole, though a page end among one key's uploads", async () => {
    const bucket = await server.bucket();
    for (const key of ["a", "b", "b", "b", "c"]) await begin(server.client, `/${bucket}/${key}`);
    const whole = (await uploads(bucket)).texts("Upload/UploadId");
    expect(whole).toHaveLength(5);
    for (const length of [1, 2, 3]) {
      const seen: string[] = [];
      let markers = "";
      for (let pages = 0; pages < 9; pages++) {
        const page = await uploads(bucket, `&max-uploads=${length}${markers}`);
        seen.push(...page.texts("Upload/UploadId"));
        const [key, id] = [page.get("NextKeyMarker"), page.get("NextUploadIdMarker")];
        expect(id).toBe(page.texts("Upload/UploadId").at(-1) ?? "");
        if (page.get("IsTruncated") === "false") break;
        markers = `&key-marker=${key}&upload-id-marker=${id}`;
      }
      expect([length, seen]).toEqual([length, whole]);
    }
  });

  it("goes on after a key, and passes over an id without one", async () => {
    const bucket = await server.bucket();
    for (const key of ["a", "b", "b", "c"]) await begin(server.client, `/${bucket}/${key}`);
    const keys = async (query: string) => (await uploads(bucket, query)).texts("Upload/Key");
    expect(await keys("&key-marker=a")).toEqual(["b", "b", "c"]);
    expect(await keys("&key-marker=b")).toEqual(["c"]);
    expect(await keys("&upload-id-marker=zzz")).toEqual(["a", "b", "b", "c"]);
  });

  it("rolls up as a listing of objects does", async () => {
    const bucket = await server.bucket();
    for (const key of ["a", "d/1", "d/2", "d/e/1", "f"]) await begin(server.client, `/${bucket}/${key}`);
    const page = await uploads(bucket, "&delimiter=/");
    expect([page.texts("Upload/Key"), page.texts("CommonPrefixes/Prefix")]).toEqual([["a", "f"], ["d/"]]);
    const below = await uploads(bucket, "&delimiter=/&prefix=d/");
    expect([below.texts("Upload/Key"), below.texts("CommonPrefixes/Prefix")]).toEqual([
      ["d/1", "d/2"],
      ["d/e/"],
    ]);
    expect([below.get("Prefix"), below.get("Delimiter")]).toEqual(["d/", "/"]);
    const seen: string[] = [];
    let marker = "";
    for (let pages = 0; pages < 9; pages++) {
      const one = await uploads(bucket, `&delimiter=/&max-uploads=1&key-marker=${encode(marker)}`);
      seen.push(...one.texts("Upload/Key"), ...one.texts("CommonPrefixes/Prefix"));
      if (one.get("IsTruncated") === "false") break;
      marker = one.get("NextKeyMarker") ?? "";
    }
    expect(seen).toEqual(["a", "d/", "f"]);
  });

  it("spells keys for a URL if it is asked to", async () => {
    const bucket = await server.bucket();
    await begin(server.client, at(bucket, "a b+c/é"));
    const page = await uploads(bucket, "&encoding-type=url&prefix=a%20b");
    expect(page.get("Upload/Key")).toBe("a%20b%2Bc/%C3%A9");
    expect([page.get("Prefix"), page.get("EncodingType")]).toEqual(["a%20b", "url"]);
  });

  for (const query of ["max-uploads=-1", "max-uploads=x", "encoding-type=x"]) {
    it(`refuses ${query}`, async () => {
      const answer = await server.client.get(`/${await server.bucket()}?uploads&${query}`);
      expect(refused(answer, 400, "InvalidArgument").get("ArgumentName")).toBe(query.split("=")[0]);
    });
  }
});
