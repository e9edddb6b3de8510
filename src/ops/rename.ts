// RenameObject: AWS has it for directory buckets; here every bucket that never had versions does, and no byte moves.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_RenameObject.html

import { MAX_KEY_BYTES, utf8Length } from "../facts/key.ts";
import { versioningOf } from "../facts/settings.ts";
import { operation } from "../operation.ts";
import { percentDecode } from "../wire/address.ts";
import { invalidArgument, S3Error } from "../wire/error.ts";
import { type Field, header, parsed } from "../wire/input.ts";
import { empty } from "../wire/output.ts";
import { nothingUnbuilt } from "./description.ts";
import { readConditions } from "./read.ts";

/** `x-amz-rename-source`: the source's key, percent-encoded, behind its bucket's name or a slash, or alone. */
const source: Field<string> = ({ headers }) => headers.get("x-amz-rename-source") ?? "";

const token: Field<string | undefined> = parsed(header("x-amz-client-token"), (text) => {
  if (/^[!-~]{1,64}$/.test(text)) return text;
  throw invalidArgument(
    "The client token must be 1 to 64 printable ASCII characters.",
    "x-amz-client-token",
    text,
  );
});

/** The key that a source names within this bucket. */
function keyIn(bucket: string, text: string): string {
  const path = percentDecode(text).replace(/^\//, "");
  const key = path.startsWith(`${bucket}/`) ? path.slice(bucket.length + 1) : path;
  if (key !== "" && utf8Length(key) <= MAX_KEY_BYTES) return key;
  throw invalidArgument("The rename source must name a key in this bucket.", "x-amz-rename-source", text);
}

export const renameObject = operation({
  name: "RenameObject",
  route: "PUT /{Bucket}/{Key}?renameObject",
  allow: "s3:PutObject",
  input: {
    nothingUnbuilt,
    source,
    token,
    sourceConditions: readConditions("x-amz-rename-source-"),
    conditions: readConditions(),
  },
  output: empty(200),
  async handle({ world, bucket, key, access }, { source: text, token: name, sourceConditions, conditions }) {
    const from = keyIn(bucket.name, text);
    access.require(["s3:GetObject", "s3:DeleteObject"], from, { version: { owner: bucket.owner } });
    if (versioningOf(bucket.settings) !== "off") {
      throw new S3Error("InvalidRequest", {
        message: "RenameObject is not supported in buckets that have versions.",
      });
    }
    if (from.endsWith("/") || key.endsWith("/")) {
      throw new S3Error("InvalidRequest", { message: "Keys that end in a slash cannot be renamed." });
    }
    const answer = await world
      .index(bucket)
      .rename({ from, to: key, sourceConditions, conditions, token: name });
    if ("renamed" in answer) return {};
    if ("missing" in answer && !access.mayMiss(from)) access.refuse();
    if ("missing" in answer) throw new S3Error("NoSuchKey");
    throw new S3Error(answer.refused === "mismatch" ? "IdempotencyParameterMismatch" : "PreconditionFailed");
  },
});
