// Commands of which some meet faults: calls of the stores that fail, take long or break off, isolates that die.

import fc from "fast-check";
import type { Fault } from "../bindings.ts";
import { anyCommand, seldom } from "./arbitrary.ts";
import type { Command } from "./commands.ts";

const anyFault: fc.Arbitrary<Fault> = fc
  .tuple(
    fc.constantFrom<Fault["how"]>(
      "before",
      "after",
      "before",
      "after",
      "overloaded",
      "delay",
      "cut",
      "kill",
      "kill after",
    ),
    fc.constantFrom(1, 1, 2, 2, 3, 4, 5),
    fc.constantFrom<Partial<Fault>>({}, { lapse: 60_000 }, { times: 2 }, { times: 2, lapse: 60_000 }),
  )
  .map(([how, at, more]) => ({ at, how, ...more }));

/** Any command; of some, one or two calls of the stores fail. */
export const anySpoiltCommand: fc.Arbitrary<Command> = fc
  .tuple(anyCommand, seldom(fc.array(anyFault, { minLength: 1, maxLength: 2 })))
  .map(([made, faults]) => (faults === undefined ? made : { ...made, faults }));
