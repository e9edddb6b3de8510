import { describe, expect, it } from "vitest";
import { type ErrorCode, invalidArgument, S3Error } from "../../src/wire/error.ts";
import { document, documentAndHeaders, empty, errorReply, reply } from "../../src/wire/output.ts";
import { shape, text } from "../../src/wire/xml.ts";

const PLACE = {
  method: "GET",
  resource: "/b/a%26b",
  bucket: "b",
  key: "a&b",
  requestId: "4442587FB7D0A2F9",
  hostId: "host/id=",
};

/** Names and texts of an error document's elements, in order. */
function elements(body: unknown): [string, string][] {
  const found = /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<Error>(.*)<\/Error>$/s.exec(String(body));
  return [...(found?.[1] ?? "").matchAll(/<([\w-]+)>([^<]*)<\/\1>/g)].map(([, name = "", inside = ""]) => [
    name,
    inside,
  ]);
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
describe("the answer to an error", () => {
  it("is S3's document with the error's own elements, the place and both ids", () => {
    const { status, headers, body } = errorReply(
      invalidArgument("No <such> thing", "max-keys", '"x"'),
      PLACE,
    );
    expect(status).toBe(400);
    expect(headers).toEqual({ "content-type": "application/xml" });
    expect(elements(body)).toEqual([
      ["Code", "InvalidArgument"],
      ["Message", "No &lt;such&gt; thing"],
      ["ArgumentName", "max-keys"],
      ["ArgumentValue", "&quot;x&quot;"],
      ["Resource", "/b/a%26b"],
      ["RequestId", "4442587FB7D0A2F9"],
      ["HostId", "host/id="],
    ]);
  });

  it("names the key that is not there, or the bucket", () => {
    const names = (code: ErrorCode) =>
      elements(errorReply(new S3Error(code), PLACE).body).filter(([name]) =>
        ["Key", "BucketName"].includes(name),
      );
    expect(names("NoSuchKey")).toEqual([["Key", "a&amp;b"]]);
    expect(names("NoSuchBucket")).toEqual([["BucketName", "b"]]);
    expect(names("NoSuchTagSet")).toEqual([["BucketName", "b"]]);
    for (const code of ["AccessDenied", "InvalidBucketState"] as const) expect(names(code)).toEqual([]);
  });

  it("has the headers that the error brings", () => {
    const error = new S3Error("SlowDown", { headers: { "retry-after": "1" } });
    expect(errorReply(error, PLACE).headers).toEqual({
      "retry-after": "1",
      "content-type": "application/xml",
    });
  });

  it("to HEAD is the status alone", () => {
    const error = new S3Error("NoSuchKey", { headers: { "x-amz-delete-marker": "true" } });
    expect(errorReply(error, { ...PLACE, method: "HEAD" })).toMatchObject({
      status: 404,
      headers: { "x-amz-delete-marker": "true" },
      body: null,
    });
  });
});

describe("an answer", () => {
  const Word = shape("Word", text);

  it("without a document is a status and headers", () => {
    expect(empty(204)({ etag: "x", none: undefined })).toEqual({
      status: 204,
      headers: { etag: "x", none: undefined },
      body: null,
    });
  });

  it("with a document says that it is XML", () => {
    const body = Word.write("w");
    const headers = { "content-type": "application/xml" };
    expect(document(Word)("w")).toEqual({ status: 200, headers, body });
    expect(documentAndHeaders(Word)({ document: "w", headers: { etag: "x" } })).toEqual({
      status: 200,
      headers: { ...headers, etag: "x" },
      body,
    });
  });

  it("may be whatever its operation makes of it", () => {
    const made = { status: 304, headers: {} };
    expect(reply(made)).toBe(made);
  });
});
