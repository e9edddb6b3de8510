import { describe, expect, it } from "vitest";
import { amount, sweptText } from "../../src/cli/sweep-command.ts";
import { useServer } from "../support/server.ts";
import { DAY_MS, HOUR_MS, ORPHAN, Sweeping } from "../support/sweeping.ts";
import { run } from "./portico-process.ts";

const server = useServer();

/** What a command prints, and the status it ends with. */
async function portico(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return run(args, { PORTICO_ENDPOINT: server.url });
}

describe("portico sweep", () => {
  it("says what it would remove, and changes nothing; then removes it", async () => {
    const on = await Sweeping.of(server);
    await on.put("k", "replaced");
    await on.put("k", "kept");
    await on.orphan();
    // Litter goes when the journal has told of it.
    await on.sweep();
    const { litter, orphans } = await on.holdings();
    await on.later(DAY_MS + 2 * HOUR_MS);
    const dry = await portico("sweep", "--dry-run");
    expect(dry.code).toBe(0);
    expect(dry.stdout).toMatch(
      new RegExp(
        `^BUCKET +WOULD REMOVE +ORPHANS +UPLOADS TO CLEAR\n${on.name} +1 blob, 8 bytes +1 blob, ${ORPHAN.length} bytes +0\n`,
      ),
    );
    for (const name of [...litter, ...orphans]) expect(dry.stdout).toContain(`  ${name}\n`);
    expect(await on.holdings()).toMatchObject({ litter, orphans });
    const wet = await portico("sweep", "--json");
    expect(JSON.parse(wet.stdout)).toMatchObject({
      buckets: [{ bucket: on.name, removed: { count: 1 }, orphans: { count: 1 }, uploads: { count: 0 } }],
    });
    expect(await on.holdings()).toMatchObject({ litter: orphans, orphans: [] });
    expect(await on.text("k")).toBe("kept");
  });

  it("goes over many buckets, or the one that is named", async () => {
    const several = [await Sweeping.of(server), await Sweeping.of(server), await Sweeping.of(server)];
    const all = JSON.parse((await portico("sweep", "--dry-run", "--json")).stdout) as {
      buckets: { bucket: string }[];
    };
    const names = all.buckets.map(({ bucket }) => bucket);
    expect(names).toEqual(expect.arrayContaining(several.map(({ name }) => name)));
    const one = JSON.parse((await portico("sweep", "--bucket", several[1]?.name ?? "", "--json")).stdout);
    expect(one).toMatchObject({ buckets: [{ bucket: several[1]?.name }] });
    expect((await portico("sweep", "--bucket", "no-such-bucket")).stderr).toBe(
      "portico: There is no such bucket.\n",
    );
  });

  it("says which bucket's index is lost, and ends with status 1", async () => {
    const on = await Sweeping.of(server);
    await server.order({
      do: "d1",
      text: "update bucket set id = 'lost-index' where name = ?",
      bindings: [on.name],
    });
    const { code, stdout } = await portico("sweep");
    expect(code).toBe(1);
    expect(stdout).toContain("not swept: its index is lost");
  });
});

describe("the route of the sweep", () => {
  const step = async (asks: object) => {
    const { status, text } = await server.client.post("/_portico/admin/sweep/step", JSON.stringify(asks));
    return { status, answer: JSON.parse(text) as { told?: object[]; error?: string } };
  };

  it("refuses a cursor that it never gave", async () => {
    for (const cursor of ["", "x", "null", "[]", "{}", 5, { after: "" }]) {
      expect((await step({ dry: true, cursor })).status).toBe(400);
    }
  });

  it("goes on behind an upload of any key, however much of it is escaped on the way", async () => {
    const on = await Sweeping.of(server);
    const after = { key: '"'.repeat(1024), upload: crypto.randomUUID() };
    const stage = ["uploads", JSON.stringify({ bucket: on.id, after })];
    const at = { name: on.name, id: on.id, generation: 1 };
    const cursor = JSON.stringify({ after: "", at, inside: JSON.stringify(stage) });
    const { status, answer } = await step({ dry: true, bucket: on.name, cursor });
    expect([status, answer.told?.[0]]).toEqual([200, expect.objectContaining({ bucket: on.name })]);
    expect(JSON.stringify(answer)).not.toContain("failed");
  });

  it("says of a bucket that it failed, if what was asked of its index makes no sense", async () => {
    const on = await Sweeping.of(server);
    const cursor = JSON.stringify({
      after: "",
      at: { name: on.name, id: on.id, generation: 1 },
      inside: "nonsense",
    });
    const { status, answer } = await step({ dry: true, bucket: on.name, cursor });
    expect([status, answer.told]).toEqual([200, [{ bucket: on.name, failed: true }]]);
  });
});

describe("what is printed", () => {
  it("says sizes in the unit that fits", () => {
    const of = (count: number, bytes?: number) =>
      amount({ count, first: [], ...(bytes !== undefined && { bytes }) });
    expect([of(0), of(0, 0), of(1, 999), of(2, 1500), of(3, 2_000_000), of(4)]).toEqual([
      "0 blobs",
      "0 blobs",
      "1 blob, 999 bytes",
      "2 blobs, 1.5 KB",
      "3 blobs, 2.0 MB",
      "4 blobs",
    ]);
  });

  it("names nothing after a sweep, which has nothing to show any more", () => {
    const removed = { count: 2, first: ["one", "two"] };
    const none = { count: 0, first: [] };
    const text = sweptText([{ bucket: "photos", removed, orphans: none, uploads: none }], false);
    expect(text).toBe("BUCKET  REMOVED  ORPHANS  UPLOADS CLEARED\nphotos  2 blobs  0 blobs  0");
  });
});
