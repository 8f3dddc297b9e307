-- Files that clients ordered: docs/exports.md.
create table export (
  export_id bigint primary key,    -- random
  payer_id bigint not null,
  key_id bigint not null,
  subject smallint not null,       -- model::ExportSubject
  format smallint not null,        -- model::ExportFormat
  ordered jsonb not null,          -- model::ExportOrder
  charge_id bytea not null,
  request bytea not null,          -- the hash of the request
  attempt int,                     -- of the hold, once there is one
  most bigint not null,            -- what is held, in micro-credits
  price_version text not null,
  price_index bigint not null,     -- 32.32 fixed point
  held_until_ms bigint not null,
  state smallint not null,         -- model::ExportState
  place jsonb not null,            -- model::export::ExportPlace
  parts int not null default 0,
  rows bigint not null default 0,
  bytes bigint not null default 0,
  cost bigint,                     -- in micro-credits
  error text,
  created_ms bigint not null,
  touched_ms bigint not null,      -- when it last went on
  ended_ms bigint,
  expires_ms bigint not null
) with (fillfactor = 50);
create index export_of_payer on export (payer_id, created_ms desc, export_id desc);
-- What goes on, or should; few are not ended.
create index export_open on export (touched_ms) where state in (1, 2, 3);
create index export_expiry on export (expires_ms);

-- The files of exports, as they are now.
create table export_part (
  export_id bigint not null references export on delete cascade,
  part int not null,
  from_position bigint,            -- of changes: the part of the stream that it has, model::change::ChangeRange
  to_position bigint,
  rows bigint not null,
  bytes bigint not null,
  sha256 bytea not null,
  held bytea not null,             -- model::export::HeldIds: the people and profiles that it names, and by which
  by_bio bytea not null,           -- those profiles among them whose bios allow it
  read_ms bigint not null,         -- who was erased before is not in it
  read_snapshot text not null,     -- pg_snapshot: what was taken back by transactions that it has is not in it
  primary key (export_id, part)
);
alter table export_part alter column held set storage external;
