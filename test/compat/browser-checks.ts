// What a page of another origin may do, and what it is refused and gets to see of it, in a real browser.

import { createHash, randomBytes } from "node:crypto";
import {
  type CORSRule,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeletePublicAccessBlockCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListPartsCommand,
  PutBucketCorsCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { Client, type PostPolicy } from "minio";
import type { Browser, Chosen, Hidden, Seen, Sending } from "./browser-driver.ts";
import {
  type Check,
  type Endpoint,
  equal,
  inBucket,
  keysIn,
  MB,
  pieces,
  read,
  same,
  sdk,
} from "./javascript-support.ts";

interface Stage {
  browser: Browser;
  endpoint: Endpoint;
  bucket: string;
  s3: S3Client;
  /** Without checksums of its own, which a link would hold the page to. */
  signer: S3Client;
}

type Play = (stage: Stage) => Promise<void>;

export function browserChecks(browser: Browser): Check[] {
  return PLAYS.map(([name, play]) => ({
    client: "browser",
    name,
    run: (endpoint) =>
      inBucket(endpoint, async (bucket, s3) => {
        const signer = sdk(endpoint, { requestChecksumCalculation: "WHEN_REQUIRED" });
        await play({ browser, endpoint, bucket, s3, signer });
        signer.destroy();
      }),
  }));
}

// --- What checks are made of ---

/** Lets the page, unless another is named, do all that pages do. */
async function allow({ s3, bucket, browser }: Stage, rule: Partial<CORSRule> = {}): Promise<void> {
  const whole = {
    AllowedOrigins: [browser.origin],
    AllowedMethods: ["GET", "PUT", "POST"],
    AllowedHeaders: ["content-type"],
    ExposeHeaders: ["ETag"],
    ...rule,
  };
  await s3.send(new PutBucketCorsCommand({ Bucket: bucket, CORSConfiguration: { CORSRules: [whole] } }));
}

async function putLink({ signer, bucket }: Stage, Key: string, expiresIn = 300): Promise<string> {
  return getSignedUrl(signer, new PutObjectCommand({ Bucket: bucket, Key }), { expiresIn });
}

async function getLink({ signer, bucket }: Stage, Key: string): Promise<string> {
  return getSignedUrl(signer, new GetObjectCommand({ Bucket: bucket, Key }));
}

function chosen(size: number, type = "image/png", name = "cat.png"): Chosen {
  return { content: randomBytes(size), name, type };
}

/** Requires that the script got to see an answer, with this status. */
async function seen(doing: Promise<Seen | Hidden>, status = 200): Promise<Seen> {
  const answer = await doing;
  if ("error" in answer) throw new Error(`the page sees nothing: ${answer.error}`);
  if (answer.status !== status) {
    throw new Error(`expected ${status}, got ${answer.status}: ${answer.text.slice(0, 300)}`);
  }
  return answer;
}

/** Requires that the script got to see a refusal, with this status and code. */
async function refused(doing: Promise<Seen | Hidden>, status: number, code: string): Promise<void> {
  const { text } = await seen(doing, status);
  equal(/<Code>(.*?)<\/Code>/.exec(text)?.[1], code, "code");
}

/** Requires that the browser kept all from the script, as it does where CORS does not allow it. */
async function hidden(doing: Promise<Seen | Hidden>): Promise<void> {
  const answer = await doing;
  const told = "error" in answer ? answer.error : `${answer.status} ${answer.text}`;
  equal(told, "TypeError: Failed to fetch", "what the page sees");
}

function put(url: string, body: Chosen): Sending {
  return { url, method: "PUT", body };
}

const sha256 = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");

/** Signs a form for images of at most so many bytes below `up/`, as minio's own client does it. */
async function form(
  { endpoint, bucket }: Stage,
  change: (policy: PostPolicy) => void = () => {},
  most = MB,
): Promise<{ url: string; fields: Record<string, string> }> {
  const { hostname, port, protocol } = new URL(endpoint.url);
  const useSSL = protocol === "https:";
  const minio = new Client({
    endPoint: hostname,
    port: Number(port || (useSSL ? 443 : 80)),
    useSSL,
    accessKey: endpoint.accessKeyId,
    secretKey: endpoint.secretAccessKey,
  });
  const policy = minio.newPostPolicy();
  policy.setBucket(bucket);
  policy.setKeyStartsWith("up/");
  policy.setContentTypeStartsWith("image/");
  policy.setContentLengthRange(1, most);
  policy.setExpires(new Date(Date.now() + 300_000));
  change(policy);
  const { postURL, formData } = await minio.presignedPostPolicy(policy);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: S3's own placeholder for the file's name
  const key = "up/${filename}";
  // Its fields for "begins with" hold the beginning; the page says the rest.
  return { url: postURL, fields: { ...formData, key, "Content-Type": "image/png" } };
}

// --- Uploads ---

const presignedPut: Play = async (stage) => {
  const { browser, bucket, s3 } = stage;
  await allow(stage);
  const file = chosen(300_000);
  const { headers } = await seen(browser.send(put(await putLink(stage, "a b+ü.png"), file)));
  const { ETag, ContentType } = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: "a b+ü.png" }));
  equal(headers.etag, ETag, "etag");
  equal(ContentType, "image/png", "content type");
  equal(headers["x-amz-request-id"], undefined, "a header that is not exposed");
  const back = await seen(browser.send({ url: await getLink(stage, "a b+ü.png") }));
  equal(back.sha256, sha256(file.content), "what the page reads");
};

const presignedParts: Play = async (stage) => {
  const { browser, bucket, s3, signer } = stage;
  await allow(stage);
  const target = { Bucket: bucket, Key: "in parts" };
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(target));
  const data = randomBytes(2 * 5 * MB + 12_345);
  const etags: string[] = [];
  for (const content of pieces(data, 5 * MB)) {
    const part = { ...target, UploadId, PartNumber: etags.length + 1 };
    const link = await getSignedUrl(signer, new UploadPartCommand(part));
    const answer = await seen(browser.send(put(link, { content, name: "part", type: "" })));
    etags.push(answer.headers.etag ?? "none");
  }
  const { Parts = [] } = await s3.send(new ListPartsCommand({ ...target, UploadId }));
  equal(
    etags,
    Parts.map(({ ETag }) => ETag),
    "etags",
  );
  const list = etags.map((tag, at) => `<Part><PartNumber>${at + 1}</PartNumber><ETag>${tag}</ETag></Part>`);
  const text = `<CompleteMultipartUpload>${list.join("")}</CompleteMultipartUpload>`;
  const url = await getSignedUrl(signer, new CompleteMultipartUploadCommand({ ...target, UploadId }));
  await seen(browser.send({ url, method: "POST", body: { text } }));
  same(await read(s3, target), data);
};

const formByScript: Play = async (stage) => {
  const { browser, bucket, s3 } = stage;
  await allow(stage);
  const file = chosen(200_000);
  const { url, fields } = await form(stage, (policy) => {
    policy.policy.conditions.push(["eq", "$success_action_status", "201"]);
    policy.formData.success_action_status = "201";
  });
  const { text, headers } = await seen(browser.send({ url, method: "POST", body: { fields, file } }), 201);
  equal(/<Key>(.*?)<\/Key>/.exec(text)?.[1], "up/cat.png", "key");
  same(await read(s3, { Bucket: bucket, Key: "up/cat.png" }), file.content);
  const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: "up/cat.png" }));
  equal([head.ETag, head.ContentType], [headers.etag, "image/png"], "etag and type");
};

const formBySubmit: Play = async (stage) => {
  const { browser, bucket, s3 } = stage;
  const file = chosen(9 * MB); // more than one extent
  const { url, fields } = await form(
    stage,
    (policy) => {
      policy.policy.conditions.push(["starts-with", "$success_action_redirect", browser.origin]);
      policy.formData.success_action_redirect = `${browser.origin}/landed?from=form`;
    },
    10 * MB,
  );
  const answer = await browser.submit(url, fields, file);
  if ("error" in answer) throw new Error(answer.error);
  const { pathname, searchParams } = new URL(answer.at);
  same(await read(s3, { Bucket: bucket, Key: "up/cat.png" }), file.content);
  const { ETag } = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: "up/cat.png" }));
  equal(
    [pathname, Object.fromEntries(searchParams)],
    ["/landed", { from: "form", bucket, key: "up/cat.png", etag: ETag }],
    "where the form leads",
  );
};

const metadata: Play = async (stage) => {
  const { browser, bucket, s3, signer } = stage;
  await allow(stage, { AllowedHeaders: ["x-amz-meta-*"], ExposeHeaders: ["x-amz-meta-camera"] });
  const Metadata = { camera: "Leica" };
  const command = new PutObjectCommand({ Bucket: bucket, Key: "shot", Metadata });
  const unhoistableHeaders = new Set(["x-amz-meta-camera"]);
  const url = await getSignedUrl(signer, command, { unhoistableHeaders });
  const headers = { "x-amz-meta-camera": "Leica" };
  await seen(browser.send({ url, method: "PUT", headers, body: { text: "shot" }, credentials: "include" }));
  equal((await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: "shot" }))).Metadata, Metadata);
  const back = await seen(browser.send({ url: await getLink(stage, "shot") }));
  equal([back.text, back.headers["x-amz-meta-camera"]], ["shot", "Leica"], "what the page reads");
};

// --- What CORS does not allow ---

const noRules: Play = async (stage) => {
  const { browser, bucket, s3 } = stage;
  await hidden(browser.send(put(await putLink(stage, "x"), chosen(10))));
  equal(await keysIn(s3, bucket), [], "keys");
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: "there", Body: "there" }));
  await hidden(browser.send({ url: await getLink(stage, "there") }));
};

const otherOrigin: Play = async (stage) => {
  await allow(stage, { AllowedOrigins: ["https://app.example", "http://127.0.0.1"] });
  await hidden(stage.browser.send(put(await putLink(stage, "x"), chosen(10))));
  equal(await keysIn(stage.s3, stage.bucket), [], "keys");
};

const otherMethod: Play = async (stage) => {
  const { browser, bucket, s3 } = stage;
  await allow(stage, { AllowedMethods: ["GET"] });
  await hidden(browser.send(put(await putLink(stage, "x"), chosen(10))));
  equal(await keysIn(s3, bucket), [], "keys");
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: "there", Body: "there" }));
  equal((await seen(browser.send({ url: await getLink(stage, "there") }))).text, "there", "GET is allowed");
};

const otherHeader: Play = async (stage) => {
  const { browser, bucket, s3 } = stage;
  await allow(stage);
  const headers = { "x-page-version": "7" };
  await hidden(browser.send({ ...put(await putLink(stage, "x"), chosen(10)), headers }));
  equal(await keysIn(s3, bucket), [], "keys");
  await seen(browser.send(put(await putLink(stage, "y"), chosen(10))));
  equal(await keysIn(s3, bucket), ["y"], "keys without that header");
};

const takenAway: Play = async (stage) => {
  const { browser, bucket, s3 } = stage;
  await allow(stage);
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: "there", Body: "there" }));
  await seen(browser.send({ url: await getLink(stage, "there") }));
  await allow(stage, { AllowedOrigins: ["https://app.example"] });
  await hidden(browser.send({ url: await getLink(stage, "there") }));
};

// --- What a policy does not allow ---

const formTooLarge: Play = async (stage) => {
  const { browser, bucket, s3 } = stage;
  await allow(stage);
  const { url, fields } = await form(stage);
  const post = (size: number) => browser.send({ url, method: "POST", body: { fields, file: chosen(size) } });
  await refused(post(MB + 1), 400, "EntityTooLarge");
  await refused(post(0), 400, "EntityTooSmall");
  equal(await keysIn(s3, bucket), [], "keys");
  await seen(post(MB), 204);
  equal(await keysIn(s3, bucket), ["up/cat.png"], "keys of what fits");
};

const formOutsidePolicy: Play = async (stage) => {
  const { browser, bucket, s3 } = stage;
  await allow(stage);
  const { url, fields } = await form(stage);
  const post = (more: Record<string, string>) =>
    browser.send({ url, method: "POST", body: { fields: { ...fields, ...more }, file: chosen(10) } });
  await refused(post({ "x-amz-meta-extra": "1" }), 403, "AccessDenied");
  await refused(post({ "Content-Type": "text/html" }), 403, "AccessDenied");
  await refused(post({ key: "elsewhere/cat.png" }), 403, "AccessDenied");
  await refused(post({ "x-amz-signature": "0".repeat(64) }), 403, "SignatureDoesNotMatch");
  equal(await keysIn(s3, bucket), [], "keys");
};

const formTooLate: Play = async (stage) => {
  const { browser, bucket, s3 } = stage;
  await allow(stage);
  const { url, fields } = await form(stage, (policy) => policy.setExpires(new Date(Date.now() - 60_000)));
  const body = { fields, file: chosen(10) };
  await refused(browser.send({ url, method: "POST", body }), 403, "AccessDenied");
  equal(await keysIn(s3, bucket), [], "keys");
};

const links: Play = async (stage) => {
  const { browser, bucket, s3 } = stage;
  await allow(stage);
  const late = await putLink(stage, "late", 1);
  const other = (await putLink(stage, "x")).replace("/x?", "/y?");
  await refused(browser.send(put(other, chosen(10))), 403, "SignatureDoesNotMatch");
  await refused(browser.send({ url: await getLink(stage, "nothing") }), 404, "NoSuchKey");
  await new Promise((resolve) => setTimeout(resolve, 2_100));
  await refused(browser.send(put(late, chosen(10))), 403, "AccessDenied");
  equal(await keysIn(s3, bucket), [], "keys");
};

const publicFolder: Play = async (stage) => {
  const { browser, endpoint, bucket, s3 } = stage;
  await allow(stage, { AllowedOrigins: ["*"] });
  await s3.send(new DeletePublicAccessBlockCommand({ Bucket: bucket }));
  const Resource = (below: string) => `arn:aws:s3:::${bucket}/${below}/*`;
  const statements = [
    { Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: Resource("public") },
    { Effect: "Deny", Principal: "*", Action: "s3:PutObject", Resource: Resource("frozen") },
  ];
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement: statements });
  await s3.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
  for (const Key of ["public/a", "private/a"]) {
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: "0123456789" }));
  }
  const url = `${endpoint.url}/${bucket}`;
  equal((await seen(browser.send({ url: `${url}/public/a` }))).text, "0123456789", "what all may read");
  const headers = { range: "bytes=2-4" };
  equal((await seen(browser.send({ url: `${url}/public/a`, headers }), 206)).text, "234", "a range of it");
  await refused(browser.send({ url: `${url}/private/a` }), 403, "AccessDenied");
  await refused(browser.send({ url }), 403, "AccessDenied");
  await refused(browser.send(put(`${url}/public/b`, chosen(10))), 403, "AccessDenied");
  await refused(browser.send(put(await putLink(stage, "frozen/b"), chosen(10))), 403, "AccessDenied");
  equal(await keysIn(s3, bucket), ["private/a", "public/a"], "keys");
};

const PLAYS: readonly (readonly [string, Play])[] = [
  [
    "a presigned PUT across origins is stored, and the script reads its ETag and no header that is not exposed",
    presignedPut,
  ],
  ["presigned parts are uploaded and completed across origins by their exposed ETags", presignedParts],
  ["a form with a policy is uploaded by script, and its 201 is read", formByScript],
  ["a form that a person submits is uploaded, 9 MB, and leads back to the page", formBySubmit],
  ["metadata headers that a rule allows are sent and read, with credentials", metadata],
  ["without CORS rules the page uploads nothing and reads nothing", noRules],
  ["a rule for other origins is none for the page", otherOrigin],
  ["a rule for GET lets the page read and not upload", otherMethod],
  ["a preflight for a header that no rule names is refused", otherHeader],
  ["a rule that is taken away is gone", takenAway],
  ["a form over or under its content-length-range is refused, and the page can read why", formTooLarge],
  [
    "a form with a field, type, key or signature outside its policy is refused, and the page can read why",
    formOutsidePolicy,
  ],
  ["a form whose policy has expired is refused, and the page can read why", formTooLate],
  ["a link for another key or of yesterday is refused, and the page can read why", links],
  [
    "a bucket policy makes one folder public for reading, and denies what it denies to links, too",
    publicFolder,
  ],
];
