import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import { secretsKey } from "../../src/auth/seal-secret.ts";
import {
  MAX_TOKEN_CHARACTERS,
  openSession,
  type Session,
  sealSession,
  sessionsKey,
} from "../../src/auth/session-token.ts";

const MASTER = "a master secret of this test";

const SESSION: Session = {
  accessKeyId: "ASIAABCDEFGHIJKLMNOP",
  secret: "the session's secret",
  kind: "role",
  account: "ab".repeat(32),
  identity: "AROAABCDEFGHIJKLMNOPQ",
  name: "réunion",
  policies: ['{"Version":"2012-10-17","Statement":[]}'],
  policyArns: [],
  tags: { team: "blue" },
  transitive: [],
  claims: { "sts:externalid": ["42"] },
  issued: 1_700_000_000_000,
  expires: 1_700_003_600_000,
};

async function sealed(session: Session = SESSION): Promise<string> {
  const token = await sealSession(await sessionsKey(MASTER), session);
  if (token === undefined) throw new Error("the session was too long");
  return token;
}

describe("a session token", () => {
  it("gives back what was sealed", async () => {
    expect(await openSession(await sessionsKey(MASTER), await sealed())).toEqual(SESSION);
  });

  it("shows nothing of it, and is never the same twice", async () => {
    const [one, other] = [await sealed(), await sealed()];
    expect(one).not.toBe(other);
    const bytes = Buffer.from(one, "base64url").toString("latin1");
    for (const part of [SESSION.secret, SESSION.accessKeyId, SESSION.identity])
      expect(bytes).not.toContain(part);
  });

  it("is refused with any bit of any byte flipped", async () => {
    const key = await sessionsKey(MASTER);
    const bytes = Buffer.from(await sealed(), "base64url");
    for (let at = 0; at < bytes.length; at++) {
      const bad = Buffer.from(bytes);
      bad[at] = (bad[at] ?? 0) ^ (1 << (at % 8));
      expect(await openSession(key, bad.toString("base64url"))).toBeUndefined();
    }
  });

  it("is refused cut off at any length, and with anything behind it", async () => {
    const key = await sessionsKey(MASTER);
    const token = await sealed();
    for (let length = 0; length < token.length; length++) {
      expect(await openSession(key, token.slice(0, length))).toBeUndefined();
    }
    for (const more of ["A", "AAAA", "=", " ", "\n"])
      expect(await openSession(key, token + more)).toBeUndefined();
  });

  it("is refused under another master secret, and under the key of another purpose", async () => {
    const token = await sealed();
    expect(await openSession(await sessionsKey(`${MASTER}!`), token)).toBeUndefined();
    expect(await openSession(await secretsKey(MASTER), token)).toBeUndefined();
  });

  it("is neither made nor read beyond its bound", async () => {
    const key = await sessionsKey(MASTER);
    const long = { ...SESSION, policies: ["x".repeat(MAX_TOKEN_CHARACTERS)] };
    expect(await sealSession(key, long)).toBeUndefined();
    expect(await openSession(key, "A".repeat(MAX_TOKEN_CHARACTERS + 1))).toBeUndefined();
  });
});
