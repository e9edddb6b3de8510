import { beforeEach, describe, expect, it } from "vitest";
import { audit } from "../support/audit.ts";
import { checksum, md5 } from "../support/checksums.ts";
import { type Answer, at, encode } from "../support/client.ts";
import { answered, refused } from "../support/expect.ts";
import { isolates, useServer } from "../support/server.ts";
import { MIN_PART, upload } from "../support/uploads.ts";
import { xml } from "../support/xml.ts";

const server = useServer();
let bucket: string;

beforeEach(async () => {
  bucket = await server.bucket();
});

const path = (key: string) => at(bucket, key);

function rename(from: string, to: string, headers: Record<string, string> = {}): Promise<Answer> {
  const source = { "x-amz-rename-source": encode(from) };
  return server.client.put(`${path(to)}?renameObject`, "", { ...source, ...headers });
}

async function put(key: string, body: string, headers: Record<string, string> = {}): Promise<void> {
  answered(await server.client.put(path(key), body, headers), 200);
}

const textOf = async (key: string) => answered(await server.client.get(path(key)), 200).text;

const keys = async () => xml((await server.client.get(`/${bucket}?list-type=2`)).text).texts("Contents/Key");

async function holdings() {
  const { named, litter, orphans } = await audit(server, await server.idOf(bucket));
  expect(orphans).toEqual([]);
  return { named: named.length, litter: litter.length };
}

describe("a renamed object", () => {
  it("is what it was under another key, and nothing is left under the old one", async () => {
    const said = { "x-amz-meta-colour": "blue", "content-type": "text/plain", "cache-control": "max-age=1" };
    const more = { "x-amz-tagging": "a=b", "x-amz-checksum-crc32": checksum("CRC32", "bytes") };
    await put("old", "bytes", { ...said, ...more });
    const shown = { "x-amz-checksum-mode": "ENABLED" };
    const before = await server.client.get(path("old"), shown);
    const { text, bill } = answered(await rename("old", "new"), 200);
    expect([text, bill.classA, bill.classB, bill.deletes]).toEqual(["", 0, 0, 0]);
    refused(await server.client.get(path("old")), 404, "NoSuchKey");
    const after = await server.client.get(path("new"), shown);
    expect(after.text).toBe("bytes");
    for (const name of [
      "etag",
      "last-modified",
      "x-amz-checksum-crc32",
      "x-amz-tagging-count",
      ...Object.keys(said),
    ]) {
      expect([name, after.headers[name]]).toEqual([name, before.headers[name]]);
    }
    expect(await keys()).toEqual(["new"]);
    expect(await holdings()).toEqual({ named: 1, litter: 0 });
  });

  it("takes the place of what was there, which becomes litter", async () => {
    await put("old", "moved");
    await put("new", "what was there");
    answered(await rename("old", "new"), 200);
    expect([await textOf("new"), await keys()]).toEqual(["moved", ["new"]]);
    expect(await holdings()).toEqual({ named: 1, litter: 1 });
  });

  it("may have any key, and be named in all the ways that S3 names a source", async () => {
    const key = "ä b/ü+%&?#\u{10000}";
    for (const source of [
      encode(key),
      `/${encode(key)}`,
      `${bucket}/${encode(key)}`,
      `/${bucket}/${encode(key)}`,
    ]) {
      await put(key, source);
      const headers = { "x-amz-rename-source": source };
      answered(await server.client.put(`${path("other/ß")}?renameObject`, "", headers), 200);
      expect([await textOf("other/ß"), await keys()]).toEqual([source, ["other/ß"]]);
    }
  });

  it("in parts keeps them, and may be renamed again and back", async () => {
    answered(await upload(server.client, path("a"), [Buffer.alloc(MIN_PART, "a"), "tail"]), 200);
    for (const [from, to] of [
      ["a", "b"],
      ["b", "c"],
      ["c", "a"],
    ] as const) {
      answered(await rename(from, to), 200);
    }
    const { status, text, headers } = await server.client.get(`${path("a")}?partNumber=2`);
    expect([status, text, headers["x-amz-mp-parts-count"]]).toEqual([206, "tail", "2"]);
    expect(await holdings()).toEqual({ named: 2, litter: 0 });
  });

  it("without bytes is renamed as well", async () => {
    await put("old", "");
    answered(await rename("old", "new"), 200);
    expect([await textOf("new"), await keys()]).toEqual(["", ["new"]]);
  });

  it("to its own key is as it was, unless a condition does not hold", async () => {
    await put("same", "bytes");
    answered(await rename("same", "same"), 200);
    refused(await rename("same", "same", { "if-none-match": "*" }), 412, "PreconditionFailed");
    expect(await textOf("same")).toBe("bytes");
    expect(await holdings()).toEqual({ named: 1, litter: 0 });
  });

  it("shares its bytes with its copies until the last of them is gone", async () => {
    await put("k", "shared");
    const copy = (from: string, to: string) =>
      server.client.put(path(to), "", { "x-amz-copy-source": path(from) });
    answered(await copy("k", "copy"), 200);
    answered(await rename("copy", "moved"), 200);
    answered(await copy("moved", "third"), 200);
    answered(await rename("k", "third"), 200);
    expect([await keys(), await holdings()]).toEqual([["moved", "third"], { named: 1, litter: 0 }]);
    answered(await server.client.delete(path("third")), 204);
    expect([await textOf("moved"), await holdings()]).toEqual(["shared", { named: 1, litter: 0 }]);
    answered(await rename("moved", "last"), 200);
    answered(await server.client.delete(path("last")), 204);
    expect(await holdings()).toEqual({ named: 0, litter: 1 });
  });
});

describe("a rename", () => {
  const ETAG = `"${md5("bytes")}"`;
  const THEN = "Thu, 01 Dec 1994 16:00:00 GMT";
  const LATER = "Thu, 01 Dec 2033 16:00:00 GMT";

  type Case = [condition: string, value: string, source: boolean, target: boolean, absent: boolean];
  /** Whether it is done: with the condition on the source, on a target that is there, on one that is not. */
  const CASES: Case[] = [
    ["if-match", ETAG, true, true, false],
    ["if-match", '"other"', false, false, false],
    ["if-match", "*", true, true, false],
    ["if-none-match", ETAG, false, false, true],
    ["if-none-match", '"other"', true, true, true],
    ["if-none-match", "*", false, false, true],
    ["if-modified-since", THEN, true, true, false],
    // One that lies ahead is none.
    ["if-modified-since", LATER, true, true, true],
    ["if-unmodified-since", LATER, true, true, true],
    ["if-unmodified-since", THEN, false, false, true],
  ];
  it.each(CASES)("is done only if what is asked of both keys holds: %s: %s", async (...each) => {
    const [condition, value, ofSource, ofTarget, ofAbsent] = each;
    for (const [headers, occupied, done] of [
      [{ [`x-amz-rename-source-${condition}`]: value }, false, ofSource],
      [{ [condition]: value }, true, ofTarget],
      [{ [condition]: value }, false, ofAbsent],
    ] as const) {
      await put("from", "bytes");
      if (occupied) await put("to", "bytes");
      else answered(await server.client.delete(path("to")), 204);
      const before = await keys();
      const answer = await rename("from", "to", headers);
      if (done) answered(answer, 200);
      else refused(answer, 412, "PreconditionFailed");
      expect(await keys()).toEqual(done ? ["to"] : before);
    }
  });

  it("of what is not there is refused, and makes nothing", async () => {
    await put("to", "bytes");
    refused(await rename("none", "to"), 404, "NoSuchKey");
    refused(await rename("none", "none"), 404, "NoSuchKey");
    expect([await keys(), await textOf("to")]).toEqual([["to"], "bytes"]);
  });

  it("of folders is refused, on either side", async () => {
    await put("folder/", "");
    await put("k", "bytes");
    refused(await rename("folder/", "k2"), 400, "InvalidRequest");
    refused(await rename("k", "folder2/"), 400, "InvalidRequest");
    expect(await keys()).toEqual(["folder/", "k"]);
  });

  it.each([
    ["no source", {}],
    ["a source without a key", { "x-amz-rename-source": "/" }],
    ["a source that is too long", { "x-amz-rename-source": "x".repeat(1025) }],
  ])("has to name a source: not %s", async (_what, headers) => {
    const answer = await server.client.put(`${path("to")}?renameObject`, "", headers);
    refused(answer, 400, "InvalidArgument");
    expect(await keys()).toEqual([]);
  });

  it("is refused where there are, or were, versions, whatever an isolate remembers", async () => {
    const { a, b } = isolates(server);
    await put("k", "bytes");
    answered(await b.get(path("k")), 200);
    for (const status of ["Enabled", "Suspended"]) {
      const document = `<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`;
      answered(await a.put(`/${bucket}?versioning`, document), 200);
      const source = { "x-amz-rename-source": "k" };
      refused(await b.put(`${path("l")}?renameObject`, "", source), 400, "InvalidRequest");
    }
    expect(await keys()).toEqual(["k"]);
  });

  it("is refused to strangers", async () => {
    await put("k", "bytes");
    const { client } = await server.account("Stranger");
    const source = { "x-amz-rename-source": "k" };
    refused(await client.put(`${path("l")}?renameObject`, "", source), 403, "AccessDenied");
    expect(await keys()).toEqual(["k"]);
  });

  it("of one key to many at once is done once", async () => {
    await put("k", "bytes");
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => rename("k", `to-${i}`)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const answer of answers) if (answer.status !== 200) refused(answer, 404, "NoSuchKey");
    expect(await keys()).toHaveLength(1);
    expect(await holdings()).toEqual({ named: 1, litter: 0 });
  });

  it.each(["before", "after"] as const)("whose answer is lost is done once: %s", async (how) => {
    await put("k", "bytes");
    const { client } = server;
    const source = { "x-amz-rename-source": "k" };
    const failing = client.failing({ store: "index", call: "rename", how });
    answered(await failing.put(`${path("l")}?renameObject`, "", source), 200);
    expect(await keys()).toEqual(["l"]);
  });
});

describe("a client's token", () => {
  const token = (name: string) => ({ "x-amz-client-token": name });

  it("makes a rename that is sent again one rename", async () => {
    await put("a", "first");
    answered(await rename("a", "b", token("t")), 200);
    await put("a", "second");
    // Again: it was done, and what came meanwhile is left alone.
    answered(await rename("a", "b", token("t")), 200);
    expect([await textOf("a"), await textOf("b")]).toEqual(["second", "first"]);
    answered(await rename("a", "b", token("another")), 200);
    expect([await keys(), await textOf("b")]).toEqual([["b"], "second"]);
  });

  it("is remembered when the index has slept", async () => {
    await put("a", "bytes");
    answered(await rename("a", "b", token("t")), 200);
    await server.order({ do: "restart", index: await server.idOf(bucket) });
    answered(await rename("a", "b", token("t")), 200);
    expect(await keys()).toEqual(["b"]);
  });

  it("is of one rename only, in its bucket", async () => {
    await put("a", "bytes");
    answered(await rename("a", "b", token("t")), 200);
    refused(await rename("b", "c", token("t")), 400, "IdempotencyParameterMismatch");
    refused(await rename("a", "c", token("t")), 400, "IdempotencyParameterMismatch");
    expect(await keys()).toEqual(["b"]);
    bucket = await server.bucket();
    await put("b", "elsewhere");
    answered(await rename("b", "c", token("t")), 200);
    expect(await keys()).toEqual(["c"]);
  });

  it("is used up by a rename that was done, not by one that was refused", async () => {
    refused(await rename("a", "b", token("t")), 404, "NoSuchKey");
    await put("a", "bytes");
    answered(await rename("a", "b", token("t")), 200);
    expect(await keys()).toEqual(["b"]);
  });

  it.each(["x".repeat(65), "a b", "ü"])("is 1 to 64 printable characters: not %s", async (name) => {
    await put("a", "bytes");
    refused(await rename("a", "b", token(name)), 400, "InvalidArgument");
    answered(await rename("a", "b", token("!~".repeat(32))), 200);
  });
});
