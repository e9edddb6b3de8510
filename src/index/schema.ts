// The index's tables, and how an older index is brought forward when its object wakes.

/** What `current` and `older` have in common: all of it, so that a version moves from one to the other as it is. */
const VERSION_COLUMNS = `key text not null, sequence integer not null, nonce text not null, marker integer not null,
  size integer not null, etag text not null, modified integer not null, owner text not null, body text not null,
  pages text, description text not null, tags text, lock text`;

/** One list of statements a schema version, in order; never edited once released, only added to. */
const STEPS: readonly (readonly string[])[] = [
  [
    // Whether the bucket is open, and the newest generation of its settings that was heard of.
    "create table state (one integer primary key check (one = 1), phase text not null, generation integer not null) strict",
    // The live version of each key; a key whose latest version is a delete marker has none. `nonce` '' is the null
    // version. `body`: '' empty, a blob, or (with `pages`) the name of a list in `extents`. `pages`: JSON
    // [[page, first byte], …]. `description`, `tags`, `lock`: JSON.
    `create table current (${VERSION_COLUMNS}, primary key (key)) strict, without rowid`,
    // Every other version, and every delete marker. Listings want the newest of a key first.
    `create table older (${VERSION_COLUMNS}, primary key (key, sequence desc)) strict, without rowid`,
    "create index older_null on older (key) where nonce = ''",
    "create table extents (body text not null, page integer not null, list text not null, primary key (body, page)) strict, without rowid",
    // Bodies that more than one version names.
    "create table holders (body text primary key, count integer not null) strict, without rowid",
    // What no row names: blobs, and with `paged` whole lists in `extents`.
    "create table litter (name text primary key, since integer not null, paged integer not null) strict, without rowid",
    // Uploads that ended here: the commit's answer, or null if forbidden.
    "create table ended (upload text primary key, key text not null, at integer not null, answer text) strict, without rowid",
    // Counters and the records of recent commits, in segments of about a page; a commit writes the last one only.
    `create table tail (segment integer primary key, sequence integer not null, objects integer not null,
      bytes integer not null, records text not null) strict`,
  ],
  // An object's ACL, JSON; null: its owner's alone.
  ["alter table current add column grants text", "alter table older add column grants text"],
  // The bytes of a small object, which then has no body elsewhere.
  ["alter table current add column data blob", "alter table older add column data blob"],
  // When each job of the alarm is due, and where it goes on; a job without a row is due whenever the alarm rings.
  [
    "create table job (name text primary key, due integer not null, cursor text not null) strict, without rowid",
  ],
  [
    // How far the journal came, and how far a rebuild did, if one is under way: JSON.
    "create table journal (one integer primary key check (one = 1), state text not null) strict",
    "create table rebuild (one integer primary key check (one = 1), state text not null) strict",
    // Keys of which a rebuild heard that a version went lately, and when.
    "create table departed (key text primary key, at integer not null) strict, without rowid",
    // A row: the index was made anew from R2, and not looked over since: nothing may be removed.
    "create table frozen (one integer primary key check (one = 1)) strict",
  ],
  // The bytes of small objects that their rows have no room for, under their sequences.
  ["create table small (sequence integer primary key, data blob not null) strict"],
];

/**
 * Brings the tables to this code's version. Runs in the object's constructor, before any call. Throws if a newer release
 * has written them: what it keeps elsewhere would be taken for absent.
 */
export function migrate(storage: DurableObjectStorage): void {
  const { sql } = storage;
  sql.exec("create table if not exists schema (version integer not null) strict");
  const found = sql.exec<{ version: number }>("select version from schema").toArray()[0]?.version ?? 0;
  if (found > STEPS.length) throw new Error(`the index has version ${found}, of a newer Portico than this`);
  if (found === STEPS.length) return;
  storage.transactionSync(() => {
    for (const step of STEPS.slice(found)) for (const statement of step) sql.exec(statement);
    sql.exec("delete from schema");
    sql.exec("insert into schema values (?)", STEPS.length);
  });
}
