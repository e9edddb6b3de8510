import { spawn } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { masterSecret, openDataFolder } from "../../src/cli/data-folder.ts";
import { temporaryFolder } from "./portico-process.ts";

describe("a data folder", () => {
  it("has one holder at a time", async () => {
    const folder = temporaryFolder();
    const first = await openDataFolder(folder);
    await expect(openDataFolder(folder)).rejects.toThrow(
      `the data folder ${folder} is in use by another server`,
    );
    first.release();
    (await openDataFolder(folder)).release();
  });

  it("keeps one master secret, for its owner alone", () => {
    const folder = path.join(temporaryFolder(), "new");
    const secret = masterSecret(folder);
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    expect(masterSecret(folder)).toBe(secret);
    expect(readFileSync(path.join(folder, "master-secret"), "utf8")).toBe(`${secret}\n`);
    expect(statSync(path.join(folder, "master-secret")).mode & 0o777).toBe(0o600);
  });

  it("does not end a stranger who has the pid of its last workerd", async () => {
    const folder = temporaryFolder();
    const stranger = spawn("sleep", ["60"]);
    try {
      writeFileSync(path.join(folder, "workerd.pid"), `${stranger.pid}\n`);
      (await openDataFolder(folder)).release();
      expect([stranger.exitCode, stranger.signalCode]).toEqual([null, null]);
      expect(stranger.kill()).toBe(true);
    } finally {
      stranger.kill("SIGKILL");
    }
  });
});
