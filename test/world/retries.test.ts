import { describe, expect, it } from "vitest";
import { audit } from "../support/audit.ts";
import type { Fault } from "../support/bindings.ts";
import { answered, refused } from "../support/expect.ts";
import { useServer } from "../support/server.ts";
import { begin, MIN_PART, part, partPath, upload } from "../support/uploads.ts";
import { xml } from "../support/xml.ts";

const server = useServer();

/** A client of an isolate that remembers nothing. */
const stranger = () => server.client.world(crypto.randomUUID());

describe("a store that does not answer", () => {
  it.each<[string, Fault, least: number, most: number]>([
    ["D1", { store: "d1", how: "before", times: 1000, lapse: 4000 }, 3, 5],
    ["D1 that is overloaded", { store: "d1", how: "overloaded", times: 1000, lapse: 4000 }, 3, 5],
    ["an index", { store: "index", how: "before", times: 1000, lapse: 8000 }, 3, 5],
    ["an index whose answers are lost", { store: "index", how: "after", times: 1000, lapse: 8000 }, 3, 5],
    ["an index that is overloaded", { store: "index", how: "overloaded", times: 1000 }, 1, 1],
  ])(
    "%s: is asked again for a bounded time, and then it is 503 with a time to come back",
    async (_, fault, least, most) => {
      const bucket = await server.bucket();
      answered(await server.client.put(`/${bucket}/k`, "bytes"), 200);
      for (const act of ["get", "put", "head", "list"] as const) {
        const client = stranger().failing(fault);
        const path = act === "list" ? `/${bucket}` : `/${bucket}/k`;
        const answer = await (act === "list" ? client.get(path) : client[act](path));
        if (act === "head") expect([answer.status, answer.text]).toEqual([503, ""]);
        else refused(answer, 503, "SlowDown");
        expect(answer.headers["retry-after"]).toBe("1");
        const tries = answer.bill.trace.filter((call) => call.startsWith(`${fault.store}.`)).length;
        expect(tries).toBeGreaterThanOrEqual(least);
        expect(tries).toBeLessThanOrEqual(most);
      }
    },
  );

  it("is told so by the admin route, too", async () => {
    const client = server.client.failing({ store: "d1", how: "before", lapse: 60_000 });
    const answer = await client.post("/_portico/admin/account/create", JSON.stringify({ displayName: "x" }));
    expect([answer.status, answer.headers["retry-after"]]).toEqual([503, "1"]);
  });

  it("is asked again until it answers, by every operation that only reads", async () => {
    const bucket = await server.bucket();
    const etag = answered(await server.client.put(`/${bucket}/k`, "bytes"), 200).headers.etag;
    for (const store of ["d1", "index"] as const) {
      const client = stranger().failing({ store, how: "after", times: 2 });
      expect(answered(await client.get(`/${bucket}/k`), 200).text).toBe("bytes");
    }
    for (const path of [
      `/${bucket}?list-type=2`,
      `/${bucket}?versions`,
      `/${bucket}?uploads`,
      "/",
      `/${bucket}?location`,
    ]) {
      const { bill } = await stranger().get(path);
      for (const place of bill.trace.keys()) {
        const answer = answered(
          await stranger()
            .failing({ at: place + 1, how: "after" })
            .get(path),
          200,
        );
        if (path.endsWith("list-type=2")) expect(xml(answer.text).get("Contents/ETag")).toBe(etag);
      }
      expect(bill.trace).not.toEqual([]);
    }
  });
});

describe("a commit whose answer was lost", () => {
  it.each(["PutObject", "DeleteObject"])("is not made again on newer settings: %s", async (what) => {
    const bucket = await server.bucket();
    const path = `/${bucket}/k`;
    answered(await server.client.put(path, "first"), 200);
    const name = crypto.randomUUID();
    const call = what === "PutObject" ? "put" : "remove";
    const slow = stranger().failing(
      { store: "index", call, nth: 1, how: "after" },
      { store: "index", call, how: "hold", name },
    );
    const answering = what === "PutObject" ? slow.put(path, "slow") : slow.delete(path);
    await server.order({ do: "held", name });
    await server.version(bucket);
    answered(await server.client.put(path, "newer"), 200);
    await server.version(bucket, "Suspended");
    await server.order({ do: "release", name });
    answered(await answering, what === "PutObject" ? 200 : 204);
    expect(answered(await server.client.get(path), 200).text).toBe("newer");
    const listed = xml((await server.client.get(`/${bucket}?versions`)).text);
    expect(listed.all("Version")).toHaveLength(what === "PutObject" ? 2 : 1);
    expect(listed.all("DeleteMarker")).toEqual([]);
    const { named, orphans } = await audit(server, await server.idOf(bucket));
    expect([named.length, orphans]).toEqual([what === "PutObject" ? 2 : 1, []]);
  });
});

describe("a part whose answer was lost", () => {
  it("does not take the place of one that came after it", async () => {
    const path = `/${await server.bucket()}/k`;
    const id = await begin(server.client, path);
    const name = crypto.randomUUID();
    const slow = stranger().failing(
      { store: "d1", call: "insert into part", how: "after" },
      { store: "d1", call: "insert into part", how: "hold", name },
    );
    const answering = slow.put(partPath(path, id, 1), "slow");
    await server.order({ do: "held", name });
    const newer = await part(server.client, path, id, 1, "newer");
    await server.order({ do: "release", name });
    answered(await answering, 200);
    const listed = xml((await server.client.get(`${path}?uploadId=${id}`)).text);
    expect(listed.texts("Part/ETag")).toEqual([newer.etag]);
  });
});

describe("R2 that fails", () => {
  it.each<[Fault["how"], number, string]>([
    ["before", 500, "InternalError"],
    ["overloaded", 503, "SlowDown"],
  ])("(%s) is told to clients as S3 would tell it: %s %s", async (how, status, code) => {
    const bucket = await server.bucket();
    const path = `/${bucket}/k`;
    answered(await server.client.put(path, "bytes"), 200);
    const client = server.client.failing({ store: "r2", how });
    for (const answer of [await client.get(path), await client.put(path, "other")]) {
      refused(answer, status, code);
      expect(answer.headers["retry-after"]).toBe(status === 503 ? "1" : undefined);
    }
    expect(answered(await server.client.get(path), 200).text).toBe("bytes");
  });
});

describe("a read whose bytes break off", () => {
  const BIG = Buffer.alloc(MIN_PART, "first ");
  const CUT: Fault = { store: "r2", call: "get", how: "cut" };

  it("breaks its connection, and never ends as if it were whole", async () => {
    const bucket = await server.bucket();
    const path = `/${bucket}/k`;
    answered(await server.client.put(path, BIG), 200);
    await expect(server.client.failing(CUT).get(path)).rejects.toThrow(/aborted|hang up|ECONNRESET/);
    await expect(server.client.failing(CUT).get(path, { range: "bytes=1-4000000" })).rejects.toThrow(
      /aborted|hang up|ECONNRESET/,
    );
    expect((await server.client.get(path)).bytes.equals(BIG)).toBe(true);
  });

  it.each<[string, Fault]>([
    ["in its first part", CUT],
    ["in its last part", { ...CUT, nth: 2 }],
    ["where its last part begins", { ...CUT, nth: 2, how: "before" }],
  ])("breaks its connection %s, too", async (_, fault) => {
    const bucket = await server.bucket();
    const path = `/${bucket}/k`;
    answered(await upload(server.client, path, [BIG, "the last part"]), 200);
    await expect(server.client.failing(fault).get(path)).rejects.toThrow(/aborted|hang up|ECONNRESET/);
    expect((await server.client.get(path)).bytes.byteLength).toBe(MIN_PART + 13);
  });

  it("is a failed copy, of which nothing stays", async () => {
    const [from, to] = [await server.bucket(), await server.bucket()];
    answered(await server.client.put(`/${from}/k`, BIG), 200);
    const answer = await server.client
      .failing(CUT)
      .put(`/${to}/k`, "", { "x-amz-copy-source": `/${from}/k` });
    refused(answer, 500, "InternalError");
    refused(await server.client.get(`/${to}/k`), 404, "NoSuchKey");
    const blobs = await server.order({ do: "blobs", prefix: `${await server.idOf(to)}/` });
    expect(blobs).toEqual([]);
  });
});

describe("a list", () => {
  it("of uploads that takes several questions is whole, or refused", async () => {
    const bucket = await server.bucket();
    // One common prefix that is longer than a question's answer, and keys behind it.
    const keys = Array.from({ length: 130 }, (_, i) => (i < 120 ? `a/${i}` : `b${i}`));
    await Promise.all(keys.map((key) => server.client.post(`/${bucket}/${key}?uploads`)));
    const path = `/${bucket}?uploads&delimiter=/&max-uploads=20`;
    const whole = answered(await stranger().get(path), 200);
    const { trace } = whole.bill;
    expect(trace.filter((call) => call.startsWith("d1.")).length).toBeGreaterThan(2);
    for (const place of trace.keys()) {
      for (const how of ["before", "after"] as const) {
        const answer = await stranger()
          .failing({ at: place + 1, how, lapse: 60_000 })
          .get(path);
        refused(answer, 503, "SlowDown");
      }
    }
  });
});
