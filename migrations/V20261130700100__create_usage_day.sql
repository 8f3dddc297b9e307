-- Sums of posted charges by UTC day, key and route; written in the statement that writes their lines.
create table usage_day (
  payer_id bigint not null,
  day int not null,                -- days since 1970, of transfer.event_ms
  key_id bigint not null,
  route text collate "C" not null,
  charges bigint not null,
  amount bigint not null,
  primary key (payer_id, day, key_id, route)
) with (fillfactor = 50);
