// May they: a bucket as one caller finds it, with the one place that refuses.

import type { Bucket } from "../directory/buckets.ts";
import { accountNumber } from "../facts/account.ts";
import { BucketMoved, CallerMoved } from "../facts/outage.ts";
import { aclsDisabled } from "../facts/settings.ts";
import type { Tag, Version } from "../facts/version.ts";
import { S3Error } from "../wire/error.ts";
import { knownBucket, REFUSAL_MS, type World } from "../world.ts";
import { type BucketPolicy, policyOf } from "./bucket-policy.ts";
import type { Caller } from "./caller.ts";
import { type Circumstances, contextOf, type SignedHow } from "./context.ts";
import { isAllowed } from "./decide.ts";
import { identityAllows } from "./identity-decision.ts";
import { mentionsKey } from "./policy/evaluate.ts";
import type { Policy } from "./policy/language.ts";

/** An action as policies name it, e.g. `s3:GetObject`. */
export type Action = `s3:${string}`;

/** Who asks, as known since `age` ms; `forget` has it looked up anew. */
export interface Asker {
  caller: Caller;
  signed: SignedHow;
  age: number;
  forget(): void;
}

/** What is known beside the request of what is asked about. */
export interface Known {
  /** The version that the action is on. */
  version?: (Pick<Version, "owner" | "grants" | "tags"> & { isNew?: boolean }) | undefined;
  /** Tags that the request gives. */
  requestTags?: readonly Tag[] | undefined;
  /** What stands instead of what the request itself says, by condition key in lower case; undefined: no value. */
  stated?: Readonly<Record<string, string | undefined>> | undefined;
}

/** A bucket as one caller finds it: every decision about it and what is in it. */
export class Access {
  readonly bucket: Bucket;
  readonly #age: number;
  readonly #circumstances: Circumstances;
  readonly #asker: Asker;
  readonly #policy: BucketPolicy;

  /** `age`: ms since the bucket's settings were read. */
  constructor(asker: Asker, circumstances: Circumstances, bucket: Bucket, age: number) {
    this.bucket = bucket;
    this.#asker = asker;
    this.#circumstances = circumstances;
    this.#age = age;
    this.#policy = policyOf(bucket);
  }

  /** Whether what is decided about an object may turn on whose it is, its ACL or its tags. */
  get dependsOnObject(): boolean {
    return !aclsDisabled(this.bucket.settings) || this.mentions("s3:existingobjecttag/");
  }

  /** Whether any policy in force asks for condition keys that begin so (in lower case). */
  mentions(prefix: string): boolean {
    const { policies, sessionPolicies, restrictions = [] } = this.#asker.caller;
    const own: readonly Policy[] = [...policies, ...sessionPolicies, ...restrictions];
    const { policy } = this.#policy;
    return mentionsKey(policy === undefined ? own : [...own, policy], prefix);
  }

  /** Whether the caller may do this to the bucket, or to the key in it. */
  may(action: Action, key?: string, { version, requestTags, stated }: Known = {}): boolean {
    const { name, owner, settings } = this.bucket;
    return isAllowed({
      caller: this.#asker.caller,
      bucket: { owner, settings, ...this.#policy },
      object: version,
      action,
      resource: `arn:aws:s3:::${name}${key === undefined ? "" : `/${key}`}`,
      value: contextOf(this.#circumstances, {
        requestTags,
        existingTags: version?.tags,
        resourceAccount: () => accountNumber(owner),
        stated,
      }),
    });
  }

  /** Throws AccessDenied unless the caller may do all of this. */
  require(actions: readonly Action[], key?: string, known?: Known): void {
    if (!actions.every((action) => this.may(action, key, known))) this.refuse();
  }

  /** Whether the caller may make a write depend on this etag: `*` is none, others need to be readable, as AWS has it. */
  mayMatch(etag: string | undefined, key: string): boolean {
    return etag === undefined || etag.trim() === "*" || this.may("s3:GetObject", key);
  }

  /** Throws AccessDenied unless it may. */
  requireMatch(etag: string | undefined, key: string): void {
    if (!this.mayMatch(etag, key)) this.refuse();
  }

  /** Whether the caller may learn that there is no such key: whoever may list it. */
  mayMiss(key: string): boolean {
    return this.may("s3:ListBucket", undefined, { stated: { "s3:prefix": key } });
  }

  /** AccessDenied. But a refusal never rests on what was read more than a second ago: throws BucketMoved then. */
  denied(): S3Error {
    if (this.#age > REFUSAL_MS || this.#asker.age > REFUSAL_MS) {
      this.#asker.forget();
      throw new BucketMoved(this.bucket, "stale");
    }
    return new S3Error("AccessDenied");
  }

  /** For a refusal that rests on the bucket's settings: throws BucketMoved if they were read more than a second ago. */
  requireFreshSettings(): void {
    if (this.#age > REFUSAL_MS) throw new BucketMoved(this.bucket, "stale");
  }

  /** Throws what `denied` gives. */
  refuse(): never {
    throw this.denied();
  }
}

/** The bucket as the caller finds it. Throws NoSuchBucket (here only), and AccessDenied for one of somebody else's. */
export async function accessTo(
  world: World,
  asker: Asker,
  circumstances: Circumstances,
  name: string,
  expectedOwner: string | undefined,
): Promise<Access> {
  const known = await knownBucket(world, name);
  if (known === undefined) throw new S3Error("NoSuchBucket", { elements: { BucketName: name } });
  const access = new Access(asker, circumstances, known.bucket, known.age);
  const { owner } = known.bucket;
  if (expectedOwner !== undefined && expectedOwner !== owner && expectedOwner !== accountNumber(owner)) {
    access.refuse();
  }
  return access;
}

/** Throws AccessDenied unless the caller's own policies allow this, which is no bucket's yet. */
export function requireIdentity(
  { caller, age, forget }: Asker,
  circumstances: Circumstances,
  actions: readonly Action[],
  resource: string,
): void {
  const value = contextOf(circumstances, { resourceAccount: () => caller.account.number });
  if (actions.every((action) => identityAllows(caller, { action, resource, value }))) return;
  if (age > REFUSAL_MS) {
    forget();
    throw new CallerMoved();
  }
  throw new S3Error("AccessDenied");
}
