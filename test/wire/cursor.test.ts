import { describe, expect, it } from "vitest";
import { continuation, readCursor, writeCursor } from "../../src/wire/cursor.ts";
import { S3Error } from "../../src/wire/error.ts";
import { seeded } from "../auth/random.ts";
import { addressOf } from "./asked.ts";

function refusal(token: string): S3Error {
  try {
    readCursor(token);
  } catch (error) {
    if (error instanceof S3Error) return error;
    throw error;
  }
  throw new Error(`not refused: ${token}`);
}

describe("a continuation token", () => {
  it("gives back the key that it was made of, whatever it is", () => {
    const random = seeded(42);
    const pieces = ["a", "/", " ", "é", "\ue000", "😀", "\0", "\n", "%", "+"] as const;
    for (let i = 0; i < 500; i++) {
      const key = random.text(pieces, 0, 30);
      expect(readCursor(writeCursor(key))).toBe(key);
    }
    const longest = "😀".repeat(256);
    expect(readCursor(writeCursor(longest))).toBe(longest);
  });

  it("needs no encoding in a query, and shows no key", () => {
    const token = writeCursor("a secret/key?&=+😀");
    expect(token).toMatch(/^[\w-]+$/);
    expect(token).not.toContain("secret");
  });

  it("is nothing that was not made here", () => {
    const token = writeCursor("some key");
    const others = [
      "",
      "x",
      "some key",
      "MA",
      "MQ==",
      `${token}=`,
      `${token}A`,
      ` ${token}`,
      token.slice(1),
      token.slice(0, -1),
    ];
    const notText = Buffer.from([0x31, 0xff, 0xfe]).toString("base64url");
    const standard = Buffer.from("1~~~???", "utf8").toString("base64");
    expect(standard).toMatch(/[+/]/);
    for (const other of [...others, notText, standard]) {
      const error = refusal(other);
      expect([other, error.code, error.status]).toEqual([other, "InvalidArgument", 400]);
      expect(error.message).toBe("The continuation token provided is incorrect");
      expect(error.elements).toEqual({ ArgumentName: "continuation-token", ArgumentValue: other });
    }
  });

  it("is refused unread if no key is so long", () => {
    expect(refusal(writeCursor("a".repeat(2000))).code).toBe("InvalidArgument");
  });

  it("stands in a request or does not", () => {
    const at = (query: string) => continuation(addressOf({ target: `/b${query}` }));
    expect(at("")).toBeUndefined();
    expect(at("?continuation-token=")).toBeUndefined();
    expect(at(`?continuation-token=${writeCursor("é b")}`)).toBe("é b");
    expect(() => at("?continuation-token=x")).toThrow(S3Error);
  });
});
