import { beforeAll, describe, expect, it } from "vitest";
import { md5 } from "../support/checksums.ts";
import type { Answer } from "../support/client.ts";
import { type Cost, costOf, inBatches } from "../support/cost.ts";
import { answered } from "../support/expect.ts";
import { useServer } from "../support/server.ts";
import { xml } from "../support/xml.ts";

const server = useServer();

/** Versions of one key, besides its null one, and delete markers of other keys. */
const DEEP = 200;
const MARKED_KEYS = 1000;
const MARKERS = 10_000;

let bucket: string;
/** Of the deep key, newest first. */
const ids: string[] = [];

const deep = (id?: string) => `/${bucket}/deep${id === undefined ? "" : `?versionId=${id}`}`;
const idOf = (answer: Answer) => String(answer.headers["x-amz-version-id"] ?? "null");
const put = async (key: string, body = "bytes") =>
  idOf(answered(await server.client.put(`/${bucket}/${key}`, body), 200));

async function setVersioning(status: string): Promise<void> {
  const document = `<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`;
  answered(await server.client.put(`/${bucket}?versioning`, document), 200);
}

function removeAll(objects: readonly string[]): Promise<Answer> {
  const inside = objects.map((object) => `<Object>${object}</Object>`);
  const body = `<Delete><Quiet>true</Quiet>${inside.join("")}</Delete>`;
  return server.client.post(`/${bucket}?delete`, body, { "content-md5": md5(body, "base64") });
}

const marked = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => `<Key>m/${String(from + i).padStart(4, "0")}</Key>`);

beforeAll(async () => {
  bucket = await server.bucket();
  await put("deep", "the null version");
  await setVersioning("Enabled");
  for (let i = 0; i < DEEP; i++) ids.unshift(await put("deep", `body ${i}`));
  for (let i = 0; i < MARKERS / MARKED_KEYS; i++) answered(await removeAll(marked(0, MARKED_KEYS)), 200);
  await put("a/1");
  await put("z");
});

interface Budget {
  index?: number;
  classA?: number;
  classB?: number;
  read: number;
  written: number;
}

/** Does something on a bucket that is already known, and holds it to its budget. */
async function hold(budget: Budget, act: () => Promise<Answer>): Promise<Answer> {
  answered(await server.client.get(`/${bucket}?max-keys=0`), 200);
  const { answer, cost } = await costOf(server, bucket, act);
  const { index = 1, classA = 0, classB = 0, read, written } = budget;
  const calls: Partial<Cost> = { index, d1: 0, classA, classB, deletes: 0, pending: 0 };
  expect(cost).toMatchObject(calls);
  expect(cost.rowsRead).toBeLessThanOrEqual(read);
  expect(cost.rowsWritten).toBeLessThanOrEqual(written);
  return answer;
}

const READ = { read: 4, written: 0 };
const CHANGE = { read: 8, written: 4 };
/** Where a row more has to move: a null version's own index, or a version that comes to light again. */
const MOVE = { read: 8, written: 5 };

describe("a read of a key with many versions", () => {
  it("costs as little as if it had one", async () => {
    for (const id of [undefined, ids[0], ids[DEEP / 2], ids.at(-1)]) {
      answered(await hold(READ, () => server.client.head(deep(id))), 200);
      answered(await hold({ ...READ, classB: 1 }, () => server.client.get(deep(id))), 200);
      const tags = `${deep(id)}${id === undefined ? "?" : "&"}tagging`;
      answered(await hold(READ, () => server.client.get(tags)), 200);
    }
  });

  it("costs as little if it is the null one", async () => {
    answered(await hold(READ, () => server.client.head(deep("null"))), 200);
    answered(await hold({ ...READ, classB: 1 }, () => server.client.get(deep("null"))), 200);
  });

  it("that is hidden, or not there, costs no more", async () => {
    answered(await hold(READ, () => server.client.head(`/${bucket}/m/0500`)), 404);
    answered(await hold(READ, () => server.client.head(`/${bucket}/m/0500?versionId=null`)), 404);
    // A version of another key.
    answered(await hold(READ, () => server.client.head(`/${bucket}/m/0500?versionId=${ids[0]}`)), 404);
  });
});

describe("a write where there are versions", () => {
  it("costs one put and few rows, whatever it is put over", async () => {
    const write = { ...CHANGE, classA: 1 };
    for (const path of [deep(), `/${bucket}/m/0001`, `/${bucket}/fresh`]) {
      answered(await hold(write, () => server.client.put(path, "bytes")), 200);
      answered(await hold(write, () => server.client.put(path, "other", { "if-match": "*" })), 200);
    }
  });

  it("that deletes costs few rows, whatever it covers", async () => {
    await put("covered");
    for (const path of [`/${bucket}/covered`, `/${bucket}/covered`, `/${bucket}/m/0002`, `/${bucket}/none`]) {
      answered(await hold(CHANGE, () => server.client.delete(path)), 204);
    }
  });

  it("that deletes a version costs few rows, wherever it stands", async () => {
    const remove = (id: string | undefined, budget: Budget) =>
      hold(budget, () => server.client.delete(deep(id)));
    const marker = idOf(answered(await server.client.delete(deep()), 204));
    answered(await remove(marker, MOVE), 204);
    answered(await remove(ids[DEEP / 2 + 1], CHANGE), 204);
    const newest = await put("deep", "newest");
    answered(await remove(newest, MOVE), 204);
  });

  it("that marks a version costs few rows", async () => {
    const tags = "<Tagging><TagSet></TagSet></Tagging>";
    for (const id of ["null", ids.at(-1)]) {
      answered(await hold(CHANGE, () => server.client.put(`${deep(id)}&tagging`, tags)), 200);
    }
  });

  it("that copies an old version costs two calls, and nothing of R2", async () => {
    const source = { "x-amz-copy-source": deep(ids.at(-1)) };
    const budget = { index: 2, read: 12, written: 6 };
    answered(await hold(budget, () => server.client.put(deep(), "", source)), 200);
    answered(await hold(budget, () => server.client.put(`/${bucket}/copy`, "", source)), 200);
  });

  it("that deletes many costs few rows each", async () => {
    const count = 60;
    const each = { read: 4 * count + 4, written: 3 * count + 4 };
    answered(await hold(each, () => removeAll(marked(100, count))), 200);
    const old = ids.slice(20, 20 + count).map((id) => `<Key>deep</Key><VersionId>${id}</VersionId>`);
    answered(await hold(each, () => removeAll(old)), 200);
    const live = Array.from({ length: count }, (_, i) => `live/${i}`);
    await inBatches(live.map((key) => () => put(key)));
    answered(await hold(each, () => removeAll(live.map((key) => `<Key>${key}</Key>`))), 200);
  });
});

describe("a page of versions among ten thousand", () => {
  const page = async (query: string, entries: number, more = 0) => {
    const answer = await hold({ read: 2 * entries + 4 + more, written: 0 }, () =>
      server.client.get(`/${bucket}?versions&${query}`),
    );
    const document = xml(answered(answer, 200).text);
    const found = ["Version", "DeleteMarker", "CommonPrefixes"].flatMap((name) => document.all(name));
    expect(found).toHaveLength(entries);
  };

  it("reads a row or two an entry, wherever it begins", async () => {
    await page("prefix=m/", 1000);
    await page("prefix=m/&key-marker=m/0500", 1000);
    await page("key-marker=m/0400&max-keys=10", 10);
    await page(`key-marker=deep&version-id-marker=${ids[5]}&max-keys=10`, 10);
    await page("key-marker=z", 0);
  });

  it("looks for a null version that it has to begin behind, and reads as little", () =>
    page("key-marker=deep&version-id-marker=null&prefix=deep", 0, 4));

  it("reads a row or two a common prefix, not the versions below it", () =>
    page("delimiter=/&key-marker=deep&prefix=m", 1));
});

describe("a page of objects among ten thousand delete markers", () => {
  it("reads the rows that it returns, and no marker", async () => {
    for (const query of [
      "prefix=z",
      "start-after=deep&prefix=m/",
      "start-after=m/0200&prefix=m/03",
      "delimiter=/",
    ]) {
      const { answer, cost } = await costOf(server, bucket, () =>
        server.client.get(`/${bucket}?list-type=2&${query}`),
      );
      const document = xml(answered(answer, 200).text);
      const entries = document.all("Contents").length + document.all("CommonPrefixes").length;
      expect(entries).toBeLessThan(20);
      expect(cost.rowsRead).toBeLessThanOrEqual(2 * entries + 4);
    }
  });
});

describe("where versioning is suspended", () => {
  beforeAll(async () => {
    await put("null-current");
    await setVersioning("Suspended");
  });

  it("a write costs few rows, whatever it replaces", async () => {
    const write = { ...MOVE, classA: 1 };
    // Over a version, the null one being far below; over the null one; over a null marker.
    answered(await hold(write, () => server.client.put(deep(), "null")), 200);
    answered(await hold(write, () => server.client.put(deep(), "null again")), 200);
    answered(await hold(MOVE, () => server.client.delete(deep())), 204);
    answered(await hold(MOVE, () => server.client.delete(deep())), 204);
    answered(await hold(write, () => server.client.put(deep(), "null once more")), 200);
  });

  it("the null version is covered, and removed, for few rows once there are versions again", async () => {
    answered(await server.client.put(`/${bucket}/null-current`, "null"), 200);
    await setVersioning("Enabled");
    answered(await hold(MOVE, () => server.client.delete(`/${bucket}/null-current`)), 204);
    answered(await hold(MOVE, () => server.client.delete(deep("null"))), 204);
  });
});

describe("a page of keys and common prefixes by turns", () => {
  const query = "delimiter=/";
  let mixed: string;

  beforeAll(async () => {
    mixed = await server.bucket();
    await server.version(mixed);
    const runs = [0, 1, 2, 3, 5, 8, 1];
    const keys = runs.flatMap((plain, run) => [
      ...Array.from({ length: plain }, (_, i) => `${run}-${i}`),
      ...Array.from({ length: 9 }, (_, i) => `${run}/${i}`),
    ]);
    for (const key of [...keys, ...keys]) answered(await server.client.put(`/${mixed}/${key}`, key), 200);
  });

  for (const what of ["list-type=2", "versions"]) {
    it(`reads at most two rows an entry, by ${what}`, async () => {
      const first = answered(await server.client.get(`/${mixed}?${what}&${query}`), 200);
      const shown = ["Contents", "Version", "CommonPrefixes"].flatMap((name) => xml(first.text).all(name));
      expect(shown.length).toBeGreaterThan(20);
      const { cost } = await costOf(server, mixed, () => server.client.get(`/${mixed}?${what}&${query}`));
      expect(cost.rowsRead).toBeLessThanOrEqual(2 * shown.length + 4);
    });
  }
});
