// May a script of another page see it: preflights, and what every answer to such a script says.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTOPTIONSobject.html

import {
  askedHeaders,
  CORS_VARY,
  type CorsMatch,
  type CorsRule,
  type CrossOrigin,
  corsHeaders,
  matchCors,
} from "../facts/cors.ts";
import type { Address } from "../wire/address.ts";
import { S3Error } from "../wire/error.ts";
import type { ReadHeaders } from "../wire/headers.ts";
import type { Reply } from "../wire/output.ts";
import { knownBucket, REFUSAL_MS, type World } from "../world.ts";

const METHODS: ReadonlySet<string> = new Set(["GET", "PUT", "POST", "DELETE", "HEAD"]);

/** What a request says of the script that sent it; undefined if no script did. */
function crossOrigin(sent: Pick<ReadHeaders, "get">, method: string): CrossOrigin | undefined {
  const origin = sent.get("origin");
  if (origin === null) return undefined;
  const headers = askedHeaders(sent.get("access-control-request-headers") ?? "");
  // No browser sends it but in a preflight; S3 goes by it wherever it stands.
  return { origin, method: sent.get("access-control-request-method") ?? method, headers };
}

/**
 * Answers a preflight: nobody signed it, and it says nothing of the bucket but its CORS rules. Throws AccessForbidden,
 * or BadRequest if it is none.
 */
export async function preflight(world: World, { bucket, key, sent }: Address): Promise<Reply> {
  const asked = crossOrigin(sent, "null");
  if (asked === undefined) {
    throw new S3Error("BadRequest", { message: "Insufficient information. Origin request header needed." });
  }
  if (!METHODS.has(asked.method)) {
    throw new S3Error("BadRequest", { message: `Invalid Access-Control-Request-Method: ${asked.method}` });
  }
  const decision = await decide(world, bucket, asked);
  if (typeof decision !== "string") return { status: 200, headers: corsHeaders(decision, asked), body: null };
  throw new S3Error("AccessForbidden", {
    message: `CORSResponse: ${decision}`,
    elements: { Method: asked.method, ResourceType: key === undefined ? "BUCKET" : "OBJECT" },
  });
}

/** The match, or why there is none. A refusal never rests on memory older than a second. */
async function decide(
  world: World,
  name: string | undefined,
  asked: CrossOrigin,
): Promise<CorsMatch | string> {
  const known = name === undefined ? undefined : await knownBucket(world, name);
  if (known === undefined) return "Bucket not found";
  const { bucket, age } = known;
  const match = matchCors(bucket.settings.cors ?? [], asked);
  if (match !== undefined) return match;
  if (age > REFUSAL_MS) {
    world.memory.buckets.forget(bucket.name);
    return decide(world, bucket.name, asked);
  }
  if (bucket.settings.cors === undefined) return "CORS is not enabled for this bucket.";
  // AWS's spelling.
  return "This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.";
}

/**
 * A reply, refusals too, with what the bucket's rules have it say to the script that asked. Never throws: the reply
 * stands without it. A request of no script's costs nothing; of others the bucket as remembered is enough, since what
 * was done for them was decided on it.
 */
export async function withCors(
  world: World,
  { headers: sent, method }: Request,
  name: string | undefined,
  reply: Reply,
): Promise<Reply> {
  const asked = crossOrigin(sent, method);
  if (asked === undefined || name === undefined || method === "OPTIONS") return reply;
  const found: { rules?: CorsRule[] | undefined } = {};
  const look = async () => {
    found.rules = (await knownBucket(world, name))?.bucket.settings.cors;
  };
  await world.attempt("the CORS headers of an answer", look());
  if (found.rules === undefined) return reply;
  const match = matchCors(found.rules, asked);
  const headers = match === undefined ? { vary: CORS_VARY } : corsHeaders(match, asked);
  return { ...reply, headers: { ...reply.headers, ...headers } };
}
