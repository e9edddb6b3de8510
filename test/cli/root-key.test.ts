import { describe, expect, it } from "vitest";
import { isLoopback } from "../../src/cli/host.ts";
import { DEFAULT_KEY, rootKey } from "../../src/cli/root-key.ts";

const FLAGS = { "access-key": "mykey", "secret-key": "mysecret" };
const ENV = { PORTICO_ACCESS_KEY: "envkey", PORTICO_SECRET_KEY: "envsecret" };

describe("the root key", () => {
  it("comes from the flags, else from the environment, else is the default", () => {
    expect(rootKey(FLAGS, ENV, "0.0.0.0")).toEqual({ accessKeyId: "mykey", secretAccessKey: "mysecret" });
    expect(rootKey({}, ENV, "0.0.0.0")).toEqual({ accessKeyId: "envkey", secretAccessKey: "envsecret" });
    expect(rootKey({}, {}, "127.0.0.1")).toEqual(DEFAULT_KEY);
    expect(rootKey({}, { PORTICO_ACCESS_KEY: "", PORTICO_SECRET_KEY: "" }, "::1")).toEqual(DEFAULT_KEY);
  });

  it.each([
    [{ "access-key": "mykey" }, {}, "together"],
    [{}, { PORTICO_SECRET_KEY: "envsecret" }, "together"],
    [{ "access-key": "my:key", "secret-key": "mysecret" }, {}, "the access key must be"],
    [{ "access-key": "my/key", "secret-key": "mysecret" }, {}, "the access key must be"],
    [{ "access-key": "", "secret-key": "" }, {}, "must not be empty"],
    [{ "access-key": "mykey", "secret-key": "short" }, {}, "the secret key must be"],
    [{ "access-key": "mykey", "secret-key": "with a blank" }, {}, "the secret key must be"],
  ])("is refused for flags %j and environment %j", (flags, env, message) => {
    expect(() => rootKey(flags, env, "127.0.0.1")).toThrow(message);
  });

  it("is never the well-known one where others can reach", () => {
    expect(() => rootKey({}, {}, "192.0.2.1")).toThrow("is not loopback");
    const same = { "access-key": "other", "secret-key": DEFAULT_KEY.secretAccessKey };
    expect(() => rootKey(same, {}, "192.0.2.1")).toThrow("is not loopback");
  });
});

describe("loopback", () => {
  it.each([
    "127.0.0.1",
    "127.255.0.9",
    "::1",
    "[::1]",
    "0:0:0:0:0:0:0:1",
    "localhost",
    "LOCALHOST",
    "::ffff:127.0.0.1",
  ])("is %s", (host) => {
    expect(isLoopback(host)).toBe(true);
  });

  it.each([
    "0.0.0.0",
    "::",
    "128.0.0.1",
    "localhost.example.com",
    "127.0.0.1.example.com",
    "",
    "::2",
    "1.2.3.4",
  ])("is not %j", (host) => {
    expect(isLoopback(host)).toBe(false);
  });
});
