// Requests that no budget is promised for, but that the bill shows.

import { type Budgeted, fresh, type Ground, object } from "../support/budgeted.ts";
import type { Answer, Client } from "../support/client.ts";
import { begin, part, partPath } from "../support/uploads.ts";

export interface Billed extends Pick<Budgeted, "operation" | "prepare" | "act"> {
  /** Another bucket whose index it asks too, by its subject. */
  elsewhere?(subject: string): string;
}

const TAGS = "<Tagging><TagSet><Tag><Key>kind</Key><Value>cat</Value></Tag></TagSet></Tagging>";
const VERSIONING = "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>";

const split = (subject: string) => subject.split(" ") as [string, string];

/** An upload with one part. */
async function begun(ground: Ground): Promise<string> {
  const path = fresh(ground);
  const id = await begin(ground.server.client, path);
  await part(ground.server.client, path, id, 1, "some bytes");
  return `${path} ${id}`;
}

/** A request about the bucket itself. */
const ofBucket =
  (method: "get" | "head", query = "") =>
  (client: Client, _subject: string, { bucket }: Ground): Promise<Answer> =>
    client[method](`/${bucket}${query}`);

let buckets = 0;
const freshBucket = () => {
  buckets += 1;
  return `/billed-${buckets}`;
};
async function newBucket({ server }: Ground): Promise<string> {
  const path = freshBucket();
  await server.client.put(path);
  return path;
}

export const BILLED: readonly Billed[] = [
  {
    operation: "PutObjectTagging",
    prepare: object,
    act: (client, path) => client.put(`${path}?tagging`, TAGS),
  },
  {
    operation: "DeleteObjectTagging",
    prepare: object,
    act: (client, path) => client.delete(`${path}?tagging`),
  },
  { operation: "GetObjectAcl", prepare: object, act: (client, path) => client.get(`${path}?acl`) },
  {
    operation: "RenameObject",
    prepare: object,
    act: (client, path, ground) =>
      client.put(`${fresh(ground)}?renameObject`, "", {
        "x-amz-rename-source": path.split("/").slice(2).join("/"),
      }),
  },
  {
    operation: "CopyObject into another bucket",
    async prepare(ground) {
      return `${await object(ground)} ${await newBucket(ground)}/copy`;
    },
    elsewhere: (subject) => split(subject)[1].split("/")[1] ?? "",
    act(client, subject) {
      const [source, target] = split(subject);
      return client.put(target, "", { "x-amz-copy-source": source });
    },
  },
  {
    operation: "CreateMultipartUpload",
    prepare: async (ground) => fresh(ground),
    act: (client, path) => client.post(`${path}?uploads`),
  },
  {
    operation: "UploadPartCopy",
    async prepare(ground) {
      return `${await begun(ground)} ${await object(ground)}`;
    },
    act(client, subject) {
      const [path = "", id = "", source = ""] = subject.split(" ");
      return client.put(partPath(path, id, 2), "", { "x-amz-copy-source": source });
    },
  },
  {
    operation: "AbortMultipartUpload",
    prepare: begun,
    act(client, subject) {
      const [path, id] = split(subject);
      return client.delete(`${path}?uploadId=${id}`);
    },
  },
  {
    operation: "ListParts",
    prepare: begun,
    act(client, subject) {
      const [path, id] = split(subject);
      return client.get(`${path}?uploadId=${id}`);
    },
  },
  {
    operation: "ListMultipartUploads",
    prepare: begun,
    act: ofBucket("get", "?uploads&max-uploads=1"),
  },
  { operation: "HeadBucket", act: ofBucket("head") },
  { operation: "GetBucketVersioning", act: ofBucket("get", "?versioning") },
  {
    operation: "PutBucketVersioning",
    prepare: newBucket,
    act: (client, path) => client.put(`${path}?versioning`, VERSIONING),
  },
  { operation: "ListBuckets", act: (client) => client.get("/?max-buckets=10") },
  { operation: "CreateBucket", prepare: async () => freshBucket(), act: (client, path) => client.put(path) },
  { operation: "DeleteBucket", prepare: newBucket, act: (client, path) => client.delete(path) },
];
