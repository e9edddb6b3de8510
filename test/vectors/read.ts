// AWS's published signatures as facts: what was sent, and what each step of signing must give.

import s3 from "./sigv4-s3.json" with { type: "json" };
import suite from "./sigv4-suite.json" with { type: "json" };
import presigned from "./sigv4-suite-presigned.json" with { type: "json" };

export interface SigningVector {
  name: string;
  method: string;
  /** Path and query as sent. */
  target: string;
  headers: Record<string, string>;
  canonicalRequest: string;
  stringToSign: string;
  /** 64 hex digits. */
  signature: string;
}

/** Signatures of one stream's chunks, the last one of nothing, and of its trailer. */
export interface ChunkVector {
  name: string;
  seed: string;
  chunks: string[];
  trailer?: { text: string; signature: string };
}

export interface SigningVectors {
  secret: string;
  cases: SigningVector[];
}

type Loose = Omit<SigningVector, "headers"> & { headers: Record<string, string | undefined> };

// To the compiler every case has every header that any has, perhaps undefined.
function vectors({ secret, cases }: { secret: string; cases: Loose[] }): SigningVectors {
  return { secret, cases: cases.map((vector) => ({ ...vector, headers: present(vector.headers) })) };
}

function present(headers: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
}

/** The examples in the S3 API reference. */
export const S3_EXAMPLES = vectors(s3);
export const S3_CHUNKS: { secret: string; timestamp: string; cases: ChunkVector[] } = {
  ...s3,
  cases: s3.chunked,
};

/**
 * AWS's general suite, without the cases that contradict S3's rules: paths that are normalised first (S3 normalises
 * none), and headers that come twice (the Fetch API shows them joined by ", ", the suite joins them by ","). Of the
 * presigned ones also without the case whose session token is appended after signing: S3 wants it signed.
 */
export const GENERAL_SUITE = vectors(suite);
export const GENERAL_SUITE_PRESIGNED = vectors(presigned);
