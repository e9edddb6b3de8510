import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT, run } from "./portico-process.ts";

describe("the command line", () => {
  it("lists its commands", async () => {
    const { code, stdout, stderr } = await run(["--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const command of ["serve", "dev", "account create NAME", "key delete ACCESS_KEY_ID"]) {
      expect(stdout).toContain(`\n  ${command} `);
    }
  });

  it("lists the options of a command", async () => {
    const { code, stdout } = await run(["serve", "--help"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/ {2}-p, --port NUMBER +default 9000/);
    expect(stdout).toMatch(/ {2}--accounts FILE +/);
  });

  it("knows its version", async () => {
    const { version } = JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8"));
    expect(await run(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });

  it.each([
    [["sevre"], 'there is no command "sevre"; see portico --help'],
    [["--port", "1"], "a command comes before the option --port; see portico --help"],
    [["account"], "say one of: account create, account list"],
    [["key", "destroy"], "say one of: key create, key list, key disable, key delete; not key destroy"],
    [["key", "delete"], "ACCESS_KEY_ID is missing"],
    [["serve", "--verbose"], "unknown option '--verbose'"],
  ])("refuses %j in one line", async (args, message) => {
    expect(await run(args)).toEqual({ code: 1, stdout: "", stderr: `portico: ${message}\n` });
  });
});
