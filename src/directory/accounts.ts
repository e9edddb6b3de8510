// Accounts and their access keys, as D1 keeps them; secrets pass through here sealed.

import { accountNumber } from "../facts/account.ts";
import { type Database, type Statement, statement } from "./database.ts";

/** `id`: canonical id, 64 hex digits. `created`: ms since 1970. */
export type Account = { id: string; displayName: string; email: string; created: number };

export type AccessKey = { accessKeyId: string; account: string; disabled: boolean; created: number };

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

/** The account with this number in its ARNs (twelve digits). */
export async function accountNumbered(database: Database, number: string): Promise<Account | undefined> {
  const text = `select ${ACCOUNT} from account where number = ?`;
  return (await database.rows<Account>(statement(text, number)))[0];
}

/** Creates the account, or brings its name and email up to date. */
export async function putAccount(database: Database, account: Account): Promise<void> {
  const { text, bindings } = insertAccount(account);
  const update = "do update set display_name = excluded.display_name, email = excluded.email";
  await database.rows({ text: text.replace("do nothing", update), bindings });
}

/** Has the account have its row; one that is there stays as it is. */
export function insertAccount({ id, displayName, email, created }: Account): Statement {
  return statement(
    `insert into account (id, display_name, email, created, number) values (?, ?, ?, ?, ?)
     on conflict (id) do nothing`,
    id,
    displayName,
    email,
    created,
    accountNumber(id),
  );
}

/** Keeps a key; one that exists gets this secret and account and works again. */
export async function putKey(
  database: Database,
  key: { accessKeyId: string; account: string; sealed: string; created: number },
): Promise<void> {
  await database.rows(
    statement(
      `insert into access_key (id, account, secret, created) values (?, ?, ?, ?)
       on conflict (id) do update
       set account = excluded.account, secret = excluded.secret, disabled = 0, user = null`,
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
export function deleteKey(database: Database, accessKeyId: string): Promise<boolean> {
  return database.removes(statement("delete from access_key where id = ? returning id", accessKeyId));
}
