// A setting of a bucket, made as its document says.

import { expect } from "vitest";
import { md5 } from "./checksums.ts";
import type { Client } from "./client.ts";

/** Puts a bucket's `subresource`, which must be taken. */
export async function settleBucket(
  client: Client,
  bucket: string,
  subresource: string,
  body: string,
): Promise<void> {
  const { status, text } = await client.put(`/${bucket}?${subresource}`, body, {
    "content-md5": md5(body, "base64"),
  });
  expect([subresource, status < 300 ? "" : text]).toEqual([subresource, ""]);
}
