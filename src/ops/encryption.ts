// Server-side encryption: SSE-S3, which R2 does anyway; SSE-C, with a key that is never kept; and a bucket's default.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/serv-side-encryption.html

import { Buffer } from "node:buffer";
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Bucket } from "../directory/buckets.ts";
import type { Encryption } from "../facts/encryption.ts";
import { operation, xml } from "../operation.ts";
import type { Address } from "../wire/address.ts";
import { ServerSideEncryptionConfiguration } from "../wire/bucket-shapes.ts";
import { invalidArgument, S3Error } from "../wire/error.ts";
import type { Field } from "../wire/input.ts";
import { document, empty } from "../wire/output.ts";
import { removalOf, setBucket } from "./settings.ts";

const SSE = "x-amz-server-side-encryption";
const KEY_BYTES = 32;

/** A client's key, for this request only. `md5` is base64, as sent and shown again. */
export interface CustomerKey {
  key: Uint8Array;
  md5: string;
}

/** What a write asks for. */
export interface EncryptionAsked {
  s3: boolean;
  customer: CustomerKey | undefined;
}

/** Reads SSE-C headers; `prefix` is `x-amz-copy-source-` for a copy's source. */
export function customerKey(prefix: "x-amz" | "x-amz-copy-source" = "x-amz"): Field<CustomerKey | undefined> {
  return (address) => {
    const name = (part: string) => `${prefix}-server-side-encryption-customer-${part}`;
    const algorithm = address.headers.get(name("algorithm"));
    const key = address.headers.get(name("key"));
    const md5 = address.headers.get(name("key-md5"));
    if (algorithm === null && key === null && md5 === null) return undefined;
    if (!address.confidential) {
      throw new S3Error("InvalidRequest", {
        message:
          "Requests specifying Server Side Encryption with Customer provided keys must be made over a secure connection.",
      });
    }
    if (algorithm !== "AES256") throw wrongAlgorithm(algorithm);
    return readKey(key, md5);
  };
}

/** Of whichever header, and of a copy's source, too, S3 names this one as the argument. */
function wrongAlgorithm(algorithm: string | null): S3Error {
  return algorithm === null
    ? new S3Error("InvalidArgument", {
        message:
          "Requests specifying Server Side Encryption with Customer provided keys must provide a valid encryption algorithm.",
        elements: { ArgumentName: SSE },
      })
    : new S3Error("InvalidEncryptionAlgorithmError", {
        elements: { ArgumentName: SSE, ArgumentValue: algorithm },
      });
}

/** No error shows a key. */
function readKey(key: string | null, md5: string | null): CustomerKey {
  const refuse = (message: string) =>
    new S3Error("InvalidArgument", { message, elements: { ArgumentName: SSE } });
  const start = "Requests specifying Server Side Encryption with Customer provided keys must provide";
  if (key === null) throw refuse(`${start} an appropriate secret key.`);
  if (md5 === null) throw refuse(`${start} the client calculated MD5 of the secret key.`);
  const bytes = Buffer.from(key, "base64");
  if (bytes.byteLength !== KEY_BYTES) throw refuse("The secret key was invalid for the specified algorithm.");
  if (createHash("md5").update(bytes).digest("base64") !== md5) {
    throw refuse("The calculated MD5 hash of the key did not match the hash that was provided.");
  }
  return { key: bytes, md5 };
}

/** The encryption headers of a write. SSE-KMS needs a key service, and is refused. */
export const encryptionAsked: Field<EncryptionAsked> = (address) => {
  const method = address.headers.get(SSE);
  if (method !== null && !["AES256", "aws:kms", "aws:kms:dsse"].includes(method)) {
    throw invalidArgument("The encryption method specified is not supported", SSE, method);
  }
  if (method !== null && address.headers.has(`${SSE}-customer-algorithm`)) {
    throw invalidArgument(
      "Server Side Encryption with Customer provided key is incompatible with the encryption method specified",
      SSE,
      method,
    );
  }
  const kmsKey = address.headers.has(`${SSE}-aws-kms-key-id`);
  if (kmsKey && method !== "aws:kms" && method !== "aws:kms:dsse") {
    throw invalidArgument(
      "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms",
      SSE,
      method ?? "null",
    );
  }
  if (method?.startsWith("aws:kms")) throw kmsRefused();
  const customer = customerKey()(address);
  return { s3: method === "AES256", customer };
};

function kmsRefused(): S3Error {
  return new S3Error("NotImplemented", {
    message:
      "SSE-KMS needs a key management service, which this deployment does not have. Use SSE-S3 or SSE-C.",
    elements: { Header: SSE },
  });
}

/** A read's own encryption is what its object was written with: it may name a customer's key, and nothing else. */
export const readKeyHeaders: Field<CustomerKey | undefined> = (address: Address) => {
  const method = address.headers.get(SSE);
  if (method !== null) {
    throw invalidArgument(`${SSE} header is not supported for this operation.`, SSE, method);
  }
  return customerKey()(address);
};

/** The encryption of a new object: what its writer asks for, else the bucket's default. */
export function encryptionFor(
  { settings }: Bucket,
  { s3, customer }: EncryptionAsked,
): Encryption | undefined {
  if (customer !== undefined) return sealedUnder(customer);
  return s3 || settings.encryption !== undefined ? { kind: "S3" } : undefined;
}

function sealedUnder({ key }: CustomerKey): Encryption {
  const salt = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("hex");
  return { kind: "C", salt, check: checkValue(salt, key) };
}

function checkValue(salt: string, key: Uint8Array): string {
  return createHmac("sha256", Buffer.from(salt, "hex")).update(key).digest("hex");
}

/** Whether this key is the one that an object, or upload, was sealed under. */
export function isKeyOf(encryption: Encryption | undefined, customer: CustomerKey | undefined): boolean {
  if (encryption?.kind !== "C") return customer === undefined;
  if (customer === undefined) return false;
  const [kept, shown] = [encryption.check, checkValue(encryption.salt, customer.key)].map((hex) =>
    Buffer.from(hex, "hex"),
  );
  return kept !== undefined && shown !== undefined && timingSafeEqual(kept, shown);
}

/** Throws unless a read brings the key that its object needs, and none if it needs none. */
export function checkReadKey(encryption: Encryption | undefined, customer: CustomerKey | undefined): void {
  if (isKeyOf(encryption, customer)) return;
  if (customer === undefined) {
    throw new S3Error("InvalidRequest", {
      message:
        "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.",
    });
  }
  if (encryption?.kind === "C") {
    throw new S3Error("AccessDenied", {
      message:
        "Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key.",
    });
  }
  throw new S3Error("InvalidRequest", {
    message: "The encryption parameters are not applicable to this object.",
  });
}

/** Throws unless a part brings the key that its upload was begun with. */
export function checkPartKey(encryption: Encryption | undefined, customer: CustomerKey | undefined): void {
  if (isKeyOf(encryption, customer)) return;
  throw new S3Error("InvalidRequest", {
    message:
      (encryption?.kind === "C") !== (customer !== undefined)
        ? "The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters."
        : "The provided encryption parameters did not match the ones used originally.",
  });
}

/**
 * What answers show of an object's encryption. R2 encrypts every object whose writer brings no key, as S3 does and says
 * since January 2023, whether it was asked for or not.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html
 */
export function encryptionHeaders(
  kind: Encryption["kind"] | null | undefined,
  customer: CustomerKey | undefined,
): Record<string, string> {
  if (kind !== "C") return { [SSE]: "AES256" };
  return {
    [`${SSE}-customer-algorithm`]: "AES256",
    ...(customer && { [`${SSE}-customer-key-MD5`]: customer.md5 }),
  };
}

export const getBucketEncryption = operation({
  name: "GetBucketEncryption",
  route: "GET /{Bucket}?encryption",
  allow: "s3:GetEncryptionConfiguration",
  bucket: "fresh",
  input: {},
  output: document(ServerSideEncryptionConfiguration),
  async handle({ bucket }) {
    const { encryption } = bucket.settings;
    if (encryption === undefined) throw new S3Error("ServerSideEncryptionConfigurationNotFoundError");
    return { rules: [{ default: { algorithm: encryption }, bucketKey: false }] };
  },
});

export const putBucketEncryption = operation({
  name: "PutBucketEncryption",
  route: "PUT /{Bucket}?encryption",
  allow: "s3:PutEncryptionConfiguration",
  bucket: "fresh",
  input: {},
  body: xml(ServerSideEncryptionConfiguration, { integrity: true }),
  output: empty(200),
  async handle({ world, bucket }, _input, { rules }) {
    const [rule] = rules;
    if (rules.length !== 1 || rule?.default === undefined) throw new S3Error("MalformedXML");
    const { algorithm, kmsKey } = rule.default;
    if (algorithm.startsWith("aws:kms")) throw kmsRefused();
    if (algorithm !== "AES256") throw new S3Error("MalformedXML");
    if (kmsKey !== undefined) {
      throw new S3Error("InvalidArgument", {
        message:
          "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse",
        elements: { ArgumentName: "ApplyServerSideEncryptionByDefault" },
      });
    }
    await setBucket(world, bucket, { ...bucket.settings, encryption: "AES256" });
    return {};
  },
});

export const deleteBucketEncryption = removalOf("encryption", {
  name: "DeleteBucketEncryption",
  subresource: "encryption",
  allow: "s3:PutEncryptionConfiguration",
});
