import { describe, expect, it } from "vitest";
import { isLocked, type Lock, mayReplaceRetention, type Retention } from "../../src/facts/lock.ts";

const NOW = Date.UTC(2024, 0, 1);
const PAST = NOW - 1;
const SOON = NOW + 1000;
const LATER = NOW + 2000;

const governance = (until: number): Retention => ({ mode: "GOVERNANCE", until });
const compliance = (until: number): Retention => ({ mode: "COMPLIANCE", until });

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
describe("a version", () => {
  it.each<[string, Lock | undefined, boolean, boolean]>([
    ["without a lock", undefined, false, false],
    ["with a lock that says nothing", {}, false, false],
    ["whose hold was lifted", { hold: false }, false, false],
    ["on hold", { hold: true }, true, true],
    ["on hold, its retention over", { hold: true, retention: governance(PAST) }, true, true],
    ["under governance", { retention: governance(SOON) }, true, false],
    ["under governance and on hold", { retention: governance(SOON), hold: true }, true, true],
    ["under governance and not on hold", { retention: governance(SOON), hold: false }, true, false],
    ["under compliance", { retention: compliance(SOON) }, true, true],
    ["whose governance is over", { retention: governance(PAST) }, false, false],
    ["whose compliance is over", { retention: compliance(PAST) }, false, false],
    ["whose compliance ends this very moment", { retention: compliance(NOW) }, false, false],
  ])("%s is locked, or is not, without and with a bypass", (_what, lock, plainly, bypassing) => {
    expect([isLocked(lock, NOW, false), isLocked(lock, NOW, true)]).toEqual([plainly, bypassing]);
  });
});

describe("a retention", () => {
  it.each<[string, Retention | undefined, Retention | undefined, boolean, boolean]>([
    ["none gives way to any", undefined, compliance(SOON), true, true],
    ["none gives way to none", undefined, undefined, true, true],
    ["governance that is over gives way to none", governance(PAST), undefined, true, true],
    ["compliance that is over gives way to less", compliance(PAST), governance(SOON), true, true],
    ["governance gives way to the same", governance(SOON), governance(SOON), true, true],
    ["governance gives way to longer", governance(SOON), governance(LATER), true, true],
    ["governance gives way to shorter by a bypass", governance(LATER), governance(SOON), false, true],
    ["governance gives way to none by a bypass", governance(SOON), undefined, false, true],
    ["governance gives way to compliance by a bypass", governance(SOON), compliance(SOON), false, true],
    [
      "governance gives way to longer compliance by a bypass",
      governance(SOON),
      compliance(LATER),
      false,
      true,
    ],
    ["compliance gives way to the same", compliance(SOON), compliance(SOON), true, true],
    ["compliance gives way to longer", compliance(SOON), compliance(LATER), true, true],
    ["compliance does not give way to shorter", compliance(LATER), compliance(SOON), false, false],
    ["compliance does not give way to governance", compliance(SOON), governance(LATER), false, false],
    ["compliance does not give way to none", compliance(SOON), undefined, false, false],
  ])("%s", (_words, held, next, plainly, bypassing) => {
    const may = (bypass: boolean) => mayReplaceRetention(held, next, NOW, bypass);
    expect([may(false), may(true)]).toEqual([plainly, bypassing]);
  });
});
