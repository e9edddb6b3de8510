// From a request to its row of the table: the row that demands most wins, and the order of rows never matters.

import type { Operation, Route } from "./operation.ts";
import type { Address } from "./wire/address.ts";
import { S3Error } from "./wire/error.ts";
import { SUBRESOURCES } from "./wire/subresources.ts";

/** An operation that S3 has and Portico has not built: known, so that nothing plainer is taken for it. */
export interface Absent {
  name: string;
  route: Route;
  header?: string | undefined;
}

export type Row = Operation | Absent;

type Level = "service" | "bucket" | "object";

interface Demand {
  row: Row;
  method: string;
  level: Level;
  /** Parameters that must be there; a value that is not undefined must be that one. */
  query: { name: string; value: string | undefined }[];
}

export function demandOf(row: Row): Demand {
  const [method = "", target = ""] = row.route.split(" ");
  const [path = "", wanted = ""] = target.split("?");
  const level = path === "/{Bucket}/{Key}" ? "object" : path === "/{Bucket}" ? "bucket" : "service";
  const query = wanted.split("&").flatMap((pair) => {
    const [name = "", value = ""] = pair.split("=");
    if (name === "") return [];
    return [{ name, value: value === "" || value.startsWith("{") ? undefined : value }];
  });
  return { row, method, level, query };
}

function weight({ query, row }: Demand): number {
  return query.length * 2 + (row.header === undefined ? 0 : 1);
}

/** Finds the row for each request; made once from the table. */
export function makeRouter(table: readonly Row[]): (address: Address) => Operation {
  const demands = table.map(demandOf).sort((a, b) => weight(b) - weight(a) || built(b.row) - built(a.row));
  const at = (level: Level) => demands.filter((demand) => demand.level === level);
  const levels = { service: at("service"), bucket: at("bucket"), object: at("object") };
  return (address) => {
    const level: Level =
      address.key !== undefined ? "object" : address.bucket !== undefined ? "bucket" : "service";
    const asked = address.query.entries.map(([name]) => name).filter((name) => SUBRESOURCES.has(name));
    const here = levels[level];
    const found = here.find(
      (demand) => demand.method === address.method && isMet(demand, address) && covers(demand, asked),
    );
    if (found === undefined) throw refusal(here, address, level, asked);
    if (!("respond" in found.row)) throw notImplemented(found.row);
    return found.row;
  };
}

function built(row: Row): number {
  return "respond" in row ? 1 : 0;
}

function isMet({ query, row }: Demand, address: Address): boolean {
  if (row.header !== undefined && !address.headers.has(row.header)) return false;
  return query.every(({ name, value }) =>
    value === undefined ? address.query.has(name) : address.query.get(name) === value,
  );
}

function covers({ query }: Demand, asked: readonly string[]): boolean {
  return asked.every((name) => query.some((demanded) => demanded.name === name));
}

/** Why nothing fits: a subresource with another method is 405, one that nothing here knows 501, half of one is 400. */
function refusal(here: readonly Demand[], address: Address, level: Level, asked: readonly string[]): S3Error {
  const known = here.filter((demand) => covers(demand, asked));
  if (asked.length > 0 && known.some(({ method }) => method === address.method)) {
    const missing = known.flatMap(({ query }) => query).find(({ name }) => !address.query.has(name));
    return new S3Error("InvalidRequest", {
      message: `Missing required parameter for this request: ${missing?.name ?? asked.join(", ")}`,
    });
  }
  if (known.length > 0 || asked.length === 0) {
    const plain = asked.length === 0 ? known.filter(({ query }) => query.length === 0) : known;
    return new S3Error("MethodNotAllowed", {
      elements: { Method: address.method, ResourceType: (asked[0] ?? level).toUpperCase() },
      headers: { allow: [...new Set(plain.map(({ method }) => method))].join(", ") },
    });
  }
  return notImplemented({ name: `${address.method} with ${asked.join(" and ")}` });
}

function notImplemented({ name }: Pick<Absent, "name">): S3Error {
  return new S3Error("NotImplemented", { message: `${name} is not implemented.` });
}
