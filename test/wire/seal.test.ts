import { describe, expect, it } from "vitest";
import { S3Error } from "../../src/wire/error.ts";
import { type ChunkSigner, readSeal } from "../../src/wire/seal.ts";

const signer: ChunkSigner = { seed: "seed", chunk: () => "chunk", trailer: () => "trailer" };
const HASH = "0123456789abcdef".repeat(4);

const never = () => {
  throw new Error("nobody needs a signer here");
};

// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
describe("x-amz-content-sha256", () => {
  it.each([
    ["UNSIGNED-PAYLOAD", { kind: "unsigned" }],
    ["STREAMING-UNSIGNED-PAYLOAD-TRAILER", { kind: "chunked", trailer: true, signer: undefined }],
    [HASH, { kind: "hash", sha256: HASH }],
  ])("says %s, which needs no signer", (value, seal) => {
    expect(readSeal(value, never)).toEqual(seal);
  });

  it.each([
    ["STREAMING-AWS4-HMAC-SHA256-PAYLOAD", { kind: "chunked", trailer: false, signer }],
    ["STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", { kind: "chunked", trailer: true, signer }],
  ])("says %s, whose chunks are signed", (value, seal) => {
    expect(readSeal(value, () => signer)).toEqual(seal);
  });

  it.each([
    "",
    "unsigned-payload",
    "UNSIGNED-PAYLOAD ",
    "STREAMING",
    "STREAMING-UNSIGNED-PAYLOAD",
    "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-",
    HASH.toUpperCase(),
    HASH.slice(1),
    `${HASH}0`,
    `${HASH}\n`,
    `g${HASH.slice(1)}`,
  ])("says nothing else: %j", (value) => {
    const read = () => readSeal(value, never);
    expect(read).toThrow(S3Error);
    expect(read).toThrow(/^x-amz-content-sha256 must be UNSIGNED-PAYLOAD, .* or a valid sha256 value\.$/);
  });
});
