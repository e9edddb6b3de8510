// How a named thing of an account comes to be, gets another name, and goes: the same for all kinds.

import { insertAccount } from "../directory/accounts.ts";
import type { Statement } from "../directory/database.ts";
import {
  createIdentity,
  deleteIdentity,
  type Holdings,
  renameIdentity,
  reviseIdentity,
} from "../directory/identities.ts";
import { ID_PREFIXES, type Identity, type IdentityKind } from "../facts/identity.ts";
import type { Context } from "./action.ts";
import { limitExceeded, noSuchEntity, QueryFault } from "./fault.ts";
import { QUOTAS } from "./quotas.ts";

/** What AWS's ids are spelled with. */
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** A fresh id with this prefix, e.g. `AIDA`; `letters` follow it, 5 random bits each. */
export function freshId(prefix: string, letters = 17): string {
  const random = crypto.getRandomValues(new Uint8Array(letters));
  return prefix + Array.from(random, (byte) => ALPHABET[byte % ALPHABET.length]).join("");
}

const QUOTA: Readonly<Record<IdentityKind, { name: string; most: number }>> = {
  user: { name: "UsersPerAccount", most: QUOTAS.Users },
  group: { name: "GroupsPerAccount", most: QUOTAS.Groups },
  role: { name: "RolesPerAccount", most: QUOTAS.Roles },
  policy: { name: "PoliciesPerAccount", most: QUOTAS.Policies },
  provider: { name: "OpenIDConnectProvidersPerAccount", most: QUOTAS.Providers },
};

const TITLES: Readonly<Record<IdentityKind, string>> = {
  user: "User",
  group: "Group",
  role: "Role",
  policy: "Policy",
  provider: "Provider",
};

/** Makes one. Throws EntityAlreadyExists and LimitExceeded. */
export async function make(
  { world, caller }: Context,
  what: Pick<Identity, "kind" | "name"> & Partial<Identity>,
  others: (id: string) => Statement[] = () => [],
): Promise<Identity> {
  const { kind } = what;
  const identity: Identity = {
    id: freshId(ID_PREFIXES[kind]),
    account: caller.account.id,
    path: "/",
    created: world.now(),
    tags: {},
    document: undefined,
    detail: {},
    ...what,
  };
  const { name, most } = QUOTA[kind];
  // The deployment's own account has no row until something of it needs one.
  const isDeployments = caller.account.id === world.config.root.account.id;
  const row = insertAccount({ ...caller.account, email: "", created: identity.created });
  const further = [...others(identity.id), ...(isDeployments ? [row] : [])];
  const outcome = await createIdentity(world.database, identity, most, further);
  if (outcome === "taken") throw alreadyExists(kind, what.name);
  if (outcome === "full") throw limitExceeded(name, most);
  return identity;
}

export function alreadyExists(kind: IdentityKind, name: string): QueryFault {
  return new QueryFault("EntityAlreadyExists", `${TITLES[kind]} with name ${name} already exists.`);
}

/** Gives it another name or path. Throws EntityAlreadyExists. */
export async function rename(
  { world }: Context,
  identity: Identity,
  { name, path }: { name?: string | undefined; path?: string | undefined },
): Promise<void> {
  const wanted = { name: name ?? identity.name, path: path ?? identity.path };
  if (!(await renameIdentity(world.database, identity, wanted)))
    throw alreadyExists(identity.kind, wanted.name);
}

/** Writes parts of it anew. Throws ConcurrentModification if somebody else did meanwhile. */
export async function revise(
  { world }: Context,
  identity: Identity,
  change: Partial<Pick<Identity, "tags" | "document" | "detail">>,
  others: Statement[] = [],
): Promise<void> {
  if (await reviseIdentity(world.database, identity, change, others)) return;
  throw new QueryFault("ConcurrentModification", "The request was rejected because of a concurrent change.");
}

/** Removes it. Throws DeleteConflict that says what is in the way. */
export async function remove({ world }: Context, { id, kind, name }: Identity): Promise<void> {
  const holdings = await deleteIdentity(world.database, id);
  if (holdings === undefined) return;
  const obstacle = obstacleOf(kind, holdings);
  if (obstacle === undefined) throw noSuchEntity(kind, name);
  throw new QueryFault("DeleteConflict", `Cannot delete ${obstacle}`);
}

function obstacleOf(kind: IdentityKind, holdings: Holdings): string | undefined {
  if (holdings.holders > 0) return "a policy attached to entities.";
  if (holdings.versions > 1) return "a policy with more than one version.";
  if (holdings.attached > 0) return "entity, must detach all policies first.";
  if (holdings.inline > 0) return "entity, must delete policies first.";
  if (holdings.keys > 0) return "entity, must delete access keys first.";
  if (holdings.members > 0 && kind === "group") return "entity, must remove users from group first.";
  if (holdings.members > 0) return "entity, must remove user from groups first.";
  return undefined;
}
