import { expect, it } from "vitest";
import { CHECKSUM_ALGORITHMS } from "../../src/facts/checksum.ts";
import { digestSpeeds, speedTable } from "./digests.ts";

it("each checksum is measured in workerd", async () => {
  const speeds = await digestSpeeds({ rounds: 2, mib: 8 });
  expect(speeds.map(({ algorithm, rounds }) => [algorithm, rounds.length])).toEqual(
    CHECKSUM_ALGORITHMS.map((algorithm) => [algorithm, 2]),
  );
  expect(speedTable(speeds).split("\n")).toHaveLength(CHECKSUM_ALGORITHMS.length + 1);
});
