// What is expected of the aws-chunked decoder: AWS's own examples, every way to cut a body, every byte that is signed.

import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { ChunkedDecoder } from "../../src/body/chunked.ts";
import { S3Error } from "../../src/wire/error.ts";
import { chunkSigner, cut, encodeChunks } from "../support/chunk-signer.ts";
import {
  BODIES,
  body,
  CHECKSUM,
  CHUNKS,
  decode,
  QUIRKS,
  refusal,
  SIGNED,
  SIGNED_TRAILER,
  SIGNING,
  TERMINATED,
  UNSIGNED_TRAILER,
} from "./chunked-cases.ts";

describe("AWS's documented examples", () => {
  const data = Buffer.alloc(66_560, "a");
  const documented = (signatures: [string, string, string], end: string) =>
    Buffer.concat([
      Buffer.from(`10000;chunk-signature=${signatures[0]}\r\n`),
      data.subarray(0, 65_536),
      Buffer.from(`\r\n400;chunk-signature=${signatures[1]}\r\n`),
      data.subarray(65_536),
      Buffer.from(`\r\n0;chunk-signature=${signatures[2]}\r\n${end}\r\n`),
    ]);
  const examples = [
    body(
      "the chunked upload",
      { chunks: cut(data, 65_536), signing: SIGNING },
      documented(
        [
          "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
          "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
          "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
        ],
        "",
      ),
    ),
    body(
      "the chunked upload with a trailer",
      {
        chunks: cut(data, 65_536),
        signing: { ...SIGNING, seed: "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e" },
        trailers: [CHECKSUM],
      },
      documented(
        [
          "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
          "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
          "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
        ],
        "x-amz-checksum-crc32c:sOO8/Q==\r\n" +
          "x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n",
      ),
    ),
  ];

  it.each(examples)("$name is taken in pieces of any size", ({ wire, options, decoded }) => {
    for (const size of [1, 7, 1000, 4096, 65_536, wire.length]) {
      expect(decode(options, ...cut(wire, size))).toEqual(decoded);
    }
  });

  it("are what the tests' own signer makes of the same data", () => {
    const [plain, trailer] = examples;
    expect(Buffer.from(encodeChunks({ chunks: cut(data, 65_536), signing: SIGNING }))).toEqual(plain?.wire);
    const signing = { ...SIGNING, seed: trailer?.options.verifier?.seed ?? "" };
    const encoded = encodeChunks({ chunks: cut(data, 65_536), signing, trailers: [CHECKSUM] });
    expect(Buffer.from(encoded)).toEqual(trailer?.wire);
  });

  it("do not fit each other's seed", () => {
    const [plain, trailer] = examples;
    if (!plain || !trailer) throw new Error("no examples");
    const verifier = trailer.options.verifier;
    if (!verifier) throw new Error("no verifier");
    expect(refusal({ ...plain.options, verifier }, plain.wire).code).toBe("SignatureDoesNotMatch");
  });
});

describe("A whole body", () => {
  it.each([...BODIES, ...QUIRKS])(
    "$name gives the same wherever it is split",
    ({ wire, options, decoded }) => {
      for (let split = 0; split <= wire.length; split++) {
        const got = decode(options, wire.subarray(0, split), wire.subarray(split));
        if (!got.payload.equals(decoded.payload)) throw new Error(`other payload when split at ${split}`);
        expect(got.trailers).toEqual(decoded.trailers);
      }
      expect(decode(options, ...cut(wire, 1))).toEqual(decoded);
    },
  );

  it("gives the same when split twice", () => {
    const { wire, options, decoded } = UNSIGNED_TRAILER;
    for (let first = 0; first <= wire.length; first++) {
      for (let second = first; second <= wire.length; second++) {
        const pieces = [wire.subarray(0, first), wire.subarray(first, second), wire.subarray(second)];
        expect(decode(options, ...pieces)).toEqual(decoded);
      }
    }
  });

  it("comes out as views of what was pushed, none of them empty", () => {
    const { options } = SIGNED;
    const wire = Uint8Array.from(SIGNED.wire);
    const views = new ChunkedDecoder(options).push(wire);
    expect(views.map((view) => view.length)).toEqual(CHUNKS.map((chunk) => chunk.length));
    expect(views.every((view) => view.buffer === wire.buffer)).toBe(true);
  });

  it("may have many small chunks if it is unsigned", () => {
    const data = randomBytes(1000);
    const { wire, options, decoded } = body("", { chunks: cut(data, 1), trailers: [] });
    expect(decode(options, wire)).toEqual(decoded);
  });

  it("may have one small chunk, or a small last one, if it is signed", () => {
    for (const chunks of [cut(randomBytes(1), 8192), cut(randomBytes(16_385), 8192)]) {
      const { wire, options, decoded } = body("", { chunks, signing: SIGNING });
      expect(decode(options, wire)).toEqual(decoded);
    }
  });
});

describe("A truncated body", () => {
  it.each(BODIES)("is refused wherever it stops: $name", ({ wire, options }) => {
    for (let length = 0; length < wire.length; length++) {
      const error = refusal(options, wire.subarray(0, length));
      expect([error.code, error.message], String(length)).toEqual(["IncompleteBody", TERMINATED]);
    }
  });

  it("is refused if only its trailer's signature is missing", () => {
    const { wire, options } = SIGNED_TRAILER;
    const cutOff = Buffer.from(wire).indexOf("x-amz-trailer-signature");
    const unsigned = Buffer.concat([wire.subarray(0, cutOff), Buffer.from("\r\n")]);
    expect(refusal(options, unsigned).code).toBe("MalformedTrailerError");
  });
});

describe("A signed body with one byte changed", () => {
  const BITS = [1, 2, 4, 8, 16, 32, 64, 128];
  const VALUES = Array.from({ length: 255 }, (_, index) => index + 1);

  function* corruptions(wire: Uint8Array, from: number, flips: number[]): Generator<[number, Uint8Array]> {
    for (let at = from; at < wire.length; at++) {
      for (const flip of flips) {
        const corrupt = Uint8Array.from(wire);
        corrupt[at] = (wire[at] ?? 0) ^ flip;
        yield [at, corrupt];
      }
    }
  }

  it("is refused, whichever byte and whatever value", () => {
    const { wire, options } = body("", { chunks: CHUNKS.slice(1), signing: SIGNING });
    for (const [, corrupt] of corruptions(wire, 0, VALUES)) refusal(options, corrupt);
  });

  it("is refused, whichever byte of a longer one", () => {
    const { wire, options } = SIGNED;
    for (const [at, corrupt] of corruptions(wire, 0, [1]))
      refusal(options, corrupt.subarray(0, at), corrupt.subarray(at));
    for (const [, corrupt] of corruptions(wire, Buffer.from(wire).lastIndexOf("64;chunk"), BITS))
      refusal(options, corrupt);
  });

  it("is refused in its trailers too, but for the case of a name and the blanks at a line's end", () => {
    const source = { chunks: CHUNKS.slice(1), signing: SIGNING, trailers: [CHECKSUM] };
    const { wire, options, decoded } = body("", source);
    const harmless = new Set<string>();
    for (const [at, corrupt] of corruptions(wire, Buffer.from(wire).indexOf(CHECKSUM[0]), VALUES)) {
      try {
        expect(decode(options, corrupt)).toEqual(decoded);
        harmless.add(JSON.stringify(String.fromCharCode(wire[at] ?? 0, corrupt[at] ?? 0)));
      } catch (error) {
        if (!(error instanceof S3Error)) throw error;
      }
    }
    const names = [...new Set(`${CHECKSUM[0]}x-amz-trailer-signature`)];
    const letters = names.filter((sign) => sign >= "a").map((letter) => letter + letter.toUpperCase());
    const expected = [...letters, "\r\n", "\r ", "\r\t"].map((pair) => JSON.stringify(pair));
    expect([...harmless].sort()).toEqual(expected.sort());
  });

  it("is refused if a byte is missing", () => {
    for (let at = 0; at < SIGNED.wire.length; at++) {
      refusal(SIGNED.options, SIGNED.wire.subarray(0, at), SIGNED.wire.subarray(at + 1));
    }
  });
});

describe("A signed body", () => {
  const chunks = cut(randomBytes(3 * 8192), 8192);
  const whole = body("", { chunks, signing: SIGNING });
  const header = Buffer.from(whole.wire).indexOf("\r\n") + 2;
  const piece = header + 8192 + 2;
  const [first, second, third, last] = [0, 1, 2, 3].map((n) =>
    whole.wire.subarray(n * piece, (n + 1) * piece),
  );
  if (!first || !second || !third || !last) throw new Error("not cut");

  it("is refused if two chunks have changed places", () => {
    expect(refusal(whole.options, first, third, second, last).code).toBe("SignatureDoesNotMatch");
  });

  it("is refused if a chunk is left out, even where the length is adjusted", () => {
    const options = { ...whole.options, decodedLength: 2 * 8192 };
    for (const pieces of [
      [first, second, last],
      [first, third, last],
      [second, third, last],
    ]) {
      expect(refusal(options, ...pieces).code).toBe("SignatureDoesNotMatch");
    }
  });

  it("is refused if a chunk comes twice", () => {
    const options = { ...whole.options, decodedLength: 4 * 8192 };
    expect(refusal(options, first, first, second, third, last).code).toBe("SignatureDoesNotMatch");
  });

  it("is refused if its last, empty chunk is signed for another body", () => {
    const { wire } = body("", { chunks: [], signing: SIGNING });
    expect(refusal(whole.options, first, second, third, wire).code).toBe("SignatureDoesNotMatch");
  });

  it("is refused under another secret, region or day", () => {
    for (const other of [{ secret: "x" }, { region: "eu-west-1" }, { timestamp: "20130525T000000Z" }]) {
      const options = { ...whole.options, verifier: chunkSigner({ ...SIGNING, ...other }) };
      expect(refusal(options, whole.wire).code).toBe("SignatureDoesNotMatch");
    }
  });

  it("is refused if its chunks carry no signatures", () => {
    const { wire } = body("", { chunks, trailers: [] });
    expect(refusal(whole.options, wire).code).toBe("IncompleteBody");
  });

  it("is refused if a verifier answers with anything but a signature", () => {
    const verifier = { ...chunkSigner(SIGNING), chunk: () => "" };
    expect(refusal({ ...whole.options, verifier }, whole.wire).code).toBe("SignatureDoesNotMatch");
  });

  it("is refused if a chunk below 8192 bytes is not the last, named as S3 names it", () => {
    for (const [sizes, chunk, bad] of [
      [[3, 2], "2", "3"],
      [[8192, 8191, 8192], "3", "8191"],
    ] as const) {
      const { wire, options } = body("", {
        chunks: sizes.map((size) => randomBytes(size)),
        signing: SIGNING,
      });
      const { code, status, message, elements } = refusal(options, wire);
      expect({ code, status, message, elements }).toEqual({
        code: "InvalidChunkSizeError",
        status: 403,
        message: "Only the last chunk is allowed to have a size less than 8192 bytes",
        elements: { Chunk: chunk, BadChunkSize: bad },
      });
    }
  });

  it("is refused if its trailer is changed, even where the line keeps its form", () => {
    const wire = Buffer.from(SIGNED_TRAILER.wire);
    wire.write("sOO8/g==", wire.indexOf("sOO8/Q=="), "latin1");
    expect(refusal(SIGNED_TRAILER.options, wire).code).toBe("SignatureDoesNotMatch");
  });
});
