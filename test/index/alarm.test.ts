import { describe, expect, it } from "vitest";
import { AGAIN_MS, arm, beginRound, endRound, jobPlan, planJob, wakeAlarm } from "../../src/index/alarm.ts";
import { openIndex } from "../../src/index/open.ts";
import { sqliteStorage } from "../support/sqlite-storage.ts";

const NOW = 1_000_000;

function ground() {
  const { storage, alarms } = sqliteStorage();
  return { index: openIndex(storage, () => NOW), alarms };
}

describe("the alarm", () => {
  it("is set to the earliest time that anybody wants, and not again for a later one", () => {
    const { index, alarms } = ground();
    arm(index, NOW + 10);
    arm(index, NOW + 10);
    arm(index, NOW + 20);
    arm(index, NOW + 5);
    expect(alarms).toEqual([NOW + 10, NOW + 5]);
    expect(index.rows.alarms).toBe(2);
  });

  it("that rings already when the object wakes is not set again for a later time", () => {
    const { index, alarms } = ground();
    wakeAlarm(index, NOW + 10);
    arm(index, NOW + 20);
    expect(alarms).toEqual([]);
    arm(index, NOW + 9);
    expect(alarms).toEqual([NOW + 9]);
  });

  it("is set when an object wakes that has litter and no alarm", () => {
    const { index, alarms } = ground();
    wakeAlarm(index, undefined);
    expect(alarms).toEqual([]);
    index.sql.exec("insert into litter values ('blob', 1, 0)");
    wakeAlarm(index, undefined);
    expect(alarms).toEqual([NOW]);
  });
});

describe("a round", () => {
  it("is followed by another one, even if it breaks off", () => {
    const { index, alarms } = ground();
    beginRound(index);
    expect(alarms).toEqual([NOW + AGAIN_MS]);
  });

  it("silences the alarm if nobody wants to go on", () => {
    const { index, alarms } = ground();
    beginRound(index);
    endRound(index, undefined);
    expect(alarms).toEqual([NOW + AGAIN_MS, null]);
    arm(index, NOW + 1e9);
    expect(alarms.at(-1)).toBe(NOW + 1e9);
  });

  it("is followed by one at the time that its jobs want", () => {
    const { index, alarms } = ground();
    beginRound(index);
    endRound(index, NOW + 1e6);
    expect(alarms.at(-1)).toBe(NOW + 1e6);
  });

  it("minds what was wanted while it went on", () => {
    for (const [wanted, next] of [
      [NOW + 5, undefined],
      [NOW + 5, NOW + 1e6],
      [NOW + 2 * AGAIN_MS, undefined],
    ] as const) {
      const { index, alarms } = ground();
      beginRound(index);
      arm(index, wanted);
      endRound(index, next);
      expect(alarms.at(-1)).toBe(wanted);
    }
  });
});

describe("a job's plan", () => {
  it("is kept until another one is, or none, and costs nothing where it stays", () => {
    const { index } = ground();
    expect(jobPlan(index, "sweep")).toBe(undefined);
    planJob(index, "sweep", undefined);
    planJob(index, "sweep", { due: 5, cursor: "a" });
    planJob(index, "other", { due: 9, cursor: "" });
    expect({ ...jobPlan(index, "sweep") }).toEqual({ due: 5, cursor: "a" });
    planJob(index, "sweep", { due: 6, cursor: "a" });
    expect({ ...jobPlan(index, "sweep") }).toEqual({ due: 6, cursor: "a" });
    planJob(index, "sweep", undefined);
    expect(jobPlan(index, "sweep")).toBe(undefined);
    expect({ ...jobPlan(index, "other") }).toEqual({ due: 9, cursor: "" });
  });
});
