import { describe, expect, it } from "vitest";
import { rebuiltText } from "../../src/cli/rebuild-command.ts";
import { answered } from "../support/expect.ts";
import { lost, shipped } from "../support/rebuilding.ts";
import { useServer } from "../support/server.ts";
import { run } from "./portico-process.ts";

const server = useServer({ vars: { INLINE_BYTES: "1024" } });

async function portico(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return run(args, { PORTICO_ENDPOINT: server.url });
}

/** A bucket with one object, which its journal tells. */
async function furnished(): Promise<string> {
  const bucket = await server.bucket();
  answered(await server.client.put(`/${bucket}/k`, "told"), 200);
  await shipped(server, bucket);
  return bucket;
}

describe("portico rebuild", () => {
  it("makes every lost index anew, and leaves the others alone", async () => {
    const [gone, there] = [await furnished(), await furnished()];
    answered(await server.client.put(`/${there}/since`, "not told"), 200);
    await lost(server, gone);
    const { code, stdout } = await portico("rebuild");
    expect(stdout).toMatch(new RegExp(`^BUCKET +REBUILT\n${gone} +1 objects, 1 versions, 0 of them from`));
    expect(stdout).toContain(`${there}  Its index is in place.\n`);
    expect(code).toBe(0);
    expect(answered(await server.client.get(`/${gone}/k`), 200).text).toBe("told");
    expect(answered(await server.client.get(`/${there}/since`), 200).text).toBe("not told");
  });

  it("of one bucket refuses an index that is in place, unless forced: then all is told before", async () => {
    const bucket = await furnished();
    answered(await server.client.put(`/${bucket}/since`, "not told"), 200);
    const { code, stdout } = await portico("rebuild", "--bucket", bucket);
    expect([code, stdout]).toEqual([1, expect.stringContaining(`${bucket}  Its index is in place.\n`)]);
    answered(await server.client.get(`/${bucket}/since`), 200);
    const forced = await portico("rebuild", "--bucket", bucket, "--force", "--json");
    expect(forced.code).toBe(0);
    const done = { bucket, stage: "done", objects: 2, versions: 2, restored: 0, missing: 0, complete: true };
    expect(JSON.parse(forced.stdout)).toEqual({ buckets: [{ ...done, partly: 0 }] });
    expect(answered(await server.client.get(`/${bucket}/since`), 200).text).toBe("not told");
  });

  it("stops at a journal that it cannot read, and says where", async () => {
    const bucket = await furnished();
    const id = await server.idOf(bucket);
    await lost(server, bucket);
    await server.order({ do: "strew", blobs: [`journal/${id}/x`] });
    const { code, stdout } = await portico("rebuild", "--bucket", bucket);
    expect(code).toBe(1);
    expect(stdout).toContain(`Object journal/${id}/x cannot be read: it has no journal's header.`);
  });

  it("forces nothing that is not named", async () => {
    const { code, stderr } = await portico("rebuild", "--force");
    expect([code, stderr]).toEqual([1, "portico: --force needs --bucket\n"]);
    const { status, text } = await server.client.post("/_portico/admin/rebuild/step", '{"force":true}');
    expect([status, text]).toEqual([400, expect.stringContaining("has to be named")]);
  });
});

describe("what a rebuild says", () => {
  const done = { bucket: "b", stage: "done", objects: 1, versions: 2, restored: 1, partly: 0, missing: 0 };

  it("is that nothing is removed before fsck has seen it", () => {
    expect(rebuiltText([{ ...done, complete: true }])).toBe(
      `BUCKET  REBUILT
b       1 objects, 2 versions, 1 of them from their blobs' metadata

Nothing is removed from a rebuilt bucket before portico fsck --repair has seen it.`,
    );
  });

  it("is what may be missing", () => {
    const text = rebuiltText([{ ...done, complete: false, missing: 3, partly: 4 }]);
    expect(text).toContain("b had no complete checkpoint: what is older than its journal is missing.\n");
    expect(text).toContain("b lacks 3 objects of its journal.\n");
    expect(text).toContain("b has 4 objects that lack");
  });

  it("is why there is none", () => {
    expect(rebuiltText([{ bucket: "b", failed: true }])).toBe(
      "BUCKET  REBUILT\nb       It did not answer; see the server's log.",
    );
  });
});
