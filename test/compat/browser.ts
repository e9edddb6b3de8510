// Runs the checks of a page in a real Chromium, which COMPAT_CHROMIUM names.

import { browserChecks } from "./browser-checks.ts";
import { openBrowser } from "./browser-driver.ts";
import { endpointOfEnvironment, runChecks, setting } from "./javascript-run.ts";

const endpoint = endpointOfEnvironment();
const browser = await openBrowser(setting("COMPAT_CHROMIUM"));
try {
  await runChecks(browserChecks(browser), endpoint);
} finally {
  await browser.close();
}
process.exit(0); // also when a check that failed has left a connection open
