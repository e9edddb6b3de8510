// The model's listings: everything is sorted, filtered and cut, however much there is.
// Sources: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html, …/API_ListObjectVersions.html,
// …/API_ListMultipartUploads.html, …/userguide/using-prefixes.html

import { encode } from "../client.ts";
import { xmlAnswer } from "./marks.ts";
import {
  type Bucket,
  bucketOf,
  type Call,
  currentOf,
  type Expected,
  fresh,
  OWNER,
  quoted,
  type State,
  shownFor,
  type Upload,
  type Value,
  type Version,
} from "./state.ts";

/** S3 sorts by the bytes of UTF-8. */
export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

type Item<Row> = { prefix: string } | { row: Row; key: string };

interface Page<Row> {
  rows: { row: Row; key: string }[];
  prefixes: string[];
  truncated: boolean;
  /** Where the next page goes on: a key or a prefix. */
  last: string;
  /** Whether that is a prefix. */
  rolled: boolean;
}

/**
 * Rolls rows up by the delimiter, and cuts a page out of what lies behind `after`; `isBehind` decides about rows of the
 * very key that the page starts after.
 */
function paged<Row>(
  rows: { row: Row; key: string }[],
  query: Record<string, string>,
  { after, limit, marker = true }: { after: string; limit: number; marker?: boolean },
  isBehind: (row: Row) => boolean = () => false,
): Page<Row> {
  const { prefix = "", delimiter = "" } = query;
  const items: Item<Row>[] = [];
  for (const { row, key } of rows) {
    if (!key.startsWith(prefix)) continue;
    const end = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    const common = end < 0 ? undefined : key.slice(0, end + delimiter.length);
    // A marker inside a common prefix is behind all of it.
    const passed = common !== undefined && (marker ? after.startsWith(common) : after === common);
    if (after !== "" && (passed || byBytes(key, after) < 0)) continue;
    if (after !== "" && key === after && !isBehind(row)) continue;
    const previous = items.at(-1);
    if (common === undefined) items.push({ row, key });
    else if (previous === undefined || !("prefix" in previous) || previous.prefix !== common) {
      items.push({ prefix: common });
    }
  }
  const page = items.slice(0, limit);
  const last = page.at(-1);
  return {
    rows: page.filter((item) => "row" in item),
    prefixes: page.flatMap((item) => ("prefix" in item ? [item.prefix] : [])),
    truncated: limit > 0 && items.length > limit,
    last: last === undefined ? "" : "prefix" in last ? last.prefix : last.key,
    rolled: last !== undefined && "prefix" in last,
  };
}

const sorted = (names: Iterable<string>): string[] => [...names].toSorted(byBytes);

function spelling({ "encoding-type": encoding }: Record<string, string>): (text: string) => string {
  return (text) => (encoding === undefined ? text : encode(text).replaceAll("%2F", "/"));
}

const nonEmpty = (text: string | undefined): string | undefined => (text === "" ? undefined : text);

/** What is shown of a version's bytes. */
function bytesShown({ modified, etag, bytes, checksum }: Version) {
  return {
    LastModified: modified,
    ETag: quoted(etag),
    Size: bytes.length,
    StorageClass: "STANDARD",
    ChecksumAlgorithm: checksum?.algorithm,
    ChecksumType: checksum?.type,
  };
}

function currentRows(bucket: Bucket): { row: Version; key: string }[] {
  return sorted(bucket.keys.keys()).flatMap((key) => {
    const row = currentOf(bucket, key);
    return row === undefined ? [] : [{ row, key }];
  });
}

const limitOf = (query: Record<string, string>, name: string): number =>
  Math.min(Number(query[name] ?? 1000), 1000);

export function listObjects(state: State, { bucket: name, query }: Call): Expected {
  const bucket = bucketOf(state, name);
  const { marker = "", prefix = "", delimiter = "" } = query;
  const limit = limitOf(query, "max-keys");
  const page = paged(currentRows(bucket), query, { after: marker, limit });
  const spell = spelling(query);
  return xmlAnswer("ListBucketResult", {
    Name: name,
    // Never encoded in this version: clients do not decode it.
    Prefix: prefix,
    Marker: spell(marker),
    NextMarker: page.truncated && delimiter !== "" ? spell(page.last) : undefined,
    MaxKeys: limit,
    Delimiter: nonEmpty(spell(delimiter)),
    EncodingType: query["encoding-type"],
    IsTruncated: page.truncated,
    Contents: page.rows.map(({ row, key }) => ({ Key: spell(key), ...bytesShown(row), Owner: OWNER })),
    CommonPrefixes: page.prefixes.map((text) => ({ Prefix: spell(text) })),
  });
}

export function listObjectsV2(state: State, { bucket: name, query, input }: Call): Expected {
  const bucket = bucketOf(state, name);
  const { prefix = "", delimiter = "", "start-after": startAfter } = query;
  const token = query["continuation-token"];
  const limit = limitOf(query, "max-keys");
  // A token is opaque: where it goes on stands beside the request.
  const after = token === undefined ? (startAfter ?? "") : String(input);
  const page = paged(currentRows(bucket), query, { after, limit, marker: false });
  const spell = spelling(query);
  const owner = query["fetch-owner"] === "true" ? { Owner: OWNER } : {};
  return xmlAnswer("ListBucketResult", {
    Name: name,
    Prefix: spell(prefix),
    StartAfter: startAfter === undefined || token !== undefined ? undefined : spell(startAfter),
    ContinuationToken: token,
    NextContinuationToken: page.truncated ? fresh(state, "token") : undefined,
    KeyCount: page.rows.length + page.prefixes.length,
    MaxKeys: limit,
    Delimiter: nonEmpty(spell(delimiter)),
    EncodingType: query["encoding-type"],
    IsTruncated: page.truncated,
    Contents: page.rows.map(({ row, key }) => ({ Key: spell(key), ...bytesShown(row), ...owner })),
    CommonPrefixes: page.prefixes.map((text) => ({ Prefix: spell(text) })),
  });
}

export function listObjectVersions(state: State, { bucket: name, query }: Call): Expected {
  const bucket = bucketOf(state, name);
  const { prefix = "", delimiter = "", "key-marker": keyMarker = "" } = query;
  const idMarker = query["version-id-marker"] ?? "";
  const limit = limitOf(query, "max-keys");
  const rows = sorted(bucket.keys.keys()).flatMap((key) =>
    (bucket.keys.get(key) ?? []).map((version, at) => ({ row: { version, latest: at === 0 }, key })),
  );
  const markerAt = (bucket.keys.get(keyMarker) ?? []).findIndex(
    ({ id }) => idMarker !== "" && shownFor(state, id) === idMarker,
  );
  const behind = markerAt < 0 ? [] : (bucket.keys.get(keyMarker) ?? []).slice(markerAt + 1);
  const page = paged(rows, query, { after: keyMarker, limit }, ({ version }) => behind.includes(version));
  const spell = spelling(query);
  return xmlAnswer("ListVersionsResult", {
    Name: name,
    Prefix: spell(prefix),
    KeyMarker: spell(keyMarker),
    VersionIdMarker: idMarker,
    NextKeyMarker: page.truncated ? spell(page.last) : undefined,
    NextVersionIdMarker: page.truncated && !page.rolled ? page.rows.at(-1)?.row.version.id : undefined,
    MaxKeys: limit,
    Delimiter: nonEmpty(spell(delimiter)),
    EncodingType: query["encoding-type"],
    IsTruncated: page.truncated,
    // In one order, whichever of both they are: `compare.ts` reads them so.
    "Version or DeleteMarker": page.rows.map(({ row: { version, latest }, key }) => {
      const both = { Key: spell(key), VersionId: version.id, IsLatest: latest, Owner: OWNER };
      return version.marker
        ? { is: "DeleteMarker", ...both, LastModified: version.modified }
        : { is: "Version", ...both, ...bytesShown(version) };
    }),
    CommonPrefixes: page.prefixes.map((text) => ({ Prefix: spell(text) })),
  });
}

export function listMultipartUploads(state: State, { bucket: name, query }: Call): Expected {
  const bucket = bucketOf(state, name);
  const { prefix = "", delimiter = "", "key-marker": keyMarker = "" } = query;
  const idMarker = keyMarker === "" ? "" : (query["upload-id-marker"] ?? "");
  const limit = limitOf(query, "max-uploads");
  const open = bucket.uploads.filter((upload) => upload.open);
  // By key, then by the time at which they began.
  const rows = open
    .map((row) => ({ row, key: row.key }))
    .toSorted((a, b) => byBytes(a.key, b.key) || open.indexOf(a.row) - open.indexOf(b.row));
  const marker = open.find(({ id, key }) => key === keyMarker && shownFor(state, id) === idMarker);
  const isBehind = (row: Upload) => marker !== undefined && open.indexOf(row) > open.indexOf(marker);
  const page = paged(rows, query, { after: keyMarker, limit }, isBehind);
  const spell = spelling(query);
  return xmlAnswer("ListMultipartUploadsResult", {
    Bucket: name,
    KeyMarker: spell(keyMarker),
    UploadIdMarker: idMarker,
    NextKeyMarker: spell(page.last),
    NextUploadIdMarker: page.rolled ? "" : (page.rows.at(-1)?.row.id ?? ""),
    Prefix: nonEmpty(spell(prefix)),
    Delimiter: nonEmpty(spell(delimiter)),
    EncodingType: query["encoding-type"],
    MaxUploads: limit,
    IsTruncated: page.truncated,
    Upload: page.rows.map(
      ({ row, key }): Value => ({
        Key: spell(key),
        UploadId: row.id,
        Initiator: OWNER,
        Owner: OWNER,
        StorageClass: "STANDARD",
        Initiated: row.initiated,
        ChecksumAlgorithm: row.checksum?.algorithm,
        ChecksumType: row.checksum?.type,
      }),
    ),
    CommonPrefixes: page.prefixes.map((text) => ({ Prefix: spell(text) })),
  });
}

export function listParts(state: State, { bucket: name, key, query }: Call, upload: Upload): Expected {
  const limit = limitOf(query, "max-parts");
  const marker = Number(query["part-number-marker"] ?? 0);
  const behind = upload.parts.filter(({ number }) => number > marker);
  const page = behind.slice(0, limit);
  bucketOf(state, name);
  return xmlAnswer("ListPartsResult", {
    Bucket: name,
    Key: key,
    UploadId: upload.id,
    PartNumberMarker: marker,
    NextPartNumberMarker: page.at(-1)?.number ?? 0,
    MaxParts: limit,
    IsTruncated: behind.length > page.length,
    Part: page.map(({ number, modified, etag, bytes, checksum }) => ({
      PartNumber: number,
      LastModified: modified,
      ETag: quoted(etag),
      Size: bytes.length,
      [`Checksum${upload.checksum?.algorithm}`]: checksum,
    })),
    Initiator: OWNER,
    Owner: OWNER,
    StorageClass: "STANDARD",
    ChecksumAlgorithm: upload.checksum?.algorithm,
    ChecksumType: upload.checksum?.type,
  });
}
