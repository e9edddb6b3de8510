import { describe, expect, it } from "vitest";
import { Remembered } from "../../src/world.ts";

const names = (count: number) => Array.from({ length: count }, (_, i) => `n${i}`);
const kept = (memory: Remembered<string>, asked: string[]) =>
  asked.filter((name) => memory.get(name, 0) !== undefined);

describe("what an isolate remembers", () => {
  it("is at most so many entries, the youngest", () => {
    const memory = new Remembered<string>(undefined, 3);
    for (const name of names(5)) memory.set(name, "x", 0);
    expect(kept(memory, names(5))).toEqual(["n2", "n3", "n4"]);
  });

  it("is no more than it can carry: 10,000 buckets of 64 KB each are forgotten before they fill it", () => {
    const memory = new Remembered<string>((text) => text.length);
    const heavy = "x".repeat(64 * 1024);
    for (const name of names(10_000)) memory.set(name, heavy, 0);
    expect(kept(memory, names(10_000))).toEqual(names(10_000).slice(-32));
  });

  it("weighs an entry that is set again once, and nothing that is forgotten", () => {
    const memory = new Remembered<string>((text) => text.length);
    const half = "x".repeat(1024 * 1024);
    for (let turn = 0; turn < 10; turn += 1) memory.set("a", half, 0);
    memory.set("b", half, 0);
    expect(kept(memory, ["a", "b"])).toEqual(["a", "b"]);
    memory.forget("a");
    memory.set("c", half, 0);
    expect(kept(memory, ["a", "b", "c"])).toEqual(["b", "c"]);
    memory.clear();
    for (const name of ["d", "e"]) memory.set(name, half, 0);
    expect(kept(memory, ["b", "c", "d", "e"])).toEqual(["d", "e"]);
  });
});
