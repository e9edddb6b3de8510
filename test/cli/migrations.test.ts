import { describe, expect, it } from "vitest";
import { splitStatements } from "../../src/cli/migrations.ts";

describe("an SQL script", () => {
  it("is split at semicolons, each statement with its comments", () => {
    expect(splitStatements("-- why; so\nCREATE TABLE a (b);\n\nINSERT INTO a VALUES (1);")).toEqual([
      "-- why; so\nCREATE TABLE a (b)",
      "INSERT INTO a VALUES (1)",
    ]);
  });

  it("may hold semicolons in strings, quoted names and comments", () => {
    const statements = [
      "INSERT INTO a VALUES ('it''s; fine')",
      'CREATE TABLE "x;y" ([a;b], `c;d`)',
      "SELECT 1 /* a; 'b */",
      "SELECT 2 -- it's; fine",
    ];
    expect(splitStatements(`${statements.join(";\n")}\n;`)).toEqual(statements.map((text) => text.trim()));
  });

  it("keeps a trigger whole, with CASE and nested ends in its body", () => {
    const trigger = `CREATE TRIGGER t BEFORE UPDATE ON a BEGIN
      SELECT CASE WHEN new.b = 'END;' THEN RAISE(ABORT, 'no; never') END;
      UPDATE a SET b = CASE b WHEN 1 THEN CASE WHEN 2 THEN 3 END ELSE 4 END;
    END`;
    const temporary = "create temp trigger if not exists u after insert on a begin select 1; end";
    expect(splitStatements(`${trigger};\n${temporary};SELECT 1`)).toEqual([trigger, temporary, "SELECT 1"]);
  });

  it("needs no final semicolon and may be empty", () => {
    expect(splitStatements("SELECT 1")).toEqual(["SELECT 1"]);
    expect(splitStatements(" ;;\n-- nothing\n")).toEqual([]);
  });

  it("counts END only inside a trigger", () => {
    expect(splitStatements("SELECT CASE WHEN 1 THEN 2 END; SELECT 3;")).toEqual([
      "SELECT CASE WHEN 1 THEN 2 END",
      "SELECT 3",
    ]);
  });
});
