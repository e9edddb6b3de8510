// Users, groups, roles, policies and providers of accounts, as D1 keeps them: one table, by kind.

import type { Identity, IdentityDetail, IdentityKind } from "../facts/identity.ts";
import { type Database, type Row, type Statement, statement } from "./database.ts";

type IdentityRow = Row & {
  [Column in keyof Identity]: Identity[Column] extends string | number
    ? Identity[Column]
    : string | (Column extends "document" ? null : never);
};

const COLUMNS = "id, account, kind, name, path, created, tags, document, detail";

function identityOf(row: IdentityRow): Identity {
  return {
    ...row,
    tags: JSON.parse(row.tags) as Record<string, string>,
    document: row.document ?? undefined,
    detail: JSON.parse(row.detail) as IdentityDetail,
  };
}

/** By name, in any case of its letters. */
export async function identityNamed(
  database: Database,
  account: string,
  kind: IdentityKind,
  name: string,
): Promise<Identity | undefined> {
  const text = `select ${COLUMNS} from identity where account = ? and kind = ? and name = ? collate nocase`;
  const [row] = await database.rows<IdentityRow>(statement(text, account, kind, name));
  return row && identityOf(row);
}

/** One kind of an account's, in order of their names whatever the case, whose paths begin with `prefix`. */
export async function identitiesOf(
  database: Database,
  account: string,
  kind: IdentityKind,
  { prefix, after, limit }: { prefix: string; after: string; limit: number },
): Promise<Identity[]> {
  const rows = await database.rows<IdentityRow>(
    statement(
      `select ${COLUMNS} from identity
       where account = ?1 and kind = ?2 and name > ?3 collate nocase and substr(path, 1, length(?4)) = ?4
       order by name collate nocase limit ?5`,
      account,
      kind,
      after,
      prefix,
      limit,
    ),
  );
  return rows.map(identityOf);
}

/** How many there are of each kind, and what they were given, in one account. */
export async function census(database: Database, account: string): Promise<ReadonlyMap<string, number>> {
  const rows = await database.rows<{ what: string; many: number }>(
    statement(
      `select kind as what, count(*) as many from identity where account = ?1 group by kind
       union all select 'rootKeys', count(*) from access_key where account = ?1 and user is null
       union all select 'versions', count(*) from policy_version
         where policy in (select id from identity where account = ?1 and kind = 'policy')`,
      account,
    ),
  );
  return new Map(rows.map(({ what, many }) => [what, many]));
}

/** Inserts it unless the name is taken or the account has `most` of its kind; `others` then follow in one transaction. */
export async function createIdentity(
  database: Database,
  identity: Identity,
  most: number,
  others: Statement[] = [],
): Promise<"created" | "taken" | "full"> {
  const { id, account, kind, name, path, created, tags, document, detail } = identity;
  const [, found] = await database.batch([
    statement(
      `insert into identity (${COLUMNS}) select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9
       where (select count(*) from identity where account = ?2 and kind = ?3) < ?10 on conflict do nothing`,
      id,
      account,
      kind,
      name,
      path,
      created,
      JSON.stringify(tags),
      document ?? null,
      JSON.stringify(detail),
      most,
    ),
    statement(
      "select id from identity where account = ? and kind = ? and name = ? collate nocase",
      account,
      kind,
      name,
    ),
    ...others,
  ]);
  const there = found?.[0]?.id;
  return there === id ? "created" : there === undefined ? "full" : "taken";
}

/** Whether it has the name and path now; false: another one has the name. */
export async function renameIdentity(
  database: Database,
  { id, account, kind }: Identity,
  { name, path }: Pick<Identity, "name" | "path">,
): Promise<boolean> {
  const text = `update identity set name = ?1, path = ?2 where id = ?3 and not exists (
      select 1 from identity where account = ?4 and kind = ?5 and name = ?1 collate nocase and id <> ?3)
    returning id`;
  return (await database.rows(statement(text, name, path, id, account, kind))).length > 0;
}

/** Writes tags, document and detail anew; false: they are not as they were read. */
export async function reviseIdentity(
  database: Database,
  before: Identity,
  change: Partial<Pick<Identity, "tags" | "document" | "detail">>,
  others: Statement[] = [],
): Promise<boolean> {
  const after = { ...before, ...change };
  const [changed] = await database.batch([
    statement(
      `update identity set tags = ?1, document = ?2, detail = ?3 where id = ?4
       and tags in (?1, ?5) and (document is ?2 or document is ?6) and detail in (?3, ?7) returning id`,
      JSON.stringify(after.tags),
      after.document ?? null,
      JSON.stringify(after.detail),
      before.id,
      JSON.stringify(before.tags),
      before.document ?? null,
      JSON.stringify(before.detail),
    ),
    ...others,
  ]);
  return changed?.length === 1;
}

/** What still hangs on an identity. */
export interface Holdings {
  keys: number;
  inline: number;
  attached: number;
  /** Groups of a user, users of a group. */
  members: number;
  /** Whom a policy is attached to. */
  holders: number;
  /** Versions of a policy. */
  versions: number;
}

/** Removes it if nothing hangs on it; else says what does. */
export async function deleteIdentity(database: Database, id: string): Promise<Holdings | undefined> {
  const counts = {
    keys: "select count(*) from access_key where user = ?1",
    inline: "select count(*) from inline_policy where owner = ?1",
    attached: "select count(*) from attachment where owner = ?1",
    members: "select count(*) from member where user = ?1 or of_group = ?1",
    holders: "select count(*) from attachment where policy = ?1",
    versions: "select count(*) from policy_version where policy = ?1",
  };
  const most = (name: string) => (name === "versions" ? 1 : 0);
  const free = Object.entries(counts).map(([name, text]) => `(${text}) <= ${most(name)}`);
  const columns = Object.entries(counts).map(([name, text]) => `(${text}) as ${name}`);
  const [found] = await database.batch([
    statement(`select ${columns.join(", ")}`, id),
    statement(`delete from identity where id = ?1 and ${free.join(" and ")}`, id),
    statement(
      "delete from policy_version where policy = ?1 and not exists (select 1 from identity where id = ?1)",
      id,
    ),
  ]);
  const holdings = found?.[0] as (Holdings & Row) | undefined;
  if (holdings === undefined) return undefined;
  return Object.entries(holdings).some(([name, many]) => Number(many) > most(name)) ? holdings : undefined;
}

/** Puts a user into a group; false: the user is in `most` groups, or one of them is gone. */
export async function addMember(
  database: Database,
  user: string,
  group: string,
  most: number,
): Promise<boolean> {
  const [, found] = await database.batch([
    statement(
      `insert into member select ?1, ?2 where (select count(*) from member where user = ?1) < ?3
       and (select count(*) from identity where id in (?1, ?2)) = 2 on conflict do nothing`,
      user,
      group,
      most,
    ),
    statement("select 1 from member where user = ? and of_group = ?", user, group),
  ]);
  return found?.length === 1;
}

export async function removeMember(database: Database, user: string, group: string): Promise<void> {
  await database.rows(statement("delete from member where user = ? and of_group = ?", user, group));
}

/** The users of a group, or the groups of a user, in order of their names whatever the case. */
export async function members(
  database: Database,
  of: { user: string } | { group: string },
  { after, limit }: { after: string; limit: number },
): Promise<Identity[]> {
  const [wanted, given, id] = "user" in of ? ["of_group", "user", of.user] : ["user", "of_group", of.group];
  const rows = await database.rows<IdentityRow>(
    statement(
      `select ${COLUMNS} from identity where id in (select ${wanted} from member where ${given} = ?)
       and name > ? collate nocase order by name collate nocase limit ?`,
      id,
      after,
      limit,
    ),
  );
  return rows.map(identityOf);
}
