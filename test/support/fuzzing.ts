// What all tests by chance share: verdicts, which are a value or a refusal and never anything else, and their count.

import fc from "fast-check";
import { S3Error } from "../../src/wire/error.ts";

/** `FUZZ_SEED` in the environment repeats an earlier run. */
export const FUZZ_SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000_000);

/** What a parser made of an input: what it read, or the code of its refusal. */
export type Verdict = { taken: unknown } | { refused: string };

/** Runs a parser. Whatever it throws but a refusal of S3's is passed on, and so fails the test. */
export async function verdictOf(act: () => unknown): Promise<Verdict> {
  try {
    return { taken: await act() };
  } catch (error) {
    if (error instanceof S3Error && (error.status < 500 || error.status === 501))
      return { refused: error.code };
    throw error;
  }
}

/** Counts the inputs of one parser, and how many of them it took. */
export class Count {
  inputs = 0;
  taken = 0;
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  add(verdict: Verdict): Verdict {
    this.inputs += 1;
    this.taken += Number("taken" in verdict);
    return verdict;
  }

  print(): void {
    const { inputs, taken } = this;
    console.log(
      `fuzz: ${this.#name}: ${inputs} inputs, ${taken} taken, ${inputs - taken} refused, seed ${FUZZ_SEED}`,
    );
  }
}

/** Texts that parsers have stumbled over, whatever they read. */
export const NASTY = [
  ..."%/?&=+;:,.\"'<>{}[]()\\ \t\r\n\0*-_~",
  "%00",
  "%2F",
  "%2f..%2F",
  "%zz",
  "%",
  "%e",
  "%ff",
  "%C3%A9",
  "%ed%a0%80",
  "..",
  "//",
  "null",
  "__proto__",
  "constructor",
  "toString",
  "0",
  "-1",
  "1",
  "1e9",
  "00",
  "NaN",
  "9007199254740993",
  "99999999999999999999999",
  "é",
  "\u{10000}",
  "\ufffd",
  "\u202e",
  "a".repeat(300),
  "2030-01-01T00:00:00Z",
  "Thu, 01 Jan 1970 00:00:00 GMT",
] as const;

/** A text of nasty pieces, pieces of one's own, and any characters. */
export function texts(...own: string[]): fc.Arbitrary<string> {
  const piece = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...(own.length > 0 ? own : NASTY)) },
    { weight: 2, arbitrary: fc.constantFrom(...NASTY) },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 4 }) },
  );
  return fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(""));
}

/** A text that was good, with some characters replaced, removed or doubled. */
export function garbled(good: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const change = fc.tuple(fc.nat(), fc.nat(3), fc.constantFrom("", ...NASTY));
  return fc.tuple(good, fc.array(change, { maxLength: 3 })).map(([text, changes]) =>
    changes.reduce((so, [at, length, put]) => {
      const from = so.length === 0 ? 0 : at % so.length;
      return so.slice(0, from) + put + so.slice(from + length);
    }, text),
  );
}

/** Has a parser read inputs by chance, and fails with the smallest that is neither taken nor refused. */
export async function fuzz<T>(
  { name, inputs, numRuns }: { name: string; inputs: fc.Arbitrary<T>; numRuns: number },
  read: (input: T, count: Count) => Promise<void>,
): Promise<Count> {
  const count = new Count(name);
  await fc.assert(
    fc.asyncProperty(inputs, async (input) => {
      await read(input, count);
    }),
    { numRuns, seed: FUZZ_SEED },
  );
  count.print();
  return count;
}
