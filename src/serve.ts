// THE LIFE OF A REQUEST, from its address to its answer, and the only place where an error is caught.

import { admit } from "./admit.ts";
import { preflight, withCors } from "./auth/cross-origin.ts";
import { BucketMoved, CallerMoved, isTurnedAway, Unavailable } from "./facts/outage.ts";
import { faultReply } from "./iam/document.ts";
import { asFault, QueryFault } from "./iam/fault.ts";
import { isQueryCall, serveQuery } from "./iam/serve-query.ts";
import { identify } from "./identify.ts";
import { OPERATIONS } from "./operations.ts";
import { makeRouter } from "./router.ts";
import { type Address, readAddress } from "./wire/address.ts";
import { S3Error } from "./wire/error.ts";
import { type ErrorPlace, errorReply, type Reply } from "./wire/output.ts";
import { finishDeletion, type World } from "./world.ts";

/** How often a request is decided anew because its bucket was not as remembered: as many writers may change it at once. */
const MAX_DECISIONS = 64;

/** Longest wait before a request is decided anew, in ms; those who change one bucket at once should not do so in step. */
const MAX_STEP_ASIDE_MS = 100;

const route = makeRouter(OPERATIONS);

/** Serves one request. Never throws: whatever goes wrong becomes S3's error document, which shows both ids. */
export async function serve(
  world: World,
  request: Request,
  requestId: string,
  hostId: string,
): Promise<Reply> {
  const place: ErrorPlace = {
    method: request.method,
    resource: "/",
    bucket: undefined,
    key: undefined,
    requestId,
    hostId,
  };
  let reply: Reply;
  let api: "s3" | "query" = "s3";
  try {
    const address = readAddress(request, world.config);
    if (isQueryCall(address)) {
      api = "query";
      return await serveQuery(world, address, request, requestId);
    }
    Object.assign(place, { resource: address.path, bucket: address.bucket, key: address.key });
    const answers =
      address.method === "OPTIONS" ? preflight(world, address) : answer(world, request, address);
    reply = await answers;
  } catch (error) {
    if (error instanceof QueryFault) return faultReply(error, requestId);
    const known = asS3Error(world, error, requestId);
    if (api === "query") return faultReply(asFault(known), requestId);
    reply = errorReply(known, place);
  }
  return withCors(world, request, place.bucket, reply);
}

async function answer(world: World, request: Request, asked: Address): Promise<Reply> {
  const operation = route(asked);
  const [once, takeOnce, readOnce] = [memo(), memo(), memo()];
  return decide(world, async () => {
    const { address, asker, takeBody } = await identify(world, operation, request, asked, readOnce);
    const admitted = await admit(world, operation, asker, address);
    const input = operation.read(address);
    const body = await takeOnce(takeBody);
    return operation.respond({ world, address, once, ...admitted }, input, body);
  });
}

/** Decides again, on fresh settings, while a bucket turns out not to be what was remembered of it. */
async function decide(world: World, act: () => Promise<Reply>): Promise<Reply> {
  for (let decisions = 1; ; decisions++) {
    const outcome = await act().catch((error: unknown) => {
      if (error instanceof BucketMoved || error instanceof CallerMoved) return error;
      throw error;
    });
    if (outcome instanceof CallerMoved && decisions < MAX_DECISIONS) continue;
    if (outcome instanceof CallerMoved) throw new Unavailable(outcome.name);
    if (!(outcome instanceof BucketMoved)) return outcome;
    const { bucket, how } = outcome;
    if (how === "lost" || decisions === MAX_DECISIONS) throw new Unavailable(outcome.message);
    world.memory.buckets.forget(bucket.name);
    if (how === "closed") await finishDeletion(world, bucket);
    if (decisions > 1) await scheduler.wait(Math.random() * Math.min(MAX_STEP_ASIDE_MS, 10 * decisions));
  }
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
  if (error instanceof Unavailable || isTurnedAway(error)) {
    return new S3Error("SlowDown", { headers: { "retry-after": "1" } });
  }
  return new S3Error("InternalError");
}
