// `portico rebuild`: lost indexes are made anew from what R2 holds.

import { ADMIN_FLAGS, type AdminClient, adminClient, type RebuiltBucket } from "./admin.ts";
import { Failure } from "./failure.ts";
import { type Command, columns, type Flags, parseFlags } from "./flags.ts";

const FLAGS = {
  bucket: { type: "string", value: "NAME", help: "only this bucket; default all whose index is lost" },
  force: { type: "boolean", help: "with --bucket: make it anew even if its index is in place" },
  ...ADMIN_FLAGS,
} as const satisfies Flags;

export const rebuild: Command = {
  name: "rebuild",
  summary: "Makes the indexes of buckets anew that lost them, from R2 alone.",
  flags: FLAGS,
  async run(args) {
    const { values } = parseFlags(args, FLAGS);
    const force = values.force === true;
    if (force && values.bucket === undefined) throw new Failure("--force needs --bucket");
    const rebuilt = await rebuildAll(adminClient(values, process.env), force, values.bucket);
    console.log(values.json ? JSON.stringify({ buckets: rebuilt }) : rebuiltText(rebuilt));
    // Of all buckets, those that have their index are none of the command's concern.
    const passed = ({ stage, inPlace }: RebuiltBucket) =>
      stage === "done" || (inPlace && values.bucket === undefined);
    return rebuilt.every(passed) ? 0 : 1;
  },
};

/** Each bucket's last word. */
async function rebuildAll(
  client: AdminClient,
  force: boolean,
  bucket: string | undefined,
): Promise<RebuiltBucket[]> {
  const last = new Map<string, RebuiltBucket>();
  let cursor: string | undefined;
  do {
    const asks = { force, ...(bucket !== undefined && { bucket }), ...(cursor !== undefined && { cursor }) };
    const answer = await client.call("rebuild/step", asks);
    for (const step of answer.told) last.set(step.bucket, step);
    cursor = answer.cursor;
  } while (cursor !== undefined);
  return [...last.values()];
}

/** A table of the buckets; behind it what has to be known of those that were rebuilt. */
export function rebuiltText(rebuilt: readonly RebuiltBucket[]): string {
  const rows = rebuilt.map(({ bucket, refused, failed, objects, versions, restored }) => {
    if (refused !== undefined) return [bucket, refused];
    if (failed) return [bucket, "It did not answer; see the server's log."];
    return [
      bucket,
      `${objects} objects, ${versions} versions, ${restored} of them from their blobs' metadata`,
    ];
  });
  const done = rebuilt.filter(({ stage }) => stage === "done");
  const notes = [
    ...done
      .filter(({ complete }) => !complete)
      .map(
        ({ bucket }) => `${bucket} had no complete checkpoint: what is older than its journal is missing.`,
      ),
    ...done
      .filter(({ missing = 0 }) => missing > 0)
      .map(({ bucket, missing }) => `${bucket} lacks ${missing} objects of its journal.`),
    ...done
      .filter(({ partly = 0 }) => partly > 0)
      .map(
        ({ bucket, partly }) =>
          `${bucket} has ${partly} objects that lack tags, metadata or a checksum, for which their blobs had no room.`,
      ),
    ...(done.length === 0
      ? []
      : ["Nothing is removed from a rebuilt bucket before portico fsck --repair has seen it."]),
  ];
  return [columns([["BUCKET", "REBUILT"], ...rows]), ...(notes.length === 0 ? [] : ["", ...notes])].join(
    "\n",
  );
}
