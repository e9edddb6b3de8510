// aws4fetch: fetch with a signature, and no more. Payloads are not signed, and the XML is the caller's own.

import { randomBytes } from "node:crypto";
import { AwsClient } from "aws4fetch";
import {
  bytes,
  type Check,
  type Endpoint,
  equal,
  fetched,
  inBucket,
  KEYS,
  MB,
  refused,
  same,
} from "./javascript-support.ts";

const client = "aws4fetch";

/** Without retries: a request that fails once is a failure. */
function aws4fetch({ accessKeyId, secretAccessKey, region }: Endpoint): AwsClient {
  return new AwsClient({ accessKeyId, secretAccessKey, region, service: "s3", retries: 0 });
}

function address(endpoint: Endpoint, bucket: string, key: string): string {
  return `${endpoint.url}/${bucket}/${key.split("/").map(encodeURIComponent).join("/")}`;
}

function texts(xml: Uint8Array, element: string): string[] {
  return [...new TextDecoder().decode(xml).matchAll(new RegExp(`<${element}>(.*?)</${element}>`, "g"))].map(
    ([, text]) => text ?? "",
  );
}

const objects = (endpoint: Endpoint) =>
  inBucket(endpoint, async (bucket) => {
    const aws = aws4fetch(endpoint);
    const data = randomBytes(200_000);
    const url = address(endpoint, bucket, "x");
    const headers = { "content-type": "text/x-a", "x-amz-meta-colour": "dark blue" };
    await fetched(aws.fetch(url, { method: "PUT", body: data, headers }));
    const got = await aws.fetch(url);
    equal(
      [got.status, got.headers.get("content-type"), got.headers.get("x-amz-meta-colour")],
      [200, "text/x-a", "dark blue"],
    );
    same(await bytes(got), data);
    same(
      await fetched(aws.fetch(url, { headers: { range: "bytes=5-9" } }), 206),
      data.subarray(5, 10),
      "range",
    );
    const head = await aws.fetch(url, { method: "HEAD" });
    equal([head.status, head.headers.get("content-length")], [200, "200000"], "head");
    const etag = head.headers.get("etag") ?? "";
    await fetched(aws.fetch(url, { headers: { "if-none-match": etag } }), 304);
    await fetched(aws.fetch(url, { method: "DELETE" }), 204);
    await refused(aws.fetch(url), 404, "NoSuchKey");
  });

const keys = (endpoint: Endpoint) =>
  inBucket(endpoint, async (bucket) => {
    const aws = aws4fetch(endpoint);
    for (const key of KEYS) {
      const url = address(endpoint, bucket, key);
      await fetched(aws.fetch(url, { method: "PUT", body: `body of ${key}` }));
      equal(new TextDecoder().decode(await fetched(aws.fetch(url))), `body of ${key}`, key);
    }
    const list = await fetched(aws.fetch(`${endpoint.url}/${bucket}?list-type=2&encoding-type=url`));
    equal(
      texts(list, "Key")
        .map((key) => decodeURIComponent(key.replaceAll("+", " ")))
        .sort(),
      [...KEYS].sort(),
      "list",
    );
  });

const links = (endpoint: Endpoint) =>
  inBucket(endpoint, async (bucket) => {
    const aws = aws4fetch(endpoint);
    const url = address(endpoint, bucket, "a b");
    const sign = (method: string) =>
      aws.sign(`${url}?X-Amz-Expires=60`, { method, aws: { signQuery: true } });
    const put = await sign("PUT");
    await fetched(fetch(put.url, { method: "PUT", body: "sent by link" }));
    const get = await sign("GET");
    equal(new TextDecoder().decode(await fetched(fetch(get.url))), "sent by link");
    await refused(fetch(put.url), 403, "SignatureDoesNotMatch");
    await refused(
      fetch(get.url.replace("X-Amz-Expires=60", "X-Amz-Expires=61")),
      403,
      "SignatureDoesNotMatch",
    );
  });

const parts = (endpoint: Endpoint) =>
  inBucket(endpoint, async (bucket) => {
    const aws = aws4fetch(endpoint);
    const url = address(endpoint, bucket, "x");
    const data = randomBytes(5 * MB + 7);
    const [id] = texts(await fetched(aws.fetch(`${url}?uploads`, { method: "POST" })), "UploadId");
    let list = "";
    for (const [index, body] of [data.subarray(0, 5 * MB), data.subarray(5 * MB)].entries()) {
      const number = index + 1;
      const put = await aws.fetch(`${url}?partNumber=${number}&uploadId=${id}`, { method: "PUT", body });
      equal(put.status, 200, `part ${number}`);
      list += `<Part><PartNumber>${number}</PartNumber><ETag>${put.headers.get("etag")}</ETag></Part>`;
    }
    const body = `<CompleteMultipartUpload>${list}</CompleteMultipartUpload>`;
    await fetched(aws.fetch(`${url}?uploadId=${id}`, { method: "POST", body }));
    same(await fetched(aws.fetch(url)), data);
  });

export const aws4fetchChecks: Check[] = [
  { client, name: "an object is put, read, in part and under a condition, and deleted", run: objects },
  { client, name: "difficult keys are put, read and listed", run: keys },
  { client, name: "signed links work for their method and time, and for no other", run: links },
  { client, name: "an upload in parts is put together", run: parts },
];
