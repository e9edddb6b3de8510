import { describe, expect, it } from "vitest";
import { readBirth, spellBirth } from "../../src/blobs/birth.ts";
import type { Birth } from "../../src/facts/birth.ts";

const WHOLE: Birth = {
  key: "å/\u{10000}\n",
  versioning: "suspended",
  conditions: { ifNoneMatch: "*" },
  owner: "0".repeat(64),
  lock: { hold: true, retention: { mode: "GOVERNANCE", until: 5 } },
  grants: [{ to: { group: "AllUsers" }, permission: "READ" }],
  etag: "etag",
  tags: [["a", "ü"]],
  description: {
    headers: { "content-type": "text/plain" },
    metadata: { farbe: "grün" },
    encryption: { kind: "C", salt: "00", check: "11" },
    checksum: { algorithm: "CRC32", type: "FULL_OBJECT", value: "AAAAAA==" },
  },
};

/** As large as R2 counts it. */
function sizeOf(metadata: Record<string, string>): number {
  return Object.entries(metadata).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
}

describe("a blob's birth", () => {
  it("is read back as it was spelled", () => {
    expect(readBirth(spellBirth(WHOLE))).toEqual(WHOLE);
  });

  it("is spelled in ASCII", () => {
    expect(Object.values(spellBirth(WHOLE)).join()).toMatch(/^[\x20-\x7e]+$/);
  });

  it("says nothing of what there is nothing of", () => {
    const least: Birth = {
      key: "k",
      versioning: "off",
      owner: "o",
      description: { headers: {}, metadata: {} },
    };
    expect(spellBirth({ ...least, conditions: {}, lock: {} })).toEqual({
      object: '{"key":"k","versioning":"off","owner":"o"}',
    });
    expect(readBirth(spellBirth(least))).toEqual(least);
  });

  it("always fits, and what is left out is the same each time, whole, and named", () => {
    const metadata = { a: "\u{1}".repeat(1000) };
    const tags = Array.from({ length: 10 }, (_, n): [string, string] => [`k${n}`, "ä".repeat(256)]);
    const { description } = WHOLE;
    const large = { ...WHOLE, key: "\u{1}".repeat(1000), tags, description: { ...description, metadata } };
    const spelled = spellBirth(large);
    expect(sizeOf(spelled)).toBeLessThanOrEqual(8192);
    expect(spellBirth(large)).toEqual(spelled);
    const read = readBirth(spelled);
    expect(read?.left).toEqual(["tags", "metadata"]);
    expect(read?.tags).toBeUndefined();
    expect(read?.description).toEqual({ ...description, metadata: {} });
    expect(read?.lock).toEqual(WHOLE.lock);
  });

  it("fits even where nothing but the key does", () => {
    const headers = Object.fromEntries([["x", "y".repeat(20_000)]]);
    const grants = Array.from({ length: 100 }, () => ({
      to: { id: "0".repeat(64) },
      permission: "READ" as const,
    }));
    const spelled = spellBirth({
      ...WHOLE,
      key: "\u{1}".repeat(1024),
      grants,
      description: { headers, metadata: headers },
    });
    expect(sizeOf(spelled)).toBeLessThanOrEqual(8192);
    expect(readBirth(spelled)?.left).toEqual(["grants", "headers", "metadata"]);
  });

  it("says nothing at all where a condition does not fit, which may have failed", () => {
    expect(spellBirth({ ...WHOLE, conditions: { ifNoneMatch: "x".repeat(9000) } })).toEqual({});
  });

  it("is not that of a part, of an older blob, or of what is none", () => {
    for (const none of [
      undefined,
      {},
      { object: "" },
      { object: "[]" },
      { object: "{" },
      { object: '{"key":"k"}' },
    ]) {
      expect(readBirth(none)).toBeUndefined();
    }
  });
});
