import { beforeAll, describe, expect, it } from "vitest";
import { audit } from "../support/audit.ts";
import { checksum, md5 } from "../support/checksums.ts";
import { at } from "../support/client.ts";
import { answered, refused } from "../support/expect.ts";
import { type FormOptions, post } from "../support/forms.ts";
import { useServer } from "../support/server.ts";
import { xml } from "../support/xml.ts";

const server = useServer();
let bucket: string;

beforeAll(async () => {
  bucket = await server.bucket();
});

const send = (file: string | Uint8Array, options: FormOptions = {}) =>
  post(server.client, bucket, file, options);
const read = (key: string) => server.client.get(at(bucket, key));

const MEBIBYTE = 1024 * 1024;
const EXTENT = 8 * MEBIBYTE;

/** Bytes that differ from place to place. */
function bytes(length: number): Buffer {
  const all = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4) all.writeUInt32LE((at * 2654435761) >>> 0, at);
  return all;
}

describe("a form's file", () => {
  it.each([0, 1, EXTENT - 1, EXTENT, EXTENT + 1, 2 * EXTENT + 12_345])(
    "of %i bytes comes back",
    async (length) => {
      const file = bytes(length);
      const { headers } = answered(await send(file, { fields: { key: "sized" } }), 204);
      expect(headers.etag).toBe(`"${md5(file)}"`);
      const found = answered(await read("sized"), 200);
      expect(found.bytes.equals(file)).toBe(true);
      expect((await audit(server, await server.idOf(bucket))).orphans).toEqual([]);
    },
  );

  it("of several extents is one object to every reader", async () => {
    const file = bytes(EXTENT + MEBIBYTE);
    answered(await send(file, { fields: { key: "long" } }), 204);
    const path = at(bucket, "long");
    const around = { range: `bytes=${EXTENT - 10}-${EXTENT + 9}` };
    const slice = answered(await server.client.get(path, around), 206);
    expect(slice.bytes.equals(file.subarray(EXTENT - 10, EXTENT + 10))).toBe(true);
    const whole = answered(await server.client.get(`${path}?partNumber=1`), 206);
    expect(whole.bytes.equals(file)).toBe(true);
    expect(whole.headers["x-amz-mp-parts-count"]).toBeUndefined();
    refused(await server.client.get(`${path}?partNumber=2`), 416, "InvalidPartNumber");
    const asked = { "x-amz-object-attributes": "ETag,ObjectParts,ObjectSize" };
    const attributes = xml(answered(await server.client.get(`${path}?attributes`, asked), 200).text);
    expect([attributes.get("ObjectSize"), attributes.get("ETag")]).toEqual([String(file.length), md5(file)]);
    expect(attributes.text).not.toContain("PartsCount");
    const other = await server.bucket();
    for (const copy of [at(bucket, "copy"), at(other, "copy")]) {
      const { text } = answered(await server.client.put(copy, "", { "x-amz-copy-source": path }), 200);
      expect(text).toContain(md5(file));
      expect(answered(await server.client.get(copy), 200).bytes.equals(file)).toBe(true);
    }
  });

  it("that replaces another, or goes, leaves all of its extents as litter", async () => {
    const own = await server.bucket();
    const id = await server.idOf(own);
    const file = bytes(2 * EXTENT);
    answered(await post(server.client, own, file), 204);
    expect((await audit(server, id)).named).toHaveLength(2);
    answered(await server.client.delete(`/${own}/form`), 204);
    expect(await audit(server, id)).toMatchObject({ named: [], orphans: [] });
  });

  it("is committed once, though its answer was lost", async () => {
    const own = await server.bucket();
    const id = await server.idOf(own);
    const client = server.client.failing({ store: "index", call: "put", how: "after" });
    answered(await post(client, own, bytes(2 * EXTENT)), 204);
    expect(await audit(server, id)).toMatchObject({ litter: [], orphans: [] });
  });

  it("leaves nothing if R2 fails in the middle", async () => {
    const own = await server.bucket();
    const id = await server.idOf(own);
    const client = server.client.failing({ store: "r2", call: "put", nth: 2, how: "after" });
    refused(await post(client, own, bytes(3 * EXTENT)), 500, "InternalError");
    expect(await audit(server, id)).toEqual({ named: [], litter: [], parts: [], orphans: [] });
  });

  it("too long or too short for its policy is refused, and nothing of it stays", async () => {
    const own = await server.bucket();
    const range = (least: unknown, most: unknown) => ({
      conditions: [["content-length-range", least, most]],
    });
    for (const file of ["12345", "1234567890"]) {
      answered(await post(server.client, own, file, range(5, "10")), 204);
    }
    answered(await server.client.delete(`/${own}/form`), 204);
    const small = refused(await post(server.client, own, "1234", range(5, 10)), 400, "EntityTooSmall");
    expect([small.get("ProposedSize"), small.get("MinSizeAllowed")]).toEqual(["4", "5"]);
    const large = refused(await post(server.client, own, "12345678901", range(5, 10)), 400, "EntityTooLarge");
    expect(large.get("MaxSizeAllowed")).toBe("10");
    refused(await post(server.client, own, "x", range(0, 0)), 400, "EntityTooLarge");
    const both = {
      conditions: [
        ["content-length-range", 0, 2 * EXTENT],
        ["content-length-range", 0, EXTENT + 5],
      ],
    };
    refused(await post(server.client, own, bytes(EXTENT + 300_000), both), 400, "EntityTooLarge");
    expect(await audit(server, await server.idOf(own))).toMatchObject({ named: [], orphans: [] });
    refused(await server.client.get(`/${own}/form`), 404, "NoSuchKey");
  });

  it("is held to its checksum and its MD5", async () => {
    const right = { "x-amz-checksum-sha256": checksum("SHA256", "bytes") };
    const uncovered = ["x-amz-checksum-sha256"];
    const { headers } = answered(await send("bytes", { fields: { key: "sum", ...right }, uncovered }), 204);
    expect(headers["x-amz-checksum-sha256"]).toBe(right["x-amz-checksum-sha256"]);
    const shown = await server.client.head(at(bucket, "sum"), { "x-amz-checksum-mode": "ENABLED" });
    expect(shown.headers["x-amz-checksum-sha256"]).toBe(right["x-amz-checksum-sha256"]);
    refused(await send("other", { fields: { key: "sum", ...right } }), 400, "BadDigest");
    const odd = { "x-amz-checksum-sha256": "sailor" };
    refused(await send("bytes", { fields: { key: "sum", ...odd } }), 400, "InvalidRequest");
    const digest = { "content-md5": Buffer.from(md5("bytes"), "hex").toString("base64") };
    answered(await send("bytes", { fields: { key: "md5", ...digest } }), 204);
    refused(await send("other", { fields: { key: "md5", ...digest } }), 400, "BadDigest");
    expect((await read("md5")).text).toBe("bytes");
  });
});
