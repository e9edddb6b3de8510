import { describe, expect, it } from "vitest";
import { smallCosts, smallTable } from "./small-objects.ts";

describe("the costs of small objects", () => {
  it("show where a row spills over into a page of its own, and that a table's does not", () => {
    const costs = smallCosts(400, 1);
    const onDisk = (size: number, shape: string) =>
      costs.find((cost) => cost.size === size && cost.shape === shape)?.bytesOnDisk ?? Number.NaN;
    expect(onDisk(512, "row")).toBeLessThan(1500);
    expect(onDisk(1024, "row")).toBeGreaterThan(4096);
    expect(onDisk(1024, "table")).toBeLessThan(2500);
    expect(smallTable(costs)).toContain("1024");
  });
});
