-- Profiles that may be named in fewer places than before: files of exports that were read before are found by these
-- notes, as by those of erasures. They are kept for longer than such files.
create table withdrawal (
  xid bigint not null default pg_current_xact_id()::text::bigint,
  profile_id bigint not null,
  what smallint not null,          -- store::pg::withdrawal::Withdrawal
  at_ms bigint not null,
  primary key (xid, profile_id, what)
);
create index withdrawal_at on withdrawal (at_ms);
