// Long bodies for the scale: uploads of thousands of small parts that Complete takes for large ones.

import { performance } from "node:perf_hooks";
import type { Cost } from "../support/cost.ts";
import { costOf } from "../support/cost.ts";
import { MIN_PART } from "../support/uploads.ts";
import type { Yard } from "./scale.ts";
import { callAll } from "./sides.ts";

export interface LongBody {
  path: string;
  size: number;
  completion: { ms: number; cost: Cost };
}

const PART_BYTES = 1024;

interface PartRow {
  number: number;
  blob: string;
  etag: string;
}

/**
 * Uploads parts through S3 and completes them. Parts of 5 MiB, which S3 wants, would be 50 GB: the directory is told that
 * they are, for Complete; the object to read has the same blobs with their true sizes, and is put into the index itself.
 */
export async function completedUpload(yard: Yard, count: number): Promise<LongBody> {
  const { server, bucket, endpoint } = yard;
  const path = `/${bucket}/long`;
  const { text } = await yard.ask({ method: "POST", path: `${path}?uploads=` }, true);
  const id = /<UploadId>([^<]+)/.exec(text)?.[1] ?? "";
  const uploadId = encodeURIComponent(id);
  const body = Buffer.alloc(PART_BYTES, "p");
  const side = { name: "portico", endpoint, bucket, pid: undefined, stop: async () => undefined } as const;
  const numbers = Array.from({ length: count }, (_, i) => i + 1);
  await callAll(
    side,
    numbers.map((number) => ({
      method: "PUT",
      path: `${path}?partNumber=${number}&uploadId=${uploadId}`,
      body,
      payload: "unsigned",
    })),
  );
  const parts = await server.order<PartRow[]>({
    do: "d1",
    text: "select number, blob, etag from part where upload = ? order by number",
    bindings: [id],
  });
  await server.order({
    do: "d1",
    text: "update part set size = ? where upload = ?",
    bindings: [MIN_PART, id],
  });
  const named = parts.map(
    ({ number, etag }) => `<Part><PartNumber>${number}</PartNumber><ETag>"${etag}"</ETag></Part>`,
  );
  const document = Buffer.from(`<CompleteMultipartUpload>${named.join("")}</CompleteMultipartUpload>`);
  let ms = Number.NaN;
  const { cost } = await costOf(server, bucket, async () => {
    const start = performance.now();
    const answer = await yard.ask({ method: "POST", path: `${path}?uploadId=${uploadId}`, body: document });
    ms = performance.now() - start;
    return answer;
  });
  await putTruly(yard, parts);
  return { path: `/${bucket}/true`, size: count * PART_BYTES, completion: { ms, cost } };
}

async function putTruly(yard: Yard, parts: readonly PartRow[]): Promise<void> {
  const { server, bucket } = yard;
  const description = { headers: {}, metadata: {}, parts: parts.length };
  const size = parts.length * PART_BYTES;
  const draft = {
    key: "true",
    etag: `${"0".repeat(32)}-${parts.length}`,
    size,
    owner: "o".repeat(64),
    description,
  };
  const extents = parts.map(({ number, blob }) => ({ number, blob, size: PART_BYTES }));
  const body = { kind: "extents", name: "true", extents };
  const args = [
    { generation: await yard.generation(), operationId: "true" },
    { draft, body, versioning: "off" },
  ];
  await server.order({ do: "call", index: await server.idOf(bucket), method: "put", args });
}
