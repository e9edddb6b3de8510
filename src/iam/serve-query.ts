// The life of a call of IAM or STS: parameters, action, who asks, may they, answer. Its errors are caught in serve().
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/programming.html

import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import { type Authenticated, authenticate } from "../auth/authenticate.ts";
import { ANONYMOUS, type Caller } from "../auth/caller.ts";
import { forgetIdentities } from "../auth/credentials.ts";
import { identityAllows } from "../auth/identity-decision.ts";
import { firstOf, type Lookup, principalContext, requestContext } from "../auth/principal-context.ts";
import { Payload } from "../body/payload.ts";
import { type Address, readQuery } from "../wire/address.ts";
import { S3Error } from "../wire/error.ts";
import type { Reply } from "../wire/output.ts";
import type { World } from "../world.ts";
import type { Action } from "./action.ts";
import { ACTIONS } from "./actions.ts";
import { notAuthorized } from "./assume-role.ts";
import { answer } from "./document.ts";
import { asFault, QueryFault } from "./fault.ts";
import type { Parameters } from "./parameters.ts";

/** Largest body, in bytes: a policy of 131,072 characters, percent-encoded. */
const MAX_BODY_BYTES = 512 * 1024;

const FORM = /^application\/x-www-form-urlencoded\b/i;

/** Whether a request is for IAM or STS: a form to the root, or an action in the query there. */
export function isQueryCall({ method, bucket, headers, query }: Address): boolean {
  if (bucket !== undefined) return false;
  if (method === "POST") return FORM.test(headers.get("content-type") ?? "");
  return method === "GET" && query.has("Action");
}

/** Answers a call. Throws QueryFault, and S3Error from the rooms that it shares with S3. */
export async function serveQuery(
  world: World,
  address: Address,
  request: Request,
  requestId: string,
): Promise<Reply> {
  const body = await readBody(request);
  const parameters = readParameters(address, body);
  const action = actionOf(parameters);
  const bodyHash = createHash("sha256").update(body).digest("hex");
  const { caller } = await callerOf(world, address, action, bodyHash);
  const context = { world, caller, address };
  const shared = firstOf(principalContext(caller, world.now()), requestContext(world.config, address));
  const result = await action.respond(context, parameters, (arn, value) => {
    if (action.open === undefined) authorise(caller, action, arn, firstOf(shared, value));
  });
  // What this isolate remembers of identities may just have changed.
  if (action.service === "iam" && !/^(Get|List)/.test(action.name)) forgetIdentities(world);
  return answer(action, result, requestId);
}

async function readBody(request: Request): Promise<Uint8Array> {
  if (request.body === null) return new Uint8Array();
  return new Payload(request.headers, request.body, { kind: "unsigned" }).bytes(MAX_BODY_BYTES);
}

/** The body's parameters, and the query's; the first of a name counts. */
function readParameters({ query, method }: Address, body: Uint8Array): Parameters {
  if (!isUtf8(body)) throw new QueryFault("MalformedQueryString", "The body is not UTF-8.");
  const sent = method === "GET" ? query : readQuery(new TextDecoder().decode(body));
  return new Map(sent.entries.toReversed());
}

/** The service's version, as its model names it. */
const VERSIONS = { iam: "2010-05-08", sts: "2011-06-15" } as const;

function actionOf(parameters: Parameters): Action {
  const name = parameters.get("Action");
  if (name === undefined) throw new QueryFault("ValidationError", "Action is missing from the request.");
  const found = ACTIONS.get(name);
  const version = parameters.get("Version");
  if (found !== undefined && (version === undefined || version === VERSIONS[found.service])) return found;
  throw new QueryFault(
    "InvalidAction",
    `Could not find operation ${name.slice(0, 128)} for version ${(version ?? "NO_VERSION_SPECIFIED").slice(0, 32)}`,
  );
}

async function callerOf(
  world: World,
  address: Address,
  { open, service }: Action,
  bodyHash: string,
): Promise<Pick<Authenticated, "caller">> {
  const isSigned = address.sent.has("authorization") || address.query.has("X-Amz-Signature");
  if (open === "to all" && !isSigned) return { caller: ANONYMOUS };
  const found = await authenticate(world, address, { services: [service], bodyHash });
  // Nobody may be somebody to S3, not to IAM; and a signature of version 2 covers no body, which is where parameters are.
  if (found.signed.version !== "v4") throw asFault(new S3Error("AccessDenied"));
  const { kind, issued } = found.caller;
  if (service === "iam" && issued !== undefined && kind !== "role") {
    // As AWS has it for sessions without a second factor.
    throw new QueryFault("InvalidClientTokenId", "The security token included in the request is invalid");
  }
  return found;
}

function authorise(caller: Caller, { service, name }: Action, resource: string, value: Lookup): void {
  const action = `${service}:${name}`;
  if (!identityAllows(caller, { action, resource, value })) throw notAuthorized(caller, action, resource);
}
