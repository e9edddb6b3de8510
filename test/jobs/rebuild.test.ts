import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { allOf, furnished, SEALED } from "../support/everything.ts";
import { answered, refused } from "../support/expect.ts";
import { lost, rebuilt, shipped } from "../support/rebuilding.ts";
import { useServer } from "../support/server.ts";
import { DAY_MS, Sweeping } from "../support/sweeping.ts";
import { begin, part } from "../support/uploads.ts";

const server = useServer({ vars: { INLINE_BYTES: "1024" } });

async function tables(bucket: string): Promise<unknown[]> {
  const index = await server.idOf(bucket);
  const texts = [
    "select * from current order by key",
    "select * from older order by key, sequence",
    "select * from small order by sequence",
    "select * from extents where body not in (select name from litter) order by body, page",
    "select * from ended order by upload",
    "select * from holders order by body",
    "select sequence, objects, bytes from tail order by segment desc limit 1",
    "select phase, generation from state",
  ];
  return Promise.all(texts.map((text) => server.order<unknown>({ do: "sql", index, text })));
}

describe("a lost index", () => {
  it("is made anew from its journal: every object, version, marker, tag, lock, grant and byte", async () => {
    const bucket = await furnished(server);
    await shipped(server, bucket);
    const before = [await tables(bucket), await allOf(server.client, bucket)];
    expect(Object.keys(before[1] ?? {}).length).toBeGreaterThan(20);
    await lost(server, bucket);
    refused(await server.client.get(`/${bucket}?versions`), 503, "SlowDown");
    const said = await rebuilt(server, bucket);
    expect(said).toMatchObject({ stage: "done", restored: 0, missing: 0, complete: true });
    expect(await tables(bucket)).toEqual(before[0]);
    expect(await allOf(server.client, bucket)).toEqual(before[1]);
  });

  it("takes up its journal again where it was lost, and can be lost again", async () => {
    const bucket = await furnished(server);
    await shipped(server, bucket);
    await lost(server, bucket);
    await rebuilt(server, bucket);
    answered(await server.client.put(`/${bucket}/since`, "written since"), 200);
    answered(await server.client.delete(`/${bucket}/small`), 204);
    await shipped(server, bucket);
    const before = await allOf(server.client, bucket);
    await lost(server, bucket);
    expect(await rebuilt(server, bucket)).toMatchObject({ stage: "done", restored: 0, complete: true });
    expect(await allOf(server.client, bucket)).toEqual(before);
  });
});

describe("an index that is in place", () => {
  it("is made anew only by force, and loses nothing by it that was acknowledged, told or not", async () => {
    const bucket = await furnished(server);
    await shipped(server, bucket);
    answered(await server.client.put(`/${bucket}/since`, "in the index alone"), 200);
    answered(await server.client.delete(`/${bucket}/small`), 204);
    const before = await allOf(server.client, bucket);
    expect(await rebuilt(server, bucket)).toMatchObject({ refused: "Its index is in place." });
    expect(await rebuilt(server, bucket, true)).toMatchObject({ stage: "done", restored: 0, complete: true });
    expect(await allOf(server.client, bucket)).toEqual(before);
  });
});

/** The checksum of a body, as a header. */
function crc(text: string): Record<string, string> {
  return { "x-amz-checksum-sha256": createHash("sha256").update(text).digest("base64") };
}

/** A body that is no small object. */
const large = (text: string) => text.repeat(300);

/** A bucket whose journal R2 has, and what is done to it since, by its path. */
async function unshipped(act: (path: string) => Promise<void>, versioning = false): Promise<string> {
  const bucket = await server.bucket();
  if (versioning) await server.version(bucket);
  answered(await server.client.put(`/${bucket}/known`, large("known ")), 200);
  await shipped(server, bucket);
  await act(`/${bucket}`);
  return bucket;
}

/** What is there after the index was lost and made anew, by key. */
async function remade(bucket: string): Promise<Record<string, string>> {
  await lost(server, bucket);
  await rebuilt(server, bucket);
  const { current } = await allOf(server.client, bucket);
  const keys = [...String(current).matchAll(/<Key>([^<]*)<[/]Key>/g)].map(([, key = ""]) => key);
  const bodies = await Promise.all(keys.map((key) => server.client.get(`/${bucket}/${key}`)));
  return Object.fromEntries(bodies.map(({ text }, at) => [keys[at], text]));
}

describe("a blob that is younger than the journal", () => {
  it("makes its object again, with all that was said of it", async () => {
    const { client } = server;
    const bucket = await unshipped(async (path) => {
      const checksum = { "x-amz-checksum-crc32": "AAAAAA==" };
      const headers = { "content-type": "text/plain", "x-amz-meta-a": "grün", "x-amz-tagging": "a=%C3%BC" };
      const until = new Date(Date.now() + 3_600_000).toISOString();
      answered(await client.put(`${path}/plain`, large("plain "), headers), 200);
      answered(await client.put(`${path}/checked`, "\0".repeat(2000), checksum), 400);
      answered(await client.put(`${path}/checked`, large("checked "), crc(large("checked "))), 200);
      answered(
        await client.put(`${path}/sealed`, large("sealed "), { ...SEALED, ...crc(large("sealed ")) }),
        200,
      );
      const lock =
        "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>";
      const md5 = { "content-md5": createHash("md5").update(lock).digest("base64") };
      answered(await client.put(`${path}?object-lock`, lock, md5), 200);
      const kept = { "x-amz-object-lock-mode": "COMPLIANCE", "x-amz-object-lock-retain-until-date": until };
      answered(await client.put(`${path}/locked`, large("locked "), kept), 200);
    }, true);
    const stable = async (): Promise<unknown> => {
      const text = JSON.stringify(await allOf(client, bucket));
      // A version made again has an id of its own, and the time at which its blob was uploaded.
      return JSON.parse(
        text.replace(/[0-9a-z]{32}(?=[" <])/g, "").replace(/\d\d:\d\d(:\d\d)?(\.\d+Z| GMT)/g, ""),
      );
    };
    const before = await stable();
    await lost(server, bucket);
    expect(await rebuilt(server, bucket)).toMatchObject({ stage: "done", restored: 4, partly: 0 });
    expect(await stable()).toEqual(before);
  });

  it("replaces what it replaced", async () => {
    const bucket = await unshipped(async (path) => {
      answered(await server.client.put(`${path}/known`, large("new ")), 200);
      answered(await server.client.put(`${path}/copied`, "", { "x-amz-copy-source": `${path}/known` }), 200);
    });
    // The copy shares the new one's bytes, and nothing but the index knew of it.
    expect(await remade(bucket)).toEqual({ known: large("new ") });
  });

  it("brings back nothing that the journal knows to be replaced or removed", async () => {
    const bucket = await unshipped(async (path) => {
      answered(await server.client.put(`${path}/gone`, large("gone ")), 200);
      answered(await server.client.delete(`${path}/gone`), 204);
      answered(await server.client.put(`${path}/known`, large("once ")), 200);
      answered(await server.client.put(`${path}/known`, "small"), 200);
    });
    await shipped(server, bucket);
    expect(await remade(bucket)).toEqual({ known: "small" });
  });

  it("brings nothing that its conditions forbade", async () => {
    const bucket = await unshipped(async (path) => {
      const { client } = server;
      refused(
        await client.put(`${path}/known`, large("not "), { "if-none-match": "*" }),
        412,
        "PreconditionFailed",
      );
      refused(await client.put(`${path}/other`, large("not "), { "if-match": '"x"' }), 404, "NoSuchKey");
      answered(await client.put(`${path}/new`, large("new "), { "if-none-match": "*" }), 200);
    });
    expect(await remade(bucket)).toEqual({ known: large("known "), new: large("new ") });
  });

  it("is no object if it is a part", async () => {
    const bucket = await unshipped(async (path) => {
      const id = await begin(server.client, `${path}/parts`);
      await part(server.client, `${path}/parts`, id, 1, large("part "));
    });
    expect(await remade(bucket)).toEqual({ known: large("known ") });
  });

  it("is enough where there is no journal at all", async () => {
    const bucket = await unshipped(async (path) => {
      answered(await server.client.put(`${path}/new`, large("new ")), 200);
    });
    const journal = `journal/${await server.idOf(bucket)}/`;
    for (const blob of await server.order<string[]>({ do: "blobs", prefix: journal })) {
      await server.order({ do: "erase", blob });
    }
    expect(await remade(bucket)).toEqual({ known: large("known "), new: large("new ") });
  });
});

describe("an index that was made anew", () => {
  const admin = async (command: string, input: Record<string, unknown>): Promise<{ told: object[] }> => {
    const { status, text } = await server.client.post(`/_portico/admin/${command}`, JSON.stringify(input));
    expect([status, text]).toEqual([200, expect.any(String)]);
    return JSON.parse(text);
  };

  it("removes nothing until fsck has seen it; then what it does not name goes as ever", async () => {
    const on = await Sweeping.of(server);
    await on.put("k", large("one "));
    await on.sweep();
    await on.put("k", large("two "));
    await lost(server, on.name);
    expect(await rebuilt(server, on.name)).toMatchObject({ objects: 1, restored: 1 });
    await on.later(2 * DAY_MS);
    await on.tend();
    await on.sweep();
    const { named, orphans, litter } = await on.holdings();
    expect([named.length, orphans.length, litter]).toEqual([1, 1, []]);
    const step = { bucket: on.name, dry: false, deep: false, repair: true };
    expect((await admin("sweep/step", step)).told).toMatchObject([{ skipped: "rebuilt" }]);
    await admin("fsck/step", step);
    expect(await on.sql("select * from frozen")).toEqual([]);
    await admin("sweep/step", step);
    await on.later(4 * DAY_MS);
    await on.sweep();
    expect(await on.blobs()).toEqual(named);
    expect(await on.text("k")).toBe(large("two "));
  });
});
