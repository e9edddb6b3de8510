// What S3 promises of one key: the specification that histories of it are held to.

import type { Specification } from "./linearizability.ts";

export type Versioning = "Off" | "Enabled" | "Suspended";

export type Input =
  | { do: "put"; etag: string; ifMatch?: string; ifNoneMatch?: true }
  /** Completes an upload: once; after that it says again what it said, if that can be told. */
  | { do: "complete"; upload: string; etag: string; ifNoneMatch?: true }
  /** Gives an upload up; whoever does what was done before may be told so, or that there is no such upload. */
  | { do: "abort"; upload: string }
  | { do: "delete"; ifMatch?: string }
  | { do: "get" }
  | { do: "list" }
  | { do: "list versions" }
  | { do: "set versioning"; to: Versioning };

export interface Seen {
  /** Undefined for a delete marker. */
  etag: string | undefined;
  /** Undefined where the answer does not say. */
  version?: string | undefined;
}

/** `refused`: S3's code. `seen`: what was made, or is there, the newest first; empty: nothing. */
export type Output = { refused: string } | { seen: readonly Seen[] };

interface State {
  versioning: Versioning;
  /** The newest first. A version whose id nobody was told is `?`. */
  versions: readonly { etag: string | undefined; version: string }[];
  /** Uploads that were completed. */
  ended: readonly string[];
  /** Uploads that were given up. */
  aborted: readonly string[];
}

const NULL = "null";
const UNTOLD = "?";

/** A key of a bucket that begins with this versioning, and without the key. */
export function keySpecification(versioning: Versioning): Specification<State, Input, Output> {
  return {
    initial: { versioning, versions: [], ended: [], aborted: [] },
    step,
    identify: (state) => JSON.stringify(state),
  };
}

function step(state: State, input: Input, output: Output | undefined): State | undefined {
  const [latest] = state.versions;
  const current = latest?.etag === undefined ? undefined : latest;
  const same = (expected: Output) => (output === undefined || fits(expected, output) ? state : undefined);
  switch (input.do) {
    case "get":
      return same(current === undefined ? { refused: "NoSuchKey" } : { seen: [current] });
    case "list":
      return same({ seen: current === undefined ? [] : [current] });
    case "list versions":
      return same({ seen: state.versions });
    case "set versioning":
      return { ...state, versioning: input.to };
    case "complete":
      if (state.ended.includes(input.upload)) return same({ seen: [{ etag: input.etag }] });
      if (state.aborted.includes(input.upload)) return same(NO_UPLOAD);
      if (input.ifNoneMatch && current !== undefined) return same(FAILED);
      return made({ ...state, ended: [...state.ended, input.upload].sort() }, input.etag, output);
    case "abort":
      if (state.ended.includes(input.upload)) return same(NO_UPLOAD);
      if (state.aborted.includes(input.upload)) return same(NO_UPLOAD) ?? same({ seen: [] });
      return same({ seen: [] }) && { ...state, aborted: [...state.aborted, input.upload].sort() };
    case "put":
      if (input.ifNoneMatch && current !== undefined) return same(FAILED);
      if (input.ifMatch === undefined) return made(state, input.etag, output);
      if (current === undefined) return same({ refused: "NoSuchKey" });
      return current.etag === input.ifMatch ? made(state, input.etag, output) : same(FAILED);
    case "delete":
      // Of what is not there nothing can be compared; a delete marker is there, and is no match.
      if (input.ifMatch !== undefined && latest === undefined) return same({ refused: "NoSuchKey" });
      if (input.ifMatch !== undefined && latest?.etag !== input.ifMatch) return same(FAILED);
      if (state.versioning !== "Off") return made(state, undefined, output);
      return output === undefined || "seen" in output ? { ...state, versions: [] } : undefined;
  }
}

const FAILED: Output = { refused: "PreconditionFailed" };
const NO_UPLOAD: Output = { refused: "NoSuchUpload" };

/** The state with a new version on top, in the null version's stead unless each gets an id of its own. */
function made(state: State, etag: string | undefined, output: Output | undefined): State | undefined {
  if (output !== undefined && ("refused" in output || output.seen[0]?.etag !== etag)) return undefined;
  const told = output?.seen[0]?.version;
  const isNull = state.versioning !== "Enabled";
  if (told !== undefined && (told === NULL) !== isNull) return undefined;
  const version = isNull ? NULL : (told ?? UNTOLD);
  const kept = isNull ? state.versions.filter((one) => one.version !== NULL) : state.versions;
  return { ...state, versions: [{ etag, version }, ...kept] };
}

function fits(expected: Output, output: Output): boolean {
  if ("refused" in expected || "refused" in output) {
    return "refused" in expected && "refused" in output && expected.refused === output.refused;
  }
  return (
    expected.seen.length === output.seen.length &&
    expected.seen.every(({ etag, version }, i) => {
      const seen = output.seen[i];
      const isKnown = version !== UNTOLD && version !== undefined && seen?.version !== undefined;
      return seen?.etag === etag && (!isKnown || seen.version === version);
    })
  );
}
