// What a soak has done, as a table for people.

import type { Soaked } from "./soak.ts";

/** The largest counts first. */
function inOrder(counts: ReadonlyMap<string, number>): string {
  const rows = [...counts].toSorted(([, a], [, b]) => b - a);
  return rows.map(([name, count]) => `${name} ${count.toLocaleString("en")}`).join(", ");
}

const sum = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((a, b) => a + b, 0);

export function figures({ seconds, histories, tally, chores, swept, failures }: Soaked): string {
  const number = (value: number) => value.toLocaleString("en");
  const rows: [string, string][] = [
    ["seconds", number(Math.round(seconds))],
    ["histories", number(histories)],
    ["requests", `${number(sum(tally.commands))}: ${inOrder(tally.commands)}`],
    ["faults", `${number(sum(tally.faults))}: ${inOrder(tally.faults) || "none"}`],
    ["answers lost or 5xx, and resolved", number(tally.lost)],
    ["meanwhile", inOrder(chores) || "nothing"],
    ["buckets swept clean", `${number(swept.buckets)}, of ${number(swept.blobs)} blobs`],
    ["failures", number(failures.length)],
  ];
  return ["| soak | |", "|---|---|", ...rows.map(([name, value]) => `| ${name} | ${value} |`)].join("\n");
}
