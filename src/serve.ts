// THE LIFE OF A REQUEST, from its address to its answer, and the only place where an error is caught.

import { authenticate, type Caller } from "./auth/authenticate.ts";
import { authenticateForm } from "./auth/authenticate-form.ts";
import { admitToBucket } from "./auth/authorize.ts";
import { FormFile } from "./body/form-file.ts";
import { readForm } from "./body/multipart-form.ts";
import { Payload, readLarge } from "./body/payload.ts";
import { BucketMoved, Unavailable } from "./facts/outage.ts";
import type { FormReader, Operation } from "./operation.ts";
import { OPERATIONS } from "./operations.ts";
import { makeRouter } from "./router.ts";
import { type Address, readAddress } from "./wire/address.ts";
import { S3Error } from "./wire/error.ts";
import { formAddress, withFileName } from "./wire/form.ts";
import { errorReply, type Reply } from "./wire/output.ts";
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
  try {
    const asked = readAddress(request, world.config);
    Object.assign(place, { resource: asked.path, bucket: asked.bucket, key: asked.key });
    const operation = route(asked);
    const { address, caller, takeBody } = await identify(world, operation, request, asked);
    const input = operation.read(address);
    const [once, takeOnce] = [memo(), memo()];
    return await decide(world, async () => {
      const admitted = await admit(world, operation, caller, address);
      const body = await takeOnce(takeBody);
      return operation.respond({ world, caller, address, once, ...admitted }, input, body);
    });
  } catch (error) {
    return errorReply(asS3Error(world, error, requestId), place);
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

/** A request as it is served: whose it is, what it says, and its body, to be taken once they are let in. */
interface Identified {
  address: Address;
  caller: Caller;
  takeBody(): Promise<unknown>;
}

/** Who asks. A form's own fields say so, and what for: they are read first, up to the file, then taken for headers. */
async function identify(
  world: World,
  { body }: Operation,
  request: Request,
  asked: Address,
): Promise<Identified> {
  if (body !== undefined && "form" in body) return identifyForm(world, body, request, asked);
  const { caller, seal } = await authenticate(world, asked);
  const takeBody = async () => {
    if (body === undefined || (request.body === null && !body.required)) return undefined;
    return body.read(new Payload(asked.headers, request.body, seal, body.checksumsAre));
  };
  return { address: asked, caller, takeBody };
}

async function identifyForm(
  world: World,
  body: FormReader<unknown>,
  request: Request,
  asked: Address,
): Promise<Identified> {
  const sent = await readForm(asked.headers.get("content-type"), readLarge(request.body));
  const fields = withFileName(sent.fields, sent.fileName);
  const address = formAddress(asked, fields);
  const { caller, range } = await authenticateForm(world, asked.bucket ?? "", fields);
  const takeBody = async () => body.read({ fields, file: new FormFile(sent.file, address.headers, range) });
  return { address, caller, takeBody };
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
