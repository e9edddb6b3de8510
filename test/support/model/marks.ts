// The model's tags, legal holds and retentions.
// Sources: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html, …/object-tagging.html

import {
  type Bucket,
  bucketOf,
  type Call,
  type Expected,
  found,
  fresh,
  idHeader,
  type Lock,
  Refusal,
  replaceVersion,
  type State,
  type Tags,
  type Version,
} from "./state.ts";

const DAY_MS = 24 * 3600 * 1000;
const NO_LOCKS = () => new Refusal(400, "InvalidRequest");

/** What a new version's lock is: what its writer asks for, else the bucket's default. */
export function lockAsked(state: State, { lock }: Bucket, headers: Record<string, string>): Lock {
  const mode = headers["x-amz-object-lock-mode"];
  const until = headers["x-amz-object-lock-retain-until-date"];
  const hold = headers["x-amz-object-lock-legal-hold"] as "ON" | "OFF" | undefined;
  if (lock === undefined) {
    if (mode === undefined && hold === undefined) return {};
    throw NO_LOCKS();
  }
  const held = hold === undefined ? {} : { hold };
  if (mode !== undefined && until !== undefined) return { ...held, ...retention(state, mode, until) };
  if (lock.mode === undefined) return held;
  return {
    ...held,
    mode: lock.mode,
    until: state.now() + lock.days * DAY_MS,
    shown: fresh(state, "until"),
  };
}

function retention({ now }: State, mode: string, until: string): Lock {
  const ms = Date.parse(until);
  if (ms <= now()) throw new Refusal(400, "InvalidArgument");
  return { mode, until: ms, shown: new Date(ms).toISOString() };
}

/** Whether a version may not be removed: a bypass lifts GOVERNANCE, and nothing lifts COMPLIANCE or a hold. */
export function isLocked({ now }: State, { lock }: Version, bypass: boolean): boolean {
  const { mode, until = 0, hold } = lock;
  if (hold === "ON") return true;
  return mode !== undefined && until > now() && (mode === "COMPLIANCE" || !bypass);
}

function marked(
  state: State,
  call: Call,
  change: (version: Version, bucket: Bucket) => Partial<Version>,
): { bucket: Bucket; version: Version } {
  const bucket = bucketOf(state, call.bucket);
  const version = found(state, bucket, call);
  replaceVersion(bucket, call.key, version, { ...version, ...change(version, bucket) });
  return { bucket, version };
}

export function putObjectTagging(state: State, call: Call): Expected {
  const { bucket, version } = marked(state, call, () => ({ tags: call.input as Tags }));
  return { status: 200, headers: idHeader(bucket, version.id) };
}

export function deleteObjectTagging(state: State, call: Call): Expected {
  const { bucket, version } = marked(state, call, () => ({ tags: [] }));
  return { status: 204, headers: idHeader(bucket, version.id) };
}

export function getObjectTagging(state: State, call: Call): Expected {
  const bucket = bucketOf(state, call.bucket);
  const { tags, id } = found(state, bucket, call);
  return {
    status: 200,
    headers: { "content-type": "application/xml", ...idHeader(bucket, id) },
    document: {
      name: "Tagging",
      inside: { TagSet: { Tag: tags.map(([Key, Value]) => ({ Key, Value })) } },
    },
  };
}

export function putObjectLegalHold(state: State, call: Call): Expected {
  if (bucketOf(state, call.bucket).lock === undefined) throw NO_LOCKS();
  marked(state, call, ({ lock }) => ({ lock: { ...lock, hold: call.input as "ON" | "OFF" } }));
  return { status: 200, headers: {} };
}

export function getObjectLegalHold(state: State, call: Call): Expected {
  const bucket = bucketOf(state, call.bucket);
  const { hold } = found(state, bucket, call).lock;
  if (bucket.lock === undefined) throw NO_LOCKS();
  if (hold === undefined) throw new Refusal(404, "NoSuchObjectLockConfiguration");
  return xmlAnswer("LegalHold", { Status: hold });
}

export interface RetentionInput {
  mode?: string;
  until?: string;
}

/** A retention may be made longer; shorter, or of another mode, only in GOVERNANCE and with a bypass. */
export function putObjectRetention(state: State, call: Call): Expected {
  if (bucketOf(state, call.bucket).lock === undefined) throw NO_LOCKS();
  const { mode, until } = call.input as RetentionInput;
  const next = mode === undefined || until === undefined ? {} : retention(state, mode, until);
  const bypass = call.headers["x-amz-bypass-governance-retention"] === "true";
  marked(state, call, ({ lock }) => {
    const { mode: held, until: heldUntil = 0, shown: _shown, ...rest } = lock;
    const keeps = next.mode === held && (next.until ?? 0) >= heldUntil;
    if (held !== undefined && heldUntil > state.now() && !keeps && !(held === "GOVERNANCE" && bypass)) {
      throw new Refusal(403, "AccessDenied");
    }
    return { lock: { ...rest, ...next } };
  });
  return { status: 200, headers: {} };
}

export function getObjectRetention(state: State, call: Call): Expected {
  const bucket = bucketOf(state, call.bucket);
  const { mode, shown } = found(state, bucket, call).lock;
  if (bucket.lock === undefined) throw NO_LOCKS();
  if (mode === undefined) throw new Refusal(404, "NoSuchObjectLockConfiguration");
  return xmlAnswer("Retention", { Mode: mode, RetainUntilDate: shown });
}

export function xmlAnswer(name: string, inside: NonNullable<Expected["document"]>["inside"]): Expected {
  return { status: 200, headers: { "content-type": "application/xml" }, document: { name, inside } };
}
