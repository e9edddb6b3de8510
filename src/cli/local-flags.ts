// The flags that `serve` and `dev` share: where a local server listens, what it is called, who is its root.

import { Failure } from "./failure.ts";
import type { Flags } from "./flags.ts";
import { type Environment, KEY_FLAGS, type RootKey, rootKey } from "./root-key.ts";

export const LOCAL_FLAGS = {
  port: {
    type: "string",
    short: "p",
    value: "NUMBER",
    default: "9000",
    help: "default 9000; 0: any free one",
  },
  host: {
    type: "string",
    value: "ADDRESS",
    default: "127.0.0.1",
    help: "default 127.0.0.1; elsewhere only with own keys",
  },
  ...KEY_FLAGS,
  region: { type: "string", value: "NAME", default: "us-east-1", help: "default us-east-1" },
  domain: {
    type: "string",
    value: "NAME",
    multiple: true,
    help: "answer bucket.NAME too (virtual-hosted style); repeatable",
  },
  "legacy-acl": { type: "boolean", help: "new buckets accept ACLs, as S3's did before April 2023" },
} as const satisfies Flags;

export interface LocalOptions {
  host: string;
  port: number;
  key: RootKey;
  region: string;
  domains: string[];
  legacyAcl: boolean;
}

export interface LocalValues {
  port: string;
  host: string;
  region: string;
  "access-key"?: string | undefined;
  "secret-key"?: string | undefined;
  domain?: string[] | undefined;
  "legacy-acl"?: boolean | undefined;
}

export function localOptions(values: LocalValues, env: Environment): LocalOptions {
  const port = Number(values.port);
  if (!/^\d{1,5}$/.test(values.port) || port > 65_535) {
    throw new Failure(`--port must be a number from 0 to 65535, not ${JSON.stringify(values.port)}`);
  }
  if (!/^[a-z0-9-]{1,64}$/.test(values.region)) {
    throw new Failure(
      `--region must be lower-case letters, digits and hyphens, not ${JSON.stringify(values.region)}`,
    );
  }
  const host = values.host.replace(/^\[(.*)\]$/, "$1");
  if (!/^[\w.:%-]+$/.test(host)) {
    throw new Failure(`--host must be an address or a name, not ${JSON.stringify(values.host)}`);
  }
  return {
    host,
    port,
    key: rootKey(values, env, host),
    region: values.region,
    domains: (values.domain ?? []).map(domain),
    legacyAcl: values["legacy-acl"] ?? false,
  };
}

function domain(name: string): string {
  const lower = name.toLowerCase();
  if (
    lower.length > 253 ||
    !/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(lower)
  ) {
    throw new Failure(`--domain must be a host name, not ${JSON.stringify(name)}`);
  }
  return lower;
}
