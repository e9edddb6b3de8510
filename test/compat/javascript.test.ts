// The clients for JavaScript, within the test suite: each against a Portico of this test's own.

import { afterAll, beforeAll, describe, test } from "vitest";
import { startServer } from "../../src/cli/server.ts";
import { checks, type Endpoint } from "./javascript-checks.ts";

let endpoint: Endpoint;
let stop: () => Promise<void>;

beforeAll(async () => {
  const server = await startServer({
    host: "127.0.0.1",
    port: 0,
    rootKey: "portico:portico-secret",
    masterSecret: "x".repeat(32),
    region: "us-east-1",
    domains: [],
    legacyAcl: false,
  });
  stop = () => server.stop();
  endpoint = {
    url: server.url,
    accessKeyId: "portico",
    secretAccessKey: "portico-secret",
    region: "us-east-1",
    dotKeys: true,
  };
}, 60_000);

afterAll(() => stop?.());

describe.each([...new Set(checks.map(({ client }) => client))])("%s", (client) => {
  for (const check of checks.filter((each) => each.client === client)) {
    test(check.name, () => check.run(endpoint), 60_000);
  }
});
