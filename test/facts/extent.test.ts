import { describe, expect, it } from "vitest";
import { type Extent, MAX_EXTENTS, PAGE_NUMBERS, pageOf, piecesOf } from "../../src/facts/extent.ts";
import { seeded } from "../auth/random.ts";

/** A byte of an object: which blob, and where in it. */
type Byte = `${string}@${number}`;

function bytesOf({ blob, size }: { blob: string; size: number }): Byte[] {
  return Array.from({ length: size }, (_, at): Byte => `${blob}@${at}`);
}

describe("the pieces of a slice", () => {
  const random = seeded(1970);

  it(`are the very bytes of the slice (PORTICO_SEED=${random.seed})`, () => {
    for (let i = 0; i < 2000; i++) {
      const extents: Extent[] = Array.from({ length: random.integer(6) }, (_, at) => ({
        number: at + 1,
        blob: `blob${at}`,
        size: random.integer(5),
      }));
      const whole = extents.flatMap(bytesOf);
      // A page of a long body begins somewhere, and the slice may reach beyond it on both sides.
      const start = random.integer(4);
      const slice = { offset: random.integer(12), length: random.integer(14) };
      const pieces = piecesOf(extents, start, slice);
      const got = pieces.flatMap((piece) => bytesOf(piece).slice(piece.offset, piece.offset + piece.length));
      const wanted = whole.filter(
        (_, at) => at + start >= slice.offset && at + start < slice.offset + slice.length,
      );
      expect([extents, start, slice, got]).toEqual([extents, start, slice, wanted]);
      for (const { blob, size, offset, length } of pieces) {
        expect(length).toBeGreaterThan(0);
        expect(offset + length).toBeLessThanOrEqual(size);
        expect(extents.find((extent) => extent.blob === blob)?.size).toBe(size);
      }
    }
  });

  it("of an ordinary object are one", () => {
    const extents = [{ number: 1, blob: "b", size: 10 }];
    expect(piecesOf(extents, 0, { offset: 0, length: 10 })).toEqual([
      { blob: "b", size: 10, offset: 0, length: 10 },
    ]);
    expect(piecesOf(extents, 0, { offset: 3, length: 4 })).toEqual([
      { blob: "b", size: 10, offset: 3, length: 4 },
    ]);
  });

  it("stay exact for the largest object that S3 has", () => {
    const size = 5 * 1024 ** 3;
    const extents = Array.from({ length: MAX_EXTENTS }, (_, at) => ({
      number: at + 1,
      blob: `b${at}`,
      size,
    }));
    const last = size * MAX_EXTENTS - 1;
    expect(piecesOf(extents, 0, { offset: last, length: 1 })).toEqual([
      { blob: `b${MAX_EXTENTS - 1}`, size, offset: size - 1, length: 1 },
    ]);
  });
});

describe("the page of a part", () => {
  it("has 256 numbers, and the first page begins with part 1", () => {
    const pages = Array.from({ length: MAX_EXTENTS }, (_, at) => pageOf(at + 1));
    expect(pages[0]).toBe(0);
    for (const [at, page] of pages.entries()) {
      expect(page - (pages[at - 1] ?? 0)).toBe(at > 0 && at % PAGE_NUMBERS === 0 ? 1 : 0);
    }
    expect(pages.at(-1)).toBe(Math.ceil(MAX_EXTENTS / PAGE_NUMBERS) - 1);
  });
});
