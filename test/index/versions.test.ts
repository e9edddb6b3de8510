import { describe, expect, it } from "vitest";
import { audit } from "../support/audit.ts";
import { md5 } from "../support/checksums.ts";
import type { Answer } from "../support/client.ts";
import { answered, refused } from "../support/expect.ts";
import { IndexClient } from "../support/index-client.ts";
import { useServer } from "../support/server.ts";
import { upload } from "../support/uploads.ts";
import { xml } from "../support/xml.ts";

const server = useServer();

async function setVersioning(bucket: string, status: string): Promise<void> {
  const document = `<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`;
  answered(await server.client.put(`/${bucket}?versioning`, document), 200);
}

async function versioned(): Promise<string> {
  const bucket = await server.bucket();
  await setVersioning(bucket, "Enabled");
  return bucket;
}

const idOf = (answer: Answer) => String(answered(answer, 200).headers["x-amz-version-id"] ?? "null");
const by = (path: string, id: string) => `${path}?versionId=${id}`;
const remove = async (path: string, headers?: Record<string, string>) =>
  answered(await server.client.delete(path, headers), 204);

async function idsOf(bucket: string, key = ""): Promise<string[]> {
  const document = xml((await server.client.get(`/${bucket}?versions&prefix=${key}`)).text);
  return [...document.texts("Version/VersionId"), ...document.texts("DeleteMarker/VersionId")];
}

async function counts(bucket: string): Promise<{ named: number; litter: number }> {
  const { named, litter, orphans } = await audit(server, await server.idOf(bucket));
  expect(orphans).toEqual([]);
  return { named: named.length, litter: litter.length };
}

function ordersOf<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((first) =>
    ordersOf(items.filter((item) => item !== first)).map((rest) => [first, ...rest]),
  );
}

const BODIES: [what: string, make: (path: string) => Promise<Answer>, orders: number[][]][] = [
  ["put whole", (path) => server.client.put(path, "shared"), ordersOf([0, 1, 2, 3])],
  [
    "uploaded in parts",
    (path) => upload(server.client, path, ["shared"]),
    ordersOf([0, 1, 2, 3]).slice(0, 6),
  ],
];

describe("versions that share their bytes", () => {
  it.each(BODIES)("let go of them with the last one, in every order: %s", async (_what, make, orders) => {
    const bucket = await versioned();
    const path = `/${bucket}/k`;
    for (const [turn, order] of orders.entries()) {
      const first = by(path, idOf(await make(path)));
      const copy = async (to: string, from: string) =>
        by(to, idOf(await server.client.put(to, "", { "x-amz-copy-source": from })));
      const restored = await copy(path, first);
      const other = await copy(`/${bucket}/l`, restored);
      const holders = [first, restored, other, await copy(`/${bucket}/l`, other)];
      expect(await counts(bucket)).toEqual({ named: 1, litter: turn });
      for (const [place, holder] of order.entries()) {
        await remove(holders[holder] ?? "");
        const gone = place === holders.length - 1;
        if (place >= holders.length - 2) {
          expect(await counts(bucket)).toEqual({ named: gone ? 0 : 1, litter: gone ? turn + 1 : turn });
        }
        const next = holders[order[place + 1] ?? -1];
        if (next !== undefined) expect((await server.client.get(next)).text).toBe("shared");
      }
    }
  });
});

/** Random numbers that come again for the same seed. */
function randomOf(seed: number) {
  let state = seed | 1;
  const below = (limit: number) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
  return { below, among: <T>(items: readonly T[]): T => items[below(items.length)] as T };
}

/** A version as a naive memory keeps it; a body of undefined is a delete marker. */
interface Held {
  id: string;
  body: string | undefined;
}

const STEPS = 90;

/** Puts, copies, uploads and removes at random, with a naive memory of what should be there, newest first. */
async function wander(
  bucket: string,
  { below, among }: ReturnType<typeof randomOf>,
): Promise<Map<string, Held[]>> {
  const paths = ["a", "b", "c"].map((key) => `/${bucket}/${key}`);
  const all = new Map<string, Held[]>(paths.map((path) => [path, []]));
  let state = "off";
  const lay = (path: string, answer: Answer, body: string | undefined) => {
    const id = String(answer.headers["x-amz-version-id"] ?? "null");
    const held = all.get(path) ?? [];
    all.set(path, [{ id, body }, ...(state === "Enabled" ? held : held.filter((one) => one.id !== "null"))]);
  };
  for (let turn = 0; turn < STEPS; turn++) {
    const path = among(paths);
    const held = all.get(path) ?? [];
    const sources = paths.flatMap((from) => (all.get(from) ?? []).map((one) => ({ from, ...one })));
    const readable = sources.filter(({ body }) => body !== undefined);
    const dice = below(10);
    if (dice === 0) {
      state = state === "Enabled" ? "Suspended" : "Enabled";
      await setVersioning(bucket, state);
    } else if (dice < 3 && held.length > 0) {
      const { id } = among(held);
      await remove(by(path, id));
      all.set(
        path,
        held.filter((one) => one.id !== id),
      );
    } else if (dice === 3) {
      const answer = await remove(path);
      if (state === "off")
        all.set(
          path,
          held.filter(({ id }) => id !== "null"),
        );
      else lay(path, answer, undefined);
    } else if (dice < 7 && readable.length > 0) {
      const { from, id, body } = among(readable);
      const headers = { "x-amz-copy-source": by(from, id), "x-amz-metadata-directive": "REPLACE" };
      lay(path, answered(await server.client.put(path, "", headers), 200), body);
    } else if (dice === 7) {
      lay(path, answered(await upload(server.client, path, [`part ${turn}`]), 200), `part ${turn}`);
    } else {
      lay(path, answered(await server.client.put(path, `body ${turn}`), 200), `body ${turn}`);
    }
  }
  return all;
}

describe("a bucket's bytes", () => {
  // The last seed is another one each time; its name says which.
  it.each([1, 2, 3, Date.now() % 1_000_000])(
    "are named once each, and all, whatever shares, replaces and removes them: seed %i",
    async (seed) => {
      const bucket = await server.bucket();
      const all = await wander(bucket, randomOf(seed));
      const bodies = new Set<string>();
      for (const [path, held] of all) {
        for (const { id, body } of held) {
          if (body !== undefined) bodies.add(body);
          const { status, text } = await server.client.get(by(path, id));
          expect([path, id, status, status === 200 ? text : undefined]).toEqual([
            path,
            id,
            body === undefined ? 405 : 200,
            body,
          ]);
        }
      }
      expect((await counts(bucket)).named).toBe(bodies.size);
      for (const [path, held] of all) for (const { id } of held) await remove(by(path, id));
      expect([await idsOf(bucket), (await counts(bucket)).named]).toEqual([[], 0]);
      answered(await server.client.delete(`/${bucket}`), 204);
    },
  );
});

const MANY = 50;
const all = (act: (place: number) => Promise<Answer>) =>
  Promise.all(Array.from({ length: MANY }, (_, place) => act(place)));

describe("of fifty at once", () => {
  it.each(["where there is nothing", "behind a delete marker"])(
    "that must not replace anything, one makes the object: %s",
    async (where) => {
      const bucket = where === "where there is nothing" ? await server.bucket() : await versioned();
      const path = `/${bucket}/k`;
      if (where === "behind a delete marker") await remove(path);
      const answers = await all((i) => server.client.put(path, `body ${i}`, { "if-none-match": "*" }));
      const winner = answers.findIndex(({ status }) => status === 200);
      for (const [place, answer] of answers.entries()) {
        if (place !== winner) refused(answer, 412, "PreconditionFailed");
      }
      expect((await server.client.get(path)).text).toBe(`body ${winner}`);
      expect(await counts(bucket)).toEqual({ named: 1, litter: MANY - 1 });
    },
  );

  it("that must replace the same object, one does", async () => {
    const bucket = await versioned();
    const path = `/${bucket}/k`;
    answered(await server.client.put(path, "first"), 200);
    const answers = await all((i) => server.client.put(path, `body ${i}`, { "if-match": md5("first") }));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect([await counts(bucket), (await idsOf(bucket)).length]).toEqual([{ named: 2, litter: MANY - 1 }, 2]);
  });

  it("that must delete the same object, one does", async () => {
    const bucket = await versioned();
    const path = `/${bucket}/k`;
    answered(await server.client.put(path, "first"), 200);
    const answers = await all(() => server.client.delete(path, { "if-match": md5("first") }));
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    expect(await idsOf(bucket)).toHaveLength(2);
  });

  it("that delete, each leaves its marker; that remove one version, it is gone once", async () => {
    const bucket = await versioned();
    const path = `/${bucket}/k`;
    const id = idOf(await server.client.put(path, "first"));
    const markers = await all(() => server.client.delete(path));
    expect(new Set(markers.map(({ headers }) => headers["x-amz-version-id"])).size).toBe(MANY);
    for (const { status } of await all(() => server.client.delete(by(path, id)))) expect(status).toBe(204);
    expect([await counts(bucket), (await idsOf(bucket)).length]).toEqual([{ named: 0, litter: 1 }, MANY]);
  });
});

describe("a removal with conditions", () => {
  const ETAG = md5("bytes");
  const HOUR = 3_600_000;
  /** One that never had versions, and one that has them. */
  let buckets: string[] | undefined;
  type Asked = { etag?: string; size?: number; modified?: number };
  /** Times as they stand to the object's. */
  const CASES: [asked: Asked, holds: boolean][] = [
    [{ etag: `"${ETAG}"` }, true],
    [{ etag: ETAG }, true],
    [{ etag: "*" }, true],
    [{ etag: '"other"' }, false],
    [{ size: 5 }, true],
    [{ size: 4 }, false],
    [{ modified: 0 }, true],
    [{ modified: -HOUR }, false],
    [{ modified: HOUR }, false],
    [{ etag: ETAG, size: 5, modified: 0 }, true],
    [{ etag: '"other"', size: 5, modified: 0 }, false],
    [{ etag: ETAG, size: 6, modified: 0 }, false],
    [{ etag: ETAG, size: 5, modified: HOUR }, false],
  ];
  const single = async (path: string, { etag, size, modified }: Asked, id?: string) => {
    const headers = {
      ...(etag !== undefined && { "if-match": etag }),
      ...(size !== undefined && { "x-amz-if-match-size": String(size) }),
      ...(modified !== undefined && {
        "x-amz-if-match-last-modified-time": new Date(modified).toUTCString(),
      }),
    };
    const { status, text } = await server.client.delete(id === undefined ? path : by(path, id), headers);
    return status === 204 ? undefined : [status, xml(text).get("Code")];
  };
  const several = async (path: string, { etag, size, modified }: Asked, id?: string) => {
    const [, bucket = "", key = ""] = path.split("/");
    const named = {
      Key: key,
      VersionId: id,
      ETag: etag,
      Size: size,
      LastModifiedTime: modified === undefined ? undefined : new Date(modified).toISOString(),
    };
    const inside = Object.entries(named).map(([name, value]) =>
      value === undefined ? "" : `<${name}>${value}</${name}>`,
    );
    const body = `<Delete><Object>${inside.join("")}</Object><Object><Key>other</Key></Object></Delete>`;
    const headers = { "content-md5": md5(body, "base64") };
    const { text } = answered(await server.client.post(`/${bucket}?delete`, body, headers), 200);
    expect(xml(text).texts("Deleted/Key")).toContain("other");
    const [code] = xml(text).texts("Error/Code");
    return code === undefined ? undefined : [412, code];
  };

  for (const [way, act] of [
    ["alone", single],
    ["among several", several],
  ] as const) {
    it.each(CASES)(`is done only if they hold, ${way}: %o`, async (asked, holds) => {
      buckets ??= [await server.bucket(), await versioned()];
      for (const bucket of buckets) {
        const path = `/${bucket}/${crypto.randomUUID()}`;
        answered(await server.client.put(path, "bytes"), 200);
        const head = await server.client.head(path);
        const made = Date.parse(String(head.headers["last-modified"]));
        const meant = asked.modified === undefined ? asked : { ...asked, modified: made + asked.modified };
        expect(await act(path, meant)).toEqual(holds ? undefined : [412, "PreconditionFailed"]);
        expect((await server.client.head(path)).status).toBe(holds ? 404 : 200);
        if (holds) continue;
        const id = head.headers["x-amz-version-id"] ?? "null";
        expect(await act(path, meant, String(id))).toEqual([412, "PreconditionFailed"]);
        expect((await server.client.get(path)).text).toBe("bytes");
      }
    });

    it(`is nothing where there is nothing, and refused if it names an etag, ${way}`, async () => {
      const bucket = await versioned();
      expect((await act(`/${bucket}/none`, { etag: '"other"' }))?.[1]).toBe("NoSuchKey");
      expect(await act(`/${bucket}/none`, { size: 1 })).toBeUndefined();
      expect(await idsOf(bucket, "none")).toEqual([]);
    });

    it(`does not take a delete marker for an object with that etag, ${way}`, async () => {
      const bucket = await versioned();
      await remove(`/${bucket}/k`);
      expect(await act(`/${bucket}/k`, { etag: `"${ETAG}"` })).toEqual([412, "PreconditionFailed"]);
      expect(await idsOf(bucket, "k")).toHaveLength(1);
    });
  }

  it.each([
    ["x-amz-if-match-size", "many"],
    ["x-amz-if-match-last-modified-time", "yesterday"],
  ])("is refused if %s cannot be read", async (name, value) => {
    const path = `/${await server.bucket()}/k`;
    answered(await server.client.put(path, "bytes"), 200);
    refused(await server.client.delete(path, { [name]: value }), 400, "InvalidArgument");
    expect((await server.client.get(path)).text).toBe("bytes");
  });
});

describe("a locked null version", () => {
  const lock = { hold: true };
  const description = { headers: {}, metadata: {} };
  const draft = { key: "k", etag: "kept", size: 4, owner: "owner", description, lock };
  const blocked = { refused: "locked" };

  async function take(index: IndexClient, operationId: string, versioning: string, versionId?: string) {
    const request = { entries: [{ key: "k", versionId }], versioning, bypass: true, owner: "owner" };
    const mutator = { generation: 5, operationId };
    return index.call("remove", mutator, request) as Promise<{ removed?: unknown[] }>;
  }

  it("gives way to nothing, whatever a caller believes of the bucket", async () => {
    const index = await new IndexClient(server).open();
    await index.put("1", "k", "kept", { draft });
    for (const [place, versioning] of ["off", "suspended"].entries()) {
      expect(await index.put(`put ${place}`, "k", `fresh ${place}`, { versioning })).toEqual(blocked);
      expect((await take(index, `remove ${place}`, versioning)).removed).toEqual([blocked]);
    }
    // As an older version it is as safe as it was as the current one.
    expect((await index.put("2", "k", "newer", { versioning: "enabled" })).committed).toBeDefined();
    expect(await index.put("3", "k", "fresh 2", { versioning: "suspended" })).toEqual(blocked);
    expect((await take(index, "4", "suspended")).removed).toEqual([blocked]);
    const body = { kind: "extents", name: "upload", extents: [{ number: 1, blob: "part", size: 4 }] };
    const ended = { body, versioning: "suspended", upload: { id: "upload", unchosen: [] } };
    expect(await index.put("5", "k", "", ended)).toEqual(blocked);
    expect((await take(index, "6", "enabled", "null")).removed).toEqual([blocked]);
    // Bytes of refused writes are litter; those of an upload stay its own.
    expect(await index.litter()).toEqual(["fresh 0", "fresh 1", "fresh 2"]);
    const rows = await index.sql<{ body: string }>("select body from older union select body from current");
    expect(rows.map(({ body: name }) => name)).toEqual(["kept", "newer"]);
    expect(await index.close()).toEqual({ closed: false });
  });
});

describe("what is done to versions", () => {
  it.each(["before", "after"] as const)("is done once although its answer is lost: %s", async (how) => {
    const bucket = await versioned();
    const path = `/${bucket}/k`;
    const lossy = (call: string) => server.client.failing({ store: "index", call, how });
    const first = idOf(await lossy("put").put(path, "first"));
    const copied = idOf(await lossy("put").put(path, "", { "x-amz-copy-source": by(path, first) }));
    expect(await idsOf(bucket)).toEqual([copied, first]);
    const marker = String((await lossy("remove").delete(path)).headers["x-amz-version-id"]);
    expect(await idsOf(bucket)).toEqual([copied, first, marker]);
    answered(await lossy("remove").delete(by(path, marker)), 204);
    answered(await lossy("remove").delete(by(path, copied)), 204);
    expect([await idsOf(bucket), (await server.client.get(path)).text]).toEqual([[first], "first"]);
    const tags = "<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>";
    answered(await lossy("mark").put(`${path}?tagging`, tags), 200);
    expect((await server.client.head(path)).headers["x-amz-tagging-count"]).toBe("1");
    expect(await counts(bucket)).toEqual({ named: 1, litter: 0 });
  });

  it("keeps its order when the index has slept", async () => {
    const bucket = await versioned();
    const index = await server.idOf(bucket);
    const ids: string[] = [];
    for (let turn = 0; turn < 6; turn++) {
      ids.unshift(idOf(await server.client.put(`/${bucket}/k`, `body ${turn}`)));
      if (turn % 2 === 0) await server.order({ do: "restart", index });
    }
    expect(await idsOf(bucket)).toEqual(ids);
    expect((await server.client.get(`/${bucket}/k`)).text).toBe("body 5");
  });
});
