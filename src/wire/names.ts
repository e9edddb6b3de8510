// How names may be spelled on the wire: bucket names and regions, and keys in a listing that asked for URL encoding.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html

const BUCKET_NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const IP_ADDRESS = /^\d{1,3}(\.\d{1,3}){3}$/;
const RESERVED_PREFIXES = ["xn--", "sthree-", "amzn-s3-demo-"];
const RESERVED_SUFFIXES = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

/** Whether S3 would create a bucket of this name today. */
export function isBucketName(name: string): boolean {
  return (
    BUCKET_NAME.test(name) &&
    !/\.\.|\.-|-\./.test(name) &&
    !IP_ADDRESS.test(name) &&
    !RESERVED_PREFIXES.some((prefix) => name.startsWith(prefix)) &&
    !RESERVED_SUFFIXES.some((suffix) => name.endsWith(suffix))
  );
}

/** Percent-encoding as RFC 3986 has it; `encodeURIComponent` leaves `!'()*` alone. */
export function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Percent-encoding that leaves slashes: of paths, and of keys in a listing with `encoding-type=url`. */
export function pathEncode(text: string): string {
  return percentEncode(text).replaceAll("%2F", "/");
}

/** A bucket as policies name it. */
export function bucketArn(name: string): string {
  return `arn:aws:s3:::${name}`;
}
