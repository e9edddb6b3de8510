import { readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ChunkedDecoder, type ChunkedOptions } from "../../src/body/chunked.ts";
import type { Payload } from "../../src/body/payload.ts";
import type { BodyReader, Operation } from "../../src/operation.ts";
import { OPERATIONS } from "../../src/operations.ts";
import { S3Error } from "../../src/wire/error.ts";
import { cut, encodeChunks } from "../support/chunk-signer.ts";
import { documents } from "../support/documents.ts";
import { Count, fuzz, garbled, texts, type Verdict, verdictOf } from "../support/fuzzing.ts";

/** Operations that read their whole body; those that store it as it comes have nothing to read in it. */
const STORING = ["PutObject", "UploadPart", "PostObject"];
const READERS = OPERATIONS.flatMap((row) => {
  if (!("respond" in row) || row.body === undefined || "form" in row.body || STORING.includes(row.name))
    return [];
  return [{ ...row, body: row.body } satisfies Operation & { body: BodyReader<unknown> }];
});

/** A body that came whole, and keeps its promises. */
function payload(bytes: Uint8Array): Payload {
  const whole = {
    length: bytes.byteLength,
    promises: { md5: "0", checksum: undefined, trailing: undefined },
    async bytes(most: number) {
      if (bytes.byteLength > most) throw new S3Error("MaxMessageLengthExceeded");
      return bytes;
    },
  };
  return whole as unknown as Payload;
}

const read = (operation: (typeof READERS)[number], text: string): Promise<Verdict> =>
  verdictOf(() => operation.body.read(payload(Buffer.from(text))));

/** Every name that our documents have. */
const NAMES = ["shapes.ts", "bucket-shapes.ts"].flatMap((file) => {
  const source = readFileSync(path.join(import.meta.dirname, "../../src/wire", file), "utf8");
  return [...source.matchAll(/"([A-Z]\w+)"/g)].map(([, name = ""]) => name);
});

const VALUES = [
  "Enabled",
  "true",
  "COMPLIANCE",
  '"etag"',
  "&amp;",
  "&#0;",
  "&#x10ffff;",
  "&lol;",
  "&",
  "<",
  "]]>",
  "<![CDATA[x]]>",
  "<!--c-->",
  "<?pi?>",
  "<a/>",
];

/** A document of known names in any order. */
const trees = fc.letrec<{ tree: string }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5 },
    texts(...VALUES),
    fc
      .tuple(fc.constantFrom(...NAMES), fc.array(tie("tree"), { maxLength: 3 }))
      .map(([name, inside]) => `<${name}>${inside.join("")}</${name}>`),
  ),
})).tree;

describe("every body that is a document", () => {
  it("has one that its operation takes", async () => {
    expect(READERS.map(({ name }) => name).sort()).toEqual(Object.keys(documents).sort());
    for (const operation of READERS) {
      expect(await read(operation, documents[operation.name] ?? "")).toHaveProperty("taken");
    }
  });

  it("is read, or refused, if it is like one that is right", async () => {
    const inputs = fc
      .constantFrom(...READERS)
      .chain((operation) =>
        fc.tuple(fc.constant(operation), garbled(fc.constant(documents[operation.name] ?? ""))),
      );
    const count = await fuzz(
      { name: "documents, garbled", inputs, numRuns: 20_000 },
      async ([operation, text], count) => {
        count.add(await read(operation, text));
      },
    );
    expect(count.taken).toBeGreaterThan(2000);
    expect(count.inputs - count.taken).toBeGreaterThan(2000);
  });

  it("is read, or refused, if it is made of the right words", async () => {
    const inputs = fc.constantFrom(...READERS).chain((operation) => {
      const root = /<(\w+)/.exec(documents[operation.name] ?? "")?.[1] ?? "x";
      return fc.tuple(
        fc.constant(operation),
        fc.array(trees, { maxLength: 4 }).map((inside) => `<${root}>${inside.join("")}</${root}>`),
      );
    });
    await fuzz(
      { name: "documents, of known words", inputs, numRuns: 10_000 },
      async ([operation, text], count) => {
        count.add(await read(operation, text));
      },
    );
  });

  it("is read, or refused, if it is any bytes", async () => {
    const inputs = fc.tuple(fc.constantFrom(...READERS), fc.uint8Array({ maxLength: 200 }));
    await fuzz(
      { name: "documents, of any bytes", inputs, numRuns: 5000 },
      async ([operation, bytes], count) => {
        count.add(await verdictOf(() => operation.body.read(payload(bytes))));
      },
    );
  });

  it("is refused if it is made to take long, or much", async () => {
    const count = new Count("documents made to be slow");
    const many = 100_000;
    const slow = [
      "<a>".repeat(many),
      `${"<a>".repeat(many)}${"</a>".repeat(many)}`,
      `<Delete>${"<Object>".repeat(many)}</Delete>`,
      `<Delete ${'a="b" '.repeat(many)}></Delete>`,
      `<Delete>${"&amp;".repeat(many)}`,
      `<Delete>${"&".repeat(many)}</Delete>`,
      `<Delete>${"<![CDATA[".repeat(many)}`,
      `<Delete>${"<!--".repeat(many)}`,
      `<Delete>${"<?".repeat(many)}`,
      `<!DOCTYPE x [<!ENTITY a "${"b".repeat(many)}">${'<!ENTITY c "&a;&a;&a;">'.repeat(1000)}]><Delete>&c;</Delete>`,
      `<${"a".repeat(many)}/>`,
      `<a:${"b:".repeat(many)}c/>`,
      " ".repeat(many),
      '{"a":'.repeat(many),
      "[".repeat(many),
    ];
    for (const operation of READERS) {
      for (const text of slow)
        expect([text.slice(0, 20), count.add(await read(operation, text))]).toEqual([
          text.slice(0, 20),
          { refused: expect.any(String) },
        ]);
    }
    count.print();
  });
});

/** Decodes a body that comes in these pieces. */
function decoded(options: ChunkedOptions, pieces: readonly Uint8Array[]): Promise<Verdict> {
  return verdictOf(() => {
    const decoder = new ChunkedDecoder(options);
    const bytes = Buffer.concat(
      pieces.flatMap((piece) => decoder.push(piece).map((one) => Buffer.from(one))),
    );
    return { bytes: bytes.toString("latin1"), trailers: Object.fromEntries(decoder.end()) };
  });
}

describe("a body in aws-chunked", () => {
  const TRAILER = ["x-amz-checksum-crc32c", "sOO8/Q=="] as const;

  it("is decoded, or refused, the same wherever it is cut", async () => {
    const data = fc.uint8Array({ minLength: 1, maxLength: 20 });
    const good = fc.record({ chunks: fc.array(data, { maxLength: 4 }), isTrailing: fc.boolean() });
    // Bytes as latin-1, so that a text can be garbled and be bytes again.
    const inputs = good.chain(({ chunks, isTrailing }) => {
      const wire = encodeChunks({ chunks, ...(isTrailing && { trailers: [TRAILER] }) });
      const text = fc.constant(Buffer.from(wire).toString("latin1"));
      const length = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
      return fc.tuple(fc.oneof(text, garbled(text)), fc.constant({ length, isTrailing }));
    });
    const splits = new Count("aws-chunked, at every split point");
    const count = await fuzz(
      { name: "aws-chunked", inputs, numRuns: 1500 },
      async ([text, { length, isTrailing }], count) => {
        const wire = Buffer.from(text, "latin1");
        const options = {
          decodedLength: length,
          trailers: isTrailing ? [TRAILER[0]] : [],
          expectTrailer: isTrailing,
        };
        const whole = count.add(await decoded(options, [wire]));
        for (let at = 0; at <= wire.length; at++) {
          expect(splits.add(await decoded(options, [wire.subarray(0, at), wire.subarray(at)]))).toEqual(
            whole,
          );
        }
        for (const size of [1, 2, 3, 7])
          expect(splits.add(await decoded(options, cut(wire, size)))).toEqual(whole);
      },
    );
    splits.print();
    expect(count.taken).toBeGreaterThan(500);
    expect(count.inputs - count.taken).toBeGreaterThan(300);
  });
});
