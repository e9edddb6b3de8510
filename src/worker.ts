// The Worker's entry: the bindings and settings of a deployment become the World of each request.

import { makeApp } from "./app.ts";
import { type Env, worldOf } from "./config.ts";
import { tour } from "./jobs/tour.ts";
import { freshMemory } from "./world.ts";

export { BucketIndex } from "./bucket-index.ts";

const memory = freshMemory();

const app = makeApp<Env>((env, context) =>
  worldOf(env, { memory, waitUntil: (work) => context.waitUntil(work) }),
);

/** Cron: hourly, for what goes over all buckets. */
async function scheduled(_event: ScheduledController, env: Env, context: ExecutionContext): Promise<void> {
  const world = worldOf(env, { memory, waitUntil: (work) => context.waitUntil(work) });
  if (!("unready" in world)) await tour(world);
}

export default { fetch: app.fetch, scheduled } satisfies ExportedHandler<Env>;
