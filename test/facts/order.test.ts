import { describe, expect, it } from "vitest";
import {
  freshNonce,
  isVersionId,
  NULL_VERSION,
  readVersionId,
  spellVersionId,
} from "../../src/facts/order.ts";

const NONCE = "0123456789abcdef01234";
const SEQUENCES = [0, 1, 35, 36, 1_000_000, 2 ** 32, Number.MAX_SAFE_INTEGER];

describe("a version id", () => {
  it("is read as it was spelled", () => {
    for (const sequence of SEQUENCES) {
      const id = spellVersionId(sequence, NONCE);
      expect(id).toMatch(/^[0-9a-z]{32}$/);
      expect([readVersionId(id), isVersionId(id)]).toEqual([{ sequence, nonce: NONCE }, true]);
    }
  });

  it("sorts as its sequence number does", () => {
    const ids = SEQUENCES.map((sequence) => spellVersionId(sequence, NONCE));
    expect(ids.toSorted()).toEqual(ids);
  });

  it("has a nonce that is another each time, in hex", () => {
    const nonces = Array.from({ length: 1000 }, freshNonce);
    expect(new Set(nonces).size).toBe(1000);
    for (const nonce of nonces) expect(nonce).toMatch(/^[0-9a-f]{21}$/);
    const digits = Array.from({ length: 21 }, (_, at) => new Set(nonces.map((nonce) => nonce[at])).size);
    expect(digits).toEqual(Array.from({ length: 21 }, () => 16));
  });

  it("without a nonce is that of the null version, which has no sequence to read", () => {
    expect(spellVersionId(7, "")).toBe(NULL_VERSION);
    expect([NULL_VERSION, isVersionId(NULL_VERSION), readVersionId(NULL_VERSION)]).toEqual([
      "null",
      true,
      undefined,
    ]);
  });

  it.each([
    "",
    "Null",
    "x",
    spellVersionId(1, NONCE).slice(1),
    `${spellVersionId(1, NONCE)}0`,
    `${spellVersionId(1, NONCE)}\n`,
    spellVersionId(1, NONCE).toUpperCase(),
    spellVersionId(1, NONCE.replace("a", "g")),
    "3/L4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY",
  ])("is nothing else: %j", (text) => {
    expect([isVersionId(text), readVersionId(text)]).toEqual([false, undefined]);
  });
});
