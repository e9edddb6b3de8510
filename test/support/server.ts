// A server for one test file.

import { afterAll, beforeAll, vi } from "vitest";
import type { ServerOptions } from "../../src/cli/server.ts";
import type { Client } from "./client.ts";
import { TestServer } from "./test-server.ts";

const START_MS = 60_000;

/** A server for the tests of one file. */
export function useServer(options: Partial<ServerOptions> = {}): TestServer {
  vi.setConfig({ testTimeout: START_MS });
  const server = new TestServer(options);
  beforeAll(() => server.start(), START_MS);
  afterAll(() => server.stop(), START_MS);
  return server;
}

/** Clients of two isolates that know nothing yet. */
export function isolates(server: TestServer): { a: Client; b: Client } {
  const name = crypto.randomUUID();
  return { a: server.client.world(`a-${name}`), b: server.client.world(`b-${name}`) };
}
