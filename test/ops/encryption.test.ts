import { randomBytes } from "node:crypto";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { audit } from "../support/audit.ts";
import { md5 } from "../support/checksums.ts";
import type { Answer } from "../support/client.ts";
import { answered, refused } from "../support/expect.ts";
import { useServer } from "../support/server.ts";
import { begin, complete, type Part, partPath } from "../support/uploads.ts";
import { xml } from "../support/xml.ts";

const server = useServer();
const strict = useServer({ vars: { PLAIN_KEYS: "" } });
let bucket: string;

beforeAll(async () => {
  bucket = await server.bucket();
});

afterEach(() => {
  vi.restoreAllMocks();
});

const SSE = "x-amz-server-side-encryption";
type Prefix = "x-amz" | "x-amz-copy-source";

/** The three headers of a client's key. */
function keyed(key: Buffer, prefix: Prefix = "x-amz"): Record<string, string> {
  const name = `${prefix}-server-side-encryption-customer`;
  return {
    [`${name}-algorithm`]: "AES256",
    [`${name}-key`]: key.toString("base64"),
    [`${name}-key-md5`]: md5(key, "base64"),
  };
}

const [A, B] = [randomBytes(32), randomBytes(32)];
const UNDER_A = keyed(A);
const UNDER_B = keyed(B);
const S3 = { [SSE]: "AES256" };

/** What an answer shows of encryption. */
function shown({ headers }: Answer): Record<string, string> {
  const found = Object.entries(headers).filter(([name]) => name.startsWith(SSE));
  return Object.fromEntries(found.map(([name, value]) => [name, String(value)]));
}

const shownKey = (key: Buffer) => ({
  [`${SSE}-customer-algorithm`]: "AES256",
  [`${SSE}-customer-key-md5`]: md5(key, "base64"),
});

async function put(path: string, headers: Record<string, string> = {}, body = "secret"): Promise<string> {
  answered(await server.client.put(path, body, headers), 200);
  return path;
}

const copy = (to: string, from: string, headers: Record<string, string> = {}) =>
  server.client.put(to, "", { "x-amz-copy-source": from, ...headers });

async function copyPart(path: string, key: Record<string, string>): Promise<Answer> {
  const id = await begin(server.client, `/${bucket}/parts-of`);
  return copy(partPath(`/${bucket}/parts-of`, id, 1), path, key);
}

const OF_ETAG = { "x-amz-object-attributes": "ETag" };
type Reading = (path: string, key: Record<string, string>) => Promise<Answer>;

/** Every request that reads an object's bytes, or what follows from them. */
const READS: [name: string, prefix: Prefix, read: Reading][] = [
  ["GET", "x-amz", (path, key) => server.client.get(path, key)],
  ["GET of a range", "x-amz", (path, key) => server.client.get(path, { range: "bytes=0-1", ...key })],
  ["GET of a part", "x-amz", (path, key) => server.client.get(`${path}?partNumber=1`, key)],
  ["GET with a condition", "x-amz", (path, key) => server.client.get(path, { "if-match": "*", ...key })],
  ["HEAD", "x-amz", (path, key) => server.client.head(path, key)],
  ["attributes", "x-amz", (path, key) => server.client.get(`${path}?attributes`, { ...OF_ETAG, ...key })],
  ["a copy", "x-amz-copy-source", (path, key) => copy(`/${bucket}/copy-of`, path, key)],
  ["a part that is a copy", "x-amz-copy-source", copyPart],
];

describe.each(READS)("of an object under a client's key, %s", (_name, prefix, read) => {
  const expectRefusal = (answer: Answer, status: number, code: string) => {
    expect(answer.status).toBe(status);
    if (answer.bytes.length > 0) refused(answer, status, code);
  };

  it("is had with the right key only", async () => {
    const path = await put(`/${bucket}/sealed`, UNDER_A);
    expectRefusal(await read(path, {}), 400, "InvalidRequest");
    expectRefusal(await read(path, keyed(B, prefix)), 403, "AccessDenied");
    expect((await read(path, keyed(A, prefix))).status).toBeLessThan(300);
  });

  it("is not had with a key if the object has none", async () => {
    for (const headers of [{}, S3]) {
      const path = await put(`/${bucket}/open`, headers);
      expectRefusal(await read(path, keyed(A, prefix)), 400, "InvalidRequest");
      expect((await read(path, {})).status).toBeLessThan(300);
    }
  });
});

describe("a client's key", () => {
  it("is named by its MD5 wherever the object is shown, and only then", async () => {
    const path = `/${bucket}/named`;
    const written = answered(await server.client.put(path, "secret", UNDER_A), 200);
    const read = answered(await server.client.get(path, UNDER_A), 200);
    expect(read.text).toBe("secret");
    const answers = [written, read, await server.client.head(path, UNDER_A)];
    expect(answers.map(shown)).toEqual(answers.map(() => shownKey(A)));
    const list = await server.client.get(`/${bucket}?list-type=2`);
    expect(list.text).not.toContain(md5(A, "base64"));
    answered(await server.client.get(`${path}?tagging`), 200);
  });

  it("belongs to one version: each may have another, or none", async () => {
    const name = await server.bucket();
    const enabled = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    answered(await server.client.put(`/${name}?versioning`, enabled), 200);
    const keys = [UNDER_A, {}, UNDER_B];
    for (const [turn, key] of keys.entries()) {
      const written = answered(await server.client.put(`/${name}/k`, `body ${turn}`, key), 200);
      const exact = `/${name}/k?versionId=${written.headers["x-amz-version-id"]}`;
      const texts = await Promise.all(keys.map((other) => server.client.get(exact, other)));
      expect(texts.map(({ status }) => status === 200)).toEqual(keys.map((other) => other === key));
    }
  });

  it("is nowhere to be found afterwards: in no store, no error and no log", async () => {
    const logged: string[] = [];
    const keep = (...line: unknown[]) => void logged.push(line.join(" "));
    for (const method of ["log", "error", "warn", "info"] as const) {
      vi.spyOn(console, method).mockImplementation(keep);
    }
    const name = await server.bucket();
    const index = await server.idOf(name);
    const path = `/${name}/k`;
    await put(path, UNDER_A);
    await put(`/${name}/l`, UNDER_A);
    const id = await begin(server.client, path, UNDER_A);
    answered(await server.client.put(partPath(path, id, 1), "part", UNDER_A), 200);
    const unsigned = { ...UNDER_A, "x-amz-content-sha256": "UNSIGNED-PAYLOAD" };
    const { signature, headers } = await server.client.sign("PUT", path, unsigned);
    const authorization = String(headers.authorization).replace(signature, "0".repeat(64));
    const forged = { ...headers, authorization };
    const errors = [
      await server.client.sendSigned("PUT", path, forged, "secret"),
      await server.client.put(path, "secret", { ...UNDER_A, [`${SSE}-customer-key-md5`]: "x" }),
      await server.client.put(path, "secret", { ...UNDER_A, ...S3 }),
      await server.client.get(path, { ...UNDER_A, [ALGORITHM]: "AES128" }),
    ];
    expect(errors.map(({ status }) => status)).toEqual([403, 400, 400, 400]);
    const [blob = ""] = await server.order<string[]>({ do: "blobs", prefix: `${index}/` });
    await server.order({ do: "erase", blob });
    const broken = await Promise.all([path, `/${name}/l`].map((each) => server.client.get(each, UNDER_A)));
    expect(broken.map(({ status }) => status).toSorted()).toEqual([200, 500]);
    await vi.waitFor(() => expect(logged.join("\n")).toContain(blob));

    const kept = [...(await everything("d1")), ...(await everything("sql", index))];
    expect(kept.join()).toContain(index);
    const said = [...errors, ...broken].map(({ text }) => text);
    const spelled = said.join("\n").match(/([0-9a-f]{2} )+[0-9a-f]{2}/g) ?? [];
    const bytes = spelled.map((text) => Buffer.from(text.replaceAll(" ", ""), "hex").toString("latin1"));
    expect(bytes.join()).toContain(`${SSE}-customer-key-md5`);
    const haystack = [...kept, ...said, ...bytes, ...logged].join("\n");
    for (const form of [A.toString("base64"), A.toString("hex"), A.toString("base64url").slice(0, 40)]) {
      expect(haystack).not.toContain(form);
    }
    // Its bare MD5 would help whoever guesses keys: only a check value salted anew each time is kept.
    expect(kept.join()).not.toContain(md5(A, "base64"));
    expect(kept.join()).not.toContain(md5(A));
    const checks = kept.join().match(/\\"check\\":\\"[0-9a-f]+/g) ?? [];
    expect([checks.length, new Set(checks).size]).toEqual([3, 3]);
  });

  it("does not come over plain HTTP, but for loopback", async () => {
    const { client } = strict;
    const path = `/${await strict.bucket(client)}/k`;
    answered(await client.put(path, "open", S3), 200);
    const source = { "x-amz-copy-source": path };
    for (const answer of [
      await client.put(`${path}2`, "secret", UNDER_A),
      await client.get(path, UNDER_A),
      await client.post(`${path}2?uploads`, "", UNDER_A),
      await client.put(`${path}2`, "", { ...source, ...UNDER_A }),
      await client.put(`${path}2`, "", { ...source, ...keyed(A, "x-amz-copy-source") }),
    ]) {
      const error = refused(answer, 400, "InvalidRequest");
      expect(error.get("Message")).toMatch(/must be made over a secure connection/);
    }
    expect((await client.head(path, UNDER_A)).status).toBe(400);
    refused(await client.get(`${path}2`), 404, "NoSuchKey");
    expect((await client.get(path)).text).toBe("open");
  });
});

/** Every row of every table of D1, or of an index. */
async function everything(store: "d1" | "sql", index = ""): Promise<string[]> {
  const order = (text: string) =>
    server.order<Record<string, unknown>[]>(store === "d1" ? { do: "d1", text } : { do: "sql", index, text });
  const tables = await order(
    "select name from sqlite_master where type = 'table' and name not like '\\_%' escape '\\'",
  );
  const rows = await Promise.all(tables.map(({ name }) => order(`select * from "${name}"`)));
  return rows.flat().map((row) => JSON.stringify(row));
}

/** The headers without one of them. */
const without = (name: string) =>
  Object.fromEntries(Object.entries(UNDER_A).filter(([header]) => header !== `${SSE}-customer-${name}`));

const ALGORITHM = `${SSE}-customer-algorithm`;
const KEYS_WRONG: [what: string, headers: Record<string, string>, code: string][] = [
  ["no algorithm", without("algorithm"), "InvalidArgument"],
  ["an unknown algorithm", { ...UNDER_A, [ALGORITHM]: "AES128" }, "InvalidEncryptionAlgorithmError"],
  ["no key", without("key"), "InvalidArgument"],
  ["no MD5", without("key-md5"), "InvalidArgument"],
  ["another key's MD5", { ...UNDER_A, [`${SSE}-customer-key-md5`]: md5(B, "base64") }, "InvalidArgument"],
  ["a short key", keyed(A.subarray(0, 16)), "InvalidArgument"],
  ["a long key", keyed(Buffer.concat([A, B])), "InvalidArgument"],
];
const METHODS_WRONG: [what: string, headers: Record<string, string>, status: number, code: string][] = [
  ["both S3's and the client's", { ...UNDER_A, ...S3 }, 400, "InvalidArgument"],
  ["KMS's and the client's", { ...UNDER_A, [SSE]: "aws:kms" }, 400, "InvalidArgument"],
  ["an unknown one", { [SSE]: "AES128" }, 400, "InvalidArgument"],
  ["a key of KMS alone", { [`${SSE}-aws-kms-key-id`]: "key" }, 400, "InvalidArgument"],
  ["a key of KMS for S3's", { ...S3, [`${SSE}-aws-kms-key-id`]: "key" }, 400, "InvalidArgument"],
  ["KMS's", { [SSE]: "aws:kms" }, 501, "NotImplemented"],
  ["KMS's, twice over", { [SSE]: "aws:kms:dsse" }, 501, "NotImplemented"],
];

describe("encryption", () => {
  const writes = (headers: Record<string, string>) => [
    () => server.client.put(`/${bucket}/refused`, "bytes", headers),
    () => server.client.post(`/${bucket}/refused?uploads`, "", headers),
    () => copy(`/${bucket}/refused`, `/${bucket}/to-copy`, headers),
  ];

  it.each(KEYS_WRONG)("is refused with %s", async (_what, headers, code) => {
    await put(`/${bucket}/to-copy`);
    for (const write of writes(headers)) refused(await write(), 400, code);
    refused(await server.client.get(`/${bucket}/to-copy`, headers), 400, code);
    refused(await server.client.get(`/${bucket}/refused`), 404, "NoSuchKey");
  });

  it.each(METHODS_WRONG)("cannot be %s", async (_what, headers, status, code) => {
    await put(`/${bucket}/to-copy`);
    for (const write of writes(headers)) {
      const error = refused(await write(), status, code);
      if (status === 501) expect(error.get("Message")).toMatch(/SSE-KMS/);
    }
    refused(await server.client.get(`/${bucket}/refused`), 404, "NoSuchKey");
  });

  it("is not asked for by who reads", async () => {
    const path = await put(`/${bucket}/open`, S3);
    refused(await server.client.get(path, S3), 400, "InvalidArgument");
  });
});

describe("an upload under a client's key", () => {
  it("takes parts with that key only, and is completed without it", async () => {
    const name = await server.bucket();
    const path = `/${name}/k`;
    const began = answered(await server.client.post(`${path}?uploads`, "", UNDER_A), 200);
    expect(shown(began)).toEqual(shownKey(A));
    const id = xml(began.text).get("UploadId") ?? "";
    const source = await put(`/${bucket}/source`);
    const open = await begin(server.client, source);
    refused(await server.client.put(partPath(source, open, 1), "part", UNDER_A), 400, "InvalidRequest");
    for (const wrong of [{}, UNDER_B]) {
      refused(await server.client.put(partPath(path, id, 1), "part", wrong), 400, "InvalidRequest");
      refused(await copy(partPath(path, id, 1), source, wrong), 400, "InvalidRequest");
    }
    expect(xml((await server.client.get(`${path}?uploadId=${id}`)).text).all("Part")).toEqual([]);
    expect((await audit(server, await server.idOf(name))).parts).toEqual([]);
    const right = answered(await server.client.put(partPath(path, id, 1), "part", UNDER_A), 200);
    expect(shown(right)).toEqual(shownKey(A));
    const parts: Part[] = [{ number: 1, etag: String(right.headers.etag) }];
    refused(await complete(server.client, path, id, parts, UNDER_B), 400, "InvalidRequest");
    answered(await complete(server.client, path, id, parts), 200);
    refused(await server.client.get(path), 400, "InvalidRequest");
    expect((await server.client.get(path, UNDER_A)).text).toBe("part");
  });

  it("takes copies of what is under another key, or none", async () => {
    const path = `/${bucket}/assembled`;
    for (const [key, its, body] of [
      [UNDER_B, keyed(B, "x-amz-copy-source"), "under B"],
      [{}, {}, "open"],
    ] as const) {
      const source = await put(`/${bucket}/source`, key, body);
      const id = await begin(server.client, path, UNDER_A);
      const answer = answered(await copy(partPath(path, id, 1), source, { ...its, ...UNDER_A }), 200);
      expect(shown(answer)).toEqual(shownKey(A));
      const etag = xml(answer.text).get("ETag") ?? "";
      answered(await complete(server.client, path, id, [{ number: 1, etag }]), 200);
      expect((await server.client.get(path, UNDER_A)).text).toBe(body);
    }
  });
});

describe("a copy between keys", () => {
  type End = [name: string, key: string, headers: Record<string, string>, source: Record<string, string>];
  const ENDS: End[] = [
    ["none", "", {}, {}],
    ["S3's", "", S3, {}],
    ["A", "A", UNDER_A, keyed(A, "x-amz-copy-source")],
    ["B", "B", UNDER_B, keyed(B, "x-amz-copy-source")],
  ];
  const pairs = ENDS.flatMap((from) => ENDS.map((to) => [from[0], to[0], from, to] as const));

  it.each(pairs)("has bytes of its own unless both have one key: %s, %s", async (_from, _to, from, to) => {
    const name = await server.bucket();
    await put(`/${name}/from`, from[2]);
    const answer = answered(await copy(`/${name}/to`, `/${name}/from`, { ...from[3], ...to[2] }), 200);
    const read = answered(await server.client.get(`/${name}/to`, to[1] === "" ? {} : to[2]), 200);
    expect([read.text, read.headers.etag]).toEqual(["secret", `"${md5("secret")}"`]);
    expect(shown(answer)).toEqual(shown(read));
    expect((await audit(server, await server.idOf(name))).named).toHaveLength(from[1] === to[1] ? 1 : 2);
  });

  it("onto itself changes its key", async () => {
    const name = await server.bucket();
    const path = await put(`/${name}/k`, UNDER_A);
    answered(await copy(path, path, { ...keyed(A, "x-amz-copy-source"), ...UNDER_B }), 200);
    refused(await server.client.get(path, UNDER_A), 403, "AccessDenied");
    expect((await server.client.get(path, UNDER_B)).text).toBe("secret");
    const { named, litter, orphans } = await audit(server, await server.idOf(name));
    expect([named.length, litter.length, orphans.length]).toEqual([1, 1, 0]);
  });
});
