// The Worker's entry: the bindings and settings of a deployment become the World of each request.

import { makeApp } from "./app.ts";
import { type Env, worldOf } from "./config.ts";
import { freshMemory } from "./world.ts";

export { BucketIndex } from "./bucket-index.ts";

const memory = freshMemory();

const app = makeApp<Env>((env, context) =>
  worldOf(env, { memory, waitUntil: (work) => context.waitUntil(work) }),
);

export default { fetch: app.fetch } satisfies ExportedHandler<Env>;
