// Multipart uploads as a client makes them.

import type { Answer, Client } from "./client.ts";
import { xml } from "./xml.ts";

/** Least size of any part but the last, in bytes. */
export const MIN_PART = 5 * 1024 * 1024;

export interface Part {
  number: number;
  /** With its quotes. */
  etag: string;
}

/** Begins an upload and gives its id. */
export async function begin(
  client: Client,
  path: string,
  headers: Record<string, string> = {},
): Promise<string> {
  const { status, text } = await client.post(`${path}?uploads`, "", headers);
  const id = status === 200 ? xml(text).get("UploadId") : undefined;
  if (id === undefined) throw new Error(`no upload began: ${text}`);
  return id;
}

export function partPath(path: string, id: string, number: number): string {
  return `${path}?partNumber=${number}&uploadId=${id}`;
}

/** Uploads a part and gives what Complete has to name. */
export async function part(
  client: Client,
  path: string,
  id: string,
  number: number,
  body: string | Uint8Array,
): Promise<Part> {
  const { status, text, headers } = await client.put(partPath(path, id, number), body);
  if (status !== 200) throw new Error(`part ${number} was refused: ${text}`);
  return { number, etag: String(headers.etag) };
}

export function completion(parts: readonly Part[]): string {
  const inside = parts.map(
    ({ number, etag }) => `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`,
  );
  return `<CompleteMultipartUpload>${inside.join("")}</CompleteMultipartUpload>`;
}

export function complete(
  client: Client,
  path: string,
  id: string,
  parts: readonly Part[],
  headers: Record<string, string> = {},
): Promise<Answer> {
  return client.post(`${path}?uploadId=${id}`, completion(parts), headers);
}

/** Makes an object of these parts. */
export async function upload(client: Client, path: string, bodies: (string | Uint8Array)[]): Promise<Answer> {
  const id = await begin(client, path);
  const parts: Part[] = [];
  for (const [index, body] of bodies.entries()) parts.push(await part(client, path, id, index + 1, body));
  return complete(client, path, id, parts);
}
