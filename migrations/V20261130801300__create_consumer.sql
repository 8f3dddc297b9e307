-- Readers of the change stream whose place is kept here.
create table consumer (
  payer_id bigint not null,
  name text collate "C" not null,
  filter jsonb not null,           -- model::ChangeFilter
  position bigint not null,        -- the last position that was committed
  replay_from bigint,              -- while a range is read again: where that is, and where it ends
  replay_to bigint,
  created_ms bigint not null,
  updated_ms bigint not null,
  primary key (payer_id, name)
) with (fillfactor = 50);
