import { describe, expect, it } from "vitest";
import type { Tag } from "../../src/facts/version.ts";
import { commitPut, commitRemove, writeRow } from "../../src/index/commit.ts";
import { commitMark } from "../../src/index/mark.ts";
import { openIndex } from "../../src/index/open.ts";
import type { VersionRow } from "../../src/index/tables.ts";
import { answered } from "../support/expect.ts";
import { Journaled, tablesOf } from "../support/journaled.ts";
import { useServer } from "../support/server.ts";
import { sqliteStorage } from "../support/sqlite-storage.ts";
import { Sweeping } from "../support/sweeping.ts";

const server = useServer({ vars: { INLINE_BYTES: "1024" } });

const ROW_BYTES = 1002;

/** Characters of `versionOf` in texts. */
const BESIDES = 5 + 12 + 32 + 64 + 50;

/** A version whose numbers are as long as they become. */
function versionOf(length: number): VersionRow {
  return {
    key: `k${String(length).padStart(4, "0")}`,
    sequence: 2 ** 41 + length,
    nonce: "n".repeat(12),
    marker: 0,
    size: length,
    etag: "e".repeat(32),
    modified: Date.now(),
    owner: "o".repeat(64),
    body: "",
    pages: null,
    description: JSON.stringify({ of: "d".repeat(41) }),
    tags: null,
    lock: null,
    grants: null,
    data: new Uint8Array(length).buffer,
  };
}

const who = () => ({ generation: 0, operationId: crypto.randomUUID() });

/** So long that no row has room for it. */
const apart = (name: string) => name.repeat(1000 / name.length);

async function kept(on: Sweeping) {
  const rows = (table: string) =>
    on.sql<{ key: string; row: number | null }>(`select key, length(data) as row from ${table} order by key`);
  const [small] = await on.sql<{ rows: number }>("select count(*) as rows from small");
  return { current: await rows("current"), older: await rows("older"), small: small?.rows };
}

describe("an index", () => {
  it("that a newer release has written is not touched by this one", () => {
    const { storage } = sqliteStorage();
    openIndex(storage, () => 1);
    openIndex(storage, () => 1);
    storage.sql.exec("update schema set version = version + 1");
    expect(() => openIndex(storage, () => 1)).toThrow("newer Portico");
  });
});

describe("the bytes of a small object", () => {
  it("lie in its row as long as they have room there, and apart beyond", async () => {
    const on = await Sweeping.of(server);
    await on.put("a", "x".repeat(500));
    await on.put("b", apart("b"));
    await on.put("empty", "");
    expect(await kept(on)).toEqual({
      current: [
        { key: "a", row: 500 },
        { key: "b", row: null },
        { key: "empty", row: null },
      ],
      older: [],
      small: 1,
    });
    expect([await on.text("a"), await on.text("b"), await on.text("empty")]).toEqual([
      "x".repeat(500),
      apart("b"),
      "",
    ]);
  });

  it("never make a row spill over into a page of its own, and are not put apart while there is much room", () => {
    const index = openIndex(sqliteStorage().storage, () => 1);
    for (let length = 300; length <= 1024; length++) writeRow(index, "current", versionOf(length));
    const count = (text: string) => index.sql.exec<{ n: number }>(text).toArray()[0]?.n;
    const spilt = "select count(*) as n from dbstat where name = ? and pagetype = 'overflow'";
    expect(index.sql.exec<{ n: number }>(spilt, "current").toArray()).toEqual([{ n: 0 }]);
    // What is kept of a version besides its bytes, and what SQLite adds to it.
    const room = ROW_BYTES - BESIDES - 100;
    const longest = count("select max(length(data)) as n from current") ?? 0;
    expect(longest).toBeGreaterThan(room);
    expect(count("select count(*) as n from small")).toBe(1024 - longest);
  });

  it("go with the version: replaced, deleted, renamed over or put in the null version's place", async () => {
    const on = await Sweeping.of(server);
    await on.put("a", apart("a"));
    await on.put("a", apart("b"));
    expect((await kept(on)).small).toBe(1);
    await on.put("a", "short");
    expect((await kept(on)).small).toBe(0);
    await on.put("a", apart("a"));
    await on.put("b", apart("b"));
    const renamed = await server.client.put(`${on.path("b")}?renameObject`, "", {
      "x-amz-rename-source": on.path("a"),
    });
    answered(renamed, 200);
    expect((await kept(on)).small).toBe(1);
    expect(await on.text("b")).toBe(apart("a"));
    await server.version(on.name);
    await on.put("b", apart("c"));
    await on.remove("b");
    expect((await kept(on)).small).toBe(2);
    await server.version(on.name, "Suspended");
    await on.put("b", "the null version, anew");
    expect((await kept(on)).small).toBe(1);
    await on.holdings();
  });

  it("lie in one place, though the journal told of the version when that was the other one", () => {
    const journaled = new Journaled();
    const versioning = "off";
    const description = { headers: {}, metadata: {} };
    const tags: Tag[] = [["k", "v".repeat(250)]];
    const data = new Uint8Array(700).buffer;
    const draft = { key: "k", etag: "e", size: data.byteLength, owner: "o", description, tags };
    commitPut(journaled.index, who(), { draft, body: { kind: "data", data }, versioning });
    journaled.ship();
    commitMark(journaled.index, who(), { key: "k", tags: null });
    journaled.ship();
    const index = journaled.rebuilt();
    expect(tablesOf(index)).toEqual(tablesOf(journaled.index));
    commitRemove(index, who(), { entries: [{ key: "k" }], versioning, owner: "o", bypass: false });
    expect(index.sql.exec("select * from small").toArray()).toEqual([]);
  });

  it("never take the place of another version's, though the count of commits were set back", async () => {
    const on = await Sweeping.of(server);
    await on.put("a", apart("a"));
    await on.sql("update tail set sequence = 0");
    await server.order({ do: "restart", index: on.id });
    answered(await server.client.put(on.path("b"), apart("b")), 500);
    expect(await on.text("a")).toBe(apart("a"));
  });

  it("are not taken for none where they are lost", async () => {
    const on = await Sweeping.of(server);
    await on.put("a", apart("a"));
    await on.sql("delete from small");
    const { client } = server;
    answered(await client.head(on.path("a")), 200);
    answered(await client.get(on.path("a")), 500);
    answered(await client.get(on.path("a"), { range: "bytes=0-4" }), 500);
    answered(await client.put(on.path("b"), "", { "x-amz-copy-source": on.path("a") }), 500);
    const elsewhere = `/${await server.bucket()}/b`;
    answered(await client.put(elsewhere, "", { "x-amz-copy-source": on.path("a") }), 500);
    answered(await client.get(elsewhere), 404);
    await on.remove("a");
  });

  it("are copied with their version, and stay when the source goes", async () => {
    const on = await Sweeping.of(server);
    await on.put("a", apart("a"));
    await on.copy("a", "b");
    await on.remove("a");
    expect(await on.text("b")).toBe(apart("a"));
    await server.order({ do: "restart", index: on.id });
    expect(await on.text("b")).toBe(apart("a"));
    expect((await kept(on)).small).toBe(1);
    await on.holdings();
  });

  it("are read while the version becomes an older one and current again", async () => {
    const on = await Sweeping.of(server);
    await server.version(on.name);
    await on.put("a", apart("a"));
    await on.put("a", apart("b"));
    const [marker] = [await server.client.delete(on.path("a"))];
    const undone = await server.client.delete(
      `${on.path("a")}?versionId=${marker.headers["x-amz-version-id"]}`,
    );
    answered(undone, 204);
    expect(await on.text("a")).toBe(apart("b"));
    const [older] = await on.sql<{ sequence: number }>("select sequence from older");
    expect(older).toBeDefined();
    await on.holdings();
  });
});
