// An index over Node's own SQLite whose journal goes into a map instead of R2, and indexes made anew from that map.

import type { YoungBlob } from "../../src/facts/birth.ts";
import { type JournalHeader, journalName, planReplay, readHeader } from "../../src/facts/journal.ts";
import {
  type Drawn,
  drawJournal,
  type JournalLimits,
  journalWritten,
  spentGone,
  spentJournal,
} from "../../src/index/journal.ts";
import { openBucket, openIndex } from "../../src/index/open.ts";
import type { RebuildAnswer, RebuildProgress } from "../../src/index/protocol.ts";
import { rebuildIndex } from "../../src/index/rebuild.ts";
import type { Index } from "../../src/index/tables.ts";
import { sqliteStorage } from "./sqlite-storage.ts";

export const BUCKET = "bucket-id";

const VERSIONS = `select key, sequence, nonce, marker, size, etag, modified, owner, body, pages, description, tags, lock,
  grants, coalesce(data, (select small.data from small where small.sequence = version.sequence)) as data`;

/**
 * What a rebuild must bring back, table by table; of the tail, what it counts. Bodies that are litter need no pages, and a
 * version that was marked since it was made may have its bytes in the other of both places.
 */
const TABLES = {
  current: `${VERSIONS} from current as version order by key`,
  older: `${VERSIONS} from older as version order by key, sequence`,
  stray: `select sequence from small where sequence not in (
    select sequence from current where data is null union all select sequence from older where data is null
  )`,
  extents: "select * from extents where body not in (select name from litter) order by body, page",
  ended: "select * from ended order by upload",
  holders: "select * from holders order by body",
};

export type Tables = Record<keyof typeof TABLES | "counters", unknown>;

export function tablesOf({ sql, tail: { sequence, objects, bytes } }: Index): Tables {
  const entries = Object.entries(TABLES).map(([name, text]) => [name, sql.exec(text).toArray()]);
  return structuredClone({ ...Object.fromEntries(entries), counters: { sequence, objects, bytes } });
}

export class Journaled {
  readonly storage = sqliteStorage().storage;
  readonly objects = new Map<string, string>();
  /** Blobs that are whole objects, as R2 would list them: none goes. */
  readonly blobs: YoungBlob[] = [];
  readonly limits: JournalLimits | undefined;
  now = 1_000_000;
  index: Index;

  constructor(limits?: JournalLimits, bucket: string | null = BUCKET) {
    this.limits = limits;
    this.index = openIndex(this.storage, () => this.now);
    openBucket(this.index, bucket ?? undefined);
  }

  /** The object ends and wakes: what is in memory goes. */
  restart(): void {
    this.index = openIndex(this.storage, () => this.now);
  }

  /** Writes the next object; undefined: there is none. `lost`: R2 has it, but the index never hears. */
  shipOne(lost = false): Drawn | undefined {
    const drawn = drawJournal(this.index, this.limits);
    if (drawn === undefined) return undefined;
    const ours = !this.objects.has(drawn.name);
    if (ours) this.objects.set(drawn.name, drawn.text);
    if (!lost) journalWritten(this.index, drawn, ours);
    this.clear();
    return drawn;
  }

  /** Writes all there is, and gives how many objects that took. */
  ship(): number {
    for (let count = 0; ; count++) {
      if (count > 10_000) throw new Error("the journal does not end");
      if (this.shipOne() === undefined) return count;
    }
  }

  clear(): void {
    const spent = spentJournal(this.index);
    if (spent === undefined) return;
    for (const name of this.objects.keys()) if (name < spent.before) this.objects.delete(name);
    spentGone(this.index);
  }

  headers(): JournalHeader[] {
    return [...this.objects.values()].map((text) => {
      const header = readHeader(text.slice(0, text.indexOf("\n")));
      if ("unreadable" in header) throw new Error(header.unreadable);
      return header;
    });
  }

  /** A new index, made of the journal; `lines`: how many are given to it at a time. */
  rebuilt(lines = 7): Index {
    return rebuiltFrom(this, lines);
  }
}

function rebuiltFrom(journaled: Journaled, lines: number): Index {
  const { objects, now } = journaled;
  const headers = journaled.headers();
  const index = openIndex(sqliteStorage().storage, () => now);
  const plan = planReplay(headers);
  let at = progress(
    rebuildIndex(index, { step: "begin", bucket: BUCKET, generation: 3, plan, force: false }),
  );
  while (at.stage !== "done") {
    if (at.stage === "replay") {
      const { number, line } = at;
      const text = objects.get(journalName(BUCKET, number));
      const all = text === undefined ? [] : text.split("\n").slice(0, -1);
      const header = headers.find((each) => each.number === number);
      const some = all.slice(line, line + lines);
      const last = line + some.length >= all.length;
      at = progress(
        rebuildIndex(index, { step: "replay", number, line, lines: some, at: header?.at ?? 0, last }),
      );
    } else if (at.stage === "restore") {
      const { since } = at;
      const blobs = journaled.blobs.filter(({ uploaded }) => uploaded >= since);
      at = progress(rebuildIndex(index, { step: "restore", blobs, from: at.cursor, behind: "", last: true }));
    } else at = progress(rebuildIndex(index, { step: "go on" }));
  }
  return index;
}

export function progress(answer: RebuildAnswer): RebuildProgress {
  if ("refused" in answer) throw new Error(answer.refused);
  return answer;
}
