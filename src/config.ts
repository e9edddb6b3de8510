// What a deployment's bindings and settings become: its Config, and the World of whoever acts in it.

import { buildWorld, type Config, type World, type WorldParts } from "./world.ts";

/** What a deployment that is not set up answers to everything. */
export interface Unready {
  unready: string;
}

/** What wrangler.toml and the secrets provide. */
export interface Env {
  BLOBS: R2Bucket;
  DIRECTORY: D1Database;
  INDEX: DurableObjectNamespace;
  REGION?: string;
  /** Comma separated. */
  DOMAINS?: string;
  /** `<access key id>:<secret>`, a secret. */
  ROOT_KEY?: string;
  /** A secret: encrypts the secrets of all other keys. */
  MASTER_SECRET?: string;
  /** Canonical id and name of the root key's account. */
  ROOT_ACCOUNT?: string;
  ROOT_NAME?: string;
  ROOT_EMAIL?: string;
  /** "1": encryption keys may come over plain HTTP. For loopback. */
  PLAIN_KEYS?: string;
  /** "1": see `Config.legacyAcl`. */
  LEGACY_ACL?: string;
  /** The address that every client has, where no edge says: on loopback. "unknown": nobody knows. */
  CLIENT_ADDRESS?: string;
  /** See `Config.inlineBytes`. */
  INLINE_BYTES?: string;
  /** "1": signatures of version 2 are taken, in headers and in URLs. */
  SIGNATURE_V2?: string;
  /** See `Config.expectHoldMs`. For the local server. */
  EXPECT_HOLD_MS?: string;
}

const ROOT_ACCOUNT = "75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a";

/** Most that `INLINE_BYTES` can ask for: beyond it a row of the index costs more than R2 does. */
const MAX_INLINE_BYTES = 4096;

/** Shortest master secret taken, in characters. */
const MIN_MASTER_SECRET = 16;

/** Reads a deployment's settings; says what is missing instead of falling back to anything. */
export function readConfig(env: Env): Config | Unready {
  const found = /^([^:]{3,128}):(.{8,})$/.exec(env.ROOT_KEY ?? "");
  if (found === null) {
    return {
      unready:
        "Portico is not set up: give it its root key with `npx wrangler secret put ROOT_KEY` (access key id, a colon, a secret of at least 8 characters).\n",
    };
  }
  if ((env.MASTER_SECRET ?? "").length < MIN_MASTER_SECRET) {
    return {
      unready: `Portico is not set up: give it its master secret with \`npx wrangler secret put MASTER_SECRET\` (at least ${MIN_MASTER_SECRET} random characters).\n`,
    };
  }
  const [, accessKeyId = "", secret = ""] = found;
  const account = {
    id: env.ROOT_ACCOUNT || ROOT_ACCOUNT,
    displayName: env.ROOT_NAME || "root",
    email: env.ROOT_EMAIL ?? "",
  };
  if (!/^[0-9a-f]{64}$/.test(account.id)) {
    return { unready: "Portico is not set up: ROOT_ACCOUNT must be 64 lower-case hexadecimal digits.\n" };
  }
  return {
    region: env.REGION || "us-east-1",
    domains: (env.DOMAINS ?? "")
      .split(",")
      .map((domain) => domain.trim().toLowerCase())
      .filter((domain) => domain !== ""),
    root: { accessKeyId, secret, account },
    masterSecret: env.MASTER_SECRET ?? "",
    plainKeys: env.PLAIN_KEYS === "1",
    inlineBytes: Math.min(Number(env.INLINE_BYTES) || 0, MAX_INLINE_BYTES),
    legacyAcl: env.LEGACY_ACL === "1",
    clientAddress: env.CLIENT_ADDRESS === "unknown" ? undefined : env.CLIENT_ADDRESS || "edge",
    signatureV2: env.SIGNATURE_V2 === "1",
    expectHoldMs: Number(env.EXPECT_HOLD_MS ?? 0),
  };
}

/** Settings as read: an isolate's bindings never change. */
const configs = new WeakMap<Env, Config | Unready>();

function configOf(env: Env): Config | Unready {
  const known = configs.get(env) ?? readConfig(env);
  configs.set(env, known);
  return known;
}

/** The World over a deployment's own bindings. */
export function worldOf(env: Env, parts: Pick<WorldParts, "memory" | "waitUntil" | "now">): World | Unready {
  const config = configOf(env);
  if ("unready" in config) return config;
  return buildWorld({ config, d1: env.DIRECTORY, r2: env.BLOBS, indexes: env.INDEX, ...parts });
}
