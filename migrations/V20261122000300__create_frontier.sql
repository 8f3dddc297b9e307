-- Hosts and their token buckets (model::budget).
create table host (
  host_id int generated always as identity primary key,
  platform_id smallint not null,
  name text collate "C" not null,
  limit_requests int,              -- announced by the host; null: the manifest's default holds
  window_ms int,
  tokens float8,                   -- null: never used, the bucket is full
  at_ms bigint,
  not_before_ms bigint not null default 0,
  failures int not null default 0,
  broken_until_ms bigint not null default 0,
  unique (platform_id, name)
) with (fillfactor = 50);

-- When each profile is to be crawled. A lease is a due_at in the future.
create table frontier (
  profile_id bigint not null primary key,
  due_at bigint,                   -- unix seconds; null: known, but not to be crawled
  last_crawl bigint,               -- unix seconds, when the last round ended
  host_id int not null,
  trust real not null default 0,
  change_ema real not null default 0.5,  -- how often rounds find changes, 0 to 1
  depth_left smallint not null,    -- steps that the crawl may still spread; below 0: not to be crawled
  depth_claimed smallint not null default 0, -- depth_left when it was claimed
  attempts smallint not null default 0,  -- claims since the last commit
  outcome smallint not null default 0,   -- 0 none, 1 done, 2 cut, 3 retry, 4 failed, 5 erased, 6 opted out
  claimed boolean not null default false,
  error text                       -- of a retry or failure
) partition by range (profile_id);
create index frontier_due on frontier (host_id, due_at) where due_at is not null;

-- Streams of a round that is not finished.
create table crawl_progress (
  profile_id bigint not null,
  stream text collate "C" not null,
  cursor text,
  done boolean not null,
  primary key (profile_id, stream)
);

-- The arcs so far of lists that were cut, one row for each cut.
create table crawl_part (
  profile_id bigint not null,
  stream text collate "C" not null,
  layer smallint not null,
  direction smallint not null,
  part int not null,
  body bytea not null,
  primary key (profile_id, stream, layer, direction, part)
);
alter table crawl_part alter column body set storage external;
