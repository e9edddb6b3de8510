import { describe, expect, it } from "vitest";
import { parseAccounts, withoutRoot } from "../../src/cli/accounts-file.ts";

const ENTRY = {
  id: "a".repeat(64),
  displayName: "one",
  email: "one@example.com",
  accessKeyId: "ONEKEY",
  secretAccessKey: "one-secret",
};
const OTHER = { ...ENTRY, id: "b".repeat(64), accessKeyId: "TWOKEY" };

describe("an accounts file", () => {
  it("is read entry by entry", () => {
    expect(parseAccounts(JSON.stringify([ENTRY, OTHER]))).toEqual([ENTRY, OTHER]);
  });

  it.each([
    ["nonsense", "it is not JSON"],
    ["{}", "it must be a JSON array"],
    ["[null]", 'entry 1: "id" must be 64 lower-case hexadecimal digits'],
    [JSON.stringify([ENTRY, { ...OTHER, id: "B".repeat(64) }]), 'entry 2: "id" must be'],
    [JSON.stringify([{ ...ENTRY, displayName: "" }]), 'entry 1: "displayName" must be'],
    [JSON.stringify([{ ...ENTRY, email: 1 }]), 'entry 1: "email" must be'],
    [JSON.stringify([{ ...ENTRY, secretAccessKey: "short" }]), 'entry 1: "secretAccessKey" must be'],
    [JSON.stringify([ENTRY, ENTRY]), "the access key ONEKEY appears twice"],
  ])("like %s is refused", (text, message) => {
    expect(() => parseAccounts(text)).toThrow(message);
  });

  it("names the root account by the root access key", () => {
    expect(withoutRoot([ENTRY, OTHER], ENTRY)).toEqual({
      vars: { ROOT_ACCOUNT: ENTRY.id, ROOT_NAME: "one", ROOT_EMAIL: "one@example.com" },
      others: [OTHER],
    });
    expect(withoutRoot([OTHER], ENTRY)).toEqual({ vars: {}, others: [OTHER] });
  });

  it("may not give the root key another secret", () => {
    expect(() => withoutRoot([ENTRY], { accessKeyId: "ONEKEY", secretAccessKey: "else" })).toThrow(
      "another secret",
    );
  });
});
