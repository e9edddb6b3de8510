// From an access key id, and the token beside it, to the secret that signs and the caller it stands for.

import { touchKey } from "../directory/access-keys.ts";
import type { KeyHolder, Principal } from "../directory/principals.ts";
import { keyHolder, principal } from "../directory/principals.ts";
import { S3Error } from "../wire/error.ts";
import type { World } from "../world.ts";
import type { Asker } from "./authorize.ts";
import { rootCaller } from "./caller.ts";
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
  asker(use: Use): Promise<Omit<Asker, "signed">>;
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
    const caller = rootCaller(accountOf(root.account), accessKeyId);
    return { secret: root.secret, asker: async () => ({ caller, age: 0, forget: () => undefined }) };
  }
  const { value: holder, age } = await rememberedKey(world, accessKeyId);
  return {
    secret: holder.secret,
    asker: async (use) => {
      touch(world, accessKeyId, holder, use);
      const forget = () => world.memory.keys.forget(accessKeyId);
      return { caller: callerOf(holder, accessKeyId), age, forget };
    },
  };
}

function unknownKey(accessKeyId: string): S3Error {
  return new S3Error("InvalidAccessKeyId", { elements: { AWSAccessKeyId: accessKeyId } });
}

/** What was read `age` ms ago, or is read now. */
interface Known<T> {
  value: T;
  age: number;
}

async function rememberedKey(
  world: World,
  accessKeyId: string,
): Promise<Known<KeyHolder & { secret: string }>> {
  const asked = world.now();
  const known = world.memory.keys.get(accessKeyId, asked);
  if (known !== undefined) return known;
  const holder = await keyHolder(world.database, accessKeyId);
  if (holder === undefined || holder.disabled) throw unknownKey(accessKeyId);
  world.memory.secretsKey ??= secretsKey(world.config.masterSecret);
  const secret = await openSecret(await world.memory.secretsKey, accessKeyId, holder.sealed);
  const found = { ...holder, secret };
  world.memory.keys.set(accessKeyId, found, asked);
  return { value: found, age: 0 };
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
    asker: async () => {
      const { value, age } = await rememberedPrincipal(world, session);
      const forget = () => world.memory.principals.forget(principalName(session));
      return { caller: sessionCaller(value, session), age, forget };
    },
  };
}

function principalName({ account, identity }: Session): string {
  return `${account}/${identity}`;
}

async function rememberedPrincipal(world: World, session: Session): Promise<Known<Principal>> {
  const { account, identity, accessKeyId } = session;
  const { root } = world.config;
  const asked = world.now();
  const name = principalName(session);
  const known = world.memory.principals.get(name, asked);
  if (known !== undefined) return known;
  const found =
    account === root.account.id && identity === ""
      ? { account: root.account, identity: undefined, given: [], restrictions: [] }
      : await principal(world.database, account, identity === "" ? undefined : identity);
  if (found === undefined) throw unknownKey(accessKeyId);
  world.memory.principals.set(name, found, asked);
  return { value: found, age: 0 };
}

/** Has this isolate ask the directory again for all that it remembers of keys and principals. */
export function forgetIdentities({ memory }: World): void {
  memory.keys.clear();
  memory.principals.clear();
}
