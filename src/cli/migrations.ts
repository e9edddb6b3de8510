// How the directory's schema reaches a local D1: each file of migrations/ once, in name order, recorded as wrangler does.

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { D1Database } from "@cloudflare/workers-types";

const RECORDS = `CREATE TABLE IF NOT EXISTS d1_migrations(
		id         INTEGER PRIMARY KEY AUTOINCREMENT,
		name       TEXT UNIQUE,
		applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`;

/** Applies what is not yet recorded; a file and its record are one transaction. Returns the names applied. */
export async function applyMigrations(database: D1Database, folder: string): Promise<string[]> {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith(".sql"))
    .sort();
  await database.prepare(RECORDS).run();
  const { results } = await database.prepare("SELECT name FROM d1_migrations").all<{ name: string }>();
  const done = new Set(results.map((row) => row.name));
  const pending = names.filter((name) => !done.has(name));
  for (const name of pending) {
    const statements = splitStatements(readFileSync(path.join(folder, name), "utf8"));
    const record = database.prepare("INSERT INTO d1_migrations (name) VALUES (?)").bind(name);
    await database.batch([...statements.map((sql) => database.prepare(sql)), record]);
  }
  return pending;
}

// One alternative for each thing in which a semicolon or a keyword means nothing: comments, strings, quoted names.
const TOKEN =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|[A-Za-z_]\w*|\S/g;

/**
 * The statements of an SQL script, each with its comments. A trigger's body holds semicolons of its own: inside it a
 * statement ends only after the END that closes its BEGIN, and CASE … END pairs in between are counted.
 */
export function splitStatements(script: string): string[] {
  const statements: string[] = [];
  let start = 0;
  let words: string[] = [];
  let depth = 0;
  for (const { 0: token, index } of script.matchAll(TOKEN)) {
    if (token.startsWith("--") || token.startsWith("/*")) continue;
    if (token === ";" && depth === 0) {
      if (words.length > 0) statements.push(script.slice(start, index).trim());
      start = index + 1;
      words = [];
      continue;
    }
    const word = token.toUpperCase();
    words.push(word);
    if (!isTrigger(words)) continue;
    if (word === "BEGIN" || word === "CASE") depth += 1;
    else if (word === "END") depth -= 1;
  }
  if (words.length > 0) statements.push(script.slice(start).trim());
  return statements;
}

function isTrigger([create, second, third]: string[]): boolean {
  return create === "CREATE" && (second === "TRIGGER" || (/^TEMP/.test(second ?? "") && third === "TRIGGER"));
}
