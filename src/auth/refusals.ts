// How a signature is refused, whatever its version: the limits of its time, and what the refusals show.

import { S3Error } from "../wire/error.ts";

/** How far the signer's clock may be off, in ms. */
export const MAX_SKEW_MS = 15 * 60 * 1000;

/** `requestTime`: as it was sent. */
export function timeTooSkewed(requestTime: string, now: number): S3Error {
  return new S3Error("RequestTimeTooSkewed", {
    elements: {
      RequestTime: requestTime,
      ServerTime: isoSeconds(now),
      MaxAllowedSkewMilliseconds: String(MAX_SKEW_MS),
    },
  });
}

export function noValidDate(): S3Error {
  return new S3Error("AccessDenied", {
    message: "AWS authentication requires a valid Date or x-amz-date header",
  });
}

/** A URL whose time is over. `expires` in ms since 1970; `elements` stand before the times. */
export function requestExpired(expires: number, now: number, elements: Record<string, string> = {}): S3Error {
  return new S3Error("AccessDenied", {
    message: "Request has expired",
    elements: { ...elements, Expires: isoSeconds(expires), ServerTime: isoSeconds(now) },
  });
}

function isoSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}/, "");
}

/** A key that a client sends is shown to nobody, itself included: people paste this error into tickets. */
export function withoutKeys(signed: string): string {
  return signed.replace(/^(x-amz-(?:copy-source-)?server-side-encryption-customer-key:).*$/gm, "$1…");
}
