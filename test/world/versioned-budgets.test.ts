import { beforeAll, describe, it } from "vitest";
import { Budgets } from "../support/budgets.ts";
import { answered } from "../support/expect.ts";
import { useServer } from "../support/server.ts";
import { xml } from "../support/xml.ts";

const server = useServer();
let bucket: string;
let budgets: Budgets;
let made = 0;

beforeAll(async () => {
  bucket = await server.bucket();
  await server.version(bucket);
  budgets = await Budgets.of(server, bucket);
});

/** A key with several versions. */
async function object(): Promise<string> {
  made += 1;
  const path = `/${bucket}/k${made}`;
  for (const body of ["one", "two", "three"]) answered(await server.client.put(path, body), 200);
  return path;
}

/** The path of an object's second version. */
async function version(): Promise<string> {
  const path = await object();
  const { headers } = answered(await server.client.put(path, "four"), 200);
  answered(await server.client.put(path, "five"), 200);
  return `${path}?versionId=${headers["x-amz-version-id"]}`;
}

describe("in a bucket that keeps versions", () => {
  it("a put over an object costs what it costs elsewhere", () =>
    budgets.hold(
      { index: 1, classA: 1 },
      { read: 8, written: 4 },
      (client, path) => client.put(path, "six"),
      object,
    ));

  it("so does a delete that leaves a marker", () =>
    budgets.hold({ index: 1 }, { read: 8, written: 4 }, (client, path) => client.delete(path), object));

  it("so does a delete of a version", () =>
    budgets.hold({ index: 1 }, { read: 8, written: 4 }, (client, path) => client.delete(path), version));

  it("so does a read of the latest version", () =>
    budgets.hold(
      { index: 1, classB: 1 },
      { read: 4, written: 0 },
      (client, path) => client.get(path),
      object,
    ));

  it("so does a read of an older one", () =>
    budgets.hold(
      { index: 1, classB: 1 },
      { read: 4, written: 0 },
      (client, path) => client.get(path),
      version,
    ));

  it("so does a read of its headers", () =>
    budgets.hold({ index: 1 }, { read: 4, written: 0 }, (client, path) => client.head(path), version));

  it("so does a listing, of the latest versions and of all", async () => {
    for (const query of ["list-type=2", "versions"]) {
      const page = xml((await server.client.get(`/${bucket}?${query}`)).text);
      const n = ["Contents", "Version", "DeleteMarker"].flatMap((name) => page.all(name)).length;
      await budgets.hold({ index: 1 }, { read: 2 * n + 4, written: 0 }, (client) =>
        client.get(`/${bucket}?${query}`),
      );
    }
  });
});
