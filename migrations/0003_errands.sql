-- Errands: what is done over all buckets, a few at a time, with nobody asking. Times are ms since 1970.

create table errand (
  name text primary key,
  due integer not null,           -- when it goes on, or begins again
  cursor text not null            -- how far it came; empty: at the beginning
) strict, without rowid;
