import { createHash, randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type Checked, checkedText } from "../../src/cli/fsck-command.ts";
import { answered, refused } from "../support/expect.ts";
import { isolates, useServer } from "../support/server.ts";
import { DAY_MS, HOUR_MS, Sweeping } from "../support/sweeping.ts";
import { begin, complete, MIN_PART, part, upload } from "../support/uploads.ts";
import { run } from "./portico-process.ts";

const server = useServer({ vars: { INLINE_BYTES: "16" } });

/** Runs fsck over one bucket; `found`: how many faults of each kind, `mended`: how many of those. */
async function fsck(on: Sweeping, ...flags: string[]) {
  const args = ["fsck", "--bucket", on.name, "--json", ...flags];
  const { code, stdout, stderr } = await run(args, { PORTICO_ENDPOINT: server.url });
  expect(stderr).toBe("");
  const checked = JSON.parse(stdout) as Checked;
  const of = (value: "count" | "mended") =>
    Object.fromEntries(checked.faults.map((fault) => [fault.kind, fault[value]]));
  return { code, checked, found: of("count"), mended: of("mended") };
}

/** Expects these faults, that `--repair` mends them, and that nothing is wrong afterwards. */
async function mends(on: Sweeping, expected: Record<string, number>): Promise<void> {
  const first = await fsck(on);
  expect([first.code, first.found]).toEqual([1, expected]);
  const repaired = await fsck(on, "--repair");
  expect([repaired.code, repaired.found, repaired.mended]).toEqual([1, expected, expected]);
  const after = await fsck(on, "--deep");
  expect([after.code, after.found]).toEqual([0, {}]);
}

const LONG = "more bytes than are kept in the index";

const d1 = (text: string, ...bindings: (string | number)[]) => server.order({ do: "d1", text, bindings });

/** Overwrites a blob with as many bytes as it has, all `x`. */
async function spoil(blob: string, size = 1): Promise<void> {
  await server.order({ do: "strew", blobs: [blob], size });
}

describe("fsck of a bucket that is as it should be", () => {
  it("finds nothing wrong, whatever there is in it", async () => {
    const on = await Sweeping.of(server);
    const { client } = server;
    await on.put("empty", "");
    await on.put("small", "in the index");
    await on.put("large", LONG);
    await on.copy("large", "copy");
    answered(await upload(client, on.path("long"), [new Uint8Array(MIN_PART).fill(65), LONG]), 200);
    await on.copy("long", "long-copy");
    await server.version(on.name);
    await on.put("large", "another version that is long enough");
    await on.remove("copy");
    await on.put("gone", LONG);
    const id = await begin(client, on.path("up"));
    await part(client, on.path("up"), id, 1, "a part");
    await part(client, on.path("up"), id, 2, "");
    await on.orphan();
    const { code, checked, found } = await fsck(on, "--deep");
    expect([code, found, checked.unchecked]).toEqual([0, {}, []]);
    expect(checked).toMatchObject({ buckets: 1, versions: 9, encrypted: 0 });
    expect(checked.bytes).toBe(2 * (MIN_PART + LONG.length) + 12 + 3 * LONG.length + 35);
  });

  it("counts what it cannot read without its client's key", async () => {
    const on = await Sweeping.of(server);
    const key = randomBytes(32);
    const sealed = {
      "x-amz-server-side-encryption-customer-algorithm": "AES256",
      "x-amz-server-side-encryption-customer-key": key.toString("base64"),
      "x-amz-server-side-encryption-customer-key-md5": createHash("md5").update(key).digest("base64"),
    };
    await on.put("sealed", LONG, sealed);
    await on.put("open", LONG);
    const { code, checked } = await fsck(on, "--deep");
    expect([code, checked.encrypted, checked.bytes]).toEqual([0, 1, LONG.length]);
  });

  it("goes over keys that take many times their length to spell", async () => {
    const on = await Sweeping.of(server);
    const key = "%01".repeat(1_000);
    const id = await begin(server.client, on.path(key));
    await part(server.client, on.path(key), id, 1, "a part");
    await on.put(key, LONG);
    expect((await fsck(on, "--deep")).found).toEqual({});
    const swept = await run(["sweep", "--bucket", on.name], { PORTICO_ENDPOINT: server.url });
    expect([swept.code, swept.stderr]).toEqual([0, ""]);
  });

  it("says so, and what it looked at", async () => {
    const on = await Sweeping.of(server);
    await on.put("k", LONG);
    const { code, stdout } = await run(["fsck", "--bucket", on.name, "--deep"], {
      PORTICO_ENDPOINT: server.url,
    });
    expect([code, stdout]).toEqual([0, "1 bucket, 1 version, 1 blob; 37 bytes read\nnothing is wrong\n"]);
  });
});

describe("fsck finds, and mends", () => {
  it("counters that are off", async () => {
    const on = await Sweeping.of(server);
    await on.put("k", LONG);
    for (const off of ["objects = 7, bytes = 1", "sequence = 0"]) {
      await on.sql(`update tail set ${off}`);
      await server.order({ do: "restart", index: on.id });
      await mends(on, { counters: 1 });
    }
    await on.put("l", LONG);
    await on.holdings();
  });

  it("holders of bodies, too few, too many, and of nothing", async () => {
    const on = await Sweeping.of(server);
    for (const key of ["a", "b"]) {
      await on.put(key, LONG);
      await on.copy(key, `${key}-copy`);
    }
    const [row] = await on.sql<{ body: string }>("select body from current where key = 'a'");
    await on.sql("update holders set count = 5");
    await on.sql(`delete from holders where body = '${row?.body}'`);
    await on.sql("insert into holders values ('nothing', 2)");
    await mends(on, { holders: 3 });
    await on.remove("a");
    await on.remove("b-copy");
    expect((await on.holdings()).litter).toEqual([]);
  });

  it("a list of extents that no version names", async () => {
    const on = await Sweeping.of(server);
    answered(await upload(server.client, on.path("k"), [LONG]), 200);
    await on.sql("delete from current");
    await on.sql("update tail set objects = 0, bytes = 0");
    await server.order({ do: "restart", index: on.id });
    await mends(on, { "stray list": 1 });
    await on.later(DAY_MS + HOUR_MS);
    await on.sweep();
    expect(await on.blobs()).toEqual([]);
  });

  it("bytes in the index that no version has, and tells of a version whose bytes are gone", async () => {
    const on = await Sweeping.of(server);
    await on.put("kept", "in the index");
    await on.put("gone", "in it too");
    await on.sql("insert into small values (77, x'0102')");
    await on.sql("insert into small select sequence, data from current where key = 'kept'");
    await mends(on, { "stray bytes": 2 });
    expect(await on.text("kept")).toBe("in the index");
    await on.sql("update current set data = null where key = 'gone'");
    const { code, found } = await fsck(on, "--repair");
    expect([code, found]).toEqual([1, { "wrong size": 1 }]);
  });

  it("an orphan, that is litter then", async () => {
    const on = await Sweeping.of(server);
    await on.put("k", LONG);
    await on.orphan();
    const { orphans } = await on.holdings();
    expect((await fsck(on)).found).toEqual({});
    await on.later(DAY_MS + 2 * HOUR_MS);
    await mends(on, { orphan: 1 });
    expect((await on.holdings()).litter).toEqual(orphans);
  });

  it("a directory that was set back behind the index, which then serves nobody", async () => {
    const { a, b } = isolates(server);
    const on = await Sweeping.of(server);
    await on.put("k", LONG);
    await server.version(on.name);
    await d1("update bucket set generation = 1 where name = ?", on.name);
    refused(await a.get(on.path("k")), 503, "SlowDown");
    await mends(on, { generation: 1 });
    expect((await b.get(on.path("k"))).text).toBe(LONG);
  });

  it("a deletion that stopped half-way", async () => {
    const { a } = isolates(server);
    const on = await Sweeping.of(server);
    const fault = { store: "d1", call: "delete from bucket", how: "before", lapse: 60_000 } as const;
    answered(await a.failing(fault).delete(`/${on.name}`), 503);
    expect((await fsck(on)).found).toEqual({ "half deleted": 1 });
    expect((await fsck(on, "--repair")).mended).toEqual({ "half deleted": 1 });
    await expect(server.idOf(on.name)).rejects.toThrow("there is no bucket");
  });

  it("an index that was made anew, which sweeps again then", async () => {
    const on = await Sweeping.of(server);
    await on.put("k", LONG);
    await on.remove("k");
    await on.sql("insert into frozen values (1)");
    await server.order({ do: "restart", index: on.id });
    await on.later(DAY_MS + HOUR_MS);
    await mends(on, { "rebuilt index": 1 });
    await on.sweep();
    expect(await on.blobs()).toEqual([]);
  });
});

describe("fsck finds, and cannot mend", () => {
  /** Expects these faults, and that repairing leaves them and everything else as it was. */
  async function finds(on: Sweeping, expected: Record<string, number>, ...flags: string[]) {
    for (const more of [[], ["--repair"]]) {
      const { code, found, mended } = await fsck(on, ...flags, ...more);
      expect([code, found, Object.values(mended)]).toEqual([
        1,
        expected,
        Object.values(expected).map(() => 0),
      ]);
    }
  }

  it("bytes that are not there, of an object and of a part of one", async () => {
    const on = await Sweeping.of(server);
    await on.put("k", LONG);
    await on.put("whole", LONG);
    await on.copy("k", "copy");
    answered(await upload(server.client, on.path("long"), [new Uint8Array(MIN_PART), LONG]), 200);
    const [row] = await on.sql<{ body: string }>("select body from current where key = 'k'");
    const [list] = await on.sql<{ list: string }>("select list from extents");
    const extents = JSON.parse(list?.list ?? "[]") as [number, string][];
    for (const blob of [row?.body ?? "", extents[1]?.[1] ?? ""]) await server.order({ do: "erase", blob });
    await finds(on, { "missing blob": 3 }, "--deep");
  });

  it("bytes that are too few, and a list that adds up to another size", async () => {
    const on = await Sweeping.of(server);
    await on.put("k", LONG);
    answered(await upload(server.client, on.path("long"), [LONG]), 200);
    const [row] = await on.sql<{ body: string }>("select body from current where key = 'k'");
    await spoil(row?.body ?? "");
    await on.sql("update current set size = size + 1 where key = 'long'");
    await on.sql("update tail set bytes = bytes + 1");
    await server.order({ do: "restart", index: on.id });
    await finds(on, { "wrong size": 2 });
  });

  it("other bytes than were written, if it may read them", async () => {
    const on = await Sweeping.of(server);
    await on.put("k", LONG);
    await on.put("l", LONG);
    const id = await begin(server.client, on.path("long"));
    const parts = [await part(server.client, on.path("long"), id, 1, LONG)];
    answered(await complete(server.client, on.path("long"), id, parts), 200);
    const [row] = await on.sql<{ body: string }>("select body from current where key = 'k'");
    const [list] = await on.sql<{ list: string }>("select list from extents");
    const extents = JSON.parse(list?.list ?? "[]") as [number, string][];
    for (const blob of [row?.body ?? "", extents[0]?.[1] ?? ""]) await spoil(blob, LONG.length);
    expect((await fsck(on)).found).toEqual({});
    await finds(on, { "wrong etag": 2 }, "--deep");
  });

  it("a part of an upload that is not there", async () => {
    const on = await Sweeping.of(server);
    const id = await begin(server.client, on.path("up"));
    for (const number of [1, 2, 3]) await part(server.client, on.path("up"), id, number, `part ${number}`);
    const [row] = await server.order<{ blob: string }[]>({
      do: "d1",
      text: "select blob from part where upload = ? and number = 2",
      bindings: [id],
    });
    await server.order({ do: "erase", blob: row?.blob ?? "" });
    await finds(on, { "missing part": 1 });
  });

  it("an index that is lost, and the blobs of a bucket that nobody knows", async () => {
    const on = await Sweeping.of(server);
    await on.put("k", LONG);
    await d1("update bucket set id = ? where name = ?", crypto.randomUUID(), on.name);
    await finds(on, { "lost index": 1 });
    const { code, stdout } = await run(["fsck"], { PORTICO_ENDPOINT: server.url });
    expect(code).toBe(1);
    expect(stdout).toContain(`\nunknown bucket: 1\n  ${on.id}, whose index is open\n`);
  });
});

describe("fsck beside others", () => {
  it("takes nothing for a fault that comes, goes or moves meanwhile", async () => {
    const on = await Sweeping.of(server);
    for (const key of ["a", "b", "c", "d"]) await on.put(key, `${key}: ${LONG}`);
    let done = false;
    const busy = (async () => {
      for (let i = 0; !done; i++) {
        await on.put("a", `${i}: ${LONG}`);
        await on.copy("b", `copy-${i % 3}`);
        await on.remove(`copy-${(i + 1) % 3}`);
        answered(await upload(server.client, on.path("up"), [`${i}: ${LONG}`]), 200);
      }
    })();
    for (let rounds = 0; rounds < 3; rounds++) {
      const { code, found } = await fsck(on, "--deep", "--repair");
      expect([code, found]).toEqual([0, {}]);
    }
    done = true;
    await busy;
    await on.holdings();
  });

  it("goes on when the index's object ends between two steps", async () => {
    const on = await Sweeping.of(server);
    await on.put("k", LONG);
    await on.orphan();
    await on.later(DAY_MS + 2 * HOUR_MS);
    const asks = { bucket: { name: on.name, id: on.id, generation: 1 }, deep: true, repair: false };
    const kinds: string[] = [];
    let cursor: string | undefined;
    for (let steps = 0; steps < 20; steps++) {
      const answer = await on.call<{ faults: { kind: string }[]; cursor?: string }>("fsck", {
        ...asks,
        cursor,
      });
      kinds.push(...answer.faults.map(({ kind }) => kind));
      cursor = answer.cursor;
      if (cursor === undefined) break;
      await server.order({ do: "restart", index: on.id });
    }
    expect([kinds, cursor]).toEqual([["orphan"], undefined]);
  });
});

describe("what fsck prints", () => {
  it("says what was found, how much of it was mended, and what it could not look at", () => {
    const fault = { bucket: "photos", kind: "orphan", count: 12, mended: 12, first: ["one", "two"] };
    const text = checkedText(
      {
        buckets: 1,
        versions: 2,
        blobs: 3,
        bytes: 1500,
        encrypted: 1,
        faults: [fault, { kind: "unknown bucket", count: 1, mended: 0, first: ["id"] }],
        unchecked: ["photos: counters"],
      },
      true,
    );
    expect(text).toBe(`1 bucket, 2 versions, 3 blobs; 1.5 KB read, 1 version not, for want of their keys

photos: orphan: 12, mended
  one
  two
  and 10 more

unknown bucket: 1
  id

not checked:
  photos: counters`);
  });
});
