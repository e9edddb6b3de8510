// Accounts and their access keys, as D1 keeps them; secrets pass through here sealed.

import { type Database, statement } from "./database.ts";

/** `id`: canonical id, 64 hex digits. `created`: ms since 1970. */
export type Account = { id: string; displayName: string; email: string; created: number };

export type AccessKey = { accessKeyId: string; account: string; disabled: boolean; created: number };

/** What authentication needs of a key. `sealed` is its secret under the master secret. */
export interface KeyHolder {
  account: Pick<Account, "id" | "displayName">;
  sealed: string;
  disabled: boolean;
}

const ACCOUNT = "id, display_name as displayName, email, created";

export async function accounts(database: Database): Promise<Account[]> {
  return database.rows<Account>(statement(`select ${ACCOUNT} from account order by created, id`));
}

export async function accountById(database: Database, id: string): Promise<Account | undefined> {
  return (await database.rows<Account>(statement(`select ${ACCOUNT} from account where id = ?`, id)))[0];
}

export type AccountName = { id: string; displayName: string; email: string };

/** What accounts are called that have one of these ids or emails. */
export async function accountNames(
  database: Database,
  { ids, emails }: { ids: string[]; emails: string[] },
): Promise<AccountName[]> {
  return database.rows<AccountName>(
    statement(
      `select id, display_name as displayName, email from account
       where id in (select value from json_each(?)) or (email <> '' and email in (select value from json_each(?)))`,
      JSON.stringify(ids),
      JSON.stringify(emails),
    ),
  );
}

/** Creates the account, or brings its name and email up to date. */
export async function putAccount(database: Database, account: Account): Promise<void> {
  await database.rows(
    statement(
      `insert into account values (?, ?, ?, ?)
       on conflict (id) do update set display_name = excluded.display_name, email = excluded.email`,
      account.id,
      account.displayName,
      account.email,
      account.created,
    ),
  );
}

/** The key with its account; undefined if there is none. */
export async function keyHolder(database: Database, accessKeyId: string): Promise<KeyHolder | undefined> {
  type Found = { id: string; displayName: string; secret: string; disabled: number };
  const [found] = await database.rows<Found>(
    statement(
      `select account.id, account.display_name as displayName, access_key.secret, access_key.disabled
       from access_key join account on account.id = access_key.account where access_key.id = ?`,
      accessKeyId,
    ),
  );
  if (found === undefined) return undefined;
  const { id, displayName, secret, disabled } = found;
  return { account: { id, displayName }, sealed: secret, disabled: disabled !== 0 };
}

/** Keeps a key; one that exists gets this secret and account and works again. */
export async function putKey(
  database: Database,
  key: { accessKeyId: string; account: string; sealed: string; created: number },
): Promise<void> {
  await database.rows(
    statement(
      `insert into access_key values (?, ?, ?, 0, ?)
       on conflict (id) do update set account = excluded.account, secret = excluded.secret, disabled = 0`,
      key.accessKeyId,
      key.account,
      key.sealed,
      key.created,
    ),
  );
}

/** Keys of one account, or of all. */
export async function keys(database: Database, account: string | undefined): Promise<AccessKey[]> {
  type Found = { accessKeyId: string; account: string; disabled: number; created: number };
  const columns = "select id as accessKeyId, account, disabled, created from access_key";
  const found = await database.rows<Found>(
    account === undefined
      ? statement(`${columns} order by created, id`)
      : statement(`${columns} where account = ? order by created, id`, account),
  );
  return found.map((key) => ({ ...key, disabled: key.disabled !== 0 }));
}

/** Whether there was such a key to disable. */
export async function disableKey(database: Database, accessKeyId: string): Promise<boolean> {
  const text = "update access_key set disabled = 1 where id = ? returning id";
  return (await database.rows(statement(text, accessKeyId))).length > 0;
}

/** Whether there was such a key to delete. */
export async function deleteKey(database: Database, accessKeyId: string): Promise<boolean> {
  const text = "delete from access_key where id = ? returning id";
  return (await database.rows(statement(text, accessKeyId))).length > 0;
}
