import { describe, expect, it } from "vitest";
import { audit } from "../support/audit.ts";
import type { Fault } from "../support/bindings.ts";
import type { Answer, Client } from "../support/client.ts";
import { answered, refused } from "../support/expect.ts";
import { useServer } from "../support/server.ts";
import { begin, complete, type Part, part, partPath } from "../support/uploads.ts";
import { xml } from "../support/xml.ts";

const server = useServer();

interface Ground {
  client: Client;
  bucket: string;
  path: string;
  id: string;
  parts: Part[];
}

/** An upload that holds two parts, of which the tests complete the first. */
async function uploading(): Promise<Ground> {
  const { client } = server;
  const bucket = await server.bucket();
  const path = `/${bucket}/k`;
  const id = await begin(client, path);
  const parts = [await part(client, path, id, 1, "the object")];
  await part(client, path, id, 2, "not wanted");
  return { client, bucket, path, id, parts };
}

/** Sends a request, stops it before the call that `fault` describes, does the rest, and lets it go on. */
async function during(
  client: Client,
  fault: Omit<Fault, "how" | "name">,
  act: (client: Client) => Promise<Answer>,
  meanwhile: () => Promise<void>,
): Promise<Answer> {
  const name = crypto.randomUUID();
  const slow = act(client.failing({ ...fault, how: "hold", name }));
  await server.order({ do: "held", name });
  await meanwhile();
  await server.order({ do: "release", name });
  return slow;
}

const completing =
  ({ path, id, parts }: Ground) =>
  (client: Client) =>
    complete(client, path, id, parts);
const aborting =
  ({ path, id }: Ground) =>
  (client: Client) =>
    client.delete(`${path}?uploadId=${id}`);

/** The upload made the object, whatever else was tried. */
async function expectObject({ client, bucket, path, id }: Ground): Promise<void> {
  expect(answered(await client.get(path), 200).text).toBe("the object");
  expect(xml((await client.get(`/${bucket}?uploads`)).text).all("Upload")).toEqual([]);
  refused(await client.get(`${path}?uploadId=${id}`), 404, "NoSuchUpload");
}

/** The upload left nothing but litter. */
async function expectNothing({ client, bucket, path }: Ground): Promise<void> {
  refused(await client.get(path), 404, "NoSuchKey");
  expect(xml((await client.get(`/${bucket}?uploads`)).text).all("Upload")).toEqual([]);
}

async function expectHeld({ bucket }: Ground, named: number, litter: number): Promise<void> {
  const holdings = await audit(server, await server.idOf(bucket));
  expect(holdings).toMatchObject({ parts: [], orphans: [] });
  expect([holdings.named.length, holdings.litter.length]).toEqual([named, litter]);
}

describe("of completing and aborting an upload", () => {
  it("an abort wins that reaches the index first", async () => {
    const on = await uploading();
    const answer = await during(on.client, { store: "index", call: "put" }, completing(on), async () => {
      answered(await aborting(on)(on.client), 204);
    });
    refused(answer, 404, "NoSuchUpload");
    await expectNothing(on);
    await expectHeld(on, 0, 2);
  });

  it("an abort wins, too, whose rows are still there", async () => {
    const on = await uploading();
    const answer = await during(
      on.client,
      { store: "d1", call: "delete from part" },
      aborting(on),
      async () => {
        refused(await completing(on)(on.client), 404, "NoSuchUpload");
      },
    );
    answered(answer, 204);
    await expectNothing(on);
    await expectHeld(on, 0, 2);
  });

  it("a completion wins that reaches the index first", async () => {
    const on = await uploading();
    const answer = await during(on.client, { store: "index", call: "forbid" }, aborting(on), async () => {
      answered(await completing(on)(on.client), 200);
    });
    refused(answer, 404, "NoSuchUpload");
    await expectObject(on);
    await expectHeld(on, 1, 1);
  });

  it("a completion wins, too, whose rows are still there", async () => {
    const on = await uploading();
    const hold = { store: "d1", call: "delete from part" } as const;
    const answer = await during(on.client, hold, completing(on), async () => {
      refused(await aborting(on)(on.client), 404, "NoSuchUpload");
    });
    answered(answer, 200);
    await expectObject(on);
    await expectHeld(on, 1, 1);
  });

  it("the first of two completions counts, and both get its answer", async () => {
    for (const hold of [
      { store: "index", call: "put" },
      { store: "d1", call: "delete from part" },
    ] as const) {
      const on = await uploading();
      let etag = "";
      const answer = await during(on.client, hold, completing(on), async () => {
        const { text } = answered(await completing(on)(on.client), 200);
        etag = xml(text).get("ETag") ?? "";
      });
      expect(xml(answered(answer, 200).text).get("ETag")).toBe(etag);
      await expectObject(on);
      await expectHeld(on, 1, 1);
    }
  });

  it("a completion that is repeated after the object was replaced leaves the new one alone", async () => {
    const on = await uploading();
    const first = answered(await completing(on)(on.client), 200);
    answered(await on.client.put(on.path, "newer"), 200);
    const again = answered(await completing(on)(on.client), 200);
    expect(xml(again.text).get("ETag")).toBe(xml(first.text).get("ETag"));
    expect((await on.client.get(on.path)).text).toBe("newer");
    answered(await on.client.delete(on.path), 204);
    answered(await completing(on)(on.client), 200);
    refused(await on.client.get(on.path), 404, "NoSuchKey");
  });

  it("an upload that was completed is known under its own key only", async () => {
    const on = await uploading();
    answered(await completing(on)(on.client), 200);
    const other = { ...on, path: `/${on.bucket}/other` };
    refused(await completing(other)(on.client), 404, "NoSuchUpload");
  });
});

describe("a part that comes too late", () => {
  const late =
    ({ path, id }: Ground) =>
    (client: Client) =>
      client.put(partPath(path, id, 3), "late");
  const stored = { store: "d1", call: "insert into part" } as const;

  it("for the completion is litter", async () => {
    const on = await uploading();
    const answer = await during(on.client, stored, late(on), async () => {
      answered(await completing(on)(on.client), 200);
    });
    refused(answer, 404, "NoSuchUpload");
    await expectObject(on);
    await expectHeld(on, 1, 2);
  });

  it("for an abort is litter", async () => {
    const on = await uploading();
    const answer = await during(on.client, stored, late(on), async () => {
      answered(await aborting(on)(on.client), 204);
    });
    refused(answer, 404, "NoSuchUpload");
    await expectHeld(on, 0, 3);
  });

  it("to be seen by the completion, but in time to be kept, is litter", async () => {
    const on = await uploading();
    const answer = await during(on.client, { store: "index", call: "put" }, completing(on), async () => {
      answered(await late(on)(on.client), 200);
    });
    answered(answer, 200);
    await expectObject(on);
    await expectHeld(on, 1, 2);
  });

  it("to be seen by the abort, but in time to be kept, is litter", async () => {
    const on = await uploading();
    const answer = await during(on.client, { store: "index", call: "forbid" }, aborting(on), async () => {
      answered(await late(on)(on.client), 200);
    });
    answered(answer, 204);
    await expectHeld(on, 0, 3);
  });

  it("to be seen, through a Worker whose clock is behind, is litter all the same", async () => {
    for (const [end, hold] of [
      [completing, { store: "index", call: "put" }],
      [aborting, { store: "index", call: "forbid" }],
    ] as const) {
      const on = await uploading();
      const behind = on.client.with({ "x-test-now-offset": "-60000" });
      await during(on.client, hold, end(on), async () => {
        answered(await late(on)(behind), 200);
      });
      const held = await audit(server, await server.idOf(on.bucket));
      expect([held.named.length + held.litter.length, held.parts, held.orphans]).toEqual([3, [], []]);
    }
  });

  it("replaces nothing that the completion has chosen", async () => {
    const on = await uploading();
    const again = (client: Client) => client.put(partPath(on.path, on.id, 1), "another part one");
    const answer = await during(on.client, { store: "index", call: "put" }, completing(on), async () => {
      answered(await again(on.client), 200);
    });
    answered(answer, 200);
    await expectObject(on);
    await expectHeld(on, 1, 2);
  });

  it("to hear that it had been kept, and was used, does not take it away from the object", async () => {
    const { client, bucket, path, id } = await uploading();
    const name = crypto.randomUUID();
    const spoilt = client.failing(
      { ...stored, how: "after" },
      // The repetition.
      { ...stored, nth: 1, how: "hold", name },
    );
    const slow = spoilt.put(partPath(path, id, 3), "the object");
    await server.order({ do: "held", name });
    const listed = xml((await client.get(`${path}?uploadId=${id}`)).text);
    const parts = [{ number: 3, etag: listed.texts("Part/ETag")[2] ?? "" }];
    answered(await complete(client, path, id, parts), 200);
    await server.order({ do: "release", name });
    refused(await slow, 404, "NoSuchUpload");
    await expectObject({ client, bucket, path, id, parts });
    await expectHeld({ client, bucket, path, id, parts }, 1, 2);
  });
});

describe("of writers who race for a key", () => {
  it("exactly one wins that must not replace anything", async () => {
    const bucket = await server.bucket();
    const bodies = Array.from({ length: 12 }, (_, n) => `writer ${n}`);
    const answers = await Promise.all(
      bodies.map((body) => server.client.put(`/${bucket}/k`, body, { "if-none-match": "*" })),
    );
    const winners = answers.flatMap(({ status }, n) => (status === 200 ? [bodies[n]] : []));
    expect(winners).toHaveLength(1);
    for (const answer of answers) if (answer.status !== 200) refused(answer, 412, "PreconditionFailed");
    expect((await server.client.get(`/${bucket}/k`)).text).toBe(winners[0]);
    const { named, litter, orphans } = await audit(server, await server.idOf(bucket));
    expect([named.length, litter.length, orphans.length]).toEqual([1, 11, 0]);
  });

  it("a copy takes the source whole, whichever it finds", async () => {
    const { client } = server;
    const bucket = await server.bucket();
    answered(await client.put(`/${bucket}/src`, "first", { "x-amz-meta-n": "1" }), 200);
    const copy = (slow: Client) => slow.put(`/${bucket}/dst`, "", { "x-amz-copy-source": `/${bucket}/src` });
    const answer = await during(client, { store: "index", call: "put" }, copy, async () => {
      answered(await client.put(`/${bucket}/src`, "second, longer", { "x-amz-meta-n": "2" }), 200);
    });
    answered(answer, 200);
    const { text, headers } = await client.get(`/${bucket}/dst`);
    expect([text, headers["x-amz-meta-n"]]).toEqual(["second, longer", "2"]);
    await audit(server, await server.idOf(bucket));
  });

  it("a copy finds no source that was deleted under it", async () => {
    const { client } = server;
    const bucket = await server.bucket();
    answered(await client.put(`/${bucket}/src`, "bytes"), 200);
    const copy = (slow: Client) => slow.put(`/${bucket}/dst`, "", { "x-amz-copy-source": `/${bucket}/src` });
    const answer = await during(client, { store: "index", call: "put" }, copy, async () => {
      answered(await client.delete(`/${bucket}/src`), 204);
    });
    refused(answer, 404, "NoSuchKey");
    refused(await client.get(`/${bucket}/dst`), 404, "NoSuchKey");
  });

  it("a reader whose bytes were swept meanwhile reads the newer object whole", async () => {
    const { client } = server;
    const bucket = await server.bucket();
    answered(await client.put(`/${bucket}/k`, "old bytes"), 200);
    const { named } = await audit(server, await server.idOf(bucket));
    const read = (slow: Client) => slow.get(`/${bucket}/k`);
    const answer = await during(client, { store: "r2", call: "get" }, read, async () => {
      answered(await client.put(`/${bucket}/k`, "the newer bytes"), 200);
      for (const blob of named) await server.order({ do: "erase", blob });
    });
    const { headers, text } = answered(answer, 200);
    expect([text, headers["content-length"], answer.bill.index]).toEqual(["the newer bytes", "15", 2]);
    expect(headers.etag).toBe((await client.head(`/${bucket}/k`)).headers.etag);
  });
});
