// Which commands histories are made of: few keys and small bodies, so that commands meet.

import fc from "fast-check";
import { type BucketRef, bytesOf, type Command, type Conditions, type Source } from "./commands.ts";
import type { OperationName } from "./s3.ts";
import { checksumOf } from "./writes.ts";

/** Prefixes of each other, doubled slashes, dots, marks of XML and of URLs, and texts that UTF-16 sorts differently. */
export const KEYS = [
  "a",
  "a/b",
  "a/b/c",
  "a/b/d",
  "a/",
  "a//b",
  "b c+d&<e>%41",
  "a/../b",
  ".",
  "é/\u{10000}",
  "é/\uffee",
  "line\n\u0001",
];

const key = fc.constantFrom(...KEYS);
/** Most commands are about few keys. */
const busyKey = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("a", "a/b", "é/\u{10000}") },
  { weight: 1, arbitrary: key },
);
const bucket = fc.constantFrom<BucketRef>("a", "a", "b");
const body = fc.constantFrom("", "x", "other", "#100", "#1024", "#1025", "#3000");
const MIN_PART = "#5242880";
const partBody = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("", "part", "#1500") },
  { weight: 1, arbitrary: fc.constant(MIN_PART) },
);

/** Something that is left out as often as not. */
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 1 });

/** A record whose absent members are not there. */
function record<T extends object>(
  members: { [K in keyof T]: fc.Arbitrary<T[K] | undefined> },
): fc.Arbitrary<T> {
  return fc
    .record(members as { [K in keyof T]: fc.Arbitrary<T[K]> })
    .map((value) => Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T);
}

const sometimes = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 2, arbitrary });

export const seldom = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

const versionRef = fc.oneof(
  { weight: 6, arbitrary: fc.nat(4) },
  { weight: 2, arbitrary: fc.constant("null" as const) },
  { weight: 1, arbitrary: fc.constantFrom("unknown" as const, "malformed" as const) },
);
const knownVersion = versionRef.filter((ref) => ref !== "malformed");
const etag = fc.constantFrom("same" as const, "same" as const, "other" as const, "*" as const);
const time = fc.constantFrom("before" as const, "same" as const, "after" as const);
const readConditions = record<Conditions>({
  ifMatch: seldom(etag),
  ifNoneMatch: seldom(etag),
  ifModifiedSince: seldom(time),
  ifUnmodifiedSince: seldom(time),
});
/** One of both: no object can fit them together, and which of them S3 then names is nowhere written. */
const writeConditions = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Conditions>({}) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Conditions>({ ifMatch: "same" }, { ifMatch: "other" }, { ifNoneMatch: "*" }),
  },
);

const headers = (members: Record<string, fc.Arbitrary<string | undefined>>) =>
  record<Record<string, string>>(members);

const saidHeaders = {
  "content-type": seldom(fc.constantFrom("text/plain", "application/json; charset=utf-8")),
  "cache-control": seldom(fc.constant("max-age=60")),
  "x-amz-meta-one": seldom(fc.constantFrom("1", "a value")),
  "x-amz-website-redirect-location": seldom(fc.constant("/elsewhere")),
  "x-amz-tagging": seldom(fc.constantFrom("a=1", "b=%C3%A9&a=2", "")),
  "x-amz-object-lock-legal-hold": seldom(seldom(fc.constantFrom("ON", "OFF"))),
};

const UNTIL = ["2091-01-01T00:00:00.000Z", "2092-01-01T00:00:00.000Z"];
const lockModes = fc.constantFrom("GOVERNANCE", "GOVERNANCE", "COMPLIANCE");
const retentionHeaders = seldom(seldom(fc.tuple(lockModes, fc.constantFrom(...UNTIL)))).map(
  (asked): Record<string, string> =>
    asked === undefined
      ? {}
      : { "x-amz-object-lock-mode": asked[0], "x-amz-object-lock-retain-until-date": asked[1] },
);

const said = fc
  .tuple(headers(saidHeaders), retentionHeaders)
  .map(([plain, retention]) => ({ ...plain, ...retention }));

const bypass = headers({ "x-amz-bypass-governance-retention": maybe(fc.constant("true")) });
/** Mostly something that is there. */
const there = fc.constantFrom(true as const, true as const, true as const, undefined);
const source = record<Source>({
  bucket,
  key: busyKey,
  there,
  version: seldom(knownVersion),
  conditions: seldom(readConditions),
});

type Members = { [K in keyof Omit<Command, "op">]: fc.Arbitrary<Command[K]> };
const command = (op: OperationName, members: Members = {}): fc.Arbitrary<Command> =>
  record<Command>({ op: fc.constant(op), ...members } as { [K in keyof Command]: fc.Arbitrary<Command[K]> });

const range = fc.constantFrom(
  "bytes=0-0",
  "bytes=1-2",
  "bytes=1-",
  "bytes=-2",
  "bytes=50-2000",
  "bytes=2-1",
  "bytes=-0",
);
const readHeaders = headers({ range: seldom(range), "x-amz-checksum-mode": maybe(fc.constant("ENABLED")) });
const readQuery = headers({
  "response-content-type": seldom(fc.constant("text/x")),
  "response-cache-control": seldom(fc.constant("no-store")),
});
const read = { bucket, key: busyKey, version: sometimes(versionRef), conditions: seldom(readConditions) };
const target = { bucket, key: busyKey, there, version: sometimes(versionRef) };

const putObject = fc
  .tuple(
    command("PutObject", { bucket, key: busyKey, body, headers: said, conditions: writeConditions }),
    seldom(fc.constantFrom("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256")),
    fc.constantFrom(true, true, true, false),
  )
  .map(([put, algorithm, isTrue]): Command => {
    if (algorithm === undefined) return put;
    const { value } = checksumOf(algorithm, bytesOf(isTrue ? (put.body ?? "") : "not that"));
    return { ...put, headers: { ...put.headers, [`x-amz-checksum-${algorithm.toLowerCase()}`]: value } };
  });

const listQuery = (limit: string, more: Record<string, fc.Arbitrary<string | undefined>> = {}) =>
  headers({
    prefix: maybe(fc.constantFrom("", "a", "a/", "a/b", "é/", "b c+d&", "zz")),
    delimiter: maybe(fc.constantFrom("/", "/", "b", "//", "")),
    [limit]: maybe(fc.constantFrom("0", "1", "2", "3", "1000")),
    "encoding-type": seldom(fc.constant("url")),
    ...more,
  });
const pages = fc.constantFrom(1, 12);
const marker = seldom(fc.constantFrom(...KEYS, "a/", "é/"));
const upload = fc.constantFrom(0, 0, 0, 1, 2, 3);
const part = fc.constantFrom("1", "1", "1", "2", "2", "3", "10000");
const parts = fc.oneof(
  { weight: 6, arbitrary: fc.constant("all" as const) },
  { weight: 2, arbitrary: fc.constantFrom<number[]>([1], [2], [1, 2]) },
  { weight: 1, arbitrary: fc.array(fc.constantFrom<number>(1, 2, -1, 3), { maxLength: 3 }) },
);
const partQuery = headers({ partNumber: part });
const tags = fc.constantFrom(
  [],
  [["k", "v"]] as const,
  [
    ["a", ""],
    ["k", "é +=/@"],
  ] as const,
);

const lockConfiguration = fc.constantFrom(
  {},
  { mode: "GOVERNANCE", days: 1 },
  { mode: "COMPLIANCE", days: 3 },
);
const retention = fc.constantFrom(
  ...UNTIL.flatMap((until) => [
    { mode: "GOVERNANCE", until },
    { mode: "COMPLIANCE", until },
  ]),
  {},
  { mode: "GOVERNANCE", until: "2001-01-01T00:00:00.000Z" },
);

const deletion = record<NonNullable<Command["objects"]>[number]>({
  key,
  version: sometimes(versionRef),
  ifMatch: seldom(fc.constantFrom("same" as const, "other" as const)),
});

/** How often each kind of command comes, and what it is. */
const COMMANDS: readonly (readonly [weight: number, arbitrary: fc.Arbitrary<Command>])[] = [
  [18, putObject],
  [6, command("GetObject", { bucket, key: busyKey, there })],
  [5, command("GetObject", { ...read, headers: readHeaders, query: readQuery })],
  [
    2,
    command("GetObject", {
      ...read,
      query: partQuery,
      headers: headers({ "x-amz-checksum-mode": maybe(fc.constant("ENABLED")) }),
    }),
  ],
  [3, command("HeadObject", { ...read, headers: readHeaders })],
  [
    3,
    command("GetObjectAttributes", {
      ...target,
      headers: headers({
        "x-amz-object-attributes": fc.constantFrom(
          "ETag,ObjectSize,StorageClass",
          "ETag,Checksum,ObjectParts,StorageClass,ObjectSize",
        ),
        "x-amz-max-parts": seldom(fc.constantFrom("1", "2")),
        "x-amz-part-number-marker": seldom(fc.constantFrom("1", "2")),
      }),
    }),
  ],
  [
    6,
    command("DeleteObject", {
      bucket,
      key: busyKey,
      conditions: record<Conditions>({ ifMatch: seldom(fc.constantFrom("same" as const, "other" as const)) }),
    }),
  ],
  [6, command("DeleteObject", { bucket, key: busyKey, there, version: versionRef, headers: bypass })],
  [
    3,
    command("DeleteObjects", {
      bucket,
      objects: fc.uniqueArray(deletion, { minLength: 1, maxLength: 4, selector: (each) => each.key }),
      quiet: fc.boolean(),
      headers: bypass,
    }),
  ],
  [
    7,
    command("CopyObject", {
      bucket,
      key: busyKey,
      source,
      conditions: writeConditions,
      headers: fc
        .tuple(
          said,
          headers({
            "x-amz-metadata-directive": maybe(fc.constantFrom("COPY", "REPLACE")),
            "x-amz-tagging-directive": maybe(fc.constantFrom("COPY", "REPLACE")),
          }),
        )
        .map(([a, b]) => ({ ...a, ...b })),
    }),
  ],
  [
    4,
    command("RenameObject", {
      bucket,
      key: busyKey,
      source: record<Source>({ bucket, key: busyKey, there, conditions: seldom(readConditions) }),
      conditions: writeConditions,
    }).map(sameBucket),
  ],
  [3, command("PutObjectTagging", { ...target, tags })],
  [2, command("GetObjectTagging", target)],
  [1, command("DeleteObjectTagging", target)],
  [2, command("PutObjectLegalHold", { ...target, status: fc.constantFrom("ON", "OFF", "OFF") })],
  [1, command("GetObjectLegalHold", target)],
  [2, command("PutObjectRetention", { ...target, lock: retention, headers: bypass })],
  [1, command("GetObjectRetention", target)],
  [3, command("ListObjects", { bucket, query: listQuery("max-keys", { marker }), pages })],
  [
    4,
    command("ListObjectsV2", {
      bucket,
      query: listQuery("max-keys", { "start-after": marker, "fetch-owner": seldom(fc.constant("true")) }),
      pages,
    }),
  ],
  [
    5,
    command("ListObjectVersions", { bucket, query: listQuery("max-keys", { "key-marker": marker }), pages }),
  ],
  [
    3,
    command("ListMultipartUploads", {
      bucket,
      query: listQuery("max-uploads", { "key-marker": marker }),
      pages,
    }),
  ],
  [
    10,
    command("CreateMultipartUpload", {
      bucket,
      key: busyKey,
      headers: fc
        .tuple(
          said,
          seldom(
            fc.constantFrom(
              { "x-amz-checksum-algorithm": "SHA256" },
              { "x-amz-checksum-algorithm": "CRC32", "x-amz-checksum-type": "FULL_OBJECT" },
            ),
          ),
        )
        .map(([a, b]) => ({ ...a, ...b })),
    }),
  ],
  [9, command("UploadPart", { bucket, upload, query: partQuery, body: partBody })],
  [
    3,
    command("UploadPartCopy", {
      bucket,
      upload,
      query: partQuery,
      source,
      headers: headers({
        "x-amz-copy-source-range": seldom(fc.constantFrom("bytes=0-0", "bytes=1-99", "bytes=2-1")),
      }),
    }),
  ],
  [
    2,
    command("ListParts", {
      bucket,
      upload,
      query: headers({ "max-parts": maybe(fc.constantFrom("0", "1", "2")) }),
      pages,
    }),
  ],
  [6, command("CompleteMultipartUpload", { bucket, upload, parts, conditions: writeConditions })],
  [1, command("AbortMultipartUpload", { bucket, upload, key: seldom(key) })],
  [
    1,
    command("CreateBucket", {
      bucket,
      headers: headers({ "x-amz-bucket-object-lock-enabled": seldom(fc.constant("true")) }),
    }),
  ],
  [1, command("DeleteBucket", { bucket })],
  [1, command("HeadBucket", { bucket })],
  [1, command("ListBuckets")],
  [1, command("PutBucketVersioning", { bucket, status: fc.constantFrom("Enabled", "Suspended") })],
  [1, command("GetBucketVersioning", { bucket })],
  [1, command("PutObjectLockConfiguration", { bucket, lock: lockConfiguration })],
  [1, command("GetObjectLockConfiguration", { bucket })],
];

/** Without records that say nothing. */
function withoutEmpty(made: Command): Command {
  const isEmpty = (name: string, value: unknown) =>
    ["headers", "query", "conditions"].includes(name) && Object.keys(value as object).length === 0;
  return Object.fromEntries(
    Object.entries(made).filter(([name, value]) => !isEmpty(name, value)),
  ) as unknown as Command;
}

/** A rename stays in its bucket. */
function sameBucket(rename: Command): Command {
  const { bucket: where = "a", source: from } = rename;
  return from === undefined ? rename : { ...rename, source: { ...from, bucket: where } };
}

const OF_ANY = fc.oneof(...COMMANDS.map(([weight, arbitrary]) => ({ weight, arbitrary })));

/** Any command; now and then to another isolate. */
export const anyCommand: fc.Arbitrary<Command> = fc
  .tuple(OF_ANY, seldom(fc.constant("other" as const)))
  .map(([made, world]) => withoutEmpty(world === undefined ? made : { ...made, world }));

/** Any command of these operations. */
export function commandsOf(operations: readonly OperationName[]): fc.Arbitrary<Command> {
  return anyCommand.filter(({ op }) => operations.includes(op));
}
