// Runs the checks of the clients for JavaScript against the endpoint that the environment names.

import { checks } from "./javascript-checks.ts";
import { endpointOfEnvironment, runChecks } from "./javascript-run.ts";

await runChecks(checks, endpointOfEnvironment());
process.exit(0); // also when a check that failed has left a connection open
