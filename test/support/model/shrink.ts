// Cuts a failing history down: first whole commands, in ever smaller pieces, then what single commands say.

import type { Command } from "./commands.ts";

/** Most histories that are tried, so that shrinking ends. */
const MAX_TRIES = 400;

export interface Shrunk {
  commands: Command[];
  why: string;
}

/**
 * `test` says why a history fails, or undefined if it does not. What does not fail when it is run again is given back as it
 * is: it depends on chance.
 */
export async function shrink(
  failing: readonly Command[],
  test: (commands: readonly Command[]) => Promise<string | undefined>,
): Promise<Shrunk> {
  let tries = 0;
  let best: Shrunk = {
    commands: [...failing],
    why: (await test(failing)) ?? "It did not fail when it was run again.",
  };
  const fails = async (commands: Command[]): Promise<boolean> => {
    tries += 1;
    const why = await test(commands);
    if (why !== undefined) best = { commands, why };
    return why !== undefined;
  };
  for (let size = Math.ceil(best.commands.length / 2); size >= 1 && tries < MAX_TRIES; ) {
    let isShorter = false;
    // From the end: what comes after the disagreement goes at once.
    for (let at = best.commands.length - size; at > -size && tries < MAX_TRIES; at -= size) {
      const from = Math.max(at, 0);
      const without = [...best.commands.slice(0, from), ...best.commands.slice(at + size)];
      if (without.length < best.commands.length && (await fails(without))) isShorter = true;
    }
    if (size > 1) size = Math.ceil(size / 2);
    else if (!isShorter) break;
  }
  for (let at = 0; at < best.commands.length; at++) {
    for (let plainer = true; plainer && tries < MAX_TRIES; ) {
      plainer = false;
      for (const other of plainerThan(best.commands[at] as Command)) {
        const commands = best.commands.with(at, other);
        if (await fails(commands)) {
          plainer = true;
          break;
        }
      }
    }
  }
  return best;
}

/** What a command is not one without. */
const NEEDED = new Set(
  "op bucket key upload headers query body tags status lock objects parts source partNumber x-amz-object-attributes".split(
    " ",
  ),
);

/** The same command, each time without one thing that it may do without. */
function plainerThan(command: Command): Command[] {
  const without = <T extends object>(whole: T, name: string): T =>
    Object.fromEntries(Object.entries(whole).filter(([each]) => each !== name)) as T;
  const isEmpty = (value: object) => Object.keys(value).length === 0;
  return Object.entries(command).flatMap(([name, value]) => {
    const shorter = NEEDED.has(name) ? [] : [without(command, name)];
    if (Array.isArray(value) && name !== "tags" && value.length > 1) {
      return [...shorter, ...value.map((_each, at) => ({ ...command, [name]: value.toSpliced(at, 1) }))];
    }
    if (typeof value !== "object" || value === null || Array.isArray(value) || name === "lock")
      return shorter;
    const inside = Object.keys(value)
      .filter((each) => !NEEDED.has(each) && !each.startsWith("x-amz-object-lock"))
      .map((each) => without(value as object, each))
      .map((rest) => (isEmpty(rest) ? without(command, name) : { ...command, [name]: rest }));
    return [...shorter, ...inside];
  });
}
