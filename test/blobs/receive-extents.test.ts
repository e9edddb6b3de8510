import { describe, expect, it } from "vitest";
import { EXTENT_BYTES, receiveExtents } from "../../src/blobs/receive-extents.ts";

/** An R2 that keeps copies of what it is given; the put of this place fails, after it has stored. */
function store(failing = 0) {
  const kept = new Map<string, Uint8Array>();
  const keys: unknown[] = [];
  let puts = 0;
  const r2 = {
    async put(name: string, bytes: Uint8Array, options?: R2PutOptions) {
      puts += 1;
      await Promise.resolve();
      kept.set(name, Uint8Array.from(bytes));
      keys.push(options?.ssecKey);
      if (puts === failing) throw new Error("R2 failed");
    },
    async delete(name: string) {
      kept.delete(name);
    },
  };
  let names = 0;
  const freshName = () => {
    names += 1;
    return `blob-${names}`;
  };
  return { kept, keys, r2: r2 as unknown as R2Bucket, freshName };
}

/** So many bytes in pieces of one size, in one buffer that is used again. */
async function* stream(
  length: number,
  size: number,
  failAt = Number.POSITIVE_INFINITY,
): AsyncGenerator<Uint8Array> {
  const shared = new Uint8Array(size);
  for (let at = 0; at < length; at += size) {
    if (at >= failAt) throw new Error("the stream failed");
    for (let place = 0; place < size; place++) shared[place] = (at + place) % 251;
    yield shared.subarray(0, Math.min(size, length - at));
    shared.fill(255);
  }
}

const MEBIBYTE = 1024 * 1024;

describe("bytes of unknown length", () => {
  it.each([
    [0, 1000],
    [1, 1000],
    [EXTENT_BYTES, MEBIBYTE],
    [EXTENT_BYTES + 1, 300_001],
    [2 * EXTENT_BYTES + 5, 9 * MEBIBYTE],
  ])("are stored as they come: %i in pieces of %i", async (length, size) => {
    const { kept, r2, freshName } = store();
    const extents = await receiveExtents(r2, freshName, stream(length, size));
    const lengths = Array.from({ length: Math.ceil(length / EXTENT_BYTES) }, (_none, at) =>
      Math.min(EXTENT_BYTES, length - at * EXTENT_BYTES),
    );
    expect(extents).toEqual(
      lengths.map((each, at) => ({ number: at + 1, blob: `blob-${at + 1}`, size: each })),
    );
    const whole = Buffer.concat(extents.map(({ blob }) => kept.get(blob) ?? new Uint8Array()));
    const wrong = new Uint8Array(whole).findIndex((byte, at) => byte !== at % 251);
    expect([whole.length, wrong, kept.size]).toEqual([length, -1, extents.length]);
  });

  it("take no more memory than they may need", async () => {
    const { r2, freshName } = store();
    const extents = await receiveExtents(r2, freshName, stream(200_000, 70_000), { most: 1 });
    expect(extents.map(({ size }) => size)).toEqual([65_536, 65_536, 65_536, 3392]);
    expect(await receiveExtents(r2, freshName, stream(5, 5), { most: 0 })).toHaveLength(1);
  });

  it("leave nothing if their stream fails", async () => {
    const { kept, r2, freshName } = store();
    const failing = stream(3 * EXTENT_BYTES, MEBIBYTE, 2.5 * EXTENT_BYTES);
    await expect(receiveExtents(r2, freshName, failing)).rejects.toThrow("the stream failed");
    expect([...kept.keys()]).toEqual([]);
  });

  it.each([1, 2])("leave nothing if put %i fails, even if R2 had stored it", async (failing) => {
    const { kept, r2, freshName } = store(failing);
    await expect(receiveExtents(r2, freshName, stream(2 * EXTENT_BYTES, MEBIBYTE))).rejects.toThrow(
      "R2 failed",
    );
    expect([...kept.keys()]).toEqual([]);
  });

  it("are sealed with a client's key, each extent of them", async () => {
    const { keys, r2, freshName } = store();
    const ssecKey = Uint8Array.from({ length: 32 }, (_none, at) => at);
    await receiveExtents(r2, freshName, stream(EXTENT_BYTES + 1, MEBIBYTE), { ssecKey });
    expect(keys.map((key) => new Uint8Array(key as ArrayBuffer))).toEqual([ssecKey, ssecKey]);
  });
});
