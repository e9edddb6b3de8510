import { existsSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { OPERATIONS, UNSET_NAMES } from "../../src/operations.ts";
import type { Row } from "../../src/router.ts";
import { readText } from "./sources.ts";

const BEGIN = "<!-- operations -->";
const END = "<!-- /operations -->";

/** `unset`: answers as a fresh bucket does, since what it reads cannot be set. */
function statusOf(row: Row): "built" | "unset" | "absent" {
  if (!("respond" in row)) return "absent";
  return UNSET_NAMES.has(row.name) ? "unset" : "built";
}

/** The rows that have to stand below the table's head. */
const EXPECTED = OPERATIONS.map((row) => `| ${row.name} | ${statusOf(row)} |`).toSorted();

/** What stands there, below a head of two lines. */
function found(): string[] {
  const readme = path.resolve(import.meta.dirname, "../../README.md");
  const text = existsSync(readme) ? readText("README.md") : "";
  const parts = text.split(BEGIN).flatMap((part) => part.split(END));
  return parts.length === 3 ? (parts[1] ?? "").trim().split("\n").slice(2) : [];
}

it("the README's table of operations says what the code does", () => {
  if (found().join("\n") === EXPECTED.join("\n")) return;
  const table = ["| Operation | Status |", "|---|---|", ...EXPECTED].join("\n");
  expect.fail(`README.md must have this table, and it once:\n\n${BEGIN}\n${table}\n${END}\n`);
});

it("the table has operations of every status", () => {
  for (const status of ["built", "unset", "absent"]) {
    expect(EXPECTED.some((row) => row.endsWith(` | ${status} |`))).toBe(true);
  }
});
