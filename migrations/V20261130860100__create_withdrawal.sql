-- Profiles that may be named in fewer places than before, and since when: files of exports that name them are found
-- by these notes, as by those of erasures. They are kept for longer than such files.
create table withdrawal (
  at_ms bigint not null,
  profile_id bigint not null,
  what smallint not null,          -- store::pg::withdrawal::Withdrawal
  primary key (at_ms, profile_id, what)
);
