// Which preconditions S3 knows, and how they are judged; pure, so that worker and index judge alike.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html

/** Preconditions of a read or of a copy's source. Times in ms since 1970, whole seconds. */
export interface ReadConditions {
  ifMatch?: string | undefined;
  ifNoneMatch?: string | undefined;
  ifModifiedSince?: number | undefined;
  ifUnmodifiedSince?: number | undefined;
}

/** Preconditions of a write: what must be true of the current version of the key. */
export interface WriteConditions {
  ifMatch?: string | undefined;
  ifNoneMatch?: string | undefined;
}

/** Preconditions of a removal; the last two are those of directory buckets. Time in ms since 1970, whole seconds. */
export interface RemoveConditions {
  ifMatch?: string | undefined;
  ifMatchSize?: number | undefined;
  ifMatchModified?: number | undefined;
}

/** Whether a header's list of etags (quoted or bare, weak or `*`) names this one. */
export function namesEtag(list: string, etag: string): boolean {
  return list.split(",").some((item) => {
    const bare = item
      .trim()
      .replace(/^W\//, "")
      .replace(/^"(.*)"$/, "$1");
    return bare === "*" || bare === etag;
  });
}

/**
 * Judges a read with S3's precedence: a true If-Match overrules If-Unmodified-Since, a false If-None-Match overrules
 * If-Modified-Since (RFC 9110 section 13.2.2).
 */
export function judgeRead(
  conditions: ReadConditions,
  found: { etag: string; modified: number },
): "ok" | "not modified" | "failed" {
  const seconds = Math.floor(found.modified / 1000) * 1000;
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditions;
  if (ifMatch !== undefined) {
    if (!namesEtag(ifMatch, found.etag)) return "failed";
  } else if (ifUnmodifiedSince !== undefined && seconds > ifUnmodifiedSince) {
    return "failed";
  }
  if (ifNoneMatch !== undefined) return namesEtag(ifNoneMatch, found.etag) ? "not modified" : "ok";
  if (ifModifiedSince !== undefined && seconds <= ifModifiedSince) return "not modified";
  return "ok";
}

/** Which condition a verdict other than "ok" is due to, as S3 names it. */
export function conditionBehind(
  { ifMatch, ifNoneMatch }: ReadConditions,
  verdict: "not modified" | "failed",
): string {
  if (verdict === "failed") return ifMatch === undefined ? "If-Unmodified-Since" : "If-Match";
  return ifNoneMatch === undefined ? "If-Modified-Since" : "If-None-Match";
}

/** Conditions as S3 heeds them at a time, in ms since 1970: an If-Modified-Since that lies ahead is none. */
export function timely(conditions: ReadConditions, now: number): ReadConditions {
  const { ifModifiedSince = 0 } = conditions;
  return ifModifiedSince > now ? { ...conditions, ifModifiedSince: undefined } : conditions;
}

/** Judges a write against the key's current version: `absent` is If-Match on a key that is not there (404 in S3). */
export function judgeWrite(
  conditions: WriteConditions,
  current: { etag: string } | undefined,
): "ok" | "failed" | "absent" {
  const { ifMatch, ifNoneMatch } = conditions;
  if (ifMatch !== undefined) {
    if (current === undefined) return "absent";
    if (!namesEtag(ifMatch, current.etag)) return "failed";
  }
  if (ifNoneMatch !== undefined && current !== undefined && namesEtag(ifNoneMatch, current.etag))
    return "failed";
  return "ok";
}

/** Judges a removal: `absent` is any condition where there is nothing, and then nothing is done. */
export function judgeRemove(
  { ifMatch, ifMatchSize, ifMatchModified }: RemoveConditions,
  found: { etag: string; size: number; modified: number } | undefined,
): "ok" | "failed" | "absent" {
  if (ifMatch === undefined && ifMatchSize === undefined && ifMatchModified === undefined) return "ok";
  if (found === undefined) return "absent";
  if (ifMatch !== undefined && !namesEtag(ifMatch, found.etag)) return "failed";
  if (ifMatchSize !== undefined && ifMatchSize !== found.size) return "failed";
  const seconds = Math.floor(found.modified / 1000) * 1000;
  return ifMatchModified === undefined || ifMatchModified === seconds ? "ok" : "failed";
}
