// Permissions boundaries: not taken, rather than not heeded.

import { QueryFault } from "./fault.ts";
import type { Field } from "./parameters.ts";

/** Throws InvalidInput if a boundary was sent. */
export const noBoundary: Field<undefined> = (parameters, name) => {
  if (!parameters.has(name)) return undefined;
  throw new QueryFault("InvalidInput", "Permissions boundaries are not supported.");
};
