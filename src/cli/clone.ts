// What the clone says about itself: where it lies, its version, and the platform that its Worker is written for.

import { readFileSync } from "node:fs";
import path from "node:path";

/** The clone's root: where wrangler.toml, migrations/ and src/ are. */
export const ROOT = path.resolve(import.meta.dirname, "../..");

export function version(): string {
  const manifest: { version: string } = JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8"));
  return manifest.version;
}

export interface Compatibility {
  compatibilityDate: string;
  compatibilityFlags: string[];
}

/** The date and flags that wrangler deploys with, so that the local server never runs another platform than the edge. */
export function compatibility(toml = readFileSync(path.join(ROOT, "wrangler.toml"), "utf8")): Compatibility {
  const date = /^compatibility_date\s*=\s*"([^"]+)"/m.exec(toml)?.[1];
  if (date === undefined) throw new Error("wrangler.toml has no compatibility_date");
  const flags = /^compatibility_flags\s*=\s*\[([^\]]*)\]/m.exec(toml)?.[1] ?? "";
  return {
    compatibilityDate: date,
    compatibilityFlags: Array.from(flags.matchAll(/"([^"]+)"/g), (match) => match[1] ?? ""),
  };
}
