// Losing the index of a bucket, and having it made anew as the command does.

import type { RebuiltBucket } from "../../src/cli/admin.ts";
import type { TestServer } from "./test-server.ts";

/** Steps after which a rebuild does not come to an end. */
const MAX_STEPS = 500;

/** Rings the bucket's alarm, which ships its journal. */
export async function shipped(server: TestServer, bucket: string): Promise<void> {
  await server.order({ do: "call", index: await server.idOf(bucket), method: "ring", args: [] });
}

/** All that the index kept is gone. */
export async function lost(server: TestServer, bucket: string): Promise<void> {
  await server.order({ do: "lose", index: await server.idOf(bucket) });
}

/** What the rebuild says in the end. */
export async function rebuilt(server: TestServer, bucket: string, force = false): Promise<RebuiltBucket> {
  let cursor: string | undefined;
  let last: RebuiltBucket = { bucket };
  for (let steps = 0; steps < MAX_STEPS; steps++) {
    const asks = JSON.stringify({ bucket, force, ...(cursor !== undefined && { cursor }) });
    const { status, text } = await server.client.post("/_portico/admin/rebuild/step", asks);
    if (status !== 200) throw new Error(text);
    const answer = JSON.parse(text) as { told: RebuiltBucket[]; cursor?: string };
    last = answer.told.at(-1) ?? last;
    cursor = answer.cursor;
    if (cursor === undefined) return last;
  }
  throw new Error("the rebuild does not end");
}
