// What an operation acts on, and whether the caller may: decided here, or left to a handler that has to see the object first.

import { type Asker, accessTo, requireIdentity } from "./auth/authorize.ts";
import type { Circumstances } from "./auth/context.ts";
import type { Operation } from "./operation.ts";
import type { Address } from "./wire/address.ts";
import type { World } from "./world.ts";

/** The parts of a context that come of who asks and of what the request is addressed to. Throws AccessDenied, NoSuchBucket. */
export async function admit(world: World, operation: Operation, asker: Asker, address: Address) {
  const { bucket: name, key } = address;
  const { caller, signed } = asker;
  const { region, clientAddress } = world.config;
  const circumstances: Circumstances = { address, caller, signed, now: world.now(), clientAddress, region };
  const actions = operation.allow(address);
  const who = { caller, asker, circumstances, actions };
  if (name === undefined || operation.bucket === "name") {
    requireIdentity(asker, circumstances, actions, `arn:aws:s3:::${name ?? "*"}`);
    return { ...who, name };
  }
  if (operation.bucket === "fresh") world.memory.buckets.forget(name);
  const expectedOwner = address.headers.get("x-amz-expected-bucket-owner") ?? undefined;
  const access = await accessTo(world, asker, circumstances, name, expectedOwner);
  if (operation.judged === "before") access.require(actions, key);
  if (operation.judged === "with the object" && !access.dependsOnObject) {
    // Whoever may list the key may learn that it is not there; if it is, the handler refuses.
    const may = actions.every((action) => access.may(action, key));
    if (!may && !(key !== undefined && access.mayMiss(key))) access.refuse();
  }
  return { ...who, name, bucket: access.bucket, access, key };
}
