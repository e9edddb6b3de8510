// Who was given which policy: inline ones, attachments, and the versions of an account's own, as D1 keeps them.

import type { IdentityKind } from "../facts/identity.ts";
import { type Database, type Statement, statement } from "./database.ts";

/** Keeps an inline policy; false: its owner is gone. An account's id is an owner as well. */
export async function putInline(
  database: Database,
  owner: string,
  name: string,
  document: string,
): Promise<boolean> {
  const text = `insert into inline_policy select ?1, ?2, ?3
    where exists (select 1 from identity where id = ?1) or exists (select 1 from account where id = ?1)
    on conflict (owner, name) do update set document = excluded.document returning name`;
  return (await database.rows(statement(text, owner, name, document))).length > 0;
}

export async function inlineNamed(
  database: Database,
  owner: string,
  name: string,
): Promise<string | undefined> {
  const text = "select document from inline_policy where owner = ? and name = ?";
  return (await database.rows<{ document: string }>(statement(text, owner, name)))[0]?.document;
}

/** Names and documents in order of names. */
export async function inlineOf(
  database: Database,
  owner: string,
  { after, limit }: { after: string; limit: number },
): Promise<{ name: string; document: string }[]> {
  const text = "select name, document from inline_policy where owner = ? and name > ? order by name limit ?";
  return database.rows(statement(text, owner, after, limit));
}

/** Whether there was such a policy to delete. */
export function deleteInline(database: Database, owner: string, name: string): Promise<boolean> {
  const text = "delete from inline_policy where owner = ? and name = ? returning name";
  return database.removes(statement(text, owner, name));
}

/** Attaches a policy (id, or ARN of one of AWS's); false: the owner has `most`, or one of them is gone. */
export async function attach(
  database: Database,
  owner: string,
  policy: string,
  most: number,
): Promise<boolean> {
  const [, found] = await database.batch([
    statement(
      `insert into attachment select ?1, ?2 where (select count(*) from attachment where owner = ?1) < ?3
       and exists (select 1 from identity where id = ?1)
       and (?2 like 'arn:%' or exists (select 1 from identity where id = ?2)) on conflict do nothing`,
      owner,
      policy,
      most,
    ),
    statement("select 1 from attachment where owner = ? and policy = ?", owner, policy),
  ]);
  return found?.length === 1;
}

/** Whether it was attached. */
export function detach(database: Database, owner: string, policy: string): Promise<boolean> {
  const text = "delete from attachment where owner = ? and policy = ? returning owner";
  return database.removes(statement(text, owner, policy));
}

/** What is attached: policies of the account's own with name and path, AWS's by ARN alone. */
export async function attachedTo(
  database: Database,
  owner: string,
): Promise<{ policy: string; name: string | null; path: string | null }[]> {
  const text = `select attachment.policy, identity.name, identity.path
    from attachment left join identity on identity.id = attachment.policy where owner = ?`;
  return database.rows(statement(text, owner));
}

/** Whom of the account a policy is attached to. */
export async function holdersOf(
  database: Database,
  account: string,
  policy: string,
): Promise<{ id: string; kind: IdentityKind; name: string; path: string }[]> {
  const text = `select id, kind, name, path from identity
    where id in (select owner from attachment where policy = ?) and account = ? order by kind, name collate nocase`;
  return database.rows(statement(text, policy, account));
}

/** How many of the account's identities each policy is attached to; those without any are left out. */
export async function attachmentCounts(
  database: Database,
  account: string,
): Promise<ReadonlyMap<string, number>> {
  const text = `select policy, count(*) as many from attachment
    where owner in (select id from identity where account = ?) group by policy`;
  const rows = await database.rows<{ policy: string; many: number }>(statement(text, account));
  return new Map(rows.map(({ policy, many }) => [policy, many]));
}

export type PolicyVersion = { number: number; document: string; created: number };

/** Newest first. */
export async function versionsOf(database: Database, policy: string): Promise<PolicyVersion[]> {
  const text = "select number, document, created from policy_version where policy = ? order by number desc";
  return database.rows(statement(text, policy));
}

/** To stand in one transaction behind the change of the policy that says this is its last version. */
export function insertVersion(policy: string, { number, document, created }: PolicyVersion): Statement {
  const text = `insert into policy_version select ?1, ?2, ?3, ?4
    where exists (select 1 from identity where id = ?1 and json_extract(detail, '$.lastVersion') = ?2)
    on conflict do nothing`;
  return statement(text, policy, number, document, created);
}

/** Whether there was such a version to delete. */
export function deleteVersion(database: Database, policy: string, number: number): Promise<boolean> {
  const text = "delete from policy_version where policy = ? and number = ? returning number";
  return database.removes(statement(text, policy, number));
}
