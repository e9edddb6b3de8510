import { describe, expect, it } from "vitest";
import { audit } from "../support/audit.ts";
import { answered, patiently, refused } from "../support/expect.ts";
import { isolates, useServer } from "../support/server.ts";
import { begin, partPath } from "../support/uploads.ts";

const server = useServer();

describe("creating a bucket", () => {
  it("is seen at once by an isolate that was told there is none", async () => {
    const { a, b } = isolates(server);
    refused(await b.get("/not-yet?list-type=2"), 404, "NoSuchBucket");
    answered(await a.put("/not-yet"), 200);
    answered(await b.get("/not-yet?list-type=2"), 200);
    answered(await b.put("/not-yet/k", "bytes"), 200);
  });

  it("that is interrupted before the directory knows of it leaves no bucket, and can be repeated", async () => {
    const { a, b } = isolates(server);
    const fault = { store: "d1", call: "insert into bucket", how: "before", lapse: 60_000 } as const;
    refused(await a.failing(fault).put("/half-made"), 503, "SlowDown");
    expect((await b.head("/half-made")).status).toBe(404);
    answered(await b.put("/half-made"), 200);
    answered(await a.put("/half-made/k", "bytes"), 200);
    expect((await b.get("/half-made/k")).text).toBe("bytes");
  });

  it("that stood although its answer was lost can be repeated, and nothing is lost by it", async () => {
    const { a, b } = isolates(server);
    const fault = { store: "d1", call: "insert into bucket", how: "after", lapse: 60_000 } as const;
    refused(await a.failing(fault).put("/made-unheard"), 503, "SlowDown");
    answered(await b.put("/made-unheard/k", "bytes"), 200);
    answered(await a.put("/made-unheard"), 200);
    expect((await a.get("/made-unheard/k")).text).toBe("bytes");
  });

  it("at once through two isolates makes one bucket", async () => {
    const { a, b } = isolates(server);
    const name = crypto.randomUUID();
    const hold = { store: "d1", call: "insert into bucket", how: "hold", name } as const;
    const slow = a.failing(hold).put("/raced");
    await server.order({ do: "held", name });
    answered(await b.put("/raced"), 200);
    answered(await b.put("/raced/k", "bytes"), 200);
    await server.order({ do: "release", name });
    answered(await slow, 200);
    expect((await a.get("/raced/k")).text).toBe("bytes");
  });

  it("that is acknowledged after an interrupted deletion has made a bucket that stays", async () => {
    const { a, b } = isolates(server);
    const bucket = await server.bucket(a);
    const fault = { store: "d1", call: "delete from bucket", how: "before", lapse: 60_000 } as const;
    refused(await a.failing(fault).delete(`/${bucket}`), 503, "SlowDown");
    answered(await patiently(() => b.put(`/${bucket}`)), 200);
    answered(await patiently(() => a.put(`/${bucket}/k`, "bytes")), 200);
    expect((await b.get(`/${bucket}/k`)).text).toBe("bytes");
  });
});

describe("deleting a bucket", () => {
  it("while an object is on its way leaves no object behind", async () => {
    const { a, b } = isolates(server);
    const bucket = await server.bucket(a);
    const id = await server.idOf(bucket);
    const name = crypto.randomUUID();
    const put = b.failing({ store: "index", call: "put", how: "hold", name }).put(`/${bucket}/k`, "bytes");
    await server.order({ do: "held", name });
    answered(await a.delete(`/${bucket}`), 204);
    await server.order({ do: "release", name });
    refused(await put, 404, "NoSuchBucket");
    expect((await audit(server, id)).named).toEqual([]);
  });

  it("while a part is on its way leaves no part behind", async () => {
    const { a, b } = isolates(server);
    const bucket = await server.bucket(a);
    const upload = await begin(b, `/${bucket}/k`);
    const name = crypto.randomUUID();
    const hold = { store: "d1", call: "insert into part", how: "hold", name } as const;
    const put = b.failing(hold).put(partPath(`/${bucket}/k`, upload, 1), "bytes");
    await server.order({ do: "held", name });
    answered(await a.delete(`/${bucket}`), 204);
    await server.order({ do: "release", name });
    refused(await put, 404, "NoSuchBucket");
    const text = "select 1 from part where upload = ?";
    expect(await server.order({ do: "d1", text, bindings: [upload] })).toEqual([]);
  });

  it("is refused when an object came first", async () => {
    const { a, b } = isolates(server);
    const bucket = await server.bucket(a);
    const name = crypto.randomUUID();
    const remove = a.failing({ store: "index", call: "close", how: "hold", name }).delete(`/${bucket}`);
    await server.order({ do: "held", name });
    answered(await b.put(`/${bucket}/k`, "bytes"), 200);
    await server.order({ do: "release", name });
    refused(await remove, 409, "BucketNotEmpty");
    expect((await a.get(`/${bucket}/k`)).text).toBe("bytes");
  });
});
