import { afterAll, beforeAll, expect, it } from "vitest";
import { measureRow } from "./measure.ts";
import { rowsOf } from "./rows.ts";
import { type Side, startFloor, startPortico } from "./sides.ts";

const START_MS = 60_000;
const PLAN = { rounds: 1, fewRounds: 1, ms: 1 };
/** Larger bodies are the same requests, and listings need long preparations. */
const LARGEST = 64 * 1024;

const sides: Side[] = [];

beforeAll(async () => {
  sides.push(await startPortico(), await startFloor());
}, START_MS);

afterAll(async () => {
  for (const side of sides) await side.stop();
}, START_MS);

for (const row of rowsOf({ quick: true })) {
  if (row.bytes > LARGEST || row.name.startsWith("List")) continue;
  it(`${row.name} is understood by Portico and by the floor`, async () => {
    const { sides: measured, ratio } = await measureRow(row, sides, PLAN);
    expect(measured.map(({ side, samples }) => [side, samples.length])).toEqual([
      ["portico", 1],
      ["floor", 1],
    ]);
    expect(ratio?.median).toBeGreaterThan(0);
  });
}
