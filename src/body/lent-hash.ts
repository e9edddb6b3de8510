// What Portico knows of running hashes.wasm: one instance an isolate, to which each digest lends its state for one call.
// Nothing has to be given back: what an aborted request leaves behind is garbage like any other.

import { CHECKSUM_BYTES } from "../facts/checksum.ts";
import hashes from "./hashes.wasm";

/** Which of the module's functions take a checksum's bytes, and which end it. */
const FUNCTIONS = {
  CRC32C: { update: "crc32cUpdate", digest: "crc32cDigest" },
  CRC64NVME: { update: "crc64nvmeUpdate", digest: "crc64nvmeDigest" },
  XXHASH64: { update: "xxh64Update", digest: "xxh64Digest" },
  XXHASH3: { update: "xxh3Update", digest: "xxh3Digest" },
  XXHASH128: { update: "xxh3Update", digest: "xxh128Digest" },
} as const;

export type LentAlgorithm = keyof typeof FUNCTIONS;

type Update = (typeof FUNCTIONS)[LentAlgorithm]["update"];
type Finish = (typeof FUNCTIONS)[LentAlgorithm]["digest"];
/** Addresses in the module's memory, and lengths in bytes. */
type Place = "STATE" | "STATE_BYTES" | "WINDOW" | "WINDOW_BYTES" | "DIGEST";

/** What hashes.as.ts exports. */
type Exports = { memory: { buffer: ArrayBuffer } } & Record<Place, { value: number }> &
  Record<Update, (length: number) => void> &
  Record<Finish, () => void>;

interface Running {
  exports: Exports;
  /** All of the module's memory, which never grows. */
  memory: Uint8Array;
  /** Where in it a digest's state lies during a call. */
  state: Uint8Array;
}

// Made at first use: a Worker's start-up time is counted, and most requests need none of these checksums.
let running: Running | undefined;

function start(): Running {
  const exports = new WebAssembly.Instance(hashes).exports as unknown as Exports;
  const memory = new Uint8Array(exports.memory.buffer);
  const { STATE, STATE_BYTES } = exports;
  return { exports, memory, state: memory.subarray(STATE.value, STATE.value + STATE_BYTES.value) };
}

/** A running digest of these; it is fresh. What it is between two calls is kept outside of the module. */
export class LentHash {
  readonly #algorithm: LentAlgorithm;
  readonly #module: Running;
  readonly #state: Uint8Array;

  constructor(algorithm: LentAlgorithm) {
    running ??= start();
    this.#algorithm = algorithm;
    this.#module = running;
    this.#state = new Uint8Array(running.state.length);
  }

  /** Takes the next bytes. They are read before the call returns. */
  update(chunk: Uint8Array): void {
    const { exports, memory, state } = this.#module;
    const update = exports[FUNCTIONS[this.#algorithm].update];
    const { WINDOW, WINDOW_BYTES } = exports;
    state.set(this.#state);
    for (let at = 0; at < chunk.length; at += WINDOW_BYTES.value) {
      const piece = chunk.subarray(at, at + WINDOW_BYTES.value);
      memory.set(piece, WINDOW.value);
      update(piece.length);
    }
    this.#state.set(state);
  }

  /** The digest of all bytes taken, big-endian. To be called once, last. */
  digest(): Uint8Array {
    const { exports, memory, state } = this.#module;
    state.set(this.#state);
    exports[FUNCTIONS[this.#algorithm].digest]();
    const at = exports.DIGEST.value;
    return memory.slice(at, at + CHECKSUM_BYTES[this.#algorithm]);
  }
}
