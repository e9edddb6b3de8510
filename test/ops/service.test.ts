import { describe, expect, it } from "vitest";
import type { Client } from "../support/client.ts";
import { answered, refused } from "../support/expect.ts";
import { useServer } from "../support/server.ts";
import { xml } from "../support/xml.ts";

const server = useServer();

/** A new account with buckets of these names. */
async function owner(...names: string[]): Promise<{ client: Client; id: string }> {
  const account = await server.account("Keeper of buckets");
  for (const name of names) answered(await account.client.put(`/${name}`), 200);
  return account;
}

async function list(client: Client, query = "") {
  const document = xml(answered(await client.get(`/${query}`), 200).text);
  expect(document.name).toBe("ListAllMyBucketsResult");
  return document;
}

describe("ListBuckets", () => {
  it("shows an account that has none who it is, and an empty list", async () => {
    const { client, id } = await owner();
    const document = await list(client);
    expect(document.get("Owner/ID")).toBe(id);
    expect(document.get("Owner/DisplayName")).toBe("Keeper of buckets");
    expect(document.all("Buckets")).toHaveLength(1);
    expect(document.all("Buckets/Bucket")).toEqual([]);
  });

  it("shows one's own buckets in order, with when and where they were made", async () => {
    const before = Math.floor(Date.now() / 1000) * 1000;
    const { client } = await owner("svc-c", "svc-a", "svc-b");
    await server.bucket();
    const document = await list(client);
    expect(document.texts("Buckets/Bucket/Name")).toEqual(["svc-a", "svc-b", "svc-c"]);
    for (const bucket of document.all("Buckets/Bucket")) {
      expect(bucket.get("CreationDate")).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      const created = Date.parse(bucket.get("CreationDate") ?? "");
      expect(created).toBeGreaterThanOrEqual(before);
      expect(created).toBeLessThanOrEqual(Date.now());
      expect(bucket.get("BucketRegion")).toBe("us-east-1");
    }
    expect(document.get("ContinuationToken")).toBeUndefined();
  });

  it("gives pages that make up the whole, each once", async () => {
    const names = ["pg-1", "pg-2", "pg-3", "pg-4", "pg-5"];
    const { client } = await owner(...names);
    const seen: string[][] = [];
    let token: string | undefined = "";
    while (token !== undefined) {
      const at: string = token === "" ? "" : `&continuation-token=${encodeURIComponent(token)}`;
      const document = await list(client, `?max-buckets=2${at}`);
      seen.push(document.texts("Buckets/Bucket/Name"));
      token = document.get("ContinuationToken");
      expect(seen.length).toBeLessThan(5);
    }
    expect(seen).toEqual([["pg-1", "pg-2"], ["pg-3", "pg-4"], ["pg-5"]]);
  });

  it("ends with a page that is exactly full", async () => {
    const { client } = await owner("full-1", "full-2");
    expect((await list(client, "?max-buckets=2")).get("ContinuationToken")).toBeUndefined();
  });

  it("shows those whose name begins as asked for", async () => {
    const { client } = await owner("px-a", "px-ab", "px-b", "px.a");
    const document = await list(client, "?prefix=px-a");
    expect(document.texts("Buckets/Bucket/Name")).toEqual(["px-a", "px-ab"]);
    expect(document.get("Prefix")).toBe("px-a");
    expect((await list(client, "?prefix=none")).all("Buckets/Bucket")).toEqual([]);
  });

  it("shows those of a region", async () => {
    const { client } = await owner("rg-a");
    expect((await list(client, "?bucket-region=us-east-1")).all("Buckets/Bucket")).toHaveLength(1);
    expect((await list(client, "?bucket-region=eu-west-1")).all("Buckets/Bucket")).toEqual([]);
  });

  for (const query of ["max-buckets=0", "max-buckets=-1", "max-buckets=x", "continuation-token=nonsense"]) {
    it(`refuses ${query}`, async () => {
      const error = refused(await server.client.get(`/?${query}`), 400, "InvalidArgument");
      expect(error.get("ArgumentName")).toBe(query.split("=")[0]);
      expect(error.get("ArgumentValue")).toBe(query.split("=")[1]);
    });
  }

  it("is what GET / is, whatever else the query says", async () => {
    const { client } = await owner("any-a");
    expect((await list(client, "?x-id=ListBuckets&utm=1")).texts("Buckets/Bucket/Name")).toEqual(["any-a"]);
  });
});

describe("the service", () => {
  for (const method of ["PUT", "POST", "DELETE"]) {
    it(`has no ${method}`, async () => {
      refused(await server.client.send(method, "/"), 405, "MethodNotAllowed");
    });
  }
});
