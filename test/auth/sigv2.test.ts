import { describe, expect, it } from "vitest";
import { namesUnsigned, readV2, signV2, stringsToSignV2 } from "../../src/auth/sigv2.ts";
import type { Address } from "../../src/wire/address.ts";
import { answered, refused } from "../support/expect.ts";
import { useServer } from "../support/server.ts";
import { ROOT_ACCESS_KEY } from "../support/test-server.ts";
import { type Asked, addressOf } from "../wire/asked.ts";
import { link, send, signed } from "./second-signer-v2.ts";

describe("what is signed", () => {
  // https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html, "Authentication examples", with the bucket
  // that the signatures were made for. Left out: the DELETE, which contradicts the text above it on x-amz-date.
  const SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
  const host = "johnsmith.s3.amazonaws.com";
  const upload = {
    "x-amz-acl": "public-read",
    "content-type": "application/x-download",
    "content-md5": "4gJE4saaMU4BqNR0kLY+lw==",
    // Sent as two headers there; joined without a blank here, which is what is signed.
    "x-amz-meta-reviewedby": "joe@johnsmith.net,jane@johnsmith.net",
    "x-amz-meta-filechecksum": "0x02661779",
    "x-amz-meta-checksumalgorithm": "crc32",
    "content-disposition": "attachment; filename=database.dat",
  };

  it.each<[what: string, asked: Asked & { date?: string }, expected: string]>([
    [
      "Object GET",
      { target: "/photos/puppy.jpg", host, date: "Tue, 27 Mar 2007 19:36:42 +0000" },
      "bWq2s1WEIj+Ydj0vQ697zp+IXMU=",
    ],
    [
      "Object PUT",
      {
        method: "PUT",
        target: "/photos/puppy.jpg",
        host,
        headers: { "content-type": "image/jpeg" },
        date: "Tue, 27 Mar 2007 21:15:45 +0000",
      },
      "MyyxeRY7whkBe+bq8fHCL/2kKUg=",
    ],
    [
      "List",
      { target: "/?prefix=photos&max-keys=50&marker=puppy", host, date: "Tue, 27 Mar 2007 19:42:41 +0000" },
      "htDYFYduRNen8P9ZfE/s9SuKy0U=",
    ],
    [
      "Fetch",
      { target: "/?acl", host, date: "Tue, 27 Mar 2007 19:44:46 +0000" },
      "c2WLPFtWHVgbEmeEG93a4cG37dM=",
    ],
    [
      "Upload",
      {
        method: "PUT",
        target: "/db-backup.dat.gz",
        host: "static.johnsmith.net.s3.amazonaws.com",
        headers: upload,
        date: "Tue, 27 Mar 2007 21:06:08 +0000",
      },
      "ilyl83RwaSoYIEdixDQcA4OnAnc=",
    ],
    [
      "List all my buckets",
      { target: "/", host: "s3.amazonaws.com", date: "Wed, 28 Mar 2007 01:29:59 +0000" },
      "qGdzdERIC03wnaRNKh6OqZehG9s=",
    ],
    [
      "Unicode keys",
      {
        target: "/dictionary/fran%C3%A7ais/pr%c3%a9f%c3%a8re",
        host: "s3.amazonaws.com",
        date: "Wed, 28 Mar 2007 01:49:49 +0000",
      },
      "DNEZGsoieTZ92F3bUfSPQcbGmlM=",
    ],
  ])("is as in the documentation's example: %s", (_what, { date = "", ...asked }, expected) => {
    const headers = { ...asked.headers, date, authorization: `AWS AKIAIOSFODNN7EXAMPLE:${expected}` };
    const address = addressOf({ ...asked, headers }, ["s3.amazonaws.com"]);
    const read = readV2(address);
    if (read === undefined) throw new Error("no signature was read");
    expect(read).toEqual({ place: "header", accessKeyId: "AKIAIOSFODNN7EXAMPLE", signature: expected, date });
    expect(stringsToSignV2(address, read).map((text) => signV2(SECRET, text))).toContain(expected);
  });

  it("is as in the documentation's example of a URL", () => {
    const expected = "NpgCjnDzrM+WFzoENXmpNDUsSn8=";
    const query = `AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=${encodeURIComponent(expected)}&Expires=1175139620`;
    const address = addressOf({ target: `/photos/puppy.jpg?${query}`, host }, ["s3.amazonaws.com"]);
    const read = readV2(address);
    if (read === undefined) throw new Error("no signature was read");
    expect(read).toMatchObject({ place: "query", signature: expected, date: "1175139620" });
    expect(stringsToSignV2(address, read).map((text) => signV2(SECRET, text))).toEqual([expected]);
  });

  const any = { place: "header", accessKeyId: "", signature: "", date: "D" } as const;
  const texts = (address: Address) => stringsToSignV2(address, any);

  it("is the other date in the date's place: nothing there, and the header among its like", () => {
    const date = "Tue, 27 Mar 2007 21:20:26 +0000";
    const headers = { authorization: "AWS a:b", date: "Tue, 27 Mar 2007 21:20:27 +0000", "x-amz-date": date };
    const address = addressOf({ method: "DELETE", target: "/johnsmith/photos/puppy.jpg", headers });
    const read = readV2(address);
    expect(read?.date).toBe("");
    expect(stringsToSignV2(address, { ...any, date: "" })).toEqual([
      `DELETE\n\n\n\nx-amz-date:${date}\n/johnsmith/photos/puppy.jpg`,
    ]);
  });

  it("has the parameters that botocore signs, sorted and decoded, and no others", () => {
    const target =
      "/b/k?versionId=3&x=1&response-content-type=a%2Fb%20c&partNumber=2&uploadId=u%3D%3D&prefix=p";
    expect(texts(addressOf({ target }))).toEqual([
      "GET\n\n\nD\n/b/k?partNumber=2&response-content-type=a/b c&uploadId=u==&versionId=3",
    ]);
    // A bucket with or without the slash that botocore signs.
    expect(texts(addressOf({ target: "/b?uploads=&prefix=p" }))).toEqual([
      "GET\n\n\nD\n/b?uploads",
      "GET\n\n\nD\n/b/?uploads",
    ]);
  });

  it("is nothing if one text stands for several requests", () => {
    expect(texts(addressOf({ target: "/b/k?response-content-type=a%26versionId%3D3" }))).toEqual([]);
    expect(texts(addressOf({ target: "/b/k?response-content-type=a%26tagging" }))).toEqual([]);
    expect(texts(addressOf({ target: "/b/k?response-content-type=a%26b%3D3" }))).toHaveLength(1);
  });

  it("leaves out subresources that came later", () => {
    const unsigned = (target: string) => namesUnsigned(addressOf({ target }));
    for (const name of [
      "acl",
      "cors",
      "delete",
      "object-lock",
      "restore",
      "select&select-type=2",
      "tagging",
    ]) {
      expect([name, unsigned(`/b/k?${name}`)]).toEqual([name, false]);
    }
    for (const name of ["attributes", "encryption", "legal-hold", "publicAccessBlock", "retention"]) {
      expect([name, unsigned(`/b/k?${name}`)]).toEqual([name, true]);
    }
  });

  it("is signed with HMAC-SHA1", () => {
    expect(signV2("key", "The quick brown fox jumps over the lazy dog")).toBe("3nybhbi3iqa8ino29wqQcBydtNk=");
  });
});

const server = useServer();

describe("a link signed with version 2", () => {
  const ask = (method: string, path: string, headers = {}, body?: string) =>
    send(server.client, { method, path, headers, ...(body !== undefined && { body }) });

  it("puts, gets and overrides headers", async () => {
    const bucket = await server.bucket();
    const resource = `/${bucket}/a%20key`;
    const put = { method: "PUT", resource, type: "text/plain", amz: { "x-amz-meta-a": "b" } };
    const headers = { "content-type": "text/plain", "x-amz-meta-a": "b" };
    answered(await ask("PUT", link(put), headers, "hello"), 200);
    const got = answered(
      await ask("GET", link({ resource: `${resource}?response-content-type=text/x-a` })),
      200,
    );
    expect([got.text, got.headers["content-type"], got.headers["x-amz-meta-a"]]).toEqual([
      "hello",
      "text/x-a",
      "b",
    ]);
  });

  it("is good for its method, path, parameters and headers only", async () => {
    const bucket = await server.bucket();
    answered(await server.client.put(`/${bucket}/a%20key`, "hello"), 200);
    const good = link({ resource: `/${bucket}/a%20key?response-content-type=text/x-a` });
    answered(await ask("GET", good), 200);
    for (const bad of [
      good.replace("a%20key", "a%20kez"),
      good.replace("text/x-a", "text/x-b"),
      `${good}&acl`,
    ]) {
      refused(await ask("GET", bad), 403, "SignatureDoesNotMatch");
    }
    refused(await ask("DELETE", good), 403, "SignatureDoesNotMatch");
    refused(await ask("GET", good, { "x-amz-meta-b": "c" }), 403, "SignatureDoesNotMatch");
    // A subresource that such signatures do not know may have been added by anybody.
    refused(await ask("GET", `${good}&attributes`), 400, "InvalidRequest");
  });

  it("carries metadata in its query, where it is signed as a header is", async () => {
    const bucket = await server.bucket();
    const put = link({ method: "PUT", resource: `/${bucket}/k`, amz: { "x-amz-meta-a": "b" } });
    refused(await ask("PUT", put, {}, "hello"), 403, "SignatureDoesNotMatch");
    refused(await ask("PUT", `${put}&x-amz-meta-a=c`, {}, "hello"), 403, "SignatureDoesNotMatch");
    refused(
      await ask("PUT", `${put}&x-amz-meta-a=b&x-amz-meta-c=d`, {}, "hello"),
      403,
      "SignatureDoesNotMatch",
    );
    answered(await ask("PUT", `${put}&x-amz-meta-a=b`, {}, "hello"), 200);
    const { headers } = await server.client.head(`/${bucket}/k`);
    expect(headers["x-amz-meta-a"]).toBe("b");
  });

  it("expires", async () => {
    const bucket = await server.bucket();
    const error = refused(
      await ask("GET", link({ resource: `/${bucket}` }, 1_141_889_120)),
      403,
      "AccessDenied",
    );
    expect([error.get("Message"), error.get("Expires")]).toEqual([
      "Request has expired",
      "2006-03-09T07:25:20Z",
    ]);
  });

  it("is no good in a header, nor is a header in it", async () => {
    const expires = Math.floor(Date.now() / 1000) + 60;
    const [, stolen = ""] = /Signature=([^&]*)/.exec(link({ resource: "/" }, expires)) ?? [];
    answered(await ask("GET", link({ resource: "/" }, expires)), 200);
    const authorization = `AWS ${ROOT_ACCESS_KEY}:${decodeURIComponent(stolen)}`;
    refused(await ask("GET", "/", { authorization, date: String(expires) }), 403, "AccessDenied");
    const { headers } = signed({ resource: "/" });
    const query = new URLSearchParams({
      AWSAccessKeyId: ROOT_ACCESS_KEY,
      Expires: headers.date ?? "",
      Signature: headers.authorization?.split(":")[1] ?? "",
    });
    refused(await ask("GET", `/?${query}`), 403, "AccessDenied");
  });
});

describe("where the deployment does not take version 2", () => {
  const strict = useServer({ vars: { SIGNATURE_V2: "" } });

  it("headers and links are refused, in words that say what to do", async () => {
    const header = signed({ resource: "/" });
    const odd = signed({ resource: "/", more: { authorization: "AWS HAHAHA" } });
    for (const sent of [header, odd, { method: "GET", path: link({ resource: "/" }), headers: {} }]) {
      const error = refused(await send(strict.client, sent), 400, "InvalidRequest");
      expect(error.get("Message")).toContain("Please use AWS4-HMAC-SHA256.");
    }
  });
});
