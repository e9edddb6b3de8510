import { describe, expect, it } from "vitest";
import { parseRange, type RangeSpec, sliceOf } from "../../src/facts/range.ts";

describe("a Range header", () => {
  it.each<[string, RangeSpec]>([
    ["bytes=0-0", { first: 0, last: 0 }],
    ["bytes=0-9", { first: 0, last: 9 }],
    ["bytes=5-", { first: 5 }],
    ["bytes=-5", { suffix: 5 }],
    ["bytes=-0", { suffix: 0 }],
    ["bytes=007-008", { first: 7, last: 8 }],
    ["BYTES=1-2", { first: 1, last: 2 }],
    [" bytes=1-2 ", { first: 1, last: 2 }],
  ])("asks for one range: %j", (header, spec) => {
    expect(parseRange(header)).toEqual(spec);
  });

  it.each(["9223372036854775807", "18446744073709551615"])(
    "may name an end as far away as a client's largest integer: %s",
    (last) => {
      expect(parseRange(`bytes=3-${last}`)).toEqual({ first: 3, last: Number(last) });
      expect(sliceOf(parseRange(`bytes=3-${last}`) ?? { suffix: 0 }, 10)).toEqual({ offset: 3, length: 7 });
      expect(sliceOf(parseRange(`bytes=-${last}`) ?? { suffix: 0 }, 10)).toEqual({ offset: 0, length: 10 });
    },
  );

  it.each([
    undefined,
    "",
    "bytes",
    "bytes=",
    "bytes=-",
    "bytes=a-b",
    "bytes=1-0",
    "bytes=--1",
    "bytes=1-2-3",
    "bytes=1.0-2",
    "bytes=+1-2",
    "bytes 1-2",
    "bytes=1 - 2",
    "items=0-1",
    "0-1",
    "bytes=0-1,3-4",
    "bytes=0-1,",
    "bytes=٣-٤",
  ])("asks for the whole if it is absent, malformed or several: %j", (header) => {
    expect(parseRange(header)).toBeUndefined();
  });
});

describe("a range on an object", () => {
  it("falls on exactly the bytes that it names, for every small range and size", () => {
    for (let size = 0; size <= 5; size++) {
      const all = Array.from({ length: size }, (_, i) => i);
      for (const [spec, wanted] of everySpec(all)) {
        const slice = sliceOf(spec, size);
        const got = slice === undefined ? [] : all.slice(slice.offset, slice.offset + slice.length);
        expect([spec, size, got]).toEqual([spec, size, wanted]);
        // What is empty cannot be satisfied; what is not stays inside the object.
        expect(slice === undefined).toBe(wanted.length === 0);
        if (slice !== undefined) expect(slice.length).toBe(wanted.length);
      }
    }
  });
});

function* everySpec(all: readonly number[]): Generator<[RangeSpec, number[]]> {
  for (let first = 0; first <= 7; first++) {
    yield [{ first }, all.filter((at) => at >= first)];
    for (let last = first; last <= 7; last++) {
      yield [{ first, last }, all.filter((at) => at >= first && at <= last)];
    }
  }
  for (let suffix = 0; suffix <= 7; suffix++) {
    yield [{ suffix }, all.filter((at) => at >= all.length - suffix)];
  }
}
