// PostObject: a browser's form becomes an object. What a PUT says in headers its fields say, and are read the same way.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html

import { EXTENT_BYTES, receiveExtents } from "../blobs/receive-extents.ts";
import type { FormFile } from "../body/form-file.ts";
import type { Bucket } from "../directory/buckets.ts";
import { versioningOf } from "../facts/settings.ts";
import type { NewBody } from "../index/protocol.ts";
import { form, operation } from "../operation.ts";
import type { Address } from "../wire/address.ts";
import type { FormFields } from "../wire/form.ts";
import type { Field } from "../wire/input.ts";
import { percentEncode } from "../wire/names.ts";
import { type Reply, reply } from "../wire/output.ts";
import { PostResponse } from "../wire/shapes.ts";
import type { World } from "../world.ts";
import { checksumHeaders, quoted } from "./description.ts";
import { encryptionFor, encryptionHeaders } from "./encryption.ts";
import {
  checkStillHere,
  committedOr,
  freshBlobName,
  newVersionHeader,
  objectFields,
  saidOfNew,
} from "./write.ts";

/** The key, which such an address always has. */
const key: Field<string> = (address) => address.key ?? "";

export const postObject = operation({
  name: "PostObject",
  route: "POST /{Bucket}",
  allow: "s3:PutObject",
  input: { ...objectFields, key },
  body: form,
  output: reply,
  async handle(context, input, { file, fields }) {
    const { world, bucket, address, once } = context;
    const { description: told, tags } = input;
    const { customer } = input.encryption;
    const said = await saidOfNew({ ...context, key: input.key }, input);
    const sent = Number(address.sent.get("content-length")) || EXTENT_BYTES;
    const body = await once(() => receiveFile(world, bucket, file, { most: sent, ssecKey: customer?.key }));
    checkStillHere(bucket, body);
    const checksum = file.checksum && { ...file.checksum, type: "FULL_OBJECT" as const };
    const encryption = encryptionFor(bucket, input.encryption);
    const draft = {
      key: input.key,
      etag: file.md5,
      size: file.size,
      ...said,
      description: { ...told, ...(encryption && { encryption }), ...(checksum && { checksum }) },
      tags,
    };
    const versioning = versioningOf(bucket.settings);
    const committed = committedOr(await world.index(bucket).put({ draft, body, versioning }), {});
    return formReply(
      address,
      fields,
      { bucket: bucket.name, key: input.key, etag: committed.etag },
      {
        ...checksumHeaders(checksum),
        ...encryptionHeaders(encryption?.kind, customer),
        ...newVersionHeader(committed),
      },
    );
  },
});

/** Takes a form's file into R2: as one blob if it fits into an extent. Everything promised of it has been verified. */
async function receiveFile(
  world: World,
  bucket: Bucket,
  file: FormFile,
  options: { most: number; ssecKey: Uint8Array | undefined },
): Promise<NewBody> {
  const freshName = () => freshBlobName(world, bucket);
  const extents = await receiveExtents(world.blobs, freshName, file, options);
  const [first, ...more] = extents;
  if (first === undefined) return { kind: "empty" };
  if (more.length === 0) return { kind: "blob", blob: first.blob };
  return { kind: "extents", name: freshName(), extents };
}

/** What was made of a form; `etag` without quotes. */
interface Made {
  bucket: string;
  key: string;
  etag: string;
}

/** The answer that a form asks for: a redirect, or one of three statuses, of which only 201 has a document. */
function formReply(address: Address, fields: FormFields, made: Made, more: Reply["headers"]): Reply {
  const headers = { etag: quoted(made.etag), location: locationOf(address, made), ...more };
  const redirect = redirectTo(fields.get("success_action_redirect") ?? fields.get("redirect"), made);
  if (redirect !== undefined) return { status: 303, headers: { ...headers, location: redirect }, body: null };
  const status = fields.get("success_action_status");
  if (status === "200") return { status: 200, headers, body: null };
  if (status !== "201") return { status: 204, headers, body: null };
  const { location } = headers;
  return {
    status: 201,
    headers: { "content-type": "application/xml", ...headers },
    body: PostResponse.write({ location, ...made }),
  };
}

function locationOf({ secure, sent, hosted }: Address, { bucket, key: name }: Made): string {
  const origin = `${secure ? "https" : "http"}://${sent.get("host") ?? ""}`;
  // S3 encodes a key's slashes here.
  return `${origin}${hosted ? "" : `/${bucket}`}/${percentEncode(name)}`;
}

/** The page to go on to, told what was made; undefined if there is none, or it is no URL: S3 then acts as if there were none. */
function redirectTo(url: string | undefined, { bucket, key: name, etag }: Made): string | undefined {
  if (url === undefined || !/^https?:\/\/[^\s]+$/i.test(url) || !URL.canParse(url)) return undefined;
  const told = `bucket=${percentEncode(bucket)}&key=${percentEncode(name)}&etag=${percentEncode(quoted(etag))}`;
  const [page = "", ...fragment] = url.split("#");
  const whole = [`${page}${page.includes("?") ? "&" : "?"}${told}`, ...fragment].join("#");
  return whole.replace(/[^\x21-\x7e]+/g, encodeURIComponent);
}
