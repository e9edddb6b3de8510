// How D1 is called: parameters, one round trip for several statements, and a bounded repetition of passing failures.

import { Unavailable } from "../facts/outage.ts";

/** How long a call is repeated before the store counts as unavailable, in ms. */
const RETRY_MS = 15_000;

/** What D1's errors say when the same statement may well succeed a moment later. */
const PASSING =
  /reset because|Network connection lost|storage caused object to be reset|overloaded|internal error|timed? ?out|Cannot resolve D1 DB due to transient issue/i;

export interface Statement {
  text: string;
  bindings: (string | number | null)[];
}

export function statement(text: string, ...bindings: (string | number | null)[]): Statement {
  return { text, bindings };
}

export type Row = Record<string, string | number | null>;

/**
 * The directory's database. Every statement of Portico's names what it expects to find, so repeating one whose answer
 * was lost is nothing; that is why it may be repeated here, whatever it does.
 */
export interface Database {
  /** Runs one statement and gives its rows. */
  rows<R extends Row>(statement: Statement): Promise<R[]>;
  /**
   * Runs a statement that removes what it returns, and says whether that was there: a repetition that finds nothing is
   * told of the try before it, whose answer was lost.
   */
  removes(statement: Statement): Promise<boolean>;
  /** Runs several as one transaction, in one round trip, and gives each one's rows. */
  batch(statements: Statement[]): Promise<Row[][]>;
}

/** `sleep` waits for that many ms; `now` is in ms. */
export function openDatabase(
  d1: D1Database,
  now: () => number,
  sleep: (ms: number) => Promise<void>,
): Database {
  async function insist<T>(act: (tries: number) => Promise<T>): Promise<T> {
    const until = now() + RETRY_MS;
    for (let [tries, wait] = [1, 50]; ; tries++, wait *= 2) {
      try {
        return await act(tries);
      } catch (error) {
        if (!(error instanceof Error) || !PASSING.test(error.message)) throw error;
        if (now() + wait > until) throw new Unavailable("D1 did not answer", { cause: error });
        await sleep(wait);
      }
    }
  }
  const prepare = ({ text, bindings }: Statement) => d1.prepare(text).bind(...bindings);
  return {
    rows: async <R extends Row>(one: Statement) => (await insist(() => prepare(one).all<R>())).results,
    removes: (one) => insist(async (tries) => (await prepare(one).all()).results.length > 0 || tries > 1),
    batch: async (several) =>
      (await insist(() => d1.batch<Row>(several.map(prepare)))).map(({ results }) => results),
  };
}
