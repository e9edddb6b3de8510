import { beforeAll, describe, expect, it } from "vitest";
import { checksum, md5 } from "../support/checksums.ts";
import { type Answer, encode } from "../support/client.ts";
import { answered, refused } from "../support/expect.ts";
import { useServer } from "../support/server.ts";
import { begin, complete, MIN_PART, partPath, upload } from "../support/uploads.ts";
import { xml } from "../support/xml.ts";

const server = useServer();
let bucket: string;
let other: string;

const SAID = {
  "cache-control": "max-age=60",
  "content-disposition": "inline",
  "content-encoding": "x-some",
  "content-language": "de",
  "content-type": "text/plain",
  expires: "Thu, 01 Dec 2033 16:00:00 GMT",
  "x-amz-meta-colour": "blue",
};

beforeAll(async () => {
  [bucket, other] = [await server.bucket(), await server.bucket()];
  answered(await server.client.put(`/${bucket}/src`, "source bytes", SAID), 200);
});

/** Copies `/bucket/key`, or whatever the source says, to a path. */
function copy(path: string, source: string, headers: Record<string, string> = {}): Promise<Answer> {
  return server.client.put(path, "", { "x-amz-copy-source": source, ...headers });
}

/** Both kinds of copy are to be alike: within the bucket, and to another one. */
const TARGETS: [where: string, path: (key: string) => string][] = [
  ["within a bucket", (key) => `/${bucket}/${key}`],
  ["between buckets", (key) => `/${other}/${key}`],
];

for (const [where, to] of TARGETS) {
  describe(`a copy ${where}`, () => {
    it("has the source's bytes and all that was said of them", async () => {
      const before = Math.floor(Date.now() / 1000) * 1000;
      const { text, headers } = answered(await copy(to("whole"), `/${bucket}/src`), 200);
      expect([xml(text).name, xml(text).get("ETag")]).toEqual([
        "CopyObjectResult",
        `"${md5("source bytes")}"`,
      ]);
      expect(Date.parse(xml(text).get("LastModified") ?? "")).toBeGreaterThanOrEqual(before);
      expect(headers["content-type"]).toBe("application/xml");
      const read = await server.client.get(to("whole"));
      expect([read.text, read.headers.etag]).toEqual(["source bytes", xml(text).get("ETag")]);
      expect(read.headers).toMatchObject(SAID);
    });

    it("does not redirect where its source does, but where its own request says", async () => {
      const name = "x-amz-website-redirect-location";
      const source = `/${bucket}/redirecting`;
      answered(await server.client.put(source, "x", { [name]: "/old", "x-amz-meta-a": "1" }), 200);
      answered(await copy(to("plain"), source), 200);
      answered(await copy(to("elsewhere"), source, { [name]: "/new" }), 200);
      const shown = async (key: string) => {
        const { headers } = await server.client.head(to(key));
        return [headers[name], headers["x-amz-meta-a"]];
      };
      expect([await shown("plain"), await shown("elsewhere")]).toEqual([
        [undefined, "1"],
        ["/new", "1"],
      ]);
      answered(await copy(to("elsewhere"), to("elsewhere"), { [name]: "/newest" }), 200);
      expect(await shown("elsewhere")).toEqual(["/newest", "1"]);
    });

    it("has what the request says of it, and nothing else, if it is to replace that", async () => {
      const said = {
        "x-amz-metadata-directive": "REPLACE",
        "content-type": "text/html",
        "x-amz-meta-size": "large",
      };
      answered(await copy(to("replaced"), `/${bucket}/src`, said), 200);
      const { headers, text } = await server.client.get(to("replaced"));
      expect([text, headers["content-type"], headers["x-amz-meta-size"]]).toEqual([
        "source bytes",
        "text/html",
        "large",
      ]);
      for (const name of Object.keys(SAID).filter((name) => name !== "content-type")) {
        expect([name, headers[name]]).toEqual([name, undefined]);
      }
      answered(await copy(to("bare"), `/${bucket}/src`, { "x-amz-metadata-directive": "REPLACE" }), 200);
      const bare = (await server.client.head(to("bare"))).headers;
      expect(bare["content-type"]).toBe("binary/octet-stream");
    });

    it("passes over what the request says of it, if it is to copy that", async () => {
      for (const directive of [{}, { "x-amz-metadata-directive": "COPY" }]) {
        const said = { ...directive, "content-type": "text/html", "x-amz-meta-colour": "red" };
        answered(await copy(to("kept"), `/${bucket}/src`, said), 200);
        expect((await server.client.head(to("kept"))).headers).toMatchObject(SAID);
      }
    });

    it("knows no other directive", async () => {
      for (const name of ["x-amz-metadata-directive", "x-amz-tagging-directive"]) {
        refused(await copy(to("directed"), `/${bucket}/src`, { [name]: "MERGE" }), 400, "InvalidArgument");
      }
      refused(await server.client.get(to("directed")), 404, "NoSuchKey");
    });

    it("may be of an empty object", async () => {
      answered(await server.client.put(`/${bucket}/empty`, "", { "x-amz-meta-a": "1" }), 200);
      answered(await copy(to("empty-copy"), `/${bucket}/empty`), 200);
      const { text, headers } = answered(await server.client.get(to("empty-copy")), 200);
      expect([text, headers["content-length"], headers["x-amz-meta-a"]]).toEqual(["", "0", "1"]);
    });

    it("may be of an object of several parts", async () => {
      const parts = [Buffer.alloc(MIN_PART, "a"), "the end"];
      answered(await upload(server.client, `/${bucket}/parts`, parts), 200);
      const { text } = answered(await copy(to("parts-copy"), `/${bucket}/parts`), 200);
      const read = answered(await server.client.get(to("parts-copy")), 200);
      expect([read.bytes.length, read.headers.etag]).toEqual([MIN_PART + 7, xml(text).get("ETag")]);
      expect(md5(read.bytes)).toBe(md5(Buffer.concat(parts.map((part) => Buffer.from(part)))));
      const range = await server.client.get(to("parts-copy"), { range: "bytes=-9" });
      expect(range.text).toBe("aathe end");
    });

    it("keeps the source's checksum", async () => {
      const value = checksum("CRC32C", "checked");
      answered(
        await server.client.put(`/${bucket}/checked`, "checked", { "x-amz-checksum-crc32c": value }),
        200,
      );
      const { text } = answered(await copy(to("checked-copy"), `/${bucket}/checked`), 200);
      expect(xml(text).get("ChecksumCRC32C")).toBe(value);
      const { headers } = await server.client.head(to("checked-copy"), { "x-amz-checksum-mode": "ENABLED" });
      expect(headers["x-amz-checksum-crc32c"]).toBe(value);
    });

    it("is the copy's own: what becomes of the source is nothing to it", async () => {
      answered(await server.client.put(`/${bucket}/fleeting`, "as it was"), 200);
      answered(await copy(to("lasting"), `/${bucket}/fleeting`), 200);
      answered(await server.client.put(`/${bucket}/fleeting`, "changed"), 200);
      expect((await server.client.get(to("lasting"))).text).toBe("as it was");
      answered(await server.client.delete(`/${bucket}/fleeting`), 204);
      expect((await server.client.get(to("lasting"))).text).toBe("as it was");
    });

    it("is not made of what is not there, and leaves what is there", async () => {
      answered(await server.client.put(to("target"), "the old one"), 200);
      refused(await copy(to("target"), `/${bucket}/none`), 404, "NoSuchKey");
      refused(await copy(to("target"), "/not-there/src"), 404, "NoSuchBucket");
      expect((await server.client.get(to("target"))).text).toBe("the old one");
    });
  });
}

describe("a copy's source", () => {
  it("may be spelled with or without its first slash, and with any percents", async () => {
    answered(await server.client.put(`/${bucket}/dir/a%20b%2Bc`, "spelled"), 200);
    for (const source of [
      `/${bucket}/dir/a%20b%2Bc`,
      `${bucket}/dir/a%20b%2Bc`,
      `${bucket}%2Fdir%2Fa%20b%2bc`,
      `/${bucket}/%64ir/a b%2Bc`,
      encode(`/${bucket}/dir/a b+c`),
    ]) {
      answered(await copy(`/${bucket}/spelled`, source), 200);
      expect([source, (await server.client.get(`/${bucket}/spelled`)).text]).toEqual([source, "spelled"]);
      answered(await server.client.delete(`/${bucket}/spelled`), 204);
    }
  });

  it("may be named in UTF-8 as it is", async () => {
    answered(await server.client.put(`/${bucket}/${encode("ключ")}`, "spelled"), 200);
    answered(await copy(`/${bucket}/raw`, `/${bucket}/ключ`), 200);
    expect((await server.client.get(`/${bucket}/raw`)).text).toBe("spelled");
  });

  it("may have a question mark in its key", async () => {
    answered(await server.client.put(`/${bucket}/what%3FversionId%3D1`, "asked"), 200);
    answered(await copy(`/${bucket}/answer`, `/${bucket}/what%3FversionId%3D1`), 200);
    expect((await server.client.get(`/${bucket}/answer`)).text).toBe("asked");
  });

  for (const source of ["", "/", "no-key", "/no-key", "/no-key/", "//key"]) {
    it(`has to name a bucket and a key: not "${source}"`, async () => {
      const answer = await copy(`/${bucket}/sourceless`, source);
      expect([400, 404]).toContain(answer.status);
      refused(await server.client.get(`/${bucket}/sourceless`), 404, "NoSuchKey");
    });
  }

  it("is somebody's, who has to allow it", async () => {
    const { client } = await server.account("Stranger");
    const theirs = await server.bucket(client);
    const headers = { "x-amz-copy-source": `/${bucket}/src` };
    refused(await client.put(`/${theirs}/k`, "", headers), 403, "AccessDenied");
    refused(await client.get(`/${theirs}/k`), 404, "NoSuchKey");
    answered(await client.put(`/${theirs}/k`, "theirs"), 200);
    refused(await copy(`/${bucket}/stolen`, `/${theirs}/k`), 403, "AccessDenied");
    refused(
      await client.put(`/${bucket}/forced`, "", { "x-amz-copy-source": `/${theirs}/k` }),
      403,
      "AccessDenied",
    );
  });

  it("may be expected to be somebody's", async () => {
    const owner = xml((await server.client.get("/")).text).get("Owner/ID") ?? "";
    const expecting = (id: string) => ({ "x-amz-source-expected-bucket-owner": id });
    answered(await copy(`/${bucket}/owned`, `/${bucket}/src`, expecting(owner)), 200);
    const wrong = expecting("0".repeat(64));
    refused(await copy(`/${bucket}/disowned`, `/${bucket}/src`, wrong), 403, "AccessDenied");
  });
});

describe("a copy", () => {
  it("may spell the blanks of its source's key as pluses, and has to encode its pluses", async () => {
    const name = await server.bucket();
    for (const key of ["a%20b", "a%2Bb"]) answered(await server.client.put(`/${name}/${key}`, key), 200);
    answered(await copy(`/${name}/to`, `${name}%2Fa+b`), 200);
    expect((await server.client.get(`/${name}/to`)).text).toBe("a%20b");
    answered(await copy(`/${name}/to`, `${name}/a%2Bb`), 200);
    expect((await server.client.get(`/${name}/to`)).text).toBe("a%2Bb");
  });

  it("tells its version id, also if that is null", async () => {
    const name = await server.bucket();
    answered(await server.client.put(`/${name}/k`, "bytes"), 200);
    const idOfCopy = async () => (await copy(`/${name}/to`, `/${name}/k`)).headers["x-amz-version-id"];
    expect(await idOfCopy()).toBeUndefined();
    const suspended = "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>";
    answered(await server.client.put(`/${name}?versioning`, suspended), 200);
    expect(await idOfCopy()).toBe("null");
  });
});

describe("a copy to itself", () => {
  it("has to change something", async () => {
    const error = refused(await copy(`/${bucket}/src`, `/${bucket}/src`), 400, "InvalidRequest");
    expect(error.get("Message")).toMatch(/copy an object to itself without changing/);
  });

  it("changes what is said of the object, and not its bytes", async () => {
    answered(await server.client.put(`/${bucket}/self`, "the same bytes", SAID), 200);
    const said = { "x-amz-metadata-directive": "REPLACE", "x-amz-meta-colour": "red" };
    answered(await copy(`/${bucket}/self`, `/${bucket}/self`, said), 200);
    const { text, headers } = await server.client.get(`/${bucket}/self`);
    expect([text, headers["x-amz-meta-colour"]]).toEqual(["the same bytes", "red"]);
    expect(headers["cache-control"]).toBeUndefined();
  });

  it("is one with a storage class named, or in a bucket set to an encryption", async () => {
    const name = await server.bucket();
    const path = `/${name}/self`;
    answered(await server.client.put(path, "the same bytes"), 200);
    const standard = { "x-amz-storage-class": "STANDARD" };
    answered(await copy(path, path, standard), 200);
    refused(await copy(path, path, { ...standard, "if-none-match": "*" }), 412, "PreconditionFailed");
    refused(await copy(path, path), 400, "InvalidRequest");
    const rule =
      "<ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault>";
    const document = `<ServerSideEncryptionConfiguration><Rule>${rule}</Rule></ServerSideEncryptionConfiguration>`;
    const integrity = { "content-md5": md5(document, "base64") };
    answered(await server.client.put(`/${name}?encryption`, document, integrity), 200);
    answered(await copy(path, path), 200);
  });
});

describe("a part that is copied", () => {
  const part = (id: string, number: number, source: string, headers: Record<string, string> = {}) =>
    copy(partPath(`/${other}/assembled`, id, number), source, headers);

  it("is the source, or a range of it", async () => {
    answered(await server.client.put(`/${bucket}/large`, Buffer.alloc(MIN_PART + 10, "x")), 200);
    const id = await begin(server.client, `/${other}/assembled`);
    const etags: string[] = [];
    for (const [number, source, range] of [
      [1, `/${bucket}/large`, undefined],
      [2, `/${bucket}/large`, `bytes=5-${MIN_PART + 4}`],
      [3, `/${bucket}/src`, "bytes=7-11"],
    ] as const) {
      const headers = range === undefined ? {} : { "x-amz-copy-source-range": range };
      const { text } = answered(await part(id, number, source, headers), 200);
      expect(xml(text).name).toBe("CopyPartResult");
      expect(xml(text).get("LastModified")).toMatch(/^\d{4}-.*Z$/);
      etags.push(xml(text).get("ETag") ?? "");
    }
    expect(etags[2]).toBe(`"${md5("bytes")}"`);
    const parts = etags.map((etag, index) => ({ number: index + 1, etag }));
    answered(await complete(server.client, `/${other}/assembled`, id, parts), 200);
    const { bytes } = await server.client.get(`/${other}/assembled`);
    const expected = Buffer.concat([Buffer.alloc(2 * MIN_PART + 10, "x"), Buffer.from("bytes")]);
    expect([bytes.length, md5(bytes)]).toEqual([expected.length, md5(expected)]);
  });

  it("may be nothing", async () => {
    answered(await server.client.put(`/${bucket}/nothing`, ""), 200);
    const id = await begin(server.client, `/${other}/assembled`);
    const { text } = answered(await part(id, 1, `/${bucket}/nothing`), 200);
    expect(xml(text).get("ETag")).toBe(`"${md5("")}"`);
  });

  for (const range of [
    "bytes=0-12",
    "bytes=12-",
    "bytes=-3",
    "bytes=5-4",
    "0-4",
    "bytes=0-1,3-4",
    "bytes=a-b",
  ]) {
    it(`is a range that the source has, from one byte to another: not ${range}`, async () => {
      const id = await begin(server.client, `/${other}/assembled`);
      const answer = await part(id, 1, `/${bucket}/src`, { "x-amz-copy-source-range": range });
      refused(answer, 400, "InvalidArgument");
      const { text } = await server.client.get(`/${other}/assembled?uploadId=${id}`);
      expect(xml(text).all("Part")).toEqual([]);
    });
  }

  it("is no range that begins behind its source's end", async () => {
    const id = await begin(server.client, `/${other}/assembled`);
    const answer = await part(id, 1, `/${bucket}/src`, { "x-amz-copy-source-range": "bytes=100-200" });
    const error = refused(answer, 400, "InvalidRequest");
    expect(error.get("Message")).toBe("The specified copy range is invalid for the source object size");
  });

  it("is of an object that is there, and for an upload that is there", async () => {
    const id = await begin(server.client, `/${other}/assembled`);
    refused(await part(id, 1, `/${bucket}/none`), 404, "NoSuchKey");
    refused(await part(id, 1, "/not-there/src"), 404, "NoSuchBucket");
    refused(await part("no-such-upload", 1, `/${bucket}/src`), 404, "NoSuchUpload");
  });

  it("has conditions, as a copy has", async () => {
    const id = await begin(server.client, `/${other}/assembled`);
    const etag = `"${md5("source bytes")}"`;
    const when = (name: string, value: string) =>
      part(id, 1, `/${bucket}/src`, { [`x-amz-copy-source-${name}`]: value });
    answered(await when("if-match", etag), 200);
    refused(await when("if-match", '"other"'), 412, "PreconditionFailed");
    refused(await when("if-none-match", etag), 412, "PreconditionFailed");
    refused(await when("if-unmodified-since", "Thu, 01 Dec 1994 16:00:00 GMT"), 412, "PreconditionFailed");
    answered(await when("if-modified-since", "Thu, 01 Dec 1994 16:00:00 GMT"), 200);
  });
});
