// Random histories of one bucket's index, as fast-check makes them up: commits of every kind, and what befalls a journal.

import fc from "fast-check";
import { commitPut, commitRemove } from "../../src/index/commit.ts";
import { commitMark } from "../../src/index/mark.ts";
import type { NewBody, PutRequest } from "../../src/index/protocol.ts";
import { commitRename } from "../../src/index/rename.ts";
import { commitForbid } from "../../src/index/uploads.ts";
import { versionAt, versionIdOf } from "../../src/index/version.ts";
import type { Journaled } from "./journaled.ts";

/** One event; numbers pick keys, versions and bodies of those there are. */
export type Event =
  | { do: "put"; key: number; body: "empty" | "data" | "blob" | "extents" | "share"; from: number }
  | { do: "complete"; key: number; parts: number }
  | { do: "forbid" }
  | { do: "remove"; key: number; version: number | undefined }
  | { do: "mark"; key: number; version: number | undefined; what: "tags" | "hold" | "grants" }
  | { do: "rename"; key: number; to: number }
  | { do: "version"; how: "enabled" | "suspended" }
  | { do: "ship" | "ship one" | "ship, unheard" | "restart" };

const KEYS = ["a", "a/b", "é", "\u{10000}", "\u{e000}", "line\nend", "z".repeat(200)];
const key = fc.nat(KEYS.length - 1);
const version = fc.option(fc.nat(5), { nil: undefined });

export const events: fc.Arbitrary<Event[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant("put" as const),
        key,
        body: fc.constantFrom("empty", "data", "blob", "extents", "share"),
        from: key,
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("complete" as const), key, parts: fc.nat(600) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("forbid" as const) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant("remove" as const), key, version }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant("mark" as const),
        key,
        version,
        what: fc.constantFrom("tags", "hold", "grants"),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("rename" as const), key, to: key }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant("version" as const),
        how: fc.constantFrom("enabled", "suspended"),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constantFrom("ship", "ship one", "ship, unheard", "restart") }),
    },
  ),
  { maxLength: 60, size: "max" },
) as fc.Arbitrary<Event[]>;

/** Lets events befall an index, in order. */
export class History {
  readonly #journaled: Journaled;
  #versioning: PutRequest["versioning"] = "off";
  #count = 0;

  constructor(journaled: Journaled) {
    this.#journaled = journaled;
  }

  play(event: Event): void {
    this.#count += 1;
    const { index } = this.#journaled;
    this.#journaled.now += 1000;
    switch (event.do) {
      case "put":
        this.put(keyOf(event.key), this.#bodyOf(event.body, event.from));
        return;
      case "complete": {
        const id = `upload-${this.#count}`;
        const body = { kind: "extents", name: id, extents: partsOf(id, event.parts + 1) } as const;
        this.put(keyOf(event.key), body, { upload: { id, unchosen: [`${id}-unchosen`] } });
        return;
      }
      case "forbid":
        commitForbid(index, this.#who, { upload: `upload-${this.#count}`, key: "a", blobs: [] });
        return;
      case "remove": {
        const entries = [{ key: keyOf(event.key), versionId: this.#versionId(event.key, event.version) }];
        const versioning = this.#versioning;
        commitRemove(index, this.#who, { entries, versioning, owner: "remover", bypass: false });
        return;
      }
      case "mark":
        commitMark(index, this.#who, {
          key: keyOf(event.key),
          versionId: this.#versionId(event.key, event.version),
          ...markOf(event.what, this.#count),
        });
        return;
      case "rename": {
        if (this.#versioning !== "off") return;
        const [from, to] = [keyOf(event.key), keyOf(event.to)];
        commitRename(index, this.#who, { from, to, sourceConditions: {}, conditions: {} });
        return;
      }
      case "version":
        this.#versioning = event.how;
        return;
      case "ship":
        this.#journaled.ship();
        return;
      case "ship one":
      case "ship, unheard":
        this.#journaled.shipOne(event.do === "ship, unheard");
        return;
      case "restart":
        this.#journaled.restart();
    }
  }

  get #who() {
    return { generation: 0, operationId: crypto.randomUUID() };
  }

  put(key: string, body: NewBody, more: Pick<PutRequest, "upload"> = {}): void {
    const description = { headers: { "content-type": "text/plain" }, metadata: { n: String(this.#count) } };
    const draft = { key, etag: `etag-${this.#count}`, size: this.#sizeOf(body), owner: "owner", description };
    const versioning = this.#versioning;
    const { index, now, blobs } = this.#journaled;
    const answer = commitPut(index, this.#who, { draft, body, versioning, ...more });
    // The blob of a write that was refused lately may come back: that is no promise to be held.
    if (body.kind !== "blob" || "refused" in answer) return;
    const birth = { ...draft, versioning };
    blobs.push({ blob: body.blob, size: draft.size, etag: draft.etag, uploaded: now - 1, birth });
  }

  #bodyOf(kind: "empty" | "data" | "blob" | "extents" | "share", from: number): NewBody {
    const name = `body-${this.#count}`;
    switch (kind) {
      case "empty":
        return { kind };
      case "data":
        return {
          kind,
          data: new TextEncoder().encode(`data ${this.#count} \n ü`.repeat(1 + ((this.#count * 7) % 90)))
            .buffer as ArrayBuffer,
        };
      case "blob":
        return { kind, blob: name };
      case "extents":
        return { kind, name, extents: partsOf(name, 3) };
      case "share": {
        const source = this.#versions(from)[0];
        return source === undefined
          ? { kind: "empty" }
          : { kind, key: keyOf(from), sequence: source.sequence };
      }
    }
  }

  /** What an index has the bytes of is as long as they are; of what R2 has it must not matter. */
  #sizeOf(body: NewBody): number {
    if (body.kind === "empty") return 0;
    if (body.kind === "data") return body.data.byteLength;
    if (body.kind !== "share") return this.#count;
    return versionAt(this.#journaled.index, body.key, body.sequence)?.size ?? 0;
  }

  /** The id of one of a key's versions, if there is any; the null version's else. */
  #versionId(at: number, version: number | undefined): string | undefined {
    if (version === undefined) return undefined;
    const found = this.#versions(at);
    const row = found[version % Math.max(found.length, 1)];
    return row === undefined ? "null" : versionIdOf(row);
  }

  #versions(at: number): { sequence: number; nonce: string }[] {
    const statement = `select sequence, nonce from current where key = ?1
      union all select sequence, nonce from older where key = ?1 and marker = 0 order by sequence desc`;
    return this.#journaled.index.sql
      .exec<{ sequence: number; nonce: string }>(statement, keyOf(at))
      .toArray();
  }
}

function keyOf(at: number): string {
  return KEYS[at] ?? "a";
}

function partsOf(name: string, count: number) {
  return Array.from({ length: count }, (_, at) => ({ number: at + 1, blob: `${name}-${at}`, size: at }));
}

function markOf(what: "tags" | "hold" | "grants", count: number) {
  if (what === "tags") return { tags: count % 3 === 0 ? null : [["tag", String(count)] as [string, string]] };
  if (what === "hold") return { hold: count % 2 === 0 };
  return { grants: [] };
}
