import { readdirSync } from "node:fs";
import path from "node:path";
import { describe, expect, it, vi } from "vitest";
import { type ServerOptions, startServer } from "../../src/cli/server.ts";
import { answers, freePort, ROOT, temporaryFolder } from "./portico-process.ts";

vi.setConfig({ testTimeout: 30_000 });

const OPTIONS: ServerOptions = {
  host: "127.0.0.1",
  port: 0,
  rootKey: "portico:portico-secret",
  masterSecret: "0".repeat(64),
  region: "us-east-1",
  domains: [],
  legacyAcl: false,
};

describe("a server inside the process", () => {
  it("opens its endpoint when it is prepared, and answers until it is stopped", async () => {
    const port = await freePort();
    const endpoint = `http://127.0.0.1:${port}`;
    const prepared: boolean[] = [];
    const server = await startServer({ ...OPTIONS, port }, async (url) => {
      prepared.push(await answers(url), await answers(endpoint));
    });
    expect(prepared).toEqual([true, false]);
    expect(server).toMatchObject({ url: endpoint, port });
    expect(await answers(endpoint)).toBe(true);
    await server.stop();
    expect(await answers(endpoint)).toBe(false);
  });

  it("applies every migration once, records it as wrangler does, and leaves signals alone", async () => {
    const data = temporaryFolder();
    const names = readdirSync(path.join(ROOT, "migrations")).filter((name) => name.endsWith(".sql"));
    const listeners = process.listenerCount("SIGTERM");
    for (const start of ["first", "second"]) {
      const server = await startServer({ ...OPTIONS, data });
      expect(process.listenerCount("SIGTERM")).toBe(listeners);
      const database = await server.miniflare.getD1Database("DIRECTORY");
      const { results } = await database.prepare("SELECT id, name FROM d1_migrations ORDER BY id").all();
      expect([start, results]).toEqual([start, names.sort().map((name, i) => ({ id: i + 1, name }))]);
      await server.stop();
    }
  });
});
