import { describe, expect, it } from "vitest";
import { md5 } from "../support/checksums.ts";
import { at, encode } from "../support/client.ts";
import { answered, refused } from "../support/expect.ts";
import { useServer } from "../support/server.ts";
import { type Element, xml } from "../support/xml.ts";

const server = useServer();

/** A version or marker as a naive memory keeps it; `body` undefined: a marker. */
interface Row {
  key: string;
  id: string;
  body: string | undefined;
}

/** A row as a listing shows it, or a common prefix. */
type Shown = { key: string; id: string; etag: string | undefined; latest: boolean } | { prefix: string };

interface Window {
  prefix: string;
  delimiter: string;
  limit: number;
  key: string;
  id: string;
}

interface Page {
  shown: Shown[];
  next: { key: string; id: string } | undefined;
}

const bytes = (text: string) => Buffer.from(text);

/** The page that S3 would give, found by looking at every row there is. */
function naivePage(rows: readonly Row[], { prefix, delimiter, limit, key, id }: Window): Page {
  const place = rows.findIndex((row) => row.key === key && row.id === id);
  const found: Shown[] = [];
  for (const [index, row] of rows.entries()) {
    const order = Buffer.compare(bytes(row.key), bytes(key));
    const behind = key === "" || order > 0 || (order === 0 && id !== "" && index > place);
    if (!behind || !row.key.startsWith(prefix)) continue;
    const cut = delimiter === "" ? -1 : row.key.indexOf(delimiter, prefix.length);
    const common = cut < 0 ? undefined : row.key.slice(0, cut + delimiter.length);
    if (common === undefined) {
      const etag = row.body === undefined ? undefined : `"${md5(row.body)}"`;
      found.push({ key: row.key, id: row.id, etag, latest: rows[index - 1]?.key !== row.key });
    } else if (!key.startsWith(common) && !found.some((one) => "prefix" in one && one.prefix === common)) {
      found.push({ prefix: common });
    }
  }
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  if (found.length <= limit || last === undefined) return { shown, next: undefined };
  return { shown, next: "prefix" in last ? { key: last.prefix, id: "" } : { key: last.key, id: last.id } };
}

function readEntries(document: Element): Shown[] {
  const [versions, markers] = [document.all("Version").values(), document.all("DeleteMarker").values()];
  return document.names.flatMap((name) => {
    if (name !== "Version" && name !== "DeleteMarker") return [];
    const entry = (name === "Version" ? versions : markers).next().value;
    if (entry === undefined) return [];
    const [key, id] = [entry.get("Key") ?? "", entry.get("VersionId") ?? ""];
    return [{ key, id, etag: entry.get("ETag"), latest: entry.get("IsLatest") === "true" }];
  });
}

const nameOf = (one: Shown) => bytes("prefix" in one ? one.prefix : one.key);

async function ask(bucket: string, { prefix, delimiter, limit, key, id }: Window): Promise<Page> {
  const asked = { prefix, delimiter, "max-keys": String(limit), "key-marker": key, "version-id-marker": id };
  const given = Object.entries(asked).filter(([, value]) => value !== "");
  const query = given.map(([name, value]) => `${name}=${encode(value)}`).join("&");
  const document = xml(answered(await server.client.get(`/${bucket}?versions&${query}`), 200).text);
  expect([document.get("KeyMarker"), document.get("VersionIdMarker")]).toEqual([key, id]);
  const prefixes = document.texts("CommonPrefixes/Prefix").map((text) => ({ prefix: text }));
  // Stable: versions of a key stay as they came.
  const shown = [...readEntries(document), ...prefixes].toSorted((a, b) =>
    Buffer.compare(nameOf(a), nameOf(b)),
  );
  const next = document.get("NextKeyMarker");
  expect(document.get("IsTruncated")).toBe(String(next !== undefined));
  return {
    shown,
    next: next === undefined ? undefined : { key: next, id: document.get("NextVersionIdMarker") ?? "" },
  };
}

/** Random numbers that come again for the same seed. */
function randomOf(seed: number) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  const among = <T>(choices: readonly T[]): T => {
    const chosen = choices[below(choices.length)];
    if (chosen === undefined) throw new Error("nothing to choose from");
    return chosen;
  };
  return { below, among };
}

type Random = ReturnType<typeof randomOf>;

const KEYS = [
  "a",
  "a/",
  "a/b",
  "a/b/c",
  "a//b",
  "b",
  "b/x",
  "b/y",
  "c d+e",
  "é",
  "\u{e000}/1",
  "\u{10000}/1",
];
const PREFIXES = ["", "", "a", "a/", "b", "é", "\u{e000}", "none"];
const DELIMITERS = ["", "", "/", "/", "b", "//", "é"];
const STEPS = 70;

/** Does random things to a bucket, and the same to a memory of it: rows by key as bytes, newest first. */
async function history(bucket: string, { below, among }: Random): Promise<Row[]> {
  const rows = new Map<string, Row[]>(KEYS.map((key) => [key, []]));
  let state: "off" | "Enabled" | "Suspended" = "off";
  for (let turn = 0; turn < STEPS; turn++) {
    const key = among(KEYS);
    const path = at(bucket, key);
    const held = rows.get(key) ?? [];
    const kept = state === "Enabled" ? held : held.filter(({ id }) => id !== "null");
    const dice = below(100);
    if (dice < 8) {
      state = state === "Enabled" ? "Suspended" : "Enabled";
      const document = `<VersioningConfiguration><Status>${state}</Status></VersioningConfiguration>`;
      answered(await server.client.put(`/${bucket}?versioning`, document), 200);
    } else if (dice < 20 && held.length > 0) {
      const { id } = among(held);
      answered(await server.client.delete(`${path}?versionId=${id}`), 204);
      rows.set(
        key,
        held.filter((row) => row.id !== id),
      );
    } else if (dice < 40) {
      const { headers } = answered(await server.client.delete(path), 204);
      const id = String(headers["x-amz-version-id"]);
      rows.set(key, state === "off" ? kept : [{ key, id, body: undefined }, ...kept]);
    } else {
      const body = `body ${turn}`;
      const { headers } = answered(await server.client.put(path, body), 200);
      rows.set(key, [{ key, id: String(headers["x-amz-version-id"] ?? "null"), body }, ...kept]);
    }
  }
  return KEYS.toSorted((a, b) => Buffer.compare(bytes(a), bytes(b))).flatMap((key) => rows.get(key) ?? []);
}

/** Pages from here to the end, each held against the naive one. */
async function follow(bucket: string, rows: readonly Row[], from: Window): Promise<void> {
  for (let window: Window | undefined = from; window !== undefined; ) {
    const expected = naivePage(rows, window);
    expect({ window, page: await ask(bucket, window) }).toEqual({ window, page: expected });
    window = expected.next && { ...window, ...expected.next };
  }
}

// The last seed is another one each time; its name says which.
for (const seed of [1, 2, 3, 4, Date.now() % 1_000_000]) {
  describe(`a history of seed ${seed}`, () => {
    it("is listed as a naive memory of it would be, on pages of any size from any marker", async () => {
      const bucket = await server.bucket();
      const random = randomOf(seed);
      const rows = await history(bucket, random);
      const whole = { prefix: "", delimiter: "", limit: 1000, key: "", id: "" };
      await follow(bucket, rows, whole);
      const { text } = await server.client.get(`/${bucket}?list-type=2`);
      const latest = rows.filter(
        ({ key, body }, index) => rows[index - 1]?.key !== key && body !== undefined,
      );
      expect(xml(text).texts("Contents/Key")).toEqual(latest.map(({ key }) => key));
      for (let i = 0; i < 24; i++) {
        const { key, id } = random.among([{ key: "", id: "" }, { key: "a/", id: "" }, ...rows]);
        const prefix = random.among(PREFIXES);
        const delimiter = random.among(DELIMITERS);
        const limit = 1 + random.below(6);
        const start = random.below(2) === 0 ? { key, id } : { key, id: "" };
        await follow(bucket, rows, { prefix, delimiter, limit, ...start });
      }
    });
  });
}

async function versionedBucket(): Promise<string> {
  const bucket = await server.bucket();
  const document = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
  answered(await server.client.put(`/${bucket}?versioning`, document), 200);
  return bucket;
}

async function put(path: string, body: string): Promise<string> {
  return String(answered(await server.client.put(path, body), 200).headers["x-amz-version-id"]);
}

describe("a listing of versions", () => {
  it("of an unversioned bucket shows each object as its null version", async () => {
    const bucket = await server.bucket();
    answered(await server.client.put(`/${bucket}/k`, "body"), 200);
    const { text } = await server.client.get(`/${bucket}?versions`);
    const [version] = xml(text).all("Version");
    expect(
      ["Key", "VersionId", "IsLatest", "Size", "StorageClass"].map((name) => version?.get(name)),
    ).toEqual(["k", "null", "true", "4", "STANDARD"]);
    expect(version?.get("LastModified")).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(version?.get("Owner/ID")).toMatch(/^[0-9a-f]{64}$/);
  });

  it("shows of a marker whose it is and when it was made, and nothing of bytes", async () => {
    const bucket = await versionedBucket();
    answered(await server.client.delete(`/${bucket}/k`), 204);
    const [marker] = xml((await server.client.get(`/${bucket}?versions`)).text).all("DeleteMarker");
    expect(marker?.names.toSorted()).toEqual(["IsLatest", "Key", "LastModified", "Owner", "VersionId"]);
  });

  it("encodes keys, prefixes and markers if asked to", async () => {
    const bucket = await versionedBucket();
    const key = "a b/ü&<\u{1}>";
    await put(at(bucket, key), "one");
    await put(at(bucket, key), "two");
    const query = `versions&encoding-type=url&max-keys=1&prefix=${encode("a b")}&delimiter=${encode("ü")}`;
    const rolled = xml((await server.client.get(`/${bucket}?${query}`)).text);
    expect([rolled.get("EncodingType"), rolled.get("Prefix"), rolled.get("Delimiter")]).toEqual([
      "url",
      encode("a b"),
      encode("ü"),
    ]);
    expect(rolled.texts("CommonPrefixes/Prefix")).toEqual([encode("a b/ü").replace("%2F", "/")]);
    const flat = xml((await server.client.get(`/${bucket}?versions&encoding-type=url&max-keys=1`)).text);
    const spelled = encode(key).replace("%2F", "/");
    expect([flat.get("Version/Key"), flat.get("NextKeyMarker")]).toEqual([spelled, spelled]);
  });

  it("of no entries is empty and not truncated", async () => {
    const bucket = await versionedBucket();
    await put(`/${bucket}/k`, "body");
    const document = xml((await server.client.get(`/${bucket}?versions&max-keys=0`)).text);
    expect([document.get("IsTruncated"), document.all("Version"), document.get("MaxKeys")]).toEqual([
      "false",
      [],
      "0",
    ]);
  });

  it("needs a key to begin behind a version of it", async () => {
    const bucket = await versionedBucket();
    const id = await put(`/${bucket}/k`, "body");
    refused(await server.client.get(`/${bucket}?versions&version-id-marker=${id}`), 400, "InvalidArgument");
  });

  it("does not begin behind what could be no version", async () => {
    const bucket = await versionedBucket();
    await put(`/${bucket}/k`, "body");
    const path = `/${bucket}?versions&key-marker=k&version-id-marker=nonsense`;
    refused(await server.client.get(path), 400, "InvalidArgument");
  });

  it("goes on behind a version that was removed meanwhile", async () => {
    const bucket = await versionedBucket();
    const ids = [
      await put(`/${bucket}/k`, "1"),
      await put(`/${bucket}/k`, "2"),
      await put(`/${bucket}/k`, "3"),
    ];
    const middle = ids[1] ?? "";
    answered(await server.client.delete(`/${bucket}/k?versionId=${middle}`), 204);
    const { text } = await server.client.get(`/${bucket}?versions&key-marker=k&version-id-marker=${middle}`);
    expect(xml(text).texts("Version/VersionId")).toEqual([ids[0]]);
  });

  it("tells the latest version, also if all newer ones were removed since the page before", async () => {
    const bucket = await versionedBucket();
    const ids: string[] = [];
    for (const body of ["1", "2", "3", "4"]) ids.push(await put(`/${bucket}/k`, body));
    const [, , third = "", fourth = ""] = ids;
    const latest = async (from: string) => {
      const { text } = await server.client.get(`/${bucket}?versions&key-marker=k&version-id-marker=${from}`);
      return xml(text).texts("Version/IsLatest");
    };
    expect(await latest(third)).toEqual(["false", "false"]);
    for (const id of [third, fourth]) {
      answered(await server.client.delete(`/${bucket}/k?versionId=${id}`), 204);
    }
    expect(await latest(third)).toEqual(["true", "false"]);
    answered(await server.client.delete(`/${bucket}/k`), 204);
    expect(await latest(third)).toEqual(["false", "false"]);
  });

  it("leaves out nothing when the null version that a page ended at is removed", async () => {
    const bucket = await versionedBucket();
    const first = await put(`/${bucket}/k`, "1");
    const suspend = "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>";
    answered(await server.client.put(`/${bucket}?versioning`, suspend), 200);
    answered(await server.client.put(`/${bucket}/k`, "2"), 200);
    const page = xml((await server.client.get(`/${bucket}?versions&max-keys=1`)).text);
    expect([page.get("NextKeyMarker"), page.get("NextVersionIdMarker")]).toEqual(["k", "null"]);
    answered(await server.client.delete(`/${bucket}/k?versionId=null`), 204);
    const { text } = await server.client.get(`/${bucket}?versions&key-marker=k&version-id-marker=null`);
    expect(xml(text).texts("Version/VersionId")).toEqual([first]);
  });

  it("is refused to strangers", async () => {
    const bucket = await versionedBucket();
    const { client } = await server.account("Stranger");
    refused(await client.get(`/${bucket}?versions`), 403, "AccessDenied");
  });
});
