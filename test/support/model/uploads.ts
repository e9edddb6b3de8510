// The model's multipart uploads.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html

import { createHash } from "node:crypto";
import { encode } from "../client.ts";
import { listParts } from "./listings.ts";
import { lockAsked } from "./marks.ts";
import { checksumElements } from "./reads.ts";
import {
  addVersion,
  type Bucket,
  bucketOf,
  type Call,
  type Checksum,
  ENCRYPTED,
  type Expected,
  etagOf,
  fresh,
  type Part,
  quoted,
  Refusal,
  type State,
  shownFor,
  type Upload,
} from "./state.ts";
import { checksumOf, checkWrite, copySource, newIdHeader, saidBy } from "./writes.ts";

/** Least size of any part but the last, in bytes. */
const MIN_PART_BYTES = 5 * 1024 * 1024;

export function createMultipartUpload(state: State, call: Call): Expected {
  const bucket = bucketOf(state, call.bucket);
  const { key, headers } = call;
  const algorithm = headers["x-amz-checksum-algorithm"];
  const type = headers["x-amz-checksum-type"] === "FULL_OBJECT" ? "FULL_OBJECT" : "COMPOSITE";
  const checksum = algorithm === undefined ? undefined : ({ algorithm, type } as const);
  const id = fresh(state, "upload");
  const initiated = fresh(state, "time");
  const said = saidBy(state, bucket, headers);
  bucket.uploads = [...bucket.uploads, { ...said, id, key, initiated, checksum, parts: [], open: true }];
  return {
    status: 200,
    headers: {
      "content-type": "application/xml",
      ...ENCRYPTED,
      "x-amz-checksum-algorithm": algorithm,
      "x-amz-checksum-type": checksum?.type,
    },
    document: {
      name: "InitiateMultipartUploadResult",
      inside: { Bucket: bucket.name, Key: key, UploadId: id },
    },
  };
}

/** The upload that a request names by key and id, whether it has ended or not. */
export function uploadNamed(state: State, bucket: Bucket, { key, query }: Call): Upload | undefined {
  return bucket.uploads.find((each) => each.key === key && shownFor(state, each.id) === query.uploadId);
}

function openUpload(state: State, bucket: Bucket, call: Call): Upload {
  const upload = uploadNamed(state, bucket, call);
  if (upload?.open === true) return upload;
  throw new Refusal(404, "NoSuchUpload", { UploadId: call.query.uploadId });
}

export function replaceUpload(bucket: Bucket, old: Upload, next: Upload): void {
  bucket.uploads = bucket.uploads.map((each) => (each === old ? next : each));
}

function keepPart(state: State, bucket: Bucket, upload: Upload, number: number, bytes: Buffer): Part {
  const algorithm = upload.checksum?.algorithm;
  const part = {
    number,
    bytes,
    etag: etagOf(bytes),
    modified: fresh(state, "time"),
    checksum: algorithm && checksumOf(algorithm, bytes).value,
  };
  const others = upload.parts.filter((each) => each.number !== number);
  const parts = [...others, part].toSorted((a, b) => a.number - b.number);
  replaceUpload(bucket, upload, { ...upload, parts });
  return part;
}

export function uploadPart(state: State, call: Call): Expected {
  const bucket = bucketOf(state, call.bucket);
  const upload = openUpload(state, bucket, call);
  const bytes = call.body ?? Buffer.alloc(0);
  const { etag, checksum } = keepPart(state, bucket, upload, Number(call.query.partNumber), bytes);
  const name = `x-amz-checksum-${upload.checksum?.algorithm.toLowerCase()}`;
  return { status: 200, headers: { etag: quoted(etag), ...ENCRYPTED, [name]: checksum } };
}

export function uploadPartCopy(state: State, call: Call): Expected {
  const bucket = bucketOf(state, call.bucket);
  const [name = ""] = decodeURIComponent(call.headers["x-amz-copy-source"] ?? "").split("/");
  bucketOf(state, name);
  const upload = openUpload(state, bucket, call);
  const { bucket: from, source } = copySource(state, call);
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(call.headers["x-amz-copy-source-range"] ?? "") ?? [];
  const { bytes } = source;
  if (last !== undefined && Number(first) >= bytes.length && Number(first) <= Number(last)) {
    throw new Refusal(400, "InvalidRequest");
  }
  if (last !== undefined && (Number(last) >= bytes.length || Number(first) > Number(last))) {
    throw new Refusal(400, "InvalidArgument", {
      ArgumentName: "x-amz-copy-source-range",
      ArgumentValue: call.headers["x-amz-copy-source-range"],
    });
  }
  const piece = last === undefined ? bytes : bytes.subarray(Number(first), Number(last) + 1);
  const part = keepPart(state, bucket, upload, Number(call.query.partNumber), piece);
  return {
    status: 200,
    headers: {
      "content-type": "application/xml",
      ...ENCRYPTED,
      "x-amz-copy-source-version-id": from.versioning === "off" ? undefined : source.id,
    },
    document: {
      name: "CopyPartResult",
      inside: {
        LastModified: part.modified,
        ETag: quoted(part.etag),
        ...checksumElements(upload.checksum?.algorithm, part.checksum),
      },
    },
  };
}

export interface CompleteInput {
  /** Where requests of this server go, e.g. `http://127.0.0.1:9000`. */
  origin: string;
  parts: { number: number; etag: string }[];
}

function chosenParts(upload: Upload, { parts: listed }: CompleteInput, UploadId: string | undefined): Part[] {
  if (listed.length === 0) throw new Refusal(400, "MalformedXML");
  let previous = 0;
  const chosen = listed.map(({ number, etag }) => {
    if (number <= previous) throw new Refusal(400, "InvalidPartOrder", { UploadId });
    previous = number;
    const part = upload.parts.find((each) => each.number === number);
    if (part?.etag === etag) return part;
    throw new Refusal(400, "InvalidPart", { UploadId, PartNumber: number, ETag: etag });
  });
  const small = chosen.slice(0, -1).find(({ bytes }) => bytes.length < MIN_PART_BYTES);
  if (small === undefined) return chosen;
  throw new Refusal(400, "EntityTooSmall", {
    ProposedSize: small.bytes.length,
    MinSizeAllowed: MIN_PART_BYTES,
    PartNumber: small.number,
    ETag: small.etag,
  });
}

/** The checksum of an object in parts: of all its bytes, or of its parts' checksums. */
function wholeChecksum({ checksum }: Upload, parts: Part[], bytes: Buffer): Checksum | undefined {
  if (checksum === undefined) return undefined;
  const { algorithm, type } = checksum;
  if (type === "FULL_OBJECT") return checksumOf(algorithm, bytes);
  const digests = Buffer.concat(parts.map((part) => Buffer.from(part.checksum ?? "", "base64")));
  return { algorithm, type, value: `${checksumOf(algorithm, digests).value}-${parts.length}` };
}

export function completeMultipartUpload(state: State, call: Call): Expected {
  const bucket = bucketOf(state, call.bucket);
  const upload = uploadNamed(state, bucket, call);
  // Completing an upload again gives the same answer again, but that its encryption is no longer known.
  if (upload?.answer !== undefined && !upload.open) {
    const { "x-amz-server-side-encryption": _gone, ...headers } = upload.answer.headers;
    return { ...upload.answer, headers };
  }
  const held = openUpload(state, bucket, call);
  const input = call.input as CompleteInput;
  const parts = chosenParts(held, input, call.query.uploadId);
  if (upload?.answer !== undefined) {
    replaceUpload(bucket, upload, { ...upload, open: false });
    return upload.answer;
  }
  checkWrite(bucket, call);
  const bytes = Buffer.concat(parts.map((part) => part.bytes));
  const md5s = Buffer.from(parts.map(({ etag }) => etag).join(""), "hex");
  const etag = `${createHash("md5").update(md5s).digest("hex")}-${parts.length}`;
  const checksum = wholeChecksum(held, parts, bytes);
  const { headers, tags } = held;
  // A default that the bucket got since the upload began holds for what is made of it.
  const lock = held.lock.mode === undefined ? { ...lockAsked(state, bucket, {}), ...held.lock } : held.lock;
  const { id } = addVersion(state, bucket, call.key, {
    ...{ headers, tags, lock, marker: false, bytes, etag, checksum, parts },
  });
  const answer: Expected = {
    status: 200,
    headers: { "content-type": "application/xml", ...ENCRYPTED, ...newIdHeader(bucket, id) },
    document: {
      name: "CompleteMultipartUploadResult",
      inside: {
        Location: `${input.origin}/${bucket.name}/${encode(call.key).replaceAll("%2F", "/")}`,
        Bucket: bucket.name,
        Key: call.key,
        ETag: quoted(etag),
        ...checksumElements(checksum?.algorithm, checksum?.value),
        ChecksumType: checksum?.type,
      },
    },
  };
  replaceUpload(bucket, held, { ...held, answer, open: false });
  return answer;
}

export function abortMultipartUpload(state: State, call: Call): Expected {
  const bucket = bucketOf(state, call.bucket);
  const upload = openUpload(state, bucket, call);
  replaceUpload(bucket, upload, { ...upload, open: false });
  if (upload.answer === undefined) return { status: 204, headers: {} };
  // It was completed, and lingered: now it is cleared away, and was none.
  return { status: 404, headers: {}, error: { Code: "NoSuchUpload", UploadId: call.query.uploadId } };
}

export function listPartsOf(state: State, call: Call): Expected {
  const bucket = bucketOf(state, call.bucket);
  return listParts(state, call, openUpload(state, bucket, call));
}
