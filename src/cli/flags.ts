// How a command declares its flags: one declaration parses them, types them and prints their help.

import { type ParseArgsOptionDescriptor, parseArgs } from "node:util";
import { Failure } from "./failure.ts";

export interface Flag extends ParseArgsOptionDescriptor {
  /** What stands for the value in the help: `--port NUMBER`. */
  value?: string;
  help: string;
}

export type Flags = Record<string, Flag>;

export interface Command {
  /** As typed after `portico`: "key create". */
  name: string;
  /** Positional arguments, in the help's spelling. */
  operands?: string;
  summary: string;
  flags: Flags;
  /** Runs to the end; the answer is the process's exit code. */
  run(args: string[]): Promise<number>;
}

export const HELP: Flags = { help: { type: "boolean", short: "h", help: "this page" } };

type Parsed<F extends Flags> = ReturnType<
  typeof parseArgs<{ args: string[]; options: F; strict: true; allowPositionals: true }>
>;

/** The flags' values and exactly `operands` positional arguments; anything else is refused in one line. */
export function parseFlags<F extends Flags>(
  args: string[],
  flags: F,
  operands: readonly string[] = [],
): { values: Parsed<F>["values"]; operands: string[] } {
  const { values, positionals } = parseOrRefuse(args, flags);
  const surplus = positionals[operands.length];
  if (surplus !== undefined) throw new Failure(`unexpected argument ${JSON.stringify(surplus)}`);
  const missing = operands[positionals.length];
  if (missing !== undefined) throw new Failure(`${missing} is missing`);
  return { values, operands: positionals };
}

function parseOrRefuse<F extends Flags>(args: string[], flags: F): Parsed<F> {
  try {
    return parseArgs({ args, options: flags, strict: true, allowPositionals: true });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // Node explains at length; the first sentence says it.
    const [sentence = ""] = error.message.split(/\.\s|\n/);
    throw new Failure(`${sentence.charAt(0).toLowerCase()}${sentence.slice(1).replace(/\.$/, "")}`);
  }
}

export function commandHelp(command: Command): string {
  const usage = ["portico", command.name, command.operands, "[options]"].filter((word) => word !== undefined);
  const rows = Object.entries({ ...command.flags, ...HELP }).map(([name, flag]): [string, string] => [
    `${flag.short ? `-${flag.short}, ` : ""}--${name}${flag.value ? ` ${flag.value}` : ""}`,
    flag.help,
  ]);
  return `${command.summary}\n\nUsage: ${usage.join(" ")}\n\n${columns(rows, "  ")}`;
}

/** Rows as aligned text, each line beginning with `indent`. */
export function columns(rows: readonly (readonly string[])[], indent = ""): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  }
  return rows
    .map((row) => `${indent}${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ")}`.trimEnd())
    .join("\n");
}
