// How a bucket's lost index is made anew from R2 alone, a bounded step at a time: its journal is read to it, then what
// the metadata of younger blobs say.

import { readBirth } from "../blobs/birth.ts";
import type { YoungBlob } from "../facts/birth.ts";
import { GRACE_MS, placeOfBirth } from "../facts/blob-name.ts";
import { type JournalHeader, journalName, journalPrefix, planReplay, readHeader } from "../facts/journal.ts";
import type { RememberedBucket } from "../facts/outage.ts";
import type { IndexClient, World } from "../world.ts";

/** Lines, and their characters, that one call brings to the index. */
const LINES_A_CALL = 1000;
const CHARACTERS_A_CALL = 4 * 1024 * 1024;

/** How often the index goes on by itself in one step. */
const CALLS_A_STEP = 10;

/** How often a rebuild of an index that is in place begins, while clients go on writing to it. */
const TRIES = 20;

/** Blobs whose metadata one step reads. */
const BLOBS_A_STEP = 1000;

type Answer = Awaited<ReturnType<IndexClient["rebuild"]>>;
type Progress = Exclude<Answer, { refused: string }>;

/**
 * Begins to rebuild the index of a bucket, or goes on where an earlier rebuild broke off. An index that is in place is
 * refused; `force` begins anew, whatever is there.
 */
export async function beginRebuild(world: World, bucket: RememberedBucket, force: boolean): Promise<Answer> {
  const index = world.index(bucket);
  const { id, generation } = bucket;
  for (let tries = 1; ; tries++) {
    // An index that is in place may know what R2 has not heard of.
    const { next } = force ? await index.tell() : { next: undefined };
    const headers = await journalHeaders(world, id);
    if ("refused" in headers) return headers;
    const plan = planReplay(headers.found);
    const answer = await index.rebuild({ step: "begin", bucket: id, generation, plan, force, next });
    if (!("untold" in answer) || tries === TRIES) return answer;
  }
}

/** Does the next step of a rebuild that has begun. */
export async function goOnRebuilding(world: World, bucket: RememberedBucket): Promise<Answer> {
  const index = world.index(bucket);
  let answer = await index.rebuild({ step: "go on" });
  for (let calls = 1; calls < CALLS_A_STEP; calls++) {
    if ("refused" in answer || answer.stage === "done") return answer;
    if (answer.stage === "replay") return readJournal(world, bucket, answer);
    if (answer.stage === "restore") return readBlobs(world, bucket, answer);
    answer = await index.rebuild({ step: "go on" });
  }
  return answer;
}

/** The headers of all of a bucket's journal, as R2's metadata repeat them. */
async function journalHeaders(
  { blobs }: World,
  bucket: string,
): Promise<{ found: JournalHeader[] } | { refused: string }> {
  const found: JournalHeader[] = [];
  let cursor: string | undefined;
  do {
    const page: R2Objects = await blobs.list({
      prefix: journalPrefix(bucket),
      include: ["customMetadata"],
      ...(cursor !== undefined && { cursor }),
    });
    for (const { key, customMetadata } of page.objects) {
      const header = readHeader(customMetadata?.header ?? "");
      if ("unreadable" in header) return { refused: `Object ${key} cannot be read: ${header.unreadable}.` };
      found.push(header);
    }
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
  return { found };
}

/** Reads to the index what it has not heard yet of the object whose turn it is. */
async function readJournal(world: World, bucket: RememberedBucket, progress: Progress): Promise<Answer> {
  const { number } = progress;
  const name = journalName(bucket.id, number);
  const object = number > progress.plan.until ? null : await world.blobs.get(name);
  const index = world.index(bucket);
  if (object === null) {
    return index.rebuild({ step: "replay", number, line: progress.line, lines: [], at: 0, last: true });
  }
  const lines = (await object.text()).split("\n");
  const header = readHeader(lines[0] ?? "");
  if ("unreadable" in header) return { refused: `Object ${name} cannot be read: ${header.unreadable}.` };
  if (header.bucket !== bucket.id || header.number !== number) {
    return { refused: `Object ${name} says that it is number ${header.number} of ${header.bucket}.` };
  }
  if (lines.pop() !== "") return { refused: `Object ${name} breaks off.` };
  const { at } = header;
  let answer: Answer = progress;
  for (let line = progress.line; ; ) {
    const some = portion(lines, line);
    const last = line + some.length >= lines.length;
    answer = await index.rebuild({ step: "replay", number, line, lines: some, at, last });
    line += some.length;
    if (last || "refused" in answer || answer.number !== number || answer.line !== line) return answer;
  }
}

/** Some lines from `from` on, at least one if there are any. */
function portion(lines: readonly string[], from: number): string[] {
  const some: string[] = [];
  let characters = 0;
  for (const line of lines.slice(from, from + LINES_A_CALL)) {
    characters += line.length;
    if (some.length > 0 && characters > CHARACTERS_A_CALL) break;
    some.push(line);
  }
  return some;
}

/** Shows the index the next blobs that are whole objects and may be younger than its journal. */
async function readBlobs(world: World, bucket: RememberedBucket, progress: Progress): Promise<Answer> {
  const { cursor: from, since } = progress;
  const page = await world.blobs.list({
    prefix: `${bucket.id}/`,
    // A blob is born before it is uploaded, by no more than a commit would take.
    startAfter: from || placeOfBirth(bucket.id, since - GRACE_MS),
    limit: BLOBS_A_STEP,
    include: ["customMetadata"],
  });
  const blobs = page.objects.flatMap(({ key, size, etag, uploaded, customMetadata }): YoungBlob[] => {
    const birth = readBirth(customMetadata);
    const at = uploaded.getTime();
    return birth === undefined || at < since ? [] : [{ blob: key, size, etag, uploaded: at, birth }];
  });
  const behind = page.objects.at(-1)?.key ?? from;
  const last = !page.truncated || behind === from;
  return world.index(bucket).rebuild({ step: "restore", blobs, from, behind, last });
}
