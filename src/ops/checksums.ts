// Which checksum a multipart upload or a copy is to have, and whether what a client says of it holds.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html

import { compositeChecksum, fullChecksum, isLinear } from "../body/combine.ts";
import type { Part } from "../directory/uploads.ts";
import {
  CHECKSUM_ALGORITHMS,
  type ChecksumAlgorithm,
  type ChecksumPlan,
  checksumHeader,
  type ObjectChecksum,
} from "../facts/checksum.ts";
import type { Address } from "../wire/address.ts";
import { invalidArgument, S3Error } from "../wire/error.ts";
import type { Field } from "../wire/input.ts";

/** `x-amz-checksum-algorithm`. Throws InvalidRequest for one that S3 does not have. */
export const checksumAlgorithm: Field<ChecksumAlgorithm | undefined> = ({ headers }) => {
  const text = headers.get("x-amz-checksum-algorithm");
  if (text === null) return undefined;
  const algorithm = CHECKSUM_ALGORITHMS.find((name) => name === text.toUpperCase());
  if (algorithm !== undefined) return algorithm;
  throw new S3Error("InvalidRequest", {
    message: `Checksum algorithm provided is unsupported. Please try again with any of the valid types: [${CHECKSUM_ALGORITHMS.join(", ")}]`,
  });
};

/** What a multipart upload is to be checked by. CRC64NVME is of the full object only; all but CRCs are of the parts only. */
export const checksumPlan: Field<ChecksumPlan | undefined> = (address) => {
  const algorithm = checksumAlgorithm(address);
  const type = address.headers.get("x-amz-checksum-type")?.toUpperCase();
  if (type !== undefined && type !== "COMPOSITE" && type !== "FULL_OBJECT") {
    throw new S3Error("InvalidRequest", { message: "Value for x-amz-checksum-type header is invalid." });
  }
  if (algorithm === undefined) {
    if (type === undefined) return undefined;
    throw new S3Error("InvalidRequest", {
      message: "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.",
    });
  }
  const fallback = algorithm === "CRC64NVME" ? "FULL_OBJECT" : "COMPOSITE";
  const wanted = type ?? fallback;
  if (
    (wanted === "FULL_OBJECT" && !isLinear(algorithm)) ||
    (wanted === "COMPOSITE" && algorithm === "CRC64NVME")
  ) {
    throw new S3Error("InvalidRequest", {
      message: `The ${wanted} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
    });
  }
  return { algorithm, type: wanted };
};

/** What a Complete request says of the whole object: a checksum, its type, its size in bytes. */
export interface Claims {
  checksums: Partial<Record<ChecksumAlgorithm, string>>;
  type: string | undefined;
  size: number | undefined;
}

export const claims: Field<Claims> = ({ headers }: Address) => {
  const size = headers.get("x-amz-mp-object-size");
  if (size !== null && !/^\d{1,15}$/.test(size)) {
    throw invalidArgument("Value for x-amz-mp-object-size header is invalid.", "x-amz-mp-object-size", size);
  }
  const found = CHECKSUM_ALGORITHMS.flatMap((algorithm) => {
    const value = headers.get(checksumHeader(algorithm));
    return value === null ? [] : [[algorithm, value]];
  });
  return {
    checksums: Object.fromEntries(found) as Claims["checksums"],
    type: headers.get("x-amz-checksum-type") ?? undefined,
    size: size === null ? undefined : Number(size),
  };
};

/** The checksum of an object made of these parts, or none; throws if the client's claims of the object do not hold. */
export function wholeChecksum(
  plan: ChecksumPlan | undefined,
  parts: readonly Part[],
  { checksums, type, size }: Claims,
): ObjectChecksum | undefined {
  const total = parts.reduce((sum, part) => sum + part.size, 0);
  if (size !== undefined && size !== total) {
    throw new S3Error("InvalidRequest", {
      message: `The provided 'x-amz-mp-object-size' header value ${size} does not match what was computed: ${total}`,
    });
  }
  const claimed = Object.keys(checksums);
  if (claimed.length > 1) {
    throw new S3Error("InvalidRequest", {
      message: "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
    });
  }
  if (claimed.some((algorithm) => algorithm !== plan?.algorithm)) {
    throw new S3Error("InvalidRequest", {
      message: `The upload was created using the ${plan?.algorithm ?? "null"} checksum algorithm. The complete request must use the same one.`,
    });
  }
  if (plan === undefined) return undefined;
  if (type !== undefined && type.toUpperCase() !== plan.type) {
    throw new S3Error("InvalidRequest", {
      message: `The upload was created using the ${plan.type} checksum mode. The complete request must use the same checksum mode.`,
    });
  }
  const { algorithm } = plan;
  const summed = parts.map(({ checksum, size: bytes }) => ({ value: checksum?.value ?? "", size: bytes }));
  const value =
    plan.type === "FULL_OBJECT" && isLinear(algorithm)
      ? fullChecksum(algorithm, summed)
      : compositeChecksum(algorithm, summed);
  const claim = checksums[algorithm];
  // Of a composite checksum, clients may leave out how many parts it is of.
  if (claim !== undefined && claim !== value && claim !== value.replace(/-\d+$/, "")) {
    throw new S3Error("BadDigest", {
      message: `The ${algorithm.toLowerCase()} you specified did not match the calculated checksum.`,
    });
  }
  return { ...plan, value };
}

/** S3's error for a part whose checksum is not of the kind its upload was begun with. */
export function checksumMismatch(plan: ChecksumPlan | undefined, part: Part["checksum"]): S3Error {
  const name = (algorithm: ChecksumAlgorithm | undefined) => algorithm?.toLowerCase() ?? "null";
  return new S3Error("InvalidRequest", {
    message: `Checksum Type mismatch occurred, expected checksum Type: ${name(plan?.algorithm)}, actual checksum Type: ${name(part?.algorithm)}`,
  });
}
