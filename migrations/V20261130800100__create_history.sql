-- What stays of runs whose tables are dropped. Only public ids, no words.
-- The runs in the history, in the order of their numbers, which is that of their publications.
create table history_run (
  run_id bigint primary key,
  previous bigint,                 -- the run that its steps follow; null for the first
  published_ms bigint,             -- null: loaded, not published
  has_steps boolean not null default true   -- false once its part of rank_step was dropped
);
-- Ranks where they changed, in parts of 64 runs. The first run of a part has all ranks that are followed.
create table rank_step (
  run_id bigint not null,
  block bigint not null,           -- persons block * 128 and up
  body bytea not null,             -- see store::pg::history::packed
  primary key (run_id, block)
) partition by range (run_id);
alter table rank_step alter column body set storage external;
-- Who caused a step: a contributor's part of the attention before and after.
create table rank_reason (
  run_id bigint not null,
  person_id bigint not null,
  community_id bigint not null,    -- 0 the world
  contributor bigint not null,     -- person id
  before real not null,
  after real not null,
  primary key (run_id, person_id, community_id, contributor)
) partition by range (run_id);
create index rank_reason_person on rank_reason (person_id);
create index rank_reason_contributor on rank_reason (contributor);
-- What became of communities. Names no person, and is kept for good.
create table community_event (
  run_id bigint not null,
  community_id bigint not null,    -- the one that it is about
  kind smallint not null,          -- model::EventKind
  level smallint not null,
  other bigint,                    -- the community that it came from or went into
  shared int not null,             -- people that the two share
  primary key (run_id, community_id)
);
create index community_event_community on community_event (community_id, run_id);
create index community_event_other on community_event (other, run_id);

-- The tables of the part that a run belongs to.
create function open_history(run bigint) returns void language plpgsql as $$
declare
  part bigint := run / 64;
  bounds text := format('from (%s) to (%s)', part * 64, (part + 1) * 64);
begin
  perform pg_advisory_xact_lock(20261130, part::int);
  if to_regclass('rank_step_' || part) is null then
    perform attach_alone('rank_step', part::text, bounds, 'fillfactor = 95');
    perform attach_alone('rank_reason', part::text, bounds, 'fillfactor = 100');
  end if;
end $$;
