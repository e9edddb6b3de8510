import { describe, expect, it } from "vitest";
import { isBucketName, pathEncode, percentEncode } from "../../src/wire/names.ts";

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
describe("a bucket's name", () => {
  it.each([
    "abc",
    "a".repeat(63),
    "123",
    "1a2",
    "my-bucket",
    "my--bucket",
    "my.example.s3.bucket",
    "a.b.c",
    "1.2.3",
    "1.2.3.4.5",
    "192.168.5.x",
    "doc-example-bucket1",
    "log-delivery-march-2020",
    "xn-bucket",
    "sthree",
    "s3alias",
    "ol-s3",
    "bucket-x-s3",
    "mrap",
  ])("may be %s", (name) => {
    expect(isBucketName(name)).toBe(true);
  });

  it.each([
    ["too short", ""],
    ["too short", "a"],
    ["too short", "ab"],
    ["too long", "a".repeat(64)],
    ["too long", "a".repeat(255)],
    ["upper case", "Bucket"],
    ["upper case", "bUcket"],
    ["underscore", "my_bucket"],
    ["blank", "my bucket"],
    ["blank", " bucket"],
    ["line feed", "bucket\n"],
    ["slash", "my/bucket"],
    ["letter beyond ASCII", "bücket"],
    ["letter beyond ASCII", "bucket\u0661"],
    ["percent", "my%2dbucket"],
    ["hyphen first", "-bucket"],
    ["hyphen last", "bucket-"],
    ["period first", ".bucket"],
    ["period last", "bucket."],
    ["adjacent periods", "doc..example"],
    ["period beside a hyphen", "my.-bucket"],
    ["period beside a hyphen", "my-.bucket"],
    ["IP address", "192.168.5.4"],
    ["IP address", "999.999.999.999"],
    ["reserved prefix", "xn--bucket"],
    ["reserved prefix", "sthree-bucket"],
    ["reserved prefix", "sthree-configurator"],
    ["reserved prefix", "amzn-s3-demo-bucket"],
    ["reserved suffix", "bucket-s3alias"],
    ["reserved suffix", "bucket--ol-s3"],
    ["reserved suffix", "bucket.mrap"],
    ["reserved suffix", "bucket--x-s3"],
    ["reserved suffix", "bucket--table-s3"],
    ["dot segment", ".."],
    ["dot segment", "..."],
  ])("may not have this: %s, as in %j", (_why, name) => {
    expect(isBucketName(name)).toBe(false);
  });
});

describe("percent-encoding", () => {
  it("leaves exactly the unreserved characters of RFC 3986 alone", () => {
    for (let point = 0; point < 0x80; point++) {
      const character = String.fromCharCode(point);
      const hex = `%${point.toString(16).toUpperCase().padStart(2, "0")}`;
      expect(percentEncode(character)).toBe(/[A-Za-z0-9\-._~]/.test(character) ? character : hex);
    }
    expect(percentEncode("é\ue000😀")).toBe("%C3%A9%EE%80%80%F0%9F%98%80");
  });

  it("leaves the slashes of a listed key", () => {
    expect(pathEncode("a/b c/(d)+é")).toBe("a/b%20c/%28d%29%2B%C3%A9");
  });
});
