import { existsSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { importsOf, neighboursOf, roomOf, sourcesOf } from "./sources.ts";

const SOURCES = sourcesOf("src");
const ROOT = path.resolve(import.meta.dirname, "../..");
const HOUSE = SOURCES.filter(({ name }) => roomOf(name) !== "cli");

/** From the ground up: a room may import from any floor below, never from a neighbour on its own. */
const FLOORS: readonly (readonly string[])[] = [
  ["facts"],
  ["wire", "directory", "index", "blobs"],
  ["world"],
  ["auth", "body", "jobs", "config"],
  ["operation"],
  ["router", "ops", "iam", "admit", "identify"],
  ["operations"],
  ["serve", "admin"],
  ["app", "bucket-index"],
  ["worker"],
];

const floorOf = (room: string) => FLOORS.findIndex((rooms) => rooms.includes(room));

/** Every import of one file of ours by another, by rooms. */
const EDGES = HOUSE.flatMap((source) =>
  neighboursOf(source).map((to) => ({
    from: source.name,
    to,
    rooms: [roomOf(source.name), roomOf(to)] as const,
  })),
).filter(({ rooms: [from, to] }) => from !== to);

/** `from -> to` for each import that is against a rule. */
function against(rule: (from: string, to: string) => boolean): string[] {
  return EDGES.filter(({ rooms: [from, to] }) => rule(from, to)).map(({ from, to }) => `${from} -> ${to}`);
}

describe("imports", () => {
  it("are seen at all", () => {
    expect(SOURCES.length).toBeGreaterThan(50);
    expect(EDGES.length).toBeGreaterThan(100);
    expect(EDGES).toContainEqual({ from: "src/serve.ts", to: "src/router.ts", rooms: ["serve", "router"] });
  });

  it("name files that are there, extension and all", () => {
    const missing = SOURCES.flatMap((source) =>
      neighboursOf(source)
        .filter((to) => !existsSync(path.join(ROOT, to)))
        .map((to) => `${source.name} -> ${to}`),
    );
    expect(missing).toEqual([]);
  });

  it("come from rooms that have their floor", () => {
    const homeless = new Set(HOUSE.map(({ name }) => roomOf(name)).filter((room) => floorOf(room) < 0));
    expect([...homeless]).toEqual([]);
  });

  it("go down only", () => {
    expect(against((from, to) => floorOf(to) >= floorOf(from))).toEqual([]);
  });

  it("of wire and of the three stores go to facts only", () => {
    const alone = ["wire", "directory", "index", "blobs"];
    expect(against((from, to) => alone.includes(from) && to !== "facts")).toEqual([]);
  });

  it("of the index's shell go to no operation and to nothing of HTTP", () => {
    const known = ["index", "facts", "jobs", "world", "config"];
    expect(against((from, to) => from === "bucket-index" && !known.includes(to))).toEqual([]);
  });

  it("of jobs go to the world, the directory and the blobs, never to an index, which says itself what they may do", () => {
    const known = ["world", "directory", "blobs", "facts"];
    expect(against((from, to) => from === "jobs" && !known.includes(to))).toEqual([]);
  });

  it("of the command line stay there, and nobody imports it", () => {
    const crossing = SOURCES.flatMap((source) =>
      neighboursOf(source)
        .filter((to) => (roomOf(source.name) === "cli") !== (roomOf(to) === "cli"))
        .map((to) => `${source.name} -> ${to}`),
    );
    expect(crossing).toEqual([]);
  });

  it("never come round to where they began", () => {
    const next = new Map(SOURCES.map((source) => [source.name, neighboursOf(source)]));
    expect(circles(next)).toEqual([]);
  });

  it("from packages are few in the Worker, and each in one place", () => {
    const packages = HOUSE.flatMap((source) =>
      importsOf(source)
        .filter((target) => !target.startsWith(".") && !target.startsWith("node:"))
        .map((target) => `${source.name} -> ${target}`),
    );
    expect(packages.toSorted()).toEqual([
      "src/app.ts -> hono",
      "src/bucket-index.ts -> cloudflare:workers",
      "src/wire/xml.ts -> fast-xml-parser",
    ]);
  });

  it("of Node in facts there are none", () => {
    const fromNode = HOUSE.filter(({ name }) => roomOf(name) === "facts").flatMap((source) =>
      importsOf(source).filter((target) => !target.startsWith(".")),
    );
    expect(fromNode).toEqual([]);
  });
});

/** Each file that can be come back to, with the way round. */
function circles(next: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (name: string, way: readonly string[]): void => {
    const at = way.indexOf(name);
    if (at >= 0) found.push([...way.slice(at), name].join(" -> "));
    if (at >= 0 || done.has(name)) return;
    for (const to of next.get(name) ?? []) visit(to, [...way, name]);
    done.add(name);
  };
  for (const name of next.keys()) visit(name, []);
  return found;
}

describe("errors", () => {
  it("of S3 are declared in one file", () => {
    const declaring = SOURCES.filter(({ code }) => /class S3Error\b|extends S3Error\b/.test(code));
    expect(declaring.map(({ name }) => name)).toEqual(["src/wire/error.ts"]);
  });

  it("of S3 are unknown to facts and to the three stores", () => {
    const knowing = SOURCES.filter(
      ({ name, code }) =>
        ["facts", "directory", "index", "blobs"].includes(roomOf(name)) && /S3Error/.test(code),
    );
    expect(knowing.map(({ name }) => name)).toEqual([]);
  });

  it("NoSuchBucket is thrown in one place", () => {
    const throwing = HOUSE.filter(({ code }) => /S3Error\(\s*"NoSuchBucket"/.test(code));
    expect(throwing.map(({ name }) => name)).toEqual(["src/auth/authorize.ts"]);
  });

  it("are caught by serve() and by the admin route, not on the way to them", () => {
    const catching = HOUSE.filter(
      ({ name, code }) =>
        ["serve", "admin", "app", "operation", "operations", "router", "ops"].includes(roomOf(name)) &&
        /(?<!\.)\bcatch\b/.test(code),
    );
    expect(catching.map(({ name }) => name)).toEqual(["src/admin.ts", "src/serve.ts"]);
  });
});

describe("files", () => {
  const all = [...SOURCES, ...sourcesOf("test")];

  it("export by name; the Worker's entry and a module of WebAssembly export a default, since they must", () => {
    const defaults = all.filter(({ code }) => /^\s*export default\b|\bas default\b/m.test(code));
    expect(defaults.map(({ name }) => name).filter((name) => name.startsWith("src/"))).toEqual([
      "src/body/hashes.d.wasm.ts",
      "src/worker.ts",
    ]);
  });

  it("pass nothing on wholesale", () => {
    expect(all.filter(({ code }) => /^\s*export \*/m.test(code)).map(({ name }) => name)).toEqual([]);
  });

  it("are named for what they know", () => {
    const nameless = all.filter(({ name }) => /\/(utils?|helpers?|misc|common|index)\.ts$/.test(name));
    expect(nameless.map(({ name }) => name)).toEqual([]);
  });

  it("have at most 400 lines", () => {
    const long = all
      .map(({ name, text }) => [name, text.split("\n").length - 1] as const)
      .filter(([, lines]) => lines > 400);
    expect(long).toEqual([]);
  });

  it("open with a sentence that says what they know", () => {
    expect(SOURCES.filter(({ text }) => !/^\/\/ [^\n]{20,}/.test(text)).map(({ name }) => name)).toEqual([]);
  });
});
