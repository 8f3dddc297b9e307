-- How many answers a payer got on a UTC day with all its keys (answer_count has each key): those that cost
-- nothing are bounded for a payer, too. Kept for a few days.
create table payer_answer_count (
  day int not null,                -- days since 1970
  payer_id bigint not null,
  free bigint not null,
  charged bigint not null,
  primary key (day, payer_id)
) with (fillfactor = 50);
