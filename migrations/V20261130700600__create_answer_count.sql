-- How many answers a key got on a UTC day: those that cost nothing are bounded. Kept for a few days.
create table answer_count (
  day int not null,                -- days since 1970
  key_id bigint not null,
  free bigint not null,
  charged bigint not null,
  primary key (day, key_id)
) with (fillfactor = 50);
