// What is expected of the aws-chunked decoder: AWS's own examples, every way to cut a body, and every way to break one.

import { createHash, randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  ChunkedDecoder,
  type ChunkedOptions,
  MAX_CHUNK_HEADER_BYTES,
  MAX_TRAILER_BYTES,
} from "../../src/body/chunked.ts";
import { S3Error } from "../../src/wire/error.ts";
import { type ChunkedBody, chunkSigner, cut, encodeChunks } from "../support/chunk-signer.ts";

const SIGNING = {
  secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  timestamp: "20130524T000000Z",
  region: "us-east-1",
  seed: "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
};
const TERMINATED = "The request body terminated unexpectedly";
const WRONG_LENGTH = "You did not provide the number of bytes specified by the Content-Length HTTP header";

interface Decoded {
  payload: Buffer;
  trailers: Record<string, string>;
}

function decode(options: ChunkedOptions, ...pieces: Uint8Array[]): Decoded {
  const decoder = new ChunkedDecoder(options);
  const payload = pieces.flatMap((piece) => decoder.push(piece));
  return { trailers: Object.fromEntries(decoder.end()), payload: Buffer.concat(payload) };
}

/** The refusal of a body; fails if it is taken, or if anything but an S3Error is thrown. */
function refusal(options: ChunkedOptions, ...pieces: Uint8Array[]): S3Error {
  try {
    decode(options, ...pieces);
  } catch (error) {
    if (error instanceof S3Error) return error;
    throw error;
  }
  throw new Error(`taken: ${Buffer.concat(pieces).toString("latin1")}`);
}

interface Body {
  name: string;
  wire: Uint8Array;
  options: ChunkedOptions;
  decoded: Decoded;
}

function body(name: string, source: ChunkedBody, wire = encodeChunks(source)): Body {
  const payload = Buffer.concat(source.chunks);
  const trailers = source.trailers ?? [];
  return {
    name,
    wire,
    options: {
      decodedLength: payload.length,
      ...(source.signing && { verifier: chunkSigner(source.signing) }),
      trailers: trailers.map(([trailer]) => trailer),
      expectTrailer: source.trailers !== undefined,
    },
    decoded: { payload, trailers: Object.fromEntries(trailers) },
  };
}

// Sizes without letters (2000 and 64 in hexadecimal), so that no byte of a header may change, not even in case.
const CHUNKS = cut(randomBytes(8292), 8192);
const SMALL = cut(randomBytes(11), 4);
const CHECKSUM = ["x-amz-checksum-crc32c", "sOO8/Q=="] as const;
const SIGNED = body("signed", { chunks: CHUNKS, signing: SIGNING });
const SIGNED_TRAILER = body("signed with a trailer", {
  chunks: CHUNKS,
  signing: SIGNING,
  trailers: [CHECKSUM],
});
const UNSIGNED_TRAILER = body("unsigned with a trailer", { chunks: SMALL, trailers: [CHECKSUM] });
const BODIES = [
  SIGNED,
  SIGNED_TRAILER,
  UNSIGNED_TRAILER,
  body("signed and empty", { chunks: [], signing: SIGNING }),
  body("signed and empty with a trailer", { chunks: [], signing: SIGNING, trailers: [CHECKSUM] }),
  body("signed with an empty trailer section", { chunks: CHUNKS, signing: SIGNING, trailers: [] }),
  body("unsigned with an empty trailer section", { chunks: SMALL, trailers: [] }),
  body("unsigned and empty with two trailers", { chunks: [], trailers: [CHECKSUM, ["x-amz-meta-a", "1 2"]] }),
  body("signed with two trailers", {
    chunks: SMALL.slice(0, 1),
    signing: SIGNING,
    trailers: [
      ["b", "1"],
      ["a", "2"],
    ],
  }),
  body("signed with a bare LF behind a trailer", {
    chunks: [],
    signing: SIGNING,
    trailers: [CHECKSUM],
    lineEnd: "\n",
  }),
];
const QUIRKS = [
  body("signed as minio-go does it", {
    chunks: CHUNKS,
    signing: SIGNING,
    trailers: [CHECKSUM],
    lineEnd: "\n\r\n",
  }),
  body("unsigned as minio-go does it", { chunks: SMALL, trailers: [CHECKSUM], lineEnd: "\n\r\n" }),
  body(
    "with bare LF, blanks and capitals in its trailers",
    { chunks: [Buffer.from("hello")], trailers: [CHECKSUM] },
    Buffer.from("5\r\nhello\r\n0\r\nX-Amz-Checksum-CRC32C \t: sOO8/Q== \n\n"),
  ),
  body(
    "with an empty line before its trailers",
    { chunks: [Buffer.from("hello")], trailers: [CHECKSUM] },
    Buffer.from("5\r\nhello\r\n0\r\n\r\nx-amz-checksum-crc32c:sOO8/Q==\r\n\r\n"),
  ),
  body(
    "with capitals and leading zeros in its sizes",
    { chunks: [Buffer.from("hello, world")], trailers: [] },
    Buffer.from("000C\r\nhello, world\r\n000\r\n\r\n"),
  ),
];

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

describe("A body that is not as long as was said", () => {
  const wire = Buffer.from("5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n");
  it.each([
    [0, 5],
    [4, 5],
    [5, 6],
    [7, 6],
    [6_000_000, 6],
    [Number.NaN, 6],
  ])("is refused: %d bytes said, %d seen", (decodedLength, seen) => {
    const error = refusal({ decodedLength, trailers: [], expectTrailer: true }, wire);
    expect([error.code, error.message]).toEqual(["IncompleteBody", WRONG_LENGTH]);
    expect(error.elements).toEqual({
      NumberBytesExpected: String(decodedLength),
      NumberBytesProvided: String(seen),
    });
  });

  it("never gives out more bytes than were said", () => {
    const decoder = new ChunkedDecoder({ decodedLength: 5, trailers: [], expectTrailer: true });
    const [hello] = decoder.push(wire.subarray(0, 10));
    expect(hello?.toString()).toBe("hello");
    expect(() => decoder.push(wire.subarray(10))).toThrow(WRONG_LENGTH);
  });
});

describe("A malformed body", () => {
  const H = "0".repeat(64);
  const plain = { decodedLength: 5, trailers: [], expectTrailer: true };
  const withTrailer = { ...plain, trailers: ["x-amz-checksum-crc32"] };
  const noSection = { ...plain, expectTrailer: false };
  const signed = { ...noSection, verifier: chunkSigner(SIGNING) };
  const long = "0".repeat(MAX_CHUNK_HEADER_BYTES);
  const start = "5\r\nhello\r\n0\r\n";
  const crc = "x-amz-checksum-crc32:NhCmhg==\r\n";

  it.each<[string, ChunkedOptions, string, string]>([
    ["no bytes", plain, "", "IncompleteBody"],
    ["an empty line for a size", plain, "\r\nhello\r\n0\r\n\r\n", "IncompleteBody"],
    ["a size that is not hexadecimal", plain, "g\r\nhello\r\n0\r\n\r\n", "IncompleteBody"],
    ["a size that begins with 0x", plain, "0x5\r\nhello\r\n0\r\n\r\n", "IncompleteBody"],
    ["a negative size", plain, "-5\r\nhello\r\n0\r\n\r\n", "IncompleteBody"],
    ["a size among blanks", plain, " 5 \r\nhello\r\n0\r\n\r\n", "IncompleteBody"],
    ["a size of 5 GiB and one byte", plain, "140000001\r\nhello", "IncompleteBody"],
    ["a size of 2^64 - 1", plain, "ffffffffffffffff\r\nhello", "IncompleteBody"],
    ["a size of 17 digits", plain, "00000000000000005\r\nhello\r\n0\r\n\r\n", "IncompleteBody"],
    ["a header that never ends", plain, long, "IncompleteBody"],
    ["a header longer than the limit", plain, `${long}5\r\nhello\r\n0\r\n\r\n`, "IncompleteBody"],
    ["a header that ends in LF alone", plain, "5\nhello\r\n0\r\n\r\n", "IncompleteBody"],
    ["a header that ends in CR CR LF", plain, "5\r\r\nhello\r\n0\r\n\r\n", "IncompleteBody"],
    [
      "a signature where none is due",
      plain,
      `5;chunk-signature=${H}\r\nhello\r\n0\r\n\r\n`,
      "IncompleteBody",
    ],
    ["another extension", plain, "5;a=b\r\nhello\r\n0\r\n\r\n", "IncompleteBody"],
    ["no CRLF behind the data", plain, "5\r\nhello0\r\n\r\n", "IncompleteBody"],
    ["LF alone behind the data", plain, "5\r\nhello\n0\r\n\r\n", "IncompleteBody"],
    ["CR and no LF behind the data", plain, "5\r\nhello\rX0\r\n\r\n", "IncompleteBody"],
    ["a size too small for the data", plain, "3\r\nhello\r\n0\r\n\r\n", "IncompleteBody"],
    ["no end behind the last chunk", plain, start, "IncompleteBody"],
    ["another byte for the last LF", plain, `${start}\rX`, "IncompleteBody"],
    ["a byte behind the end", plain, `${start}\r\nX`, "IncompleteBody"],
    ["a line behind the end", plain, `${start}\r\nX\r\n\r\n`, "MalformedTrailerError"],
    ["another body behind the end", noSection, `${start}\r\n${start}\r\n`, "IncompleteBody"],
    [
      "an empty line behind the end, where no trailers are due",
      noSection,
      `${start}\r\n\r\n`,
      "IncompleteBody",
    ],
    ["trailers where no section is due", noSection, `${start}${crc}\r\n`, "IncompleteBody"],
    ["a trailer that was not announced", plain, `${start}${crc}\r\n`, "MalformedTrailerError"],
    ["none of the trailers announced", withTrailer, `${start}\r\n`, "MalformedTrailerError"],
    [
      "another trailer than announced",
      withTrailer,
      `${start}x-amz-checksum-sha1:1\r\n\r\n`,
      "MalformedTrailerError",
    ],
    ["one trailer beside those announced", withTrailer, `${start}${crc}a:b\r\n\r\n`, "MalformedTrailerError"],
    ["a trailer twice", withTrailer, `${start}${crc}${crc}\r\n`, "MalformedTrailerError"],
    ["a trailer with no colon", withTrailer, `${start}x-amz-checksum-crc32\r\n\r\n`, "MalformedTrailerError"],
    ["a trailer with no name", withTrailer, `${start}:NhCmhg==\r\n\r\n`, "MalformedTrailerError"],
    [
      "a name with a blank in it",
      { ...plain, trailers: ["a b"] },
      `${start}a b:c\r\n\r\n`,
      "MalformedTrailerError",
    ],
    ["a control character", withTrailer, `${start}x-amz-checksum-crc32:N\0\r\n\r\n`, "MalformedTrailerError"],
    ["a letter beyond ASCII", withTrailer, `${start}x-amz-checksum-crc32:é\r\n\r\n`, "MalformedTrailerError"],
    ["a CR within a line", withTrailer, `${start}x-amz-checksum-crc32:a\rb\r\n\r\n`, "MalformedTrailerError"],
    ["a line of blanks", withTrailer, `${start}${crc} \r\n\r\n`, "MalformedTrailerError"],
    ["no empty line behind the trailers", withTrailer, `${start}${crc}`, "IncompleteBody"],
    [
      "a trailer's signature where none is due",
      plain,
      `${start}x-amz-trailer-signature:${H}\r\n\r\n`,
      "MalformedTrailerError",
    ],
    [
      "trailers beyond the limit",
      withTrailer,
      `${start}${"\r\n".repeat(MAX_TRAILER_BYTES)}`,
      "MalformedTrailerError",
    ],
    ["no signature", signed, "5\r\nhello\r\n0\r\n\r\n", "IncompleteBody"],
    ["a signature of 63 digits", signed, `5;chunk-signature=${H.slice(1)}\r\nhello\r\n`, "IncompleteBody"],
    ["a signature of 65 digits", signed, `5;chunk-signature=${H}0\r\nhello\r\n`, "IncompleteBody"],
    [
      "a signature that is not hexadecimal",
      signed,
      `5;chunk-signature=${H.slice(1)}g\r\nhello\r\n`,
      "IncompleteBody",
    ],
    ["a signature in capitals", signed, `5;chunk-signature=${H.slice(1)}A\r\nhello\r\n`, "IncompleteBody"],
    ["another extension for the signature", signed, `5;chunk-signaturf=${H}\r\nhello\r\n`, "IncompleteBody"],
    ["a wrong signature", signed, `5;chunk-signature=${H}\r\nhello\r\n`, "SignatureDoesNotMatch"],
  ])("is refused: %s", (_name, options, wire, code) => {
    const bytes = Buffer.from(wire);
    for (const pieces of [[bytes], cut(bytes, 1)]) {
      const error = refusal(options, ...pieces);
      expect(error.code).toBe(code);
      if (code === "IncompleteBody") expect(error.message).toBe(TERMINATED);
    }
  });

  it.each([
    ["of 63 digits", H.slice(1), "MalformedTrailerError"],
    ["of no digits", "", "MalformedTrailerError"],
    ["in capitals", `${H.slice(1)}A`, "MalformedTrailerError"],
    ["that is wrong", H, "SignatureDoesNotMatch"],
    ["with a line behind it", `${H}\r\na:b`, "MalformedTrailerError"],
    ["that comes twice", `${H}\r\nx-amz-trailer-signature:${H}`, "MalformedTrailerError"],
  ])("is refused: a trailer's signature %s", (_name, signature, code) => {
    const verifier = chunkSigner(SIGNING);
    const empty = createHash("sha256").digest("hex");
    const zero = `0;chunk-signature=${verifier.chunk(verifier.seed, empty)}\r\n`;
    const wire = Buffer.from(`${zero}a:b\r\nx-amz-trailer-signature:${signature}\r\n\r\n`);
    const options = { decodedLength: 0, verifier, trailers: ["a"], expectTrailer: true };
    expect(refusal(options, wire).code).toBe(code);
  });

  it.each([
    ["a header", "g\r\n", `${start}\r\n`],
    ["a CRLF", "5\r\nhelloX", "\r\n0\r\n\r\n"],
    ["a length", "6\r\n", `${start}\r\n`],
    ["a trailer section", `${start}\r\n${"\n".repeat(MAX_TRAILER_BYTES - 1)}`, ""],
  ])("stays refused whatever comes after: %s", (_name, refused, after) => {
    const decoder = new ChunkedDecoder(plain);
    for (const byte of cut(Buffer.from(refused).subarray(0, -1), 1)) decoder.push(byte);
    expect(() => decoder.push(Buffer.from(refused).subarray(-1))).toThrow(S3Error);
    if (after !== "") expect(() => decoder.push(Buffer.from(after))).toThrow(TERMINATED);
    expect(() => decoder.end()).toThrow(TERMINATED);
  });

  it("does not hold what it cannot use: a header or a trailer section as long as a body is refused at once", () => {
    const endless = Buffer.alloc(1024 * 1024, "0");
    expect(() => new ChunkedDecoder(plain).push(endless)).toThrow(TERMINATED);
    const decoder = new ChunkedDecoder(plain);
    decoder.push(Buffer.from(start));
    expect(() => decoder.push(endless)).toThrow("trailing data");
  });
});
