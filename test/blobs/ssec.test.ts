import { describe, expect, it } from "vitest";
import { readBlobs } from "../../src/blobs/read.ts";
import { receive, type Source } from "../../src/blobs/receive.ts";

/** An R2 that keeps what it was asked, and nothing else. */
function recorder() {
  const asked: { method: string; ssecKey: unknown }[] = [];
  const keep = (method: string, options: { ssecKey?: unknown }) => {
    asked.push({
      method,
      ssecKey: options.ssecKey instanceof ArrayBuffer ? new Uint8Array(options.ssecKey) : undefined,
    });
  };
  const r2 = {
    async put(_name: string, _body: unknown, options: R2PutOptions) {
      keep("put", options);
      return { etag: "of the sealed bytes" };
    },
    async get(_name: string, options: R2GetOptions) {
      keep("get", options);
      return { body: new Blob(["x"]).stream() };
    },
  };
  return { asked, r2: r2 as unknown as R2Bucket };
}

function source(): Source & { opened: boolean[] } {
  const opened: boolean[] = [];
  return {
    length: 1,
    md5: "of the bytes",
    opened,
    open(alone) {
      opened.push(alone);
      return { stream: new Blob(["x"]).stream() as ReadableStream<Uint8Array> };
    },
    settle: async () => undefined,
  };
}

const KEY = Uint8Array.from({ length: 32 }, (_, i) => i * 7);
const later = () => undefined;
const piece = (offset: number) => ({ blob: "b", size: 9, offset, length: 1 });

describe("a client's key", () => {
  it("goes to R2 with the bytes that it is to seal, whose MD5 R2 is then not asked for", async () => {
    const { asked, r2 } = recorder();
    const from = source();
    expect((await receive(r2, "b", from, { ssecKey: KEY })).md5).toBe("of the bytes");
    expect([asked, from.opened]).toEqual([[{ method: "put", ssecKey: KEY }], [true]]);
  });

  it("goes to R2 with each read, whole or of a range", async () => {
    const { asked, r2 } = recorder();
    for (const offset of [0, 3]) await readBlobs(r2, [piece(offset)], KEY, later);
    await readBlobs(r2, [{ blob: "b", size: 1, offset: 0, length: 1 }], KEY, later);
    expect(asked).toEqual([1, 2, 3].map(() => ({ method: "get", ssecKey: KEY })));
  });

  it("is none where there is none", async () => {
    const { asked, r2 } = recorder();
    const from = source();
    await receive(r2, "b", from, undefined);
    await readBlobs(r2, [piece(0)], undefined, later);
    expect(asked.map(({ ssecKey }) => ssecKey)).toEqual([undefined, undefined]);
    expect(from.opened).toEqual([false]);
  });
});
