// What keeps a version from being removed: a retention until some time, and a legal hold.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html

export const RETENTION_MODES = ["GOVERNANCE", "COMPLIANCE"] as const;
export type RetentionMode = (typeof RETENTION_MODES)[number];

/** `until` in ms since 1970. */
export interface Retention {
  mode: RetentionMode;
  until: number;
}

export interface Lock {
  retention?: Retention;
  hold?: boolean;
}

/** Whether a version may be removed now; `bypass` lifts GOVERNANCE, nothing lifts COMPLIANCE or a hold. */
export function isLocked(lock: Lock | undefined, now: number, bypass: boolean): boolean {
  if (lock?.hold === true) return true;
  const { retention } = lock ?? {};
  if (retention === undefined || retention.until <= now) return false;
  return retention.mode === "COMPLIANCE" || !bypass;
}

/** Whether `next` may take the place of a retention: longer always, shorter or of another mode only with a bypass. */
export function mayReplaceRetention(
  held: Retention | undefined,
  next: Retention | undefined,
  now: number,
  bypass: boolean,
): boolean {
  if (held === undefined || held.until <= now) return true;
  const keeps = next !== undefined && next.until >= held.until && next.mode === held.mode;
  return keeps || (held.mode === "GOVERNANCE" && bypass);
}
