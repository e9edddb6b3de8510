// Every check of the clients for JavaScript, to be run by `npm run compat` and by the test suite alike.

import { aws4fetchChecks } from "./javascript-aws4fetch.ts";
import { sdkFeatureChecks } from "./javascript-features.ts";
import { minioChecks } from "./javascript-minio.ts";
import { sdkChecks } from "./javascript-sdk.ts";
import type { Check } from "./javascript-support.ts";

export type { Check, Endpoint } from "./javascript-support.ts";

export const checks: Check[] = [...sdkChecks, ...sdkFeatureChecks, ...minioChecks, ...aws4fetchChecks];
