// What accounts are called, for documents that show owners, and who is meant by a name or an email.

import { type AccountName, accountNames } from "../directory/accounts.ts";
import type { Bucket } from "../directory/buckets.ts";
import { aclsDisabled } from "../facts/settings.ts";
import type { World } from "../world.ts";

/** An owner as documents show it. */
export interface ShownOwner {
  id: string;
  displayName?: string;
}

/** Shows owners; knows the names of these accounts, which are asked for once in a while. */
export async function ownersShown(world: World, ids: Iterable<string>): Promise<(id: string) => ShownOwner> {
  const now = world.now();
  const { account: root } = world.config.root;
  const names = new Map([[root.id, root.displayName]]);
  const unknown: string[] = [];
  for (const id of new Set(ids)) {
    const name = world.memory.names.get(id, now)?.value;
    if (name !== undefined) names.set(id, name);
    else if (!names.has(id)) unknown.push(id);
  }
  if (unknown.length > 0) {
    const found = await accountNames(world.database, { ids: unknown, emails: [] });
    for (const { id, displayName } of found) {
      names.set(id, displayName);
      world.memory.names.set(id, displayName, now);
    }
  }
  return (id) => {
    const displayName = names.get(id);
    return displayName === undefined ? { id } : { id, displayName };
  };
}

/** Shows the owners of what a bucket lists: all its own owner's, where ACLs count for nothing. */
export async function ownersOf(
  world: World,
  { owner, settings }: Pick<Bucket, "owner" | "settings">,
  entries: readonly { owner: string }[],
): Promise<(id: string) => ShownOwner> {
  const disabled = aclsDisabled(settings);
  const ids = disabled ? [owner] : entries.map((entry) => entry.owner);
  const shown = await ownersShown(world, entries.length === 0 ? [] : ids);
  return disabled ? () => shown(owner) : shown;
}

/** The accounts that have one of these ids or emails. */
export async function accountsMeant(
  world: World,
  asked: { ids: string[]; emails: string[] },
): Promise<AccountName[]> {
  const { account: root } = world.config.root;
  const own = { id: root.id, displayName: root.displayName, email: root.email };
  return [own, ...(await accountNames(world.database, asked))];
}
