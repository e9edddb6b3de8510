import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { AdminClient } from "../../src/cli/admin.ts";
import { DEFAULT_KEY } from "../../src/cli/root-key.ts";
import { type Server, startServer } from "../../src/cli/server.ts";
import { freePort, run, s3 } from "./portico-process.ts";

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let server: Server;

beforeAll(async () => {
  server = await startServer({
    host: "127.0.0.1",
    port: 0,
    rootKey: `${DEFAULT_KEY.accessKeyId}:${DEFAULT_KEY.secretAccessKey}`,
    masterSecret: "0".repeat(64),
    region: "us-east-1",
    domains: [],
    legacyAcl: false,
  });
});

afterAll(() => server?.stop());

/** What a command prints when it succeeds. */
async function admin(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(args, { PORTICO_ENDPOINT: server.url });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

describe("accounts and keys", () => {
  it("are created, used, listed, disabled and deleted", async () => {
    const created = await admin("account", "create", "Ann Other", "--email", "ann@example.com");
    const id =
      /^account +([0-9a-f]{64})\nname +Ann Other\ne-mail +ann@example\.com\n$/.exec(created)?.[1] ?? "";
    expect(id).not.toBe("");
    expect(await admin("account", "list")).toMatch(
      new RegExp(
        `^ACCOUNT +NAME +E-MAIL +CREATED\\n[^]*\\n${id} +Ann Other +ann@example\\.com +\\d{4}-[^ ]*Z\\n`,
      ),
    );

    const key = JSON.parse(await admin("key", "create", "--account", "ann@example.com", "--json"));
    expect(key.account).toBe(id);
    const holder = { accessKeyId: key.accessKeyId, secretAccessKey: key.secretAccessKey };
    expect((await s3("GET", `${server.url}/`, undefined, holder)).status).toBe(200);
    const listed = await admin("key", "list", "--account", "Ann Other");
    expect(listed).toMatch(new RegExp(`\\n${key.accessKeyId} +${id} +active +\\d{4}-`));
    expect(listed).not.toContain(key.secretAccessKey);

    expect(await admin("key", "disable", key.accessKeyId)).toBe(`${key.accessKeyId} disabled\n`);
    expect((await s3("GET", `${server.url}/`, undefined, holder)).status).toBe(403);
    expect(await admin("key", "list", "--account", id)).toContain(" disabled ");
    expect(await admin("key", "delete", key.accessKeyId, "--json")).toBe("{}\n");
    expect(await admin("key", "list", "--account", id)).not.toContain(key.accessKeyId);
  });

  it("are refused in the server's own words", async () => {
    const refusal = await run(["key", "delete", "NOSUCHKEY"], { PORTICO_ENDPOINT: server.url });
    expect(refusal).toEqual({ code: 1, stdout: "", stderr: expect.stringMatching(/^portico: .*key.*\n$/) });
    const stranger = await run(["account", "list", "--endpoint", server.url], {
      PORTICO_ACCESS_KEY: "portico",
      PORTICO_SECRET_KEY: "not-the-secret",
    });
    expect(stranger).toEqual({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^portico: .*signature.*\n$/),
    });
  });

  it("belong to an account that there is only once", async () => {
    await new AdminClient(server.url, DEFAULT_KEY).call("account/create", { displayName: "twin" });
    await new AdminClient(server.url, DEFAULT_KEY).call("account/create", { displayName: "twin" });
    for (const [account, message] of [
      ["twin", 'several accounts are called "twin": give the id'],
      ["nobody", 'there is no account "nobody"'],
    ] as const) {
      const { code, stderr } = await run(["key", "create", "--account", account], {
        PORTICO_ENDPOINT: server.url,
      });
      expect({ code, stderr }).toEqual({ code: 1, stderr: `portico: ${message}\n` });
    }
  });
});

describe("an endpoint", () => {
  it.each([
    ["not a url", 'the endpoint must be an http or https URL, not "not a url"'],
    ["ftp://127.0.0.1", "the endpoint must be"],
    ["https://s3.example.com", "s3.example.com is not loopback"],
  ])("like %s fails in one line", async (endpoint, message) => {
    const { code, stdout, stderr } = await run(["account", "list", "--endpoint", endpoint]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(`portico: ${message}`);
    expect(stderr.split("\n")).toHaveLength(2);
  });

  it("where nothing listens fails in one line", async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    expect(await run(["key", "list"], { PORTICO_ENDPOINT: url })).toEqual({
      code: 1,
      stdout: "",
      stderr: `portico: cannot reach ${url}: nothing listens there\n`,
    });
  });

  it("that is no Portico fails in one line", async () => {
    const other = createServer((_, response) => response.writeHead(200).end("<html>"));
    await once(other.listen(0, "127.0.0.1"), "listening");
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    try {
      const call = new AdminClient(url, DEFAULT_KEY).call("account/list", {});
      await expect(call).rejects.toThrow(`${url} does not answer as Portico does (status 200)`);
    } finally {
      other.close();
    }
  });
});
