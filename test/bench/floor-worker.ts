// The floor: a bare Worker over R2 that understands the same requests, looks at no signature and keeps no index. What
// an S3 in a Worker could cost at the least, if R2 had to be asked for everything.

interface Env {
  BLOBS: R2Bucket;
}

async function fetch(request: Request, env: Env): Promise<Response> {
  const { url, method } = request;
  const question = url.indexOf("?");
  const path = question < 0 ? url : url.slice(0, question);
  // `http://host/bucket/key`: one bucket is all there is.
  const key = path.split("/").slice(4).join("/");
  const query = question < 0 ? undefined : new URLSearchParams(url.slice(question + 1));
  if (key === "" && method === "GET") return list(env.BLOBS, query ?? new URLSearchParams());
  if (key === "" && method === "POST") return removeMany(env.BLOBS, request);
  if (key === "") return new Response(null);
  if (query !== undefined) return multipart(env.BLOBS, request, key, query);
  switch (method) {
    case "HEAD":
      return head(await env.BLOBS.head(key));
    case "GET":
      return get(env.BLOBS, request, key);
    case "PUT":
      return put(env.BLOBS, request, key);
    default:
      await env.BLOBS.delete(key);
      return new Response(null, { status: 204 });
  }
}

function head(object: R2Object | null): Response {
  if (object === null) return new Response(null, { status: 404 });
  return new Response(null, { headers: { "content-length": String(object.size), etag: object.httpEtag } });
}

async function get(r2: R2Bucket, request: Request, key: string): Promise<Response> {
  const ranged = request.headers.has("range");
  const object = await r2.get(key, ranged ? { range: request.headers } : {});
  if (object === null) return new Response(null, { status: 404 });
  return new Response(object.body, { status: ranged ? 206 : 200, headers: { etag: object.httpEtag } });
}

/** R2's binding has no copy: the least that a Worker can do is to read and write the bytes as a stream. */
async function put(r2: R2Bucket, request: Request, key: string): Promise<Response> {
  const source = request.headers.get("x-amz-copy-source");
  if (source === null) {
    const stored = await r2.put(key, request.body);
    return new Response(null, { headers: { etag: stored?.httpEtag ?? "" } });
  }
  const object = await r2.get(source.split("/").slice(2).join("/"));
  if (object === null) return new Response(null, { status: 404 });
  const { readable, writable } = new FixedLengthStream(object.size);
  const [stored] = await Promise.all([r2.put(key, readable), object.body.pipeTo(writable)]);
  return new Response(null, { headers: { etag: stored?.httpEtag ?? "" } });
}

async function list(r2: R2Bucket, query: URLSearchParams): Promise<Response> {
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter");
  const { objects, delimitedPrefixes } = await r2.list({
    prefix,
    limit: 1000,
    ...(delimiter && { delimiter }),
  });
  const shown = objects.map(({ key, size, etag, uploaded }) => ({ key, size, etag, uploaded }));
  return Response.json({ objects: shown, delimitedPrefixes });
}

async function removeMany(r2: R2Bucket, request: Request): Promise<Response> {
  const keys = Array.from((await request.text()).matchAll(/<Key>([^<]+)/g), ([, key = ""]) => key);
  await r2.delete(keys);
  return new Response(null);
}

async function multipart(
  r2: R2Bucket,
  request: Request,
  key: string,
  query: URLSearchParams,
): Promise<Response> {
  const id = query.get("uploadId");
  if (id === null) {
    const { uploadId } = await r2.createMultipartUpload(key);
    return new Response(`<UploadId>${uploadId}</UploadId>`);
  }
  const upload = r2.resumeMultipartUpload(key, id);
  if (request.method === "PUT") {
    const { etag } = await upload.uploadPart(Number(query.get("partNumber")), request.body ?? "");
    return new Response(null, { headers: { etag: `"${etag}"` } });
  }
  const parts = (await request.text()).matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>"?([^"<]+)/g);
  await upload.complete(Array.from(parts, ([, number, etag = ""]) => ({ partNumber: Number(number), etag })));
  return new Response(null);
}

export default { fetch } satisfies ExportedHandler<Env>;
