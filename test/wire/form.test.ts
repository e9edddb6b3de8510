import { describe, expect, it } from "vitest";
import { S3Error } from "../../src/wire/error.ts";
import { formAddress, withFileName } from "../../src/wire/form.ts";
import { addressOf } from "./asked.ts";

const NAME = "$" + "{filename}";
const asked = addressOf({
  method: "POST",
  target: "/bucket",
  headers: { "content-type": "multipart/form-data", "x-amz-meta-of": "the request" },
});
const address = (fields: Record<string, string>) =>
  formAddress(asked, new Map(Object.entries({ key: "k", ...fields })));

function code(fields: Record<string, string>): string {
  try {
    address(fields);
    return "none";
  } catch (error) {
    if (error instanceof S3Error) return error.code;
    throw error;
  }
}

describe("the file's name", () => {
  it.each([
    ["a.txt", "a.txt"],
    ["dir/a.txt", "a.txt"],
    ["C:\\dir\\a.txt", "a.txt"],
    ["a/b\\c", "c"],
    ["dir/", ""],
    ["", ""],
    ["$&$1", "$&$1"],
  ])("%j stands in a field as %j", (fileName, name) => {
    expect(withFileName(new Map([["key", `${NAME}-${NAME}`]]), fileName)).toEqual(
      new Map([["key", `${name}-${name}`]]),
    );
  });

  it("stands in nothing that is signed", () => {
    const fields = new Map(["policy", "signature", "x-amz-signature"].map((name) => [name, NAME]));
    expect(withFileName(fields, "a.txt")).toEqual(fields);
  });
});

describe("the address of a form", () => {
  it("has the form's key and headers, and none of the request's", () => {
    const { key, bucket, headers } = address({
      key: "a/ b",
      "content-type": "text/plain",
      expires: "0",
      "x-amz-meta-a": "1",
    });
    expect([key, bucket]).toEqual(["a/ b", "bucket"]);
    expect(Object.fromEntries(headers.entries())).toEqual({
      "content-type": "text/plain",
      expires: "0",
      "x-amz-meta-a": "1",
    });
  });

  it("leaves out what is no header of a PUT, and what only signs", () => {
    const fields = [
      "policy",
      "success_action_status",
      "submit",
      "if-match",
      "x-ignore-a",
      "range",
      "authorization",
    ];
    const signing = [
      "x-amz-signature",
      "x-amz-algorithm",
      "x-amz-credential",
      "x-amz-date",
      "x-amz-security-token",
    ];
    const { headers } = address(Object.fromEntries([...fields, ...signing].map((name) => [name, "x"])));
    expect([...headers.keys()]).toEqual([]);
  });

  it("has the ACL and the tags as headers", () => {
    const tags = ["a", "b &c"].map(
      (text) => `<Tag><Key>${text.replace("&", "&amp;")}</Key><Value>=</Value></Tag>`,
    );
    const { headers } = address({
      acl: "public-read",
      tagging: `<Tagging><TagSet>${tags.join("")}</TagSet></Tagging>`,
    });
    expect(headers.get("x-amz-acl")).toBe("public-read");
    expect([...new URLSearchParams(headers.get("x-amz-tagging") ?? "")]).toEqual([
      ["a", "="],
      ["b &c", "="],
    ]);
  });

  it.each([
    [{ key: "" }, "InvalidArgument"],
    [{ key: "ü".repeat(512) }, "none"],
    [{ key: `${"ü".repeat(512)}x` }, "KeyTooLongError"],
    [{ "x-amz-meta-a": "b\r\nc: d" }, "InvalidArgument"],
    [{ "x-amz-meta-a": "\0" }, "InvalidArgument"],
    [{ "x-amz-meta a": "b" }, "InvalidArgument"],
    [{ "x-amz-meta-ü": "b" }, "InvalidArgument"],
    [{ acl: "a\r\nb" }, "InvalidArgument"],
    [{ tagging: "<Tags/>" }, "MalformedXML"],
    [{ tagging: "a=b" }, "MalformedXML"],
  ])("of %j is refused: %s", (fields, expected) => {
    expect(code(fields as Record<string, string>)).toBe(expected);
  });

  it("cannot do without a key", () => {
    expect(() => formAddress(asked, new Map())).toThrow("Bucket POST must contain a field named 'key'.");
  });
});
