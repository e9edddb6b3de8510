import { describe, expect, it } from "vitest";
import type { Operation } from "../src/operation.ts";
import { OPERATIONS } from "../src/operations.ts";
import { makeRouter, type Row } from "../src/router.ts";
import { S3Error } from "../src/wire/error.ts";
import { seeded } from "./auth/random.ts";
import { BROWSER_OPERATIONS, S3_OPERATIONS } from "./vectors/s3-operations.ts";
import { type Asked, addressOf } from "./wire/asked.ts";

const route = makeRouter(OPERATIONS);

const METHODS = ["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"] as const;
const PATHS = ["/", "/bucket", "/bucket/a/key"] as const;

/** Every subresource of S3's, as its own service model names them; a query there is one, or a literal value. */
const SUBRESOURCES = [
  ...new Set([
    ...S3_OPERATIONS.flatMap(([, target]) => (target.split("?")[1] ?? "").split("&"))
      .filter((parameter) => parameter !== "" && !parameter.includes("="))
      .toSorted(),
    "uploadId",
  ]),
];

const isBuilt = (row: Row): row is Operation => "respond" in row;

/** The parameters that a row's route demands. */
function demanded({ route: text }: Row): string[] {
  const query = text.split("?")[1] ?? "";
  return query === "" ? [] : query.split("&").map((parameter) => parameter.split("=")[0] ?? "");
}

/** A request as the row's route describes it. */
function requestFor({ route: text, header }: Row): Asked {
  const [method = "", target = ""] = text.split(" ");
  const filled = target
    .replace("{Bucket}", "bucket")
    .replace("{Key}", "a/key")
    .replace(/\{\w+\}/g, "value");
  return { method, target: filled, headers: header === undefined ? {} : { [header]: "value" } };
}

function withQuery(asked: Asked, more: string): Asked {
  return { ...asked, target: `${asked.target}${asked.target.includes("?") ? "&" : "?"}${more}` };
}

/** The operation's name, or the code of the refusal. */
function answer(asked: Asked, find = route): string {
  try {
    return find(addressOf(asked)).name;
  } catch (error) {
    if (error instanceof S3Error) return error.code;
    throw error;
  }
}

function refusal(asked: Asked): S3Error {
  try {
    route(addressOf(asked));
  } catch (error) {
    if (error instanceof S3Error) return error;
    throw error;
  }
  throw new Error(`not refused: ${asked.method} ${asked.target}`);
}

describe("the table", () => {
  it("has exactly the 111 operations that S3's model has, and the browser's form, each once", () => {
    const names = OPERATIONS.map(({ name }) => name);
    expect(S3_OPERATIONS).toHaveLength(111);
    const known = [...S3_OPERATIONS, ...BROWSER_OPERATIONS].map(([name]) => name);
    expect(names.toSorted()).toEqual(known.toSorted());
  });

  it.each([...S3_OPERATIONS, ...BROWSER_OPERATIONS])("has %s where S3 has it: %s", (name, target) => {
    const row = OPERATIONS.find((each) => each.name === name);
    const [place = "", query = ""] = target.split("?");
    const [ours = ""] = (row?.route ?? "").split("?");
    // The one operation that has a path of its own has a host of its own, too.
    expect(ours).toBe(place === "POST /WriteGetObjectResponse" ? "POST /{Bucket}" : place);
    const wanted = query.split("&").filter((parameter) => parameter !== "");
    expect((row?.route.split("?")[1] ?? "").split("&")).toEqual(expect.arrayContaining(wanted));
  });
});

describe("a request built from a row's route", () => {
  it.each(OPERATIONS.map((row) => [row.name, row.route, row] as const))(
    "finds %s: %s",
    (_name, _route, row) => {
      const twins = OPERATIONS.filter((other) => other.route === row.route && other.header === row.header);
      const built = twins.find(isBuilt);
      if (built !== undefined) {
        // An operation and its older name share a route; only one of them can be built.
        expect(twins.filter(isBuilt)).toEqual([built]);
        expect(route(addressOf(requestFor(row)))).toBe(built);
        return;
      }
      const { code, status, message } = refusal(requestFor(row));
      expect([code, status]).toEqual(["NotImplemented", 501]);
      expect(twins.map(({ name }) => `${name} is not implemented.`)).toContain(message);
    },
  );

  it("finds the same with parameters that nobody knows, wherever they stand", () => {
    for (const row of OPERATIONS) {
      const asked = requestFor(row);
      const found = answer(asked);
      for (const more of [
        `x-id=${row.name}`,
        "utm_source=mail&fbclid=x",
        "Acl=&TAGGING",
        "=",
        "versionId=1",
        "prefix=acl",
      ]) {
        expect([row.name, more, answer(withQuery(asked, more))]).toEqual([row.name, more, found]);
        const [path = "", query] = asked.target.split("?");
        const target = query === undefined ? `${path}?${more}` : `${path}?${more}&${query}`;
        expect([row.name, more, answer({ ...asked, target })]).toEqual([row.name, more, found]);
      }
      expect(
        answer({ ...asked, headers: { ...asked.headers, "x-amz-meta-a": "b", "content-type": "x" } }),
      ).toBe(found);
    }
  });

  it("finds ListBuckets whatever x-id says, but for the one operation that only x-id tells from it", () => {
    for (const [name] of S3_OPERATIONS) {
      const expected = name === "ListDirectoryBuckets" ? "NotImplemented" : "ListBuckets";
      expect([name, answer({ method: "GET", target: `/?x-id=${name}` })]).toEqual([name, expected]);
    }
  });

  it("finds the same in whatever order the rows stand", () => {
    const random = seeded(111);
    const requests = OPERATIONS.map(requestFor);
    const expected = requests.map((asked) => answer(asked));
    for (let i = 0; i < 30; i++) {
      const shuffled = OPERATIONS.map((row) => ({ row, at: random.next() }))
        .toSorted((a, b) => a.at - b.at)
        .map(({ row }) => row);
      const find = makeRouter(shuffled);
      expect(requests.map((asked) => answer(asked, find))).toEqual(expected);
    }
  });
});

describe("a subresource", () => {
  it("is known for every one that S3's own model names", () => {
    expect(SUBRESOURCES.length).toBeGreaterThanOrEqual(39);
    expect(SUBRESOURCES).toEqual(
      expect.arrayContaining(["acl", "torrent", "uploads", "uploadId", "versions", "renameObject"]),
    );
  });

  it.each(SUBRESOURCES)("is never passed over for a plainer operation: ?%s", (name) => {
    for (const path of PATHS) {
      for (const method of METHODS) {
        for (const value of ["", "=", "=x"]) {
          const asked = { method, target: `${path}?${name}${value}` };
          const got = answer(asked);
          const row = OPERATIONS.find((each) => each.name === got);
          // `select` and `uploadId` want another parameter beside them.
          const refusals = ["MethodNotAllowed", "NotImplemented", "InvalidRequest"];
          expect([asked, row ? demanded(row).includes(name) : refusals.includes(got)]).toEqual([asked, true]);
        }
      }
    }
  });

  it("is never passed over beside another one", () => {
    const built = OPERATIONS.filter(isBuilt);
    for (const row of built) {
      const own = demanded(row);
      for (const name of SUBRESOURCES.filter((each) => !own.includes(each))) {
        const got = answer(withQuery(requestFor(row), name));
        const other = OPERATIONS.find((each) => each.name === got);
        expect([row.name, name, got, other === undefined || demanded(other).includes(name)]).toEqual([
          row.name,
          name,
          got,
          true,
        ]);
      }
    }
  });

  it.each([
    ["PUT", "/bucket/key?torrent", "MethodNotAllowed", "GET"],
    ["DELETE", "/bucket/key?torrent", "MethodNotAllowed", "GET"],
    ["DELETE", "/bucket/key?acl", "MethodNotAllowed", "GET, PUT"],
    ["POST", "/bucket/key?attributes", "MethodNotAllowed", "GET"],
    ["DELETE", "/bucket/key?uploads", "MethodNotAllowed", "POST"],
    ["GET", "/bucket?delete", "MethodNotAllowed", "POST"],
    ["HEAD", "/bucket?acl", "MethodNotAllowed", "GET, PUT"],
    ["DELETE", "/bucket?versioning", "MethodNotAllowed", "GET, PUT"],
    ["PUT", "/bucket?location", "MethodNotAllowed", "GET"],
  ])("with a method that it does not have is 405: %s %s", (method, target, code, allowed) => {
    const error = refusal({ method, target });
    expect([error.code, error.status]).toEqual([code, 405]);
    expect((error.headers.allow ?? "").split(", ").toSorted()).toEqual(allowed.split(", "));
    expect(error.elements.Method).toBe(method);
  });

  it.each([
    ["PUT", "/bucket/key?versions"],
    ["DELETE", "/bucket/key?lifecycle"],
    ["PUT", "/bucket/key?acl&tagging"],
    ["GET", "/bucket?torrent"],
    ["PUT", "/?acl"],
  ])("that does not belong there is 501: %s %s", (method, target) => {
    const { code, status } = refusal({ method, target });
    expect([code, status]).toEqual(["NotImplemented", 501]);
  });

  it.each([
    ["PUT", "/bucket/key?uploadId=x", "partNumber"],
    ["PUT", "/bucket/key?uploadId", "partNumber"],
  ])("that lacks its other half is told so: %s %s", (method, target, missing) => {
    const { code, message } = refusal({ method, target });
    expect(code).toBe("InvalidRequest");
    expect(message).toBe(`Missing required parameter for this request: ${missing}`);
  });
});

describe("a plain request", () => {
  it.each([
    ["GET", "/", "ListBuckets"],
    ["GET", "/bucket", "ListObjects"],
    ["GET", "/bucket/", "ListObjects"],
    ["GET", "/bucket?list-type=1", "ListObjects"],
    ["GET", "/bucket?list-type=2", "ListObjectsV2"],
    ["GET", "/bucket?list-type=2&list-type=1", "ListObjectsV2"],
    ["GET", "/bucket?list-type", "ListObjects"],
    ["HEAD", "/bucket", "HeadBucket"],
    ["PUT", "/bucket", "CreateBucket"],
    ["DELETE", "/bucket", "DeleteBucket"],
    ["GET", "/bucket/key", "GetObject"],
    ["GET", "/bucket//", "GetObject"],
    ["GET", "/bucket/key?partNumber=1", "GetObject"],
    ["GET", "/bucket/key?versionId=x&response-content-type=y", "GetObject"],
    ["HEAD", "/bucket/key", "HeadObject"],
    ["PUT", "/bucket/key", "PutObject"],
    ["DELETE", "/bucket/key", "DeleteObject"],
    ["POST", "/bucket/key?uploads", "CreateMultipartUpload"],
    ["PUT", "/bucket/key?partNumber=1&uploadId=x", "UploadPart"],
    ["POST", "/bucket/key?uploadId=x", "CompleteMultipartUpload"],
    ["DELETE", "/bucket/key?uploadId=x", "AbortMultipartUpload"],
    ["GET", "/bucket/key?uploadId=x", "ListParts"],
    ["GET", "/bucket?uploads", "ListMultipartUploads"],
    ["POST", "/bucket?delete", "DeleteObjects"],
  ])("%s %s is %s", (method, target, name) => {
    expect(answer({ method, target })).toBe(name);
  });

  it("is a copy if it names a source", () => {
    const headers = { "x-amz-copy-source": "other/key" };
    expect(answer({ method: "PUT", target: "/bucket/key", headers })).toBe("CopyObject");
    const target = "/bucket/key?partNumber=1&uploadId=x";
    expect(answer({ method: "PUT", target, headers })).toBe("UploadPartCopy");
    expect(answer({ method: "PUT", target: "/bucket/key?torrent", headers })).toBe("MethodNotAllowed");
  });

  it.each([
    ["POST", "/bucket/key", "OBJECT"],
    ["PATCH", "/bucket/key", "OBJECT"],
    ["PATCH", "/bucket", "BUCKET"],
    ["OPTIONS", "/bucket", "BUCKET"],
    ["PUT", "/", "SERVICE"],
    ["DELETE", "/", "SERVICE"],
    ["HEAD", "/", "SERVICE"],
  ])("that nothing answers is 405 and names what it is about: %s %s", (method, target, type) => {
    const error = refusal({ method, target });
    expect([error.code, error.status]).toEqual(["MethodNotAllowed", 405]);
    expect(error.elements).toEqual({ Method: method, ResourceType: type });
  });
});
