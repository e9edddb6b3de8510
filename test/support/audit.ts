// Holds what a bucket's stores contain against the promises that they make to each other.

import assert from "node:assert/strict";
import type { TestServer } from "./test-server.ts";
import type { Order } from "./worker.ts";

/** What is kept of a bucket, in all three stores. */
export interface Holdings {
  /** Blobs that versions name. */
  named: string[];
  litter: string[];
  /** Blobs of uploads in progress. */
  parts: string[];
  /** Blobs that are in R2 and that nothing else knows: what the sweep is for. */
  orphans: string[];
}

interface VersionRow {
  body: string;
  pages: string | null;
  size: number;
  sequence: number;
  /** Length of the bytes in the row. */
  data: number | null;
}

/**
 * Reads all that is kept of the bucket with this id, and expects of it: the counters tell how much there is; nothing
 * that a version names is litter, or missing in R2; the bytes that lie in the index are those of its versions.
 */
export async function audit(server: TestServer, index: string): Promise<Holdings> {
  const sql = (text: string): Order => ({ do: "sql", index, text });
  const versionsIn = (table: string) =>
    sql(`select body, pages, size, sequence, length(data) as data from ${table}`);
  const [current, older, small, lists, litterRows, counted, stored, parts] = await server.order<
    [
      VersionRow[],
      VersionRow[],
      { sequence: number; size: number }[],
      { body: string; list: string }[],
      { name: string; paged: number }[],
      { objects: number; bytes: number }[],
      string[],
      { blob: string }[],
    ]
  >({
    do: "several",
    orders: [
      versionsIn("current"),
      versionsIn("older"),
      sql("select sequence, length(data) as size from small order by sequence"),
      sql("select body, list from extents"),
      sql("select name, paged from litter"),
      sql("select objects, bytes from tail order by segment desc limit 1"),
      { do: "blobs", prefix: `${index}/` },
      {
        do: "d1",
        text: "select blob from part where blob <> '' and upload in (select id from upload where bucket = ?)",
        bindings: [index],
      },
    ],
  });
  const rows = [...current, ...older];
  const blobsOf = (body: string, paged: boolean): string[] => {
    if (!paged) return body === "" ? [] : [body];
    return (
      lists
        .filter((page) => page.body === body)
        .flatMap(({ list }) => (JSON.parse(list) as [number, string, number][]).map(([, blob]) => blob))
        // A part without bytes has nothing in R2.
        .filter((blob) => blob !== "")
    );
  };
  const litter = litterRows.flatMap(({ name, paged }) => blobsOf(name, paged === 1));
  const named = [...new Set(rows.flatMap(({ body, pages }) => blobsOf(body, pages !== null)))];

  const none: string[] = [];
  assert.deepEqual(
    named.filter((blob) => litter.includes(blob)),
    none,
    "litter that a version names",
  );
  assert.deepEqual(
    named.filter((blob) => !stored.includes(blob)),
    none,
    "named, and not in R2",
  );
  assert.deepEqual(litter, [...new Set(litter)], "litter twice");
  const apart = rows.filter(({ body, size, data }) => body === "" && size > 0 && data === null);
  assert.deepEqual(
    small,
    apart.map(({ sequence, size }) => ({ sequence, size })).sort((a, b) => a.sequence - b.sequence),
    "bytes that lie apart",
  );
  const held = { objects: current.length, bytes: rows.reduce((sum, { size }) => sum + size, 0) };
  assert.deepEqual({ objects: 0, bytes: 0, ...counted[0] }, held, "what the counters say");
  const inProgress = parts.map(({ blob }) => blob);
  const known = new Set([...named, ...litter, ...inProgress]);
  return { named, litter, parts: inProgress, orphans: stored.filter((blob) => !known.has(blob)) };
}
