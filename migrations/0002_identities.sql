-- Identities: users, groups, roles and policies of accounts, and who was given what. Times are ms since 1970.

-- The account's number in ARNs: its id modulo 10^12, twelve digits; as `accountNumber` reckons it.
alter table account add column number text;

update account set number = (
  with recursive digit (place, rest) as (
    select 1, 0
    union all
    select place + 1, (rest * 16 + instr('123456789abcdef', substr(account.id, place, 1))) % 1000000000000
    from digit where place <= length(account.id)
  )
  select printf('%012d', rest) from digit order by place desc limit 1
);

create unique index account_by_number on account (number);

-- null: the key is its account's root's.
alter table access_key add column user text;
alter table access_key add column last_used integer;
alter table access_key add column last_service text;
alter table access_key add column last_region text;

create index access_key_by_user on access_key (user) where user is not null;

create table identity (
  id text primary key,            -- AIDA…, AGPA…, AROA…, ANPA…; fresh at each creation
  account text not null,
  kind text not null,             -- user, group, role, policy, or provider: of web identities
  name text not null,             -- of a provider: its URL without the scheme
  path text not null,
  created integer not null,
  tags text not null,             -- JSON: by name
  document text,                  -- a role's trust policy, a policy's default version
  detail text not null            -- JSON: what else there is to say of its kind
) strict, without rowid;

create unique index identity_by_name on identity (account, kind, name collate nocase);

create table inline_policy (
  owner text not null,            -- a user's, group's or role's id
  name text not null,
  document text not null,
  primary key (owner, name)
) strict, without rowid;

create table attachment (
  owner text not null,            -- a user's, group's or role's id
  policy text not null,           -- a policy's id, or the ARN of one of AWS's
  primary key (owner, policy)
) strict, without rowid;

create index attachment_by_policy on attachment (policy);

create table member (
  user text not null,
  of_group text not null,
  primary key (user, of_group)
) strict, without rowid;

create index member_by_group on member (of_group);

create table policy_version (
  policy text not null,
  number integer not null,
  document text not null,
  created integer not null,
  primary key (policy, number)
) strict, without rowid;
