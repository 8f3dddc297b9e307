-- The evidence of 64 people who stand side by side in one row, what their contributors give apart and
-- once. `evidence` is no longer written: what is in it goes with its runs, the table in a later release.
create table evidence_block (
  run_id bigint not null,
  community_id bigint not null,    -- 0 the world
  block int not null,              -- places block * 64 and up in `standing`
  body bytea not null,             -- model::evidence
  primary key (run_id, community_id, block)
) partition by list (run_id);
create table evidence_giver (
  run_id bigint not null,
  community_id bigint not null,
  body bytea not null,             -- 12 bytes each: see model::evidence
  primary key (run_id, community_id)
) partition by list (run_id);
alter table evidence_giver alter column body set storage external;

create or replace function run_tables() returns text[] language sql immutable as
  $$ select array['run_person', 'run_number', 'community', 'standing', 'person_standing', 'evidence',
       'evidence_block', 'evidence_giver', 'term'] $$;
