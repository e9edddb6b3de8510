// Which root key a command uses: given, from the environment, or the well-known default that only loopback may see.

import { Failure } from "./failure.ts";
import type { Flags } from "./flags.ts";
import { isLoopback } from "./host.ts";

export interface RootKey {
  accessKeyId: string;
  secretAccessKey: string;
}

export const DEFAULT_KEY: RootKey = { accessKeyId: "portico", secretAccessKey: "portico-secret" };

export const KEY_FLAGS = {
  "access-key": {
    type: "string",
    value: "ID",
    help: "the root access key (or PORTICO_ACCESS_KEY; default portico)",
  },
  "secret-key": {
    type: "string",
    value: "SECRET",
    help: "its secret (or PORTICO_SECRET_KEY; default portico-secret, on loopback only)",
  },
} as const satisfies Flags;

export type Environment = Readonly<Record<string, string | undefined>>;

const SECRET_CHARS_MIN = 8;

/** The root key for a server on, or a client of, `host`. */
export function rootKey(
  flags: { "access-key"?: string | undefined; "secret-key"?: string | undefined },
  env: Environment,
  host: string,
): RootKey {
  const accessKeyId = flags["access-key"] ?? (env.PORTICO_ACCESS_KEY || undefined);
  const secretAccessKey = flags["secret-key"] ?? (env.PORTICO_SECRET_KEY || undefined);
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    throw new Failure("an access key and a secret key are given together or not at all");
  }
  const key = accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : undefined;
  if (accessKeyId !== undefined && key === undefined) throw new Failure("the keys must not be empty");
  if (key !== undefined) refuseMalformed(key);
  if (!isLoopback(host) && (key ?? DEFAULT_KEY).secretAccessKey === DEFAULT_KEY.secretAccessKey) {
    throw new Failure(
      `${host} is not loopback and the default key is known to everyone: give --access-key and --secret-key of your own`,
    );
  }
  return key ?? DEFAULT_KEY;
}

// The id stands between slashes in a signature's scope and before a colon in ROOT_KEY.
function refuseMalformed({ accessKeyId, secretAccessKey }: RootKey): void {
  if (!/^[\w.-]{3,128}$/.test(accessKeyId)) {
    throw new Failure("the access key must be 3 to 128 letters, digits or . _ -");
  }
  if (!/^[\x21-\x7e]{1,256}$/.test(secretAccessKey) || secretAccessKey.length < SECRET_CHARS_MIN) {
    throw new Failure(`the secret key must be ${SECRET_CHARS_MIN} to 256 ASCII characters without blanks`);
  }
}
