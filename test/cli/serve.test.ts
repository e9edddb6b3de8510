import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import path from "node:path";
import { describe, expect, it, vi } from "vitest";
import { servePlan } from "../../src/cli/serve.ts";
import { alive, answers, childOf, portico, run, s3, temporaryFolder, until } from "./portico-process.ts";

vi.setConfig({ testTimeout: 30_000 });

const ENV = {};

describe("what serve is asked for", () => {
  it("is a loopback server on port 9000 with the well-known key, kept in ./portico-data", () => {
    expect(servePlan([], ENV)).toEqual({
      host: "127.0.0.1",
      port: 9000,
      key: { accessKeyId: "portico", secretAccessKey: "portico-secret" },
      region: "us-east-1",
      domains: [],
      legacyAcl: false,
      data: "./portico-data",
      accounts: [],
      vars: {},
    });
  });

  it("takes every flag", () => {
    const flags = [
      "--port",
      "0",
      "--host",
      "0.0.0.0",
      "--data",
      "d",
      "--access-key",
      "mykey",
      "--secret-key",
      "mysecret",
    ];
    const more = [
      "--region",
      "eu-west-1",
      "--domain",
      "S3.example.com",
      "--domain",
      "localhost",
      "--legacy-acl",
    ];
    expect(servePlan([...flags, ...more], ENV)).toMatchObject({
      host: "0.0.0.0",
      port: 0,
      key: { accessKeyId: "mykey", secretAccessKey: "mysecret" },
      region: "eu-west-1",
      domains: ["s3.example.com", "localhost"],
      legacyAcl: true,
      data: "d",
    });
  });

  it("keeps nothing with --in-memory", () => {
    expect(servePlan(["--in-memory"], ENV)).not.toHaveProperty("data");
  });

  it.each([
    [["--port", "x"], "--port must be a number"],
    [["--port", "65536"], "--port must be a number"],
    [["--port", ""], "--port must be a number"],
    [["--port"], "argument missing"],
    [["--prot", "1"], "unknown option '--prot'"],
    [["here"], 'unexpected argument "here"'],
    [["--host", "a b"], "--host must be"],
    [["--region", "EU"], "--region must be"],
    [["--domain", "https://x"], "--domain must be"],
    [["--in-memory", "--data", "d"], "exclude each other"],
    [["--data", ""], "--data must name a folder"],
    [["--accounts", "/nowhere.json"], "cannot read /nowhere.json: there is no such file"],
  ])("refuses %j in one line", (args, message) => {
    expect(() => servePlan(args, ENV)).toThrow(message);
  });
});

describe("a server that starts", () => {
  it("prints the endpoint, the key and three lines to paste, and leaves nothing behind when in memory", async () => {
    const folder = temporaryFolder();
    const keys = ["--access-key", "mykey", "--secret-key", "it's-my$key"];
    const server = portico(["serve", "--port", "0", "--in-memory", ...keys], { TMPDIR: folder });
    const url = await server.ready();
    expect(readdirSync(folder)).toHaveLength(1);
    const { stdout, code, stderr } = await server.stop("SIGINT");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(readdirSync(folder)).toEqual([]);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(stdout).toMatch(/access key +mykey\n +secret key +it's-my\$key\n/);
    expect(stdout).toContain(`AWS_SECRET_ACCESS_KEY='it'\\''s-my$key'`);
    expect(stdout).toContain(`aws --endpoint-url ${url} s3 ls`);
    expect(stdout).toContain(`import boto3`);
    expect(stdout).toContain(`RCLONE_S3_ENDPOINT=${url}`);
  });

  it("keeps its data across SIGTERM, and its accounts as their file says", async () => {
    const data = path.join(temporaryFolder(), "deep", "data");
    const file = path.join(temporaryFolder(), "accounts.json");
    const entry = (name: string) => ({
      id: createHash("sha256").update(name).digest("hex"),
      displayName: name,
      email: `${name}@example.com`,
      accessKeyId: `${name}-key`,
      secretAccessKey: `${name}-secret`,
    });
    const [root, other] = [entry("root"), entry("other")];
    writeFileSync(file, JSON.stringify([root, other]));
    const keys = ["--access-key", root.accessKeyId, "--secret-key", root.secretAccessKey];
    const flags = ["serve", "--port", "0", "--data", data, "--accounts", file, ...keys];

    const first = portico(flags);
    const before = await first.ready();
    expect((await s3("PUT", `${before}/kept`, undefined, other)).status).toBe(200);
    expect((await s3("PUT", `${before}/kept/key`, "body", other)).status).toBe(200);
    expect(await first.stop()).toMatchObject({ code: 0, stderr: "" });

    const second = portico(flags);
    const after = await second.ready();
    expect(await (await s3("GET", `${after}/kept/key`, undefined, other)).text()).toBe("body");
    expect(await (await s3("GET", `${after}/`, undefined, other)).text()).toContain(other.id);
    expect(await (await s3("GET", `${after}/`, undefined, root)).text()).toContain(root.id);
    expect(await second.stop()).toMatchObject({ code: 0 });
  });
});

describe("a server that is killed", () => {
  it("takes workerd with it, and what it kept in memory", async () => {
    const folder = temporaryFolder();
    const server = portico(["serve", "--port", "0", "--in-memory"], { TMPDIR: folder });
    const url = await server.ready();
    const workerd = childOf(server.pid, "workerd");
    const leash = childOf(workerd, "leash.sh");
    await server.stop("SIGKILL");
    await until(() => !alive(workerd) && !alive(leash), 2000);
    expect(await answers(url)).toBe(false);
    await until(() => readdirSync(folder).length === 0, 2000);
  });

  it("can be started again at once, on its port and folder, even if its workerd outlived it", async () => {
    const data = temporaryFolder();
    const first = portico(["serve", "--port", "0", "--data", data]);
    const url = await first.ready();
    const again = ["serve", "--port", new URL(url).port, "--data", data];
    await s3("PUT", `${url}/kept`);
    expect((await s3("PUT", `${url}/kept/key`, "body")).status).toBe(200);
    first.child.kill("SIGKILL");

    const second = portico(again);
    expect(await second.ready()).toBe(url);
    expect(await (await s3("GET", `${url}/kept/key`)).text()).toBe("body");
    const workerd = childOf(second.pid, "workerd");
    process.kill(childOf(workerd, "leash.sh"), "SIGKILL");
    await second.stop("SIGKILL");
    expect(await answers(url)).toBe(true);

    const third = portico(again);
    expect(await third.ready()).toBe(url);
    expect(alive(workerd)).toBe(false);
    expect(await (await s3("GET", `${url}/kept/key`)).text()).toBe("body");
    await third.stop();
  });
});

describe("workerd's environment", () => {
  /** What it would be given, with as much else in it; `limit`: of its stack, in KiB. */
  const given = (limit: string, characters: number) => {
    const script = `ulimit -s ${limit} && exec "$0"`;
    const leash = path.join(import.meta.dirname, "../../src/cli/leash.sh");
    const env = { PATH: process.env.PATH, PORTICO_WORKERD: "/usr/bin/env", ELSE: "e".repeat(characters) };
    const { status, stdout } = spawnSync("sh", ["-c", script, leash], { env, encoding: "utf8" });
    return { status, length: stdout.length };
  };

  it("is longer than a walk over its stack jumps", () => {
    const { status, length } = given("8192", 1_000);
    expect([status, length > 100_000]).toEqual([0, true]);
  });

  it("is what it was where a program may be given no more", () => {
    const { status, length } = given("256", 100_000);
    expect([status, length > 100_000]).toEqual([0, true]);
  });
});

describe("a server that cannot start", () => {
  it("says that its folder is another server's", async () => {
    const data = temporaryFolder();
    const first = portico(["serve", "--port", "0", "--data", data]);
    const url = await first.ready();
    expect(await run(["serve", "--port", "0", "--data", data])).toEqual({
      code: 1,
      stdout: "",
      stderr: `portico: the data folder ${data} is in use by another server\n`,
    });
    expect(await answers(url)).toBe(true);
    await first.stop();
  });

  it("says that its port is taken", async () => {
    const holder = createServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    const { port } = holder.address() as AddressInfo;
    try {
      expect(await run(["serve", "--port", String(port), "--in-memory"])).toEqual({
        code: 1,
        stdout: "",
        stderr: `portico: cannot listen on 127.0.0.1:${port}: it is already in use\n`,
      });
    } finally {
      holder.close();
    }
  });

  it.runIf(existsSync("/proc/self"))("says that its folder cannot be made", async () => {
    expect(await run(["serve", "--port", "0", "--data", "/proc/x/data"])).toEqual({
      code: 1,
      stdout: "",
      stderr: "portico: cannot use the data folder /proc/x/data: there is no such file\n",
    });
  });

  it("says that its folder cannot be written", async () => {
    const file = path.join(temporaryFolder(), "file");
    writeFileSync(file, "");
    expect(await run(["serve", "--port", "0", "--data", path.join(file, "data")])).toEqual({
      code: 1,
      stdout: "",
      stderr: `portico: cannot use the data folder ${file}/data: part of the path is not a folder\n`,
    });
  });

  it.each([
    [["--host", "0.0.0.0"]],
    [["--host", "0.0.0.0", "--access-key", "portico", "--secret-key", "portico-secret"]],
    [["--host", "::", "--access-key", "other", "--secret-key", "portico-secret"]],
  ])("asks for keys of one's own with %j", async (flags) => {
    const { code, stdout, stderr } = await run(["serve", "--port", "0", "--in-memory", ...flags]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(
      /^portico: .* is not loopback .*: give --access-key and --secret-key of your own\n$/,
    );
  });
});
