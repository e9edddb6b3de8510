// That a server answers civilly, whatever it is sent: within its time, without a failure of its own, in whole documents.

import fc from "fast-check";
import { expect } from "vitest";
import type { Answer } from "./client.ts";
import { FUZZ_SEED } from "./fuzzing.ts";
import { xml } from "./xml.ts";

/** Requests that are on their way at once. */
const AT_ONCE = 16;

/** What a header can hold on its way out of Node. */
export const sendable = (text: string) => text.replace(/[^\t\x20-\x7e\x80-\xff]/g, "").trim();

/** An answer that may be given to anything: no failure of ours, and if it is a document, a whole one. */
function expectCivil({ status, text, headers }: Answer): void {
  expect(status === 501 || (status >= 200 && status < 500), text).toBe(true);
  if (status >= 400 && text !== "" && headers["content-type"] === "application/xml") {
    expect(xml(text).get("Code")).toMatch(/^\w+$/);
  }
}

/** Sends one request for each input, several at once, and counts the statuses; a failure shows its input. */
export async function sendAll<T>(
  { name, inputs, numRuns }: { name: string; inputs: fc.Arbitrary<T>; numRuns: number },
  act: (input: T) => Promise<Answer>,
): Promise<ReadonlyMap<number, number>> {
  const all = fc.sample(inputs, { numRuns, seed: FUZZ_SEED });
  const statuses = new Map<number, number>();
  const next = all[Symbol.iterator]();
  const work = async () => {
    for (const input of next) {
      const answer = await act(input).catch((error: unknown) => {
        throw new Error(`no answer to ${JSON.stringify(input)}, seed ${FUZZ_SEED}`, { cause: error });
      });
      try {
        expectCivil(answer);
      } catch (error) {
        throw new Error(`${JSON.stringify(input)}, seed ${FUZZ_SEED}: ${String(error)}`, { cause: error });
      }
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const shown = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${count} × ${status}`);
  console.log(`fuzz: ${name}: ${all.length} requests, ${shown.join(", ")}, seed ${FUZZ_SEED}`);
  return statuses;
}
