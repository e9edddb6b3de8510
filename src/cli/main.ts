// The command line: which command the first words name, what its failures look like, and the help that lists them all.

import { ACCOUNT_COMMANDS } from "./account-commands.ts";
import { version } from "./clone.ts";
import { dev } from "./dev.ts";
import { Failure } from "./failure.ts";
import { type Command, columns, commandHelp } from "./flags.ts";
import { fsck } from "./fsck-command.ts";
import { KEY_COMMANDS } from "./key-commands.ts";
import { rebuild } from "./rebuild-command.ts";
import { serve } from "./serve.ts";
import { sweep } from "./sweep-command.ts";

const COMMANDS: readonly Command[] = [serve, dev, ...ACCOUNT_COMMANDS, ...KEY_COMMANDS, sweep, fsck, rebuild];

/** Runs one command line to its end; the answer is the exit code. */
export async function main(args: string[]): Promise<number> {
  try {
    return await run(args);
  } catch (error) {
    if (error instanceof Failure) console.error(`portico: ${error.message}`);
    else console.error(error);
    return 1;
  }
}

async function run(args: string[]): Promise<number> {
  const [first] = args;
  if (first === undefined || first === "--help" || first === "-h" || first === "help") {
    console.log(overview());
    return 0;
  }
  if (first === "--version" || first === "-v") {
    console.log(version());
    return 0;
  }
  const command = COMMANDS.find(({ name }) => name === args.slice(0, name.split(" ").length).join(" "));
  if (command === undefined) throw unknownCommand(args);
  const rest = args.slice(command.name.split(" ").length);
  if (rest.includes("--help") || rest.includes("-h")) {
    console.log(commandHelp(command));
    return 0;
  }
  return await command.run(rest);
}

function unknownCommand([first = "", second]: string[]): Failure {
  const verbs = COMMANDS.filter(({ name }) => name.startsWith(`${first} `)).map(({ name }) => name);
  if (verbs.length > 0)
    return new Failure(`say one of: ${verbs.join(", ")}${second ? `; not ${first} ${second}` : ""}`);
  if (first.startsWith("-"))
    return new Failure(`a command comes before the option ${first}; see portico --help`);
  return new Failure(`there is no command ${JSON.stringify(first)}; see portico --help`);
}

function overview(): string {
  const rows = COMMANDS.map(({ name, operands, summary }) => [
    operands ? `${name} ${operands}` : name,
    summary,
  ]);
  return `Portico ${version()}: a complete S3 on Cloudflare Workers.

Usage: portico COMMAND [options]

${columns(rows, "  ")}

portico COMMAND --help shows the options of a command; portico --version the version.`;
}
