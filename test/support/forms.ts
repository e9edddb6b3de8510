// Browser forms: written as browsers write them, with a policy signed in either version.

import { createHmac } from "node:crypto";
import type { Answer, Client } from "./client.ts";

export const BOUNDARY = "----form-of-a-test";

/** The parts of a form; a file has a name. */
export type Part = readonly [name: string, value: string | Uint8Array, fileName?: string];

/** A multipart/form-data body with these parts in order. */
export function multipart(parts: readonly Part[], boundary = BOUNDARY): Buffer {
  const pieces = parts.flatMap(([name, value, fileName]) => {
    const file = fileName === undefined ? "" : `; filename="${fileName}"\r\nContent-Type: text/x-file`;
    return [
      Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n`),
      Buffer.from(value as Uint8Array),
      Buffer.from("\r\n"),
    ];
  });
  return Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]);
}

export type Condition = Record<string, unknown> | readonly unknown[];

export interface FormOptions {
  fields?: Record<string, string>;
  /** Beside those that hold each field to its value, and the bucket. */
  conditions?: readonly Condition[];
  /** Fields, or `bucket`, that get no condition. */
  uncovered?: readonly string[];
  expiration?: string;
  /** Instead of the document that is made of all that. */
  policy?: unknown;
  version?: 2 | 4;
  /** Changes made after signing; undefined takes a field away. */
  change?: Record<string, string | undefined>;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

/** The fields of a form for this bucket, signed by this client's key. */
export function signedFields(
  { settings: { accessKeyId, secret, region } }: Client,
  bucket: string,
  { fields = {}, conditions = [], uncovered = [], version = 4, ...more }: FormOptions = {},
): Record<string, string> {
  const now = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const day = now.slice(0, 8);
  const credential = { "x-amz-credential": `${accessKeyId}/${day}/${region}/s3/aws4_request` };
  const ours: Record<string, string> = {
    key: "form",
    ...fields,
    ...(version === 4 && { "x-amz-algorithm": "AWS4-HMAC-SHA256", "x-amz-date": now, ...credential }),
  };
  const each = Object.entries({ bucket, ...ours }).filter(([name]) => !uncovered.includes(name));
  const document = more.policy ?? {
    expiration: more.expiration ?? new Date(Date.now() + 60_000).toISOString(),
    conditions: [...each.map(([name, value]) => ["eq", `$${name}`, value]), ...conditions],
  };
  const json = typeof document === "string" ? document : JSON.stringify(document);
  const policy = Buffer.from(json).toString("base64");
  let key: Buffer = Buffer.from(`AWS4${secret}`);
  for (const text of [day, region, "s3", "aws4_request"]) key = hmac(key, text);
  const signed: Record<string, string | undefined> = {
    ...ours,
    policy,
    ...(version === 4
      ? { "x-amz-signature": hmac(key, policy).toString("hex") }
      : {
          AWSAccessKeyId: accessKeyId,
          signature: createHmac("sha1", secret).update(policy).digest("base64"),
        }),
    ...more.change,
  };
  const kept = Object.entries(signed).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(kept);
}

/** Posts a form as it is. */
export function postForm(
  client: Client,
  path: string,
  parts: readonly Part[],
  headers: Record<string, string> = {},
): Promise<Answer> {
  const body = multipart(parts);
  const type = { "content-type": `multipart/form-data; boundary=${BOUNDARY}` };
  const sent = { ...client.settings.headers, ...type, "content-length": String(body.length), ...headers };
  return client.sendSigned("POST", path, sent, body);
}

/** Posts a file with a form that is signed for this bucket. */
export function post(
  client: Client,
  bucket: string,
  file: string | Uint8Array,
  { fileName = "file.txt", ...options }: FormOptions & { fileName?: string } = {},
): Promise<Answer> {
  const fields = Object.entries(signedFields(client, bucket, options));
  return postForm(client, `/${bucket}`, [...fields, ["file", file, fileName]]);
}
