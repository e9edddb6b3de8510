import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Input, keySpecification, type Output } from "../support/key-history.ts";
import { type Call, linearize, type Specification } from "../support/linearizability.ts";

/** A register of small numbers: the plainest thing that has histories. */
type Act = { write: number } | "read";
const REGISTER: Specification<number, Act, number> = {
  initial: 0,
  step: (state, input, output) =>
    input === "read" ? (output === undefined || output === state ? state : undefined) : input.write,
  identify: String,
};

/** A call by somebody, from one time to another. */
const call = <I, O>(input: I, output: O | undefined, invoked: number, returned: number): Call<I, O> => ({
  client: "c",
  input,
  output,
  invoked,
  returned,
});
const write = (value: number, from: number, to: number) => call<Act, number>({ write: value }, 0, from, to);
const read = (value: number, from: number, to: number) => call<Act, number>("read", value, from, to);
const unanswered = (value: number, from: number) =>
  call<Act, number>({ write: value }, undefined, from, Infinity);

const can = (history: Call<Act, number>[]) => "order" in linearize(REGISTER, history);

describe("a register's history", () => {
  it.each<[string, boolean, Call<Act, number>[]]>([
    ["nothing happened", true, []],
    ["what was written is read", true, [write(1, 0, 1), read(1, 2, 3)]],
    ["what was written is not read", false, [write(1, 0, 1), read(0, 2, 3)]],
    ["what nobody wrote is read", false, [write(1, 0, 1), read(2, 2, 3)]],
    ["a write in progress is read", true, [write(1, 0, 10), read(1, 2, 3)]],
    ["a write in progress is not read yet", true, [write(1, 0, 10), read(0, 2, 3)]],
    ["a write in progress is read, and then not", false, [write(1, 0, 10), read(1, 2, 3), read(0, 4, 5)]],
    ["a write is read before it began", false, [read(1, 0, 1), write(1, 2, 3)]],
    ["two writes at once are read one way", true, [write(1, 0, 9), write(2, 0, 9), read(1, 10, 11)]],
    [
      "two writes at once are read both ways",
      false,
      [write(1, 0, 9), write(2, 0, 9), read(1, 10, 11), read(2, 12, 13)],
    ],
    [
      "two readers disagree about the order of writes",
      false,
      [write(1, 0, 9), write(2, 0, 9), read(1, 10, 11), read(2, 10.5, 12), read(1, 13, 14)],
    ],
    ["an old value comes back", false, [write(1, 0, 1), write(2, 2, 3), read(2, 4, 5), read(1, 6, 7)]],
    ["a write that was never answered is read", true, [unanswered(1, 0), read(0, 1, 2), read(1, 3, 4)]],
    ["a write that was never answered is never read", true, [unanswered(1, 0), read(0, 1, 2), read(0, 3, 4)]],
    [
      "a write that was never answered is read, and then not",
      false,
      [unanswered(1, 0), read(1, 1, 2), read(0, 3, 4)],
    ],
  ])("where %s: %s", (_, possible, history) => {
    expect(can(history)).toBe(possible);
    // The order in which it was written down tells nothing.
    expect(can(history.toReversed())).toBe(possible);
  });

  it("that cannot be says how far it went", () => {
    const verdict = linearize(REGISTER, [write(1, 0, 1), read(1, 2, 3), read(0, 4, 5)]);
    expect(verdict).toEqual({ reached: [write(1, 0, 1), read(1, 2, 3)], left: [read(0, 4, 5)] });
  });

  it("is judged as trying every order judges it", () => {
    const time = fc.integer({ min: 0, max: 12 });
    const one = fc
      .tuple(
        fc.boolean(),
        fc.integer({ min: 0, max: 2 }),
        time,
        fc.integer({ min: 0, max: 6 }),
        fc.integer({ min: 0, max: 9 }),
      )
      .map(([isRead, value, from, length, luck]) => {
        if (isRead) return read(value, from, from + length);
        return luck === 0 ? unanswered(value, from) : write(value, from, from + length);
      });
    let possible = 0;
    let all = 0;
    fc.assert(
      fc.property(fc.array(one, { maxLength: 6 }), (history) => {
        const verdict = can(history);
        all += 1;
        possible += Number(verdict);
        expect(verdict).toBe(tryAll(0, history));
      }),
      { numRuns: 3000 },
    );
    // Both kinds were met.
    expect(Math.min(possible, all - possible)).toBeGreaterThan(100);
  });
});

/** The same by brute force: any call that no other call left came before may come next. */
function tryAll(state: number, left: readonly Call<Act, number>[]): boolean {
  if (left.every(({ returned }) => returned === Infinity)) return true;
  return left.some((next, i) => {
    const others = left.filter((_, j) => j !== i);
    if (others.some((other) => other.returned < next.invoked)) return false;
    const after = REGISTER.step(state, next.input, next.output);
    return after !== undefined && tryAll(after, others);
  });
}

const seen = (...etags: (string | undefined)[]): Output => ({ seen: etags.map((etag) => ({ etag })) });
const told = (etag: string | undefined, version: string): Output => ({ seen: [{ etag, version }] });
const failed: Output = { refused: "PreconditionFailed" };
const none: Output = { refused: "NoSuchKey" };

/** Calls one after the other. */
function sequence(...calls: [Input, Output][]): Call<Input, Output>[] {
  return calls.map(([input, output], i) => call(input, output, 2 * i, 2 * i + 1));
}

describe("a key's history", () => {
  const put = (etag: string, more: { ifMatch?: string; ifNoneMatch?: true } = {}): Input => ({
    do: "put",
    etag,
    ...more,
  });
  const GET: Input = { do: "get" };
  const DELETE: Input = { do: "delete" };
  const VERSIONS: Input = { do: "list versions" };

  it.each<[string, boolean, Call<Input, Output>[]]>([
    ["a put is read", true, sequence([put("a"), seen("a")], [GET, seen("a")], [{ do: "list" }, seen("a")])],
    ["a put is not listed", false, sequence([put("a"), seen("a")], [{ do: "list" }, seen()])],
    [
      "a deleted key is listed",
      false,
      sequence([put("a"), seen("a")], [DELETE, seen()], [{ do: "list" }, seen("a")]),
    ],
    ["a deleted key is gone", true, sequence([put("a"), seen("a")], [DELETE, seen()], [GET, none])],
    [
      "two of If-None-Match win",
      false,
      sequence([put("a", { ifNoneMatch: true }), seen("a")], [put("b", { ifNoneMatch: true }), seen("b")]),
    ],
    [
      "one of If-None-Match wins",
      true,
      sequence([put("a", { ifNoneMatch: true }), seen("a")], [put("b", { ifNoneMatch: true }), failed]),
    ],
    [
      "If-Match lets a stranger pass",
      false,
      sequence([put("a"), seen("a")], [put("b", { ifMatch: "x" }), seen("b")]),
    ],
    [
      "If-Match refuses the right one",
      false,
      sequence([put("a"), seen("a")], [put("b", { ifMatch: "a" }), failed]),
    ],
    [
      "an upload is completed twice and answered once",
      true,
      sequence(
        [{ do: "complete", upload: "u", etag: "a" }, seen("a")],
        [put("b"), seen("b")],
        [{ do: "complete", upload: "u", etag: "a" }, seen("a")],
        [GET, seen("b")],
      ),
    ],
    [
      "an upload that is completed again takes effect again",
      false,
      sequence(
        [{ do: "complete", upload: "u", etag: "a" }, seen("a")],
        [put("b"), seen("b")],
        [{ do: "complete", upload: "u", etag: "a" }, seen("a")],
        [GET, seen("a")],
      ),
    ],
    [
      "an upload that was given up is completed",
      false,
      sequence(
        [{ do: "abort", upload: "u" }, seen()],
        [{ do: "complete", upload: "u", etag: "a" }, seen("a")],
      ),
    ],
    [
      "an upload that was completed is given up",
      false,
      sequence(
        [{ do: "complete", upload: "u", etag: "a" }, seen("a")],
        [{ do: "abort", upload: "u" }, seen()],
      ),
    ],
    [
      "an upload is given up twice",
      true,
      sequence(
        [{ do: "abort", upload: "u" }, seen()],
        [{ do: "abort", upload: "u" }, seen()],
        [{ do: "abort", upload: "u" }, { refused: "NoSuchUpload" }],
      ),
    ],
  ])("where %s: %s", (_, possible, history) => {
    expect("order" in linearize(keySpecification("Off"), history)).toBe(possible);
  });

  it.each<[string, boolean, Call<Input, Output>[]]>([
    [
      "versions pile up",
      true,
      sequence(
        [put("a"), told("a", "1")],
        [put("b"), told("b", "2")],
        [DELETE, told(undefined, "3")],
        [GET, none],
        [VERSIONS, seen(undefined, "b", "a")],
      ),
    ],
    [
      "a version is lost",
      false,
      sequence([put("a"), told("a", "1")], [put("b"), told("b", "2")], [VERSIONS, seen("b")]),
    ],
    [
      "versions change places",
      false,
      sequence([put("a"), told("a", "1")], [put("b"), told("b", "2")], [VERSIONS, seen("a", "b")]),
    ],
    [
      "a version is shown under another's id",
      false,
      sequence([put("a"), told("a", "1")], [GET, told("a", "2")]),
    ],
    [
      "a delete marker is a match",
      false,
      sequence([DELETE, told(undefined, "1")], [{ do: "delete", ifMatch: "a" }, told(undefined, "2")]),
    ],
    [
      "suspended, the null version is replaced",
      true,
      sequence(
        [put("a"), told("a", "1")],
        [{ do: "set versioning", to: "Suspended" }, seen(undefined)],
        [put("b"), seen("b")],
        [put("c"), seen("c")],
        [VERSIONS, seen("c", "a")],
      ),
    ],
    [
      "suspended, versions go on piling up",
      false,
      sequence(
        [{ do: "set versioning", to: "Suspended" }, seen(undefined)],
        [put("b"), seen("b")],
        [put("c"), seen("c")],
        [VERSIONS, seen("c", "b")],
      ),
    ],
    ["a put knows nothing of versioning that is on", false, sequence([put("a"), told("a", "null")])],
  ])("with versions, where %s: %s", (_, possible, history) => {
    expect("order" in linearize(keySpecification("Enabled"), history)).toBe(possible);
  });
});
