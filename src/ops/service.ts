// ListBuckets: what an account owns.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html

import { bucketsOf, MAX_BUCKETS } from "../directory/buckets.ts";
import { operation } from "../operation.ts";
import { continuation, writeCursor } from "../wire/cursor.ts";
import { count, query } from "../wire/input.ts";
import { bucketArn } from "../wire/names.ts";
import { document } from "../wire/output.ts";
import { ListAllMyBucketsResult } from "../wire/shapes.ts";

export const listBuckets = operation({
  name: "ListBuckets",
  route: "GET /",
  allow: "s3:ListAllMyBuckets",
  input: {
    prefix: query("prefix"),
    limit: count("max-buckets", MAX_BUCKETS, MAX_BUCKETS, 1),
    after: continuation,
    region: query("bucket-region"),
  },
  output: document(ListAllMyBucketsResult),
  async handle({ world, caller }, { prefix, limit, after = "", region = world.config.region }) {
    const asked = { prefix: prefix ?? "", after, limit: limit + 1 };
    // Every bucket is in the deployment's one region: another has none.
    const here = region === world.config.region;
    const found = here ? await bucketsOf(world.database, caller.account.id, asked) : [];
    const page = found.slice(0, limit);
    const last = page.at(-1);
    return {
      owner: { id: caller.account.id, displayName: caller.account.displayName },
      buckets: {
        bucket: page.map((bucket) => ({
          name: bucket.name,
          created: bucket.created,
          region: bucket.region,
          arn: bucketArn(bucket.name),
        })),
      },
      prefix,
      continuationToken: found.length > limit && last !== undefined ? writeCursor(last.name) : undefined,
    };
  },
});
