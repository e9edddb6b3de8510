import { expect, it, vi } from "vitest";
import { startCron } from "../../src/cli/cron.ts";
import { startServer } from "../../src/cli/server.ts";

vi.setConfig({ testTimeout: 30_000 });

it("the local server makes the round of all buckets itself", async () => {
  const server = await startServer({
    host: "127.0.0.1",
    port: 0,
    rootKey: "portico:portico-secret",
    masterSecret: "0".repeat(64),
    region: "us-east-1",
    domains: [],
    legacyAcl: false,
  });
  try {
    const database = await server.miniflare.getD1Database("DIRECTORY");
    const errands = async () => (await database.prepare("select name from errand").all()).results;
    expect(await errands()).toEqual([]);
    const stop = startCron(server.miniflare, 0);
    await expect.poll(errands, { timeout: 20_000 }).toEqual([{ name: "tour" }]);
    stop();
  } finally {
    await server.stop();
  }
});
