import { beforeAll, describe, expect, it } from "vitest";
import { md5 } from "../support/checksums.ts";
import type { Answer } from "../support/client.ts";
import { answered, refused } from "../support/expect.ts";
import { useServer } from "../support/server.ts";
import { complete, part } from "../support/uploads.ts";
import { escapeXml, xml } from "../support/xml.ts";

const server = useServer();
let bucket: string;

beforeAll(async () => {
  bucket = await server.bucket();
});

type Tag = [key: string, value: string];

const documentOf = (tags: readonly Tag[]) => {
  const inside = tags.map(
    ([key, value]) => `<Tag><Key>${escapeXml(key)}</Key><Value>${escapeXml(value)}</Value></Tag>`,
  );
  return `<Tagging><TagSet>${inside.join("")}</TagSet></Tagging>`;
};

const headerOf = (tags: readonly Tag[]) => ({ "x-amz-tagging": new URLSearchParams(tags).toString() });

/** So many tags, in the order of their keys. */
const many = (count: number): Tag[] =>
  Array.from({ length: count }, (_, i) => [`key${String(i).padStart(3, "0")}`, `value ${i}`]);

const withQuery = (path: string, query: string) => path + (path.includes("?") ? "&" : "?") + query;

function putTags(path: string, tags: readonly Tag[]): Promise<Answer> {
  return server.client.put(withQuery(path, "tagging"), documentOf(tags));
}

async function tagsOf(path: string): Promise<Tag[]> {
  const { text } = answered(await server.client.get(withQuery(path, "tagging")), 200);
  const document = xml(text);
  expect([document.name, document.names]).toEqual(["Tagging", ["TagSet"]]);
  return document.all("TagSet/Tag").map((tag): Tag => [tag.get("Key") ?? "", tag.get("Value") ?? ""]);
}

const countOf = async (path: string) => (await server.client.head(path)).headers["x-amz-tagging-count"];

async function object(key: string, headers: Record<string, string> = {}): Promise<string> {
  const path = `/${bucket}/${key}`;
  answered(await server.client.put(path, "bytes", headers), 200);
  return path;
}

const LETTERS: Tag[] = [
  ["Größe", "中 文"],
  ["a_.:/=+-@ 9", "_.:/=+-@ Ж٣"],
  ["empty", ""],
];

describe("an object's tags", () => {
  it("are none at first, then those that were put, then none again", async () => {
    const path = await object("life");
    expect([await tagsOf(path), await countOf(path)]).toEqual([[], undefined]);
    answered(await putTags(path, many(3)), 200);
    expect([await tagsOf(path), await countOf(path)]).toEqual([many(3), "3"]);
    answered(await putTags(path, [["other", "one"]]), 200);
    expect([await tagsOf(path), await countOf(path)]).toEqual([[["other", "one"]], "1"]);
    answered(await putTags(path, []), 200);
    expect([await tagsOf(path), await countOf(path)]).toEqual([[], undefined]);
    answered(await putTags(path, many(1)), 200);
    const { text } = answered(await server.client.delete(`${path}?tagging`), 204);
    expect([text, await tagsOf(path), await countOf(path)]).toEqual(["", [], undefined]);
  });

  it("may be of all letters and digits, and of some signs", async () => {
    const path = await object("letters");
    answered(await putTags(path, LETTERS), 200);
    expect((await tagsOf(path)).toSorted()).toEqual(LETTERS.toSorted());
  });

  it("leave the object as it is: its bytes, its etag, its time and what is said of it", async () => {
    const path = await object("same", { "x-amz-meta-colour": "blue" });
    const before = await server.client.get(path);
    answered(await putTags(path, many(2)), 200);
    const after = await server.client.get(path);
    expect(after.text).toBe(before.text);
    for (const name of ["etag", "last-modified", "x-amz-meta-colour"]) {
      expect([name, after.headers[name]]).toEqual([name, before.headers[name]]);
    }
  });

  it("go when the object is put again without any", async () => {
    const path = await object("again", headerOf(many(2)));
    await object("again");
    expect(await tagsOf(path)).toEqual([]);
  });

  it("are of an object that is there, and of no stranger's", async () => {
    const path = await object("mine");
    const { client } = await server.account("Stranger");
    const calls = [
      (by: typeof client, at: string) => by.get(`${at}?tagging`),
      (by: typeof client, at: string) => by.put(`${at}?tagging`, documentOf(many(1))),
      (by: typeof client, at: string) => by.delete(`${at}?tagging`),
    ];
    for (const call of calls) {
      refused(await call(server.client, `/${bucket}/none`), 404, "NoSuchKey");
      refused(await call(server.client, "/not-there/none"), 404, "NoSuchBucket");
      refused(await call(client, path), 403, "AccessDenied");
    }
    expect(await tagsOf(path)).toEqual([]);
  });
});

const LIMITS: [what: string, tags: Tag[], message: RegExp][] = [
  ["eleven of them", many(11), /^Object tags cannot be greater than 10$/],
  ["a key of 129 characters", [["k".repeat(129), "v"]], /^The TagKey you have provided is invalid$/],
  ["no key", [["", "v"]], /TagKey/],
  ["a value of 257 characters", [["k", "v".repeat(257)]], /^The TagValue you have provided is invalid$/],
  ["a key that is the system's", [["aws:x", "v"]], /^Your TagKey cannot be prefixed with aws:$/],
];
const SIGNS: [what: string, tags: Tag[], message: RegExp][] = [
  ["a key with a sign that is not allowed", [["a!b", "v"]], /^The TagKey you have provided is invalid$/],
  ["a value with a sign that is not allowed", [["k", "a&b"]], /^The TagValue you have provided is invalid$/],
];
const TWICE: Tag[] = [
  ["twice", "1"],
  ["twice", "2"],
];

/** The ways in which an object gets tags. */
const WAYS: [way: string, make: (path: string, tags: readonly Tag[]) => Promise<Answer>][] = [
  [
    "put on it",
    async (path, tags) => {
      answered(await server.client.put(path, "bytes"), 200);
      return putTags(path, tags);
    },
  ],
  ["sent with it", (path, tags) => server.client.put(path, "bytes", headerOf(tags))],
  [
    "sent with its copy",
    async (path, tags) => {
      answered(await server.client.put(`/${bucket}/source`, "bytes", headerOf([["old", "one"]])), 200);
      const source = { "x-amz-copy-source": `/${bucket}/source`, "x-amz-tagging-directive": "REPLACE" };
      return server.client.put(path, "", { ...source, ...headerOf(tags) });
    },
  ],
  [
    "sent when its upload begins",
    async (path, tags) => {
      const began = await server.client.post(`${path}?uploads`, "", headerOf(tags));
      if (began.status !== 200) return began;
      const id = xml(began.text).get("UploadId") ?? "";
      return complete(server.client, path, id, [await part(server.client, path, id, 1, "bytes")]);
    },
  ],
];

for (const [way, make] of WAYS) {
  describe(`tags ${way}`, () => {
    const path = () => `/${bucket}/${way.replaceAll(" ", "-")}`;

    it("are ten at most, as long as they may be", async () => {
      for (const tags of [LETTERS, many(10), [["ü".repeat(128), "中".repeat(256)] as Tag]]) {
        answered(await make(path(), tags), 200);
        expect((await tagsOf(path())).toSorted()).toEqual(tags.toSorted());
        expect(await countOf(path())).toBe(String(tags.length));
      }
    });

    it.each(LIMITS)("are not %s", async (_what, tags, message) => {
      await server.client.delete(path());
      const error = refused(await make(path(), tags), 400, "InvalidTag");
      expect(error.get("Message")).toMatch(message);
      expect(await countOf(path())).toBeUndefined();
    });

    it.each(SIGNS)("are not %s", async (_what, tags, message) => {
      await server.client.delete(path());
      const answer = await make(path(), tags);
      const error = refused(answer, 400, way === "put on it" ? "InvalidTag" : "InvalidArgument");
      if (way === "put on it") expect(error.get("Message")).toMatch(message);
      expect(await countOf(path())).toBeUndefined();
    });

    it("have each key once", async () => {
      const answer = await make(path(), TWICE);
      // S3 has another code for the header, which is then no list of parameters.
      refused(answer, 400, way === "put on it" ? "InvalidTag" : "InvalidArgument");
      expect(await countOf(path())).toBeUndefined();
    });
  });
}

describe("tags in a document", () => {
  it.each([
    ["is not XML", "tags"],
    ["is another", "<Tags><TagSet></TagSet></Tags>"],
    ["has a tag without a key", "<Tagging><TagSet><Tag><Value>v</Value></Tag></TagSet></Tagging>"],
    ["has a tag without a value", "<Tagging><TagSet><Tag><Key>k</Key></Tag></TagSet></Tagging>"],
    [
      "has a tag with two keys",
      "<Tagging><TagSet><Tag><Key>k</Key><Key>l</Key><Value>v</Value></Tag></TagSet></Tagging>",
    ],
  ])("that %s are refused, and change nothing", async (_what, document) => {
    const path = await object("documents", headerOf(many(2)));
    refused(await server.client.put(`${path}?tagging`, document), 400, "MalformedXML");
    expect(await tagsOf(path)).toEqual(many(2));
  });
});

describe("a document without a set", () => {
  it("is one of no tags, for an object and for a bucket", async () => {
    const name = await server.bucket();
    const path = `/${name}/k`;
    answered(await server.client.put(path, "bytes", headerOf(many(2))), 200);
    answered(await server.client.put(`${path}?tagging`, "<Tagging/>"), 200);
    expect(await tagsOf(path)).toEqual([]);
    const integrity = (document: string) => ({ "content-md5": md5(document, "base64") });
    const some = documentOf(many(2));
    answered(await server.client.put(`/${name}?tagging`, some, integrity(some)), 204);
    answered(await server.client.put(`/${name}?tagging`, "<Tagging/>", integrity("<Tagging/>")), 204);
    refused(await server.client.get(`/${name}?tagging`), 404, "NoSuchTagSet");
  });
});

describe("a copy", () => {
  async function copied(headers: Record<string, string>, to: string): Promise<Tag[]> {
    const source = await object("tagged", headerOf(many(2)));
    answered(await server.client.put(to, "", { "x-amz-copy-source": source, ...headers }), 200);
    return tagsOf(to);
  }

  it.each([true, false])(
    "has its source's tags, unless they are to be replaced: within a bucket %s",
    async (within) => {
      const to = `/${within ? bucket : await server.bucket()}/copy`;
      const other: Tag[] = [["other", "one"]];
      expect(await copied({}, to)).toEqual(many(2));
      expect(await copied({ "x-amz-tagging-directive": "COPY", ...headerOf(other) }, to)).toEqual(many(2));
      expect(await copied({ "x-amz-metadata-directive": "REPLACE" }, to)).toEqual(many(2));
      expect(await copied({ "x-amz-tagging-directive": "REPLACE", ...headerOf(other) }, to)).toEqual(other);
      expect(await copied({ "x-amz-tagging-directive": "REPLACE" }, to)).toEqual([]);
    },
  );

  it("does not take its source's later tags along", async () => {
    const to = `/${bucket}/apart`;
    await copied({}, to);
    answered(await putTags(`/${bucket}/tagged`, [["later", "one"]]), 200);
    expect(await tagsOf(to)).toEqual(many(2));
    answered(await putTags(to, [["own", "one"]]), 200);
    expect(await tagsOf(`/${bucket}/tagged`)).toEqual([["later", "one"]]);
  });
});

describe("a version's tags", () => {
  it("are its own, and told with its id", async () => {
    const name = await server.bucket();
    const enabled = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    answered(await server.client.put(`/${name}?versioning`, enabled), 200);
    const path = `/${name}/k`;
    const put = async (tags: Tag[]) =>
      String((await server.client.put(path, "bytes", headerOf(tags))).headers["x-amz-version-id"]);
    const [first, second] = [await put([["of", "first"]]), await put([["of", "second"]])];
    const exact = `${path}?versionId=${first}`;
    expect([await tagsOf(exact), await tagsOf(path)]).toEqual([[["of", "first"]], [["of", "second"]]]);
    const changed = answered(await putTags(exact, many(2)), 200);
    expect(changed.headers["x-amz-version-id"]).toBe(first);
    expect([await tagsOf(exact), await tagsOf(path)]).toEqual([many(2), [["of", "second"]]]);
    expect([await countOf(exact), await countOf(path)]).toEqual(["2", "1"]);
    const latest = answered(await putTags(path, many(3)), 200);
    expect(latest.headers["x-amz-version-id"]).toBe(second);
    const gone = answered(await server.client.delete(`${exact}&tagging`), 204);
    expect(gone.headers["x-amz-version-id"]).toBe(first);
    expect([await tagsOf(exact), await tagsOf(path)]).toEqual([[], many(3)]);
    const shown = await server.client.get(`${path}?tagging`);
    expect(shown.headers["x-amz-version-id"]).toBe(second);
    answered(await server.client.delete(path), 204);
    const asks = [
      putTags(path, many(1)),
      server.client.get(`${path}?tagging`),
      server.client.delete(`${path}?tagging`),
    ];
    for (const ask of asks) {
      expect(refused(await ask, 405, "MethodNotAllowed").get("ResourceType")).toBe("DeleteMarker");
    }
    expect(await tagsOf(`${path}?versionId=${second}`)).toEqual(many(3));
    const wrong = first.slice(0, -1) + (first.endsWith("0") ? "1" : "0");
    refused(await putTags(`${path}?versionId=${wrong}`, many(1)), 404, "NoSuchVersion");
  });
});

describe("a bucket that is created with tags", () => {
  const create = (name: string, tags: readonly Tag[]) => {
    const inside = documentOf(tags).replace(/^.*<TagSet>|<.TagSet>.*$/g, "");
    return server.client.put(
      `/${name}`,
      `<CreateBucketConfiguration><Tags>${inside}</Tags></CreateBucketConfiguration>`,
    );
  };

  it("has them, and is not created with them again", async () => {
    const name = `tagged-${crypto.randomUUID()}`;
    const made = answered(await create(name, many(2)), 200);
    expect(made.headers["x-amz-bucket-arn"]).toBe(`arn:aws:s3:::${name}`);
    expect(await tagsOf(`/${name}`)).toEqual(many(2));
    for (const tags of [many(2), many(3)]) refused(await create(name, tags), 409, "BucketAlreadyOwnedByYou");
    for (const tags of [[], undefined]) {
      answered(tags === undefined ? await server.client.put(`/${name}`) : await create(name, tags), 200);
    }
    expect(await tagsOf(`/${name}`)).toEqual(many(2));
  });

  it("is not created with tags that no bucket may have", async () => {
    const name = `tagged-${crypto.randomUUID()}`;
    for (const [, tags] of [...LIMITS.slice(1), ...SIGNS])
      refused(await create(name, tags), 400, "InvalidTag");
    refused(await create(name, many(51)), 400, "InvalidTag");
    expect((await server.client.head(`/${name}`)).status).toBe(404);
  });
});

describe("a bucket's tags", () => {
  const send = (name: string, document: string) =>
    server.client.put(`/${name}?tagging`, document, { "content-md5": md5(document, "base64") });

  it("are none at first, then those that were put, then none again", async () => {
    const name = await server.bucket();
    refused(await server.client.get(`/${name}?tagging`), 404, "NoSuchTagSet");
    for (const tags of [many(50), LETTERS]) {
      answered(await send(name, documentOf(tags)), 204);
      expect((await tagsOf(`/${name}`)).toSorted()).toEqual(tags.toSorted());
    }
    for (const _times of [1, 2]) {
      answered(await server.client.delete(`/${name}?tagging`), 204);
      refused(await server.client.get(`/${name}?tagging`), 404, "NoSuchTagSet");
    }
  });

  it("stay as they are when others are refused", async () => {
    const name = await server.bucket();
    answered(await send(name, documentOf(many(2))), 204);
    const error = refused(await send(name, documentOf(many(51))), 400, "InvalidTag");
    expect(error.get("Message")).toBe("Bucket tag count cannot be greater than 50");
    for (const [, tags] of [...LIMITS.slice(1), ...SIGNS]) {
      refused(await send(name, documentOf(tags)), 400, "InvalidTag");
    }
    const twice = refused(await send(name, documentOf(TWICE)), 400, "InvalidTag");
    expect(twice.get("TagKey")).toBe("twice");
    refused(await server.client.put(`/${name}?tagging`, documentOf(many(1))), 400, "InvalidRequest");
    const { client } = await server.account("Stranger");
    refused(await client.get(`/${name}?tagging`), 403, "AccessDenied");
    refused(await client.delete(`/${name}?tagging`), 403, "AccessDenied");
    expect(await tagsOf(`/${name}`)).toEqual(many(2));
  });
});
