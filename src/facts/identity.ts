// What an account has names for: users, groups, roles, policies and providers of web identities, and their ARNs.

/** `provider`: of web identities (OIDC). */
export type IdentityKind = "user" | "group" | "role" | "policy" | "provider";

/** What only some kinds have. */
export interface IdentityDetail {
  description?: string;
  /** Of a role, in seconds. */
  maxSession?: number;
  /** Of a policy: the version in force, and the highest number ever given. */
  defaultVersion?: number;
  lastVersion?: number;
  /** Of a policy: ms since 1970. */
  updated?: number;
  /** Of a provider: its URL, and whom its tokens may be for. */
  url?: string;
  clientIds?: string[];
  thumbprints?: string[];
}

/** `id`: `AIDA…` and so on, fresh at each creation. `created`: ms since 1970. */
export interface Identity {
  id: string;
  account: string;
  kind: IdentityKind;
  name: string;
  path: string;
  created: number;
  tags: Readonly<Record<string, string>>;
  /** A role's trust policy, a policy's default version: JSON as it was given. */
  document: string | undefined;
  detail: IdentityDetail;
}

/** How an identity's id begins, by kind. */
export const ID_PREFIXES: Readonly<Record<IdentityKind, string>> = {
  user: "AIDA",
  group: "AGPA",
  role: "AROA",
  policy: "ANPA",
  provider: "AOIP",
};

/** `number`: the account's twelve digits. A provider's ARN has no path. */
export function identityArn(
  number: string,
  kind: IdentityKind,
  { path, name }: Pick<Identity, "path" | "name">,
): string {
  return kind === "provider"
    ? `arn:aws:iam::${number}:oidc-provider/${name}`
    : `arn:aws:iam::${number}:${kind}${path}${name}`;
}
