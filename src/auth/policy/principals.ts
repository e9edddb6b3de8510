// Whom a Principal element names, and how closely it names the one who asks.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html

import { PolicyFault } from "./fault.ts";
import type { AskedPrincipal, Named, Principals } from "./language.ts";

const ACCOUNT = /^\d{12}$/;
const ARN = /^arn:[a-z-]+:(iam|sts)::([^:]*):(.+)$/;
const NAMED_IN_IAM = /^(?:user|role)\/./;
const NAMED_IN_STS = /^(?:assumed-role\/[^/]+\/[^/]+|federated-user\/[^/]+)$/;
const CANONICAL_ID = /^[\w.@$=+-]{1,256}$/;
const PROVIDER = /^[\w.:/@=+-]{1,512}$/;
const SERVICE = /^[a-z0-9-]+(\.[a-z0-9-]+)+$/;
const MAX_PRINCIPAL_LENGTH = 2048;

interface Gathered {
  everyone: boolean;
  accounts: Set<string>;
  canonicalIds: Set<string>;
  arns: Set<string>;
  providers: Set<string>;
  services: Set<string>;
}

/** Whether it was understood. */
type Gather = (text: string, into: Gathered) => boolean;

/**
 * An AWS principal. The account of an ARN is twelve digits; other texts are taken, too, though they name nobody here.
 * With no account at all, as radosgw's clients write, `arn:aws:iam:::user/<canonical id>` is that account's root.
 */
function gatherAws(text: string, into: Gathered): boolean {
  if (text === "*") into.everyone = true;
  else if (ACCOUNT.test(text)) into.accounts.add(text);
  else {
    const [, service, account = "", name = ""] = ARN.exec(text) ?? [];
    if (/[*?]/.test(text) || service === undefined) return false;
    if (service === "sts") {
      if (!NAMED_IN_STS.test(name)) return false;
      into.arns.add(text);
    } else if (name === "root") into.accounts.add(account);
    else if (!NAMED_IN_IAM.test(name)) return false;
    else if (account === "" && name.startsWith("user/")) into.canonicalIds.add(name.slice("user/".length));
    else into.arns.add(text);
  }
  return true;
}

const gatherInto =
  (pattern: RegExp, set: "canonicalIds" | "providers" | "services"): Gather =>
  (text, into) => {
    if (!pattern.test(text)) return false;
    into[set].add(text);
    return true;
  };

const KINDS: ReadonlyMap<string, Gather> = new Map<string, Gather>([
  ["AWS", gatherAws],
  ["CanonicalUser", gatherInto(CANONICAL_ID, "canonicalIds")],
  ["Federated", gatherInto(PROVIDER, "providers")],
  ["Service", gatherInto(SERVICE, "services")],
]);

/** The Principal of an element that is `"*"`, or names of each kind; each kind at least one. Throws PolicyFault. */
export function readPrincipals(named: "*" | readonly (readonly [string, readonly string[]])[]): Principals {
  const gathered: Gathered = {
    everyone: named === "*",
    accounts: new Set(),
    canonicalIds: new Set(),
    arns: new Set(),
    providers: new Set(),
    services: new Set(),
  };
  for (const [kind, texts] of named === "*" ? [] : named) {
    const gather = KINDS.get(kind);
    const understood = texts.every(
      (text) => text.length <= MAX_PRINCIPAL_LENGTH && gather?.(text, gathered) === true,
    );
    if (!understood) throw new PolicyFault("Invalid principal in policy");
  }
  return gathered;
}

/** Whether they are people and programs of accounts here, whom AWS and CanonicalUser principals can name. */
const hasAccount = ({ kind }: AskedPrincipal): boolean =>
  kind === "root" || kind === "user" || kind === "role" || kind === "federated";

const namesAccount = (principals: Principals, asked: AskedPrincipal): boolean =>
  principals.accounts.has(asked.accountNumber) || principals.canonicalIds.has(asked.canonicalId);

/** The service, or the provider of a web identity. */
function namesProvider(principals: Principals, { kind, provider = "" }: AskedPrincipal): boolean {
  return (
    (kind === "web" && principals.providers.has(provider)) ||
    (kind === "service" && principals.services.has(provider))
  );
}

/**
 * How closely a Principal element names the one who asks; undefined: not at all. That everyone may does not let in
 * services and web identities: an element that allows must say Service or Federated; `denying` ones cover them.
 */
export function closest(principals: Principals, asked: AskedPrincipal, denying: boolean): Named | undefined {
  const { kind, arn, roleArn } = asked;
  if (namesProvider(principals, asked)) return "principal";
  if (hasAccount(asked)) {
    if (arn !== "" && principals.arns.has(arn)) return kind === "user" ? "principal" : "session";
    if (kind === "role" && roleArn !== undefined && principals.arns.has(roleArn)) return "principal";
    if (namesAccount(principals, asked)) return kind === "root" ? "principal" : "account";
  }
  const isEveryone = denying || hasAccount(asked) || kind === "anonymous";
  return principals.everyone && isEveryone ? "everyone" : undefined;
}

/**
 * Whether a NotPrincipal element, which only denies, spares the one who asks. As AWS has it, the account is validated
 * first, then the user or role in it: so a user is spared if both the account and the user are named, a session if
 * both the account and its role are (naming the session, too, changes nothing), an account's root if the account is.
 */
export function isSpared(principals: Principals, asked: AskedPrincipal): boolean {
  const { kind, arn, roleArn = "" } = asked;
  if (principals.everyone || namesProvider(principals, asked)) return true;
  if (!namesAccount(principals, asked)) return false;
  return kind === "root" || principals.arns.has(kind === "role" ? roleArn : arn);
}
