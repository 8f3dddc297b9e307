-- Lists of arcs. Written only when the hash differs.
create table adjacency (
  profile_id bigint not null,
  layer smallint not null,         -- model::Layer
  direction smallint not null,     -- 0 out, 1 in
  complete boolean not null,
  hidden boolean not null,
  observed_at bigint not null,     -- unix seconds: since when it is like this
  n int not null,
  hash bigint not null,            -- of body, complete, hidden and watermark
  changed_xid xid8 not null default pg_current_xact_id(),
  watermark text,                  -- the newest interaction counted
  body bytea not null,             -- model::Adjacency
  primary key (profile_id, layer, direction)
) partition by range (profile_id);
alter table adjacency alter column body set storage external;

-- What changed, by day. Readers order by (xid, seq) and stop before transactions still running.
create sequence change_seq;
create table change_log (
  day int not null,                -- model::Day
  xid xid8 not null default pg_current_xact_id(),
  seq bigint not null default nextval('change_seq'),
  at_ms bigint not null,
  kind smallint not null,          -- 1 arcs, 2 gone, 3 joined a person, 4 parted from a person
  subject bigint not null,         -- profile id, or person id
  layer smallint,                  -- of arcs
  direction smallint,
  added bytea,                     -- profile ids, as varint differences
  removed bytea,
  primary key (day, xid, seq)
) partition by list (day);
create index change_log_order on change_log (xid, seq);
create index change_log_subject on change_log (subject, xid, seq);
