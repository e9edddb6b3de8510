// `portico sweep`: the whole sweep of a running Portico, now.

import { ADMIN_FLAGS, type AdminClient, adminClient, type Found, type SweptBucket } from "./admin.ts";
import { type Command, columns, type Flags, parseFlags } from "./flags.ts";

const FLAGS = {
  bucket: { type: "string", value: "NAME", help: "only this bucket; default all of them" },
  "dry-run": { type: "boolean", help: "only say what would go, and change nothing" },
  ...ADMIN_FLAGS,
} as const satisfies Flags;

/** What was found in a bucket, all steps together. */
export interface SweptWhole {
  bucket: string;
  removed: Found;
  orphans: Found;
  uploads: Found;
  skipped?: string;
}

/** Names that are kept of each kind. */
const MAX_SHOWN = 10;

const SKIPPED: Record<string, string> = {
  lost: "its index is lost: see portico rebuild",
  closed: "it is being deleted",
  rebuilt: "its index was made anew: see portico fsck --repair",
};

export const sweep: Command = {
  name: "sweep",
  summary: "Removes what no object names any more, which otherwise happens by itself within two days.",
  flags: FLAGS,
  async run(args) {
    const { values } = parseFlags(args, FLAGS);
    const dry = values["dry-run"] === true;
    const swept = await sweepAll(adminClient(values, process.env), dry, values.bucket);
    console.log(values.json ? JSON.stringify({ buckets: swept }) : sweptText(swept, dry));
    return swept.some(({ skipped }) => skipped !== undefined) ? 1 : 0;
  },
};

async function sweepAll(
  client: AdminClient,
  dry: boolean,
  bucket: string | undefined,
): Promise<SweptWhole[]> {
  const whole = new Map<string, SweptWhole>();
  let cursor: string | undefined;
  do {
    const asks = { dry, ...(bucket !== undefined && { bucket }), ...(cursor !== undefined && { cursor }) };
    const answer = await client.call("sweep/step", asks);
    for (const step of answer.told) add(whole, step);
    cursor = answer.cursor;
  } while (cursor !== undefined);
  return [...whole.values()];
}

function add(whole: Map<string, SweptWhole>, step: SweptBucket): void {
  const none: Found = { count: 0, first: [] };
  const known = whole.get(step.bucket) ?? {
    bucket: step.bucket,
    removed: none,
    orphans: none,
    uploads: none,
  };
  const skipped = step.failed ? "failed" : step.skipped;
  whole.set(step.bucket, {
    ...known,
    removed: sum(known.removed, step.removed),
    orphans: sum(known.orphans, step.orphans),
    uploads: sum(known.uploads, step.uploads),
    ...(skipped && { skipped }),
  });
}

function sum(a: Found, b: Found = { count: 0, first: [] }): Found {
  const bytes =
    a.bytes === undefined && b.bytes === undefined ? {} : { bytes: (a.bytes ?? 0) + (b.bytes ?? 0) };
  return { count: a.count + b.count, first: [...a.first, ...b.first].slice(0, MAX_SHOWN), ...bytes };
}

/** A table of the buckets, behind it the first names of what goes. */
export function sweptText(swept: readonly SweptWhole[], dry: boolean): string {
  const head = dry
    ? ["BUCKET", "WOULD REMOVE", "ORPHANS", "UPLOADS TO CLEAR"]
    : ["BUCKET", "REMOVED", "ORPHANS", "UPLOADS CLEARED"];
  const rows = swept.map(({ bucket, removed, orphans, uploads, skipped }) =>
    skipped === undefined
      ? [bucket, amount(removed), amount(orphans), String(uploads.count)]
      : [bucket, `not swept: ${SKIPPED[skipped] ?? "it did not answer; see the server's log"}`],
  );
  const names = dry ? swept.flatMap(({ removed, orphans }) => [...removed.first, ...orphans.first]) : [];
  const first = names.length === 0 ? "" : `\n\n${names.map((name) => `  ${name}`).join("\n")}`;
  const orphaned = swept.some(({ orphans }) => orphans.count > 0);
  const note = orphaned ? "\n\nOrphans wait for another day before they are removed." : "";
  return `${columns([head, ...rows])}${first}${note}`;
}

/** `3 blobs, 1.5 MB`, as far as it is known. */
export function amount({ count, bytes }: Found): string {
  const blobs = many(count, "blob");
  return bytes === undefined || count === 0 ? blobs : `${blobs}, ${byteSize(bytes)}`;
}

/** `1 blob`, `3 blobs`. */
export function many(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** A number of bytes in the unit that fits. */
export function byteSize(bytes: number): string {
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return power === 0 ? `${bytes} bytes` : `${(bytes / 1000 ** power).toFixed(1)} ${units[power]}`;
}
