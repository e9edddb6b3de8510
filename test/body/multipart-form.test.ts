import { describe, expect, it } from "vitest";
import { MAX_FORM_BYTES, MAX_FORM_FIELDS, readForm } from "../../src/body/multipart-form.ts";
import { S3Error } from "../../src/wire/error.ts";
import { seeded } from "../auth/random.ts";
import { BOUNDARY, multipart, type Part } from "../support/forms.ts";

const TYPE = `multipart/form-data; boundary=${BOUNDARY}`;

/** What became of a form: its fields, its file's name and bytes; or the error's code. */
type Outcome = { fields: Record<string, string>; fileName: string; file: string } | string;

/** Pieces in one buffer that is overwritten each time, as a stream read with one's own buffer gives them. */
async function* reusing(pieces: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let shared = Buffer.alloc(0);
  for (const piece of pieces) {
    shared.fill(0x2d);
    if (shared.length < piece.length) shared = Buffer.alloc(piece.length);
    shared.set(piece);
    yield shared.subarray(0, piece.length);
  }
  shared.fill(0x2d);
}

async function outcome(pieces: Iterable<Uint8Array>, type: string | null = TYPE): Promise<Outcome> {
  try {
    const { fields, fileName, file } = await readForm(type, reusing(pieces));
    const read: Buffer[] = [];
    for await (const piece of file) read.push(Buffer.from(piece));
    return { fields: Object.fromEntries(fields), fileName, file: Buffer.concat(read).toString("latin1") };
  } catch (error) {
    if (error instanceof S3Error) return error.code;
    throw error;
  }
}

const whole = (body: string | Uint8Array, type: string | null = TYPE) =>
  outcome([Buffer.from(body as string)], type);

function* cut(body: Buffer, at: readonly number[]): Generator<Buffer> {
  let from = 0;
  for (const to of [...at, body.length]) {
    yield body.subarray(from, to);
    from = to;
  }
}

const part = (headers: string, value: string) => `--${BOUNDARY}\r\n${headers}\r\n\r\n${value}\r\n`;
const CLOSE = `--${BOUNDARY}--\r\n`;
const FILE = part('Content-Disposition: form-data; name="file"; filename="f.txt"', "bytes");

describe("a form", () => {
  it("is read up to its file, names in lower case", async () => {
    const body = multipart([
      ["KEY", "a key"],
      ["x-amz-meta-Ü", "ü"],
      ["empty", ""],
      ["file", "bytes", "f.txt"],
      ["late", "x"],
    ]);
    expect(await whole(body)).toEqual({
      fields: { key: "a key", "x-amz-meta-ü": "ü", empty: "" },
      fileName: "f.txt",
      file: "bytes",
    });
  });

  it("is the same wherever its stream is cut", async () => {
    const near = `\r\n--${BOUNDARY}x\r\n--${BOUNDARY.slice(0, -1)}\r\n-\r\n--${BOUNDARY} \t?\r\n\r\n\r`;
    const body = multipart([
      ["key", "k"],
      ["file", near, "f"],
      ["late", "x"],
    ]);
    const expected = { fields: { key: "k" }, fileName: "f", file: near };
    expect(await whole(body)).toEqual(expected);
    for (let at = 1; at < body.length; at++) {
      expect([at, await outcome(cut(body, [at]))]).toEqual([at, expected]);
    }
    expect(await outcome(cut(body, Array.from(body, (_byte, at) => at + 1).slice(0, -1)))).toEqual(expected);
  });

  it("may have a file larger than what is read at once, and no line's end behind its end", async () => {
    const file = "0123456789abcdef\r\n".repeat(40_000);
    const body = multipart([
      ["key", "k"],
      ["file", file, "f"],
    ]).subarray(0, -2);
    const random = seeded(7);
    const sizes = Array.from({ length: 20 }, () => random.integer(body.length)).toSorted((a, b) => a - b);
    expect(await outcome(cut(body, sizes))).toEqual({ fields: { key: "k" }, fileName: "f", file });
  });

  it.each([
    ["a quoted boundary", `multipart/form-data; charset=utf-8; boundary="${BOUNDARY}"`, FILE + CLOSE],
    ["a type in capitals", `Multipart/Form-Data;BOUNDARY=${BOUNDARY}`, FILE + CLOSE],
    ["a preamble", TYPE, `this is ignored\r\n${FILE}${CLOSE}`],
    ["an epilogue", TYPE, `${FILE}${CLOSE}whatever\r\n--${BOUNDARY}`],
    ["blanks behind a boundary", TYPE, FILE.replace(BOUNDARY, `${BOUNDARY} \t`) + CLOSE],
    ["a name without quotes", TYPE, FILE.replace('"file"', "file") + CLOSE],
    [
      "headers in another order",
      TYPE,
      FILE.replace("Content-D", "Content-Type: a/b\r\nx: y\r\ncontent-d") + CLOSE,
    ],
  ])("may have %s", async (_what, type, body) => {
    expect(await whole(body, type)).toEqual({ fields: {}, fileName: "f.txt", file: "bytes" });
  });

  it.each([
    ['filename="a \\"b\\".txt"', 'a "b".txt'],
    ['filename="C:\\dir\\x.txt"', "C:\\dir\\x.txt"],
    ['filename="ü;=.txt"', "ü;=.txt"],
    ["filename=plain.txt", "plain.txt"],
    ["filename=\"x\"; filename*=UTF-8''%c3%bc%20x", "ü x"],
    ['filename=""', ""],
    ["", ""],
  ])("whose file has %j names it %j", async (parameter, fileName) => {
    const body = FILE.replace('filename="f.txt"', parameter) + CLOSE;
    expect(await whole(body)).toMatchObject({ fileName, file: "bytes" });
  });

  it.each([
    ["no type", null, FILE + CLOSE, "PreconditionFailed"],
    ["another type", "multipart/mixed; boundary=x", FILE + CLOSE, "PreconditionFailed"],
    ["a type that only begins so", "multipart/form-data-x", FILE + CLOSE, "PreconditionFailed"],
    ["no boundary", "multipart/form-data", FILE + CLOSE, "MalformedPOSTRequest"],
    ["an empty boundary", 'multipart/form-data; boundary=""', FILE + CLOSE, "MalformedPOSTRequest"],
    ["too long a boundary", `multipart/form-data; boundary=${"b".repeat(201)}`, FILE, "MalformedPOSTRequest"],
    ["nothing in it", TYPE, "", "MalformedPOSTRequest"],
    ["another boundary", "multipart/form-data; boundary=x", FILE + CLOSE, "MalformedPOSTRequest"],
    ["no end behind its file", TYPE, FILE, "MalformedPOSTRequest"],
    ["half an end behind its file", TYPE, FILE + CLOSE.slice(0, -3), "MalformedPOSTRequest"],
    [
      "an end in a field",
      TYPE,
      part('Content-Disposition: form-data; name="a"', "b").slice(0, -2),
      "MalformedPOSTRequest",
    ],
    ["a part without headers", TYPE, part("", "x") + FILE + CLOSE, "MalformedPOSTRequest"],
    [
      "headers that do not end",
      TYPE,
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"`,
      "MalformedPOSTRequest",
    ],
    [
      "a part without a name",
      TYPE,
      part("Content-Disposition: form-data", "x") + CLOSE,
      "MalformedPOSTRequest",
    ],
    [
      "a part with an empty name",
      TYPE,
      part('Content-Disposition: form-data; name=""', "x") + CLOSE,
      "MalformedPOSTRequest",
    ],
    [
      "a part that is no field",
      TYPE,
      part('Content-Disposition: attachment; name="file"', "x") + CLOSE,
      "MalformedPOSTRequest",
    ],
    ["lines that end in LF only", TYPE, (FILE + CLOSE).replaceAll("\r\n", "\n"), "MalformedPOSTRequest"],
    ["no file", TYPE, part('Content-Disposition: form-data; name="key"', "k") + CLOSE, "InvalidArgument"],
    ["no part at all", TYPE, CLOSE, "InvalidArgument"],
  ])("with %s is refused", async (_what, type, body, code) => {
    expect(await whole(body, type)).toBe(code);
  });

  it("with a field twice is refused, whatever the case of its name", async () => {
    expect(
      await whole(
        multipart([
          ["key", "a"],
          ["KEY", "b"],
          ["file", "x", "f"],
        ]),
      ),
    ).toBe("MalformedPOSTRequest");
  });

  it("with bytes that are not UTF-8 in a field is refused; in a file they are bytes", async () => {
    const odd = Buffer.from([0xff, 0xfe, 0, 0x80]);
    expect(
      await whole(
        multipart([
          ["key", odd],
          ["file", "x", "f"],
        ]),
      ),
    ).toBe("MalformedPOSTRequest");
    expect(
      await whole(
        multipart([
          ["key", "k"],
          ["file", odd, "f"],
        ]),
      ),
    ).toMatchObject({ file: odd.toString("latin1") });
  });

  it("may have so many bytes before its file, and not one more", async () => {
    const before = (size: number) =>
      multipart([
        ["a", "x".repeat(size)],
        ["file", "", "f"],
      ]).length -
      multipart([]).length -
      2;
    const fits = MAX_FORM_BYTES - before(0);
    for (const body of [fits, fits + 1].map((size) =>
      multipart([
        ["a", "x".repeat(size)],
        ["file", "bytes", "f"],
      ]),
    )) {
      const expected =
        body.length - 5 - multipart([]).length - 2 > MAX_FORM_BYTES
          ? "MaxPostPreDataLengthExceededError"
          : { file: "bytes" };
      for (const cuts of [[], [100], [MAX_FORM_BYTES - 1], [MAX_FORM_BYTES, MAX_FORM_BYTES + 1]]) {
        const found = await outcome(cut(body, cuts));
        expect([cuts, found]).toEqual([
          cuts,
          typeof expected === "string" ? expected : expect.objectContaining(expected),
        ]);
      }
    }
  });

  it("may have so many fields, and not one more", async () => {
    const form = (count: number) =>
      Buffer.from(
        Array.from(
          { length: count },
          (_none, at) => `--b\r\nContent-Disposition: form-data; name=f${at}\r\n\r\n\r\n`,
        )
          .join("")
          .concat("--b\r\nContent-Disposition: form-data; name=file\r\n\r\nbytes\r\n--b--"),
      );
    const type = "multipart/form-data; boundary=b";
    expect(await whole(form(MAX_FORM_FIELDS), type)).toMatchObject({ file: "bytes" });
    expect(await whole(form(MAX_FORM_FIELDS + 1), type)).toBe("MaxPostPreDataLengthExceededError");
  });

  it("is not read for ever behind its file", async () => {
    let asked = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(FILE + CLOSE);
      for (;;) {
        asked += 1;
        yield Buffer.alloc(64 * 1024);
      }
    }
    const { file } = await readForm(TYPE, endless());
    let size = 0;
    for await (const piece of file) size += piece.byteLength;
    expect(size).toBe(5);
    expect(asked).toBeLessThan(40);
  });

  it("holds no more of its file than a piece and a boundary at a time", async () => {
    const piece = Buffer.from(`\r\n--${BOUNDARY}-`.repeat(500));
    async function* long(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(part('Content-Disposition: form-data; name="file"', "").slice(0, -2));
      for (let at = 0; at < 200; at++) yield piece;
      yield Buffer.from(`\r\n${CLOSE}`);
    }
    const { file } = await readForm(TYPE, long());
    let [size, largest] = [0, 0];
    for await (const { byteLength } of file) {
      size += byteLength;
      largest = Math.max(largest, byteLength);
    }
    expect(size).toBe(200 * piece.length);
    expect(largest).toBeLessThanOrEqual(Math.max(MAX_FORM_BYTES + piece.length, 2 * piece.length));
  });

  it("made by chance is read the same in one piece and in many, or refused by S3's own error", async () => {
    const random = seeded(20_260_901);
    const words: [string, ...string[]] = [
      "\r\n",
      "\r",
      "\n",
      "--",
      "-",
      BOUNDARY,
      `\r\n--${BOUNDARY}`,
      `--${BOUNDARY}--`,
      " ",
      "\t",
      '"',
      "\\",
      ";",
      "=",
      'Content-Disposition: form-data; name="file"\r\n\r\n',
      'Content-Disposition: form-data; name="a"',
      "filename*=UTF-8''%ff",
      "filename=",
      "name=",
      "x",
      "\u0000",
      "ü",
      "x".repeat(3000),
    ];
    const ROUNDS = 4000;
    let good = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const parts: Part[] = [
        ["key", random.text(words, 0, 3)],
        ["file", random.text(words, 0, 8), "f"],
      ];
      let body = multipart(parts).toString();
      for (let change = random.integer(4); change > 0; change--) {
        const at = random.integer(body.length);
        body = body.slice(0, at) + random.text(words, 0, 2) + body.slice(at + random.integer(6));
      }
      const bytes = Buffer.from(body);
      const expected = await outcome([bytes]);
      const cuts = Array.from({ length: 1 + random.integer(12) }, () => random.integer(bytes.length + 1));
      const found = await outcome(
        cut(
          bytes,
          cuts.toSorted((a, b) => a - b),
        ),
      );
      expect([random.seed, round, found]).toEqual([random.seed, round, expected]);
      if (typeof expected !== "string") good += 1;
    }
    console.log(`${ROUNDS} forms by chance (seed ${random.seed}), ${good} of them good`);
    expect(good).toBeGreaterThan(ROUNDS / 10);
    expect(good).toBeLessThan(ROUNDS);
  });
});
