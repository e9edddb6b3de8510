// The bench's figures as tables.

import { columns } from "../../src/cli/flags.ts";
import type { Measured, Sample } from "./measure.ts";
import type { Side } from "./sides.ts";
import type { WorkerSize } from "./worker-size.ts";

const MB = 1024 * 1024;

/** From this many bytes a request on, bytes a second say more than requests. */
const RATE_OF_BYTES = 16 * MB;

export const HEADING = "operation";

/** One line a row, so that it can be shown as soon as it is known. */
export function line({ row, sides, ratio }: Measured): string[] {
  const shown = sides.flatMap(({ median }) => [rate(median, row.bytes), ms(median.cpu)]);
  const generator = Math.max(...sides.map(({ median }) => median.generator));
  const compared =
    ratio === undefined
      ? []
      : [
          percent(ratio.median),
          `${percent(ratio.least)}…${percent(ratio.most)}`,
          verdict(ratio.median, row.wanted),
        ];
  return [row.name, ...shown, ...compared, percent(generator)];
}

export function heading(sides: readonly Side[]): string[] {
  const names = sides.flatMap(({ name }) => [name, "CPU ms"]);
  const compared = sides.length === 2 ? ["ratio", "of rounds", "wanted"] : [];
  return [HEADING, ...names, ...compared, "generator"];
}

export function table(sides: readonly Side[], measured: readonly Measured[]): string {
  return columns([heading(sides), ...measured.map(line)]);
}

/** What the columns mean, and what the floor does where it cannot do the same. */
export function legend(measured: readonly Measured[]): string {
  const others = measured
    .filter(({ row, ratio }) => row.floor !== undefined && ratio !== undefined)
    .map(({ row }) => `  ${row.name}: ${row.floor}`);
  return [
    "Rates are requests a second unless they say otherwise, medians of all rounds; CPU ms is workerd's processor time a",
    "request, its simulated R2, D1 and indexes included. The ratio is of the medians; beside it the least and the most of",
    "any one round. generator: the share of one processor that the bench itself took; near 100% it measures itself.",
    ...(others.length === 0 ? [] : ["What the floor did instead of the same:", ...others]),
  ].join("\n");
}

export function sizeLines({ gzip, minifiedGzip, startMs, floorStartMs }: WorkerSize): string {
  const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`;
  return columns([
    ["the Worker, gzipped", kib(gzip), "wanted: under 300 KiB", "as wrangler deploys it"],
    ["… minified", kib(minifiedGzip), "", "with `minify = true` in wrangler.toml"],
    [
      "workerd to its first answer",
      `${startMs.toFixed(0)} ms`,
      "",
      `the floor's Worker: ${floorStartMs.toFixed(0)} ms`,
    ],
  ]);
}

function rate({ rate: requests }: Sample, bytes: number): string {
  if (bytes >= RATE_OF_BYTES) return `${((requests * bytes) / MB).toFixed(0)} MB/s`;
  return requests < 100 ? requests.toFixed(1) : requests.toFixed(0);
}

function ms(value: number | undefined): string {
  return value === undefined ? "–" : value.toFixed(2);
}

function verdict(ratio: number, wanted: number | undefined): string {
  if (wanted === undefined) return "–";
  return `${ratio >= wanted ? "✓" : "✗"} ${percent(wanted)}`;
}

function percent(share: number): string {
  return share < 20 ? `${Math.round(share * 100)}%` : `${Math.round(share)}×`;
}
