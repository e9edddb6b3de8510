import { beforeAll, describe, expect, it } from "vitest";
import { audit } from "../support/audit.ts";
import { checksum, md5 } from "../support/checksums.ts";
import type { Answer } from "../support/client.ts";
import { answered, refused } from "../support/expect.ts";
import { useServer } from "../support/server.ts";
import { begin, complete, MIN_PART, type Part, part, upload } from "../support/uploads.ts";
import { type Element, xml } from "../support/xml.ts";

const server = useServer();
let bucket: string;

beforeAll(async () => {
  bucket = await server.bucket();
});

const ALL = "ETag,Checksum,ObjectParts,StorageClass,ObjectSize";

function ask(path: string, names: string, headers: Record<string, string> = {}): Promise<Answer> {
  const [target = "", query] = path.split("?");
  const asked = { "x-amz-object-attributes": names, ...headers };
  return server.client.get(`${target}?attributes${query === undefined ? "" : `&${query}`}`, asked);
}

async function attributes(path: string, names: string, headers?: Record<string, string>): Promise<Element> {
  return xml(answered(await ask(path, names, headers), 200).text);
}

describe("the attributes of an object put whole", () => {
  it("are those that were asked for, and no more", async () => {
    const path = `/${bucket}/whole`;
    const sum = checksum("CRC32C", "some bytes");
    const { headers } = answered(
      await server.client.put(path, "some bytes", { "x-amz-checksum-crc32c": sum }),
      200,
    );
    expect(headers["x-amz-checksum-crc32c"]).toBe(sum);
    const shown = await attributes(path, ALL);
    expect(shown.name).toBe("GetObjectAttributesResponse");
    // Without parts: it was put whole.
    expect(shown.names).toEqual(["ETag", "Checksum", "StorageClass", "ObjectSize"]);
    const each = ["ETag", "Checksum/ChecksumCRC32C", "Checksum/ChecksumType", "StorageClass", "ObjectSize"];
    expect(each.map((name) => shown.get(name))).toEqual([
      md5("some bytes"),
      sum,
      "FULL_OBJECT",
      "STANDARD",
      "10",
    ]);
    for (const name of ["ETag", "Checksum", "StorageClass", "ObjectSize"]) {
      expect((await attributes(path, name)).names).toEqual([name]);
    }
    expect((await attributes(path, "ObjectParts")).names).toEqual([]);
    expect((await attributes(path, "ObjectSize , ETag")).names).toEqual(["ETag", "ObjectSize"]);
  });

  it("are told with the time of its last change, and nothing else in headers", async () => {
    const path = `/${bucket}/plain`;
    answered(await server.client.put(path, "bytes", { "x-amz-meta-colour": "blue" }), 200);
    const head = (await server.client.head(path)).headers;
    const { headers } = await ask(path, ALL);
    expect(headers["last-modified"]).toBe(head["last-modified"]);
    for (const name of ["etag", "x-amz-meta-colour", "x-amz-version-id"]) {
      expect([name, headers[name]]).toEqual([name, undefined]);
    }
    expect((await attributes(path, ALL)).names).toEqual(["ETag", "StorageClass", "ObjectSize"]);
  });

  it.each([
    ["nothing", undefined, "InvalidRequest"],
    ["what is none", "Colour", "InvalidArgument"],
    ["one that is none among others", "ETag,Colour", "InvalidArgument"],
    ["one in another case", "etag", "InvalidArgument"],
  ])("have to be asked for by name: not %s", async (_what, names, code) => {
    const path = `/${bucket}/named`;
    answered(await server.client.put(path, "bytes"), 200);
    const headers = names === undefined ? {} : { "x-amz-object-attributes": names };
    refused(await server.client.get(`${path}?attributes`, headers), 400, code);
  });

  it("cost nothing of R2", async () => {
    const path = `/${bucket}/cheap`;
    answered(await upload(server.client, path, [Buffer.alloc(MIN_PART), "tail"]), 200);
    const { bill } = answered(await ask(path, ALL), 200);
    expect([bill.index, bill.classA, bill.classB]).toEqual([1, 0, 0]);
  });

  it("are of something that is there, and of no stranger's", async () => {
    refused(await ask(`/${bucket}/none`, ALL), 404, "NoSuchKey");
    refused(await ask("/not-there/none", ALL), 404, "NoSuchBucket");
    answered(await server.client.put(`/${bucket}/mine`, "bytes"), 200);
    const { client } = await server.account("Stranger");
    const asked = { "x-amz-object-attributes": ALL };
    refused(await client.get(`/${bucket}/mine?attributes`, asked), 403, "AccessDenied");
  });
});

describe("the attributes of a version", () => {
  it("are those of the one that is named, and of no marker", async () => {
    const name = await server.bucket();
    const enabled = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    answered(await server.client.put(`/${name}?versioning`, enabled), 200);
    const path = `/${name}/k`;
    const put = async (body: string) =>
      String((await server.client.put(path, body)).headers["x-amz-version-id"]);
    const [first, second] = [await put("one"), await put("number two")];
    for (const [id, size] of [
      [first, "3"],
      [second, "10"],
    ] as const) {
      const { headers, text } = answered(await ask(`${path}?versionId=${id}`, "ObjectSize"), 200);
      expect([headers["x-amz-version-id"], xml(text).get("ObjectSize")]).toEqual([id, size]);
    }
    expect((await ask(path, ALL)).headers["x-amz-version-id"]).toBe(second);
    const marker = String((await server.client.delete(path)).headers["x-amz-version-id"]);
    const hidden = await ask(path, ALL);
    refused(hidden, 404, "NoSuchKey");
    expect(hidden.headers["x-amz-delete-marker"]).toBe("true");
    refused(await ask(`${path}?versionId=${marker}`, ALL), 405, "MethodNotAllowed");
    expect((await attributes(`${path}?versionId=${first}`, "ETag")).get("ETag")).toBe(md5("one"));
    const wrong = first.slice(0, -1) + (first.endsWith("0") ? "1" : "0");
    refused(await ask(`${path}?versionId=${wrong}`, ALL), 404, "NoSuchVersion");
  });
});

/** Makes an object of parts under these numbers, each holding its number, without sending gigabytes. */
async function longObject(path: string, numbers: readonly number[]): Promise<void> {
  const id = await begin(server.client, path);
  const parts: Part[] = [];
  for (const number of numbers) parts.push(await part(server.client, path, id, number, String(number)));
  const text = "update part set size = ? + number where upload = ? and number < ?";
  await server.order({ do: "d1", text, bindings: [MIN_PART, id, numbers.at(-1) ?? 0] });
  answered(await complete(server.client, path, id, parts), 200);
}

const page = (limit: number | undefined, marker?: number) => ({
  ...(limit !== undefined && { "x-amz-max-parts": String(limit) }),
  ...(marker !== undefined && { "x-amz-part-number-marker": String(marker) }),
});

describe("the parts of an object", () => {
  const NUMBERS = [2, 3, 256, 257, 9000, 9999, 10_000];
  let path: string;
  beforeAll(async () => {
    path = `/${bucket}/long`;
    await longObject(path, NUMBERS);
  });

  it("are told by number and size, with how many they are", async () => {
    const shown = await attributes(path, "ObjectParts");
    expect(shown.texts("ObjectParts/Part/PartNumber")).toEqual(NUMBERS.map(String));
    const sizes = NUMBERS.map((number) => String(number === 10_000 ? 5 : MIN_PART + number));
    expect(shown.texts("ObjectParts/Part/Size")).toEqual(sizes);
    expect(
      ["PartsCount", "PartNumberMarker", "MaxParts", "IsTruncated"].map((name) =>
        shown.get(`ObjectParts/${name}`),
      ),
    ).toEqual(["7", "0", "1000", "false"]);
  });

  it.each([1, 2, 3, 7, 8])("are the same on pages of %i", async (limit) => {
    const seen: string[] = [];
    for (let marker = 0; ; ) {
      const shown = await attributes(path, "ObjectParts", page(limit, marker));
      const numbers = shown.texts("ObjectParts/Part/PartNumber");
      seen.push(...numbers);
      expect([shown.get("ObjectParts/PartNumberMarker"), shown.get("ObjectParts/MaxParts")]).toEqual([
        String(marker),
        String(limit),
      ]);
      expect(shown.get("ObjectParts/PartsCount")).toBe("7");
      const truncated = seen.length < NUMBERS.length;
      expect(shown.get("ObjectParts/IsTruncated")).toBe(String(truncated));
      if (!truncated) break;
      expect(numbers).toHaveLength(limit);
      const next = shown.get("ObjectParts/NextPartNumberMarker");
      expect(next).toBe(numbers.at(-1));
      marker = Number(next);
    }
    expect(seen).toEqual(NUMBERS.map(String));
  });

  it("begin behind a marker that is no part's number", async () => {
    const shown = await attributes(path, "ObjectParts", page(undefined, 300));
    expect(shown.texts("ObjectParts/Part/PartNumber")).toEqual(["9000", "9999", "10000"]);
    const none = await attributes(path, "ObjectParts", page(undefined, 10_000));
    expect([none.texts("ObjectParts/Part"), none.get("ObjectParts/IsTruncated")]).toEqual([[], "false"]);
  });

  it.each([
    ["x-amz-max-parts", "some"],
    ["x-amz-max-parts", "-1"],
    ["x-amz-part-number-marker", "first"],
  ])("are not told if %s is %s", async (name, value) => {
    refused(await ask(path, "ObjectParts", { [name]: value }), 400, "InvalidArgument");
  });

  it("are a thousand at most on a page, of ten thousand", async () => {
    const count = 10_000;
    const index = await server.idOf(bucket);
    const extents = Array.from({ length: count }, (_, i) => ({ number: i + 1, blob: `b${i}`, size: 1 }));
    const description = { headers: {}, metadata: {}, parts: count };
    const draft = { key: "huge", etag: "e-10000", size: count, owner: "owner", description };
    const body = { kind: "extents", name: "huge upload", extents };
    const mutator = { generation: 1, operationId: crypto.randomUUID() };
    const args = [mutator, { draft, body, versioning: "off" }];
    await server.order({ do: "call", index, method: "put", args });
    for (const [headers, first] of [
      [{}, 1],
      [page(5000), 1],
      [page(undefined, 8999), 9000],
    ] as const) {
      const shown = await attributes(`/${bucket}/huge`, "ObjectParts", headers);
      const numbers = shown.texts("ObjectParts/Part/PartNumber");
      expect([numbers.length, numbers[0], shown.get("ObjectParts/MaxParts")]).toEqual([
        1000,
        String(first),
        "1000",
      ]);
      expect(shown.get("ObjectParts/IsTruncated")).toBe("true");
    }
    const text = "delete from current where key = 'huge'";
    await server.order({ do: "sql", index, text });
  });
});

describe("a part without bytes", () => {
  const BODIES: [where: string, bodies: (string | Buffer)[]][] = [
    ["alone", [""]],
    ["behind others", [Buffer.alloc(MIN_PART, "a"), ""]],
  ];
  it.each(BODIES)("is told of, and read by its number: %s", async (_where, bodies) => {
    const name = await server.bucket();
    const path = `/${name}/k`;
    answered(await upload(server.client, path, bodies), 200);
    const count = String(bodies.length);
    const copy = `/${name}/copy`;
    answered(await server.client.put(copy, "", { "x-amz-copy-source": path }), 200);
    for (const at of [path, copy]) {
      const shown = await attributes(at, "ObjectParts");
      expect(shown.get("ObjectParts/PartsCount")).toBe(count);
      expect(shown.texts("ObjectParts/Part/Size")).toEqual(bodies.map(({ length }) => String(length)));
      for (const method of ["GET", "HEAD"]) {
        const { status, headers, bytes } = await server.client.send(method, `${at}?partNumber=${count}`);
        expect([status < 300, headers["content-length"], bytes.length]).toEqual([true, "0", 0]);
        expect(headers["x-amz-mp-parts-count"]).toBe(count);
        // A range that ends before it begins is none.
        expect(headers["content-range"] ?? "").not.toMatch(/^bytes \d/);
      }
    }
    const whole = Buffer.concat(bodies.map((body) => Buffer.from(body)));
    expect((await server.client.get(path)).bytes.equals(whole)).toBe(true);
    // Nothing may be named that is not there.
    await audit(server, await server.idOf(name));
    answered(await server.client.delete(path), 204);
    answered(await server.client.delete(copy), 204);
    await audit(server, await server.idOf(name));
  });
});
