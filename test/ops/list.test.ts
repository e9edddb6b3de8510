import { beforeAll, describe, expect, it } from "vitest";
import { checksum, md5 } from "../support/checksums.ts";
import { at, encode } from "../support/client.ts";
import { inBatches } from "../support/cost.ts";
import { answered, refused } from "../support/expect.ts";
import { useServer } from "../support/server.ts";
import { type Element, xml } from "../support/xml.ts";

const server = useServer();

async function filled(...keys: string[]): Promise<string> {
  const bucket = await server.bucket();
  await inBatches(
    keys.map((key) => async () => answered(await server.client.put(at(bucket, key), key), 200)),
  );
  return bucket;
}

type Parameters = Record<string, string | number>;

async function list(bucket: string, parameters: Parameters): Promise<Element> {
  const query = Object.entries(parameters).map(([name, value]) => `${name}=${encode(String(value))}`);
  const document = xml(answered(await server.client.get(`/${bucket}?${query.join("&")}`), 200).text);
  expect(document.name).toBe("ListBucketResult");
  return document;
}

const keysOf = (page: Element) => page.texts("Contents/Key");
const prefixesOf = (page: Element) => page.texts("CommonPrefixes/Prefix");

const KEYS = ["a", "b/1", "b/2", "b/c/1", "d", "e/1", "f--1", "f--2", "f-3"];
let bucket: string;

beforeAll(async () => {
  bucket = await filled(...KEYS);
});

describe("a listing", () => {
  it("of an empty bucket is empty", async () => {
    const empty = await server.bucket();
    const v1 = await list(empty, {});
    expect(v1.names).toEqual(["Name", "Prefix", "Marker", "MaxKeys", "IsTruncated"]);
    const v2 = await list(empty, { "list-type": 2 });
    expect(v2.names).toEqual(["Name", "Prefix", "KeyCount", "MaxKeys", "IsTruncated"]);
    for (const page of [v1, v2]) {
      expect([page.get("Name"), page.get("Prefix"), page.get("MaxKeys")]).toEqual([empty, "", "1000"]);
      expect(page.get("IsTruncated")).toBe("false");
    }
  });

  it("shows of each object what one wants to know", async () => {
    const here = await server.bucket();
    const before = Math.floor(Date.now() / 1000) * 1000;
    const headers = { "x-amz-checksum-crc32": checksum("CRC32", "bytes") };
    answered(await server.client.put(`/${here}/k`, "bytes", headers), 200);
    const owner = xml((await server.client.get("/")).text).get("Owner/ID");
    for (const parameters of [{}, { "list-type": 2, "fetch-owner": "true" }]) {
      const [object] = (await list(here, parameters)).all("Contents");
      expect(object?.get("Key")).toBe("k");
      expect(object?.get("Size")).toBe("5");
      expect(object?.get("ETag")).toBe(`"${md5("bytes")}"`);
      expect(object?.get("StorageClass")).toBe("STANDARD");
      expect(object?.get("ChecksumAlgorithm")).toBe("CRC32");
      expect(object?.get("Owner/ID")).toBe(owner);
      expect(object?.get("LastModified")).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(Date.parse(object?.get("LastModified") ?? "")).toBeGreaterThanOrEqual(before);
    }
    const [plain] = (await list(here, { "list-type": 2 })).all("Contents");
    expect(plain?.all("Owner")).toEqual([]);
  });

  it("shows the prefix that was asked for, and what begins with it", async () => {
    const page = await list(bucket, { "list-type": 2, prefix: "b/" });
    expect([page.get("Prefix"), keysOf(page), page.get("KeyCount")]).toEqual([
      "b/",
      ["b/1", "b/2", "b/c/1"],
      "3",
    ]);
    expect(keysOf(await list(bucket, { prefix: "b" }))).toEqual(["b/1", "b/2", "b/c/1"]);
    expect(keysOf(await list(bucket, { prefix: "nothing" }))).toEqual([]);
    expect(keysOf(await list(bucket, { prefix: "" }))).toEqual(KEYS);
  });

  it("rolls up what lies behind a delimiter", async () => {
    const page = await list(bucket, { "list-type": 2, delimiter: "/" });
    expect(page.get("Delimiter")).toBe("/");
    expect(keysOf(page)).toEqual(["a", "d", "f--1", "f--2", "f-3"]);
    expect([prefixesOf(page), page.get("KeyCount")]).toEqual([["b/", "e/"], "7"]);
  });

  it("rolls up below a prefix", async () => {
    const page = await list(bucket, { delimiter: "/", prefix: "b/" });
    expect([keysOf(page), prefixesOf(page)]).toEqual([["b/1", "b/2"], ["b/c/"]]);
    const half = await list(bucket, { delimiter: "/", prefix: "b" });
    expect([keysOf(half), prefixesOf(half)]).toEqual([[], ["b/"]]);
  });

  it("takes a delimiter of several characters, and any other", async () => {
    const several = await list(bucket, { delimiter: "--", prefix: "f" });
    expect([keysOf(several), prefixesOf(several)]).toEqual([["f-3"], ["f--"]]);
    const letter = await list(bucket, { delimiter: "c" });
    expect([keysOf(letter).includes("b/c/1"), prefixesOf(letter)]).toEqual([false, ["b/c"]]);
    expect(prefixesOf(await list(bucket, { delimiter: "z" }))).toEqual([]);
    const none = await list(bucket, { delimiter: "" });
    expect([keysOf(none), none.get("Delimiter")]).toEqual([KEYS, undefined]);
  });

  it("rolls up behind delimiters that take more than one byte, or mean something in a URL", async () => {
    for (const delimiter of ["😀", "é", " ", "%", "+", "&", "\u0001", "/../", "\u{10ffff}", "\ud7ff"]) {
      const here = await filled(`x${delimiter}1`, `x${delimiter}2`, "y");
      const page = await list(here, { delimiter, "list-type": 2 });
      expect([delimiter, keysOf(page), prefixesOf(page)]).toEqual([delimiter, ["y"], [`x${delimiter}`]]);
    }
  });

  it("spells everything for a URL if it is asked to", async () => {
    const here = await filled("a b/c+d", "a b/é", "p q", "p&q");
    const asked = { "encoding-type": "url", delimiter: " ", prefix: "a b/" };
    const page = await list(here, { ...asked, "list-type": 2, "start-after": "a b/\u0001" });
    expect(page.get("EncodingType")).toBe("url");
    expect([page.get("Prefix"), page.get("Delimiter")]).toEqual(["a%20b/", "%20"]);
    expect(page.get("StartAfter")).toBe("a%20b/%01");
    expect(keysOf(page)).toEqual(["a%20b/c%2Bd", "a%20b/%C3%A9"]);
    const rolled = await list(here, { "encoding-type": "url", delimiter: " ", "max-keys": 1, marker: " " });
    expect([prefixesOf(rolled), rolled.get("NextMarker"), rolled.get("Marker")]).toEqual([
      ["a%20"],
      "a%20",
      "%20",
    ]);
  });

  it("knows no other spelling", async () => {
    const answer = await server.client.get(`/${bucket}?encoding-type=base64`);
    expect(refused(answer, 400, "InvalidArgument").get("ArgumentName")).toBe("encoding-type");
  });
});

describe("the length of a page", () => {
  it("is as asked for", async () => {
    for (const type of [1, 2]) {
      const one = await list(bucket, { "list-type": type, "max-keys": 1 });
      expect([keysOf(one), one.get("MaxKeys"), one.get("IsTruncated")]).toEqual([["a"], "1", "true"]);
      const all = await list(bucket, { "list-type": type, "max-keys": KEYS.length });
      expect([keysOf(all), all.get("IsTruncated")]).toEqual([KEYS, "false"]);
      expect(all.get("NextContinuationToken")).toBeUndefined();
    }
  });

  it("may be nothing, which is never truncated", async () => {
    for (const parameters of [{}, { "list-type": 2 }, { delimiter: "/" }]) {
      const page = await list(bucket, { ...parameters, "max-keys": 0 });
      expect([keysOf(page), prefixesOf(page), page.get("MaxKeys")]).toEqual([[], [], "0"]);
      expect(page.get("IsTruncated")).toBe("false");
      expect([page.get("NextMarker"), page.get("NextContinuationToken")]).toEqual([undefined, undefined]);
    }
  });

  it("is a thousand at the most, whatever is asked for", async () => {
    const names = Array.from({ length: 1001 }, (_, i) => `k${String(i).padStart(4, "0")}`);
    const large = await filled(...names);
    for (const parameters of [{}, { "max-keys": 1000 }, { "max-keys": 1001 }, { "max-keys": 2147483647 }]) {
      const page = await list(large, { ...parameters, "list-type": 2 });
      expect(keysOf(page)).toEqual(names.slice(0, 1000));
      expect([page.get("IsTruncated"), page.get("KeyCount")]).toEqual(["true", "1000"]);
      expect(page.get("MaxKeys")).toBe("1000");
      const token = page.get("NextContinuationToken") ?? "";
      const rest = await list(large, { "list-type": 2, "continuation-token": token });
      expect([keysOf(rest), rest.get("IsTruncated")]).toEqual([["k1000"], "false"]);
    }
    answered(await server.client.delete(`/${large}/k0500`), 204);
    expect((await list(large, {})).get("IsTruncated")).toBe("false");
  });

  for (const number of ["-1", "2147483648", "x", "1.5", "0x10", "9".repeat(30)]) {
    it(`is a number, and a possible one: not ${number}`, async () => {
      for (const query of ["", "list-type=2&", "versions&"]) {
        const answer = await server.client.get(`/${bucket}?${query}max-keys=${number}`);
        const error = refused(answer, 400, "InvalidArgument");
        expect([error.get("ArgumentName"), error.get("ArgumentValue")]).toEqual(["max-keys", number]);
      }
    });
  }

  it("counts keys and common prefixes together", async () => {
    const page = await list(bucket, { delimiter: "/", "max-keys": 2 });
    expect([keysOf(page), prefixesOf(page), page.get("IsTruncated")]).toEqual([["a"], ["b/"], "true"]);
    expect(page.get("NextMarker")).toBe("b/");
  });
});

describe("where a listing goes on", () => {
  it("is after a marker, which need not be a key", async () => {
    for (const name of ["marker", "start-after"]) {
      const type = name === "marker" ? 1 : 2;
      const from = async (after: string, more: Parameters = {}) =>
        list(bucket, { "list-type": type, [name]: after, ...more });
      const page = await from("b/2");
      expect(keysOf(page)).toEqual(KEYS.slice(KEYS.indexOf("b/2") + 1));
      expect(page.get(name === "marker" ? "Marker" : "StartAfter")).toBe("b/2");
      expect(keysOf(await from("b/2x"))).toEqual(KEYS.slice(KEYS.indexOf("b/2") + 1));
      expect(keysOf(await from("zzz"))).toEqual([]);
      expect(keysOf(await from("a", { prefix: "b/" }))).toEqual(["b/1", "b/2", "b/c/1"]);
      expect(keysOf(await from("c", { prefix: "b/" }))).toEqual([]);
      expect(keysOf(await from("b/1", { prefix: "b/" }))).toEqual(["b/2", "b/c/1"]);
    }
  });

  it("is behind all that a common prefix stands for, if the marker is one", async () => {
    for (const [type, name] of [
      [1, "marker"],
      [2, "start-after"],
    ] as const) {
      const page = await list(bucket, { "list-type": type, delimiter: "/", [name]: "b/" });
      expect([keysOf(page), prefixesOf(page)]).toEqual([["d", "f--1", "f--2", "f-3"], ["e/"]]);
    }
  });

  it("is behind all of the common prefix that a marker lies in, but not of one that start-after does", async () => {
    const name = await server.bucket();
    for (const key of ["d/a", "d/b", "e"]) answered(await server.client.put(`/${name}/${key}`, key), 200);
    const shown = async (query: string) => {
      const page = xml((await server.client.get(`/${name}?delimiter=/&${query}`)).text);
      return [...page.texts("CommonPrefixes/Prefix"), ...page.texts("Contents/Key")];
    };
    expect(await shown("marker=d/a")).toEqual(["e"]);
    expect(await shown("list-type=2&start-after=d/a")).toEqual(["d/", "e"]);
    expect(await shown("prefix=d/&marker=d/a")).toEqual(["d/b"]);
  });

  it("is said by NextMarker only where there is a delimiter", async () => {
    const plain = await list(bucket, { "max-keys": 2 });
    expect([plain.get("IsTruncated"), plain.get("NextMarker")]).toEqual(["true", undefined]);
    const rolled = await list(bucket, { "max-keys": 3, delimiter: "/" });
    expect(rolled.get("NextMarker")).toBe("d");
  });

  it("is where the token says, whatever start-after says beside it", async () => {
    const first = await list(bucket, { "list-type": 2, "max-keys": 3, "start-after": "a" });
    const token = first.get("NextContinuationToken") ?? "";
    const second = await list(bucket, { "list-type": 2, "continuation-token": token, "start-after": "a" });
    expect([...keysOf(first), ...keysOf(second)]).toEqual(KEYS.slice(1));
    expect(second.get("ContinuationToken")).toBe(token);
  });

  for (const token of ["nonsense", "!!", "MWI", "A".repeat(5000)]) {
    it(`is not where somebody else's token says: ${token.slice(0, 20)}`, async () => {
      const { status, text } = await server.client.get(
        `/${bucket}?list-type=2&continuation-token=${encode(token)}`,
      );
      // A token that happens to be well-formed names a place, and is not found out.
      if (token === "MWI") expect([status, keysOf(xml(text))]).toEqual([200, KEYS.slice(1)]);
      else expect([status, xml(text).get("Code")]).toEqual([400, "InvalidArgument"]);
    });
  }

  it("is found by the order of bytes, in which U+10000 follows U+FFFF", async () => {
    const here = await filled("\ue000", "\ue000a", "😀", "😀a");
    const behind = async (prefix: string, marker: string) => keysOf(await list(here, { prefix, marker }));
    expect(await behind("\ue000", "😀")).toEqual([]);
    expect(await behind("😀", "\ue000")).toEqual(["😀", "😀a"]);
    expect(await behind("\ue000", "\ue000")).toEqual(["\ue000a"]);
  });

  it("is after a key that was deleted meanwhile", async () => {
    const here = await filled("a", "b", "c", "d");
    const first = await list(here, { "list-type": 2, "max-keys": 2 });
    answered(await server.client.delete(`/${here}/b`), 204);
    answered(await server.client.put(`/${here}/bb`, ""), 200);
    const token = first.get("NextContinuationToken") ?? "";
    expect(keysOf(await list(here, { "list-type": 2, "continuation-token": token }))).toEqual([
      "bb",
      "c",
      "d",
    ]);
  });
});

describe("any listing, page by page", () => {
  const ALPHABET = ["a", "b", "/", "-", "é", "😀", "\ue000"];
  const words = ALPHABET.flatMap((x) => ALPHABET.flatMap((y) => [x + y, `${x}${y}/z`, `${x}-${y}`]));
  const inByteOrder = (texts: Iterable<string>) =>
    [...texts].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

  /** What S3's user guide says a listing shows, worked out the slow way. */
  function model(keys: string[], prefix: string, delimiter: string): string[] {
    const shown = keys
      .filter((key) => key.startsWith(prefix))
      .map((key) => {
        const place = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
        return place < 0 ? key : `${key.slice(0, place + delimiter.length)} (prefix)`;
      });
    return [...new Set(shown)];
  }

  async function walk(here: string, type: 1 | 2, parameters: Parameters): Promise<string[]> {
    const seen: string[] = [];
    let more: Parameters = {};
    for (let pages = 0; pages < 300; pages++) {
      const page = await list(here, { "list-type": type, ...parameters, ...more });
      const entries = [...keysOf(page), ...prefixesOf(page).map((text) => `${text} (prefix)`)];
      expect(entries.length).toBeLessThanOrEqual(Number(parameters["max-keys"]));
      seen.push(...inByteOrder(entries));
      if (page.get("IsTruncated") === "false") return seen;
      const last = page.get("NextMarker") ?? keysOf(page).at(-1) ?? "";
      more =
        type === 2 ? { "continuation-token": page.get("NextContinuationToken") ?? "" } : { marker: last };
    }
    throw new Error("the listing does not end");
  }

  it("shows everything once and in order, for every prefix, delimiter and length of a page", async () => {
    const keys = inByteOrder(new Set(words));
    const here = await filled(...keys);
    for (const prefix of ["", "a", "é", "😀", "a/", "/"]) {
      for (const delimiter of ["", "/", "-", "😀", "/z"]) {
        const expected = model(keys, prefix, delimiter);
        for (const [type, length] of [
          [2, 7],
          [1, 40],
        ] as const) {
          const asked = { prefix, delimiter, "max-keys": length };
          expect([asked, await walk(here, type, asked)]).toEqual([asked, expected]);
        }
      }
    }
  });
});
