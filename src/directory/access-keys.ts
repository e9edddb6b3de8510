// Access keys of users, and of an account's root, as IAM manages them; secrets pass through here sealed.

import { type Database, type Statement, statement } from "./database.ts";

/** `lastUsed`: ms since 1970, of a use some minutes ago at the latest; null: never. */
export type UserKey = {
  accessKeyId: string;
  disabled: boolean;
  created: number;
  lastUsed: number | null;
  lastService: string | null;
  lastRegion: string | null;
};

/** Whose keys: a user's (by id), or the account's root's (null). */
export interface KeyOwner {
  account: string;
  user: string | null;
}

const COLUMNS = `id as accessKeyId, disabled, created, last_used as lastUsed, last_service as lastService,
  last_region as lastRegion`;

type Found = Omit<UserKey, "disabled"> & { disabled: number };

/** Keeps a new key; false: the owner has `most`, or is gone. `first`: the account's row. */
export async function createUserKey(
  database: Database,
  { account, user }: KeyOwner,
  key: { accessKeyId: string; sealed: string; created: number },
  most: number,
  first: Statement[],
): Promise<boolean> {
  const results = await database.batch([
    ...first,
    statement(
      `insert into access_key (id, account, user, secret, created) select ?1, ?2, ?3, ?4, ?5
       where (select count(*) from access_key where account = ?2 and user is ?3) < ?6
       and (?3 is null or exists (select 1 from identity where id = ?3)) on conflict do nothing`,
      key.accessKeyId,
      account,
      user,
      key.sealed,
      key.created,
      most,
    ),
    statement("select 1 from access_key where id = ?", key.accessKeyId),
  ]);
  return results.at(-1)?.length === 1;
}

/** The owner's keys in order of their ids. */
export async function userKeys(
  database: Database,
  { account, user }: KeyOwner,
  { after, limit }: { after: string; limit: number },
): Promise<UserKey[]> {
  const text = `select ${COLUMNS} from access_key where account = ? and user is ? and id > ? order by id limit ?`;
  const rows = await database.rows<Found>(statement(text, account, user, after, limit));
  return rows.map((row) => ({ ...row, disabled: row.disabled !== 0 }));
}

/** Whether the owner has such a key to switch on or off. */
export async function switchUserKey(
  database: Database,
  { account, user }: KeyOwner,
  accessKeyId: string,
  disabled: boolean,
): Promise<boolean> {
  const text = "update access_key set disabled = ? where id = ? and account = ? and user is ? returning id";
  const bindings = [disabled ? 1 : 0, accessKeyId, account, user];
  return (await database.rows(statement(text, ...bindings))).length > 0;
}

/** Whether the owner had such a key to delete. */
export function deleteUserKey(
  database: Database,
  { account, user }: KeyOwner,
  accessKeyId: string,
): Promise<boolean> {
  const text = "delete from access_key where id = ? and account = ? and user is ? returning id";
  return database.removes(statement(text, accessKeyId, account, user));
}

/** A key of the account with its user's name (null: its root's). */
export async function keyUse(
  database: Database,
  account: string,
  accessKeyId: string,
): Promise<(Omit<UserKey, "disabled"> & { userName: string | null }) | undefined> {
  const text = `select ${COLUMNS}, (select name from identity where identity.id = access_key.user) as userName
    from access_key where id = ? and account = ?`;
  return (await database.rows<Found & { userName: string | null }>(statement(text, accessKeyId, account)))[0];
}

/** Notes that a key was used at `at` (ms since 1970). */
export async function touchKey(
  database: Database,
  accessKeyId: string,
  { at, service, region }: { at: number; service: string; region: string },
): Promise<void> {
  const text = `update access_key set last_used = ?1, last_service = ?2, last_region = ?3
    where id = ?4 and (last_used is null or last_used < ?1)`;
  await database.rows(statement(text, at, service, region, accessKeyId));
}
