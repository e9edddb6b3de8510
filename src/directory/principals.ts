// Who a key or a session speaks for, with all that was said about what they may do: one call of D1.

import type { IdentityKind } from "../facts/identity.ts";
import { type Database, type Row, statement } from "./database.ts";

/** What was given to a principal. `policy`: the ARN of one of AWS's own policies, in place of its document. */
export type Given = { document: string } | { policy: string };

/** A principal as the directory knows it; without an identity, its account's root. */
export interface Principal {
  account: { id: string; displayName: string };
  identity: PrincipalIdentity | undefined;
  /** Its own policies and its groups'. */
  given: readonly Given[];
  /** Policies of the deployment for the whole account: they only restrict. */
  restrictions: readonly string[];
}

export interface PrincipalIdentity {
  id: string;
  kind: IdentityKind;
  name: string;
  path: string;
  tags: Readonly<Record<string, string>>;
}

/** `sealed` is the secret under the master secret. `lastUsed`: ms since 1970, 0 if never. */
export interface KeyHolder extends Principal {
  sealed: string;
  disabled: boolean;
  lastUsed: number;
}

type Holding = Row & { owner: string; policy: string | null; document: string | null };
type Found = Row & {
  account: string;
  displayName: string;
  identity: string | null;
  kind: IdentityKind | null;
  name: string | null;
  path: string | null;
  tags: string | null;
};

const IDENTITY = "identity.id as identity, identity.kind, identity.name, identity.path, identity.tags";

/** `holder` is a select of ids: of a principal's own and its account's. */
function holdings(holder: string): string {
  return `with holder (id) as (${holder}),
    owner (id) as (select id from holder union select of_group from member where user in (select id from holder))
    select owner, null as policy, document from inline_policy where owner in (select id from owner)
    union all
    select owner, policy, (select document from identity where id = policy) from attachment
    where owner in (select id from owner)`;
}

function principalOf(found: Found, held: readonly Holding[]): Principal {
  const { account, displayName, identity, kind, name, path, tags } = found;
  const isRestriction = ({ owner }: Holding) => owner === account;
  return {
    account: { id: account, displayName },
    identity:
      identity === null || kind === null
        ? undefined
        : {
            id: identity,
            kind,
            name: name ?? "",
            path: path ?? "/",
            tags: JSON.parse(tags ?? "{}") as Record<string, string>,
          },
    given: held
      .filter((row) => !isRestriction(row))
      .flatMap(({ document, policy }): Given[] =>
        document !== null ? [{ document }] : policy !== null ? [{ policy }] : [],
      ),
    restrictions: held.filter(isRestriction).flatMap(({ document }) => document ?? []),
  };
}

/** The key with whom it speaks for; undefined if there is none. */
export async function keyHolder(database: Database, accessKeyId: string): Promise<KeyHolder | undefined> {
  type FoundKey = Found & { secret: string; disabled: number; lastUsed: number | null; user: string | null };
  const [[row], held] = (await database.batch([
    statement(
      `select account.id as account, account.display_name as displayName, access_key.secret,
         access_key.disabled, access_key.last_used as lastUsed, access_key.user, ${IDENTITY}
       from access_key join account on account.id = access_key.account
       left join identity on identity.id = access_key.user where access_key.id = ?`,
      accessKeyId,
    ),
    statement(
      holdings(
        `select user from access_key where id = ?1 and user is not null
         union select account from access_key where id = ?1`,
      ),
      accessKeyId,
    ),
  ])) as [FoundKey[], Holding[]];
  // A key whose user is gone speaks for nobody, least of all for the account's root.
  if (row === undefined || row.user !== row.identity) return undefined;
  const { secret, disabled, lastUsed } = row;
  return {
    ...principalOf(row, held),
    sealed: secret,
    disabled: disabled !== 0,
    lastUsed: lastUsed ?? 0,
  };
}

/** A user, a role (by id), or an account's root (without); undefined if it is there no more. */
export async function principal(
  database: Database,
  account: string,
  identity: string | undefined,
): Promise<Principal | undefined> {
  const [[row], held] = (await database.batch([
    statement(
      `select account.id as account, account.display_name as displayName, ${IDENTITY}
       from account left join identity on identity.account = account.id and identity.id = ?
       where account.id = ?`,
      identity ?? "",
      account,
    ),
    statement(holdings("select ? union select ?"), identity ?? "", account),
  ])) as [Found[], Holding[]];
  if (row === undefined || (row.identity ?? undefined) !== identity) return undefined;
  return principalOf(row, held);
}
