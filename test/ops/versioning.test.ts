import { describe, expect, it } from "vitest";
import { audit } from "../support/audit.ts";
import { md5 } from "../support/checksums.ts";
import type { Answer, Client } from "../support/client.ts";
import { inBatches } from "../support/cost.ts";
import { answered, refused } from "../support/expect.ts";
import { isolates, useServer } from "../support/server.ts";
import { begin, MIN_PART, part, partPath, upload } from "../support/uploads.ts";
import { xml } from "../support/xml.ts";

const server = useServer();

type Status = "Enabled" | "Suspended";

const configuration = (inside: string) => `<VersioningConfiguration>${inside}</VersioningConfiguration>`;

function setVersioning(bucket: string, status: string, client: Client = server.client): Promise<Answer> {
  return client.put(`/${bucket}?versioning`, configuration(`<Status>${status}</Status>`));
}

async function bucketWith(...statuses: Status[]): Promise<string> {
  const bucket = await server.bucket();
  for (const status of statuses) answered(await setVersioning(bucket, status), 200);
  return bucket;
}

/** Puts an object and gives its version id as the answer shows it. */
async function put(path: string, body: string): Promise<string> {
  const { headers } = answered(await server.client.put(path, body), 200);
  return String(headers["x-amz-version-id"] ?? "null");
}

/** Deletes without naming a version and gives the delete marker's id. */
async function cover(path: string): Promise<string> {
  const { headers } = answered(await server.client.delete(path), 204);
  expect(headers["x-amz-delete-marker"]).toBe("true");
  return String(headers["x-amz-version-id"]);
}

const by = (path: string, id: string) => `${path}?versionId=${id}`;

interface Listed {
  id: string;
  marker: boolean;
  latest: boolean;
}

/** What a listing says of one key. */
async function versionsOf(path: string): Promise<Listed[]> {
  const [, bucket = "", key = ""] = path.split("/");
  const { text } = answered(await server.client.get(`/${bucket}?versions&prefix=${key}`), 200);
  const document = xml(text);
  return document.names.flatMap((name, place) => {
    if (name !== "Version" && name !== "DeleteMarker") return [];
    const before = document.names.slice(0, place).filter((other) => other === name).length;
    const entry = document.all(name)[before];
    if (entry?.get("Key") !== key) return [];
    const marker = name === "DeleteMarker";
    return [{ id: entry.get("VersionId") ?? "", marker, latest: entry.get("IsLatest") === "true" }];
  });
}

const idsOf = async (path: string) => (await versionsOf(path)).map(({ id }) => id);

describe("a bucket's versioning", () => {
  it("is unset, then enabled, then suspended, and never unset again", async () => {
    const bucket = await server.bucket();
    const shown = async () => xml((await server.client.get(`/${bucket}?versioning`)).text);
    expect([(await shown()).name, (await shown()).names]).toEqual(["VersioningConfiguration", []]);
    for (const status of ["Enabled", "Suspended", "Enabled"] as const) {
      answered(await setVersioning(bucket, status), 200);
      expect((await shown()).get("Status")).toBe(status);
    }
  });

  it.each([
    ["no status", "", 400, "IllegalVersioningConfigurationException"],
    ["an unknown status", "<Status>Off</Status>", 400, "MalformedXML"],
    ["a status in lower case", "<Status>enabled</Status>", 400, "MalformedXML"],
    ["two of them", "<Status>Enabled</Status><Status>Suspended</Status>", 400, "MalformedXML"],
    ["a second factor", "<Status>Enabled</Status><MfaDelete>Enabled</MfaDelete>", 403, "AccessDenied"],
  ])("is not changed by %s", async (_what, inside, status, code) => {
    const bucket = await bucketWith("Suspended");
    refused(await server.client.put(`/${bucket}?versioning`, configuration(inside)), status, code);
    expect(xml((await server.client.get(`/${bucket}?versioning`)).text).get("Status")).toBe("Suspended");
  });

  it("counts for whoever remembers the bucket without it", async () => {
    const { a, b } = isolates(server);
    const bucket = await server.bucket(a);
    answered(await b.put(`/${bucket}/k`, "old"), 200);
    answered(await setVersioning(bucket, "Enabled", a), 200);
    const { headers } = answered(await b.put(`/${bucket}/k`, "new"), 200);
    expect(headers["x-amz-version-id"]).toMatch(/^\w{20,}$/);
    expect((await b.get(by(`/${bucket}/k`, "null"))).text).toBe("old");
    answered(await setVersioning(bucket, "Suspended", a), 200);
    answered(await b.delete(`/${bucket}/k`), 204);
    expect(await idsOf(`/${bucket}/k`)).toEqual(["null", headers["x-amz-version-id"]]);
  });
});

/** Several states one after another, each lasting for one put or one delete of each key. */
const WALKS = [0, 1, 2, 3, 4, 5, 6, 7].map((bits) =>
  [4, 2, 1].map((bit): Status => ((bits & bit) === 0 ? "Enabled" : "Suspended")),
);

/** What a key should hold, newest first; a body of undefined is a delete marker. */
type Naive = { id: string; body: string | undefined }[];

async function step(path: string, state: Status | "off", held: Naive, body: string | undefined) {
  const rest = state === "Enabled" ? held : held.filter(({ id }) => id !== "null");
  if (body !== undefined) return [{ id: await put(path, body), body }, ...rest];
  if (state !== "off") return [{ id: await cover(path), body }, ...rest];
  answered(await server.client.delete(path), 204);
  return rest;
}

async function expectHeld(path: string, held: Naive): Promise<void> {
  const listed = await versionsOf(path);
  expect(listed).toEqual(
    held.map(({ id, body }, place) => ({ id, marker: body === undefined, latest: place === 0 })),
  );
  for (const { id, body } of held) {
    const { status, text } = await server.client.get(by(path, id));
    expect([status, status === 200 ? text : undefined]).toEqual([body === undefined ? 405 : 200, body]);
  }
  const { status, text } = await server.client.get(path);
  const current = held[0]?.body;
  expect([status, status === 200 ? text : undefined]).toEqual([current === undefined ? 404 : 200, current]);
  if (!held.some(({ id }) => id === "null")) {
    refused(await server.client.get(by(path, "null")), 404, "NoSuchVersion");
  }
}

describe("null versions", () => {
  for (const walk of WALKS) {
    it(`are right when a bucket is off, ${walk.join(", ").toLowerCase()}`, async () => {
      const bucket = await server.bucket();
      // Whether each key is put or deleted in each state: all sixteen ways.
      const keys = Array.from({ length: 16 }, (_, bits) => [8, 4, 2, 1].map((bit) => (bits & bit) === 0));
      const held: Naive[] = keys.map(() => []);
      for (const [turn, state] of (["off", ...walk] as const).entries()) {
        if (state !== "off") answered(await setVersioning(bucket, state), 200);
        await inBatches(
          keys.map((puts, place) => async () => {
            const body = puts[turn] === true ? `body ${turn}` : undefined;
            held[place] = await step(`/${bucket}/k${place}.`, state, held[place] ?? [], body);
          }),
          4,
        );
      }
      for (const [place, expected] of held.entries()) await expectHeld(`/${bucket}/k${place}.`, expected);
      expect((await audit(server, await server.idOf(bucket))).orphans).toEqual([]);
    });
  }
});

describe("a version id", () => {
  it("is another one each time, tells nothing of the key, and newest comes first", async () => {
    const path = `/${await bucketWith("Enabled")}/k`;
    const ids: string[] = [];
    for (let i = 0; i < 12; i++) ids.unshift(await put(path, `same body`));
    expect(new Set(ids).size).toBe(12);
    for (const id of ids) expect(id).toMatch(/^[0-9a-z]{32}$/);
    expect(await idsOf(path)).toEqual(ids);
    const { headers } = await server.client.head(path);
    expect(headers["x-amz-version-id"]).toBe(ids[0]);
  });

  it("is of one key: another key's version is not found by it", async () => {
    const bucket = await bucketWith("Enabled");
    const id = await put(`/${bucket}/k`, "mine");
    await put(`/${bucket}/l`, "other");
    refused(await server.client.get(by(`/${bucket}/l`, id)), 404, "NoSuchVersion");
    answered(await server.client.delete(by(`/${bucket}/l`, id)), 204);
    expect((await server.client.get(by(`/${bucket}/k`, id))).text).toBe("mine");
  });

  it("with its last character changed is nobody's", async () => {
    const path = `/${await bucketWith("Enabled")}/k`;
    const ids = [await put(path, "older"), await put(path, "body")];
    for (const id of ids) {
      const other = id.slice(0, -1) + (id.endsWith("0") ? "1" : "0");
      refused(await server.client.get(by(path, other)), 404, "NoSuchVersion");
      answered(await server.client.delete(by(path, other)), 204);
    }
    expect(await idsOf(path)).toEqual(ids.toReversed());
  });

  it("that could be none is refused, whatever is asked", async () => {
    const bucket = await bucketWith("Enabled");
    await put(`/${bucket}/k`, "body");
    const path = by(`/${bucket}/k`, "nonsense");
    refused(await server.client.get(path), 400, "InvalidArgument");
    refused(await server.client.delete(path), 400, "InvalidArgument");
    refused(await server.client.get(`${path}&tagging`), 400, "InvalidArgument");
    expect((await server.client.head(path)).status).toBe(400);
    const copy = { "x-amz-copy-source": path };
    refused(await server.client.put(`/${bucket}/c`, "", copy), 400, "InvalidArgument");
    expect((await server.client.get(`/${bucket}/k`)).text).toBe("body");
  });

  it("is not shown where there never were versions, and null can be named there", async () => {
    const path = `/${await server.bucket()}/k`;
    const { headers } = answered(await server.client.put(path, "body"), 200);
    const read = await server.client.get(path);
    for (const shown of [headers, read.headers]) expect(shown["x-amz-version-id"]).toBeUndefined();
    expect((await server.client.get(by(path, "null"))).text).toBe("body");
    answered(await server.client.delete(by(path, "null")), 204);
    refused(await server.client.get(path), 404, "NoSuchKey");
    expect(await idsOf(path)).toEqual([]);
  });
});

describe("an old version", () => {
  it("keeps its bytes, its etag and what was said of it", async () => {
    const path = `/${await bucketWith("Enabled")}/k`;
    const said = { "x-amz-meta-colour": "blue", "content-type": "text/plain" };
    const { headers } = answered(await server.client.put(path, "first", said), 200);
    const id = String(headers["x-amz-version-id"]);
    await put(path, "second");
    const read = answered(await server.client.get(by(path, id)), 200);
    expect([read.text, read.headers.etag]).toEqual(["first", `"${md5("first")}"`]);
    expect(read.headers).toMatchObject({ ...said, "x-amz-version-id": id });
    const range = await server.client.get(by(path, id), { range: "bytes=1-2" });
    expect([range.status, range.text, range.headers["content-range"]]).toEqual([206, "ir", "bytes 1-2/5"]);
  });

  it("can be copied, to another key, another bucket and as a part", async () => {
    const bucket = await bucketWith("Enabled");
    const id = await put(`/${bucket}/k`, "first");
    await put(`/${bucket}/k`, "second");
    const source = { "x-amz-copy-source": by(`/${bucket}/k`, id) };
    for (const to of [`/${bucket}/copy`, `/${await server.bucket()}/copy`]) {
      const { headers } = answered(await server.client.put(to, "", source), 200);
      expect(headers["x-amz-copy-source-version-id"]).toBe(id);
      expect((await server.client.get(to)).text).toBe("first");
    }
    const upload = await begin(server.client, `/${bucket}/parts`);
    const { headers, text } = await server.client.put(partPath(`/${bucket}/parts`, upload, 1), "", source);
    expect([headers["x-amz-copy-source-version-id"], xml(text).get("ETag")]).toEqual([
      id,
      `"${md5("first")}"`,
    ]);
  });

  it("is restored by copying it onto its key", async () => {
    const path = `/${await bucketWith("Enabled")}/k`;
    const first = await put(path, "first");
    const second = await put(path, "second");
    const marker = await cover(path);
    const { headers } = answered(
      await server.client.put(path, "", { "x-amz-copy-source": by(path, first) }),
      200,
    );
    const restored = String(headers["x-amz-version-id"]);
    expect((await server.client.get(path)).text).toBe("first");
    expect(await idsOf(path)).toEqual([restored, marker, second, first]);
    answered(await server.client.delete(by(path, first)), 204);
    expect((await server.client.get(path)).text).toBe("first");
  });

  it("of several parts is read part by part when newer ones stand before it", async () => {
    const path = `/${await bucketWith("Enabled")}/k`;
    const { headers } = answered(
      await upload(server.client, path, [Buffer.alloc(MIN_PART, "a"), "the end"]),
      200,
    );
    const id = String(headers["x-amz-version-id"]);
    await put(path, "newer");
    const { status, text, headers: read } = await server.client.get(`${by(path, id)}&partNumber=2`);
    expect([status, text, read["x-amz-mp-parts-count"]]).toEqual([206, "the end", "2"]);
  });
});

describe("a bucket with versions", () => {
  it("is deleted only when the last version and the last marker are gone", async () => {
    const bucket = await bucketWith("Enabled");
    const id = await put(`/${bucket}/k`, "body");
    const marker = await cover(`/${bucket}/k`);
    refused(await server.client.delete(`/${bucket}`), 409, "BucketNotEmpty");
    answered(await server.client.delete(by(`/${bucket}/k`, id)), 204);
    refused(await server.client.delete(`/${bucket}`), 409, "BucketNotEmpty");
    answered(await server.client.delete(by(`/${bucket}/k`, marker)), 204);
    answered(await server.client.delete(`/${bucket}`), 204);
  });

  it("keeps all versions of a key that many put at once", async () => {
    const bucket = await bucketWith("Enabled");
    const puts = Array.from({ length: 40 }, (_, i) => put(`/${bucket}/k`, `body ${i}`));
    const ids = await Promise.all(puts);
    const listed = await versionsOf(`/${bucket}/k`);
    expect(listed.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    expect(listed.map(({ latest }) => latest)).toEqual(listed.map((_, place) => place === 0));
    const bodies = await Promise.all(ids.map((id) => server.client.get(by(`/${bucket}/k`, id))));
    expect(bodies.map(({ text }) => text)).toEqual(ids.map((_, i) => `body ${i}`));
    expect((await audit(server, await server.idOf(bucket))).named).toHaveLength(40);
  });

  it("gets a version of each part-wise upload, whose answer names it", async () => {
    const path = `/${await bucketWith("Enabled")}/k`;
    const first = await put(path, "whole");
    const id = await begin(server.client, path);
    const parts = [await part(server.client, path, id, 1, "in parts")];
    const body = parts.map(({ etag }) => `<Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part>`);
    const document = `<CompleteMultipartUpload>${body.join("")}</CompleteMultipartUpload>`;
    const { headers } = answered(await server.client.post(`${path}?uploadId=${id}`, document), 200);
    expect(await idsOf(path)).toEqual([headers["x-amz-version-id"], first]);
    // Sent again, it makes no second version.
    answered(await server.client.post(`${path}?uploadId=${id}`, document), 200);
    expect(await idsOf(path)).toHaveLength(2);
  });
});

describe("a delete marker", () => {
  it("hides the object, and says in headers that it does", async () => {
    const path = `/${await bucketWith("Enabled")}/k`;
    await put(path, "body");
    const marker = await cover(path);
    refused(await server.client.get(path), 404, "NoSuchKey");
    for (const { status, headers } of [await server.client.get(path), await server.client.head(path)]) {
      expect([status, headers["x-amz-delete-marker"], headers["x-amz-version-id"]]).toEqual([
        404,
        "true",
        marker,
      ]);
    }
    const bucket = path.slice(0, -2);
    expect(xml((await server.client.get(`${bucket}?list-type=2`)).text).all("Contents")).toEqual([]);
    refused(await server.client.put(`${bucket}/c`, "", { "x-amz-copy-source": path }), 404, "NoSuchKey");
  });

  it("named by its id can be deleted, and nothing else", async () => {
    const path = `/${await bucketWith("Enabled")}/k`;
    await put(path, "body");
    const marker = await cover(path);
    refused(await server.client.get(by(path, marker)), 405, "MethodNotAllowed");
    for (const method of ["GET", "HEAD"]) {
      const { status, headers } = await server.client.send(method, by(path, marker));
      expect([status, headers.allow, headers["x-amz-delete-marker"], headers["x-amz-version-id"]]).toEqual([
        405,
        "DELETE",
        "true",
        marker,
      ]);
      expect(Date.parse(headers["last-modified"] ?? "")).not.toBeNaN();
    }
    const tags = "<Tagging><TagSet></TagSet></Tagging>";
    refused(await server.client.put(`${by(path, marker)}&tagging`, tags), 405, "MethodNotAllowed");
    refused(await server.client.get(`${by(path, marker)}&tagging`), 405, "MethodNotAllowed");
    refused(await server.client.delete(`${by(path, marker)}&tagging`), 405, "MethodNotAllowed");
    const { headers } = answered(await server.client.delete(by(path, marker)), 204);
    expect([headers["x-amz-delete-marker"], headers["x-amz-version-id"]]).toEqual(["true", marker]);
    expect((await server.client.get(path)).text).toBe("body");
  });

  it("cannot be the source of a copy", async () => {
    const path = `/${await bucketWith("Enabled")}/k`;
    await put(path, "body");
    const source = { "x-amz-copy-source": by(path, await cover(path)) };
    refused(await server.client.put(`${path}-copy`, "", source), 400, "InvalidRequest");
    const id = await begin(server.client, path);
    refused(await server.client.put(partPath(path, id, 1), "", source), 400, "InvalidRequest");
  });

  it("on another one hides the object until both are gone", async () => {
    const path = `/${await bucketWith("Enabled")}/k`;
    const id = await put(path, "body");
    const markers = [await cover(path), await cover(path), await cover(path)];
    expect(await idsOf(path)).toEqual([...markers.toReversed(), id]);
    for (const place of [1, 2, 0]) {
      refused(await server.client.get(path), 404, "NoSuchKey");
      answered(await server.client.delete(by(path, markers[place] ?? "")), 204);
    }
    expect(await versionsOf(path)).toEqual([{ id, marker: false, latest: true }]);
    expect((await server.client.get(path)).text).toBe("body");
  });

  it("is made for a key that never was, too", async () => {
    const path = `/${await bucketWith("Enabled")}/k`;
    const marker = await cover(path);
    expect(await versionsOf(path)).toEqual([{ id: marker, marker: true, latest: true }]);
  });

  it("stays over versions of which the newest is removed", async () => {
    const path = `/${await bucketWith("Enabled")}/k`;
    const [first, second] = [await put(path, "first"), await put(path, "second")];
    const marker = await cover(path);
    answered(await server.client.delete(by(path, second)), 204);
    refused(await server.client.get(path), 404, "NoSuchKey");
    answered(await server.client.delete(by(path, marker)), 204);
    expect((await server.client.head(path)).headers["x-amz-version-id"]).toBe(first);
  });
});
