// What an action of IAM or STS is: one declaration of its name, fields, what it acts on, and what it does.

import { Buffer } from "node:buffer";
import type { Caller } from "../auth/caller.ts";
import type { Lookup } from "../auth/principal-context.ts";
import { identityNamed } from "../directory/identities.ts";
import { type Identity, type IdentityKind, identityArn } from "../facts/identity.ts";
import type { Address } from "../wire/address.ts";
import type { World } from "../world.ts";
import { actionContext } from "./action-context.ts";
import type { Service, Xml } from "./document.ts";
import { noSuchEntity, QueryFault, validationError } from "./fault.ts";
import { type Fields, type Parameters, readFields, type Values } from "./parameters.ts";

/** Who asks. Of an action that is open, `caller` is nobody if nobody signed. */
export interface Context {
  world: World;
  caller: Caller;
  address: Address;
}

/** What is acted on: its ARN, which is authorised, and what is there; `missing`: why it is not, for who may know. */
export interface Subject<S> {
  arn: string;
  /** What it is to become: that is authorised, too. */
  becomes?: string;
  subject: S;
  missing?: QueryFault;
}

interface Declaration<F extends Fields, S> {
  name: string;
  service?: Service;
  /** Whom it is allowed: by their policies; any signer; anybody. */
  open?: "to signers" | "to all";
  input: F;
  on(context: Context, input: Values<F>): Promise<Subject<S>> | Subject<S>;
  handle(context: Context & { subject: S; arn: string }, input: Values<F>): Promise<Xml> | Xml;
}

/** An action as the table sees it. */
export interface Action {
  name: string;
  service: Service;
  open: "to signers" | "to all" | undefined;
  /** Reads, has `authorise` decide on what an ARN names and conditions may ask of it, acts. */
  respond(
    context: Context,
    parameters: Parameters,
    authorise: (arn: string, value: Lookup) => void,
  ): Promise<Xml>;
}

export function action<F extends Fields, S>(declaration: Declaration<F, S>): Action {
  const { name, service = "iam", open, input, on, handle } = declaration;
  return {
    name,
    service,
    open,
    async respond(context, parameters, authorise) {
      const values = readFields(input, parameters);
      const { arn, becomes, subject, missing } = await on(context, values);
      for (const one of [arn, becomes ?? arn]) authorise(one, actionContext(values, subject));
      if (missing !== undefined) throw missing;
      return handle({ ...context, subject, arn }, values);
    },
  };
}

export function arnOf(
  { account }: Caller,
  kind: IdentityKind,
  identity: Pick<Identity, "path" | "name">,
): string {
  return identityArn(account.number, kind, identity);
}

/** What an action on nothing in particular acts on. */
export function anything(): Subject<undefined> {
  return { arn: "*", subject: undefined };
}

/** What has yet to be made. */
export function fresh(
  { caller }: Context,
  kind: IdentityKind,
  { path = "/", name }: { path?: string | undefined; name: string },
): Subject<undefined> {
  return { arn: arnOf(caller, kind, { path, name }), subject: undefined };
}

/** One of the caller's account, by name. Who may not act on it does not learn whether it is there. */
export async function existing(
  { world, caller }: Context,
  kind: IdentityKind,
  name: string,
): Promise<Subject<Identity>> {
  const found = await identityNamed(world.database, caller.account.id, kind, name);
  if (found !== undefined) return { arn: arnOf(caller, kind, found), subject: found };
  return absent(caller, kind, name);
}

/** One of the caller's account that is to get another name or path. */
export async function renamed(
  context: Context,
  kind: IdentityKind,
  old: string,
  to: { name?: string | undefined; path?: string | undefined },
): Promise<Subject<Identity>> {
  const found = await existing(context, kind, old);
  if (found.missing !== undefined) return found;
  const { name, path } = found.subject;
  return { ...found, becomes: arnOf(context.caller, kind, { name: to.name ?? name, path: to.path ?? path }) };
}

/** A subject that is not there; its handler is never called. */
export function absent(caller: Caller, kind: IdentityKind, name: string): Subject<Identity> {
  const arn = arnOf(caller, kind, { path: "/", name });
  return { arn, subject: undefined as never, missing: noSuchEntity(kind, name) };
}

/** The user with this name; without one, the caller, who has to be a user. */
export function userOrCaller(context: Context, name: string | undefined): Promise<Subject<Identity>> {
  return existing(context, "user", name ?? ownName(context.caller));
}

/** The caller's own user name. Throws ValidationError if they are none. */
export function ownName({ kind, userName }: Caller): string {
  if (kind === "user" && userName !== undefined) return userName;
  throw new QueryFault("ValidationError", "Must specify userName when calling with non-User credentials");
}

/** Default and largest page of a list. */
const PAGE = { default: 100, most: 1_000 };

/** How a list is cut into pages: after which entry, and how many. */
export function pageOf({ Marker, MaxItems }: { Marker?: string | undefined; MaxItems?: number | undefined }) {
  const limit = Math.min(MaxItems ?? PAGE.default, PAGE.most);
  return { after: Marker === undefined ? "" : readMarker(Marker), limit: limit + 1, size: limit };
}

function readMarker(marker: string): string {
  const text = Buffer.from(marker, "base64url").toString("utf8");
  if (writeMarker(text) !== marker) throw validationError([`Invalid Marker: ${marker.slice(0, 64)}`]);
  return text;
}

function writeMarker(after: string): string {
  return Buffer.from(after, "utf8").toString("base64url");
}

/** One page of `found`, which has one more if there are more; `nameOf` is what the list is ordered by. */
export function page<T>(found: readonly T[], size: number, nameOf: (item: T) => string) {
  const items = found.slice(0, size);
  const last = items.at(-1);
  const more = found.length > size && last !== undefined;
  return { items, rest: { IsTruncated: more, Marker: more ? writeMarker(nameOf(last)) : undefined } };
}
