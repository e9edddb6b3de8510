import { beforeAll, describe, it } from "vitest";
import {
  type Budgeted,
  furnish,
  type Ground,
  LISTINGS,
  READS,
  REMOVALS,
  SMALL,
  UPLOADS,
  WRITES,
} from "../support/budgeted.ts";
import { Budgets } from "../support/budgets.ts";
import { useServer } from "../support/server.ts";
import type { TestServer } from "../support/test-server.ts";

/** Holds each request of a list to its budget. */
function hold(
  server: TestServer,
  list: readonly Budgeted[],
  prepareBucket?: (ground: Ground) => Promise<void>,
) {
  let ground: Ground;
  let budgets: Budgets;

  beforeAll(async () => {
    ground = { server, bucket: await server.bucket() };
    budgets = await Budgets.of(server, ground.bucket);
    await prepareBucket?.(ground);
  });

  for (const { name, calls, most, prepare, act } of list) {
    it(name, () =>
      budgets.hold(
        calls,
        most,
        (client, subject) => act(client, subject, ground),
        async () => (await prepare?.(ground)) ?? "",
      ),
    );
  }
}

const server = useServer();

describe("a read", () => hold(server, READS));

describe("a write", () => hold(server, WRITES));

describe("a listing", () => hold(server, LISTINGS, furnish));

describe("a multipart upload", () => hold(server, UPLOADS));

describe("DeleteObjects", () => hold(server, REMOVALS));

describe("where small objects are kept in the index, a request", () => {
  hold(useServer({ vars: { INLINE_BYTES: "1024" } }), SMALL);
});
