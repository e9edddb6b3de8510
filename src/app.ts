// Hono: request ids, health, the admin route, and everything else to serve().

import { Buffer } from "node:buffer";
import { Hono } from "hono";
import { serveAdmin } from "./admin.ts";
import type { Unready } from "./config.ts";
import { freshBytes } from "./facts/random.ts";
import { serve } from "./serve.ts";
import type { Reply } from "./wire/output.ts";
import type { World } from "./world.ts";

/** Everything of Portico's own lies below this; no bucket's name can begin with an underscore. */
const OWN = "/_portico";

/** The application over whatever makes a World for a request. */
export function makeApp<Env extends object>(
  worldOf: (env: Env, context: Pick<ExecutionContext, "waitUntil">, request: Request) => World | Unready,
): Hono<{ Bindings: Env }> {
  const app = new Hono<{ Bindings: Env }>();
  app.get(`${OWN}/health`, (c) => {
    const world = worldOf(c.env, c.executionCtx, c.req.raw);
    return "unready" in world ? c.text(world.unready, 503) : c.text("ok");
  });
  app.post(`${OWN}/admin/:noun/:verb`, async (c) => {
    const world = worldOf(c.env, c.executionCtx, c.req.raw);
    if ("unready" in world) return c.text(world.unready, 503);
    return serveAdmin(world, c.req.raw, `${c.req.param("noun")}/${c.req.param("verb")}`);
  });
  app.all("*", async (c) => {
    const world = worldOf(c.env, c.executionCtx, c.req.raw);
    const ids = randomIds();
    if ("unready" in world) return respond({ status: 503, headers: {}, body: world.unready }, ids);
    const reply = await serve(world, c.req.raw, ids.requestId, ids.hostId);
    if (strands(c.req.raw)) await scheduler.wait(world.config.expectHoldMs);
    return respond(reply, ids);
  });
  return app;
}

/**
 * Whether this answer would come before a `100 Continue` that the client asked for and workerd sends to no empty body.
 * botocore then misreads whatever comes next on the connection, for as long as the server keeps it open, unless the
 * answer comes after the second that botocore waits.
 */
function strands({ headers }: Request): boolean {
  const empty = headers.get("content-length") === "0";
  return empty && headers.has("expect") && /boto|aws-cli/i.test(headers.get("user-agent") ?? "");
}

interface Ids {
  requestId: string;
  hostId: string;
}

/** 16 hexadecimal digits, and 64 characters of base64. */
function randomIds(): Ids {
  const bytes = Buffer.from(freshBytes(8 + 48).buffer);
  return { requestId: bytes.toString("hex", 0, 8).toUpperCase(), hostId: bytes.toString("base64", 8) };
}

/** A reply with what every answer of S3's carries. */
function respond({ status, headers, body }: Reply, { requestId, hostId }: Ids): Response {
  const sent: Record<string, string> = {};
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    if (value !== undefined) sent[name] = value;
  }
  sent["x-amz-request-id"] = requestId;
  sent["x-amz-id-2"] = hostId;
  sent.date = new Date().toUTCString();
  sent.server = "Portico";
  // `manual`: bytes that were stored with a Content-Encoding go out as they are.
  return new Response(body ?? null, { status, headers: sent, encodeBody: "manual" });
}
