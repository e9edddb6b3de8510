import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { audit } from "../support/audit.ts";
import { type Answer, at, type Client } from "../support/client.ts";
import { answered, patiently, refused } from "../support/expect.ts";
import { isolates, useServer } from "../support/server.ts";
import { begin, complete, part, partPath } from "../support/uploads.ts";
import { xml } from "../support/xml.ts";

const server = useServer();

/** The etag of "bytes". */
const BYTES_MD5 = createHash("md5").update("bytes").digest("hex");

interface Remade {
  a: Client;
  b: Client;
  bucket: string;
  /** An upload of `k` in the bucket that is gone, and one in the new bucket. */
  oldUpload: string;
  upload: string;
}

/** A bucket that b remembers and that a has deleted since: `old` was in it. */
async function deleted(): Promise<Remade & { oldId: string }> {
  const { a, b } = isolates(server);
  const bucket = await server.bucket(a);
  answered(await b.put(at(bucket, "old"), "old bytes"), 200);
  const oldUpload = await begin(b, `/${bucket}/k`);
  const oldId = await server.idOf(bucket);
  answered(await a.delete(at(bucket, "old")), 204);
  answered(await a.delete(`/${bucket}`), 204);
  return { a, b, bucket, oldId, oldUpload, upload: "" };
}

/** The same, and a has made it anew: `k` and `src` are in it, and an upload of `up` with one part. */
async function remade(): Promise<Remade & { etag: string }> {
  const { a, b, bucket, oldUpload } = await deleted();
  answered(await a.put(`/${bucket}`), 200);
  answered(await a.put(at(bucket, "k"), "new bytes"), 200);
  answered(await a.put(at(bucket, "src"), "source"), 200);
  const upload = await begin(a, `/${bucket}/up`);
  const { etag } = await part(a, `/${bucket}/up`, upload, 1, "part one");
  return { a, b, bucket, oldUpload, upload, etag };
}

describe("an isolate that remembers a bucket which was deleted and made anew", () => {
  it("reads the new one's objects", async () => {
    const { b, bucket } = await remade();
    expect((await b.get(at(bucket, "k"))).text).toBe("new bytes");
    expect((await b.head(at(bucket, "src"))).headers["content-length"]).toBe("6");
    refused(await b.get(at(bucket, "old")), 404, "NoSuchKey");
  });

  it("lists the new one's keys and uploads", async () => {
    for (const query of ["list-type=2", "", "versions", "uploads"]) {
      const { b, bucket } = await remade();
      const keys = xml((await b.get(`/${bucket}?${query}`)).text);
      const shown = ["Contents/Key", "Version/Key", "Upload/Key"].flatMap((path) => keys.texts(path));
      expect([query, shown]).toEqual([query, query === "uploads" ? ["up"] : ["k", "src"]]);
    }
  });

  for (const [what, body] of [
    ["an object", "some bytes"],
    ["an empty object", ""],
  ] as const) {
    it(`puts ${what} into the new one, or asks for it again`, async () => {
      const { a, b, bucket } = await remade();
      answered(await patiently(() => b.put(at(bucket, "put"), body)), 200);
      expect((await a.get(at(bucket, "put"))).text).toBe(body);
      await audit(server, await server.idOf(bucket));
    });
  }

  it("judges a condition by the new one", async () => {
    const { b, bucket } = await remade();
    refused(
      await patiently(() => b.put(at(bucket, "k"), "x", { "if-none-match": "*" })),
      412,
      "PreconditionFailed",
    );
    answered(await patiently(() => b.put(at(bucket, "old"), "x", { "if-none-match": "*" })), 200);
  });

  it("deletes in the new one", async () => {
    const { a, b, bucket } = await remade();
    answered(await b.delete(at(bucket, "k")), 204);
    refused(await a.get(at(bucket, "k")), 404, "NoSuchKey");
    await audit(server, await server.idOf(bucket));
  });

  it("copies within the new one", async () => {
    const { a, b, bucket } = await remade();
    answered(await b.put(at(bucket, "copy"), "", { "x-amz-copy-source": `/${bucket}/src` }), 200);
    expect((await a.get(at(bucket, "copy"))).text).toBe("source");
  });

  it("copies out of the new one and into it", async () => {
    const { a, b, bucket } = await remade();
    const other = await server.bucket(a);
    const from = (name: string) => ({ "x-amz-copy-source": `/${name}/src` });
    answered(await patiently(() => b.put(at(other, "src"), "", from(bucket))), 200);
    expect((await a.get(at(other, "src"))).text).toBe("source");
    const again = await remade();
    answered(await patiently(() => again.b.put(at(again.bucket, "copy"), "", from(other))), 200);
    expect((await a.get(at(again.bucket, "copy"))).text).toBe("source");
    await audit(server, await server.idOf(again.bucket));
  });

  it("begins an upload in the new one", async () => {
    const { a, b, bucket } = await remade();
    const id = await begin(b, `/${bucket}/begun`);
    expect(xml((await a.get(`/${bucket}?uploads`)).text).texts("Upload/UploadId")).toContain(id);
  });

  it("uploads a part to the new one, or asks for it again", async () => {
    const { a, b, bucket, upload } = await remade();
    answered(await patiently(() => b.put(partPath(`/${bucket}/up`, upload, 2), "part two")), 200);
    const parts = xml((await a.get(`/${bucket}/up?uploadId=${upload}`)).text);
    expect(parts.texts("Part/PartNumber")).toEqual(["1", "2"]);
  });

  it("lists, completes and aborts uploads of the new one", async () => {
    const first = await remade();
    const { text } = await first.b.get(`/${first.bucket}/up?uploadId=${first.upload}`);
    expect(xml(text).texts("Part/ETag")).toEqual([first.etag]);
    const second = await remade();
    const parts = [{ number: 1, etag: second.etag }];
    answered(await complete(second.b, `/${second.bucket}/up`, second.upload, parts), 200);
    expect((await second.a.get(at(second.bucket, "up"))).text).toBe("part one");
    const third = await remade();
    answered(await third.b.delete(`/${third.bucket}/up?uploadId=${third.upload}`), 204);
    refused(await third.a.get(`/${third.bucket}/up?uploadId=${third.upload}`), 404, "NoSuchUpload");
    for (const { bucket } of [first, second, third]) await audit(server, await server.idOf(bucket));
  });

  it("knows no upload of the old one", async () => {
    const acts: ((client: Client, path: string, id: string) => Promise<Answer>)[] = [
      (client, path, id) => client.put(partPath(path, id, 1), "bytes"),
      (client, path, id) => complete(client, path, id, [{ number: 1, etag: "x" }]),
      (client, path, id) => client.delete(`${path}?uploadId=${id}`),
      (client, path, id) => client.get(`${path}?uploadId=${id}`),
    ];
    for (const act of acts) {
      const { b, bucket, oldUpload } = await remade();
      refused(await patiently(() => act(b, `/${bucket}/k`, oldUpload)), 404, "NoSuchUpload");
    }
  });
});

describe("an isolate that remembers a bucket which was deleted", () => {
  const REQUESTS: [name: string, act: (client: Client, bucket: string, upload: string) => Promise<Answer>][] =
    [
      ["HeadBucket", (client, bucket) => client.head(`/${bucket}`)],
      ["GetBucketLocation", (client, bucket) => client.get(`/${bucket}?location`)],
      ["ListObjects", (client, bucket) => client.get(`/${bucket}`)],
      ["ListObjectsV2", (client, bucket) => client.get(`/${bucket}?list-type=2`)],
      ["ListMultipartUploads", (client, bucket) => client.get(`/${bucket}?uploads`)],
      ["GetObject", (client, bucket) => client.get(`/${bucket}/old`)],
      ["HeadObject", (client, bucket) => client.head(`/${bucket}/old`)],
      ["PutObject", (client, bucket) => client.put(`/${bucket}/k`, "bytes")],
      ["PutObject of nothing", (client, bucket) => client.put(`/${bucket}/k`)],
      ["DeleteObject", (client, bucket) => client.delete(`/${bucket}/old`)],
      [
        "CopyObject",
        (client, bucket) => client.put(`/${bucket}/k`, "", { "x-amz-copy-source": `/${bucket}/old` }),
      ],
      ["CreateMultipartUpload", (client, bucket) => client.post(`/${bucket}/k?uploads`)],
      ["UploadPart", (client, bucket, upload) => client.put(partPath(`/${bucket}/k`, upload, 1), "bytes")],
      ["ListParts", (client, bucket, upload) => client.get(`/${bucket}/k?uploadId=${upload}`)],
      [
        "CompleteMultipartUpload",
        (client, bucket, upload) =>
          complete(client, `/${bucket}/k`, upload, [{ number: 1, etag: BYTES_MD5 }]),
      ],
      ["AbortMultipartUpload", (client, bucket, upload) => client.delete(`/${bucket}/k?uploadId=${upload}`)],
      ["DeleteBucket", (client, bucket) => client.delete(`/${bucket}`)],
    ];

  const gone = (answer: Answer, method: string) => {
    if (method.startsWith("Head")) expect([answer.status, answer.text]).toEqual([404, ""]);
    else refused(answer, 404, "NoSuchBucket");
  };

  for (const [name, act] of REQUESTS) {
    it(`answers NoSuchBucket to ${name}`, async () => {
      const { b, bucket, oldUpload } = await deleted();
      gone(await act(b, bucket, oldUpload), name);
    });
  }

  // What asks the directory only need not learn of it: the deletion was not acknowledged.
  for (const [name, act] of REQUESTS.filter(([name]) => /Object|DeleteBucket|CompleteM|AbortM/.test(name))) {
    it(`finishes a deletion that was interrupted, at ${name}`, async () => {
      const { a, b } = isolates(server);
      const bucket = await server.bucket(a);
      const id = await server.idOf(bucket);
      const upload = await begin(b, `/${bucket}/k`);
      await part(b, `/${bucket}/k`, upload, 1, "bytes");
      const interrupted = a.failing({
        store: "d1",
        call: "delete from bucket",
        how: "before",
        lapse: 60_000,
      });
      refused(await interrupted.delete(`/${bucket}`), 503, "SlowDown");
      const answer = await act(b, bucket, upload);
      if (name === "DeleteBucket") answered(answer, 204);
      else gone(answer, name);
      await expect(server.idOf(bucket)).rejects.toThrow("there is no bucket");
      const { litter, parts, orphans } = await audit(server, id);
      expect([litter.length, parts.length]).toEqual([1, 0]);
      expect(orphans.length).toBe(name === "PutObject" ? 1 : 0);
    });
  }
});

describe("a refusal", () => {
  it("never rests on what an isolate remembers of an earlier owner", async () => {
    const { a, b } = isolates(server);
    const { client: newcomer } = await server.account("Newcomer");
    const bucket = await server.bucket(a);
    answered(await b.put(`/${bucket}/k`, "old"), 200);
    answered(await a.delete(`/${bucket}/k`), 204);
    answered(await a.delete(`/${bucket}`), 204);
    answered(await newcomer.put(`/${bucket}`), 200);
    answered(await newcomer.put(`/${bucket}/k`, "new"), 200);
    // b still remembers the old owner; after a second it must ask before it refuses.
    const atB = newcomer.with({ ...b.settings.headers, "x-test-now-offset": "1500" });
    expect(answered(await atB.get(`/${bucket}/k`), 200).text).toBe("new");
    refused(await b.get(`/${bucket}/k`), 403, "AccessDenied");
  });

  it("does not outlive the bucket that it was given for, in the isolate that makes it anew", async () => {
    const { a, b } = isolates(server);
    const { client } = await server.account("Heir");
    const heir = client.with({ ...b.settings.headers });
    const bucket = await server.bucket(a);
    refused(await heir.get(`/${bucket}/k`), 403, "AccessDenied");
    answered(await a.delete(`/${bucket}`), 204);
    answered(await heir.put(`/${bucket}`), 200);
    answered(await heir.put(`/${bucket}/k`, "new"), 200);
  });

  it("reaches the old owner at once, though an isolate remembers that the bucket was theirs", async () => {
    const { a, b } = isolates(server);
    const { client: newcomer } = await server.account("Other");
    const bucket = await server.bucket(a);
    answered(await b.put(`/${bucket}/k`, "old"), 200);
    answered(await a.delete(`/${bucket}/k`), 204);
    answered(await a.delete(`/${bucket}`), 204);
    answered(await newcomer.put(`/${bucket}`), 200);
    answered(await newcomer.put(`/${bucket}/k`, "secret"), 200);
    refused(await b.get(`/${bucket}/k`), 403, "AccessDenied");
    refused(await b.put(`/${bucket}/k`, "mine"), 403, "AccessDenied");
    refused(await b.delete(`/${bucket}/k`), 403, "AccessDenied");
    expect((await newcomer.get(`/${bucket}/k`)).text).toBe("secret");
  });
});
