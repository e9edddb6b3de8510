// What is paid for, as the three services' public price lists had it on the date below. The one place for prices.

/** When these were last read. */
export const PRICES_OF = "2026-11";

/** Cloudflare Workers Paid, US dollars. https://developers.cloudflare.com/workers/platform/pricing/ and …/durable-objects/ */
export const CLOUDFLARE = {
  /** A million requests to the Worker, and a million ms of its processor time. */
  request: 0.3,
  cpuMs: 0.02,
  /** A million calls of an index: each is a request to a Durable Object. */
  indexCall: 0.15,
  /** A million rows, of D1 and of Durable Objects alike; each index of a table is a row more when written. */
  rowRead: 0.001,
  rowWritten: 1,
  /** A million operations of R2, by the binding or its own S3 endpoint. https://developers.cloudflare.com/r2/pricing/ */
  classA: 4.5,
  classB: 0.36,
  /** Storage, a GB and month. */
  r2Storage: 0.015,
  indexStorage: 0.2,
} as const;

/** Amazon S3 Standard, us-east-1, US dollars a million requests. https://aws.amazon.com/s3/pricing/ */
export const S3_STANDARD = {
  /** PUT, COPY, POST and LIST. */
  put: 5,
  /** GET, HEAD and all others but deletions, which are free. */
  get: 0.4,
  free: 0,
  /** A GB and month, the first 50 TB. */
  storage: 0.023,
} as const;

/** What R2's own S3 endpoint charges for an operation: class A, class B, or nothing. */
export const R2_S3 = { put: CLOUDFLARE.classA, get: CLOUDFLARE.classB, free: 0 } as const;

/** Which of S3's price classes an operation is in; R2's class A and B are cut the same way. */
export type PriceClass = keyof typeof R2_S3;

const FREE = /^(Delete|Abort)/;
const READ = /^(Get|Head)/;

export function priceClass(operation: string): PriceClass {
  if (FREE.test(operation)) return "free";
  return READ.test(operation) ? "get" : "put";
}
