-- The map of a run: where people and communities lie, and what clients draw.
create table map_person (
  run_id bigint not null,
  block int not null,              -- numbers block * 1,024 and up
  body bytea not null,             -- 20 bytes each: see model::map
  primary key (run_id, block)
) partition by list (run_id);
alter table map_person alter column body set storage external;
create table map_region (
  run_id bigint not null,
  community_id bigint not null,    -- 0 the world
  level smallint not null,         -- the coarsest that it is on; -1 the world
  last_level smallint not null,    -- the finest; -1 the world
  x real not null,
  y real not null,
  radius real not null,
  primary key (run_id, community_id)
) partition by list (run_id);
create index map_region_level on map_region (level, community_id);
create table map_tile (
  run_id bigint not null,
  z smallint not null,
  x int not null,
  y int not null,
  body bytea not null,             -- docs/map.md
  primary key (run_id, z, x, y)
) partition by list (run_id);

create or replace function run_tables() returns text[] language sql immutable as
  $$ select array['run_person', 'run_number', 'community', 'standing', 'person_standing', 'evidence',
       'evidence_block', 'evidence_giver', 'term', 'map_person', 'map_region', 'map_tile'] $$;
