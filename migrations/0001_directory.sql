-- The directory: who there is, which buckets they own, and the uploads in progress. Times are ms since 1970.

create table account (
  id text primary key,            -- canonical id, 64 hex digits
  display_name text not null,
  email text not null,
  created integer not null
) strict, without rowid;

create table access_key (
  id text primary key,
  account text not null references account (id) on delete cascade,
  secret text not null,           -- sealed under the master secret
  disabled integer not null default 0,
  created integer not null
) strict, without rowid;

create index access_key_by_account on access_key (account);

create table bucket (
  name text primary key,
  id text not null,               -- fresh at each creation; names the bucket's index and begins its blobs' names
  owner text not null,
  region text not null,
  created integer not null,
  generation integer not null,    -- raised by every change of settings
  settings text not null          -- JSON
) strict, without rowid;

create index bucket_by_owner on bucket (owner, name);

create table upload (
  bucket text not null,           -- a bucket's id
  key text not null,
  id text not null,               -- begins with its time, so that one key's uploads sort by it
  owner text not null,
  initiated integer not null,
  promise text not null,          -- JSON: what the object will be, apart from its bytes
  primary key (bucket, key, id)
) strict, without rowid;

create table part (
  upload text not null,
  number integer not null,
  turn integer not null,          -- of the rows of one number, the highest turn counts; the others stay until the end
  blob text not null,             -- a part without bytes has a name too, but nothing in R2
  size integer not null,
  etag text not null,
  checksum text,                  -- JSON
  modified integer not null,
  encryption text,                -- the kind of its upload's
  primary key (upload, number, turn)
) strict, without rowid;
