// THE LIFE OF A REQUEST, from its address to its answer, and the only place where an error is caught.

import { authenticate } from "./auth/authenticate.ts";
import { admitToBucket } from "./auth/authorize.ts";
import type { Caller } from "./auth/caller.ts";
import { Payload } from "./body/payload.ts";
import { BucketMoved, Unavailable } from "./facts/outage.ts";
import { faultReply } from "./iam/document.ts";
import { asFault, QueryFault } from "./iam/fault.ts";
import { isQueryCall, serveQuery } from "./iam/serve-query.ts";
import type { Operation } from "./operation.ts";
import { OPERATIONS } from "./operations.ts";
import { makeRouter } from "./router.ts";
import { type Address, readAddress } from "./wire/address.ts";
import { S3Error } from "./wire/error.ts";
import { errorReply, type Reply } from "./wire/output.ts";
import type { Seal } from "./wire/seal.ts";
import { finishDeletion, type World } from "./world.ts";

/** How often a request is decided anew because its bucket was not as remembered. */
const MAX_DECISIONS = 4;

const route = makeRouter(OPERATIONS);

/** Serves one request. Never throws: whatever goes wrong becomes S3's error document, which shows both ids. */
export async function serve(
  world: World,
  request: Request,
  requestId: string,
  hostId: string,
): Promise<Reply> {
  const place = {
    method: request.method,
    resource: "/",
    bucket: undefined,
    key: undefined,
    requestId,
    hostId,
  };
  let api: "s3" | "query" = "s3";
  try {
    const address = readAddress(request, world.config);
    if (isQueryCall(address)) {
      api = "query";
      return await serveQuery(world, address, request, requestId);
    }
    Object.assign(place, { resource: address.path, bucket: address.bucket, key: address.key });
    const operation = route(address);
    const { caller, seal } = await authenticate(world, address);
    const input = operation.read(address);
    const [once, takeOnce] = [memo(), memo()];
    return await decide(world, async () => {
      const admitted = await admit(world, operation, caller, address);
      const body = await takeOnce(() => takeBody(operation, request, address, seal));
      return operation.respond({ world, caller, address, once, ...admitted }, input, body);
    });
  } catch (error) {
    if (error instanceof QueryFault) return faultReply(error, requestId);
    const known = asS3Error(world, error, requestId);
    return api === "query" ? faultReply(asFault(known), requestId) : errorReply(known, place);
  }
}

/** What the operation acts on, if the caller may. Whoever has an account may act on it: an own bucket, a list of them. */
async function admit(world: World, { allow, bucket: need }: Operation, caller: Caller, address: Address) {
  const { bucket: name, key } = address;
  if (name === undefined || need === "name") return { name };
  if (need === "fresh") world.memory.buckets.forget(name);
  const expectedOwner = address.headers.get("x-amz-expected-bucket-owner") ?? undefined;
  const bucket = await admitToBucket(world, { caller, action: allow, expectedOwner }, name);
  return { name, bucket, key };
}

/** Decides again, on fresh settings, while a bucket turns out not to be what was remembered of it. */
async function decide(world: World, act: () => Promise<Reply>): Promise<Reply> {
  for (let decisions = 1; ; decisions++) {
    const outcome = await act().catch((error: unknown) => {
      if (error instanceof BucketMoved) return error;
      throw error;
    });
    if (!(outcome instanceof BucketMoved)) return outcome;
    const { bucket, how } = outcome;
    if (how === "lost" || decisions === MAX_DECISIONS) throw new Unavailable(outcome.message);
    world.memory.buckets.forget(bucket.name);
    if (how === "closed") await finishDeletion(world, bucket);
  }
}

async function takeBody(
  { body }: Operation,
  request: Request,
  { headers }: Address,
  seal: Seal,
): Promise<unknown> {
  if (body === undefined || (request.body === null && !body.required)) return undefined;
  return body.read(new Payload(headers, request.body, seal, body.checksumsAre));
}

/** Does a piece of work once, however often it is asked for; what failed may be tried again. */
function memo(): <T>(work: () => Promise<T>) => Promise<T> {
  let done: Promise<unknown> | undefined;
  return <T>(work: () => Promise<T>) => {
    done ??= work().catch((error: unknown) => {
      done = undefined;
      throw error;
    });
    return done as Promise<T>;
  };
}

function asS3Error(world: World, error: unknown, requestId: string): S3Error {
  if (error instanceof S3Error) return error;
  world.log({
    event: "error",
    requestId,
    error: error instanceof Error ? (error.stack ?? error.message) : String(error),
  });
  if (error instanceof Unavailable) return new S3Error("SlowDown", { headers: { "retry-after": "1" } });
  return new S3Error("InternalError");
}
