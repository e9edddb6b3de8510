// `npm run test:soak -- --minutes N [--seed S] [--faults]`: made-up histories against model and server, for as long as one
// likes, several at once; meanwhile somebody sweeps, moves the clock and restarts the indexes.

import os from "node:os";
import { Failure } from "../../src/cli/failure.ts";
import { type Command, commandHelp, type Flags, parseFlags } from "../../src/cli/flags.ts";
import { figures } from "./figures.ts";
import { soak } from "./soak.ts";

const FLAGS = {
  minutes: { type: "string", value: "NUMBER", default: "5", help: "how long; default 5" },
  seed: { type: "string", value: "NUMBER", help: "where to begin; default: anywhere" },
  faults: { type: "boolean", help: "calls of the stores fail, and isolates and indexes die" },
  lanes: { type: "string", value: "NUMBER", default: "4", help: "histories at once; default 4" },
  help: { type: "boolean", short: "h", help: "this page" },
} as const satisfies Flags;

const COMMAND: Command = {
  name: "test:soak",
  summary: "Runs made-up histories against a naive S3 in memory and a server, and expects the same answers.",
  flags: FLAGS,
  run,
};

async function run(args: string[]): Promise<number> {
  const { values } = parseFlags(args, FLAGS);
  if (values.help) {
    console.log(commandHelp(COMMAND).replace("portico test:soak", "npm run test:soak --"));
    return 0;
  }
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  const [minutes, lanes] = [Number(values.minutes), Number(values.lanes)];
  if (!(minutes > 0 && lanes >= 1 && Number.isInteger(seed))) throw new Failure("a number is none");
  const faults = values.faults === true;
  console.log(
    `soak: --minutes ${minutes} --seed ${seed}${faults ? " --faults" : ""} --lanes ${lanes}; ${os.cpus().length} processors`,
  );
  const soaked = await soak({ minutes, seed, lanes, faults });
  console.log(figures(soaked));
  return soaked.failures.length === 0 ? 0 : 1;
}

process.exitCode = await run(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Failure ? error.message : error);
  return 2;
});
process.exit();
