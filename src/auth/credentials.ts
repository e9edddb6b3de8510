// From an access key id, and the token beside it, to the secret that signs and the caller it stands for.

import { touchKey } from "../directory/access-keys.ts";
import type { KeyHolder, Principal } from "../directory/principals.ts";
import { keyHolder, principal } from "../directory/principals.ts";
import { S3Error } from "../wire/error.ts";
import type { World } from "../world.ts";
import { type Caller, rootCaller } from "./caller.ts";
import { accountOf, callerOf, sessionCaller } from "./identity.ts";
import { openSecret, secretsKey } from "./seal-secret.ts";
import { openSession, type Session, sessionsKey } from "./session-token.ts";

/** How old a key's last use may be in the directory before it is written again, in ms. */
const TOUCH_MS = 5 * 60 * 1000;

/** What a key was used for. */
export interface Use {
  service: string;
  region: string;
}

/** What a signature is checked with, and, once it held, whom it stands for. */
export interface Credentials {
  secret: string;
  caller(use: Use): Promise<Caller>;
}

/**
 * Looks up a key, or opens a session's token; what they say is remembered for `REMEMBER_MS`. Throws InvalidAccessKeyId,
 * InvalidToken and ExpiredToken.
 */
export async function credentialsOf(
  world: World,
  accessKeyId: string,
  token: string | undefined,
): Promise<Credentials> {
  if (token !== undefined) return sessionCredentials(world, accessKeyId, token);
  const { root } = world.config;
  if (accessKeyId === root.accessKeyId) {
    return { secret: root.secret, caller: async () => rootCaller(accountOf(root.account), accessKeyId) };
  }
  const holder = await rememberedKey(world, accessKeyId);
  return {
    secret: holder.secret,
    caller: async (use) => {
      touch(world, accessKeyId, holder, use);
      return callerOf(holder, accessKeyId);
    },
  };
}

function unknownKey(accessKeyId: string): S3Error {
  return new S3Error("InvalidAccessKeyId", { elements: { AWSAccessKeyId: accessKeyId } });
}

async function rememberedKey(world: World, accessKeyId: string): Promise<KeyHolder & { secret: string }> {
  const asked = world.now();
  const known = world.memory.keys.get(accessKeyId, asked);
  if (known !== undefined) return known.value;
  const holder = await keyHolder(world.database, accessKeyId);
  if (holder === undefined || holder.disabled) throw unknownKey(accessKeyId);
  world.memory.secretsKey ??= secretsKey(world.config.masterSecret);
  const secret = await openSecret(await world.memory.secretsKey, accessKeyId, holder.sealed);
  const found = { ...holder, secret };
  world.memory.keys.set(accessKeyId, found, asked);
  return found;
}

/** Notes the use, now and then, after the answer. */
function touch(world: World, accessKeyId: string, holder: KeyHolder, { service, region }: Use): void {
  const at = world.now();
  if (at - holder.lastUsed < TOUCH_MS) return;
  holder.lastUsed = at;
  world.later("noting a key's use", touchKey(world.database, accessKeyId, { at, service, region }));
}

async function sessionCredentials(world: World, accessKeyId: string, token: string): Promise<Credentials> {
  const { config, memory } = world;
  memory.sessionsKey ??= sessionsKey(config.masterSecret);
  const session = await openSession(await memory.sessionsKey, token);
  if (session === undefined || session.accessKeyId !== accessKeyId) throw new S3Error("InvalidToken");
  if (world.now() >= session.expires) throw new S3Error("ExpiredToken");
  return {
    secret: session.secret,
    caller: async () => sessionCaller(await rememberedPrincipal(world, session), session),
  };
}

async function rememberedPrincipal(world: World, session: Session): Promise<Principal> {
  const { account, identity, accessKeyId } = session;
  const { root } = world.config;
  const asked = world.now();
  const name = `${account}/${identity}`;
  const known = world.memory.principals.get(name, asked);
  if (known !== undefined) return known.value;
  const found =
    account === root.account.id && identity === ""
      ? { account: root.account, identity: undefined, given: [], restrictions: [] }
      : await principal(world.database, account, identity === "" ? undefined : identity);
  if (found === undefined) throw unknownKey(accessKeyId);
  world.memory.principals.set(name, found, asked);
  return found;
}

/** Has this isolate ask the directory again for all that it remembers of keys and principals. */
export function forgetIdentities({ memory }: World): void {
  memory.keys.clear();
  memory.principals.clear();
}
