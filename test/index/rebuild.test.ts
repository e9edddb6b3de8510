import { describe, expect, it } from "vitest";
import type { YoungBlob } from "../../src/facts/birth.ts";
import { GRACE_MS } from "../../src/facts/blob-name.ts";
import { journalName, planReplay } from "../../src/facts/journal.ts";
import type { Search } from "../../src/facts/litter.ts";
import { unfreeze } from "../../src/index/books.ts";
import { commitRemove } from "../../src/index/commit.ts";
import { housekeeping } from "../../src/index/housekeeping.ts";
import { discard } from "../../src/index/litter.ts";
import { admit, adoptGeneration, closeBucket, openBucket, openIndex } from "../../src/index/open.ts";
import type { RebuildAnswer, RebuildRequest } from "../../src/index/protocol.ts";
import { rebuildIndex } from "../../src/index/rebuild.ts";
import { beginSearch } from "../../src/index/search.ts";
import type { Index } from "../../src/index/tables.ts";
import { litter } from "../../src/jobs/litter.ts";
import type { World } from "../../src/world.ts";
import { History } from "../support/histories.ts";
import { BUCKET, Journaled, progress, tablesOf } from "../support/journaled.ts";
import { sqliteStorage } from "../support/sqlite-storage.ts";

const NOW = 5_000_000;

/** A journal of three objects: twenty keys each, every second one replaced by the next. */
function told(): Journaled {
  const journaled = new Journaled();
  const history = new History(journaled);
  for (let round = 0; round < 3; round++) {
    for (let n = 0; n < 20; n++)
      history.put(`key ${n * (round + 1)}`, { kind: "blob", blob: crypto.randomUUID() });
    journaled.ship();
  }
  return journaled;
}

function begin(journaled: Journaled, force = false): Extract<RebuildRequest, { step: "begin" }> {
  return { step: "begin", bucket: BUCKET, generation: 3, plan: planReplay(journaled.headers()), force };
}

function linesOf(journaled: Journaled, number: number): string[] {
  return (journaled.objects.get(journalName(BUCKET, number)) ?? "").split("\n").slice(0, -1);
}

/** What a rebuild asks for next, as the worker would do it. */
function next(journaled: Journaled, answer: RebuildAnswer, lines = 8): RebuildRequest {
  const at = progress(answer);
  if (at.stage === "restore") return { step: "restore", blobs: [], from: at.cursor, behind: "", last: true };
  if (at.stage !== "replay") return { step: "go on" };
  const { number, line } = at;
  const all = linesOf(journaled, number);
  const some = all.slice(line, line + lines);
  return { step: "replay", number, line, lines: some, at: 1, last: line + some.length >= all.length };
}

function fresh(): { index: Index; wake: () => Index } {
  const { storage } = sqliteStorage();
  const wake = () => openIndex(storage, () => NOW);
  return { index: wake(), wake };
}

const STALE = { refused: expect.stringContaining("in place") };

describe("the rebuild of an index", () => {
  it("goes on where it broke off, though the object ended at every step and every step came twice", () => {
    const journaled = told();
    const { wake } = fresh();
    let answer = rebuildIndex(wake(), begin(journaled));
    for (let steps = 0; progress(answer).stage !== "done"; steps++) {
      expect(steps).toBeLessThan(200);
      const request = next(journaled, answer);
      answer = rebuildIndex(wake(), request);
      if (progress(answer).stage !== "done") answer = rebuildIndex(wake(), request);
    }
    expect(tablesOf(wake())).toEqual(tablesOf(journaled.index));
  });

  it("takes no notice of lines out of turn, as of somebody else who rebuilds it too", () => {
    const journaled = told();
    const { index } = fresh();
    let answer = rebuildIndex(index, begin(journaled));
    const seen: RebuildRequest[] = [];
    while (progress(answer).stage !== "done") {
      const request = next(journaled, answer);
      answer = rebuildIndex(index, request);
      seen.push(request);
      if (progress(answer).stage === "replay") for (const old of seen) answer = rebuildIndex(index, old);
    }
    expect(tablesOf(index)).toEqual(tablesOf(journaled.index));
  });

  it("answers everybody meanwhile as a lost one does, and is not opened", () => {
    const journaled = told();
    const { index } = fresh();
    rebuildIndex(index, begin(journaled));
    openBucket(index, BUCKET);
    expect(admit(index, { generation: 3 })).toEqual({ moved: "lost" });
    discard(index, "upload", ["part"]);
    expect(index.sql.exec("select * from litter").toArray()).toEqual([]);
  });

  it("is refused where an index is in place, unless forced; then what was there is gone", () => {
    const journaled = told();
    const { index, wake } = fresh();
    openBucket(index, BUCKET);
    expect(rebuildIndex(index, begin(journaled))).toMatchObject(STALE);
    const own = Object.assign(new Journaled(), { index });
    new History(own).put("only here", { kind: "blob", blob: "b" });
    const first = index.journal?.next;
    expect(rebuildIndex(index, { ...begin(journaled, true), next: first })).toMatchObject({ untold: true });
    own.ship();
    expect(rebuildIndex(index, { ...begin(journaled, true), next: first })).toMatchObject({ untold: true });
    expect(admit(index, { generation: 3 })).toBeUndefined();
    let answer = rebuildIndex(index, { ...begin(journaled, true), next: index.journal?.next });
    expect(admit(index, { generation: 3 })).toEqual({ moved: "lost" });
    while (progress(answer).stage !== "done") answer = rebuildIndex(index, next(journaled, answer, 100));
    expect(tablesOf(index)).toEqual(tablesOf(journaled.index));
    expect(tablesOf(wake())).toEqual(tablesOf(journaled.index));
  });

  it("is refused where the bucket was deleted, forced or not", () => {
    const journaled = told();
    const { index } = fresh();
    openBucket(index, BUCKET);
    closeBucket(index);
    for (const force of [false, true]) {
      expect(rebuildIndex(index, begin(journaled, force))).toEqual({
        refused: expect.stringContaining("deleted"),
      });
    }
    expect(index.state.phase).toBe("closed");
  });

  it("ends with the newest generation that was told while it went on", () => {
    const journaled = told();
    const { index, wake } = fresh();
    let answer = rebuildIndex(index, begin(journaled));
    for (const generation of [9, 8]) {
      adoptGeneration(index, generation);
      answer = rebuildIndex(index, next(journaled, answer, 100));
    }
    while (progress(answer).stage !== "done") answer = rebuildIndex(index, next(journaled, answer, 100));
    for (const each of [index, wake()]) expect(admit(each, { generation: 8 })).toEqual({ moved: "stale" });
    expect(index.sql.exec("select generation from state").toArray()).toEqual([{ generation: 9 }]);
  });

  it("is no time to look for orphans: what no row names yet stays, also where the search ends after it", () => {
    const journaled = told();
    const { index } = fresh();
    const blobs = journaled.index.sql.exec<{ body: string }>("select body from current").toArray();
    const names = [...blobs.map(({ body }) => body), "orphan"];
    let answer = rebuildIndex(index, begin(journaled));
    const late: Search[] = [];
    while (progress(answer).stage !== "done") {
      const search = beginSearch(index, names);
      while (!search.look());
      expect(search.litter()).toBe(0);
      late.push(search);
      answer = rebuildIndex(index, next(journaled, answer));
    }
    for (const search of late) expect(search.litter()).toBe(0);
    expect(index.sql.exec("select * from litter").toArray()).toEqual([]);
  });

  it("is no time to sweep: what is litter may be named again by what the journal tells", async () => {
    const { index } = fresh();
    openBucket(index, BUCKET);
    discard(index, undefined, ["litter"]);
    index.now = () => NOW + 2 * GRACE_MS;
    const swept: string[] = [];
    const blobs = { delete: async (names: string[]) => void swept.push(...names) };
    const world = { blobs, now: index.now } as unknown as World;
    const answer = rebuildIndex(index, { ...begin(told(), true), next: index.journal?.next });
    expect(progress(answer).stage).toBe("empty");
    expect(await litter.step(world, housekeeping(index), "")).toBeUndefined();
    expect(swept).toEqual([]);
  });

  it("brings nothing back that went before a checkpoint, although its blob is young and still there", () => {
    const journaled = new Journaled({ segment: 1000, page: 1000, grown: { characters: 1, objects: 1 } });
    const history = new History(journaled);
    const young: YoungBlob[] = ["kept", "removed", "replaced", "behind"].map((key) => {
      const birth = {
        key,
        versioning: "off" as const,
        owner: "owner",
        description: { headers: {}, metadata: {} },
      };
      return { blob: `blob of ${key}`, size: 1, etag: "e", uploaded: journaled.now, birth };
    });
    journaled.now += 10;
    for (const { blob, birth } of young.slice(0, 3)) history.put(birth.key, { kind: "blob", blob });
    history.put("replaced", { kind: "blob", blob: "another" });
    const remove = { versioning: "off" as const, owner: "owner", bypass: false };
    const removed = { generation: 0, operationId: "removed" };
    commitRemove(journaled.index, removed, { entries: [{ key: "removed" }], ...remove });
    journaled.now += 30_000;
    journaled.ship();
    expect(journaled.headers()[0]?.what).toBe("page");
    const { index } = fresh();
    let answer = rebuildIndex(index, begin(journaled));
    for (let at = progress(answer); at.stage !== "done"; at = progress(answer)) {
      const request = next(journaled, answer, 100);
      const blobs = young.filter(({ uploaded }) => uploaded >= at.since);
      if (request.step === "restore") expect(blobs).toHaveLength(4);
      if (request.step === "replay") request.at = journaled.now;
      answer = rebuildIndex(index, request.step === "restore" ? { ...request, blobs } : request);
    }
    const rows = index.sql.exec("select key, body from current order by key").toArray();
    expect(rows).toEqual([
      { key: "behind", body: "blob of behind" },
      { key: "kept", body: "blob of kept" },
      { key: "replaced", body: "another" },
    ]);
  });

  it("has to begin before it goes on", () => {
    expect(rebuildIndex(fresh().index, { step: "go on" })).toEqual({
      refused: expect.stringContaining("begun"),
    });
  });

  it("stops at a line that it cannot read, says which, and has done nothing of that call", () => {
    const journaled = told();
    const { index } = fresh();
    const at = progress(rebuildIndex(index, begin(journaled)));
    const stage = progress(rebuildIndex(index, { step: "go on" }));
    expect(stage.stage).toBe("replay");
    const lines = [...linesOf(journaled, 1).slice(1, 3), '["verse"]'];
    const answer = rebuildIndex(index, {
      step: "replay",
      number: 1,
      line: 1,
      lines,
      at: at.plan.told,
      last: false,
    });
    expect(answer).toEqual({
      refused: expect.stringMatching(/^Line 4 of object 1 of the journal: .*"verse"/),
    });
    expect(index.sql.exec("select * from older").toArray()).toEqual([]);
    expect(rebuildIndex(index, { step: "go on" })).toEqual(stage);
  });

  it("ends open, frozen, known to the generation it was given, and with a journal that begins anew behind the old one", () => {
    const journaled = told();
    const { wake } = fresh();
    const index = wake();
    let answer = rebuildIndex(index, begin(journaled));
    while (progress(answer).stage !== "done") answer = rebuildIndex(index, next(journaled, answer, 100));
    for (const each of [index, wake()]) {
      expect(each.state).toEqual({ phase: "open", generation: 3, rebuilt: true });
      expect(each.journal).toMatchObject({ bucket: BUCKET, next: 4 });
    }
    journaled.index = index;
    journaled.ship();
    const headers = journaled.headers();
    expect(headers.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5]);
    expect(headers.at(-1)?.completes).toBe(4);
    expect(tablesOf(journaled.rebuilt())).toEqual(tablesOf(index));
    unfreeze(index);
    journaled.clear();
    expect(journaled.headers().map(({ number }) => number)).toEqual([4, 5]);
  });

  it("of a journal that lacks objects says how many", () => {
    const journaled = told();
    journaled.objects.delete(journalName(BUCKET, 2));
    const { index } = fresh();
    let answer = rebuildIndex(index, begin(journaled));
    while (progress(answer).stage !== "done") {
      const request = next(journaled, answer, 100);
      const missing =
        request.step === "replay" && !journaled.objects.has(journalName(BUCKET, request.number));
      answer = rebuildIndex(index, missing ? { ...request, at: 0 } : request);
    }
    expect(answer).toMatchObject({ missing: 1 });
  });
});
