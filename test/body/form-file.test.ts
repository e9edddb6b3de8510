import { describe, expect, it } from "vitest";
import { FormFile } from "../../src/body/form-file.ts";
import { S3Error } from "../../src/wire/error.ts";
import { ALGORITHMS, checksum, checksumHeader, md5 } from "../support/checksums.ts";

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

/** What a file of these pieces comes to: its digests, or the error's code, and how many pieces had passed. */
async function passed(texts: string[], headers: Record<string, string> = {}, least = 0, most = 100) {
  const file = new FormFile(pieces(...texts), new Headers(headers), { least, most });
  let count = 0;
  try {
    for await (const _piece of file) count += 1;
    return { count, size: file.size, md5: file.md5, checksum: file.checksum };
  } catch (error) {
    if (error instanceof S3Error) return { count, code: error.code };
    throw error;
  }
}

describe("a form's file", () => {
  it("has a size and an MD5 once it has passed", async () => {
    expect(await passed(["by", "", "tes"])).toEqual({
      count: 3,
      size: 5,
      md5: md5("bytes"),
      checksum: undefined,
    });
    expect(await passed([])).toEqual({ count: 0, size: 0, md5: md5(""), checksum: undefined });
  });

  it("stops as soon as it is too long, and ends in an error if it is too short", async () => {
    expect(await passed(["1234", "5", "6"], {}, 5, 5)).toEqual({ count: 2, code: "EntityTooLarge" });
    expect(await passed(["1234"], {}, 5, 5)).toEqual({ count: 1, code: "EntityTooSmall" });
    expect(await passed(["1234", "5"], {}, 5, 5)).toMatchObject({ size: 5 });
    expect(await passed(["1"], {}, 0, 0)).toEqual({ count: 0, code: "EntityTooLarge" });
  });

  it.each(ALGORITHMS)("is held to a checksum by %s", async (algorithm) => {
    const value = checksum(algorithm, "bytes");
    const headers = { [checksumHeader(algorithm)]: value };
    expect(await passed(["by", "tes"], headers)).toMatchObject({ checksum: { algorithm, value } });
    expect(await passed(["by", "tez"], headers)).toEqual({ count: 2, code: "BadDigest" });
  });

  it("is held to a Content-MD5", async () => {
    const headers = { "content-md5": md5("bytes", "base64") };
    expect(await passed(["bytes"], headers)).toMatchObject({ md5: md5("bytes") });
    expect(await passed(["other"], headers)).toEqual({ count: 1, code: "BadDigest" });
  });

  it("cannot be promised what nobody can read, or two checksums", () => {
    const make = (headers: Record<string, string>) => () =>
      new FormFile(pieces(), new Headers(headers), { least: 0, most: 1 });
    expect(make({ "x-amz-checksum-sha256": "sailor" })).toThrow(S3Error);
    expect(make({ "content-md5": "x" })).toThrow(S3Error);
    const both = {
      "x-amz-checksum-crc32": checksum("CRC32", ""),
      "x-amz-checksum-sha1": checksum("SHA1", ""),
    };
    expect(make(both)).toThrow("Multiple checksum Types are not allowed");
  });
});
