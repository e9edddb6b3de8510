// `portico fsck`: whether directory, indexes and blobs of a running Portico fit each other.

import { ADMIN_FLAGS, type AdminClient, adminClient, type CheckedBucket, type Fault } from "./admin.ts";
import { type Command, type Flags, parseFlags } from "./flags.ts";
import { byteSize, many } from "./sweep-command.ts";

const FLAGS = {
  bucket: { type: "string", value: "NAME", help: "only this bucket; default all of them" },
  deep: { type: "boolean", help: "read all bytes, and hold them against their etags" },
  repair: { type: "boolean", help: "mend what can be mended without losing anything" },
  ...ADMIN_FLAGS,
} as const satisfies Flags;

/** Names that are shown of each kind of fault. */
const MAX_SHOWN = 10;

/** What was found, all steps together. */
export interface Checked {
  buckets: number;
  versions: number;
  blobs: number;
  bytes: number;
  encrypted: number;
  faults: (Fault & { bucket?: string })[];
  unchecked: string[];
}

export const fsck: Command = {
  name: "fsck",
  summary:
    "Looks whether directory, indexes and blobs fit each other; ends with status 1 if anything is wrong.",
  flags: FLAGS,
  async run(args) {
    const { values } = parseFlags(args, FLAGS);
    const client = adminClient(values, process.env);
    const options = { deep: values.deep === true, repair: values.repair === true };
    const checked = await checkAll(client, options, values.bucket);
    console.log(values.json ? JSON.stringify(checked) : checkedText(checked, options.deep));
    return checked.faults.length > 0 || checked.unchecked.length > 0 ? 1 : 0;
  },
};

async function checkAll(
  client: AdminClient,
  options: { deep: boolean; repair: boolean },
  bucket: string | undefined,
): Promise<Checked> {
  const checked: Checked = {
    buckets: 0,
    versions: 0,
    blobs: 0,
    bytes: 0,
    encrypted: 0,
    faults: [],
    unchecked: [],
  };
  const names = new Set<string>();
  let cursor: string | undefined;
  do {
    const asks = {
      ...options,
      ...(bucket !== undefined && { bucket }),
      ...(cursor !== undefined && { cursor }),
    };
    const answer = await client.call("fsck/step", asks);
    for (const step of answer.told) {
      names.add(step.bucket);
      add(checked, step);
    }
    cursor = answer.cursor;
  } while (cursor !== undefined);
  checked.buckets = names.size;
  if (bucket === undefined) await addStrangers(client, checked);
  return checked;
}

async function addStrangers(client: AdminClient, checked: Checked): Promise<void> {
  let cursor: string | undefined;
  do {
    const answer = await client.call("fsck/strangers", { ...(cursor !== undefined && { cursor }) });
    for (const fault of answer.faults) addFault(checked, fault, undefined);
    cursor = answer.cursor;
  } while (cursor !== undefined);
}

function add(checked: Checked, step: CheckedBucket): void {
  checked.versions += step.versions ?? 0;
  checked.blobs += step.blobs ?? 0;
  checked.bytes += step.bytes ?? 0;
  checked.encrypted += step.encrypted ?? 0;
  for (const fault of step.faults ?? []) addFault(checked, fault, step.bucket);
  for (const what of step.unchecked ?? []) checked.unchecked.push(`${step.bucket}: ${what}`);
  if (step.failed) checked.unchecked.push(`${step.bucket}: it did not answer; see the server's log`);
}

function addFault(checked: Checked, fault: Fault, bucket: string | undefined): void {
  const known = checked.faults.find((each) => each.bucket === bucket && each.kind === fault.kind);
  if (known === undefined) {
    checked.faults.push({ ...(bucket !== undefined && { bucket }), ...fault });
    return;
  }
  known.count += fault.count;
  known.mended += fault.mended;
  known.first = [...known.first, ...fault.first].slice(0, MAX_SHOWN);
}

/** What was looked at, and each kind of fault with the first of its kind. */
export function checkedText(checked: Checked, deep: boolean): string {
  const { buckets, versions, blobs, bytes, encrypted, faults, unchecked } = checked;
  const read = deep ? `; ${byteSize(bytes)} read` : "";
  const sealed = encrypted === 0 ? "" : `, ${many(encrypted, "version")} not, for want of their keys`;
  const lines = [
    `${many(buckets, "bucket")}, ${many(versions, "version")}, ${many(blobs, "blob")}${read}${sealed}`,
  ];
  for (const { bucket, kind, count, mended, first } of faults) {
    const what = `${kind}: ${count}${mended === 0 ? "" : mended === count ? ", mended" : `, ${mended} mended`}`;
    lines.push("", bucket === undefined ? what : `${bucket}: ${what}`, ...first.map((name) => `  ${name}`));
    if (count > first.length) lines.push(`  and ${count - first.length} more`);
  }
  if (unchecked.length > 0) lines.push("", "not checked:", ...unchecked.map((what) => `  ${what}`));
  if (faults.length === 0 && unchecked.length === 0) lines.push("nothing is wrong");
  return lines.join("\n");
}
