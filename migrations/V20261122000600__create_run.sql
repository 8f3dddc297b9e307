-- Scorings of snapshots.
create table run (
  run_id bigint primary key,
  snapshot_id bigint,
  state smallint not null,         -- 1 running, 2 published, 3 failed, 4 retired
  sealed smallint not null default 0,      -- the last sealed model::message::Stage; 0 none
  lease_until_ms bigint not null default 0,
  created_ms bigint not null,
  ended_ms bigint,
  error text
);

-- The swap is an update of this one row.
create table active_run (
  one boolean primary key default true check (one),
  run_id bigint not null references run
);

-- Results, a partition for each run. People are numbered by trust, the most trusted 0.
create table run_person (
  run_id bigint not null,
  block int not null,              -- numbers block * 1024 and up
  body bytea not null,             -- 24 bytes each: see pg/score.rs
  primary key (run_id, block)
) partition by list (run_id);
create table run_number (
  run_id bigint not null,
  first bigint not null,           -- the smallest person id of the block
  body bytea not null,             -- person ids and their numbers: see pg/score.rs
  primary key (run_id, first)
) partition by list (run_id);
create table community (
  run_id bigint not null,
  community_id bigint not null,    -- stable over runs
  parent bigint,
  level smallint not null,
  members int not null,
  trust real not null,
  low_trust boolean not null,
  labels text[] not null,
  primary key (run_id, community_id)
) partition by list (run_id);
create index community_size on community (run_id, members desc, community_id);
create table standing (
  run_id bigint not null,
  community_id bigint not null,    -- 0 the world
  n int not null,
  body bytea not null,             -- model::standing, by falling attention
  marks bytea not null,            -- ranks given out before each 64 standings
  insider bytea not null,          -- places by falling insider score
  primary key (run_id, community_id)
) partition by list (run_id);
create table person_standing (
  run_id bigint not null,
  block int not null,              -- numbers block * 64 and up
  body bytea not null,             -- communities and places: see pg/standing.rs
  primary key (run_id, block)
) partition by list (run_id);
create table evidence (
  run_id bigint not null,
  community_id bigint not null,
  person int not null,
  body bytea not null,
  primary key (run_id, community_id, person)
) partition by list (run_id);
create table term (
  run_id bigint not null,
  term text collate "C" not null,
  n int not null,
  body bytea not null,             -- numbers of people: see search::postings
  primary key (run_id, term)
) partition by list (run_id);

alter table run_person alter column body set storage external;
alter table standing alter column body set storage external;
alter table standing alter column marks set storage external;
alter table standing alter column insider set storage external;
alter table term alter column body set storage external;
