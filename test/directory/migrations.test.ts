import { readFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it } from "vitest";
import { accountNumber } from "../../src/facts/account.ts";

const migration = (name: string) =>
  readFileSync(path.resolve(import.meta.dirname, "../../migrations", name), "utf8");

it("accounts that were there before identities get the number that ARNs show", () => {
  const database = new DatabaseSync(":memory:");
  database.exec(migration("0001_directory.sql"));
  const ids = ["0", "1", "f", "a1", "9c"].map((digits) => digits.repeat(64).slice(0, 64));
  ids.push("a000000000000000000000000000000000000000000000000000000000000001");
  for (const id of ids) database.prepare("insert into account values (?, 'a', 'b', 1)").run(id);
  database.exec(migration("0002_identities.sql"));
  const rows = database.prepare("select id, number from account").all();
  expect(rows).toHaveLength(ids.length);
  for (const { id, number } of rows) expect(number).toBe(accountNumber(String(id)));
});
