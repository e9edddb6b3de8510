// What can be seen of a bucket, in a form that two runs of the same story have in common: no ids, no times.

import type { TestServer } from "./test-server.ts";
import type { Order } from "./worker.ts";

/** `objects`: what its index shows. `rest`: its settings, and its uploads with their parts. */
export interface Seen {
  objects: string;
  rest: string;
}

type Row = Record<string, unknown>;

const VERSIONS = `select key, nonce = '' as is_null, marker, size, etag, owner, description, tags, lock, grants,
  length(data) as data, pages is not null as paged`;

/** The bucket with this id. A closed index shows nothing, whatever its row in the directory still says. */
export async function visible(server: TestServer, name: string, index: string): Promise<Seen> {
  const sql = (text: string): Order => ({ do: "sql", index, text });
  const d1 = (text: string): Order => ({ do: "d1", text, bindings: [index] });
  const [state, current, older, buckets, uploads, parts] = await server.order<Row[][]>({
    do: "several",
    orders: [
      sql("select phase from state"),
      sql(`${VERSIONS} from current order by key`),
      sql(`${VERSIONS} from older order by key, sequence desc`),
      d1("select settings from bucket where id = ?"),
      d1("select key, promise from upload where bucket = ? order by key, id"),
      d1(
        "select upload.key, number, size, part.etag from part join upload on upload.id = part.upload where bucket = ? order by key, number, turn",
      ),
    ],
  });
  const isOpen = state?.[0]?.phase === "open" && buckets?.length === 1;
  return {
    objects: plain(isOpen ? [current, older] : "none", name),
    rest: plain(isOpen ? [buckets, uploads, parts] : "no bucket", name),
  };
}

function plain(value: unknown, name: string): string {
  return JSON.stringify(value).replaceAll(name, "BUCKET");
}
