// RenameObject: AWS has it for directory buckets; here every bucket that never had versions does, and no byte moves.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_RenameObject.html

import { timely } from "../facts/condition.ts";
import { MAX_KEY_BYTES, utf8Length } from "../facts/key.ts";
import { versioningOf } from "../facts/settings.ts";
import { type ObjectContext, operation } from "../operation.ts";
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

/** Decides about the source, and gives the commit of the version that had to be looked at for it. */
async function judgeSource(
  { world, access }: Pick<ObjectContext, "world" | "access">,
  key: string,
): Promise<number | undefined> {
  const found = access.dependsOnObject
    ? await world.index(access.bucket).read({ key, want: "none" })
    : undefined;
  // One that is not there may have been moved by this very request, sent before.
  const version = found !== undefined && "version" in found ? found.version : undefined;
  const known = { version: version ?? { owner: access.bucket.owner } };
  access.require(["s3:GetObject", "s3:DeleteObject"], key, known);
  return version?.sequence;
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
    const judged = await judgeSource({ world, access }, from);
    if (versioningOf(bucket.settings) !== "off") {
      throw new S3Error("InvalidRequest", {
        message: "RenameObject is not supported in buckets that have versions.",
      });
    }
    if (from.endsWith("/") || key.endsWith("/")) {
      throw new S3Error("InvalidRequest", { message: "Keys that end in a slash cannot be renamed." });
    }
    const now = world.now();
    const answer = await world.index(bucket).rename({
      from,
      to: key,
      sourceConditions: timely(sourceConditions, now),
      conditions: timely(conditions, now),
      token: name,
      judged,
    });
    if ("renamed" in answer) return {};
    if ("missing" in answer && !access.mayMiss(from)) access.refuse();
    if ("missing" in answer) throw new S3Error("NoSuchKey");
    if (answer.refused === "changed") throw new S3Error("OperationAborted");
    throw new S3Error(answer.refused === "mismatch" ? "IdempotencyParameterMismatch" : "PreconditionFailed");
  },
});
