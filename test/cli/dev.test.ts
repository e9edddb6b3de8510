import { spawnSync } from "node:child_process";
import path from "node:path";
import { describe, expect, it, vi } from "vitest";
import { devArguments, devPlan } from "../../src/cli/dev.ts";
import { answers, freePort, portico, ROOT, run, s3, temporaryFolder, until } from "./portico-process.ts";

vi.setConfig({ testTimeout: 30_000 });

describe("what dev is asked for", () => {
  it("is wrangler dev on port 9000 with the well-known key", () => {
    const plan = devPlan([], {});
    expect(plan.data).toBe(path.join(ROOT, ".wrangler/state"));
    expect(devArguments(plan, "s3cret")).toEqual([
      ...["dev", "--ip", "127.0.0.1", "--port", "9000", "--persist-to", plan.data],
      ...[
        "--var",
        "ROOT_KEY:portico:portico-secret",
        "--var",
        "MASTER_SECRET:s3cret",
        "--var",
        "REGION:us-east-1",
      ],
      ...["--var", "DOMAINS:", "--var", "LEGACY_ACL:", "--var", "CLIENT_ADDRESS:127.0.0.1"],
      ...["--var", "PLAIN_KEYS:1"],
      ...["--var", "SIGNATURE_V2:1", "--var", "EXPECT_HOLD_MS:1100"],
    ]);
  });

  it("keeps to loopback with the well-known key", async () => {
    const { code, stderr } = await run(["dev", "--host", "0.0.0.0"]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("is not loopback") });
  });
});

describe("a development server", () => {
  it("answers signed requests and, stopped, leaves no process behind", async () => {
    const data = temporaryFolder();
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const server = portico(["dev", "--port", String(port), "--data", data]);
    await until(() => answers(url), 20_000);
    expect((await s3("PUT", `${url}/bucket`)).status).toBe(200);
    expect(await server.stop()).toMatchObject({ code: 0 });
    expect(await answers(url)).toBe(false);
    expect(spawnSync("ps", ["-e", "-o", "args="], { encoding: "utf8" }).stdout).not.toContain(data);
  });
});
