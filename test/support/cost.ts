// What a request costs: its calls, and the rows that they read and wrote in both databases.

import type { Bill } from "./bindings.ts";
import { type Answer, CALL_MS } from "./client.ts";
import type { TestServer } from "./test-server.ts";

/** `rowsRead` and `rowsWritten` are D1's and the index's together. */
export interface Cost extends Bill {
  rowsRead: number;
  rowsWritten: number;
}

interface Rows {
  read: number;
  written: number;
}

/** Does `act` and gives its bill; the rows of the bucket's index are asked for before and afterwards. */
export async function costOf(
  server: TestServer,
  bucket: string,
  act: () => Promise<Answer>,
): Promise<{ answer: Answer; cost: Cost }> {
  const index = await server.idOf(bucket);
  const rows = () => server.order<Rows>({ do: "call", index, method: "rows", args: [] });
  const before = await rows();
  const answer = await act();
  const after = await rows();
  const { bill } = answer;
  const rowsRead = bill.d1Read + after.read - before.read;
  const rowsWritten = bill.d1Written + after.written - before.written;
  return { answer, cost: { ...bill, rowsRead, rowsWritten } };
}

/** Runs many tasks, a few at a time. */
export async function inBatches(tasks: (() => Promise<unknown>)[], atOnce = 8): Promise<void> {
  const queue = tasks[Symbol.iterator]();
  const signal = AbortSignal.timeout(CALL_MS * 4);
  const work = async () => {
    for (const task of queue) {
      signal.throwIfAborted();
      await task();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}
